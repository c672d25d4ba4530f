//! Why a command failed, for the person who typed it.

use std::fmt::Display;
use std::io;

use crate::ledger::OpenError;

/// A message, and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) hints: Vec<String>,
    closed_pipe: bool,
}

impl Failure {
    pub(super) fn new(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            hints: Vec::new(),
            closed_pipe: false,
        }
    }

    pub(super) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Whether the reader of stdout went away, which is its good right.
    pub(super) const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            closed_pipe,
            ..Self::new(error)
        }
    }
}

macro_rules! from_display {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error)
            }
        })+
    };
}

from_display!(
    crate::access::AccessError,
    crate::history::HistoryError,
    crate::intake::AdmitError,
    crate::intake::PublishError,
    crate::ledger::StoreError,
    standing_projections::Refusal,
    serde_json::Error,
);

impl From<standing_projections::rules::RulesError> for Failure {
    fn from(error: standing_projections::rules::RulesError) -> Self {
        use standing_projections::rules::RulesError;
        let failure = Self::new(&error);
        match error {
            RulesError::None => failure.hint("publish one with `standing rules publish FILE`"),
            RulesError::Invalid(invalid) => match invalid.hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            },
            _ => failure,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let failure = Self::new(&error);
        match error {
            OpenError::Missing { .. } => failure
                .hint("make one with `standing init --preset weibo`, or name it with `--ledger`"),
            OpenError::WrongUrl { .. } => {
                failure.hint("it looks like `postgres://ann@localhost:5432/standing`")
            }
            OpenError::Unreachable { .. } => {
                failure.hint("make sure that the server runs there and takes connections")
            }
            OpenError::NoDatabase { database, .. } => failure.hint(format_args!(
                "make it with `createdb -E UTF8 -T template0 {database}`"
            )),
            OpenError::Denied { .. } => failure.hint(
                "check the account and its password; whoever makes a ledger must be allowed to \
                 create in the schema, as the owner of a database is",
            ),
            OpenError::NotUnicode { .. } => {
                failure.hint("make a database with `createdb -E UTF8 -T template0 NAME`")
            }
            _ => failure,
        }
    }
}
