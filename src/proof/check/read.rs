//! Reading ahead of the checks, past rows that cannot be read.

use std::collections::VecDeque;
use std::sync::Arc;

use standing_projections::Position;
use tokio::sync::mpsc::{self, Receiver};

use super::finding::{Finding, Problem};
use crate::ledger::{Ledger, StoreError, StoredRow};

/// How many rows are read at a time.
const ROWS: usize = 1_024;

/// How many times that many are being read at once.
const READING: usize = 2;

/// How many batches wait to be checked.
const WAITING: usize = 2;

/// Rows, and those among them that could not be read.
pub(super) struct Batch {
    pub(super) rows: Vec<StoredRow>,
    pub(super) found: Vec<Finding>,
}

/// The rows up to a position, read in tasks of their own: the next are asked for while the last are
/// taken apart.
pub(super) fn ahead(ledger: Arc<dyn Ledger>, end: Position) -> Receiver<Result<Batch, StoreError>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut reading = VecDeque::new();
        let mut after = Position(0);
        loop {
            while after < end && reading.len() < READING {
                let until = Position(end.0.min(after.0 + ROWS as u64));
                let ledger = ledger.clone();
                reading.push_back(tokio::spawn(
                    async move { batch(&*ledger, after, until).await },
                ));
                after = until;
            }
            let Some(batch) = reading.pop_front() else {
                break;
            };
            let batch = batch.await;
            let batch = batch.unwrap_or_else(|error| Err(StoreError::failed(error.to_string())));
            let failed = batch.is_err();
            if sender.send(batch).await.is_err() || failed {
                break;
            }
        }
    });
    receiver
}

/// The rows after a position, up to another.
async fn batch(ledger: &dyn Ledger, after: Position, until: Position) -> Result<Batch, StoreError> {
    let wanted = usize::try_from(until.0 - after.0).unwrap_or(ROWS);
    match ledger.rows(after, wanted).await {
        Ok(mut rows) => {
            // Where some are missing, the rows reach past the end.
            rows.retain(|row| row.position.cast_unsigned() <= until.0);
            let found = Vec::new();
            Ok(Batch { rows, found })
        }
        Err(StoreError::Damaged { .. }) => one_by_one(ledger, after, until).await,
        Err(error) => Err(error),
    }
}

/// As [`batch`], where there is a row among them that cannot be read.
async fn one_by_one(
    ledger: &dyn Ledger,
    mut after: Position,
    until: Position,
) -> Result<Batch, StoreError> {
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    while after < until {
        match ledger.rows(after, 1).await.map(|mut rows| rows.pop()) {
            Ok(Some(row)) if row.position.cast_unsigned() <= until.0 => {
                after = Position(row.position.cast_unsigned().max(after.0 + 1));
                rows.push(row);
            }
            Ok(_) => break,
            Err(StoreError::Damaged { detail }) => {
                after.0 += 1;
                found.push(Finding::at(after, Problem::Unreadable(detail)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Batch { rows, found })
}
