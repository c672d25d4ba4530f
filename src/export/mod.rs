//! What the log says and what follows from it, as tables for other programs: Parquet and CSV.
//!
//! Nothing is decided here. Rows are read from the log, from [`assess`](standing_projections::assess)
//! and from [`board`](standing_projections::plaza::board); a column is a name, a type, a line of
//! documentation and the reading of a row, in one place, so that what is written and what is
//! documented are the same.
//!
//! What must stay true:
//! - The same ledger, position, instants and rules give the same rows, and in CSV the same bytes.
//! - No row holds what has elapsed by the instant asked about: instants and dates only.
//! - What events say in private is in no table.
//! - A file is whole or not there, and `export.json`, which speaks of the others, comes last.
//! - The log is read in pages: what an export holds at a time does not grow with it, but for the
//!   history that every answer is derived from.

mod csv;
mod destination;
mod error;
mod manifest;
mod page;
mod parquet;
mod write;

pub use crate::tables::column::{ColumnType, Described};
pub use destination::{Destination, MANIFEST};
pub use error::ExportError;
pub use manifest::{Manifest, Written};
pub use page::markdown;
pub use write::{Answer, export};

use serde::Serialize;

use crate::tables;

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, compressed with Zstandard.
    Parquet,
    /// Comma-separated values (RFC 4180), in UTF-8, with a header.
    Csv,
}

impl Format {
    /// How its files' names end.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// A table that can be written.
///
/// ```
/// use standing::export::{Format, Table};
/// let table: Table = "months".parse().unwrap();
/// assert_eq!(table.file(Format::Csv), "months.csv");
/// assert_eq!(table.columns()[2].name, "month");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The log.
    Events,
    /// The versions of the rules.
    Rulebooks,
    /// The developers.
    Developers,
    /// The developers' months with a violation.
    DeveloperMonths,
    /// The apps.
    Apps,
    /// The apps' months.
    Months,
    /// The incidents.
    Violations,
    /// The steps of the ladder.
    Sanctions,
    /// The measures in force.
    Measures,
    /// Who owes what.
    Obligations,
    /// The board.
    Plaza,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Events,
        Self::Rulebooks,
        Self::Developers,
        Self::DeveloperMonths,
        Self::Apps,
        Self::Months,
        Self::Violations,
        Self::Sanctions,
        Self::Measures,
        Self::Obligations,
        Self::Plaza,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Rulebooks => "rulebooks",
            Self::Developers => "developers",
            Self::DeveloperMonths => "developer_months",
            Self::Apps => "apps",
            Self::Months => "months",
            Self::Violations => "violations",
            Self::Sanctions => "sanctions",
            Self::Measures => "measures",
            Self::Obligations => "obligations",
            Self::Plaza => "plaza",
        }
    }

    /// What a row of it is, and how rows are ordered.
    #[must_use]
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Events => {
                "One row an event of the log up to the position, by position (SPEC §2). Also those \
                 that happened after the as-of instant, which the other tables leave out."
            }
            Self::Rulebooks => {
                "One row a version of the rules that the answers are judged by, oldest first \
                 (SPEC §3)."
            }
            Self::Developers => "One row a registered developer, by id (SPEC §5).",
            Self::DeveloperMonths => {
                "One row a developer and local month with a violation, by both (SPEC §5)."
            }
            Self::Apps => "One row a registered app, by developer and id (SPEC §6 to §8).",
            Self::Months => {
                "One row an app and local month with any counted complaint, outage day, incident \
                 or unclassified code, by developer, app and month (SPEC §4)."
            }
            Self::Violations => {
                "One row an incident, by developer, app and month, then in the order of beginning \
                 (SPEC §4)."
            }
            Self::Sanctions => {
                "One row a step of the ladder, by developer, app and month, then in the order of \
                 the steps (SPEC §4)."
            }
            Self::Measures => {
                "One row a measure in force at the as-of instant, by developer, app and measure \
                 (SPEC §6)."
            }
            Self::Obligations => {
                "One row an obligation, met or not, by developer and app, then by due instant \
                 (SPEC §8)."
            }
            Self::Plaza => "One row an app on the board, by rank (SPEC §7).",
        }
    }

    /// Its columns, in order.
    #[must_use]
    pub fn columns(self) -> Vec<Described> {
        use crate::tables::column::describe;
        match self {
            Self::Events => describe(&tables::events()),
            Self::Rulebooks => describe(&tables::rulebooks()),
            Self::Developers => describe(&tables::developers()),
            Self::DeveloperMonths => describe(&tables::developer_months()),
            Self::Apps => describe(&tables::apps()),
            Self::Months => describe(&tables::months()),
            Self::Violations => describe(&tables::violations()),
            Self::Sanctions => describe(&tables::sanctions()),
            Self::Measures => describe(&tables::measures()),
            Self::Obligations => describe(&tables::obligations()),
            Self::Plaza => describe(&tables::plaza()),
        }
    }

    /// The name of its file.
    #[must_use]
    pub fn file(self, format: Format) -> String {
        format!("{}.{}", self.as_str(), format.ending())
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Table {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|table| table.as_str() == text);
        named.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no table `{text}`; there are {all}")
        })
    }
}

impl Serialize for Table {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
