//! Evidence bundles: how a developer stands, with all that it follows from, in one file that is checked
//! offline.
//!
//! The file has a line of JSON for each thing in it (`docs/bundle.md`): a [`Header`] with the question and
//! the log's signed checkpoint; the developer's events and the rulebooks, each with its position and its
//! leaf byte for byte; the hashes that prove all of them at once ([`shared`](crate::ledger::tree::shared));
//! and the answer. [`make`] writes one of a ledger, [`verify`] believes nothing of it. Both ask `answer`,
//! which asks `assess`; no rule is here.
//!
//! What must stay true: nothing in a bundle is looked at as an event before it is proved to be in the log;
//! no bundle makes the check panic, or take more than a bounded amount of memory.

mod error;
mod make;
mod verify;

use std::io::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use standing_projections::calendar::Calendar;
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position, assess};

use crate::ledger::tree::Hash;

pub use error::{BundleError, MakeError};
pub use make::{Made, make};
pub use verify::{Verified, verify};

/// What a bundle of this form says under `format`.
pub const FORMAT: &str = "standing-bundle/1";

/// The most bytes of a bundle.
pub const BUNDLE_BYTES_MAX: usize = 512 << 20;

/// What no bundle can prove, in words for whoever relies on one.
pub const UNPROVED: [&str; 2] = [
    "that nothing was left out: the log may hold further events of the developer, and further rulebooks; only \
     a check of the whole log tells",
    "that what was recorded is true, and what was said in private: a proof shows only that the log holds it",
];

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// Whose standing it is.
    pub developer: String,
    /// Only what had happened by then counts.
    pub as_of: Instant,
    /// Only events up to it are known.
    pub known_at: Position,
    /// The calendars of the rulebooks.
    pub calendars: Vec<Edition>,
    /// How many lines of events follow.
    pub events: u64,
    /// How many lines of hashes follow those.
    pub hashes: u64,
    /// The SHA-256 of the last line without its end, in hexadecimal.
    pub answer_sha256: String,
    /// The checkpoint, as it was signed.
    pub checkpoint: String,
}

/// A calendar as far as it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Its name.
    pub name: String,
    /// The last year that it has.
    pub through: i32,
    /// The SHA-256 of its data files up to that year, one after the other, in hexadecimal.
    pub sha256: String,
}

impl Edition {
    /// The edition that this program has of a calendar, up to a year at most; none where it has no
    /// calendar of that name that goes so far.
    fn own(name: &str, through: Option<i32>) -> Option<Self> {
        let mut digest = Sha256::new();
        let mut last = None;
        for (year, text) in Calendar::files_named(name) {
            if through.is_none_or(|through| year <= through) {
                digest.update(text);
                last = Some(year);
            }
        }
        let last = last.filter(|last| through.is_none_or(|through| through == *last))?;
        Some(Self {
            name: name.to_owned(),
            through: last,
            sha256: Hash(digest.finalize().into()).to_string(),
        })
    }
}

/// The names of the calendars that rulebooks go by, each once.
fn calendars(timeline: &Timeline) -> Vec<&str> {
    let books = timeline.versions().iter();
    let mut names: Vec<&str> = books.map(|rules| rules.book.calendar.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The rules in some events, and how a developer stands by them (SPEC §9); no text where it was not
/// registered by then.
fn answer(
    events: &[(Position, Event)],
    developer: &str,
    ask: Ask,
) -> Result<(Timeline, Option<String>), standing_projections::rules::RulesError> {
    let history = History::of(events.iter().map(|(position, event)| (*position, event)));
    let timeline = Timeline::known(&history, ask.known_at)?;
    let facts = history.shared(developer);
    let standing = facts
        .as_ref()
        .and_then(|facts| assess(facts, history.names(), &timeline, ask));
    let text = standing.and_then(|standing| serde_json::to_string(&standing).ok());
    Ok((timeline, text))
}

/// The SHA-256 of bytes, in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    Hash(Sha256::digest(bytes).into()).to_string()
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
