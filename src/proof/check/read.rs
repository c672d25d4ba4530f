//! Reading ahead of the checks, past rows that cannot be read.

use std::sync::Arc;

use standing_projections::Position;
use tokio::sync::mpsc::{self, Receiver};

use super::finding::{Finding, Problem};
use crate::ledger::{Ledger, StoreError, StoredRow};

/// How many rows are read at a time.
const ROWS: usize = 1_024;

/// How many batches wait to be checked.
const WAITING: usize = 4;

/// How many rows in a row that cannot be read are stepped over before the end is taken for lost.
const UNREADABLE_MAX: u64 = 64;

/// Rows, and those among them that could not be read.
pub(super) struct Batch {
    pub(super) rows: Vec<StoredRow>,
    pub(super) found: Vec<Finding>,
}

/// The rows up to a position, read in a task of its own.
pub(super) fn ahead(ledger: Arc<dyn Ledger>, end: Position) -> Receiver<Result<Batch, StoreError>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut after = Position(0);
        while after < end {
            let batch = batch(&*ledger, &mut after, end).await;
            let last =
                !matches!(&batch, Ok(batch) if !batch.rows.is_empty() || !batch.found.is_empty());
            if sender.send(batch).await.is_err() || last {
                break;
            }
        }
    });
    receiver
}

/// The next rows after a position, which moves with them.
async fn batch(
    ledger: &dyn Ledger,
    after: &mut Position,
    end: Position,
) -> Result<Batch, StoreError> {
    let wanted = usize::try_from(end.0 - after.0).unwrap_or(ROWS).min(ROWS);
    match ledger.rows(*after, wanted).await {
        Ok(rows) => {
            if let Some(row) = rows.last() {
                // A row whose position is none has come from elsewhere; it must not turn us back.
                after.0 = row.position.cast_unsigned().max(after.0 + 1);
            }
            let found = Vec::new();
            Ok(Batch { rows, found })
        }
        Err(StoreError::Damaged { .. }) => one_by_one(ledger, after, end, wanted).await,
        Err(error) => Err(error),
    }
}

/// As [`batch`], where there is a row among them that cannot be read.
async fn one_by_one(
    ledger: &dyn Ledger,
    after: &mut Position,
    end: Position,
    wanted: usize,
) -> Result<Batch, StoreError> {
    let (mut rows, mut found, mut unreadable) = (Vec::new(), Vec::new(), 0);
    while rows.len() + found.len() < wanted && *after < end {
        match ledger.rows(*after, 1).await.map(|mut rows| rows.pop()) {
            Ok(Some(row)) => {
                after.0 = row.position.cast_unsigned().max(after.0 + 1);
                rows.push(row);
                unreadable = 0;
            }
            Ok(None) => {
                *after = end;
            }
            Err(StoreError::Damaged { detail }) => {
                after.0 += 1;
                found.push(Finding::at(*after, Problem::Unreadable(detail)));
                unreadable += 1;
                if unreadable == UNREADABLE_MAX {
                    *after = end;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Batch { rows, found })
}
