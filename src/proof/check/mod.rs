//! Checking a whole ledger, as somebody does who believes nothing that it says of itself.
//!
//! Every event is hashed again and the tree made anew from that; what stands in columns, in the
//! tree's table and beside the log is compared with it, and so are the checkpoints that were kept
//! and one that the reader kept. Reading goes on while what was read is checked. Memory holds a few
//! batches and the developer of each app; the length of the log does not matter.
//!
//! A finding ends nothing: what is wrong is named, with its position, and the rest is checked.

mod beside;
mod finding;
mod read;
mod row;
mod tree;

use std::sync::Arc;

use standing_projections::Position;

use super::checkpoint::Checkpoint;
use super::key::VerifierKey;
use super::log::{self, LogError};
use crate::ledger::tree::TreeHead;
use crate::ledger::{Ledger, StoreError};
pub use finding::{Finding, Findings, Problem};
use read::{Batch, ahead};
use row::{Rows, Seen};
use tree::Tree;

/// What a ledger is held to beside itself.
#[derive(Clone, Debug, Default)]
pub struct HeldTo {
    /// The log's keys, the one that it has or those that it has had.
    pub keys: Vec<VerifierKey>,
    /// Whether every checkpoint that is kept must be signed by one of them; else those signed by
    /// other keys are passed over.
    pub all_signed: bool,
    /// A checkpoint that somebody kept.
    pub against: Option<Checkpoint>,
}

/// What was checked, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many events.
    pub events: u64,
    /// The tree, made anew from the events; none, where some are missing.
    pub tree: Option<TreeHead>,
    /// How many kept checkpoints, by their roots.
    pub checkpoints: u64,
    /// Of how many of them a signature.
    pub signatures: u64,
    /// What is kept beside the log.
    pub private: PrivateChecked,
    /// What is wrong.
    pub findings: Findings,
}

/// What events say in private, by what is left of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PrivateChecked {
    /// There, and compared with the commitment in the log.
    pub checked: u64,
    /// Erased, as the log says.
    pub erased: u64,
    /// Not here, without having been erased: a copy without private content.
    pub absent: u64,
}

/// Checks a ledger up to its present end. `progress` is told how many events are done.
///
/// # Errors
/// What the store says, where it cannot be asked at all.
pub async fn check(
    ledger: &Arc<dyn Ledger>,
    held_to: &HeldTo,
    mut progress: impl FnMut(u64),
) -> Result<Checked, StoreError> {
    let end = ledger.head().await?.position;
    let database = {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.integrity().await })
    };
    let mut findings = Findings::default();
    let mut private = PrivateChecked::default();
    let mut tree = Tree::new(held_to);
    let mut rows = Rows::default();
    let mut batches = ahead(ledger.clone(), end);
    while let Some(batch) = batches.recv().await {
        let Batch { rows: read, found } = batch?;
        for finding in found {
            finding
                .position
                .into_iter()
                .for_each(|at| rows.unreadable(at));
            findings.add(finding);
        }
        let seen;
        (rows, seen) = in_thread(move || rows.take(read)).await?;
        let Seen {
            hashes,
            found,
            refs,
            committed,
        } = seen;
        for finding in found {
            findings.add(finding);
        }
        beside::targets(&**ledger, &refs, &mut findings).await?;
        beside::private(&**ledger, &committed, &mut private, &mut findings).await?;
        tree.grow(&**ledger, &hashes, &mut findings).await?;
        progress(rows.last().0);
    }
    rows.finish(end)
        .into_iter()
        .for_each(|finding| findings.add(finding));
    let whole = rows.is_whole();
    tree.finish(&**ledger, whole, end, &mut findings).await?;
    if let Some(against) = &held_to.against
        && whole
        && !findings.has(|problem| matches!(problem, Problem::Rewritten(_)))
    {
        match log::consistency(&**ledger, against).await {
            Ok(_) => {}
            Err(LogError::Store(error)) => return Err(error),
            Err(_) => {
                let size = against.head.size;
                findings.add(Finding::of_all(Problem::Unproved { size }));
            }
        }
    }
    let complaints = database
        .await
        .map_err(|error| StoreError::failed(error.to_string()))??;
    for complaint in complaints {
        findings.add(Finding::of_all(Problem::Database(complaint)));
    }
    Ok(Checked {
        events: rows.count(),
        tree: whole.then(|| tree.head()),
        checkpoints: tree.checkpoints(),
        signatures: tree.signatures(),
        private,
        findings,
    })
}

/// Does what takes long without waiting in a thread for that.
async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::failed(error.to_string()))
}

/// The first position whose event a tile's entry covers, and the last.
fn covered(level: u8, number: u64) -> (Position, Position) {
    let width = 1_u64.checked_shl(8 * u32::from(level)).unwrap_or(0);
    let first = number.saturating_mul(width);
    (Position(first + 1), Position(first.saturating_add(width)))
}
