//! A bundle out of a ledger.

use std::io::Write;

use serde_json::value::RawValue;
use standing_projections::event::Kind;
use standing_projections::{Ask, Event, Position};

use super::{
    BUNDLE_BYTES_MAX, Edition, FORMAT, Header, MakeError, answer, calendars, sha256, write_line,
};
use crate::history::event_of;
use crate::ledger::tree::{Hash, shared};
use crate::ledger::{Ledger, Query, StoredEvent};
use crate::proof::hash_to_text;
use crate::proof::log::{LogError, inclusion};
use crate::proof::sign::Signed;

/// How many events are read at a time.
const PAGE: usize = 10_000;

/// How many hashes are made at a time, so that no more tiles than theirs are held.
const HASHES_AT_ONCE: usize = 1_024;

/// What was bundled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// How many events, rulebooks included.
    pub events: usize,
    /// How many hashes prove them.
    pub hashes: usize,
}

/// Writes the bundle of a developer, proved by a checkpoint that holds all that the question knows. What
/// is written is checked against the checkpoint's tree first.
///
/// # Errors
/// See [`MakeError`].
pub async fn make(
    ledger: &dyn Ledger,
    developer: &str,
    ask: Ask,
    signed: &Signed,
    out: &mut impl Write,
) -> Result<Made, MakeError> {
    let stored = bundled(ledger, developer, ask.known_at).await?;
    let events: Result<Vec<(Position, Event)>, _> = stored
        .iter()
        .map(|one| event_of(one).map(|event| (one.position, event)))
        .collect();
    let (timeline, standing) = answer(&events?, developer, ask)?;
    let standing = standing.ok_or_else(|| MakeError::NotRegistered(developer.to_owned()))?;
    let own = |name: &&str| {
        Edition::own(name, None).ok_or_else(|| MakeError::NoCalendar((*name).to_owned()))
    };
    let calendars: Result<Vec<Edition>, MakeError> = calendars(&timeline).iter().map(own).collect();
    let hashes = hashes(ledger, &stored, signed).await?;
    let header = Header {
        format: FORMAT.to_owned(),
        developer: developer.to_owned(),
        as_of: ask.as_of,
        known_at: ask.known_at,
        calendars: calendars?,
        events: stored.len() as u64,
        hashes: hashes.len() as u64,
        answer_sha256: sha256(standing.as_bytes()),
        checkpoint: signed.note.clone(),
    };
    let made = Made {
        events: stored.len(),
        hashes: hashes.len(),
    };
    write_line(out, &header)?;
    for StoredEvent { position, json, .. } in stored {
        let leaf = RawValue::from_string(json).map_err(std::io::Error::from)?;
        write_line(out, &(position, leaf))?;
    }
    for hash in &hashes {
        write_line(out, &hash_to_text(*hash))?;
    }
    out.write_all(standing.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(made)
}

/// The events of a developer and the rulebooks, by position, up to one.
async fn bundled(
    ledger: &dyn Ledger,
    developer: &str,
    up_to: Position,
) -> Result<Vec<StoredEvent>, MakeError> {
    let rulebooks = Query {
        kinds: vec![Kind::RulebookPublished],
        ..Query::default()
    };
    let own = Query {
        developer: Some(developer.to_owned()),
        ..Query::default()
    };
    let (mut all, mut bytes): (Vec<StoredEvent>, usize) = (Vec::new(), 0);
    for mut query in [rulebooks, own] {
        (query.up_to, query.limit) = (Some(up_to), PAGE);
        loop {
            let page = ledger.read(&query).await?;
            let (whole, last) = (page.len() == PAGE, page.last().map(|event| event.position));
            bytes += page
                .iter()
                .map(|event| event.json.len() + 32)
                .sum::<usize>();
            if bytes > BUNDLE_BYTES_MAX {
                return Err(MakeError::TooLarge);
            }
            all.extend(page);
            match last.filter(|_| whole) {
                Some(last) => query.after = last,
                None => break,
            }
        }
    }
    all.sort_unstable_by_key(|event| event.position);
    Ok(all)
}

/// The hashes that prove events, and are known to do so when this returns.
async fn hashes(
    ledger: &dyn Ledger,
    events: &[StoredEvent],
    signed: &Signed,
) -> Result<Vec<Hash>, MakeError> {
    let tree = signed.checkpoint.head;
    let leaf = |event: &StoredEvent| {
        let index = event.position.0.saturating_sub(1);
        (index, Hash::of_leaf(event.json.as_bytes()))
    };
    let leaves: Vec<(u64, Hash)> = events.iter().map(leaf).collect();
    let indexes: Vec<u64> = leaves.iter().map(|(index, _)| *index).collect();
    let mut hashes = Vec::new();
    for subtrees in shared::beside(tree.size, &indexes).chunks(HASHES_AT_ONCE) {
        let firsts: Vec<u64> = subtrees.iter().map(|(first, _)| *first).collect();
        let tiles = ledger.tiles(tree.size, &firsts).await?;
        hashes.extend(tiles.subtrees(subtrees).ok_or(LogError::Incomplete)?);
    }
    if shared::inclusion(&leaves, tree, &hashes).is_err() {
        // One by one, to say which of them it is.
        for event in events {
            inclusion(ledger, event, tree).await?;
        }
        return Err(LogError::Incomplete.into());
    }
    Ok(hashes)
}
