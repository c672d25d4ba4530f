//! What the log says of the events in an explanation.

use std::collections::BTreeMap;

use standing_projections::Position;
use standing_projections::explain::{self, EventNote, Graph};

use super::HistoryError;
use crate::ledger::{Ledger, StoredEvent};

/// How many events are asked for at once.
const AT_ONCE: usize = 1_000;

/// The explanation, with what the ledger has of the events in it. `show` says what of each may be told.
///
/// # Errors
/// Where the log cannot be read.
pub async fn explained(
    ledger: &dyn Ledger,
    asked: &explain::Question<'_>,
    show: impl Fn(EventNote) -> EventNote,
) -> Result<Graph, HistoryError> {
    let needed: Vec<Position> = explain::events_needed(asked).into_iter().collect();
    let mut notes = BTreeMap::new();
    for some in needed.chunks(AT_ONCE) {
        for stored in ledger.events(some).await? {
            let (position, note) = note(stored)?;
            notes.insert(position, show(note));
        }
    }
    Ok(explain::explain(asked, &notes))
}

fn note(stored: StoredEvent) -> Result<(Position, EventNote), HistoryError> {
    let position = stored.position;
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
    Ok((position, note))
}
