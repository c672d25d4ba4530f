//! What is behind a change: events, a rulebook that takes effect, or the passing of time.
//!
//! The events come from the answer's provenance. Ranking and certification are judged by the rules
//! at the instant asked about (SPEC §7), so those, and only those, can change as a version takes effect.

use serde::Serialize;

use super::view::{Difference, Field};
use crate::event::{Kind, Position};
use crate::facts::{AppFacts, DeveloperFacts};
use crate::rules::Timeline;
use crate::standing::{AppStanding, Standing};
use crate::time::Instant;

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

/// The events of a developer with their instants.
pub(crate) struct Events<'a> {
    developer: &'a DeveloperFacts,
    timeline: &'a Timeline,
}

impl<'a> Events<'a> {
    pub(crate) const fn new(developer: &'a DeveloperFacts, timeline: &'a Timeline) -> Self {
        Self {
            developer,
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
        let apps = developer.apps().iter().flat_map(move |app: &AppFacts| {
            let id = Some(&*app.id);
            let registered = (event(app.position, Kind::AppRegistered), app.registered, id);
            let facts = app
                .facts()
                .iter()
                .map(move |fact| (event(fact.position(), fact.kind()), fact.time(), id));
            let usage = app
                .usage()
                .iter()
                .map(move |usage| (event(usage.position, Kind::UsageReported), usage.time, id));
            std::iter::once(registered).chain(facts).chain(usage)
        });
        own.chain(acts).chain(apps)
    }

    /// What changed a field from one standing to the next.
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
        named.dedup();
        let counts = |position: &Position| {
            *position <= after.ask.known_at
                && after
                    .disregarded
                    .binary_search_by_key(position, |retraction| retraction.target)
                    .is_err()
        };
        let (mut then, mut earlier, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (event, time, app) in self.all().filter(|(event, ..)| counts(&event.position)) {
            let is_named = named.binary_search(&event.position).is_ok();
            let about = app.is_none() || key.app.is_none() || app == key.app;
            match (is_named, time == at) {
                (true, true) => then.push(event),
                (true, false) if time < at => earlier.push(event),
                (false, true) if about => others.push(event),
                _ => {}
            }
        }
        for events in [&mut then, &mut earlier, &mut others] {
            events.sort_unstable();
        }
        if !then.is_empty() {
            return Cause::Event { events: then };
        }
        if before.is_none() {
            // Nothing changed but for what is registered just then.
            others.retain(|event| {
                matches!(event.kind, Kind::AppRegistered | Kind::DeveloperRegistered)
            });
            return if others.is_empty() || !earlier.is_empty() {
                Cause::Earlier { events: earlier }
            } else {
                Cause::Event { events: others }
            };
        }
        if let Some(rulebook) = self.rulebook(&key.field, key.app, before, after) {
            return rulebook;
        }
        if !others.is_empty() {
            return Cause::Event { events: others };
        }
        Cause::Time { events: earlier }
    }

    fn rulebook(
        &self,
        field: &Field<'_>,
        app: Option<&str>,
        before: Option<&Standing<'_>>,
        after: &Standing<'_>,
    ) -> Option<Cause> {
        let judged_then = matches!(
            field,
            Field::Score | Field::OnBoard | Field::Eligible | Field::Condition(_)
        );
        let before = before.filter(|before| judged_then && before.rules != after.rules)?;
        if matches!(field, Field::OnBoard) {
            // A measure that ends at that midnight is what time did, not the version.
            let measures = |standing: &Standing<'_>| {
                app_of(standing, app)
                    .map(|app| app.measures.iter().map(|m| m.measure).collect::<Vec<_>>())
            };
            if measures(before) != measures(after) {
                return None;
            }
        }
        takes_effect(self.timeline, after.ask.as_of)
    }
}

/// The version that takes effect at an instant.
pub(crate) fn takes_effect(timeline: &Timeline, at: Instant) -> Option<Cause> {
    let rules = timeline.at(at);
    (rules.effective_from == at).then(|| Cause::Rulebook {
        version: rules.book.version.clone(),
        position: rules.position,
    })
}

fn app_of<'s, 'a>(standing: &'s Standing<'a>, app: Option<&str>) -> Option<&'s AppStanding<'a>> {
    standing.apps.iter().find(|one| Some(one.app) == app)
}

/// Whether a field asks if the app is shown, among others.
fn is_shown(field: &Field<'_>) -> bool {
    matches!(
        field,
        Field::OnBoard | Field::Eligible | Field::Condition("listed")
    )
}

/// The events that a standing names as behind a field.
fn named_by(
    standing: &Standing<'_>,
    app: Option<&str>,
    field: &Field<'_>,
    at: Instant,
    named: &mut Vec<Position>,
) {
    match field {
        Field::Status => named.push(standing.status_cause),
        Field::Grade => named.push(standing.grade_cause),
        Field::Outcome(month) => {
            let months = standing.months.iter().filter(|one| one.month == *month);
            named.extend(months.filter_map(|month| month.cause));
        }
        _ => {
            if let Some(app) = app_of(standing, app) {
                named_by_app(app, field, at, named);
                if is_shown(field) {
                    // The developer's cooperation ends or begins again.
                    let turns = standing.turns.iter().filter(|turn| turn.at.time == at);
                    named.extend(turns.map(|turn| turn.at.position));
                }
            }
        }
    }
}

fn named_by_app(app: &AppStanding<'_>, field: &Field<'_>, at: Instant, named: &mut Vec<Position>) {
    match field {
        Field::Review => named.push(app.review.cause),
        Field::KeyDisabled => named.extend(app.review.key_cause),
        Field::OnHold => named.extend(app.review.holds.iter().map(|hold| hold.cause)),
        Field::Tier(month) => {
            for one in app.months.iter().filter(|one| one.month == *month) {
                let gravest = one.violations.iter().filter(|v| Some(v.level) == one.tier);
                named.extend(gravest.flat_map(|violation| violation.evidence.iter().copied()));
            }
        }
        Field::Sanction(month, level, nth) => {
            let months = app.months.iter().filter(|one| one.month == *month);
            let sanctions = months.flat_map(|one| &one.sanctions);
            let mine = sanctions.filter(|s| s.level == *level && s.nth == *nth);
            named.extend(mine.map(|sanction| sanction.cause));
        }
        Field::Measure(measure) => turns_of_measures(app, Some(*measure), at, named),
        Field::Score => {
            let terms = app.score_terms.iter();
            named.extend(terms.flat_map(|term| term.events.iter().copied()));
        }
        Field::OnBoard | Field::Eligible | Field::Condition(_) => {
            let asked = |name: &str| match field {
                Field::Condition(condition) => *condition == name,
                Field::Eligible => true,
                _ => false,
            };
            let conditions = app.certification.conditions.iter();
            let mine = conditions.filter(|condition| asked(condition.name));
            named.extend(mine.filter_map(|condition| condition.cause));
            if asked("average_daily_users") {
                named.extend(app.certification.usage.iter().copied());
            }
            if asked("days_listed") || is_shown(field) {
                named.push(app.review.cause);
            }
            if is_shown(field) {
                named.extend(app.review.key_cause);
                turns_of_measures(app, None, at, named);
            }
        }
        Field::Obligation(kind, code, since, cause) => {
            named.push(*cause);
            let mine = app.obligations.iter().filter(|duty| {
                (duty.kind, duty.code, duty.since, duty.cause) == (*kind, *code, *since, *cause)
            });
            named.extend(mine.filter_map(|duty| duty.ended.map(|(_, position)| position)));
        }
        Field::Status | Field::Grade | Field::Outcome(_) | Field::Permission => {}
    }
}

/// The events by which a measure's intervals begin, or end, at an instant; and of one that ends
/// by itself then, the event it began by.
fn turns_of_measures(
    app: &AppStanding<'_>,
    measure: Option<crate::measure::Measure>,
    at: Instant,
    named: &mut Vec<Position>,
) {
    for interval in &app.intervals {
        if measure.is_none_or(|measure| measure == interval.measure) {
            if interval.from == at {
                named.push(interval.cause);
            }
            if interval.until == Some(at) {
                named.push(interval.ended_by.unwrap_or(interval.cause));
            }
        }
    }
}
