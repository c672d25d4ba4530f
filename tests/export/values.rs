//! The worked examples: each table, in both forms, against what other commands print.

use serde_json::{Map, Value};

use crate::common::cases::{Case, cases};
use crate::common::{Ledger, text};
use crate::expected::Answers;
use crate::folder::{Folder, Rows};

/// What a table tells that the documents do not.
const MORE: &[(&str, &str)] = &[
    ("events", "actor"),
    ("sanctions", "cause"),
    ("rulebooks", "rulebook"),
    ("rulebooks", "effective_from"),
    ("rulebooks", "position"),
];

/// What other commands print of a ledger.
pub(crate) fn answers(ledger: &Ledger, args: &[&str], known_at: u64, books: &Rows) -> Answers {
    let ask = |command: &str| {
        let mut all = vec![command, "--format", "jsonl"];
        all.extend(args);
        ledger.run(&all).good().lines()
    };
    let mut trail = ledger.audit(&[]);
    trail.retain(|line| line["position"].as_u64().unwrap() <= known_at);
    for line in &mut trail {
        // What came later is not known yet.
        if line["retracted_by"]
            .as_u64()
            .is_some_and(|by| by > known_at)
        {
            line["retracted_by"] = Value::Null;
        }
    }
    let version = |book: &Map<String, Value>| {
        let of = |key: &str| book[key].as_str().unwrap().to_owned();
        (of("version"), of("effective_from"))
    };
    Answers {
        standings: ask("assess"),
        board: ask("plaza"),
        trail,
        versions: books.iter().map(version).collect(),
    }
}

/// Fails where a table is not as the documents say.
#[track_caller]
fn compare(table: &str, mut got: Rows, wanted: &Rows) {
    for row in &mut got {
        row.retain(|column, _| !MORE.contains(&(table, column)));
        if let Some(Value::String(data)) = row.get("data") {
            let data = serde_json::from_str(data).unwrap();
            row.insert("data".to_owned(), data);
        }
    }
    for (number, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert_eq!(got, wanted, "row {number} of {table}");
    }
    assert_eq!(got.len(), wanted.len(), "{table}");
}

#[test]
fn every_case_is_exported_as_it_is_assessed_in_both_forms() {
    for dir in cases() {
        let case = Case::load(dir);
        let mut number = 0;
        for ask in case.asks() {
            number += 1;
            let mut args = vec!["--as-of", text(ask, "as_of")];
            args.extend(
                ask["known_at"]
                    .as_str()
                    .iter()
                    .flat_map(|at| ["--known-at", at]),
            );
            let mut forms = Vec::new();
            for form in ["parquet", "csv"] {
                let name = format!("{form}-{number}");
                let more = [&args[..], &["--format", form]].concat();
                forms.push(Folder::write(&case.ledger, &name, &more));
            }
            let known_at = forms[0].manifest["known_at"].as_u64().unwrap();
            let books = forms[0].rows("rulebooks");
            let answers = answers(&case.ledger, &args, known_at, &books);
            assert_eq!(forms[0].tables().len(), 11);
            for table in forms[0].tables() {
                let rows = forms.iter().map(|form| form.rows(table));
                let [parquet, csv] = rows.collect::<Vec<_>>().try_into().unwrap();
                assert_eq!(parquet, csv, "{table} of {}", case.dir.display());
                compare(table, parquet, &answers.rows(table));
            }
        }
    }
}
