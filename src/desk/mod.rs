//! Decisions that need the state so far: steps of an app's review, inspections, reports, key and
//! listing, as commands of a cqrs-es aggregate over the ledger.
//!
//! The aggregate holds an `AppRecord` of the rules' crate and asks it; the event store reads and
//! appends to the ledger and nothing else. A decision is appended under the condition that nothing
//! it depends on has come since it was made.

mod case;
pub mod decisions;
mod judged;
mod refused;
mod store;
mod waiting;

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, DomainEvent};
use serde_json::{Map, Value};
use standing_projections::legality::AppRecord;
use standing_projections::rules::Timeline;
use standing_projections::{Event, Position, Refusal};

use crate::ledger::{AppendError, Ledger, StoreError};
use store::LedgerStore;

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It is not legal.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something it depends on came in between: decide again.
    #[error("the log has moved since the decision was made")]
    Overtaken,
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log could not be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// An app, as far as decisions about it go.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct App {
    #[serde(skip)]
    known: Option<Known>,
}

struct Known {
    record: AppRecord,
    timeline: Arc<Timeline>,
    head: Position,
}

/// A step to be taken.
pub struct TakeStep {
    event: Event,
    body: Map<String, Value>,
}

/// A step that was taken: the event, as it was sent.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StepTaken {
    /// The event's JSON.
    pub body: Map<String, Value>,
}

impl DomainEvent for StepTaken {
    fn event_type(&self) -> String {
        let kind = self.body.get("type").and_then(Value::as_str);
        kind.unwrap_or_default().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for App {
    const TYPE: &'static str = "app";
    type Command = TakeStep;
    type Event = StepTaken;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: TakeStep,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        if let Some(known) = &self.known {
            known
                .record
                .check(command.event.time, &command.event.data)?;
        }
        sink.write(StepTaken { body: command.body }, self).await;
        Ok(())
    }

    fn apply(&mut self, taken: StepTaken) {
        let (Some(known), Ok(event)) = (&mut self.known, Event::from_leaf(&taken.body)) else {
            return;
        };
        known.head.0 += 1;
        known
            .record
            .record(known.head, event.time, &event.data, None, &known.timeline);
    }
}

/// Where decisions are taken.
pub struct Desk {
    framework: CqrsFramework<App, LedgerStore>,
}

impl Desk {
    /// The desk of a ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            framework: CqrsFramework::new(LedgerStore::new(ledger), Vec::new(), ()),
        }
    }

    /// Takes a step of the app that is the event's subject, if it is legal.
    ///
    /// # Errors
    /// [`DeskError::Refused`] where it is not, [`DeskError::Overtaken`] where something that it
    /// depends on came in between, and what the ledger says.
    pub async fn step(&self, event: &Event, body: &Map<String, Value>) -> Result<(), DeskError> {
        let command = TakeStep {
            event: event.clone(),
            body: body.clone(),
        };
        match self.framework.execute(&event.subject, command).await {
            Ok(()) => Ok(()),
            Err(AggregateError::UserError(refusal)) => Err(DeskError::Refused(refusal)),
            Err(AggregateError::AggregateConflict) => Err(DeskError::Overtaken),
            Err(
                AggregateError::DatabaseConnectionError(error)
                | AggregateError::DeserializationError(error)
                | AggregateError::UnexpectedError(error),
            ) => Err(match error.downcast::<StoreError>() {
                Ok(error) => DeskError::Store(*error),
                Err(error) => match error.downcast::<AppendError>() {
                    Ok(error) => DeskError::Append(*error),
                    Err(_) => DeskError::Overtaken,
                },
            }),
        }
    }
}
