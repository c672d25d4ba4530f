//! `standing recompute`: what `assess` says of everybody, by any number of threads.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::Ledger;

fn ground() -> Ledger {
    let ledger = Ledger::new();
    let history = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/history.jsonl"
    ));
    ledger.import_text(history.unwrap(), &["--trust-recorded-time"]);
    ledger
}

const AS_OF: [&str; 2] = ["--as-of", "2016-09-01T00:00:00Z"];

#[test]
fn it_prints_what_assess_prints_whatever_the_threads() {
    let ledger = ground();
    let run = |args: &[&str]| ledger.run(&[args, &AS_OF].concat()).good();
    let assessed = run(&["assess", "--format", "jsonl"]).out;
    assert!(assessed.lines().count() > 2);
    let mut sums = Vec::new();
    for threads in ["1", "2", "7"] {
        let done = run(&["recompute", "--threads", threads]);
        assert_eq!(done.out, assessed);
        sums.push(done.err.split("sha256 ").nth(1).unwrap().to_owned());
    }
    assert_eq!(sums[0], sums[1]);
    assert_eq!(sums[0], sums[2]);
    // Other questions too.
    let before = ["--known-at", "@40"];
    assert_eq!(
        run(&["recompute", before[0], before[1]]).out,
        run(&["assess", "--format", "jsonl", before[0], before[1]]).out
    );
}

#[test]
fn a_file_is_there_once_it_is_whole_and_replaces_none() {
    let ledger = ground();
    let assessed = ledger
        .run(&[&["assess", "--format", "jsonl"][..], &AS_OF].concat())
        .good();
    let to = |file: &str| ledger.run(&[&["recompute", "-o", file][..], &AS_OF].concat());
    assert_eq!(to("all.jsonl").good().out, "");
    let written = std::fs::read_to_string(ledger.path("all.jsonl")).unwrap();
    assert_eq!(written, assessed.out);
    let refused = to("all.jsonl").with_code(1);
    assert!(refused.err.contains("is there already"), "{}", refused.err);
    let refused = to("nowhere/all.jsonl").with_code(1);
    assert!(
        refused
            .err
            .contains("`nowhere/all.jsonl` cannot be written"),
        "{}",
        refused.err
    );
    ledger.run(&["recompute", "--threads", "0"]).with_code(1);
}
