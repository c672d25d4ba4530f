//! From the log to the facts the rules read: all of them, or those of some developers.
//!
//! A history is brought up from the log, or from a snapshot that the log bears out, and can be thrown
//! away; it depends on a ledger and on the rules' crate, and judges nothing.

mod everybody;
mod known_at;
mod notes;
pub mod published;
pub(crate) mod records;
pub mod snapshot;
pub mod trail;

use std::collections::BTreeSet;

use standing_projections::event::Kind;
use standing_projections::facts::History;
use standing_projections::{Event, Position};

use crate::ledger::{Ledger, Query, StoreError, StoredEvent};

pub use everybody::{Begun, Unused, load_everybody};
pub use known_at::KnownAt;
pub use notes::explained;

/// How many events are read at a time.
const PAGE: usize = 10_000;

/// Why a history could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log is not one this version understands.
    #[error("the event at position {position} cannot be read: {reason}")]
    Unreadable {
        /// Where.
        position: Position,
        /// Why.
        reason: String,
    },
}

/// Whose facts are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// These developers'.
    Developers(Vec<String>),
}

/// The history of a scope, with every rulebook, up to a position.
///
/// # Errors
/// Where the log cannot be read, or holds what this version does not understand.
pub async fn load(
    ledger: &dyn Ledger,
    scope: &Scope,
    up_to: Position,
) -> Result<History, HistoryError> {
    let mut history = History::default();
    match scope {
        Scope::All => take(ledger, &mut history, Query::default(), up_to, |_| ()).await?,
        Scope::Developers(developers) => {
            let kinds = vec![Kind::RulebookPublished];
            take(
                ledger,
                &mut history,
                Query {
                    kinds,
                    ..Query::default()
                },
                up_to,
                |_| (),
            )
            .await?;
            for developer in developers.iter().collect::<BTreeSet<_>>() {
                let query = Query {
                    developer: Some(developer.clone()),
                    ..Query::default()
                };
                take(ledger, &mut history, query, up_to, |_| ()).await?;
            }
        }
    }
    history.settle();
    history.shrink();
    Ok(history)
}

/// Brings the history of everybody up to a position from the one that it has come to.
///
/// # Errors
/// As [`load`].
pub async fn catch_up(
    ledger: &dyn Ledger,
    history: &mut History,
    up_to: Position,
) -> Result<(), HistoryError> {
    let query = Query {
        after: history.head(),
        ..Query::default()
    };
    take(ledger, history, query, up_to, |_| ()).await?;
    history.settle();
    Ok(())
}

/// Takes what a query finds up to a position, from where it begins. `progress` hears how far it is.
async fn take(
    ledger: &dyn Ledger,
    history: &mut History,
    query: Query,
    up_to: Position,
    mut progress: impl FnMut(Position),
) -> Result<(), HistoryError> {
    let mut after = query.after;
    loop {
        let page = Query {
            after,
            up_to: Some(up_to),
            limit: PAGE,
            ..query.clone()
        };
        let events = ledger.read(&page).await?;
        for stored in &events {
            history.take(stored.position, &event_of(stored)?, stored.target);
            progress(stored.position);
        }
        match events.last() {
            Some(last) if events.len() == PAGE => after = last.position,
            _ => return Ok(()),
        }
    }
}

/// A stored event, typed.
///
/// # Errors
/// Where this version does not understand it.
pub fn event_of(stored: &StoredEvent) -> Result<Event, HistoryError> {
    let unreadable = |reason: String| HistoryError::Unreadable {
        position: stored.position,
        reason,
    };
    let json = serde_json::from_str(&stored.json).map_err(|error| unreadable(error.to_string()))?;
    Event::from_leaf(&json).map_err(|refusal| unreadable(refusal.to_string()))
}
