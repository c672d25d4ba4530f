//! What is behind a change: events, a rulebook that takes effect, or the passing of time.
//!
//! The answer's provenance names the events behind a field. Which of them made a change, and
//! whether it was an event at all, is asked of `assess`: a change that is there without the events
//! of its instant was not made by them, and one that is there by the rules before was not made by a
//! version that takes effect.

use std::sync::Arc;

use serde::Serialize;

use super::named::named_by;
use super::view::{Difference, view};
use crate::assess::assess;
use crate::event::{Kind, Position};
use crate::explain::Subject;
use crate::facts::{AppFacts, DeveloperFacts, Names};
use crate::rules::Timeline;
use crate::standing::Standing;
use crate::time::Instant;

/// How many events of one instant that nothing names are tried one by one.
const TRIED: usize = 16;

/// An event that is behind something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EventAt {
    /// Where in the log it is.
    pub position: Position,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
}

/// What made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Cause {
    /// Events that happened at that instant.
    Event {
        /// Which, by position.
        events: Vec<EventAt>,
    },
    /// A version of the rulebook that takes effect at that instant.
    Rulebook {
        /// The version.
        version: String,
        /// The event that published it; 0 where none did.
        position: Position,
    },
    /// It was so already where the walk begins.
    Earlier {
        /// The events that it goes back to, by position.
        events: Vec<EventAt>,
    },
    /// The passing of time: an interval, a window or a deadline ends.
    Time {
        /// The events that it goes back to, by position.
        events: Vec<EventAt>,
    },
}

/// The events of a developer with their instants, to look for causes among.
pub(crate) struct Events<'a> {
    developer: &'a DeveloperFacts,
    names: &'a Names,
    timeline: &'a Timeline,
}

impl<'a> Events<'a> {
    pub(crate) const fn new(
        developer: &'a DeveloperFacts,
        names: &'a Names,
        timeline: &'a Timeline,
    ) -> Self {
        Self {
            developer,
            names,
            timeline,
        }
    }

    /// Every event that is a fact, with its instant and its app.
    fn all(&self) -> impl Iterator<Item = (EventAt, Instant, Option<&'a str>)> {
        let developer = self.developer;
        let event = |position, kind| EventAt { position, kind };
        let own = std::iter::once((
            event(developer.position, Kind::DeveloperRegistered),
            developer.registered,
            None,
        ));
        let acts = developer
            .acts()
            .iter()
            .map(move |act| (event(act.position(), act.kind()), act.time(), None));
        let apps = developer
            .apps()
            .iter()
            .flat_map(move |app: &Arc<AppFacts>| {
                let id = Some(&*app.id);
                let registered = (event(app.position, Kind::AppRegistered), app.registered, id);
                let facts = app
                    .facts()
                    .map(move |fact| (event(fact.position(), fact.kind()), fact.time(), id));
                let usage = app
                    .usage()
                    .iter()
                    .map(move |usage| (event(usage.position, Kind::UsageReported), usage.time, id));
                std::iter::once(registered).chain(facts).chain(usage)
            });
        own.chain(acts).chain(apps)
    }

    /// What changed a field from one standing to the next: what the change would not be there without.
    pub(crate) fn behind(
        &self,
        difference: &Difference<'_>,
        before: Option<&Standing<'_>>,
        after: &Standing<'_>,
    ) -> Cause {
        let (key, ..) = difference;
        let at = after.ask.as_of;
        let mut named = Vec::new();
        for standing in before.into_iter().chain([after]) {
            named_by(standing, key.app, &key.field, at, &mut named);
        }
        named.sort_unstable();
        let counts = |position: &Position| {
            *position <= after.ask.known_at
                && after
                    .disregarded
                    .binary_search_by_key(position, |retraction| retraction.target)
                    .is_err()
        };
        let (mut then, mut earlier, mut registered) = (Vec::new(), Vec::new(), Vec::new());
        for (event, time, app) in self.all().filter(|(event, ..)| counts(&event.position)) {
            if time == at && registers(event.kind) {
                registered.extend((app == key.app).then_some(event));
            } else if time == at {
                then.push(event);
            } else if time < at && named.binary_search(&event.position).is_ok() {
                earlier.push(event);
            }
        }
        for events in [&mut then, &mut earlier] {
            events.sort_unstable();
        }
        if let Some(events) = self.needed(difference, after, &named, then) {
            return Cause::Event { events };
        }
        if !registered.is_empty() {
            return Cause::Event { events: registered };
        }
        let Some(before) = before else {
            return Cause::Earlier { events: earlier };
        };
        if before.rules != after.rules && !self.is_so_by_the_rules_before(difference, after) {
            return takes_effect(self.timeline, at).unwrap_or(Cause::Time { events: earlier });
        }
        Cause::Time { events: earlier }
    }

    /// Of the events at an instant those that made a change: the named ones where they suffice, or
    /// else each without which it is not there. None where it is there without them all.
    fn needed(
        &self,
        difference: &Difference<'_>,
        after: &Standing<'_>,
        named: &[Position],
        then: Vec<EventAt>,
    ) -> Option<Vec<EventAt>> {
        let makes = |events: &[EventAt]| {
            let positions: Vec<Position> = events.iter().map(|event| event.position).collect();
            let without = self.developer.without(&positions);
            !is_so(difference, &without, self.names, self.timeline, after)
        };
        if then.is_empty() || !makes(&then) {
            return None;
        }
        let is_named = |event: &EventAt| named.binary_search(&event.position).is_ok();
        let (mut mine, others): (Vec<_>, Vec<_>) = then.iter().copied().partition(is_named);
        if mine.is_empty() || !makes(&mine) {
            mine.extend(
                others
                    .into_iter()
                    .take(TRIED)
                    .filter(|event| makes(&[*event])),
            );
            mine.sort_unstable();
        }
        // Where none is needed by itself, they are together.
        Some(if mine.is_empty() || !makes(&mine) {
            then
        } else {
            mine
        })
    }

    /// Whether a field is the same where the versions that take effect at that instant do not.
    fn is_so_by_the_rules_before(&self, difference: &Difference<'_>, after: &Standing<'_>) -> bool {
        let versions = self.timeline.versions().iter();
        let before = versions.filter(|rules| rules.effective_from != after.ask.as_of);
        let books = before.map(|rules| (rules.position, rules.book.clone()));
        // Where no version is left, it is the oldest, which held before too.
        Timeline::new(books.collect(), self.names)
            .is_ok_and(|timeline| is_so(difference, self.developer, self.names, &timeline, after))
    }
}

/// Whether a field comes to the same at an instant by another history or other rules.
fn is_so(
    (key, _, to): &Difference<'_>,
    developer: &DeveloperFacts,
    names: &Names,
    timeline: &Timeline,
    after: &Standing<'_>,
) -> bool {
    let standing = assess(developer, names, timeline, after.ask);
    let subject = key.app.map_or(Subject::Developer, Subject::App);
    let facets = standing.map_or_else(Vec::new, |standing| view(&standing, subject));
    let found = facets.iter().find(|facet| facet.key == *key);
    found.map(|facet| facet.value) == *to
}

const fn registers(kind: Kind) -> bool {
    matches!(kind, Kind::DeveloperRegistered | Kind::AppRegistered)
}

/// The version that takes effect at an instant.
pub(crate) fn takes_effect(timeline: &Timeline, at: Instant) -> Option<Cause> {
    let rules = timeline.at(at);
    (rules.effective_from == at).then(|| Cause::Rulebook {
        version: rules.book.version.clone(),
        position: rules.position,
    })
}
