//! One row after the other: its hash, its columns, its place.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::finding::{Finding, Problem};
use crate::ledger::StoredRow;
use crate::ledger::tree::Hash;

/// What is compared of a leaf.
#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    recordedtime: Cow<'a, str>,
    private: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    developer: Option<String>,
    event: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
    source: Option<String>,
}

/// An event that speaks of another, or whose row says so.
pub(super) struct Ref {
    pub(super) position: Position,
    /// The source and the id that the event names.
    pub(super) key: Option<(String, String)>,
    /// The position that the row has.
    pub(super) target: Option<i64>,
    /// Whether it is a `private.erased`.
    pub(super) erases: bool,
}

/// An event, and what it commits to.
pub(super) struct Committed {
    pub(super) position: Position,
    pub(super) commitment: Option<String>,
}

/// What was seen of a batch of rows.
#[derive(Default)]
pub(super) struct Seen {
    /// The hashes of the leaves, up to the first position that is missing.
    pub(super) hashes: Vec<Hash>,
    pub(super) found: Vec<Finding>,
    pub(super) refs: Vec<Ref>,
    pub(super) committed: Vec<Committed>,
}

/// What is known of the rows so far.
#[derive(Default)]
pub(super) struct Rows {
    last: Position,
    count: u64,
    recordedtime: Option<i64>,
    /// The text of the last recorded time and what it is: neighbours mostly share it.
    printed: (String, i64),
    /// Each registered developer and app, with its developer.
    developers: HashMap<String, String>,
    /// Positions to come whose rows cannot be read, ascending.
    unreadable: VecDeque<Position>,
    broken: bool,
}

impl Rows {
    /// The last position that was seen.
    pub(super) const fn last(&self) -> Position {
        self.last
    }

    /// How many rows were seen.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Says that a row further on cannot be read, which is no gap.
    pub(super) fn unreadable(&mut self, position: Position) {
        self.unreadable.push_back(position);
    }

    /// Steps over what cannot be read next.
    fn step_over(&mut self) {
        let next = |last: Position| Position(last.0 + 1);
        while self
            .unreadable
            .pop_front_if(|at| *at == next(self.last))
            .is_some()
        {
            self.last = next(self.last);
            self.broken = true;
        }
    }

    /// Whether no position was missing.
    pub(super) const fn is_whole(&self) -> bool {
        !self.broken
    }

    /// Checks the next rows.
    pub(super) fn take(mut self, rows: Vec<StoredRow>) -> (Self, Seen) {
        let mut seen = Seen::default();
        for row in rows {
            self.place(&row, &mut seen);
            let hash = Hash::of_leaf(row.json.as_bytes());
            if row.hash != hash.0 {
                seen.found.push(Finding::at(self.last, Problem::Hash));
            }
            if !self.broken {
                seen.hashes.push(hash);
            }
            self.content(&row, &mut seen);
        }
        (self, seen)
    }

    /// What is missing before the end of the log.
    pub(super) fn finish(&mut self, end: Position) -> Option<Finding> {
        self.step_over();
        (self.last < end).then(|| {
            self.broken = true;
            Finding::at(Position(self.last.0 + 1), Problem::Gap { to: end })
        })
    }

    /// The row's position and its recorded time.
    fn place(&mut self, row: &StoredRow, seen: &mut Seen) {
        self.step_over();
        let position = Position(row.position.cast_unsigned());
        let next = Position(self.last.0 + 1);
        if position != next {
            self.broken = true;
            let to = Position(position.0.saturating_sub(1));
            seen.found.push(Finding::at(next, Problem::Gap { to }));
        }
        self.last = position;
        self.count += 1;
        if self
            .recordedtime
            .is_some_and(|before| row.recordedtime < before)
        {
            seen.found
                .push(Finding::at(position, Problem::RecordedTime));
        }
        self.recordedtime = Some(row.recordedtime);
    }

    /// What the leaf says, and whether the columns say the same.
    fn content(&mut self, row: &StoredRow, seen: &mut Seen) {
        let leaf: Leaf<'_> = match serde_json::from_str(&row.json) {
            Ok(leaf) => leaf,
            Err(error) => {
                let problem = Problem::Leaf(error.to_string());
                seen.found.push(Finding::at(self.last, problem));
                return;
            }
        };
        let position = self.last;
        let mut compare = |column, stored: &str, event: &str| {
            if stored != event {
                let (stored, event) = (shown(stored), shown(event));
                let problem = Problem::Column {
                    column,
                    stored,
                    event,
                };
                seen.found.push(Finding::at(position, problem));
            }
        };
        compare("kind", &row.kind, &leaf.kind);
        compare("subject", &row.subject, &leaf.subject);
        compare("source", &row.source, &leaf.source);
        compare("id", &row.id, &leaf.id);
        if micros(&leaf.time) != Some(row.time) {
            compare("time", &instant(row.time), &leaf.time);
        }
        if self.printed.0 != leaf.recordedtime || self.printed.0.is_empty() {
            let micros = micros(&leaf.recordedtime);
            self.printed = (
                leaf.recordedtime.clone().into_owned(),
                micros.unwrap_or(i64::MIN),
            );
        }
        if self.printed.1 != row.recordedtime {
            compare(
                "recordedtime",
                &instant(row.recordedtime),
                &leaf.recordedtime,
            );
        }
        let developer = self.developer(&leaf);
        if row.developer.as_deref() != developer {
            let says = |developer: Option<&str>| developer.unwrap_or("none").to_owned();
            let (stored, event) = (says(row.developer.as_deref()), says(developer));
            compare("developer", &stored, &event);
        }
        let private = leaf.private;
        seen.committed.push(Committed {
            position,
            commitment: private,
        });
        let reference = leaf.data.and_then(|data| data.event);
        if reference.is_some() || row.target.is_some() {
            let source = &leaf.source;
            let key =
                reference.map(|key| (key.source.unwrap_or_else(|| source.to_string()), key.id));
            let erases = leaf.kind == Kind::PrivateErased.as_str();
            let target = row.target;
            seen.refs.push(Ref {
                position,
                key,
                target,
                erases,
            });
        }
    }

    /// The developer that a leaf's subject is or belongs to, by what was registered up to it.
    fn developer(&mut self, leaf: &Leaf<'_>) -> Option<&str> {
        let registered = if leaf.kind == Kind::DeveloperRegistered.as_str() {
            Some(leaf.subject.as_ref())
        } else if leaf.kind == Kind::AppRegistered.as_str() {
            leaf.data
                .as_ref()
                .and_then(|data| data.developer.as_deref())
        } else {
            None
        };
        if let Some(developer) = registered {
            let subject = leaf.subject.clone().into_owned();
            self.developers.insert(subject, developer.to_owned());
        }
        self.developers
            .get(leaf.subject.as_ref())
            .map(String::as_str)
    }
}

fn micros(text: &str) -> Option<i64> {
    text.parse::<Instant>().ok().map(Instant::micros)
}

/// An instant as it is printed, or the number that is none.
fn instant(micros: i64) -> String {
    let instant = Instant::from_micros(micros);
    instant.map_or_else(|| format!("{micros} µs"), |instant| instant.to_string())
}

/// The beginning of a text that may be long.
fn shown(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(SHOWN).collect();
    format!("{beginning}…")
}
