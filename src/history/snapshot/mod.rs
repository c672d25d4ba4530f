//! A history kept in files, to start from: `standing snapshot`.
//!
//! A snapshot is a folder with a manifest and, in a folder of its own beside it, tables in Apache
//! Parquet that other programs read too: names, rulebooks, and for each portion of developers their
//! registrations, facts, usage, outage ids and retractions. The log remains the only truth: a
//! snapshot can be deleted at any time, and whoever reads it holds it against the log first.
//!
//! What must stay true:
//! - The manifest is written last, under a temporary name, and takes its place in one step. Its
//!   tables are never written again, and go once another manifest speaks of others.
//! - No byte is read as Parquet before the file's SHA-256 is the manifest's, and no number becomes
//!   a fact before it was looked at: damage is an error, never another answer.
//! - A snapshot holds facts, and nothing that follows from them.

mod deal;
mod decode;
mod error;
mod folder;
mod manifest;
mod out;
mod read;
mod rows;
mod table;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use standing_projections::Position;
use standing_projections::facts::History;

use crate::ledger::tree::TreeHead;
use crate::proof::hash_from_text;
pub use error::SnapshotError;
pub use manifest::{Manifest, Portion, Written};

/// A snapshot in its folder.
///
/// ```
/// use standing::history::snapshot::{Origin, Snapshot};
/// use standing_projections::facts::History;
/// let folder = tempfile::tempdir().unwrap();
/// Snapshot::write(folder.path(), &History::default(), Origin::MadeUp).unwrap();
/// let snapshot = Snapshot::open(folder.path()).unwrap();
/// assert!(snapshot.manifest().made_up);
/// assert_eq!(snapshot.read().unwrap().developers().len(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    folder: PathBuf,
    manifest: Manifest,
}

/// What a history that is kept is the history of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of a log, whose tree up to the history's head that is.
    Log(TreeHead),
    /// Of nothing: it was made up.
    MadeUp,
}

impl Snapshot {
    /// The snapshot of a folder, as its manifest says.
    ///
    /// # Errors
    /// [`SnapshotError::Missing`], [`SnapshotError::File`], [`SnapshotError::Damaged`],
    /// [`SnapshotError::Version`].
    pub fn open(folder: &Path) -> Result<Self, SnapshotError> {
        Ok(Self {
            manifest: manifest::read(folder)?,
            folder: folder.to_owned(),
        })
    }

    /// The history, read by as many threads as there are.
    ///
    /// # Errors
    /// [`SnapshotError::File`], [`SnapshotError::Damaged`].
    pub fn read(&self) -> Result<History, SnapshotError> {
        read::history(&self.folder.join(&self.manifest.folder), &self.manifest)
    }

    /// Keeps a history in a folder, in the place of what was kept there before.
    ///
    /// # Errors
    /// [`SnapshotError::Busy`], [`SnapshotError::File`], [`SnapshotError::Form`]; what was there
    /// before is there still.
    pub fn write(folder: &Path, history: &History, origin: Origin) -> Result<Self, SnapshotError> {
        Ok(Self {
            manifest: write::snapshot(folder, history, origin)?,
            folder: folder.to_owned(),
        })
    }

    /// Removes what writers that were ended left beside it, unless somebody writes now.
    pub fn tidy(&self) {
        folder::tidy(&self.folder);
    }

    /// What it says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Up to which position of the log it is, and the tree there.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`], where the root is none.
    pub fn tree(&self) -> Result<TreeHead, SnapshotError> {
        let Position(size) = self.manifest.position;
        match hash_from_text(&self.manifest.root) {
            Some(root) => Ok(TreeHead { size, root }),
            None => {
                let path = self.folder.join(manifest::FILE);
                Err(SnapshotError::damaged(&path, "the root is no hash"))
            }
        }
    }
}
