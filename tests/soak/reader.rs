//! A reader: reads what was told to be in the log, and checks what it is answered.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::events::Name;
use crate::shared::Shared;

pub(crate) struct Reader<'a> {
    pub(crate) client: Client,
    pub(crate) rng: fastrand::Rng,
    pub(crate) shared: &'a Shared,
}

impl Reader<'_> {
    /// Reads until that much was read by all readers.
    pub(crate) fn run(mut self, reads: u64) -> Result<()> {
        let mut since = Instant::now();
        while self.shared.read.load(Ordering::Relaxed) < reads {
            let Some((name, position)) = self.shared.any(&mut self.rng) else {
                self.shared.pause(since)?;
                continue;
            };
            let read = match self.rng.u8(..4) {
                0 => self.standing(name, position),
                1 => self.event(name, position),
                2 => self.trail(name, position),
                _ => self.board(position),
            };
            match read.with_context(|| format!("{name:?} at {position}"))? {
                Some(answers) => {
                    self.shared.read.fetch_add(answers, Ordering::Relaxed);
                    since = Instant::now();
                }
                None => self.shared.pause(since)?,
            }
        }
        Ok(())
    }

    /// An answer; none while there is nobody to answer.
    fn get(&mut self, path: &str, tag: Option<&str>) -> Result<Option<Answer>> {
        match self.client.get(path, tag) {
            Ok(answer) if answer.whole => match answer.status {
                200 | 304 => Ok(Some(answer)),
                503 => Ok(None),
                status => bail!("{status} for {path}: {}", answer.text()),
            },
            _ => Ok(None),
        }
    }

    /// An answer, and that who has it is not sent it again from `again`; how many answers that were.
    fn twice(&mut self, first: &Answer, again: &str) -> Result<Option<u64>> {
        let tag = first.header("etag").context("no ETag")?;
        let Some(second) = self.get(again, Some(tag))? else {
            return Ok(None);
        };
        ensure!(second.status == 304, "{again} is not {tag} any more");
        Ok(Some(2))
    }

    /// How a developer stands once the event is known; with the same instants it is the same for ever.
    fn standing(&mut self, name: Name, position: u64) -> Result<Option<u64>> {
        let developer = name.developer();
        let path = format!("/v1/developers/{developer}");
        let Some(answer) = self.get(&format!("{path}?min_position={position}"), None)? else {
            return Ok(None);
        };
        let known = known(&answer)?;
        ensure!(known >= position, "{path} is of {known}");
        let standing: Value = serde_json::from_slice(&answer.body)?;
        ensure!(standing["developer"] == developer, "{standing}");
        let as_of = answer.header("standing-as-of").context("no instant")?;
        let again = format!("{path}?as_of={as_of}&known_at=@{known}");
        self.twice(&answer, &again)
    }

    /// The event itself.
    fn event(&mut self, name: Name, position: u64) -> Result<Option<u64>> {
        let path = format!("/v1/events/{position}");
        let Some(answer) = self.get(&path, None)? else {
            return Ok(None);
        };
        let event: Value = serde_json::from_slice(&answer.body)?;
        ensure!(event["id"] == name.id(), "{path} is {event}");
        self.twice(&answer, &path)
    }

    /// All events about its developer, of which it is one.
    fn trail(&mut self, name: Name, position: u64) -> Result<Option<u64>> {
        let path = format!("/v1/events?limit=1000&developer={}", name.developer());
        let Some(answer) = self.get(&path, None)? else {
            return Ok(None);
        };
        let page: Value = serde_json::from_slice(&answer.body)?;
        let mut events = page["events"].as_array().into_iter().flatten();
        let found = events.any(|event| event["id"] == name.id() && event["position"] == position);
        ensure!(
            found,
            "it is missing among those about {}",
            name.developer()
        );
        Ok(Some(1))
    }

    /// The board, once the tables know the event.
    fn board(&mut self, position: u64) -> Result<Option<u64>> {
        let path = format!("/v1/plaza?limit=10&min_position={position}");
        let Some(answer) = self.get(&path, None)? else {
            return Ok(None);
        };
        let known = known(&answer)?;
        ensure!(known >= position, "the board is of {known}");
        Ok(Some(1))
    }
}

/// The position that an answer is of.
fn known(answer: &Answer) -> Result<u64> {
    let position = answer.header("standing-position").context("no position")?;
    Ok(position.parse()?)
}
