//! A table on its way into its file.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use sha2::{Digest, Sha256};

use super::SnapshotError;
use super::manifest::{self, Written};
use super::table::Table;

/// How many rows are turned into columns at a time.
const ROWS: usize = 1 << 13;

/// Writes a table into its file, durably.
pub(super) fn table<R>(
    to: &Path,
    table: Table,
    portion: Option<usize>,
    rows: impl Iterator<Item = R>,
    columns: impl Fn(&[R]) -> Vec<ArrayRef>,
) -> Result<Written, SnapshotError> {
    let path = to.join(table.file(portion));
    let file = File::create_new(&path).map_err(|error| SnapshotError::file(&path, error))?;
    let mut out = Out::new(&path, table, file)?;
    let mut waiting = Vec::with_capacity(ROWS.min(rows.size_hint().0));
    for row in rows {
        waiting.push(row);
        if waiting.len() == ROWS {
            out.write(columns(&waiting))?;
            waiting.clear();
        }
    }
    if !waiting.is_empty() {
        out.write(columns(&waiting))?;
    }
    out.finish()
}

/// A table on its way into its file.
struct Out {
    path: PathBuf,
    table: Table,
    writer: ArrowWriter<Hashed>,
    rows: u64,
}

impl Out {
    fn new(path: &Path, table: Table, file: File) -> Result<Self, SnapshotError> {
        let form = |error| unwritten(path, error);
        let properties = table.properties().map_err(form)?;
        let file = Hashed {
            file,
            digest: Sha256::new(),
            bytes: 0,
        };
        let writer = ArrowWriter::try_new(file, table.schema(), Some(properties)).map_err(form)?;
        Ok(Self {
            path: path.to_owned(),
            table,
            writer,
            rows: 0,
        })
    }

    fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), SnapshotError> {
        let batch = RecordBatch::try_new(self.table.schema(), columns);
        let batch = batch.map_err(|error| SnapshotError::form(&self.path, error))?;
        self.rows += batch.num_rows() as u64;
        let done = self.writer.write(&batch);
        done.map_err(|error| unwritten(&self.path, error))
    }

    fn finish(self) -> Result<Written, SnapshotError> {
        let Self {
            path, rows, writer, ..
        } = self;
        let file = writer.into_inner();
        let Hashed {
            file,
            digest,
            bytes,
        } = file.map_err(|error| unwritten(&path, error))?;
        file.sync_all()
            .map_err(|error| SnapshotError::file(&path, error))?;
        Ok(Written {
            rows,
            bytes,
            sha256: manifest::hex(digest.finalize()),
        })
    }
}

/// Why a table was not written: often it is the disk.
fn unwritten(path: &Path, error: ParquetError) -> SnapshotError {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => SnapshotError::file(path, *error),
            Err(error) => SnapshotError::form(path, error),
        },
        error => SnapshotError::form(path, error),
    }
}

/// A file, with the digest of what was written to it.
struct Hashed {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
