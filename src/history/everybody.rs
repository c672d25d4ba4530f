//! Everybody's history, from a snapshot where there is one that the log bears out.

use std::path::Path;

use standing_projections::Position;
use standing_projections::facts::History;

use super::snapshot::{Snapshot, SnapshotError};
use super::{HistoryError, take};
use crate::ledger::{Ledger, Query, StoreError};
use crate::transfer::tree_of;

/// How often a snapshot is begun again that gave way to another one while it was read.
const TRIES: usize = 3;

/// What a history was begun with.
#[derive(Debug)]
pub enum Begun {
    /// A snapshot up to that position.
    Snapshot(Position),
    /// The first event of the log, as the snapshot was of no use.
    Log(Unused),
}

/// Why a snapshot is of no use for a question about a log.
#[derive(Debug, thiserror::Error)]
pub enum Unused {
    /// It cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It goes further than the log.
    #[error("it is of {position} events, and the log has {end}")]
    Newer {
        /// Up to where it is.
        position: Position,
        /// Where the log ends.
        end: Position,
    },
    /// It is of other events.
    #[error("it is of another log: the roots over the first {position} events differ")]
    OtherLog {
        /// Up to where it is.
        position: Position,
    },
    /// It is of no log.
    #[error("it is made up: no log is behind it")]
    MadeUp,
}

/// Everybody's history up to a position of a log, begun with a snapshot. Where that is of no use,
/// the log is read from its first event, which only takes longer. `progress` hears how far it is.
///
/// # Errors
/// Where the log cannot be read, or holds what this version does not understand.
pub async fn load_everybody(
    ledger: &dyn Ledger,
    snapshot: &Path,
    up_to: Position,
    progress: impl FnMut(Position),
) -> Result<(History, Begun), HistoryError> {
    let begun = begin(ledger, snapshot).await?;
    let (mut history, begun) = match begun {
        Ok(history) => {
            let position = history.head();
            (history.known_at(up_to), Begun::Snapshot(position))
        }
        Err(unused) => (History::default(), Begun::Log(unused)),
    };
    let tail = Query {
        after: history.head(),
        ..Query::default()
    };
    take(ledger, &mut history, tail, up_to, progress).await?;
    history.settle();
    history.shrink();
    Ok((history, begun))
}

/// The history of a snapshot, if it is one of this log.
async fn begin(ledger: &dyn Ledger, folder: &Path) -> Result<Result<History, Unused>, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let snapshot = match Snapshot::open(folder) {
            Ok(snapshot) => snapshot,
            Err(error) => return Ok(Err(error.into())),
        };
        if let Some(unused) = unfit(ledger, &snapshot).await? {
            return Ok(Err(unused));
        }
        match snapshot.read() {
            // Another snapshot may have taken its place meanwhile, and its tables are gone.
            Err(error) if error.is_file_missing() && tries < TRIES => {}
            read => return Ok(read.map_err(Unused::from)),
        }
    }
}

/// Why a snapshot is not one of this log; nothing, where it is.
async fn unfit(ledger: &dyn Ledger, snapshot: &Snapshot) -> Result<Option<Unused>, StoreError> {
    let position = snapshot.manifest().position;
    if snapshot.manifest().made_up {
        return Ok(Some(Unused::MadeUp));
    }
    let end = ledger.head().await?.position;
    if position > end {
        return Ok(Some(Unused::Newer { position, end }));
    }
    let tree = match snapshot.tree() {
        Ok(tree) => tree,
        Err(error) => return Ok(Some(error.into())),
    };
    let same = tree_of(ledger, position.0).await? == tree;
    Ok((!same).then_some(Unused::OtherLog { position }))
}
