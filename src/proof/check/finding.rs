//! What can be wrong with a ledger, said of a position so that a person can look there.

use standing_projections::Position;

use crate::proof::CheckpointError;
use crate::proof::log::Rewritten;

/// How many findings are kept with what they say; the rest are counted.
const KEPT_MAX: usize = 1_000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, if it is of one position.
    pub position: Option<Position>,
    /// What.
    pub problem: Problem,
}

impl Finding {
    pub(super) const fn at(position: Position, problem: Problem) -> Self {
        let position = Some(position);
        Self { position, problem }
    }

    pub(super) const fn of_all(problem: Problem) -> Self {
        let position = None;
        Self { position, problem }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Positions are missing, from the finding's on.
    #[error("there are no events from here to position {to}")]
    Gap {
        /// The last that is missing.
        to: Position,
    },
    /// The row cannot be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The leaf does not have the hash that stands beside it.
    #[error("the event is not the one that its hash was made of")]
    Hash,
    /// The leaf is no event.
    #[error("what is stored is no event: {0}")]
    Leaf(String),
    /// A column says something else than the leaf.
    #[error("the column `{column}` says `{stored}`, and the event says `{event}`")]
    Column {
        /// Which.
        column: &'static str,
        /// What it says.
        stored: String,
        /// What the leaf says.
        event: String,
    },
    /// The event was recorded before the one before it.
    #[error("the event was recorded before the one before it")]
    RecordedTime,
    /// An entry of the tree is another, or missing.
    #[error("the tree's entry {number} of level {level}, over the events to position {to}, is {}", if *.missing { "missing" } else { "another" })]
    Tree {
        /// The entry's level.
        level: u8,
        /// Its number.
        number: u64,
        /// The last position that it covers.
        to: Position,
        /// Whether there is none at all.
        missing: bool,
    },
    /// The tree has more entries than the events make.
    #[error("the tree has an entry {number} of level {level}, for which there are too few events")]
    TreeTooLarge {
        /// The entry's level.
        level: u8,
        /// Its number.
        number: u64,
    },
    /// What is kept beside the log is not what the log commits to.
    #[error("the private content beside the event is not what the event commits to")]
    Private,
    /// What was erased is still there.
    #[error(
        "the private content beside the event is there, and the event at position {by} has erased it"
    )]
    NotErased {
        /// The `private.erased`.
        by: Position,
    },
    /// There is private content beside an event that commits to none.
    #[error("there is private content beside the event, which commits to none")]
    PrivateUnknown,
    /// A checkpoint that is kept is none, or not signed as it should be.
    #[error("the kept checkpoint of {size} events: {error}")]
    Checkpoint {
        /// The size that it is kept under.
        size: u64,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The log is not a continuation of what was signed.
    #[error(transparent)]
    Rewritten(#[from] Rewritten),
    /// Whether it is cannot be said, because events are missing.
    #[error("the log cannot be compared with the checkpoint of {size} events: events are missing")]
    Incomparable {
        /// The checkpoint's size.
        size: u64,
    },
    /// The stored hashes do not prove it, though the events do.
    #[error(
        "the stored hashes do not prove that the log goes on from the checkpoint of {size} events"
    )]
    Unproved {
        /// The checkpoint's size.
        size: u64,
    },
    /// What the database finds wrong with its files.
    #[error("the database: {0}")]
    Database(String),
}

impl Problem {
    /// A word for it that does not change, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::Unreadable(_) => "unreadable",
            Self::Hash => "hash",
            Self::Leaf(_) => "event",
            Self::Column { .. } => "column",
            Self::RecordedTime => "recordedtime",
            Self::Tree { .. } | Self::TreeTooLarge { .. } => "tree",
            Self::Private | Self::NotErased { .. } | Self::PrivateUnknown => "private",
            Self::Checkpoint { .. } => "checkpoint",
            Self::Rewritten(_) => "rewritten",
            Self::Incomparable { .. } => "incomparable",
            Self::Unproved { .. } => "unproved",
            Self::Database(_) => "database",
        }
    }
}

/// Findings, of which no more are kept than a person reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(finding);
        }
    }

    pub(super) fn has(&self, problem: impl Fn(&Problem) -> bool) -> bool {
        self.kept.iter().any(|finding| problem(&finding.problem))
    }

    /// The first thousand, in the order in which they were found.
    #[must_use]
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}
