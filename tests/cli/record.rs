//! `standing record` and `standing retract`.

use serde_json::{Value, json};

use super::ground;
use crate::common::events::*;

#[test]
fn record_appends_one_event_and_prints_its_position() {
    let ledger = ground();
    let data = |args: &[&str]| {
        let ran = ledger.run(args).good();
        let position: u64 = ran.out.trim_end().parse().unwrap();
        assert_eq!((ran.out, ran.err), (format!("{position}\n"), String::new()));
        let after = (position - 1).to_string();
        ledger.audit(&["--after", &after]).remove(0)
    };
    // Cells are of the form of their field.
    let line = data(&[
        "record",
        "usage.reported",
        "a1",
        "date=2016-02-29",
        "daily_users=120",
    ]);
    assert_eq!(
        line["data"],
        json!({"date": "2016-02-29", "daily_users": 120})
    );
    assert_eq!(
        (&line["source"], &line["developer"]),
        (&json!("/standing/cli"), &json!("d1"))
    );
    let line = data(&[
        "record",
        "certification.assessed",
        "a2",
        "condition=platform_related",
        "met=true",
    ]);
    assert_eq!(line["data"]["met"], true);
    let line = data(&[
        "record",
        "measure.imposed",
        "a1",
        "measures=warning; close_app",
        "until=null",
        "reason=a = b",
    ]);
    assert_eq!(
        line["data"],
        json!({"measures": ["warning", "close_app"], "until": null, "reason": "a = b"})
    );
    let line = data(&[
        "record",
        "measure.imposed",
        "a1",
        "measures=[\"warning\"]",
        "until=2016-04-01T08:00:00+08:00",
        "reason=",
    ]);
    assert_eq!(line["data"]["until"], "2016-04-01T08:00:00+08:00");
    let line = data(&[
        "record",
        "event.retracted",
        "a1",
        "event.id=v1",
        "event.source=/test",
        "reason=wrong",
        "--time",
        "2016-03-05T08:00:00.500+08:00",
        "--id",
        "r1",
        "--source",
        "/desk",
        "--actor",
        "u7",
    ]);
    assert_eq!(
        line["data"],
        json!({"event": {"id": "v1", "source": "/test"}, "reason": "wrong"})
    );
    assert_eq!(
        [&line["id"], &line["source"], &line["time"]],
        ["r1", "/desk", "2016-03-05T00:00:00.5Z"]
    );

    // The same again, by its id: where it is, and nothing new.
    let again = [
        "record",
        "violation.found",
        "a1",
        "code=bulk_scraping",
        "--time",
        T,
        "--id",
        "v2",
        "--source",
        "/test",
    ];
    let first = ledger.run(&again).good();
    let second = ledger.run(&again).good();
    assert_eq!(
        (&second.out, second.err.as_str()),
        (&first.out, "the same event was there already\n")
    );
    let mut quiet = again.to_vec();
    quiet.push("-q");
    assert_eq!(ledger.run(&quiet).good().err, "");
    // A step of a review is so too, though it would be out of order by now.
    let step = [
        "record",
        "review.submitted",
        "a2",
        "stage=declaration",
        "--time",
        T,
        "--id",
        "s1",
    ];
    let first = ledger.run(&step).good();
    assert_eq!(ledger.run(&step).good().out, first.out);
    let head = ledger.audit(&[]).len();

    let long = format!("note={}", "x".repeat(70_000));
    let deep = format!("{}=1", vec!["x"; 32].join("."));
    let refused: [(&[&str], &str); 10] = [
        (
            &["violation.found", "a1", "code=none"],
            "code.unknown: no published rulebook has the violation code `none` (at /data/code)",
        ),
        (
            &["violation.found", "a1"],
            "event.data_invalid: `data.code` is missing (at /data)",
        ),
        (
            &["violation.found", "a9", "code=bulk_scraping"],
            "subject.unknown: no app `a9` is registered (at /subject)",
        ),
        (
            &[
                "usage.reported",
                "a1",
                "date=2016-02-29",
                "daily_users=many",
            ],
            "event.data_invalid: ",
        ),
        (
            &["usage.reported", "a1", "date=2016-02-29", "daily_users=012"],
            "event.data_invalid: ",
        ),
        (
            &[
                "violation.found",
                "a1",
                "code=icon_breach",
                "--id",
                "v2",
                "--source",
                "/test",
            ],
            "event.conflict: ",
        ),
        (
            &["complaint.received", "a1", "class=strong", "--time", FUTURE],
            "event.time_in_future: ",
        ),
        (
            &["review.approved", "a2", "stage=copy"],
            "review.out_of_order: no `copy` waits for a decision in the state `declaration_pending` (since 2016-03-01T00:00:00Z) (at /type)",
        ),
        (
            &["complaint.received", "a1", "class=strong", &long],
            "event.malformed: ",
        ),
        (
            &["complaint.received", "a1", &deep],
            "event.malformed: nested deeper than 32 levels",
        ),
    ];
    for (args, message) in refused {
        let args: Vec<&str> = ["record"].iter().chain(args).copied().collect();
        let ran = ledger.run(&args).with_code(2);
        assert!(
            ran.err.starts_with(&format!("error: {message}")),
            "{}",
            ran.err
        );
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1));
    }
    // What is no event at all is the command's to refuse.
    let wrong: [&[&str]; 8] = [
        &["violation.fund", "a1", "code=x"],
        &["violation.found"],
        &["violation.found", "a1", "code"],
        &["violation.found", "a1", "code=x", "code=y"],
        &["violation.found", "a1", "code=x", "code.y=z"],
        &["violation.found", "a1", "=x"],
        &["violation.found", "a1", "code=x", "--time", "yesterday"],
        &[
            "violation.found",
            "a1",
            "code=x",
            "--time",
            "2016-12-31T23:59:60Z",
        ],
    ];
    for args in wrong {
        let args: Vec<&str> = ["record"].iter().chain(args).copied().collect();
        let ran = ledger.run(&args).with_code(1);
        assert!(
            ran.err.starts_with("error: ") && ran.out.is_empty(),
            "{}",
            ran.err
        );
    }
    assert_eq!(ledger.audit(&[]).len(), head);
}

#[test]
fn retract_takes_an_event_back_and_a_retraction_too() {
    let ledger = ground();
    let by = |position: usize| ledger.audit(&[])[position - 1]["retracted_by"].clone();
    let assess = || {
        ledger
            .run(&["assess", "--as-of", "2016-03-10T00:00:00Z"])
            .good()
            .out
    };
    let stands = assess();
    // The violation is the eighth event, after three rulebooks.
    assert_eq!(
        ledger
            .run(&["retract", "8", "--reason", "a mistake", "--actor", "u7"])
            .good()
            .out,
        "12\n"
    );
    assert_eq!((by(8), by(12)), (json!(12), Value::Null));
    let line = ledger.audit(&["--type", "event.retracted"]).remove(0);
    assert_eq!(
        line["data"],
        json!({"event": {"id": "v1", "source": "/test"}, "reason": "a mistake"})
    );
    assert_eq!(
        (&line["subject"], &line["developer"]),
        (&json!("a1"), &json!("d1"))
    );
    assert_ne!(assess(), stands);
    // Again: the first to do it is named.
    assert_eq!(
        ledger
            .run(&["retract", "8", "--reason", "again"])
            .good()
            .out,
        "13\n"
    );
    assert_eq!(by(8), 12);
    ledger
        .run(&["retract", "12", "--reason", "it was none"])
        .good();
    assert_eq!((by(8), by(12)), (json!(13), json!(14)));
    ledger.run(&["retract", "13", "--reason", "neither"]).good();
    assert_eq!((by(8), by(13)), (Value::Null, json!(15)));
    assert_eq!(assess(), stands);
    // What was known before is asked with what was known then.
    let then = |at: &str| {
        ledger
            .run(&[
                "assess",
                "--as-of",
                "2016-03-10T00:00:00Z",
                "--known-at",
                at,
            ])
            .good()
            .out
    };
    assert_eq!(then("@11"), stands);
    assert_ne!(then("@12"), stands);
    // A granted appeal takes back, a denied one does not.
    for outcome in ["denied", "granted"] {
        let outcome = format!("outcome={outcome}");
        ledger
            .run(&[
                "record",
                "appeal.decided",
                "a1",
                "event.id=v1",
                "event.source=/test",
                "reason=",
                &outcome,
            ])
            .good();
    }
    assert_eq!((by(8), by(16)), (json!(17), Value::Null));
    // Registrations and rulebooks stay, and where there is nothing there is nothing to take back.
    for position in ["1", "4", "5"] {
        let ran = ledger
            .run(&["retract", position, "--reason", ""])
            .with_code(2);
        assert!(
            ran.err.starts_with("error: ref.not_retractable: "),
            "{}",
            ran.err
        );
    }
    for position in ["0", "99", "18446744073709551615"] {
        let ran = ledger
            .run(&["retract", position, "--reason", ""])
            .with_code(1);
        assert_eq!(
            ran.err,
            format!("error: there is no event at position {position}; the last is 17\n")
        );
    }
    ledger.run(&["retract", "8"]).with_code(1);
    ledger.run(&["retract", "-1", "--reason", ""]).with_code(1);
}
