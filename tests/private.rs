//! Private data: kept beside the log, shown to who asks for it, and erased without a trace.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::events::*;
use common::{Ledger, text};
use serde_json::{Value, json};

fn ground() -> Ledger {
    let ledger = Ledger::new();
    let events = [
        developer("d1"),
        app("a1", "d1", "general"),
        app("a2", "d1", "general"),
    ];
    ledger.import(&events).counts(3, 0, 0);
    ledger
}

fn private(event: Value, name: &str) -> Value {
    let content = json!({"complainant": {"name": name, "phone": "13800000000"}, "age": 30});
    with(event, "private", content)
}

fn contents(ledger: &Ledger) -> Vec<Value> {
    let trail = ledger.audit(&["--private", "--type", "complaint.received"]);
    trail.iter().map(|line| line["private"].clone()).collect()
}

#[test]
fn what_is_private_is_shown_to_who_asks_for_it_and_is_no_part_of_the_log() {
    let ledger = ground();
    let events = [private(complaint("c1"), "Li Lei"), complaint("c2")];
    ledger.import(&events).counts(2, 0, 0);
    let csv = "id,source,type,time,subject,data.class,private.complainant.name\n\
               c3,/test,complaint.received,2016-03-01T00:00:00Z,a1,normal,Han Meimei\n";
    ledger.write("more.csv", csv);
    ledger.run(&["import", "more.csv"]).good();
    let args = [
        "record",
        "complaint.received",
        "a1",
        "class=normal",
        "--private",
    ];
    let name = ["complainant.name=Lin Tao"];
    ledger.run(&[&args[..], &name[..]].concat()).good();
    assert_eq!(
        contents(&ledger),
        [
            json!({"age": 30, "complainant": {"name": "Li Lei", "phone": "13800000000"}}),
            Value::Null,
            json!({"complainant": {"name": "Han Meimei"}}),
            json!({"complainant": {"name": "Lin Tao"}}),
        ]
    );
    let trail = ledger.audit(&[]);
    assert!(trail.iter().all(|line| line.get("private").is_none()));
    let table = ledger
        .run(&["audit", "--private", "--format", "table"])
        .good();
    assert!(table.out.contains("Han Meimei"), "{}", table.out);
    // An answer does not depend on it, and an explanation does not tell it.
    let explained = ledger.run(&["explain", "a1", "--month", "2016-03"]);
    assert!(!explained.out.contains("Li Lei"));
}

#[test]
fn what_is_private_does_not_tell_two_sendings_apart() {
    let ledger = ground();
    ledger
        .import(&[private(complaint("c1"), "Li Lei")])
        .counts(1, 0, 0);
    let again = [private(complaint("c1"), "Han Meimei"), complaint("c1")];
    ledger.import(&again).counts(0, 2, 0);
    assert_eq!(contents(&ledger)[0]["complainant"]["name"], "Li Lei");
}

#[test]
fn private_must_be_an_object() {
    let ledger = ground();
    for private in [json!("hmac-sha256:00"), json!(null), json!([1])] {
        let refused = ledger.import(&[with(complaint("c1"), "private", private)]);
        assert_eq!(refused.codes(), [("event.malformed", "/private")]);
    }
}

#[test]
fn an_erasure_takes_the_content_and_nothing_else() {
    let ledger = ground();
    let names = ["Li Lei", "Han Meimei", "Lin Tao"];
    let ids = ["c1", "c2", "c3"];
    let events: Vec<Value> = ids
        .iter()
        .zip(names)
        .map(|(id, name)| private(complaint(id), name))
        .collect();
    ledger.import(&events).counts(3, 0, 0);
    ledger
        .import(&[with(private(complaint("c4"), "Jim"), "subject", "a2")])
        .counts(1, 0, 0);
    let trail = ledger.audit(&[]);
    let position = |id: &str| {
        let line = trail.iter().find(|line| text(line, "id") == id).unwrap();
        line["position"].as_u64().unwrap()
    };
    let as_of = [
        "assess",
        "--as-of",
        "2016-04-01T00:00:00Z",
        "--format",
        "jsonl",
    ];
    let before = ledger.run(&as_of).good().out;

    // By position.
    let second = position("c2").to_string();
    let ran = ledger
        .run(&["erase", &second, "--reason", "asked for", "--actor", "op-7"])
        .good();
    let head = trail.len() as u64;
    assert_eq!(
        ran.lines(),
        [json!({"position": position("c2"), "erased_by": head + 1})]
    );
    assert_eq!(contents(&ledger)[1], Value::Null);
    assert_eq!(contents(&ledger)[0]["complainant"]["name"], "Li Lei");
    let line = ledger.audit(&["--type", "private.erased"]).remove(0);
    assert_eq!(line["subject"], "a1");
    assert_eq!(
        line["data"],
        json!({"event": {"id": "c2", "source": "/test"}, "reason": "asked for"})
    );

    // By subject: what is left of it.
    let ran = ledger
        .run(&["erase", "--subject", "a1", "--reason", "asked for"])
        .good();
    let positions: Vec<Value> = ran
        .lines()
        .iter()
        .map(|line| line["position"].clone())
        .collect();
    assert_eq!(positions, [json!(position("c1")), json!(position("c3"))]);
    let left = contents(&ledger);
    assert!(left[..3].iter().all(Value::is_null));
    assert_eq!(left[3]["complainant"]["name"], "Jim");

    // Again, and where there is nothing.
    let ran = ledger.run(&["erase", &second, "--reason", "again"]).good();
    assert_eq!(ran.out, "");
    assert!(
        ran.err
            .contains("1 of 1 say nothing in private, or no longer"),
        "{}",
        ran.err
    );

    // A resend is a duplicate, whatever it says in private, and brings nothing back.
    ledger.import(&events).counts(0, 3, 0);
    assert!(contents(&ledger)[..3].iter().all(Value::is_null));
    assert_eq!(ledger.run(&as_of).good().out, before);
}

#[test]
fn an_erasure_may_come_as_an_event() {
    let ledger = ground();
    let data = json!({"event": {"id": "c1"}, "reason": "asked for"});
    let erased = event("e1", "private.erased", T, "a1", data);
    // In one batch with what it erases.
    ledger
        .import(&[private(complaint("c1"), "Li Lei"), erased])
        .counts(2, 0, 0);
    assert_eq!(contents(&ledger), [Value::Null]);
}

#[test]
fn what_cannot_be_erased_is_said() {
    let ledger = ground();
    for (args, message) in [
        (
            vec!["erase", "99", "--reason", "r"],
            "there is no event at position 99; the last is 6",
        ),
        (
            vec!["erase", "--subject", "a9", "--reason", "r"],
            "no event is about `a9`",
        ),
        (vec!["erase", "--reason", "r"], "required"),
        (vec!["erase", "1"], "--reason"),
    ] {
        let ran = ledger.run(&args).with_code(1);
        assert!(ran.err.contains(message), "{}", ran.err);
    }
    assert_eq!(ledger.audit(&[]).len(), 6);
}
