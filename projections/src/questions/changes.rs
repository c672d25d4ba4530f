//! Every change of a standing over time, each with what made it.

use serde::Serialize;
use serde::ser::SerializeStruct;

use super::behind::{Cause, Events};
use super::view::{Key, Value, differences, view};
use super::walk::Walk;
use crate::explain::Subject;
use crate::standing::Standing;
use crate::time::Instant;

/// A change of one field at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// When.
    pub time: Instant,
    /// Of whom.
    pub developer: &'a str,
    /// Of which app, if of one, and of which field.
    pub key: Key<'a>,
    /// What it was; none where there was no such thing.
    pub from: Option<Value<'a>>,
    /// What it is; none where there is no such thing any more.
    pub to: Option<Value<'a>>,
    /// What made it.
    pub cause: Cause,
}

impl Change<'_> {
    /// The developer or the app that it is a change of.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.key.app.unwrap_or(self.developer)
    }
}

impl Serialize for Change<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Change", 7)?;
        row.serialize_field("time", &self.time)?;
        row.serialize_field("subject", self.subject())?;
        row.serialize_field("field", self.key.field.name())?;
        row.serialize_field("of", &self.key.field.of())?;
        row.serialize_field("from", &self.from)?;
        row.serialize_field("to", &self.to)?;
        row.serialize_field("cause", &self.cause)?;
        row.end()
    }
}

/// The changes from one standing to a later one of the same developer.
pub(crate) fn between<'a>(
    events: &Events<'_>,
    before: Option<&Standing<'a>>,
    after: &Standing<'a>,
    subject: Subject<'_>,
) -> Vec<Change<'a>> {
    let then = before.map_or_else(Vec::new, |standing| view(standing, subject));
    let now = view(after, subject);
    let changed = differences(&then, &now).into_iter();
    let change = changed.map(|difference| {
        let (key, from, to) = difference;
        Change {
            time: after.ask.as_of,
            developer: after.developer,
            key,
            from,
            to,
            cause: events.behind(&difference, before, after),
        }
    });
    change.collect()
}

/// Every change of a subject's standing on a walk, in order of time and then of field; those of
/// its first instant are from nothing.
///
/// Of an app, its developer's status, grade and outcomes are told too, for they are the app's as well.
#[must_use]
pub fn changes<'a>(walk: Walk<'a>, subject: Subject<'_>) -> Vec<Change<'a>> {
    let events = Events::new(walk.developer(), walk.names(), walk.timeline());
    let mut rows = Vec::new();
    let mut before: Option<Standing<'a>> = None;
    for after in walk {
        // An app that is not there yet has no history of its developer's.
        let there = match subject {
            Subject::Developer => true,
            Subject::App(id) => after.apps.iter().any(|app| app.app == id),
        };
        if there {
            rows.extend(between(&events, before.as_ref(), &after, subject));
            before = Some(after);
        }
    }
    rows
}
