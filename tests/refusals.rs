//! Every code by which intake refuses (SPEC §2), in imports that take all that is good.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;
#[path = "refusals/known.rs"]
mod known;
#[path = "refusals/shape.rs"]
mod shape;

use std::collections::BTreeSet;

use common::events::*;
use common::{Imported, Ledger, keys, text};
use serde_json::Value;
use standing_projections::refusal::Code;

/// What is refused: how it is sent, by which code and where, and what it is once it is mended.
struct Row {
    sent: String,
    code: Code,
    pointer: &'static str,
    mended: Value,
}

fn row(sent: &Value, code: Code, pointer: &'static str, mended: Value) -> Row {
    raw(&sent.to_string(), code, pointer, mended)
}

fn raw(sent: &str, code: Code, pointer: &'static str, mended: Value) -> Row {
    Row {
        sent: sent.to_owned(),
        code,
        pointer,
        mended,
    }
}

/// Checks the rejects against the rows, mends them and imports them again.
fn check(ledger: &Ledger, rows: &[Row], first: &Imported, lines: &[u64], more: &[&str]) {
    let mut mended = String::new();
    for ((row, line), text_of) in rows.iter().zip(lines).zip(first.rejects_text.lines()) {
        let reject: Value = serde_json::from_str(text_of).unwrap();
        let got = (text(&reject, "code"), text(&reject, "pointer"));
        assert_eq!(got, (row.code.as_str(), row.pointer), "{text_of}");
        assert_eq!(reject["line"], *line, "{text_of}");
        assert!(!text(&reject, "message").is_empty());
        let sent: Option<Value> = serde_json::from_str(&row.sent).ok();
        let kept = match &reject["event"] {
            Value::Null => {
                assert_eq!(reject["raw"], row.sent.as_str());
                "raw"
            }
            event => {
                assert_eq!(Some(event), sent.as_ref());
                "event"
            }
        };
        assert_eq!(keys(text_of), ["line", "code", "message", "pointer", kept]);
        let again = match kept {
            "raw" => with(reject, kept, row.mended.to_string()),
            _ => with(reject, kept, row.mended.clone()),
        };
        mended.push_str(&format!("{again}\n"));
    }
    assert_eq!(first.rejects.len(), rows.len());
    ledger.write("mended.jsonl", &mended);
    let mut args = vec![
        "import",
        "--retry",
        "mended.jsonl",
        "--rejects",
        "again.jsonl",
    ];
    args.extend(more);
    let retried = ledger.imported(ledger.run(&args), "again.jsonl");
    retried.counts(rows.len() as u64, 0, 0);
}

/// Good events with a bad one after each of the first; and the lines of the bad ones.
fn mixed(rows: &[Row], goods: &[Value]) -> (String, Vec<u64>) {
    let mut goods = goods.iter();
    let (mut sent, mut lines, mut line) = (String::new(), Vec::new(), 0);
    for row in rows {
        if let Some(good) = goods.next() {
            sent.push_str(&format!("{good}\n"));
            line += 1;
        }
        line += 1;
        lines.push(line);
        sent.push_str(&format!("{}\n", row.sent));
    }
    goods.for_each(|good| sent.push_str(&format!("{good}\n")));
    (sent, lines)
}

#[test]
fn every_code_is_answered_where_it_belongs_and_mended_events_are_taken() {
    let mut covered: BTreeSet<Code> = BTreeSet::new();

    // By the ledger's clock.
    let ledger = Ledger::new();
    let ground = known::ground();
    ledger.import(&ground).counts(ground.len() as u64, 0, 0);
    let rows: Vec<Row> = shape::rows().into_iter().chain(known::rows()).collect();
    covered.extend(rows.iter().map(|row| row.code));
    let goods: Vec<Value> = (0..rows.len() + 3)
        .map(|n| complaint(&format!("good-{n}")))
        .collect();
    let (sent, lines) = mixed(&rows, &goods);
    let first = ledger.import_text(&sent, &[]);
    first.counts(goods.len() as u64, 0, rows.len() as u64);
    let taken: Vec<String> = ground
        .iter()
        .chain(&goods)
        .map(|good| text(good, "id").to_owned())
        .collect();
    assert_eq!(ledger.audit(&["--after", "3"]).len(), taken.len());
    let without_book: Vec<&String> = taken.iter().filter(|id| *id != "newer").collect();
    assert_eq!(ledger.ids().iter().collect::<Vec<_>>(), without_book);
    check(&ledger, &rows, &first, &lines, &[]);

    // With recorded times of the events' own.
    let ledger = Ledger::new();
    let at = |event: Value, recorded: &str| with(event, "recordedtime", recorded);
    let goods = [
        at(developer("d1"), "2016-01-01T00:00:00Z"),
        at(app("a1", "d1", "in_site"), "2016-01-02T00:00:00Z"),
        at(
            with(complaint("c1"), "time", FUTURE),
            "2016-01-02T00:00:00Z",
        ),
        at(complaint("c2"), "2016-01-03T00:00:00Z"),
    ];
    let early = at(complaint("early"), "2015-12-31T23:59:59.999999Z");
    let late = at(complaint("early"), "2016-01-04T00:00:00Z");
    let rows = [row(
        &early,
        Code::RecordedtimeDecreases,
        "/recordedtime",
        late,
    )];
    covered.extend(rows.iter().map(|row| row.code));
    let (sent, lines) = mixed(&rows, &goods);
    let first = ledger.import_text(&sent, &["--trust-recorded-time"]);
    first.counts(4, 0, 1);
    check(&ledger, &rows, &first, &lines, &["--trust-recorded-time"]);

    // Before a rulebook is published.
    let ledger = Ledger::bare();
    let rows = [row(
        &developer("d1"),
        Code::RulebookNone,
        "",
        developer("d1"),
    )];
    covered.extend(rows.iter().map(|row| row.code));
    let sent = jsonl(&[
        developer("d1"),
        publication("b", "weibo", "2016-02-01", &newer()),
        developer("d2"),
    ]);
    let first = ledger.import_text(sent, &[]);
    first.counts(2, 0, 1);
    check(&ledger, &rows, &first, &[1], &[]);

    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(covered, all, "the tables leave a code out");
}
