//! What may be recorded next of an app (SPEC §2, §8): reviews, inspections, reports, keys,
//! delistings and outages.
//!
//! An [`AppRecord`] keeps what an app's legality is judged by and folds it through the same
//! transitions as `assess`. The desk's aggregate and the import both hold one: there is no second
//! opinion on what is legal. Events that are disregarded are left out, so a retraction folds it
//! anew.

use std::collections::HashMap;

use crate::event::{Channel, Data, Outcome, Permission, Position};
use crate::facts::{Fact, Retraction};
use crate::refusal::{Code, Refusal};
use crate::retraction::disregarded;
use crate::review::Lifecycle;
use crate::rules::Timeline;
use crate::time::Instant;

/// What is recorded of an app, as far as it decides what may come next.
#[derive(Clone, Debug)]
pub struct AppRecord {
    channel: Channel,
    permission: Permission,
    registered: Instant,
    steps: Vec<Fact>,
    outage_events: Vec<OutageEvent>,
    retractions: Vec<Retraction>,
    lifecycle: Lifecycle,
    outages: HashMap<Box<str>, Outage>,
}

#[derive(Clone, Debug)]
struct OutageEvent {
    position: Position,
    time: Instant,
    outage: Box<str>,
    starts: bool,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    started: Instant,
    ended: Option<Instant>,
}

impl AppRecord {
    /// The record of an app that was just registered.
    #[must_use]
    pub fn new(channel: Channel, permission: Permission, registered: Instant) -> Self {
        Self {
            channel,
            permission,
            registered,
            steps: Vec::new(),
            outage_events: Vec::new(),
            retractions: Vec::new(),
            lifecycle: Lifecycle::new(channel, permission, registered),
            outages: HashMap::new(),
        }
    }

    /// Its review state.
    #[must_use]
    pub const fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// How many events it keeps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len() + self.outage_events.len() + self.retractions.len()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an event of that time and data may be recorded next.
    ///
    /// # Errors
    /// `outage.*`, `review.out_of_order` or `review.on_hold`; whatever else it is, is not judged
    /// here.
    pub fn check(&self, time: Instant, data: &Data) -> Result<(), Refusal> {
        let refuse = |code, message: String| Err(Refusal::new(code, "/data/outage", message));
        let outage = |id: &str| self.outages.get(id);
        match data {
            Data::OutageStarted { outage: id, .. } if outage(id).is_some() => refuse(
                Code::OutageExists,
                format!("the app has an outage `{id}` already"),
            ),
            Data::OutageStarted { .. } => Ok(()),
            Data::OutageEnded { outage: id } | Data::OutageExplained { outage: id } => {
                let ends = matches!(data, Data::OutageEnded { .. });
                match outage(id) {
                    None => refuse(Code::OutageUnknown, format!("the app has no outage `{id}`")),
                    Some(Outage {
                        ended: Some(at), ..
                    }) if ends => refuse(
                        Code::OutageAlreadyEnded,
                        format!("the outage `{id}` ended at {at}"),
                    ),
                    Some(Outage { started, .. }) if ends && time < *started => {
                        let message = format!("the outage `{id}` began later, at {started}");
                        Err(Refusal::new(Code::OutageEndsBeforeStart, "/time", message))
                    }
                    Some(_) => Ok(()),
                }
            }
            data => self.lifecycle.check(time, data),
        }
    }

    /// Takes an event of the app as recorded at a position; `target` is the position of the event
    /// it refers to. Events that decide nothing here are passed over.
    pub fn record(
        &mut self,
        position: Position,
        time: Instant,
        data: &Data,
        target: Option<Position>,
        timeline: &Timeline,
    ) {
        match data {
            Data::OutageStarted { outage, .. } | Data::OutageEnded { outage } => {
                let starts = matches!(data, Data::OutageStarted { .. });
                let event = OutageEvent {
                    position,
                    time,
                    outage: outage.as_str().into(),
                    starts,
                };
                fold_outage(&mut self.outages, &event);
                self.outage_events.push(event);
            }
            Data::EventRetracted { .. }
            | Data::AppealDecided {
                outcome: Outcome::Granted,
                ..
            } => {
                if let Some(target) = target {
                    self.retractions.push(Retraction { position, target });
                    self.refold(timeline);
                }
            }
            data => {
                let Some(fact) = Fact::of_lifecycle(position, time, data) else {
                    return;
                };
                let in_order = self.steps.last().is_none_or(|last| last.time() <= time);
                self.steps.push(fact);
                if in_order {
                    self.lifecycle.apply(fact, timeline);
                } else {
                    self.refold(timeline);
                }
            }
        }
    }

    /// Folds everything anew: after a retraction, or by other rules.
    pub fn refold(&mut self, timeline: &Timeline) {
        let disregarded = disregarded(&self.retractions, Position(u64::MAX));
        let counts = |position: Position| disregarded.binary_search(&position).is_err();
        self.steps
            .sort_by_key(|fact| (fact.time(), fact.position()));
        self.lifecycle = Lifecycle::new(self.channel, self.permission, self.registered);
        for fact in self.steps.iter().filter(|fact| counts(fact.position())) {
            self.lifecycle.apply(*fact, timeline);
        }
        self.outages.clear();
        for event in self
            .outage_events
            .iter()
            .filter(|event| counts(event.position))
        {
            fold_outage(&mut self.outages, event);
        }
    }
}

fn fold_outage(outages: &mut HashMap<Box<str>, Outage>, event: &OutageEvent) {
    if event.starts {
        outages.insert(
            event.outage.clone(),
            Outage {
                started: event.time,
                ended: None,
            },
        );
    } else if let Some(outage) = outages.get_mut(&event.outage) {
        outage.ended.get_or_insert(event.time);
    }
}
