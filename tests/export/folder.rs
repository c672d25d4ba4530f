//! An export as a test sees it: the manifest, and the rows of a table as JSON, whatever the form.

use std::fs::File;
use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use chrono::DateTime;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};

use crate::common::{Ledger, text};

/// A folder with an export.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) manifest: Value,
}

/// Rows by the names of their columns.
pub(crate) type Rows = Vec<Map<String, Value>>;

impl Folder {
    /// Exports into a new folder of the ledger's.
    pub(crate) fn write(ledger: &Ledger, name: &str, args: &[&str]) -> Self {
        let mut all = vec!["export", name];
        all.extend(args);
        ledger.run(&all).good();
        Self::of(ledger, name)
    }

    /// The export that is in a folder.
    pub(crate) fn of(ledger: &Ledger, name: &str) -> Self {
        let manifest = ledger.read(&format!("{name}/export.json"));
        Self {
            path: ledger.path(name),
            manifest: serde_json::from_str(&manifest).unwrap(),
        }
    }

    /// The tables, in order.
    pub(crate) fn tables(&self) -> Vec<&str> {
        let tables = self.manifest["tables"].as_array().unwrap().iter();
        tables.map(|table| text(table, "table")).collect()
    }

    fn table(&self, name: &str) -> &Value {
        let tables = self.manifest["tables"].as_array().unwrap();
        let named = |table: &&Value| table["table"] == name;
        tables.iter().find(named).unwrap()
    }

    /// The rows of a table, which are as many as the manifest says.
    #[track_caller]
    pub(crate) fn rows(&self, table: &str) -> Rows {
        let table = self.table(table);
        let rows = match text(&self.manifest, "format") {
            "parquet" => self.parquet(table),
            _ => self.csv(table),
        };
        assert_eq!(table["rows"], rows.len(), "{table}");
        rows
    }

    fn csv(&self, table: &Value) -> Rows {
        let columns = table["columns"].as_array().unwrap();
        let mut file = csv::Reader::from_path(self.path.join(text(table, "file"))).unwrap();
        let names: Vec<&str> = columns.iter().map(|column| text(column, "name")).collect();
        assert_eq!(file.headers().unwrap(), names);
        let row = |record: csv::StringRecord| {
            let cells = columns.iter().zip(&record);
            cells
                .map(|(column, field)| {
                    let value = match text(column, "type") {
                        _ if field.is_empty() => {
                            assert_eq!(column["nullable"], true, "{column}");
                            Value::Null
                        }
                        "text" | "timestamp" | "date" => json!(field),
                        _ => serde_json::from_str(field).unwrap(),
                    };
                    (text(column, "name").to_owned(), value)
                })
                .collect()
        };
        file.records().map(|record| row(record.unwrap())).collect()
    }

    fn parquet(&self, table: &Value) -> Rows {
        let columns = table["columns"].as_array().unwrap();
        let file = File::open(self.path.join(text(table, "file"))).unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let fields = file.schema().fields().clone();
        for (field, column) in fields.iter().zip(columns) {
            assert_eq!(field.name(), text(column, "name"));
            assert_eq!(field.is_nullable(), column["nullable"]);
            assert_eq!(field.metadata()["description"], text(column, "doc"));
        }
        assert_eq!(fields.len(), columns.len());
        let mut rows = Rows::new();
        for batch in file.build().unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                let cells = fields.iter().zip(batch.columns());
                rows.push(
                    cells
                        .map(|(field, array)| (field.name().clone(), value(array, row)))
                        .collect(),
                );
            }
        }
        rows
    }

    /// What a Parquet file says of itself.
    pub(crate) fn metadata(&self, table: &str) -> Vec<(String, String)> {
        let file = File::open(self.path.join(text(self.table(table), "file"))).unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let pairs = file.metadata().file_metadata().key_value_metadata();
        let pairs = pairs.unwrap().iter();
        pairs
            .map(|pair| (pair.key.clone(), pair.value.clone().unwrap()))
            .collect()
    }
}

fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Int32 => json!(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Utf8 => json!(array.as_string::<i32>().value(row)),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            json!(Date32Type::to_naive_date_opt(days).unwrap().to_string())
        }
        DataType::Timestamp(_, zone) => {
            assert_eq!(zone.as_deref(), Some("UTC"));
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let at = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            let text = format!("{}", at.format("%Y-%m-%dT%H:%M:%S%.6f"));
            let text = text.trim_end_matches('0').trim_end_matches('.');
            // Without a fraction the zeros that were taken off are those of the seconds.
            let text = match text.len() {
                ..19 => at.format("%Y-%m-%dT%H:%M:%S").to_string(),
                _ => text.to_owned(),
            };
            json!(format!("{text}Z"))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>().value(row);
            (0..list.len()).map(|index| value(&list, index)).collect()
        }
        other => panic!("{other} is no type of these tables"),
    }
}
