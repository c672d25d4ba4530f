//! The tables of a snapshot: their files and their columns.
//!
//! Developers and their apps are numbered together, `subject`: each developer before its apps, each
//! app before the next. Rows are by `subject`, and then in the order in which the rules read them.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Names,
    Rulebooks,
    Developers,
    Apps,
    Facts,
    Usage,
    Outages,
    Retractions,
}

/// How the name of a table's file ends.
const ENDING: &str = ".parquet";

/// Whether a name is one that a table's file can have.
pub(super) fn is_own_file(name: &str) -> bool {
    let stem = name.strip_suffix(ENDING).unwrap_or_default();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    Table::ALL.iter().any(|table| {
        let rest = stem.strip_prefix(table.as_str());
        matches!(rest, Some("" | "-"))
    })
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Names,
        Self::Rulebooks,
        Self::Developers,
        Self::Apps,
        Self::Facts,
        Self::Usage,
        Self::Outages,
        Self::Retractions,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Rulebooks => "rulebooks",
            Self::Developers => "developers",
            Self::Apps => "apps",
            Self::Facts => "facts",
            Self::Usage => "usage",
            Self::Outages => "outages",
            Self::Retractions => "retractions",
        }
    }

    /// The name of its file; of a portion's, where there are portions.
    pub(super) fn file(self, portion: Option<usize>) -> String {
        let name = self.as_str();
        match portion {
            None => format!("{name}{ENDING}"),
            Some(portion) => format!("{name}-{portion:05}{ENDING}"),
        }
    }

    /// Its columns.
    pub(super) fn schema(self) -> SchemaRef {
        use DataType::{Date32, Int64, UInt8, UInt32, Utf8};
        let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let some = |name: &str, data_type| Field::new(name, data_type, false);
        let maybe = |name: &str, data_type| Field::new(name, data_type, true);
        let fields = match self {
            Self::Names => vec![some("code", UInt32), some("name", Utf8)],
            Self::Rulebooks => vec![some("position", Int64), some("toml", Utf8)],
            Self::Developers => vec![
                some("subject", UInt32),
                some("developer", Utf8),
                some("name", Utf8),
                some("kind", Utf8),
                maybe("grade", UInt32),
                some("registered", instant()),
                some("position", Int64),
                some("last", Int64),
                some("apps", Int64),
                some("facts", Int64),
                some("retractions", Int64),
            ],
            Self::Apps => vec![
                some("subject", UInt32),
                some("developer", Utf8),
                some("app", Utf8),
                some("name", Utf8),
                some("channel", Utf8),
                some("permission", Utf8),
                some("registered", instant()),
                some("position", Int64),
                some("facts", Int64),
                some("usage", Int64),
                some("outages", Int64),
            ],
            Self::Facts => vec![
                some("subject", UInt32),
                some("time", instant()),
                some("position", Int64),
                some(
                    "kind",
                    DataType::Dictionary(Box::new(UInt8), Box::new(Utf8)),
                ),
                some("word", UInt8),
                maybe("code", UInt32),
                maybe("value", Int64),
            ],
            Self::Usage => vec![
                some("subject", UInt32),
                some("date", Date32),
                some("position", Int64),
                some("time", instant()),
                some("daily_users", Int64),
            ],
            Self::Outages => vec![
                some("subject", UInt32),
                some("code", UInt32),
                some("outage", Utf8),
            ],
            Self::Retractions => vec![
                some("subject", UInt32),
                some("position", Int64),
                some("target", Int64),
            ],
        };
        Arc::new(Schema::new(fields))
    }

    /// Whether a column is there for other programs only: rows are dealt out by counts.
    pub(super) fn is_for_others(self, column: &str) -> bool {
        match column {
            "subject" => true,
            "code" => matches!(self, Self::Names | Self::Outages),
            "developer" => self == Self::Apps,
            _ => false,
        }
    }

    /// How its columns are packed. What grows from row to row is kept as differences: compressed, that
    /// takes a fifth less than plain numbers, and is read faster.
    pub(super) fn properties(self) -> Result<WriterProperties, ParquetError> {
        let mut properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
        for column in ["time", "position", "date", "target"] {
            let column = ColumnPath::from(column);
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
        Ok(properties.build())
    }
}
