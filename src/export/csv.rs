//! A table as comma-separated values.
//!
//! RFC 4180: a header, lines that end with CR LF, quotes where they are needed. An empty field is
//! null; lists are JSON. Texts stand there as they are, so that other programs read what the log
//! says.

use std::fs::File;

use super::error::FormError;
use crate::tables::column::{Column, Value};

/// The writer of a table.
pub(super) struct CsvWriter<R> {
    columns: Vec<Column<R>>,
    out: csv::Writer<File>,
}

impl<R> CsvWriter<R> {
    pub(super) fn new(columns: Vec<Column<R>>, file: File) -> Result<Self, FormError> {
        let mut out = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(file);
        out.write_record(columns.iter().map(|column| column.described.name))?;
        Ok(Self { columns, out })
    }

    pub(super) fn write(&mut self, rows: &[R]) -> Result<(), FormError> {
        for row in rows {
            for column in &self.columns {
                match &column.value {
                    Value::Text(get) => self.out.write_field(get(row).unwrap_or_default())?,
                    value => self.out.write_field(printed(value, row)?)?,
                }
            }
            self.out.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<File, FormError> {
        self.out
            .into_inner()
            .map_err(|error| FormError::Io(error.into_error()))
    }
}

/// A value as it is printed; null is empty.
fn printed<R>(value: &Value<R>, row: &R) -> Result<String, FormError> {
    fn text(value: Option<impl ToString>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    fn list(values: &[impl serde::Serialize]) -> Result<String, FormError> {
        serde_json::to_string(values).map_err(|error| FormError::Form(error.to_string()))
    }
    Ok(match value {
        Value::Boolean(get) => text(get(row)),
        Value::Int32(get) => text(get(row)),
        Value::Int64(get) => text(get(row)),
        Value::Text(get) => text(get(row)),
        Value::Timestamp(get) => text(get(row)),
        Value::Date(get) => text(get(row)),
        Value::TextList(get) => list(&get(row))?,
        Value::Int64List(get) => list(&get(row))?,
    })
}

impl From<csv::Error> for FormError {
    fn from(error: csv::Error) -> Self {
        let said = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::Io(error),
            _ => Self::Form(said),
        }
    }
}
