//! The event store of the desk's aggregate: our ledger, thinly.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use standing_projections::{Event, Position, Refusal};

use super::{App, Known, StepTaken};
use crate::history::records::{DECIDING, Subject, load_app, load_books, load_subjects};
use crate::ledger::{AppendError, Condition, Ledger, NewEvent, Query, Recorded, StoreError};

pub(super) struct LedgerStore {
    ledger: Arc<dyn Ledger>,
}

impl LedgerStore {
    pub(super) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger }
    }
}

/// An aggregate as it was loaded, and up to where the log was known then.
pub(super) struct Loaded {
    id: String,
    app: App,
    since: Position,
    developer: Option<String>,
}

impl AggregateContext<App> for Loaded {
    fn aggregate(&mut self) -> &mut App {
        &mut self.app
    }
}

fn store_error(error: StoreError) -> AggregateError<Refusal> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}

impl EventStore<App> for LedgerStore {
    type AC = Loaded;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<App>>, AggregateError<Refusal>> {
        let query = Query {
            subjects: vec![aggregate_id.to_owned()],
            kinds: DECIDING.to_vec(),
            limit: usize::MAX,
            ..Query::default()
        };
        let stored = self.ledger.read(&query).await.map_err(store_error)?;
        let envelope = |stored: crate::ledger::StoredEvent| {
            let body = serde_json::from_str(&stored.json)
                .map_err(|error| AggregateError::DeserializationError(Box::new(error)))?;
            Ok(EventEnvelope {
                aggregate_id: aggregate_id.to_owned(),
                sequence: usize::try_from(stored.position.0).unwrap_or(usize::MAX),
                payload: StepTaken { body },
                metadata: HashMap::new(),
            })
        };
        stored.into_iter().map(envelope).collect()
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Loaded, AggregateError<Refusal>> {
        let ledger = &*self.ledger;
        let head = ledger.head().await.map_err(store_error)?.position;
        let ids = [aggregate_id.to_owned()];
        let found = load_subjects(ledger, &ids, head)
            .await
            .map_err(store_error)?;
        let subject = found.into_iter().find_map(|(_, subject)| subject);
        let timeline = load_books(ledger, head)
            .await
            .map_err(store_error)?
            .timeline;
        let mut loaded = Loaded {
            id: aggregate_id.to_owned(),
            app: App::default(),
            since: head,
            developer: None,
        };
        if let (Some(subject), Some(timeline)) = (subject, timeline) {
            let record = load_app(ledger, aggregate_id, &subject, head, &timeline).await;
            if let Subject::App { developer, .. } = &subject {
                loaded.developer = Some(developer.to_string());
            }
            loaded.app.known = record.map_err(store_error)?.map(|record| Known {
                record,
                timeline,
                head,
            });
        }
        Ok(loaded)
    }

    async fn commit(
        &self,
        events: Vec<StepTaken>,
        context: Loaded,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<App>>, AggregateError<Refusal>> {
        let mut batch = Vec::with_capacity(events.len());
        for taken in &events {
            let event = Event::from_object(&taken.body).map_err(AggregateError::UserError)?;
            let (body, developer) = (taken.body.clone(), context.developer.clone());
            batch.push(NewEvent {
                event,
                body,
                developer,
                target: None,
            });
        }
        let condition = Condition::NothingNewFor {
            since: context.since,
            subjects: vec![context.id.clone()],
            kinds: DECIDING.to_vec(),
        };
        let appended = match self.ledger.append(&batch, Recorded::Now, &condition).await {
            Ok(appended) => appended,
            Err(AppendError::ConditionFailed { .. } | AppendError::KeyTaken { .. }) => {
                return Err(AggregateError::AggregateConflict);
            }
            Err(error) => return Err(AggregateError::UnexpectedError(Box::new(error))),
        };
        let positions = appended.first.0..;
        Ok(positions
            .zip(events)
            .map(|(position, payload)| EventEnvelope {
                aggregate_id: context.id.clone(),
                sequence: usize::try_from(position).unwrap_or(usize::MAX),
                payload,
                metadata: metadata.clone(),
            })
            .collect())
    }
}
