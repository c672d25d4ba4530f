//! A disk that loses its power: what may be left of the files after that, by a trace of how they
//! were written.
//!
//! Only what was synced is sure. Of what was written since, any part may be there, sector by
//! sector; a file that was made or removed may be there or not until its folder is synced; and what
//! a sync failed to write may never come, though a later sync goes well.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::trace::Call;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A folder of files on a disk.
pub(crate) struct Disk {
    folder: String,
    files: Vec<File>,
    /// The files as running programs see them.
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    /// What happened to names since the folder was synced, in order.
    pending_names: Vec<(String, Option<usize>)>,
}

#[derive(Clone, Default)]
struct File {
    synced: Vec<u8>,
    /// What happened to the file since it was synced, in order.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Truncate(length) => content.resize(*length, 0),
            Self::Write { offset, bytes } => put(content, *offset, bytes),
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl Disk {
    /// An empty folder.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_str().context("no text")?.to_owned(),
            files: Vec::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            pending_names: Vec::new(),
        })
    }

    /// Does what the call did. What a failed sync was to write is lost by the numbers.
    pub(crate) fn follow(&mut self, call: &Call, rng: &mut fastrand::Rng) -> Result<()> {
        // SQLite does not look whether a folder's sync went well, and may: file systems in use
        // write a name down with the first sync of its file.
        if call.path == self.folder && call.name == "fsync" {
            self.pending_names.clear();
            self.synced_names.clone_from(&self.names);
        }
        let Some(name) = call.path.strip_prefix(&*self.folder) else {
            return Ok(());
        };
        let name = name.trim_start_matches('/').to_owned();
        if name.is_empty() {
            return Ok(());
        }
        match &*call.name {
            "openat" if call.failed() => {}
            "openat" => {
                if call.arguments.contains("O_CREAT") && !self.names.contains_key(&name) {
                    self.files.push(File::default());
                    self.rename(name, Some(self.files.len() - 1));
                }
            }
            "unlink" if call.answer == "0" => self.rename(name, None),
            "pwrite64" if !call.failed() => {
                let offset = usize::try_from(call.offset()?)?;
                let bytes = call.bytes()?;
                self.change(&name, Change::Write { offset, bytes })?;
            }
            "ftruncate" if call.answer == "0" => {
                let length = call.arguments.parse()?;
                self.change(&name, Change::Truncate(length))?;
            }
            "fsync" | "fdatasync" => {
                let file = self.file(&name)?;
                let pending = std::mem::take(&mut file.pending);
                let written = |_: &&Change| !call.failed() || rng.bool();
                for change in pending.iter().filter(written) {
                    change.apply(&mut file.synced);
                }
            }
            "unlink" | "pwrite64" | "ftruncate" => {}
            other => bail!("`{other}` is not followed here"),
        }
        Ok(())
    }

    fn rename(&mut self, name: String, file: Option<usize>) {
        match file {
            Some(file) => self.names.insert(name.clone(), file),
            None => self.names.remove(&name),
        };
        self.pending_names.push((name, file));
    }

    fn file(&mut self, name: &str) -> Result<&mut File> {
        let file = self
            .names
            .get(name)
            .with_context(|| format!("no `{name}`"))?;
        self.files.get_mut(*file).context("no file")
    }

    fn change(&mut self, name: &str, change: Change) -> Result<()> {
        self.file(name)?.pending.push(change);
        Ok(())
    }

    /// Cuts the power, and writes what may be left into an empty folder.
    pub(crate) fn cut(&self, into: &Path, rng: &mut fastrand::Rng) -> Result<()> {
        let mut names = self.synced_names.clone();
        // Names change in order: what is lost of them is the end.
        let kept = rng.usize(..=self.pending_names.len());
        for (name, file) in &self.pending_names[..kept] {
            match file {
                Some(file) => names.insert(name.clone(), *file),
                None => names.remove(name),
            };
        }
        for (name, file) in names {
            ensure!(!into.join(&name).exists());
            fs::write(into.join(name), self.files[file].left(rng))?;
        }
        Ok(())
    }
}

impl File {
    /// What is on the disk, with any part of what may be.
    fn left(&self, rng: &mut fastrand::Rng) -> Vec<u8> {
        let mut left = self.synced.clone();
        // Much or little of it, so that whole transactions are left too.
        let share = rng.f64();
        for change in &self.pending {
            match change {
                Change::Truncate(_) => {
                    if rng.f64() < share {
                        change.apply(&mut left);
                    }
                }
                Change::Write { offset, bytes } => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        if rng.f64() < share {
                            put(&mut left, offset + number * SECTOR, sector);
                        }
                    }
                }
            }
        }
        left
    }
}
