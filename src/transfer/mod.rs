//! A log moved as it is: to another ledger, into an archive, and out of one.
//!
//! Positions, recorded times, leaves and so the tree's root are the same afterwards, and whoever
//! moves a log shows it: the tree is built anew from what was written and compared with the one that
//! was read. What is moved is a beginning of the log, up to where it ended when the move began, so
//! that others may go on writing. A move that was stopped goes on where it stopped, once the part
//! that is there is shown to be a beginning of the same log.

mod archive;
mod into;

use std::sync::Arc;

use async_trait::async_trait;
use standing_projections::Position;

use crate::ledger::tree::{Edge, Hash, TreeHead};
use crate::ledger::{AppendError, Ledger, Query, Replica, StoreError};
use crate::proof::hash_to_text;

pub use archive::{ArchiveReader, write_archive};
pub use into::{Moved, into_ledger};

/// How many events are moved at a time.
const PAGE: usize = 1_000;

/// Why a log was not moved, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The log that is read, or the one that is written, failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A file failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The archive is none, or is damaged.
    #[error("line {line} of the archive: {reason}")]
    Archive {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The target holds events, and they are not the first of this log.
    #[error("the target holds another log: its {size} events are not the first {size} of this one")]
    OtherLog {
        /// How many events the target has.
        size: u64,
    },
    /// The target holds more than the source.
    #[error("the target has {target} events, more than the {source_size} that are to be moved")]
    Ahead {
        /// How many events the target has.
        target: u64,
        /// How many the source has.
        source_size: u64,
    },
    /// What was read does not make the tree that the source says it is.
    #[error(
        "the first {size} events that were read make the root {}, where the source says {}",
        hash_to_text(*.found), hash_to_text(*.said)
    )]
    Root {
        /// Of how many events.
        size: u64,
        /// The root that they make.
        found: Hash,
        /// The root that they should make.
        said: Hash,
    },
}

/// A log to be read, up to a fixed end.
#[async_trait]
pub trait Source: Send {
    /// The tree over what is to be moved.
    fn tree(&self) -> TreeHead;

    /// Goes past the first events, as many as that, and gives the edge of their tree.
    async fn skip(&mut self, size: u64) -> Result<Edge, TransferError>;

    /// The next events; none at the end.
    async fn next(&mut self) -> Result<Vec<Replica>, TransferError>;

    /// The signed checkpoints that were kept, of trees no larger than the one that is moved, once
    /// all events were read.
    async fn checkpoints(&mut self) -> Result<Vec<(u64, String)>, TransferError>;
}

/// A ledger as a source.
pub struct LedgerSource {
    ledger: Arc<dyn Ledger>,
    tree: TreeHead,
    private: bool,
    next: Position,
}

impl LedgerSource {
    /// The log of a ledger up to its present end, with what is private or without.
    ///
    /// # Errors
    /// What the store says.
    pub async fn new(ledger: Arc<dyn Ledger>, private: bool) -> Result<Self, TransferError> {
        let size = ledger.head().await?.position.0;
        let tree = tree_of(&*ledger, size).await?;
        Ok(Self {
            ledger,
            tree,
            private,
            next: Position(0),
        })
    }
}

#[async_trait]
impl Source for LedgerSource {
    fn tree(&self) -> TreeHead {
        self.tree
    }

    async fn skip(&mut self, size: u64) -> Result<Edge, TransferError> {
        let mut tiles = Vec::new();
        for (level, from, width) in Edge::needed(size) {
            tiles.push(self.ledger.hashes(level, from, width).await?);
        }
        self.next = Position(size);
        Edge::of(size, tiles).ok_or_else(|| missing(size).into())
    }

    async fn next(&mut self) -> Result<Vec<Replica>, TransferError> {
        let query = Query {
            after: self.next,
            up_to: Some(Position(self.tree.size)),
            limit: PAGE,
            ..Query::default()
        };
        let events = self.ledger.read(&query).await?;
        let positions: Vec<Position> = events.iter().map(|event| event.position).collect();
        let private = match self.private {
            true => self.ledger.private(&positions).await?,
            false => vec![None; positions.len()],
        };
        self.next = positions.last().copied().unwrap_or(self.next);
        let both = events.into_iter().zip(private);
        Ok(both
            .map(|(event, private)| Replica { event, private })
            .collect())
    }

    async fn checkpoints(&mut self) -> Result<Vec<(u64, String)>, TransferError> {
        let kept = self.ledger.checkpoints(0, usize::MAX).await?;
        let kept = kept.into_iter();
        Ok(kept.filter(|(size, _)| *size <= self.tree.size).collect())
    }
}

fn missing(size: u64) -> StoreError {
    StoreError::Damaged {
        detail: format!("hashes of the tree over {size} events are missing"),
    }
}

/// The tree over the first events of a ledger, from the hashes that it keeps.
///
/// # Errors
/// What the store says; [`StoreError::Damaged`] where hashes are missing.
pub async fn tree_of(ledger: &dyn Ledger, size: u64) -> Result<TreeHead, StoreError> {
    let tiles = ledger.tiles(size, &[]).await?;
    tiles.head().ok_or_else(|| missing(size))
}
