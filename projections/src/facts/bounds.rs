//! What the numbers of a history's parts are held against, and what is wrong with those that fail.

use super::shape::POSITION_MAX;
use crate::event::{Kind, Position};

/// Why parts make no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Numbers are those of no fact.
    #[error("the {kind} at position {position} has a {what} that it cannot have")]
    Fact {
        /// Where.
        position: u64,
        /// Of which kind.
        kind: Kind,
        /// Which number.
        what: &'static str,
    },
    /// Something else has a number that it cannot have.
    #[error("the {what} of `{of}` cannot be that")]
    Value {
        /// What it is about.
        of: String,
        /// Which.
        what: &'static str,
    },
    /// Something is not in its order.
    #[error("the {what} of `{of}` are not in order")]
    Order {
        /// What it is about.
        of: String,
        /// Which.
        what: &'static str,
    },
    /// An id or a name is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
}

/// What the numbers of parts are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many names there are.
    pub names: usize,
    /// The last position.
    pub head: Position,
}

impl Bounds {
    /// The position of that number, if the log can have it.
    pub(super) fn position(self, position: u64) -> Result<Position, &'static str> {
        match (1..=self.head.0.min(POSITION_MAX)).contains(&position) {
            true => Ok(Position(position)),
            false => Err("position"),
        }
    }
}

pub(super) fn value(of: &str) -> impl Fn(&'static str) -> PartError {
    move |what| PartError::Value {
        of: of.to_owned(),
        what,
    }
}

pub(super) fn order(of: &str, what: &'static str) -> PartError {
    let of = of.to_owned();
    PartError::Order { of, what }
}
