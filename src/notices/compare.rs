//! What is new, and what no longer holds, between two states of the log.

use std::collections::BTreeMap;

use serde::Serialize;
use standing_projections::{Instant, Position, Standing};

use super::Notice;

/// That a notice which was told no longer holds as it was told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correction {
    /// The notice's id.
    pub id: String,
    /// The state of the log that it was told at.
    pub since: Position,
    /// The instant at which it is corrected.
    pub at: Instant,
    /// The events that were taken back since, where any were.
    pub because: Vec<TakenBack>,
    /// What was told.
    pub told: Notice,
    /// What holds instead; nothing, where the notice is withdrawn.
    pub now: Option<Notice>,
}

/// An event that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TakenBack {
    /// Which.
    pub event: Position,
    /// The retraction, or the appeal that was granted.
    pub by: Position,
}

/// The notices that were not told in an earlier state of the log.
#[must_use]
pub fn told_since(before: &[Notice], mut now: Vec<Notice>) -> Vec<Notice> {
    let told = by_id(before);
    now.retain(|notice| !told.contains_key(notice.id.as_str()));
    now
}

/// The notices of a developer that were told in an earlier state of the log, and in this one are not there
/// or say something else.
///
/// `standing` is of this state, and says which events were taken back. What passes with time (a
/// duty that is overdue, a measure that was lifted) is no correction: only what was decided is compared.
#[must_use]
pub fn corrections(
    before: Vec<Notice>,
    since: Position,
    now: &[Notice],
    standing: &Standing<'_>,
) -> Vec<Correction> {
    let holds = by_id(now);
    let mut all = Vec::new();
    for told in before {
        let now = holds.get(told.id.as_str()).copied();
        if now.is_some_and(|now| now.decided() == told.decided()) {
            continue;
        }
        all.push(Correction {
            id: told.id.clone(),
            since,
            at: standing.ask.as_of,
            because: taken_back(&told, since, standing),
            now: now.cloned(),
            told,
        });
    }
    all
}

/// What took back the events that a notice followed from, or else any of the developer's, each with what it
/// took back: where one event falls away, the next one takes its place.
fn taken_back(told: &Notice, since: Position, standing: &Standing<'_>) -> Vec<TakenBack> {
    let all = standing.disregarded.iter();
    let all = all.filter(|retraction| retraction.position > since);
    let all = all.map(|retraction| TakenBack {
        event: retraction.target,
        by: retraction.position,
    });
    let all: Vec<_> = all.collect();
    let followed = |one: &&TakenBack| told.events.iter().any(|e| e.position == one.event);
    let own: Vec<_> = all.iter().filter(followed).copied().collect();
    if own.is_empty() { all } else { own }
}

fn by_id(notices: &[Notice]) -> BTreeMap<&str, &Notice> {
    let each = notices.iter();
    each.map(|notice| (notice.id.as_str(), notice)).collect()
}

impl Notice {
    /// What of it was decided, without what time and later events make of it, and in no language.
    fn decided(&self) -> impl PartialEq {
        let events = self.events.iter().map(|event| event.position);
        let rules = self.rules.iter();
        let rules = rules.map(|rule| (rule.version.clone(), rule.path.clone()));
        let measures = self.measures.iter();
        let measures = measures.map(|m| (m.app.clone(), m.measure, m.from, m.until));
        (
            (self.at, self.cause, self.grade.clone()),
            events.collect::<Vec<_>>(),
            rules.collect::<Vec<_>>(),
            measures.collect::<Vec<_>>(),
            self.duties.iter().map(|duty| duty.due).collect::<Vec<_>>(),
        )
    }
}
