//! Why a bundle cannot be made, and what can be wrong with one.

use standing_projections::Position;
use standing_projections::rules::RulesError;

use super::{BUNDLE_BYTES_MAX, FORMAT};
use crate::history::HistoryError;
use crate::ledger::StoreError;
use crate::ledger::tree::verify::ProofError;
use crate::proof::CheckpointError;
use crate::proof::log::LogError;

/// Why a bundle cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The log's tree.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There are no rules to judge by.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// There was no such developer at that instant.
    #[error("no developer `{0}` was registered by then")]
    NotRegistered(String),
    /// A rulebook names a calendar that there is no data of.
    #[error("there is no calendar `{0}`")]
    NoCalendar(String),
    /// There is too much to bundle.
    #[error("the bundle would have more than {BUNDLE_BYTES_MAX} bytes")]
    TooLarge,
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// What is wrong with a bundle: the first thing that is found, and nothing of it is to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// There is more of it than is ever read.
    #[error("it has more than {BUNDLE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is of another form.
    #[error("its format is `{0}`, and this program knows `{FORMAT}`")]
    Format(String),
    /// A line is not what it should be.
    #[error("line {line} is not {expected}")]
    Form {
        /// The line, from 1.
        line: u64,
        /// What it should be.
        expected: String,
    },
    /// The file ends too soon.
    #[error("it was cut off: {0}")]
    CutOff(String),
    /// There is more than the header says.
    #[error("there is more after the answer, from line {0} on")]
    More(u64),
    /// Nobody that is known has signed the checkpoint.
    #[error("the checkpoint in it: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The events are not in their order.
    #[error("the event at position {0} is there twice, or after a later one")]
    Order(Position),
    /// An event is later than what the question knows.
    #[error("the event is later than what was known, which ends at position {0}")]
    NotKnown(Position),
    /// The question knows more than the log held.
    #[error("the question knows position {known_at}, and the checkpoint ends at {size}")]
    Question {
        /// What it knows.
        known_at: Position,
        /// The checkpoint's size.
        size: u64,
    },
    /// The events do not make the signed root.
    #[error("the events are not those that the log has signed, or not all that were bundled: {0}")]
    NotIncluded(ProofError),
    /// What is in the log is no event.
    #[error("it is in the log, but is no event that this program knows: {0}")]
    Event(String),
    /// The event is somebody else's.
    #[error("the event is about `{0}`, which is neither the developer nor an app of it")]
    OtherDeveloper(String),
    /// The event speaks of one that is not there.
    #[error("the event speaks of `{0}`, which is not in the bundle before it")]
    Missing(String),
    /// A text is not that of its digest.
    #[error("the rulebook's text is not what its sha256 says")]
    RulebookText,
    /// The rulebooks cannot be judged by.
    #[error("its rulebooks: {0}")]
    Rulebooks(#[from] RulesError),
    /// It was judged by a calendar that this program does not have so.
    #[error(
        "it was judged by an edition of the calendar `{0}` that this program does not have: its rulebooks \
         name another, or its days are others"
    )]
    Calendar(String),
    /// The answer was changed after it was bundled.
    #[error("the answer is not what its sha256 says")]
    AnswerText,
    /// Nobody was registered.
    #[error("by these events no developer `{0}` was registered at that instant")]
    NotRegistered(String),
    /// The answer does not follow.
    #[error("these events and rulebooks give another answer, from its byte {0} on")]
    Answer(usize),
}

impl BundleError {
    /// A word for it that does not change, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Format(_) => "format",
            Self::Form { .. } | Self::More(_) => "form",
            Self::CutOff(_) => "cut_off",
            Self::Checkpoint(_) => "checkpoint",
            Self::Order(_) => "order",
            Self::NotKnown(_) | Self::Question { .. } => "question",
            Self::NotIncluded(_) => "not_included",
            Self::Event(_) => "event",
            Self::OtherDeveloper(_) => "other_developer",
            Self::Missing(_) => "missing",
            Self::RulebookText | Self::Rulebooks(_) => "rulebook",
            Self::Calendar(_) => "calendar",
            Self::AnswerText | Self::NotRegistered(_) | Self::Answer(_) => "answer",
        }
    }
}
