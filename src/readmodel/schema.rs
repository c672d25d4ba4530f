//! The tables: their names, columns, keys and indexes, and the SQL that makes them.
//!
//! Columns are those of `crate::tables`, which files have too; what SQL adds is here.

use crate::tables::column::{Column, ColumnType, Described};
use crate::tables::{self as rows, OfApp};

/// A table of the read model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
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
    /// The conditions of certification.
    Certification,
    /// The apps on the board; the view `plaza` ranks them.
    Board,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Developers,
        Self::DeveloperMonths,
        Self::Apps,
        Self::Months,
        Self::Violations,
        Self::Sanctions,
        Self::Measures,
        Self::Obligations,
        Self::Certification,
        Self::Board,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Developers => "developers",
            Self::DeveloperMonths => "developer_months",
            Self::Apps => "apps",
            Self::Months => "months",
            Self::Violations => "violations",
            Self::Sanctions => "sanctions",
            Self::Measures => "measures",
            Self::Obligations => "obligations",
            Self::Certification => "certification",
            Self::Board => "board",
        }
    }

    /// What a row of it is.
    #[must_use]
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Developers => "One row a registered developer (SPEC §5).",
            Self::DeveloperMonths => {
                "One row a developer and local month with a violation (SPEC §5)."
            }
            Self::Apps => "One row a registered app (SPEC §6 to §8).",
            Self::Months => {
                "One row an app and local month with any counted complaint, outage day, incident or \
                 unclassified code (SPEC §4)."
            }
            Self::Violations => "One row an incident (SPEC §4).",
            Self::Sanctions => "One row a step of the ladder (SPEC §4).",
            Self::Measures => "One row a measure in force (SPEC §6).",
            Self::Obligations => "One row an obligation, met or not (SPEC §8).",
            Self::Certification => {
                "One row a condition of V-certification of an app; none where the rules certify no \
                 app of its channel (SPEC §7)."
            }
            Self::Board => {
                "One row an app on the board (SPEC §7). The view `plaza` has `rank` as well."
            }
        }
    }

    /// The columns that make a row one of its own.
    #[must_use]
    pub const fn key(self) -> &'static [&'static str] {
        match self {
            Self::Developers => &["developer"],
            Self::DeveloperMonths => &["developer", "month"],
            Self::Apps | Self::Board => &["app"],
            Self::Months => &["app", "month"],
            Self::Violations | Self::Sanctions => &["app", "month", "number"],
            Self::Measures => &["app", "measure"],
            Self::Obligations => &["app", "number"],
            Self::Certification => &["app", "condition"],
        }
    }

    /// What else is looked up.
    #[must_use]
    pub const fn indexes(self) -> &'static [&'static str] {
        match self {
            Self::Developers => &["status"],
            Self::DeveloperMonths | Self::Certification => &[],
            Self::Apps => &["developer"],
            Self::Months => &["month, tier"],
            Self::Violations => &["code, month"],
            Self::Sanctions => &["since"],
            Self::Measures => &["measure"],
            Self::Obligations => &["state, (due IS NULL), due, app, number", "developer"],
            Self::Board => &["score DESC, listed_since, app"],
        }
    }

    /// Its columns, in order.
    #[must_use]
    pub fn columns(self) -> Vec<Described> {
        use rows::column::describe;
        match self {
            Self::Developers => describe(&rows::developers()),
            Self::DeveloperMonths => describe(&rows::developer_months()),
            Self::Apps => describe(&apps()),
            Self::Months => describe(&rows::months()),
            Self::Violations => describe(&rows::violations()),
            Self::Sanctions => describe(&rows::sanctions()),
            Self::Measures => describe(&rows::measures()),
            Self::Obligations => describe(&obligations()),
            Self::Certification => describe(&rows::certification()),
            Self::Board => describe(&board()),
        }
    }
}

/// Apps without their rank: one app that rises would write the rows of all that it passes.
pub(super) fn apps<'a>() -> Vec<Column<rows::AppRow<'a>>> {
    unranked(rows::apps())
}

/// The board without ranks, which the view has.
pub(super) fn board<'a>() -> Vec<Column<standing_projections::plaza::BoardEntry<'a>>> {
    unranked(rows::plaza())
}

fn unranked<R>(columns: Vec<Column<R>>) -> Vec<Column<R>> {
    let stay = columns.into_iter();
    stay.filter(|column| column.described.name != "rank")
        .collect()
}

/// Obligations with a number, without which two can be alike in all that could be a key.
pub(super) fn obligations<'a>()
-> Vec<Column<OfApp<'a, standing_projections::standing::Obligation<'a>>>> {
    let mut columns = rows::obligations();
    columns.insert(2, rows::obligation_number());
    columns
}

/// How a column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Boolean,
    Integer,
    Text,
}

impl Kept {
    pub(super) const fn of(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Int32 | ColumnType::Int64 | ColumnType::Timestamp => Self::Integer,
            ColumnType::Text | ColumnType::Date | ColumnType::TextList | ColumnType::Int64List => {
                Self::Text
            }
        }
    }
}

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(super) const fn of(self, kept: Kept) -> &'static str {
        match (self, kept) {
            (Self::Sqlite, Kept::Boolean | Kept::Integer) => "INTEGER",
            (Self::Sqlite, Kept::Text) => "TEXT",
            (Self::Postgres, Kept::Boolean) => "boolean",
            (Self::Postgres, Kept::Integer) => "bigint",
            (Self::Postgres, Kept::Text) => "text COLLATE \"C\"",
        }
    }

    pub(super) const fn strict(self) -> &'static str {
        match self {
            Self::Sqlite => " STRICT",
            Self::Postgres => "",
        }
    }
}

impl Dialect {
    /// The texts of the first value, a JSON list of them, as a subquery.
    pub(super) const fn list(self) -> &'static str {
        match self {
            Self::Sqlite => "(SELECT value FROM json_each($1))",
            Self::Postgres => "(SELECT jsonb_array_elements_text($1::jsonb))",
        }
    }

    /// The elements of the first value, a JSON list, as rows of `value`.
    pub(super) const fn elements(self) -> &'static str {
        match self {
            Self::Sqlite => "json_each($1)",
            Self::Postgres => "jsonb_array_elements($1::jsonb) AS elements(value)",
        }
    }

    /// A value of such an element, which is a list itself.
    pub(super) fn element(self, place: usize, kept: Kept) -> String {
        match self {
            Self::Sqlite => format!("value ->> {place}"),
            Self::Postgres => format!("(value ->> {place})::{}", self.of(kept)),
        }
    }
}

/// Which of two sets of tables: those that are read, or those that a rebuild makes beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Live,
    Next,
}

impl Set {
    /// What the names of its tables begin with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Next => "next_",
        }
    }
}

/// The table that says up to where the others are.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// The statements that make a set of tables, without their indexes.
pub(super) fn create(dialect: Dialect, set: Set) -> Vec<String> {
    let prefix = set.prefix();
    let integer = dialect.of(Kept::Integer);
    let text = dialect.of(Kept::Text);
    let mut all = vec![format!(
        "CREATE TABLE {prefix}{CHECKPOINT} (one {integer} PRIMARY KEY CHECK (one = 1), \
         position {integer} NOT NULL, as_of {integer} NOT NULL, leaf {text} NOT NULL, \
         format {integer} NOT NULL, generation {integer} NOT NULL){}",
        dialect.strict()
    )];
    for table in Table::ALL {
        let columns = table.columns().into_iter().map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            let kind = dialect.of(Kept::of(column.kind));
            format!("{} {kind}{null}", quoted(column.name))
        });
        let columns: Vec<_> = columns.collect();
        let key: Vec<_> = table.key().iter().map(|name| quoted(name)).collect();
        all.push(format!(
            "CREATE TABLE {prefix}{} ({}, PRIMARY KEY ({})){}",
            table.as_str(),
            columns.join(", "),
            key.join(", "),
            match dialect {
                Dialect::Sqlite => " STRICT, WITHOUT ROWID",
                Dialect::Postgres => "",
            }
        ));
    }
    all
}

/// The statements that make the indexes of a set. Their names stay when the tables get theirs, so they are
/// none that another set has: tables of another format, or another log, may have the same generation.
pub(super) fn create_indexes(set: Set, generation: i64) -> Vec<String> {
    let prefix = set.prefix();
    let own = fastrand::u64(..);
    let each = Table::ALL.into_iter().flat_map(|table| {
        let indexes = table.indexes().iter().enumerate();
        indexes.map(move |(number, columns)| {
            let table = table.as_str();
            let index = format!("{table}_{generation}_{number}_{own:016x}");
            format!("CREATE INDEX {index} ON {prefix}{table} ({columns})")
        })
    });
    each.collect()
}

/// The statement that makes the view of the board with its ranks.
fn create_view() -> &'static str {
    "CREATE VIEW plaza AS SELECT row_number() OVER (ORDER BY score DESC, listed_since, app) AS rank, \
     app, developer, score, listed_since FROM board"
}

/// The statements that take a set away.
pub(super) fn drop(set: Set) -> Vec<String> {
    let prefix = set.prefix();
    let tables = Table::ALL.into_iter().map(Table::as_str);
    let tables = tables.chain([CHECKPOINT]);
    let tables = tables.map(|table| format!("DROP TABLE IF EXISTS {prefix}{table}"));
    match set {
        Set::Live => ["DROP VIEW IF EXISTS plaza".to_owned()]
            .into_iter()
            .chain(tables)
            .collect(),
        Set::Next => tables.collect(),
    }
}

/// The statements that give the tables of a rebuild their names; those that had them are gone.
pub(super) fn take_place() -> Vec<String> {
    let next = Set::Next.prefix();
    let tables = Table::ALL.into_iter().map(Table::as_str);
    let renamed = tables.chain([CHECKPOINT]);
    let renamed = renamed.map(|table| format!("ALTER TABLE {next}{table} RENAME TO {table}"));
    renamed.chain([create_view().to_owned()]).collect()
}

/// A name as both dialects take it, whatever they reserve.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
