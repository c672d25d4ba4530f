//! Since when something is so: the first instant at which a condition holds, and what made it.
//!
//! A condition may come and go (a measure ends, a month turns), so nothing is halved: every instant
//! at which the answer can change is asked.

use serde::Serialize;

use super::behind::{Cause, Events, takes_effect};
use super::board::BoardWalk;
use super::changes::{Change, between};
use super::condition::Condition;
use super::walk::Walk;
use crate::assess::Ask;
use crate::event::{Kind, Position};
use crate::explain::Subject;
use crate::facts::{DeveloperFacts, History};
use crate::rules::Timeline;
use crate::standing::Standing;
use crate::time::Instant;

use super::EventAt;

/// An instant from which on a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn<'a> {
    /// When.
    pub time: Instant,
    /// What made it so.
    pub cause: Cause,
    /// The changes of what the condition is about, at that instant.
    pub changes: Vec<Change<'a>>,
}

/// When a condition began to hold: `T` is an instant's [`Turn`], or what is known from a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bisected<T> {
    /// Whether it holds at the end of what was asked.
    pub holds: bool,
    /// When it held first, if ever.
    pub first: Option<T>,
    /// Since when it has held without a break, where it holds at the end.
    pub since: Option<T>,
    /// How often it began to hold.
    pub times: u64,
}

impl<T: Clone> Bisected<T> {
    pub(super) const fn new() -> Self {
        Self {
            holds: false,
            first: None,
            since: None,
            times: 0,
        }
    }

    /// Takes the next answer in order.
    pub(super) fn take(&mut self, holds: bool, turn: impl FnOnce() -> T) {
        if holds && !self.holds {
            let turn = turn();
            self.first.get_or_insert_with(|| turn.clone());
            self.since = Some(turn);
            self.times += 1;
        }
        if !holds {
            self.since = None;
        }
        self.holds = holds;
    }
}

/// When a condition began to hold, along valid time: as of each instant up to the one asked
/// about, all as known at one position.
///
/// ```
/// # use standing_projections::*;
/// # use standing_projections::{facts::History, rules::Timeline, rulebook::preset};
/// use standing_projections::questions::{Subject, by_time};
/// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
/// #     Event::from_json(&serde_json::json!({
/// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
/// #         "time": format!("2014-05-0{id}T03:00:00Z"), "subject": subject, "data": data,
/// #     })).unwrap()
/// # };
/// # let events = [
/// #     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
/// #     event("2", "app.registered", "a1",
/// #         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
/// #     event("3", "violation.found", "a1", serde_json::json!({"code": "bulk_scraping"})),
/// # ];
/// # let history = History::of((1..).map(Position).zip(&events));
/// # let rulebook = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// # let timeline = Timeline::new(vec![(Position(0), rulebook)], history.names()).unwrap();
/// // A violation of level 2 was found on 3 May.
/// let ask = Ask { as_of: "2014-06-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// let condition = "tier <= 2".parse().unwrap();
/// let developer = &history.developers()[0];
/// let answer = by_time(&history, developer, &timeline, ask, Subject::App("a1"), &condition);
/// assert_eq!(answer.first.unwrap().time.to_string(), "2014-05-03T03:00:00Z");
/// assert!(!answer.holds); // in June there is no tier
/// ```
#[must_use]
pub fn by_time<'a>(
    history: &'a History,
    developer: &'a DeveloperFacts,
    timeline: &'a Timeline,
    ask: Ask,
    subject: Subject<'_>,
    condition: &Condition,
) -> Bisected<Turn<'a>> {
    let events = Events::new(developer, history.names(), timeline);
    let walk = Walk::new(developer, history.names(), timeline, ask).with_months();
    let mut answer = Bisected::new();
    let mut before: Option<Standing<'a>> = None;
    for after in walk {
        let holds = condition.holds(&after, subject, timeline, &[]);
        answer.take(holds, || {
            let mut changes = between(&events, before.as_ref(), &after, subject);
            let month = timeline.zone().month(after.ask.as_of);
            changes.retain(|change| {
                let by = |app| condition.is_by(app, &after, timeline);
                condition.is_about(&change.key.field, month) && change.key.app.is_none_or(by)
            });
            let registered = registration(developer, before.as_ref(), &after, subject);
            let by_order = condition.grade().is_some();
            turn(after.ask.as_of, changes, timeline, registered, by_order)
        });
        before = Some(after);
    }
    answer
}

/// As [`by_time`], for a condition about a rank: the standings of everybody are walked at once.
///
/// Each developer is assessed only where its own standing can change, and ranks are dealt out
/// anew only where a place on the board did.
#[must_use]
pub fn by_time_with_ranks<'a>(
    history: &'a History,
    developer: &'a DeveloperFacts,
    timeline: &'a Timeline,
    ask: Ask,
    subject: Subject<'_>,
    condition: &Condition,
) -> Bisected<Turn<'a>> {
    let mut answer = Bisected::new();
    let mut walk = BoardWalk::new(history, timeline, ask);
    while let Some(step) = walk.step() {
        let holds = walk
            .standing(&developer.id)
            .is_some_and(|standing| condition.holds(standing, subject, timeline, walk.board()));
        answer.take(holds, || {
            let mut changes = Vec::new();
            for (before, after) in &step.changed {
                let of = history.subject(after.developer).map(|(facts, _)| facts);
                let events = Events::new(of.unwrap_or(developer), history.names(), timeline);
                changes.extend(between(&events, before.as_ref(), after, Subject::Developer));
            }
            let month = timeline.zone().month(step.time);
            changes.retain(|change| condition.is_about(&change.key.field, month));
            turn(step.time, changes, timeline, None, false)
        });
    }
    answer
}

/// The registration that a subject is there by from this standing on.
fn registration(
    developer: &DeveloperFacts,
    before: Option<&Standing<'_>>,
    after: &Standing<'_>,
    subject: Subject<'_>,
) -> Option<EventAt> {
    let at = after.ask.as_of;
    let event = |position: Position, kind, time| (time == at).then_some(EventAt { position, kind });
    match subject {
        Subject::Developer if before.is_none() => {
            let kind = Kind::DeveloperRegistered;
            event(developer.position, kind, developer.registered)
        }
        Subject::App(id) => {
            let app = developer.apps().iter().find(|app| &*app.id == id)?;
            event(app.position, Kind::AppRegistered, app.registered)
        }
        Subject::Developer => None,
    }
}

/// A turn and its cause: that of the first change, events before the rest; or else a version that
/// takes effect, or the registration, or time alone.
fn turn<'a>(
    time: Instant,
    changes: Vec<Change<'a>>,
    timeline: &Timeline,
    registered: Option<EventAt>,
    by_order: bool,
) -> Turn<'a> {
    let rank = |cause: &&Cause| match cause {
        Cause::Event { .. } => 0,
        Cause::Rulebook { .. } => 1,
        Cause::Time { .. } => 2,
        Cause::Earlier { .. } => 3,
    };
    let first = changes.iter().map(|change| &change.cause).min_by_key(rank);
    let cause = match (first, registered) {
        (Some(Cause::Time { .. } | Cause::Earlier { .. }) | None, Some(event)) => Cause::Event {
            events: vec![event],
        },
        (Some(cause), _) => cause.clone(),
        // The order of grades is the rules': a grade may be lower without having changed.
        (None, None) => takes_effect(timeline, time)
            .filter(|_| by_order)
            .unwrap_or(Cause::Time { events: vec![] }),
    };
    Turn {
        time,
        cause,
        changes,
    }
}
