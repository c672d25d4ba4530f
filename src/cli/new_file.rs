//! A file that a command writes: there once it is whole, and never in the place of another.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;

/// A file that is being written, under a name of its own until it is kept.
pub(super) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl NewFile {
    /// Begins a file in the folder of `path`, where there must be none of that name. Nobody else may read it.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        Self::made(path, &tempfile::Builder::new())
    }

    /// As [`NewFile::create`], for whomever the process's mask lets read it.
    pub(super) fn to_share(path: &Path) -> Result<Self, Failure> {
        let mut made = tempfile::Builder::new();
        #[cfg(unix)]
        made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Self::made(path, &made)
    }

    fn made(path: &Path, made: &tempfile::Builder<'_, '_>) -> Result<Self, Failure> {
        if path.exists() {
            let message = format!("`{}` is there already", path.display());
            return Err(Failure::new(message).hint("name a file that is not there yet"));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = made.tempfile_in(folder).map_err(|error| {
            // The error names the file that was tried, which nobody asked for.
            let error = io::Error::from(error.kind());
            refused(path, &error)
        })?;
        let path = path.to_owned();
        Ok(Self { path, file })
    }

    /// What it cannot be written for.
    pub(super) fn refused(&self, error: &io::Error) -> Failure {
        refused(&self.path, error)
    }

    /// Its bytes, to be written.
    pub(super) fn writer(&self) -> Result<BufWriter<File>, Failure> {
        let file = self.file.as_file().try_clone();
        let file = file.map_err(|error| self.refused(&error))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    }

    /// The name it is to have.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Gives it its name, once what was written is on the disk.
    pub(super) fn keep(self) -> Result<(), Failure> {
        let Self { path, file } = self;
        let kept = file.as_file().sync_all();
        kept.and_then(|()| {
            let kept = file.persist_noclobber(&path);
            kept.map(drop).map_err(|error| error.error)
        })
        .map_err(|error| refused(&path, &error))
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be written: {error}", path.display()))
}
