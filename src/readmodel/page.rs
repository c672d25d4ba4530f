//! The documentation of the tables, made of what makes them.

use std::fmt::Write as _;

use super::schema::{Kept, Table};
use crate::tables::column::ColumnType;

/// The tables and their columns, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::new();
    for table in Table::ALL {
        let _ = write!(page, "### {}\n\n{}\n\n", table.as_str(), table.doc());
        let _ = writeln!(page, "Key: `{}`.\n", table.key().join("`, `"));
        page.push_str("| column | type | |\n| --- | --- | --- |\n");
        for column in table.columns() {
            let kind = match (column.kind, Kept::of(column.kind)) {
                (ColumnType::Timestamp, _) => "instant",
                (ColumnType::Date, _) => "date",
                (ColumnType::TextList | ColumnType::Int64List, _) => "JSON list",
                (_, Kept::Boolean) => "boolean",
                (_, Kept::Integer) => "integer",
                (_, Kept::Text) => "text",
            };
            let null = if column.nullable { ", or null" } else { "" };
            let _ = writeln!(
                page,
                "| `{}` | {kind}{null} | {} |",
                column.name, column.doc
            );
        }
        page.push('\n');
    }
    page
}
