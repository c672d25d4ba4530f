//! What the log says of the events in an explanation.

use std::collections::BTreeMap;

use standing_projections::explain::{self, EventNote, Graph};

use super::HistoryError;
use crate::ledger::{Ledger, Query};

/// The explanation, with what the ledger has of the events in it. `show` says what of each may be told.
///
/// # Errors
/// Where the log cannot be read.
pub async fn explained(
    ledger: &dyn Ledger,
    asked: &explain::Question<'_>,
    show: impl Fn(EventNote) -> EventNote,
) -> Result<Graph, HistoryError> {
    let mut notes = BTreeMap::new();
    for position in explain::events_needed(asked) {
        let query = Query {
            after: standing_projections::Position(position.0.saturating_sub(1)),
            up_to: Some(position),
            limit: 1,
            ..Query::default()
        };
        let Some(stored) = ledger.read(&query).await?.into_iter().next() else {
            continue;
        };
        let unreadable = |error: serde_json::Error| HistoryError::Unreadable {
            position,
            reason: error.to_string(),
        };
        let mut body: serde_json::Value = serde_json::from_str(&stored.json).map_err(unreadable)?;
        let note = EventNote {
            id: stored.id,
            source: stored.source,
            time: stored.time,
            recordedtime: Some(stored.recordedtime),
            kind: stored.kind,
            subject: stored.subject,
            data: body["data"].take(),
        };
        notes.insert(position, show(note));
    }
    Ok(explain::explain(asked, &notes))
}
