//! Where tables go: a folder in which each file is whole or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{ExportError, Format, Manifest, Table};

/// The name of the manifest's file.
pub const MANIFEST: &str = "export.json";

/// A folder that takes an export, and what is to be in it.
#[derive(Debug)]
pub struct Destination {
    folder: PathBuf,
    /// Whether the folder was made for this, and is to go where nothing comes of it.
    made: bool,
    pub(super) tables: Vec<Table>,
    pub(super) format: Format,
    replace: bool,
}

/// A file under a temporary name, gone unless it is given its own.
pub(super) struct Staged {
    name: String,
    written: TempPath,
}

impl Destination {
    /// The folder, made where it is not there. `tables` are written in the order of [`Table::ALL`],
    /// each once. With `replace`, files of these names give way.
    ///
    /// # Errors
    /// [`ExportError::File`] where the folder is none or cannot be made, [`ExportError::Exists`].
    pub fn open(
        folder: &Path,
        tables: &[Table],
        format: Format,
        replace: bool,
    ) -> Result<Self, ExportError> {
        let mut tables = tables.to_vec();
        tables.sort_unstable();
        tables.dedup();
        let mut destination = Self {
            folder: folder.to_owned(),
            made: false,
            tables,
            format,
            replace,
        };
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(|error| ExportError::file(folder, error))?;
            destination.made = true;
        }
        let names = destination.tables.iter().map(|table| table.file(format));
        for name in names.chain([MANIFEST.to_owned()]) {
            let path = folder.join(name);
            if !replace && path.symlink_metadata().is_ok() {
                return Err(ExportError::Exists { path });
            }
        }
        Ok(destination)
    }

    /// A file of the folder, by its name.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new file in the folder under a temporary name. Others may read it, as the umask says.
    pub(super) fn begin(&self) -> Result<(File, TempPath), ExportError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".export-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(&self.folder);
        let file = file.map_err(|error| ExportError::file(&self.folder, error))?;
        Ok(file.into_parts())
    }

    /// A file that is written, once it is durable.
    pub(super) fn stage(
        &self,
        name: String,
        file: &File,
        written: TempPath,
    ) -> Result<Staged, ExportError> {
        let durable = file.sync_all();
        durable.map_err(|error| ExportError::file(&self.path(&name), error))?;
        Ok(Staged { name, written })
    }

    /// Gives all files their names, the manifest's last.
    pub(super) fn publish(
        mut self,
        mut staged: Vec<Staged>,
        manifest: &Manifest,
    ) -> Result<(), ExportError> {
        let path = self.path(MANIFEST);
        let refused = |error| ExportError::file(&path, error);
        let (mut file, written) = self.begin()?;
        let text = serde_json::to_string_pretty(manifest).map_err(io::Error::from);
        let text = text.map_err(refused)?;
        writeln!(file, "{text}").map_err(refused)?;
        staged.push(self.stage(MANIFEST.to_owned(), &file, written)?);
        if self.replace {
            // No manifest may speak of files that are no longer the ones it was written with.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(refused(error));
                }
                _ => {}
            }
        }
        let mut named: Vec<PathBuf> = Vec::new();
        for Staged { name, written } in staged {
            let path = self.path(&name);
            let done = match self.replace {
                true => written.persist(&path),
                false => written.persist_noclobber(&path),
            };
            if let Err(error) = done {
                for path in named.iter().filter(|_| !self.replace) {
                    let _ = fs::remove_file(path);
                }
                return Err(match error.error {
                    error if error.kind() == io::ErrorKind::AlreadyExists => {
                        ExportError::Exists { path }
                    }
                    error => ExportError::file(&path, error),
                });
            }
            named.push(path);
        }
        self.made = false;
        Ok(())
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if self.made {
            // It goes only if it is empty.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}
