//! Why a decision is not taken.

use standing_projections::Position;
use standing_projections::Refusal;
use standing_projections::decisions::Illegal;
use standing_projections::event::Kind;
use standing_projections::rules::RulesError;

use crate::history::HistoryError;
use crate::intake::AdmitError;
use crate::ledger::{AppendError, StoreError};

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It is not legal now.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// Its event would not be taken whatever the state is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The type is none that is decided.
    #[error("`{0}` is no decision: it is recorded as a fact")]
    NoDecision(Kind),
    /// The log has no such position.
    #[error("there is no event at position {0}")]
    NoSuchPosition(Position),
    /// It is about somebody whom whoever decides has no say in.
    #[error("nobody is known by that id here")]
    Foreign,
    /// Its key was used for another decision.
    #[error("the key was used for another decision, at position {0}")]
    KeyConflict(Position),
    /// Something came in between each time.
    #[error("something came in between {0} times; try again")]
    Overtaken(u32),
    /// A history could not be brought up.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Nothing can be judged.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log could not be appended to.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<AdmitError> for DecideError {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Store(error) => Self::Store(error),
            AdmitError::Append(error) => Self::Append(error),
            AdmitError::Contended(times) => Self::Overtaken(times),
        }
    }
}
