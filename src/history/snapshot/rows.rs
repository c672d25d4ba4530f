//! A table's file, read row by row: its digest first, then its columns by their names.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt32Type,
};
use arrow_array::{Array, DictionaryArray, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use sha2::{Digest, Sha256};
use standing_projections::facts::PartError;

use super::SnapshotError;
use super::manifest::{Written, hex};
use super::table::Table;

/// How many rows are taken out of columns at a time.
const ROWS: usize = 1 << 14;

/// What is wrong with a table.
#[derive(Debug)]
pub(super) struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! from_display {
    ($($error:ty),+) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })+
    };
}

from_display!(&str, String, PartError, ArrowError, ParquetError);

/// A table that is to be read.
pub(super) struct TableFile {
    path: PathBuf,
    table: Table,
}

impl TableFile {
    pub(super) fn new(folder: &Path, table: Table, portion: Option<usize>) -> Self {
        let path = folder.join(table.file(portion));
        Self { path, table }
    }

    pub(super) fn damaged(&self, fault: impl Into<Fault>) -> SnapshotError {
        SnapshotError::damaged(&self.path, fault.into().0)
    }

    /// Gives its rows, in portions, once its bytes are known to be those that were written.
    pub(super) fn read(
        &self,
        written: &Written,
        mut each: impl FnMut(Rows<'_>) -> Result<(), Fault>,
    ) -> Result<(), SnapshotError> {
        let bytes = self.bytes(written)?;
        let read = || {
            let file = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
            if file.schema().fields() != self.table.schema().fields() {
                return Err("the columns are others".into());
            }
            let all = self.table.schema();
            let needed = all.fields().iter().map(|field| field.name().as_str());
            let needed = needed.filter(|name| !self.table.is_for_others(name));
            let needed = ProjectionMask::columns(file.parquet_schema(), needed);
            let batches = file.with_projection(needed).with_batch_size(ROWS).build()?;
            let mut rows = 0;
            for batch in batches {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                each(Rows(&batch))?;
            }
            match rows == written.rows {
                true => Ok(()),
                false => Err("the number of rows is another".into()),
            }
        };
        // Bytes that somebody made to do harm, and sealed, can make the decoder panic.
        let read = catch_unwind(AssertUnwindSafe(read));
        let read = read.unwrap_or_else(|_| Err("it cannot be decoded".into()));
        read.map_err(|fault: Fault| self.damaged(fault))
    }

    /// Its bytes, which are those that were written.
    fn bytes(&self, written: &Written) -> Result<Bytes, SnapshotError> {
        let refused = |error| SnapshotError::file(&self.path, error);
        let file = File::open(&self.path).map_err(refused)?;
        let length = file.metadata().map_err(refused)?.len();
        if length != written.bytes {
            return Err(self.damaged("its length is another"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(length).read_to_end(&mut bytes).map_err(refused)?;
        if hex(Sha256::digest(&bytes)) != written.sha256 {
            return Err(self.damaged("it is not what was written"));
        }
        Ok(bytes.into())
    }
}

/// Some rows of a table.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a>(&'a RecordBatch);

impl<'a> Rows<'a> {
    /// How many.
    pub(super) fn len(self) -> usize {
        self.0.num_rows()
    }

    fn column<A: 'static>(self, name: &str) -> Result<&'a A, Fault> {
        let column = self.0.column_by_name(name);
        let column = column.and_then(|column| column.as_any().downcast_ref());
        column.ok_or_else(|| format!("the column `{name}` is another").into())
    }

    fn numbers<T: ArrowPrimitiveType>(self, name: &str) -> Result<&'a [T::Native], Fault> {
        Ok(self.column::<PrimitiveArray<T>>(name)?.values())
    }

    pub(super) fn u8s(self, name: &str) -> Result<&'a [u8], Fault> {
        self.numbers::<UInt8Type>(name)
    }

    pub(super) fn i64s(self, name: &str) -> Result<&'a [i64], Fault> {
        self.numbers::<Int64Type>(name)
    }

    /// Instants, in microseconds since 1970.
    pub(super) fn instants(self, name: &str) -> Result<&'a [i64], Fault> {
        self.numbers::<TimestampMicrosecondType>(name)
    }

    /// Dates, in days since 1970.
    pub(super) fn dates(self, name: &str) -> Result<&'a [i32], Fault> {
        self.numbers::<Date32Type>(name)
    }

    pub(super) fn maybe_u32s(self, name: &str) -> Result<&'a PrimitiveArray<UInt32Type>, Fault> {
        self.column(name)
    }

    pub(super) fn maybe_i64s(self, name: &str) -> Result<&'a PrimitiveArray<Int64Type>, Fault> {
        self.column(name)
    }

    pub(super) fn texts(self, name: &str) -> Result<impl Iterator<Item = &'a str>, Fault> {
        let texts: &StringArray = self.column(name)?;
        Ok((0..texts.len()).map(|row| texts.value(row)))
    }

    /// Words of a closed set, each text looked up once.
    pub(super) fn words<W: Copy>(
        self,
        name: &str,
        from_text: impl Fn(&str) -> Option<W>,
    ) -> Result<Vec<W>, Fault> {
        let unknown = || Fault(format!("the column `{name}` has an unknown word"));
        let column: &DictionaryArray<UInt8Type> = self.column(name)?;
        let texts: &StringArray = column
            .values()
            .as_any()
            .downcast_ref()
            .ok_or_else(unknown)?;
        let words = (0..texts.len()).map(|number| from_text(texts.value(number)));
        let words: Vec<Option<W>> = words.collect();
        let keys = column.keys().values().iter();
        let found = keys.map(|key| words.get(usize::from(*key)).copied().flatten());
        found.collect::<Option<_>>().ok_or_else(unknown)
    }
}
