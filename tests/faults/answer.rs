//! What a writer says, a line for each batch, as soon as it knows.
//!
//! What was said before the writer died is all that the outside world knows: every claim in it is
//! held against the log afterwards.

use serde::{Deserialize, Serialize};

use crate::plan::BatchName;

/// A line of a writer's stdout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The ledger is open.
    Opened,
    /// The batch is in the log.
    Acknowledged(Acknowledged),
    /// The batch was refused, and nothing of it is in the log.
    Refused { batch: BatchName, why: Refused },
    /// The store failed, and nothing of the batch is in the log.
    Failed { batch: BatchName, why: String },
    /// It is not known whether the batch is in the log.
    Unknown { batch: BatchName, why: String },
    /// The batch, sent again, is in the log: now, or from before.
    Settled { batch: BatchName, was_there: bool },
    /// The ledger could not be opened.
    NotOpened { why: String },
    /// The writer did what it was asked to and closed the ledger.
    Done,
}

impl Answer {
    /// What was acknowledged, if anything.
    pub(crate) fn acknowledged(&self) -> Option<&Acknowledged> {
        match self {
            Self::Acknowledged(acknowledged) => Some(acknowledged),
            _ => None,
        }
    }
}

/// A batch that is in the log, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    pub(crate) batch: BatchName,
    /// The position of its first event.
    pub(crate) first: u64,
    /// The position of its last.
    pub(crate) last: u64,
    /// When each was recorded, in microseconds.
    pub(crate) recordedtimes: Vec<i64>,
    /// The size of the tree that has them.
    pub(crate) tree_size: u64,
    /// Its root.
    pub(crate) root: String,
    /// The proof that the first of them is in it.
    pub(crate) proof: Vec<String>,
    /// Up to where the log was known when the batch was sent under a condition.
    pub(crate) since: Option<u64>,
}

/// Why a batch was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refused {
    /// The key of the event at that place in the batch is taken.
    KeyTaken(usize),
    /// Something came that the condition excludes; the head was there.
    ConditionFailed { head: u64 },
}
