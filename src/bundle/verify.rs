//! A bundle checked, offline, and believed in nothing.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use standing_projections::event::{Data, EventRef};
use standing_projections::{Ask, Event, Position};

use super::{BUNDLE_BYTES_MAX, BundleError, Edition, FORMAT, Header, answer, calendars, sha256};
use crate::intake::{parse_event, sha256_hex};
use crate::ledger::tree::{Hash, shared};
use crate::proof::{Checkpoint, VerifierKey, hash_from_text};

/// What a bundle has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its first line.
    pub header: Header,
    /// The checkpoint that its events are in.
    pub checkpoint: Checkpoint,
    /// How many of its events are rulebooks.
    pub rulebooks: usize,
    /// The answer, which follows from them.
    pub answer: String,
}

/// What is wrong, and with the event at which position, if with one.
type Found = (Option<Position>, BundleError);

/// An event's line.
type Line<'b> = (Position, &'b str);

/// Checks a bundle by the log's key, or by those it has had: the form, the signature, every event's place
/// in the log, whose the events are, and that the answer follows from them.
///
/// ```
/// use standing::bundle::verify;
/// let (_, error) = verify(br#"{"format":"standing-bundle/2"}"#, &[]).unwrap_err();
/// assert_eq!(error.code(), "format");
/// ```
///
/// # Errors
/// The first thing that is wrong, and the position of the event that it is wrong with.
pub fn verify(
    bytes: &[u8],
    keys: &[VerifierKey],
) -> Result<Verified, (Option<Position>, BundleError)> {
    let of_all = |error: BundleError| (None, error);
    let Parts {
        header,
        lines,
        hashes,
        answer: claimed,
    } = Parts::read(bytes).map_err(of_all)?;
    let checkpoint = Checkpoint::open(header.checkpoint.as_bytes(), keys)
        .map_err(|error| of_all(error.into()))?;
    in_order(&header, &lines, checkpoint.head.size)?;
    let leaf = |(position, json): &Line<'_>| {
        (position.0.saturating_sub(1), Hash::of_leaf(json.as_bytes()))
    };
    let leaves: Vec<(u64, Hash)> = lines.iter().map(leaf).collect();
    shared::inclusion(&leaves, checkpoint.head, &hashes)
        .map_err(|error| of_all(BundleError::NotIncluded(error)))?;
    let events = events(&lines)?;
    let rulebooks = of_one_developer(&events, &header.developer)?;
    same_answer(&header, &events, claimed).map_err(of_all)?;
    let answer = claimed.to_owned();
    Ok(Verified {
        header,
        checkpoint,
        rulebooks,
        answer,
    })
}

/// What stands in a bundle, not yet believed.
struct Parts<'b> {
    header: Header,
    lines: Vec<Line<'b>>,
    hashes: Vec<Hash>,
    answer: &'b str,
}

impl<'b> Parts<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge);
        }
        let line_of = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        let text = std::str::from_utf8(bytes)
            .map_err(|error| form(line_of(error.valid_up_to()) as u64, "UTF-8 text"))?;
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let header = header(first)?;
        let mut all = (2..).zip(rest.split_inclusive('\n'));
        let mut next = |what: &dyn Fn() -> String| match all.next() {
            Some((number, line)) => match line.strip_suffix('\n') {
                Some(line) => Ok((number, line)),
                None => Err(BundleError::CutOff(format!("line {number} has no end"))),
            },
            None => Err(BundleError::CutOff(format!("it ends before {}", what()))),
        };
        let mut lines = Vec::new();
        for count in 1..=header.events {
            let what = || format!("event {count} of {}", header.events);
            let (number, line) = next(&what)?;
            lines.push(
                event_line(line).ok_or_else(|| {
                    form(number, "`[position,event]`, as the header counts events")
                })?,
            );
        }
        let mut hashes = Vec::new();
        for count in 1..=header.hashes {
            let what = || format!("hash {count} of {}", header.hashes);
            let (number, line) = next(&what)?;
            let hash = line
                .strip_prefix('"')
                .and_then(|line| line.strip_suffix('"'));
            let hash = hash.and_then(hash_from_text);
            hashes.push(
                hash.ok_or_else(|| form(number, "a hash in base64, as the header counts hashes"))?,
            );
        }
        let (_, answer) = next(&|| "its answer".to_owned())?;
        match all.next() {
            Some((number, _)) => Err(BundleError::More(number)),
            None => Ok(Self {
                header,
                lines,
                hashes,
                answer,
            }),
        }
    }
}

fn form(line: u64, expected: impl Into<String>) -> BundleError {
    let expected = expected.into();
    BundleError::Form { line, expected }
}

/// As much of a text as is shown of one that may be of any length.
fn beginning(text: &str) -> String {
    text.chars().take(64).collect()
}

fn header(line: &str) -> Result<Header, BundleError> {
    // Of another form nothing else is known, so that is asked first.
    #[derive(Deserialize)]
    struct Form {
        format: String,
    }
    let malformed = |error: serde_json::Error| {
        let error = error.to_string();
        form(
            1,
            format!(
                "the header of a bundle ({})",
                error.chars().take(200).collect::<String>()
            ),
        )
    };
    let Form { format } = serde_json::from_str(line).map_err(malformed)?;
    if format != FORMAT {
        return Err(BundleError::Format(beginning(&format)));
    }
    serde_json::from_str(line).map_err(malformed)
}

/// `[7,{…}]`, with nothing between its parts: the leaf is what stands there, byte for byte.
fn event_line(line: &str) -> Option<Line<'_>> {
    let (position, leaf): (u64, &RawValue) = serde_json::from_str(line).ok()?;
    let written = line.strip_prefix('[')?.strip_suffix(']')?;
    let written = written.split_once(',')?;
    (written == (position.to_string().as_str(), leaf.get()))
        .then_some((Position(position), leaf.get()))
}

/// The question is of what the log holds, and the events are known to it, in their order.
fn in_order(header: &Header, lines: &[Line<'_>], size: u64) -> Result<(), Found> {
    let known_at = header.known_at;
    if known_at.0 > size {
        return Err((None, BundleError::Question { known_at, size }));
    }
    let mut last = Position(0);
    for (position, _) in lines {
        let at = |error| Err((Some(*position), error));
        if *position <= last {
            return at(BundleError::Order(*position));
        }
        if *position > known_at {
            return at(BundleError::NotKnown(known_at));
        }
        last = *position;
    }
    Ok(())
}

/// The events that are proved, typed.
fn events(lines: &[Line<'_>]) -> Result<Vec<(Position, Event)>, Found> {
    let typed = |(position, leaf): &Line<'_>| {
        let none = |why: String| (Some(*position), BundleError::Event(why));
        let object =
            parse_event(leaf.as_bytes()).map_err(|unread| none(unread.refusal.to_string()))?;
        let event = Event::from_leaf(&object).map_err(|refusal| none(refusal.to_string()))?;
        Ok((*position, event))
    };
    lines.iter().map(typed).collect()
}

/// Every event is a rulebook's, the developer's or one of its apps', and those that it speaks of are
/// there. How many are rulebooks'.
fn of_one_developer(events: &[(Position, Event)], developer: &str) -> Result<usize, Found> {
    let mut apps: HashSet<&str> = HashSet::new();
    let mut keys: HashSet<(&str, &str)> = HashSet::new();
    let mut rulebooks = 0;
    for (position, event) in events {
        let at = |error| Err((Some(*position), error));
        let own = match &event.data {
            Data::RulebookPublished { toml, sha256, .. } => {
                if sha256_hex(toml) != *sha256 {
                    return at(BundleError::RulebookText);
                }
                rulebooks += 1;
                true
            }
            Data::AppRegistered { developer: of, .. } => {
                apps.insert(&event.subject);
                of == developer
            }
            _ => event.subject == developer || apps.contains(event.subject.as_str()),
        };
        if !own {
            return at(BundleError::OtherDeveloper(event.subject.clone()));
        }
        if let Some(EventRef { id, source }) = event.data.event_ref()
            && !keys.contains(&(source.as_str(), id.as_str()))
        {
            return at(BundleError::Missing(id.clone()));
        }
        keys.insert((&event.source, &event.id));
    }
    Ok(rulebooks)
}

/// The answer is the one that the events give.
fn same_answer(
    header: &Header,
    events: &[(Position, Event)],
    claimed: &str,
) -> Result<(), BundleError> {
    if sha256(claimed.as_bytes()) != header.answer_sha256 {
        return Err(BundleError::AnswerText);
    }
    let ask = Ask {
        as_of: header.as_of,
        known_at: header.known_at,
    };
    let (timeline, found) = answer(events, &header.developer, ask)?;
    let mut editions = header.calendars.iter();
    for name in calendars(&timeline) {
        let own = |edition: &&Edition| {
            edition.name == name
                && Edition::own(name, Some(edition.through)).as_ref() == Some(*edition)
        };
        if editions.next().filter(own).is_none() {
            return Err(BundleError::Calendar(name.to_owned()));
        }
    }
    if let Some(more) = editions.next() {
        return Err(BundleError::Calendar(beginning(&more.name)));
    }
    let none = || BundleError::NotRegistered(beginning(&header.developer));
    let found = found.ok_or_else(none)?;
    if found == claimed {
        return Ok(());
    }
    let same = found.bytes().zip(claimed.bytes());
    Err(BundleError::Answer(
        same.take_while(|(a, b)| a == b).count() + 1,
    ))
}
