//! A snapshot as DuckDB reads it (`tests/independent/snapshot.py`).
//!
//! `scripts/test` installs what it needs and says where it is; then a check that cannot be made
//! fails. Elsewhere it is passed over, and said so, where something is missing.

use std::process::Command;

use crate::common::Ran;
use crate::common::cases::{Case, cases};

#[test]
fn duckdb_reads_the_events_of_every_case_from_their_snapshots() {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let has_package = Command::new(&python).args(["-c", "import duckdb"]).output();
    if told.is_none() && !has_package.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED with DuckDB: `python3` or its package `duckdb` is missing");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/snapshot.py");
    for dir in cases() {
        let case = Case::load(dir);
        case.ledger.run(&["snapshot"]).good();
        let audit = case.ledger.run(&["audit"]).good();
        case.ledger.write("audit.jsonl", audit.out);
        let mut command = Command::new(&python);
        let ran: Ran = command
            .arg(script)
            .arg(case.ledger.path(""))
            .output()
            .unwrap()
            .into();
        let said = ran.good().out;
        assert!(said.starts_with("ok "), "{}: {said}", case.dir.display());
    }
}
