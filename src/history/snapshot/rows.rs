//! A table's file, read row by row: its digest first, then its columns by their names.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
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

/// Deals rows out to those they belong to: so many to each, in order.
pub(super) struct Deal<T, I> {
    counts: I,
    /// To whom rows go now, and how many more.
    now: Option<(T, u64)>,
}

impl<T: Copy, I: Iterator<Item = (T, u64)>> Deal<T, I> {
    pub(super) fn new(mut counts: I) -> Self {
        let now = counts.next();
        Self { counts, now }
    }

    /// Deals some rows out, a range to each.
    pub(super) fn rows(
        &mut self,
        count: usize,
        mut give: impl FnMut(T, Range<usize>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut row = 0;
        while row < count {
            let Some((to, left)) = &mut self.now else {
                return Err("there are more rows than there should be".into());
            };
            let taken = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(count - row);
            give(*to, row..row + taken)?;
            row += taken;
            *left -= taken as u64;
            if *left == 0 {
                self.now = self.counts.next();
            }
        }
        Ok(())
    }

    /// Makes sure that everybody got theirs.
    pub(super) fn done(mut self) -> Result<(), Fault> {
        let waits = |(_, left): (T, u64)| left > 0;
        match self.now.is_some_and(waits) || self.counts.any(waits) {
            true => Err("there are fewer rows than there should be".into()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Deal;

    fn dealt(counts: &[u64], batches: &[usize]) -> Result<Vec<(usize, usize)>, String> {
        let mut deal = Deal::new(counts.iter().copied().enumerate());
        let mut given = Vec::new();
        for count in batches {
            deal.rows(*count, |to, range| {
                given.push((to, range.len()));
                Ok(())
            })
            .map_err(|fault| fault.0)?;
        }
        deal.done().map_err(|fault| fault.0)?;
        given.retain(|(_, rows)| *rows > 0);
        Ok(given)
    }

    #[test]
    fn everybody_gets_so_many_rows() {
        let counts = [0, 3, 0, 0, 2, 0];
        assert_eq!(dealt(&counts, &[5]).unwrap(), [(1, 3), (4, 2)]);
        assert_eq!(
            dealt(&counts, &[2, 2, 1]).unwrap(),
            [(1, 2), (1, 1), (4, 1), (4, 1)]
        );
        assert!(dealt(&counts, &[4]).unwrap_err().contains("fewer"));
        assert!(dealt(&counts, &[5, 1]).unwrap_err().contains("more"));
        assert_eq!(dealt(&[], &[]).unwrap(), []);
        assert!(dealt(&[], &[1]).unwrap_err().contains("more"));
    }
}
