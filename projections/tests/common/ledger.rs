//! Histories to ask of, and the questions.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::Index;
use standing_projections::facts::History;
use standing_projections::review::ReviewState;
use standing_projections::rules::Timeline;
use standing_projections::time::{DAY_MICROS, HOUR_MICROS};
use standing_projections::{Ask, Event, Instant, Position, Standing, plaza};

pub(crate) use super::everybody::everybody as standings;

/// An event in its place, and the place of the event that it speaks of.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) position: Position,
    pub(crate) event: Event,
    pub(crate) target: Option<Position>,
    /// As it was sent.
    pub(crate) json: String,
}

impl Record {
    /// The same event elsewhere.
    pub(crate) fn moved(&self, position: Position, target: Option<Position>) -> Self {
        Self {
            position,
            target,
            ..self.clone()
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.position, self.json)
    }
}

/// An accepted history.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) records: Vec<Record>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.records).finish()
    }
}

impl Ledger {
    pub(crate) fn head(&self) -> Position {
        self.records
            .last()
            .map_or(Position(0), |record| record.position)
    }

    /// The instant and the position that a question drawn asks about.
    pub(crate) fn as_of(&self, seed: &AskSeed) -> Instant {
        let of = &self.records[seed.near.index(self.records.len())].event;
        seed.offset.from(of.time)
    }
}

/// The history of some events.
pub(crate) fn history<'a>(records: impl IntoIterator<Item = &'a Record>) -> History {
    let mut history = History::default();
    for record in records {
        history.add(record.position, &record.event, record.target);
    }
    history
}

/// The documents as they are printed: one developer a line, then the board.
pub(crate) fn printed(standings: &[Standing<'_>]) -> String {
    let mut text = String::new();
    for standing in standings {
        text += &serde_json::to_string(standing).unwrap();
        text.push('\n');
    }
    for entry in plaza::board(standings) {
        text += &serde_json::to_string(&entry).unwrap();
        text.push('\n');
    }
    text
}

/// What is printed at an instant and as known at a position; nothing without a rulebook.
pub(crate) fn answer(history: &History, as_of: Instant, known_at: Position) -> Option<String> {
    let timeline = Timeline::known(history, known_at).ok()?;
    let ask = Ask { as_of, known_at };
    Some(printed(&standings(history, &timeline, ask)))
}

/// As [`answer`], with what the documents leave out: the causes behind each part.
pub(crate) fn explained(history: &History, as_of: Instant, known_at: Position) -> Option<String> {
    let timeline = Timeline::known(history, known_at).ok()?;
    let ask = Ask { as_of, known_at };
    let mut all = standings(history, &timeline, ask);
    let mut text = printed(&all);
    for standing in &mut all {
        standing.next_change = None;
        // What was taken back is named there, and is what the two sides differ in.
        standing.disregarded.clear();
        text += &format!("{standing:?}\n");
    }
    Some(text)
}

/// An instant near another: at it, just beside it, or hours or days away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offset(i64);

impl Offset {
    fn from(self, at: Instant) -> Instant {
        at.plus_micros(self.0)
    }
}

/// A question to ask of a ledger.
#[derive(Clone, Debug)]
pub(crate) struct AskSeed {
    near: Index,
    offset: Offset,
}

pub(crate) fn ask() -> impl Strategy<Value = AskSeed> {
    let offset = prop_oneof![
        3 => -1..=1i64,
        2 => (-3..30i64).prop_map(|days| days * DAY_MICROS),
        2 => (-60..200i64).prop_map(|hours| hours * HOUR_MICROS),
        2 => (0..60i64).prop_map(|days| days * DAY_MICROS + 1),
        1 => 0..400 * DAY_MICROS,
    ];
    (any::<Index>(), offset).prop_map(|(near, offset)| AskSeed {
        near,
        offset: Offset(offset),
    })
}

/// Whether any app is in the plaza.
pub(crate) fn is_listed(standings: &[Standing<'_>]) -> bool {
    let mut apps = standings.iter().flat_map(|standing| &standing.apps);
    apps.any(|app| app.review.state == ReviewState::Listed)
}
