//! What the log holds of a developer's appeals and proposals.

use std::collections::BTreeSet;

use super::appeal::{Appeal, AppealState, AppealStep};
use super::proposal::{Proposal, ProposalState, ProposalStep, decided_id};
use crate::event::{Data, Event, Kind, Outcome, Position};
use crate::facts::Retraction;
use crate::retraction::disregarded;
use crate::rulebook::Appeals;
use crate::time::Instant;

/// An event of the log, as decisions are judged by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Where it is.
    pub position: Position,
    /// When the ledger took it.
    pub recordedtime: Instant,
    /// The position of the event that it speaks of.
    pub target: Option<Position>,
    /// The event.
    pub event: Event,
}

/// A developer's appeals, proposals and retractions.
#[derive(Clone, Debug, Default)]
pub struct Docket {
    events: Vec<Logged>,
    disregarded: Vec<Position>,
}

impl Docket {
    /// The kinds that it is made of.
    pub const KINDS: [Kind; 6] = [
        Kind::EventRetracted,
        Kind::AppealFiled,
        Kind::AppealDecided,
        Kind::DecisionProposed,
        Kind::DecisionConfirmed,
        Kind::DecisionWithdrawn,
    ];

    /// The docket of a developer's events of those kinds, which come in the order of their positions.
    #[must_use]
    pub fn new(events: Vec<Logged>) -> Self {
        let takes_back = |logged: &Logged| {
            let back = matches!(
                logged.event.data,
                Data::EventRetracted { .. }
                    | Data::AppealDecided {
                        outcome: Outcome::Granted,
                        ..
                    }
            );
            let (position, target) = (logged.position, logged.target.filter(|_| back)?);
            Some(Retraction { position, target })
        };
        let retractions: Vec<Retraction> = events.iter().filter_map(takes_back).collect();
        Self {
            disregarded: disregarded(&retractions, Position(u64::MAX)),
            events,
        }
    }

    fn is_disregarded(&self, position: Position) -> bool {
        self.disregarded.binary_search(&position).is_ok()
    }

    /// How an event stands in the way of appeals, by the figures of the rules at its recording.
    #[must_use]
    pub fn appeal(&self, target: &Logged, rules: &Appeals, now: Instant) -> Appeal<'_> {
        let (mut state, mut filed, mut denied) = (AppealState::Open, None, 0);
        for logged in &self.events {
            if logged.target != Some(target.position) || self.is_disregarded(logged.position) {
                continue;
            }
            let step = match logged.event.data {
                Data::AppealFiled { .. } => AppealStep::File,
                Data::AppealDecided {
                    outcome: Outcome::Denied,
                    ..
                } => AppealStep::Deny,
                _ => continue,
            };
            // What came from outside out of turn moves nothing.
            if let Some(next) = state.after(step) {
                state = next;
                match step {
                    AppealStep::File => filed = Some(logged),
                    _ => denied += 1,
                }
            }
        }
        let deadline = rules
            .within_days
            .map(|days| target.recordedtime.plus_days(days.into()));
        if self.is_disregarded(target.position) {
            state = AppealState::Disregarded;
        } else if state == AppealState::Open {
            if rules.tries.is_some_and(|tries| denied >= tries) {
                state = AppealState::TriesUsed;
            } else if deadline.is_some_and(|deadline| now > deadline) {
                state = AppealState::TooLate;
            }
        }
        let pending = state == AppealState::Pending;
        let mut took_part: BTreeSet<String> = target.event.actor.iter().cloned().collect();
        let filer = filed
            .filter(|_| pending)
            .and_then(|filed| filed.event.actor.clone());
        took_part.extend(filer);
        for proposal in self.proposals() {
            let proposed = &proposal.proposed.event;
            if proposed.source == target.event.source && decided_id(&proposed.id) == target.event.id
            {
                let closed = proposal
                    .closed
                    .and_then(|closed| closed.event.actor.as_ref());
                took_part.extend(proposed.actor.iter().chain(closed).cloned());
            }
        }
        let appealable =
            target.event.kind.is_retractable() && target.event.kind != Kind::AppealFiled;
        Appeal {
            state,
            appealable,
            filed: filed.filter(|_| pending),
            denied,
            deadline,
            took_part,
        }
    }

    /// The events that an appeal is pending against, in the order in which the appeals were filed.
    #[must_use]
    pub fn appealed(&self) -> Vec<(Position, &Logged)> {
        let mut pending: Vec<(Position, &Logged)> = Vec::new();
        for logged in &self.events {
            let (Some(target), false) = (logged.target, self.is_disregarded(logged.position))
            else {
                continue;
            };
            match logged.event.kind {
                Kind::AppealFiled if pending.iter().all(|(other, _)| *other != target) => {
                    pending.push((target, logged));
                }
                Kind::AppealDecided => pending.retain(|(other, _)| *other != target),
                _ => {}
            }
        }
        pending.retain(|(target, _)| !self.is_disregarded(*target));
        pending
    }

    /// Everything that was proposed, in order.
    #[must_use]
    pub fn proposals(&self) -> Vec<Proposal<'_>> {
        let proposed = self.events.iter();
        let proposed = proposed.filter(|logged| logged.event.kind == Kind::DecisionProposed);
        proposed.map(|logged| self.fold(logged)).collect()
    }

    /// The proposal at a position.
    #[must_use]
    pub fn proposal(&self, position: Position) -> Option<Proposal<'_>> {
        let mut all = self.proposals().into_iter();
        all.find(|proposal| proposal.proposed.position == position)
    }

    fn fold<'a>(&'a self, proposed: &'a Logged) -> Proposal<'a> {
        let (mut state, mut closed) = (ProposalState::Pending, None);
        for logged in &self.events {
            if logged.target != Some(proposed.position) {
                continue;
            }
            let step = match logged.event.kind {
                Kind::DecisionConfirmed => ProposalStep::Confirm,
                Kind::DecisionWithdrawn => ProposalStep::Withdraw,
                _ => continue,
            };
            if let Some(next) = state.after(step) {
                (state, closed) = (next, Some(logged));
            }
        }
        Proposal {
            proposed,
            state,
            closed,
        }
    }
}
