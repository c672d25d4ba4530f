//! The columns as a page of documentation.

use std::fmt::Write;

use super::Table;

/// The columns of tables as Markdown: `docs/export.md` has this of all tables.
#[must_use]
pub fn markdown(tables: &[Table]) -> String {
    let mut page = String::new();
    for table in tables {
        // Writing into a text cannot fail.
        let _ = write!(page, "### {table}\n\n{}\n\n", table.doc());
        page.push_str("| column | type | |\n| --- | --- | --- |\n");
        for column in table.columns() {
            let null = if column.nullable { ", or null" } else { "" };
            let (name, kind, doc) = (column.name, column.kind.as_str(), column.doc);
            let _ = writeln!(page, "| `{name}` | {kind}{null} | {doc} |");
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
