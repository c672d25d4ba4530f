//! A column: its name, its type, what it says, and how it is read from a row.

use chrono::NaiveDate;
use serde::Serialize;
use standing_projections::Instant;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ColumnType {
    /// True or false.
    #[serde(rename = "boolean")]
    Boolean,
    /// A whole number of 32 bits, with a sign.
    #[serde(rename = "int32")]
    Int32,
    /// A whole number of 64 bits, with a sign.
    #[serde(rename = "int64")]
    Int64,
    /// A text in UTF-8.
    #[serde(rename = "text")]
    Text,
    /// An instant in UTC, in microseconds.
    #[serde(rename = "timestamp")]
    Timestamp,
    /// A date.
    #[serde(rename = "date")]
    Date,
    /// Texts, in their order.
    #[serde(rename = "list of text")]
    TextList,
    /// Whole numbers of 64 bits, in their order.
    #[serde(rename = "list of int64")]
    Int64List,
}

impl ColumnType {
    /// As the documentation names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::TextList => "list of text",
            Self::Int64List => "list of int64",
        }
    }
}

/// A column as it is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Whether it can be null.
    pub nullable: bool,
    /// What it says.
    pub doc: &'static str,
}

/// How a column's value is read from a row; none is null.
pub(crate) enum Value<R> {
    Boolean(fn(&R) -> Option<bool>),
    Int32(fn(&R) -> Option<i32>),
    Int64(fn(&R) -> Option<i64>),
    Text(fn(&R) -> Option<&str>),
    Timestamp(fn(&R) -> Option<Instant>),
    Date(fn(&R) -> Option<NaiveDate>),
    TextList(fn(&R) -> Vec<&str>),
    Int64List(fn(&R) -> Vec<i64>),
}

impl<R> Value<R> {
    const fn kind(&self) -> ColumnType {
        match self {
            Self::Boolean(_) => ColumnType::Boolean,
            Self::Int32(_) => ColumnType::Int32,
            Self::Int64(_) => ColumnType::Int64,
            Self::Text(_) => ColumnType::Text,
            Self::Timestamp(_) => ColumnType::Timestamp,
            Self::Date(_) => ColumnType::Date,
            Self::TextList(_) => ColumnType::TextList,
            Self::Int64List(_) => ColumnType::Int64List,
        }
    }
}

/// A column of rows of that type.
pub(crate) struct Column<R> {
    pub(crate) described: Described,
    pub(crate) value: Value<R>,
}

impl<R> Column<R> {
    /// A column that is never null.
    pub(crate) const fn new(name: &'static str, value: Value<R>, doc: &'static str) -> Self {
        let described = Described {
            name,
            kind: value.kind(),
            nullable: false,
            doc,
        };
        Self { described, value }
    }

    /// A column that can be null.
    pub(crate) const fn nullable(name: &'static str, value: Value<R>, doc: &'static str) -> Self {
        let mut column = Self::new(name, value, doc);
        column.described.nullable = true;
        column
    }
}

pub(crate) fn describe<R>(columns: &[Column<R>]) -> Vec<Described> {
    columns.iter().map(|column| column.described).collect()
}
