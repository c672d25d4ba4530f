//! Writing the log out as plain files ([`super::tiles`]), to be served by any web server.
//!
//! Whatever is there already stays, so a run that was stopped is carried on by the next one. A file
//! appears whole or not at all, and the checkpoint comes last: whoever reads it finds everything
//! that it speaks of. Leaves hold no private content, so neither does a file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use standing_projections::Position;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::log::{LogError, Rewritten, tree_head};
use super::note::NOTE_BYTES_MAX;
use super::sign::Signed;
use super::tiles::{LEAF_BYTES_MAX, bundle_path, push_leaf, tile, tile_path};
use crate::ledger::tree::{Hash, LEVELS, TILE_WIDTH, TileId, entries};
use crate::ledger::{Ledger, StoreError, StoredRow};

/// How many bundles are read at a time.
const BUNDLES: u64 = 16;

/// The bytes of a hash.
const HASH_BYTES: u64 = 32;

/// Why the files were not all written.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The ledger.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file or a folder.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The folder has a `checkpoint` that is none.
    #[error("`{}` is no checkpoint: {error}", .path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        error: CheckpointError,
    },
    /// The folder holds the log of somebody else.
    #[error("the folder holds the log `{found}`, and this one is `{origin}`")]
    OtherLog {
        /// The log that is there.
        found: String,
        /// The log that was to be written.
        origin: String,
    },
    /// A leaf is longer than a bundle can hold.
    #[error(
        "the event at position {position} has {bytes} bytes, and a file of the log holds at most \
         {LEAF_BYTES_MAX} of an event"
    )]
    LeafTooLong {
        /// Which event.
        position: Position,
        /// How long it is.
        bytes: usize,
    },
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// How many files.
    pub written: u64,
    /// How many were there already.
    pub kept: u64,
}

/// Writes the tree of a checkpoint, its events and the checkpoint itself into a folder. `progress` is
/// told how many events are done.
///
/// # Errors
/// See [`PublishError`]. What was written is right as far as it goes, and the folder's checkpoint is
/// still the old one.
pub async fn publish(
    ledger: &dyn Ledger,
    folder: &Path,
    signed: &Signed,
    mut progress: impl FnMut(u64),
) -> Result<Published, PublishError> {
    let Checkpoint { origin, head } = &signed.checkpoint;
    let found = tree_head(ledger, head.size).await?.root;
    if found != head.root {
        let (origin, signed) = (origin.clone(), *head);
        return Err(LogError::Rewritten(Rewritten::Other {
            origin,
            signed,
            found,
        })
        .into());
    }
    let mut files = Files {
        folder,
        covered: covered(ledger, folder, signed).await?,
        done: Published::default(),
    };
    files
        .whole_bundles(ledger, head.size, &mut progress)
        .await?;
    files.whole_tiles(ledger, head.size).await?;
    files.parts(ledger, head.size).await?;
    progress(head.size);
    files.write("checkpoint", signed.note.as_bytes())?;
    Ok(files.done)
}

/// The size of the log that the folder holds already.
async fn covered(ledger: &dyn Ledger, folder: &Path, signed: &Signed) -> Result<u64, PublishError> {
    let path = folder.join("checkpoint");
    let note = match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > NOTE_BYTES_MAX as u64 => Vec::new(),
        Ok(_) => fs::read(&path).map_err(|source| file(&path, source))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(file(&path, error)),
    };
    let there =
        Checkpoint::claimed(&note).map_err(|error| PublishError::NotACheckpoint { path, error })?;
    let origin = &signed.checkpoint.origin;
    if there.origin != *origin {
        let (found, origin) = (there.origin, origin.clone());
        return Err(PublishError::OtherLog { found, origin });
    }
    let size = signed.checkpoint.head.size;
    let (origin, claimed) = (there.origin, there.head);
    let rewritten = if claimed.size > size {
        Rewritten::Shorter {
            origin,
            signed: claimed,
            found: size,
        }
    } else {
        match tree_head(ledger, claimed.size).await?.root {
            root if root == claimed.root => return Ok(claimed.size),
            found => Rewritten::Other {
                origin,
                signed: claimed,
                found,
            },
        }
    };
    Err(LogError::Rewritten(rewritten).into())
}

fn file(path: &Path, source: io::Error) -> PublishError {
    let path = path.to_owned();
    PublishError::File { path, source }
}

/// The folder, as far as it is written.
struct Files<'a> {
    folder: &'a Path,
    /// How many events its checkpoint covered, whose files need not be looked into.
    covered: u64,
    done: Published,
}

impl Files<'_> {
    /// The bundles with 256 events, and the tiles of their hashes.
    async fn whole_bundles(
        &mut self,
        ledger: &dyn Ledger,
        size: u64,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), PublishError> {
        let whole = size / TILE_WIDTH;
        let mut number = 0;
        while number < whole {
            let until = whole.min(number + BUNDLES);
            let mut missing = number..until;
            while !missing.is_empty() && self.has_bundle(missing.start)? {
                missing.start += 1;
            }
            if !missing.is_empty() {
                let rows = leaves(ledger, missing.start, (until - missing.start) * TILE_WIDTH);
                for (number, rows) in missing.zip(rows.await?.chunks(256)) {
                    self.write(&bundle_path(number, TILE_WIDTH), &bundle(rows)?)?;
                    let id = TileId { level: 0, number };
                    self.write(&tile_path(id, TILE_WIDTH), &tile(&hashes(rows)))?;
                }
            }
            for number in number..until {
                let id = TileId { level: 0, number };
                self.remove_parts(&bundle_path(number, TILE_WIDTH))?;
                self.remove_parts(&tile_path(id, TILE_WIDTH))?;
            }
            progress(until * TILE_WIDTH);
            number = until;
        }
        Ok(())
    }

    /// Whether a bundle and its tile are there from before.
    fn has_bundle(&mut self, number: u64) -> Result<bool, PublishError> {
        let id = TileId { level: 0, number };
        let there = self.is_covered(id)
            && self.length(&bundle_path(number, TILE_WIDTH))?.is_some()
            && self.length(&tile_path(id, TILE_WIDTH))? == Some(TILE_WIDTH * HASH_BYTES);
        self.done.kept += if there { 2 } else { 0 };
        Ok(there)
    }

    /// The whole tiles of the levels above the leaves.
    async fn whole_tiles(&mut self, ledger: &dyn Ledger, size: u64) -> Result<(), PublishError> {
        for level in 1..LEVELS {
            for number in 0..entries(size, level) / TILE_WIDTH {
                let id = TileId { level, number };
                let path = tile_path(id, TILE_WIDTH);
                let length = self.length(&path)?.filter(|_| self.is_covered(id));
                if length == Some(TILE_WIDTH * HASH_BYTES) {
                    self.done.kept += 1;
                } else {
                    let hashes = tile_hashes(ledger, id, TILE_WIDTH).await?;
                    self.write(&path, &tile(&hashes))?;
                }
                self.remove_parts(&path)?;
            }
        }
        Ok(())
    }

    /// The last tile of each level, which is not whole, as wide as it was at each checkpoint.
    async fn parts(&mut self, ledger: &dyn Ledger, size: u64) -> Result<(), PublishError> {
        for level in 0..LEVELS {
            let there = entries(size, level);
            let (number, width) = (there / TILE_WIDTH, there % TILE_WIDTH);
            if width == 0 {
                continue;
            }
            let id = TileId { level, number };
            let widths = widths(ledger, size, id, width).await?;
            let rows = match level {
                0 => leaves(ledger, number, width).await?,
                _ => Vec::new(),
            };
            let all = match level {
                0 => hashes(&rows),
                _ => tile_hashes(ledger, id, width).await?,
            };
            for width in widths {
                let until = usize::try_from(width).unwrap_or(usize::MAX);
                if let Some(rows) = rows.get(..until) {
                    self.write(&bundle_path(number, width), &bundle(rows)?)?;
                }
                let hashes = all.get(..until).unwrap_or(&all);
                self.write(&tile_path(id, width), &tile(hashes))?;
            }
        }
        Ok(())
    }

    /// Whether the folder's checkpoint covered a whole tile.
    fn is_covered(&self, id: TileId) -> bool {
        entries(self.covered, id.level) / TILE_WIDTH > id.number
    }

    /// How long a file is; none, where it is not there.
    fn length(&self, path: &str) -> Result<Option<u64>, PublishError> {
        let path = self.folder.join(path);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len()).filter(|_| metadata.is_file())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file(&path, error)),
        }
    }

    /// Writes a file, unless the same is there.
    fn write(&mut self, path: &str, content: &[u8]) -> Result<(), PublishError> {
        let path = self.folder.join(path);
        if fs::read(&path).is_ok_and(|there| there == content) {
            self.done.kept += 1;
            return Ok(());
        }
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| write_whole(&path, content))
            .map_err(|source| file(&path, source))?;
        self.done.written += 1;
        Ok(())
    }

    /// Removes the parts of a tile, once it is there whole.
    fn remove_parts(&self, whole: &str) -> Result<(), PublishError> {
        let path = self.folder.join(format!("{whole}.p"));
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file(&path, error)),
            _ => Ok(()),
        }
    }
}

/// Writes a file so that it is there whole or not at all, for everybody to read.
///
/// # Errors
/// What the file system says.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file, less what the process's mask takes.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// Rows of the log from a bundle on, which are known to be those that their hashes are of.
async fn leaves(
    ledger: &dyn Ledger,
    bundle: u64,
    count: u64,
) -> Result<Vec<StoredRow>, PublishError> {
    let after = Position(bundle * TILE_WIDTH);
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    let rows = ledger.rows(after, limit).await?;
    for (position, row) in (after.0 + 1..).zip(&rows) {
        let hash = Hash::of_leaf(row.json.as_bytes());
        if row.position.cast_unsigned() != position || row.hash != hash.0 {
            return Err(LogError::NotInTree(Position(position)).into());
        }
    }
    if rows.len() as u64 != count {
        return Err(LogError::Incomplete.into());
    }
    Ok(rows)
}

fn hashes(rows: &[StoredRow]) -> Vec<Hash> {
    let hashes = rows.iter().filter_map(|row| Hash::from_slice(&row.hash));
    hashes.collect()
}

/// The entries of a tile.
async fn tile_hashes(
    ledger: &dyn Ledger,
    id: TileId,
    width: u64,
) -> Result<Vec<Hash>, PublishError> {
    let hashes = ledger
        .hashes(id.level, id.number * TILE_WIDTH, width)
        .await?;
    if hashes.len() as u64 != width {
        return Err(LogError::Incomplete.into());
    }
    Ok(hashes)
}

/// The bundle of these rows.
fn bundle(rows: &[StoredRow]) -> Result<Vec<u8>, PublishError> {
    let mut bundle = Vec::with_capacity(rows.iter().map(|row| row.json.len() + 2).sum());
    for row in rows {
        push_leaf(&mut bundle, row.json.as_bytes()).ok_or_else(|| PublishError::LeafTooLong {
            position: Position(row.position.cast_unsigned()),
            bytes: row.json.len(),
        })?;
    }
    Ok(bundle)
}

/// The widths that the last tile of a level had in the trees that were signed, and has in this one.
async fn widths(
    ledger: &dyn Ledger,
    size: u64,
    id: TileId,
    width: u64,
) -> Result<BTreeSet<u64>, PublishError> {
    let mut widths = BTreeSet::from([width]);
    let first = id.number * TILE_WIDTH;
    let shift = 8 * u32::from(id.level);
    // The least size of a tree in which the tile is that wide.
    let least = |width: u64| (first + width) << shift;
    let mut from = least(1);
    while let Some((kept, _)) = ledger.checkpoints(from, 1).await?.pop() {
        if kept > size {
            break;
        }
        let width = entries(kept, id.level) - first;
        widths.insert(width);
        from = least(width + 1);
    }
    Ok(widths)
}
