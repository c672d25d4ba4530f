//! `standing audit`.

use serde_json::Value;

use super::ground;
use crate::common::events::*;
use crate::common::{keys, text};

fn positions(lines: &[Value]) -> Vec<u64> {
    let each = lines.iter().map(|line| line["position"].as_u64().unwrap());
    each.collect()
}

#[test]
fn audit_filters_by_each_of_its_flags() {
    let ledger = ground();
    let recorded = text(&ledger.audit(&["--after", "10"])[0], "recordedtime").to_owned();
    let rows: [(&[&str], &[u64]); 19] = [
        (&[], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (&["--subject", "a1"], &[5, 8, 10]),
        (&["--subject", "d1"], &[4]),
        (&["--subject", "weibo"], &[1, 2, 3]),
        (&["--subject", "nobody"], &[]),
        (&["--developer", "d1"], &[4, 5, 8, 10]),
        (&["--developer", "a1"], &[]),
        (&["--developer", "d2", "--subject", "a2"], &[7, 9, 11]),
        (&["--developer", "d1", "--subject", "a2"], &[]),
        (&["--type", "violation.found"], &[8]),
        (
            &["--type", "violation.found", "complaint.received"],
            &[8, 9, 10, 11],
        ),
        (
            &["--type", "app.registered", "--type", "developer.registered"],
            &[4, 5, 6, 7],
        ),
        (&["--from", T], &[8, 9, 10, 11]),
        (&["--from", T, "--to", "2016-04-01T00:00:00Z"], &[8, 9]),
        (
            &[
                "--to",
                "2016-03-01T00:00:00.000001Z",
                "--type",
                "complaint.received",
            ],
            &[9],
        ),
        (
            &["--recorded-from", "1970-01-01T00:00:00.000001Z"],
            &[4, 5, 6, 7, 8, 9, 10, 11],
        ),
        (&["--recorded-to", &recorded], &[1, 2, 3]),
        (&["--after", "9", "--limit", "1"], &[10]),
        (&["--limit", "0"], &[]),
    ];
    for (args, wanted) in rows {
        assert_eq!(positions(&ledger.audit(args)), wanted, "{args:?}");
    }
    for args in [
        &["--type", "violation.fund"][..],
        &["--from", "2016"],
        &["--after", "-1"],
        &["--limit", "x"],
    ] {
        let args: Vec<&str> = ["audit"].iter().chain(args).copied().collect();
        ledger.run(&args).with_code(1);
    }
    // Page by page it is the same trail.
    let mut pages = Vec::new();
    while let Some(line) = ledger
        .audit(&["--limit", "1", "--after", &pages.len().to_string()])
        .pop()
    {
        pages.push(line);
    }
    assert_eq!(pages, ledger.audit(&[]));
    let whole = ledger
        .run(&["audit", "--after", "7", "--limit", "1"])
        .good();
    let wanted = [
        "position",
        "id",
        "source",
        "type",
        "time",
        "recordedtime",
        "subject",
        "developer",
        "data",
        "retracted_by",
    ];
    assert_eq!(keys(&whole.out), wanted);
    let line: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(line["developer"], "d1");
    assert_eq!(ledger.audit(&["--limit", "1"])[0]["developer"], Value::Null);
    // As one document, and for people.
    let list: Value =
        serde_json::from_str(&ledger.run(&["audit", "--format", "json"]).good().out).unwrap();
    assert_eq!(list.as_array().unwrap(), &ledger.audit(&[]));
    let table = ledger
        .run(&["audit", "--format", "table", "--limit", "9"])
        .good();
    assert_eq!(
        table.out.lines().next().unwrap().split_whitespace().next(),
        Some("POSITION")
    );
    assert!(
        table.out.contains("bulk_scraping") && table.err.contains("--after 9"),
        "{}{}",
        table.out,
        table.err
    );
    assert!(
        ledger
            .run(&["audit", "--format", "table", "--limit", "9", "-q"])
            .good()
            .err
            .is_empty()
    );
}
