//! The tables as DuckDB reads them (`tests/independent/export.py`).
//!
//! `scripts/test` installs what it needs and says where it is; then a check that cannot be made
//! fails. Elsewhere it is passed over, and said so, where something is missing.

use std::process::Command;

use crate::common::cases::{Case, cases};
use crate::common::{Ran, text};
use crate::folder::Folder;

#[test]
fn duckdb_reads_every_table_of_every_case() {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let has_package = Command::new(&python).args(["-c", "import duckdb"]).output();
    if told.is_none() && !has_package.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED with DuckDB: `python3` or its package `duckdb` is missing");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/export.py");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/export.md");
    for dir in cases() {
        let case = Case::load(dir);
        let ledger = &case.ledger;
        // The last ask at which everything is known.
        let asks = case.asks().iter();
        let Some(ask) = asks.rev().find(|ask| ask["known_at"].is_null()) else {
            continue;
        };
        let as_of = ["--as-of", text(ask, "as_of")];
        let rows: u64 = ["parquet", "csv"]
            .map(|form| {
                let args = [&as_of[..], &["--format", form]].concat();
                let folder = Folder::write(ledger, form, &args);
                let tables = folder.manifest["tables"].as_array().unwrap().iter();
                tables.map(|table| table["rows"].as_u64().unwrap()).sum()
            })
            .into_iter()
            .max()
            .unwrap();
        for command in ["assess", "plaza"] {
            let printed = ledger.run(&[&[command], &as_of[..]].concat()).good().out;
            ledger.write(&format!("{command}.jsonl"), printed);
        }
        ledger.write("audit.jsonl", ledger.run(&["audit"]).good().out);
        let mut command = Command::new(&python);
        let ran: Ran = command
            .arg(script)
            .arg(ledger.path(""))
            .arg(page)
            .output()
            .unwrap()
            .into();
        assert_eq!(
            ran.good().out,
            format!("ok {rows}\n"),
            "{}",
            case.dir.display()
        );
    }
}
