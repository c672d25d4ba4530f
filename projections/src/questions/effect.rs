//! What events that are not in the log would change.

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::board::on_board;
use super::view::{Key, Value, differences, view};
use super::whatif::{RankMove, RankMoves};
use crate::assess::{Ask, assess};
use crate::event::{Event, Position};
use crate::explain::Subject;
use crate::facts::History;
use crate::plaza::board;
use crate::rules::{RulesError, Timeline};
use crate::standing::Standing;

/// A field of a standing that would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved<'a> {
    /// The developer.
    pub developer: &'a str,
    /// Of which app, if of one, and of which field.
    pub key: Key<'a>,
    /// What it is; none where there is no such thing.
    pub from: Option<Value<'a>>,
    /// What it would be.
    pub to: Option<Value<'a>>,
}

impl Moved<'_> {
    /// The developer or the app that it is of.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.key.app.unwrap_or(self.developer)
    }
}

impl Serialize for Moved<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Moved", 5)?;
        row.serialize_field("subject", self.subject())?;
        row.serialize_field("field", self.key.field.name())?;
        row.serialize_field("of", &self.key.field.of())?;
        row.serialize_field("from", &self.from)?;
        row.serialize_field("to", &self.to)?;
        row.end()
    }
}

/// A history with events more than the log has, to be held against the one without them.
#[derive(Clone, Debug)]
pub struct Effect {
    history: History,
    timeline: Timeline,
    developer: String,
    with: Ask,
    without: Ask,
}

impl Effect {
    /// A developer's history with that event more, past the last position; `target` is the position of the event
    /// that it speaks of.
    ///
    /// # Errors
    /// Where the rulebooks do not fit together, which the timeline given rules out.
    pub fn of(
        history: &History,
        timeline: &Timeline,
        developer: &str,
        (event, target): (&Event, Option<Position>),
        ask: Ask,
    ) -> Result<Self, RulesError> {
        let mut history = history.clone();
        let position = Position(history.head().max(ask.known_at).0.saturating_add(1));
        history.add(position, event, target);
        Ok(Self {
            timeline: timeline.read_in(&history)?,
            history,
            developer: developer.to_owned(),
            with: Ask {
                known_at: position,
                ..ask
            },
            without: ask,
        })
    }

    /// How the developer stands without the event.
    #[must_use]
    pub fn before(&self) -> Option<Standing<'_>> {
        self.standing(self.without)
    }

    /// How it would stand with it.
    #[must_use]
    pub fn after(&self) -> Option<Standing<'_>> {
        self.standing(self.with)
    }

    fn standing(&self, ask: Ask) -> Option<Standing<'_>> {
        let (developer, _) = self.history.subject(&self.developer)?;
        assess(developer, self.history.names(), &self.timeline, ask)
    }

    /// Every field of the developer's standing, and of its apps', that would be otherwise.
    #[must_use]
    pub fn moved(&self) -> Vec<Moved<'_>> {
        let Some((developer, _)) = self.history.subject(&self.developer) else {
            return Vec::new();
        };
        let (before, after) = (self.before(), self.after());
        let then = before.map_or_else(Vec::new, |one| view(&one, Subject::Developer));
        let now = after.map_or_else(Vec::new, |one| view(&one, Subject::Developer));
        let moved = differences(&then, &now).into_iter();
        let moved = moved.map(|(key, from, to)| Moved {
            developer: &developer.id,
            key,
            from,
            to,
        });
        moved.collect()
    }

    /// Every app whose rank would be otherwise, of those whom the history knows: of everybody, where it is
    /// everybody's.
    #[must_use]
    pub fn ranks(&self) -> Vec<RankMove<'_>> {
        let (before, after) = (self.before(), self.after());
        if on_board(before.as_ref()) == on_board(after.as_ref()) {
            return Vec::new();
        }
        let others = self.history.developers().iter();
        let others = others.filter(|one| *one.id != *self.developer);
        let names = self.history.names();
        let mut standings: Vec<Standing<'_>> = others
            .filter_map(|one| assess(one, names, &self.timeline, self.without))
            .collect();
        let place = standings.len();
        standings.extend(before);
        let then = board(&standings);
        standings.truncate(place);
        standings.extend(after);
        let mut moves = Vec::new();
        let counted = RankMoves::of(&then, &board(&standings), |moved| {
            moves.push(moved);
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(_) = counted;
        moves
    }
}
