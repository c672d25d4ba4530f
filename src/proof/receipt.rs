//! What somebody who sent an event is told of it: where it is, and the proof of it.

use std::collections::HashMap;

use standing_projections::{Instant, Position};

use super::log::LogError;
use crate::ledger::tree::{Hash, Paths, TreeHead};
use crate::ledger::{Appended, Ledger, Query, StoredEvent};

/// That an event is in the log: where, since when, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where it is.
    pub position: Position,
    /// When the ledger took it.
    pub recordedtime: Instant,
    /// The hash of its leaf.
    pub leaf: Hash,
    /// A tree that it is in.
    pub tree: TreeHead,
    /// The hashes beside the way from the leaf to the root, from the leaf on.
    pub path: Vec<Hash>,
}

impl Receipt {
    /// The receipt of an event that an append has added; `paths` are those of the append's tree. None for
    /// other positions.
    #[must_use]
    pub fn of_append(appended: &Appended, paths: &mut Paths, position: Position) -> Option<Self> {
        let place = position.0.checked_sub(appended.first.0)?;
        let place = usize::try_from(place).ok()?;
        let recordedtime = *appended.recordedtimes.get(place)?;
        Self::new(paths, position, recordedtime)
    }

    /// The receipt of the event at a position, recorded then; none where hashes are missing.
    #[must_use]
    pub fn new(paths: &mut Paths, position: Position, recordedtime: Instant) -> Option<Self> {
        let index = position.0.checked_sub(1)?;
        Some(Self {
            position,
            recordedtime,
            leaf: paths.leaf(index)?,
            tree: paths.head(),
            path: paths.inclusion(index)?,
        })
    }
}

/// The receipts of events of the log, in the tree that it has now, by position.
///
/// # Errors
/// [`LogError::NoSuchPosition`], where the log has none there.
pub async fn receipts(
    ledger: &dyn Ledger,
    mut positions: Vec<Position>,
) -> Result<HashMap<Position, Receipt>, LogError> {
    positions.sort_unstable();
    positions.dedup();
    let (mut leaves, mut receipts) = (Vec::new(), HashMap::with_capacity(positions.len()));
    // What is asked for is mostly what was sent in one go, and stands together in the log.
    for run in positions.chunk_by(|one, next| one.0 + 1 == next.0) {
        leaves.extend(leaves_of(ledger, run).await?);
    }
    let size = ledger.head().await?.position.0;
    let indices: Vec<u64> = leaves.iter().map(|leaf| leaf.position.0 - 1).collect();
    let tiles = ledger.tiles(size, &indices).await?;
    let mut paths = Paths::new(tiles).ok_or(LogError::Incomplete)?;
    for leaf in leaves {
        let receipt = Receipt::new(&mut paths, leaf.position, leaf.recordedtime);
        let receipt = receipt.ok_or(LogError::Incomplete)?;
        if receipt.leaf != Hash::of_leaf(leaf.json.as_bytes()) {
            return Err(LogError::NotInTree(leaf.position));
        }
        receipts.insert(leaf.position, receipt);
    }
    Ok(receipts)
}

/// The events at neighbouring positions.
async fn leaves_of(ledger: &dyn Ledger, run: &[Position]) -> Result<Vec<StoredEvent>, LogError> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return Ok(Vec::new());
    };
    let query = Query {
        after: Position(first.0.saturating_sub(1)),
        up_to: Some(*last),
        limit: run.len(),
        ..Query::default()
    };
    let found = ledger.read(&query).await?;
    if found.len() < run.len() || first.0 == 0 {
        let end = ledger.head().await?.position;
        let position = if first.0 == 0 { *first } else { *last };
        return Err(LogError::NoSuchPosition { position, end });
    }
    Ok(found)
}
