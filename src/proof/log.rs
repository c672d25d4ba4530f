//! What is proved of a ledger, from the hashes that it keeps.
//!
//! A proof takes at most two tiles of each level, so its cost does not grow with the log. Nothing
//! here reads an event but the one that is asked for; whether the events are those that the hashes
//! are of is for [`super::check`] to say.

use standing_projections::Position;

use super::checkpoint::Checkpoint;
use crate::ledger::tree::{Hash, TreeHead, verify};
use crate::ledger::{Ledger, Query, StoreError, StoredEvent};

/// Why something cannot be shown of a ledger.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log has no event there.
    #[error("the log has no position {position}: it ends at {end}")]
    NoSuchPosition {
        /// What was asked for.
        position: Position,
        /// The last position.
        end: Position,
    },
    /// Hashes of the tree are missing.
    #[error("the ledger is damaged: hashes of its tree are missing")]
    Incomplete,
    /// An event is not the one that the tree was made of.
    #[error("the ledger is damaged: the event at position {0} is not the one that its tree holds")]
    NotInTree(Position),
    /// The log is not a continuation of one that was signed.
    #[error("{0}")]
    Rewritten(Rewritten),
}

/// That a log is not a continuation of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rewritten {
    /// There are fewer events than were signed.
    #[error(
        "events were taken out of the log: `{origin}` has signed {signed}, and {found} are there",
        signed = .signed.size
    )]
    Shorter {
        /// The log's name.
        origin: String,
        /// What was signed.
        signed: TreeHead,
        /// How many events there are.
        found: u64,
    },
    /// The first events are others.
    #[error(
        "the log was rewritten: its first {size} events are not those that `{origin}` has signed",
        size = .signed.size
    )]
    Other {
        /// The log's name.
        origin: String,
        /// What was signed.
        signed: TreeHead,
        /// The root over as many events now.
        found: Hash,
    },
}

/// The tree over the first `size` events.
///
/// # Errors
/// [`LogError::NoSuchPosition`], where there are fewer.
pub async fn tree_head(ledger: &dyn Ledger, size: u64) -> Result<TreeHead, LogError> {
    let end = ledger.head().await?.position;
    if size > end.0 {
        let position = Position(size);
        return Err(LogError::NoSuchPosition { position, end });
    }
    let tiles = ledger.tiles(size, &[]).await?;
    tiles.head().ok_or(LogError::Incomplete)
}

/// The event at a position.
///
/// # Errors
/// [`LogError::NoSuchPosition`].
pub async fn event_at(ledger: &dyn Ledger, position: Position) -> Result<StoredEvent, LogError> {
    let query = Query {
        after: Position(position.0.saturating_sub(1)),
        up_to: Some(position),
        limit: 1,
        ..Query::default()
    };
    let found = ledger.read(&query).await?.into_iter().next();
    match found.filter(|event| event.position == position) {
        Some(event) => Ok(event),
        None => {
            let end = ledger.head().await?.position;
            Err(LogError::NoSuchPosition { position, end })
        }
    }
}

/// The hashes that lead from the event at a position to the root of a tree, which are known to do so
/// when this returns.
///
/// # Errors
/// [`LogError::NotInTree`], where the event's hash is not the one that the tree has.
pub async fn inclusion(
    ledger: &dyn Ledger,
    event: &StoredEvent,
    tree: TreeHead,
) -> Result<Vec<Hash>, LogError> {
    let index = event.position.0.saturating_sub(1);
    let tiles = ledger.tiles(tree.size, &[index]).await?;
    let path = tiles.inclusion(index).ok_or(LogError::Incomplete)?;
    let leaf = Hash::of_leaf(event.json.as_bytes());
    verify::inclusion(leaf, index, tree, &path).map_err(|_| LogError::NotInTree(event.position))?;
    Ok(path)
}

/// Shows that the log goes on from a checkpoint: that the checkpoint's tree is the beginning of the
/// log's, by a consistency proof that is checked. The tree of the whole log, and the proof.
///
/// # Errors
/// [`LogError::Rewritten`], where it is not.
pub async fn consistency(
    ledger: &dyn Ledger,
    older: &Checkpoint,
) -> Result<(TreeHead, Vec<Hash>), LogError> {
    let (origin, signed) = (older.origin.clone(), older.head);
    let size = ledger.head().await?.position.0;
    if signed.size > size {
        let found = size;
        return Err(LogError::Rewritten(Rewritten::Shorter {
            origin,
            signed,
            found,
        }));
    }
    let last = signed.size.saturating_sub(1);
    let tiles = ledger.tiles(size, &[last]).await?;
    let head = tiles.head().ok_or(LogError::Incomplete)?;
    let path = match signed.size {
        0 => Vec::new(),
        size => tiles.consistency(size).ok_or(LogError::Incomplete)?,
    };
    if verify::consistency(signed, head, &path).is_err() {
        let found = tree_head(ledger, signed.size).await?.root;
        return Err(LogError::Rewritten(Rewritten::Other {
            origin,
            signed,
            found,
        }));
    }
    Ok((head, path))
}
