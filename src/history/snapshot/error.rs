//! Why a snapshot was not read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why a snapshot was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There is none in the folder.
    #[error("there is no snapshot in `{}`", folder.display())]
    Missing {
        /// Which.
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not the one that was written, or never was what it should be.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another version of this program wrote it.
    #[error("`{}` was written by another version of this program: its {what} are others", path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// Somebody else is writing it.
    #[error("another process is writing the snapshot in `{}`", folder.display())]
    Busy {
        /// Where.
        folder: PathBuf,
    },
    /// Rows could not be put into the form of a file.
    #[error("`{}` cannot be written: {reason}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl SnapshotError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::File { path, source }
    }

    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn form(path: &Path, reason: impl ToString) -> Self {
        Self::Form {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Whether a file was not there, as when another snapshot took the place of this one.
    #[must_use]
    pub fn is_file_missing(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
