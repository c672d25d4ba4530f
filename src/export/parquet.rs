//! A table as Apache Parquet.
//!
//! A row group has 65,536 rows at most, or fewer where they are long, so that neither the writer
//! nor a reader holds more than some dozen megabytes of it.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, StringBuilder};
use arrow_array::types::Date32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use standing_projections::Instant;

use super::error::FormError;
use crate::tables::column::{Column, ColumnType, Described, Value};

/// How many rows a row group has at most.
const ROW_GROUP_ROWS: usize = 65_536;
/// How many bytes of a row group are held, about, before it is written.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// The writer of a table.
pub(super) struct ParquetWriter<R> {
    columns: Vec<Column<R>>,
    schema: SchemaRef,
    out: ArrowWriter<File>,
}

impl<R> ParquetWriter<R> {
    pub(super) fn new(
        columns: Vec<Column<R>>,
        file: File,
        metadata: Vec<(String, String)>,
    ) -> Result<Self, FormError> {
        let fields: Vec<Field> = columns.iter().map(|c| field(c.described)).collect();
        let schema = Arc::new(Schema::new(fields));
        let metadata = metadata.into_iter();
        let metadata = metadata.map(|(key, value)| KeyValue::new(key, value));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_key_value_metadata(Some(metadata.collect()))
            .build();
        let out = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        Ok(Self {
            columns,
            schema,
            out,
        })
    }

    pub(super) fn write(&mut self, rows: &[R]) -> Result<(), FormError> {
        let arrays = self.columns.iter().map(|c| array(&c.value, rows)).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)?;
        self.out.write(&batch)?;
        if self.out.in_progress_size() > ROW_GROUP_BYTES {
            self.out.flush()?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<File, FormError> {
        Ok(self.out.into_inner()?)
    }
}

fn field(column: Described) -> Field {
    let data_type = match column.kind {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Text => DataType::Utf8,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Date => DataType::Date32,
        ColumnType::TextList => DataType::List(element(DataType::Utf8)),
        ColumnType::Int64List => DataType::List(element(DataType::Int64)),
    };
    let doc = HashMap::from([("description".to_owned(), column.doc.to_owned())]);
    Field::new(column.name, data_type, column.nullable).with_metadata(doc)
}

/// What a list is of, by the name that Parquet gives it.
fn element(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", data_type, false))
}

/// A column of some rows.
fn array<R>(value: &Value<R>, rows: &[R]) -> ArrayRef {
    let rows = rows.iter();
    match value {
        Value::Boolean(get) => Arc::new(rows.map(get).collect::<BooleanArray>()),
        Value::Int32(get) => Arc::new(rows.map(get).collect::<Int32Array>()),
        Value::Int64(get) => Arc::new(rows.map(get).collect::<Int64Array>()),
        Value::Text(get) => Arc::new(rows.map(get).collect::<StringArray>()),
        Value::Timestamp(get) => {
            let micros = rows.map(|row| get(row).map(Instant::micros));
            let micros: TimestampMicrosecondArray = micros.collect();
            Arc::new(micros.with_timezone("UTC"))
        }
        Value::Date(get) => {
            let days = rows.map(|row| get(row).map(Date32Type::from_naive_date));
            Arc::new(days.collect::<Date32Array>())
        }
        Value::TextList(get) => {
            let lists = ListBuilder::new(StringBuilder::new());
            let mut lists = lists.with_field(element(DataType::Utf8));
            for row in rows {
                get(row).iter().for_each(|t| lists.values().append_value(t));
                lists.append(true);
            }
            Arc::new(lists.finish())
        }
        Value::Int64List(get) => {
            let lists = ListBuilder::new(Int64Builder::new());
            let mut lists = lists.with_field(element(DataType::Int64));
            for row in rows {
                lists.values().append_slice(&get(row));
                lists.append(true);
            }
            Arc::new(lists.finish())
        }
    }
}

impl From<ArrowError> for FormError {
    fn from(error: ArrowError) -> Self {
        Self::Form(error.to_string())
    }
}

impl From<ParquetError> for FormError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(error) => match error.downcast::<io::Error>() {
                Ok(error) => Self::Io(*error),
                Err(error) => Self::Form(error.to_string()),
            },
            error => Self::Form(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn row_groups<R>(columns: Vec<Column<R>>, batches: &[Vec<R>]) -> Vec<i64> {
        let file = tempfile::tempfile().unwrap();
        let mut out = ParquetWriter::new(columns, file, Vec::new()).unwrap();
        for batch in batches {
            out.write(batch).unwrap();
        }
        let file = out.finish().unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let groups = file.metadata().row_groups().iter();
        groups.map(|group| group.num_rows()).collect()
    }

    #[test]
    fn a_row_group_ends_at_so_many_rows() {
        let column = || Column::new("number", Value::Int64(|row: &i64| Some(*row)), "");
        let rows: Vec<i64> = (0..40_000).collect();
        let batches = [rows.clone(), rows, Vec::new()];
        assert_eq!(row_groups(vec![column()], &batches), [65_536, 14_464]);
        assert!(row_groups(vec![column()], &[]).is_empty());
    }

    #[test]
    fn a_row_group_of_long_rows_ends_sooner() {
        let column = Column::new("text", Value::Text(|row: &String| Some(row)), "");
        let text = |number: u64| -> String {
            // Texts that no compression makes short.
            let mut rng = fastrand::Rng::with_seed(number);
            (0..60_000).map(|_| rng.char('!'..'~')).collect()
        };
        let batches: Vec<Vec<String>> = (0..8)
            .map(|batch| (0..100).map(|row| text(batch * 100 + row)).collect())
            .collect();
        let groups = row_groups(vec![column], &batches);
        assert_eq!(groups.iter().sum::<i64>(), 800);
        assert!(groups.len() > 1, "{groups:?}");
    }

    #[test]
    fn a_null_where_there_is_none_is_an_error() {
        let column = Column::new("number", Value::Int64(|_: &()| None), "");
        let file = tempfile::tempfile().unwrap();
        let mut out = ParquetWriter::new(vec![column], file, Vec::new()).unwrap();
        assert!(matches!(out.write(&[()]), Err(FormError::Form(_))));
    }
}
