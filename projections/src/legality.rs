//! What may be recorded next of an app (SPEC §2, §8): reviews, inspections, reports, keys,
//! delistings and outages.
//!
//! An [`AppRecord`] keeps what an app's legality is judged by and folds it through the same
//! transitions as `assess`. The desk's aggregate and the import both hold one: there is no second
//! opinion on what is legal. Events that are disregarded are left out, so a retraction folds it
//! anew.

use std::collections::{HashMap, HashSet};

use crate::event::{
    Channel, Data, InspectionSeverity, Kind, Outcome, Permission, Position, ReportSeverity, Stage,
};
use crate::facts::{Fact, Retraction};
use crate::outages::{Outages, Span};
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
    held: HashSet<Position>,
    lifecycle: Lifecycle,
    /// The numbers of its outages' ids.
    numbers: HashMap<Box<str>, u32>,
    outages: Outages<()>,
}

#[derive(Clone, Copy, Debug)]
struct OutageEvent {
    position: Position,
    time: Instant,
    outage: u32,
    starts: bool,
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
            held: HashSet::new(),
            lifecycle: Lifecycle::new(channel, permission, registered),
            numbers: HashMap::new(),
            outages: Outages::default(),
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
        match data {
            Data::OutageStarted { outage: id, .. } => match self.outages_of(id).next() {
                None => Ok(()),
                Some(_) => refuse(
                    Code::OutageExists,
                    format!("the app has an outage `{id}` already"),
                ),
            },
            Data::OutageEnded { outage: id } | Data::OutageExplained { outage: id } => {
                let ends = matches!(data, Data::OutageEnded { .. });
                let mut all = self.outages_of(id);
                let open = self.outages_of(id).find(|span| span.ended.is_none());
                match (all.next(), open) {
                    (None, _) => {
                        refuse(Code::OutageUnknown, format!("the app has no outage `{id}`"))
                    }
                    (
                        Some(Span {
                            ended: Some(at), ..
                        }),
                        None,
                    ) if ends => refuse(
                        Code::OutageAlreadyEnded,
                        format!("the outage `{id}` ended at {at}"),
                    ),
                    (_, Some(Span { started, .. })) if ends && time < *started => {
                        let message = format!("the outage `{id}` began later, at {started}");
                        Err(Refusal::new(Code::OutageEndsBeforeStart, "/time", message))
                    }
                    _ => Ok(()),
                }
            }
            data => self.lifecycle.check(time, data),
        }
    }

    /// The steps of its review, inspections and reports that would be legal at an instant: each type of event,
    /// with the stage where there is one.
    #[must_use]
    pub fn legal_now(&self, time: Instant) -> Vec<String> {
        let mut steps = Vec::new();
        for stage in Stage::ALL.iter().copied() {
            let reasons = Vec::new();
            for (kind, data) in [
                (Kind::ReviewSubmitted, Data::ReviewSubmitted { stage }),
                (Kind::ReviewApproved, Data::ReviewApproved { stage }),
                (
                    Kind::ReviewRejected,
                    Data::ReviewRejected { stage, reasons },
                ),
            ] {
                steps.push((format!("{kind} stage={stage}"), data));
            }
        }
        let severity = InspectionSeverity::Minor;
        steps.push((
            Kind::InspectionFailed.to_string(),
            Data::InspectionFailed { severity },
        ));
        let severity = ReportSeverity::Ordinary;
        steps.push((
            Kind::ReportConfirmed.to_string(),
            Data::ReportConfirmed { severity },
        ));
        for (kind, data) in [
            (Kind::InspectionRemedied, Data::InspectionRemedied),
            (Kind::ReportRemedied, Data::ReportRemedied),
            (Kind::AppDelisted, Data::AppDelisted),
            (Kind::AppKeyDisabled, Data::AppKeyDisabled),
            (Kind::AppKeyEnabled, Data::AppKeyEnabled),
        ] {
            steps.push((kind.to_string(), data));
        }
        let legal = steps.into_iter();
        let legal = legal.filter(|(_, data)| self.check(time, data).is_ok());
        legal.map(|(step, _)| step).collect()
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
                    outage: self.number(outage),
                    starts,
                };
                self.held.insert(position);
                let in_order = self
                    .outage_events
                    .last()
                    .is_none_or(|last| last.time <= time);
                if in_order {
                    fold_outage(&mut self.outages, event);
                }
                self.outage_events.push(event);
                if !in_order {
                    self.refold(timeline);
                }
            }
            Data::EventRetracted { .. }
            | Data::AppealDecided {
                outcome: Outcome::Granted,
                ..
            } => {
                // What is not held decides nothing, taken back or not.
                if let Some(target) = target.filter(|target| self.held.contains(target)) {
                    self.held.insert(position);
                    self.retractions.push(Retraction { position, target });
                    self.refold(timeline);
                }
            }
            data => {
                let Some(fact) = Fact::of_lifecycle(position, time, data) else {
                    return;
                };
                let in_order = self.steps.last().is_none_or(|last| last.time() <= time);
                self.held.insert(position);
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
        self.outage_events
            .sort_by_key(|event| (event.time, event.position));
        for event in self
            .outage_events
            .iter()
            .filter(|event| counts(event.position))
        {
            fold_outage(&mut self.outages, *event);
        }
    }

    fn outages_of(&self, id: &str) -> impl Iterator<Item = &Span<()>> {
        let number = self.numbers.get(id).copied();
        number
            .into_iter()
            .flat_map(|number| self.outages.of(number))
    }

    /// The number of an outage's id, new or old.
    fn number(&mut self, id: &str) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(id.into(), number);
        number
    }
}

fn fold_outage(outages: &mut Outages<()>, event: OutageEvent) {
    if event.starts {
        outages.start(event.outage, event.time, ());
    } else {
        outages.end(event.outage, event.time);
    }
}
