//! The folder of a snapshot: in it a manifest, and the folder of the tables that it speaks of.
//!
//! Whoever writes holds a lock, so that there is one at a time; whoever reads needs none. A
//! process that ends at any moment leaves the manifest that was there or the new one, with its
//! tables; what else it leaves goes the next time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::manifest::{self, Manifest};
use super::{SnapshotError, table};

const LOCK: &str = "lock";
const NEW_MANIFEST: &str = "manifest.json.new";
const PREFIX: &str = "tables-";

/// Whether a name is one of those that folders of tables have.
pub(super) fn is_own_name(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    !rest.is_empty()
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// A folder that a snapshot is being written into.
pub(super) struct Writing {
    folder: PathBuf,
    /// The name of the new tables' folder.
    pub(super) name: String,
    /// Held until the end.
    _lock: File,
    published: bool,
}

impl Writing {
    /// Begins a new folder of tables, where nobody else does.
    pub(super) fn begin(folder: &Path, position: u64) -> Result<Self, SnapshotError> {
        let refused = |error| SnapshotError::file(folder, error);
        fs::create_dir_all(folder).map_err(refused)?;
        let lock = locked(folder)?;
        let mut number = 1;
        let name = loop {
            let name = format!("{PREFIX}{position}-{number}");
            match fs::create_dir(folder.join(&name)) {
                Ok(()) => break name,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(refused(error)),
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            name,
            _lock: lock,
            published: false,
        })
    }

    /// Where the tables go.
    pub(super) fn tables(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Makes this the snapshot of the folder, once its tables are durable.
    pub(super) fn publish(mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let (new, path) = (
            self.folder.join(NEW_MANIFEST),
            self.folder.join(manifest::FILE),
        );
        let refused = |error| SnapshotError::file(&path, error);
        let text = manifest::text(manifest).map_err(io::Error::from);
        let text = text.map_err(refused)?;
        sync(&self.tables()).map_err(refused)?;
        let mut file = File::create(&new).map_err(refused)?;
        file.write_all(text.as_bytes()).map_err(refused)?;
        file.sync_all().map_err(refused)?;
        fs::rename(&new, &path).map_err(refused)?;
        self.published = true;
        sync(&self.folder).map_err(refused)?;
        sweep(&self.folder, &self.name);
        Ok(())
    }
}

/// The lock of a folder, where nobody else holds it.
fn locked(folder: &Path) -> Result<File, SnapshotError> {
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(|error| SnapshotError::file(&path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SnapshotError::Busy {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(SnapshotError::file(folder, error)),
    }
}

/// Removes what writers that were ended left beside the snapshot of a folder, unless somebody writes.
pub(super) fn tidy(folder: &Path) {
    // Whoever wrote last may have been ended before it was done: what the manifest says is asked under the lock.
    if let Ok(_lock) = locked(folder)
        && let Ok(manifest) = manifest::read(folder)
    {
        let _ = fs::remove_file(folder.join(NEW_MANIFEST));
        sweep(folder, &manifest.folder);
    }
}

/// Removes the tables that the manifest does not speak of, those of writers that were ended included.
/// What cannot be removed does no harm.
fn sweep(folder: &Path, current: &str) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_own_name(&name) && name != current {
            remove(&entry.path());
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.published {
            remove(&self.tables());
            let _ = fs::remove_file(self.folder.join(NEW_MANIFEST));
        }
    }
}

/// Removes a folder of tables, and no file in it that is not one.
fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if table::is_own_file(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
