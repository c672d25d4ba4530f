//! Whether a decision is legal, on the case that was loaded.

use serde_json::{Map, Value, json};
use standing_projections::decisions::{ProposalStep, check_act, decided_id};
use standing_projections::event::{Data, Kind};
use standing_projections::questions::Effect;
use standing_projections::refusal::{Code, Refusal};
use standing_projections::{Ask, Event, Instant, Position};

use super::case::{self, Case};
use super::refused::DecideError;
use crate::history::HistoryError;
use crate::ledger::StoredEvent;

/// A decision with what it is judged by.
pub(super) struct Judged<'a> {
    pub(super) case: &'a Case,
    pub(super) target: Option<&'a StoredEvent>,
    pub(super) event: &'a Event,
    pub(super) actor: &'a str,
    pub(super) now: Instant,
}

/// The event that moves standings with the position it speaks of, and its JSON where it is another than the
/// decision's.
pub(super) type Moving = (Event, Option<Position>, Option<Map<String, Value>>);

/// The event that a confirmation brings, and its JSON.
type Brought = (Event, Map<String, Value>);

impl Judged<'_> {
    /// The event that moves standings, where the decision is legal.
    pub(super) fn judge(&self) -> Result<Moving, DecideError> {
        let own = (
            self.event.clone(),
            self.target.map(|target| target.position),
            None,
        );
        match &self.event.data {
            Data::AppealFiled { .. } | Data::AppealDecided { .. } => self.appeal().map(|()| own),
            Data::DecisionConfirmed { .. } | Data::DecisionWithdrawn { .. } => {
                match self.proposal()? {
                    None => Ok(own),
                    Some((event, body)) => {
                        self.act(&event, true)?;
                        Ok((event, None, Some(body)))
                    }
                }
            }
            Data::DecisionProposed { decision } => {
                let proposed = Event {
                    kind: decision.kind,
                    data: decision.data.clone(),
                    time: decision.time.unwrap_or(self.event.time),
                    ..self.event.clone()
                };
                self.act(&proposed, true)?;
                Ok((proposed, None, None))
            }
            Data::MeasureImposed { .. }
            | Data::MeasureLifted { .. }
            | Data::DeveloperGraded { .. }
            | Data::DeveloperTerminated
            | Data::DeveloperReinstated => self.act(self.event, false).map(|()| own),
            // Steps of an app's review were judged by intake.
            _ => Ok(own),
        }
    }

    fn appeal(&self) -> Result<(), DecideError> {
        let Some(target) = self.target else {
            return Ok(());
        };
        let target = case::logged(target)?;
        let rules = &self.case.timeline.at(target.recordedtime).book.appeals;
        let appeal = self.case.docket.appeal(&target, rules, self.now);
        match self.event.kind {
            Kind::AppealDecided => appeal.decide(self.actor)?,
            _ => appeal.file()?,
        }
        Ok(())
    }

    /// What a confirmation brings; none for a withdrawal.
    fn proposal(&self) -> Result<Option<Brought>, DecideError> {
        let proposal = self
            .target
            .and_then(|target| Some((target, self.case.docket.proposal(target.position)?)));
        let Some((stored, proposal)) = proposal else {
            return Ok(None);
        };
        if self.event.kind == Kind::DecisionWithdrawn {
            proposal.check(ProposalStep::Withdraw, self.actor)?;
            return Ok(None);
        }
        proposal.check(ProposalStep::Confirm, self.actor)?;
        let proposed: Value =
            serde_json::from_str(&stored.json).map_err(|error| HistoryError::Unreadable {
                position: stored.position,
                reason: error.to_string(),
            })?;
        let data = &proposed["data"];
        let time = match &data["time"] {
            Value::String(time) => Value::from(time.as_str()),
            _ => self.event.time.to_string().into(),
        };
        let body = json!({
            "specversion": "1.0",
            "id": decided_id(&stored.id),
            "source": stored.source,
            "type": data["type"],
            "time": time,
            "subject": stored.subject,
            "data": data["data"],
            "actor": self.actor,
        });
        let Value::Object(body) = body else {
            return Ok(None);
        };
        Ok(Some((Event::from_object(&body)?, body)))
    }

    /// Whether an act is legal, by `assess` with it and without.
    fn act(&self, event: &Event, confirmed: bool) -> Result<(), DecideError> {
        let case = self.case;
        let ask = Ask {
            as_of: self.now.max(event.time),
            known_at: case.head,
        };
        let event_at = (event, None);
        let effect = Effect::of(
            &case.history,
            &case.timeline,
            &case.developer,
            event_at,
            ask,
        )?;
        let (Some(before), Some(after)) = (effect.before(), effect.after()) else {
            let message = format!("`{}` is not registered at {}", event.subject, ask.as_of);
            return Err(Refusal::new(Code::SubjectUnknown, "/subject", message).into());
        };
        Ok(check_act(event, confirmed, &before, &after)?)
    }
}
