//! Why tables were not written.

use std::io;
use std::path::{Path, PathBuf};

use standing_projections::Position;

use super::Table;
use crate::ledger::StoreError;

/// Why tables were not written. Nothing of them is left then, and files that were there before are
/// as they were, but for an error while an export that replaces another one takes its place.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event of the log is not one this version understands.
    #[error("the event at position {position} cannot be read: {reason}")]
    Unreadable {
        /// Where.
        position: Position,
        /// Why.
        reason: String,
    },
    /// A file is there, and was not to be replaced.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A file or the folder could not be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Rows could not be put into the form of the file.
    #[error("the table `{table}` cannot be written: {reason}")]
    Form {
        /// Of which table.
        table: Table,
        /// Why.
        reason: String,
    },
}

impl ExportError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }
}

/// Why a file of a table could not be written, before it is known which.
#[derive(Debug)]
pub(super) enum FormError {
    Io(io::Error),
    Form(String),
}

impl FormError {
    pub(super) fn of(self, table: Table, path: &Path) -> ExportError {
        match self {
            Self::Io(source) => ExportError::file(path, source),
            Self::Form(reason) => ExportError::Form { table, reason },
        }
    }
}

impl From<io::Error> for FormError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
