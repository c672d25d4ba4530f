//! Into a ledger.

use super::{Source, TransferError, tree_of};
use crate::ledger::tree::{Hash, TreeHead};
use crate::ledger::{AppendError, Ledger, Replica};

/// What a move came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How many events were there already.
    pub before: u64,
    /// The target's tree, which is the source's.
    pub tree: TreeHead,
}

/// Moves a log into a ledger that is empty or holds a beginning of it. `progress` hears how many
/// events there are so far.
///
/// # Errors
/// See [`TransferError`]; what was moved by then is there, and the next move goes on from it.
pub async fn into_ledger(
    source: &mut dyn Source,
    target: &dyn Ledger,
    mut progress: impl FnMut(u64),
) -> Result<Moved, TransferError> {
    let tree = source.tree();
    let before = target.head().await?.position.0;
    if before > tree.size {
        return Err(TransferError::Ahead {
            target: before,
            source_size: tree.size,
        });
    }
    let mut edge = source.skip(before).await?;
    if edge.head() != tree_of(target, before).await? {
        return Err(TransferError::OtherLog { size: before });
    }
    let mut batch = source.next().await?;
    while !batch.is_empty() {
        let leaves: Vec<Hash> = batch.iter().map(leaf).collect();
        edge.grow(&leaves);
        // The next are read while these are written.
        let (appended, next) = tokio::join!(target.replicate(batch), source.next());
        let there = appended.map_err(elsewhere)?.tree.head();
        if there.size > edge.size() {
            return Err(TransferError::OtherLog { size: there.size });
        }
        check(there, edge.head())?;
        progress(there.size);
        batch = next?;
    }
    check(edge.head(), tree)?;
    // What the store has now, and not only what it answered.
    check(tree_of(target, tree.size).await?, tree)?;
    for (size, note) in source.checkpoints().await? {
        target.keep_checkpoint(size, &note).await?;
    }
    Ok(Moved { before, tree })
}

fn leaf(replica: &Replica) -> Hash {
    Hash::of_leaf(replica.event.json.as_bytes())
}

/// Whoever else writes to the target while a log is moved into it makes another log of it.
fn elsewhere(error: AppendError) -> TransferError {
    match error {
        AppendError::ConditionFailed { head } => TransferError::OtherLog {
            size: head.position.0,
        },
        error => error.into(),
    }
}

pub(super) fn check(found: TreeHead, said: TreeHead) -> Result<(), TransferError> {
    if found == said {
        return Ok(());
    }
    Err(TransferError::Root {
        size: found.size,
        found: found.root,
        said: said.root,
    })
}
