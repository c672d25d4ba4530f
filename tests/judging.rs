//! How intake judges (SPEC §2): the order of its checks, the edges of what is well formed, what
//! counts as the same event, and what may refer to what.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;
#[path = "judging/keys.rs"]
mod keys;
#[path = "judging/shape.rs"]
mod shape;

use common::events::*;
use common::{Ledger, text};
use serde_json::{Value, json};

/// A ledger with a developer, an app of it and a complaint about that.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let ground = [developer("d1"), app("a1", "d1", "in_site"), complaint("c1")];
    ledger.import(&ground).counts(3, 0, 0);
    ledger
}

fn without(mut event: Value, key: &str) -> Value {
    event.as_object_mut().unwrap().remove(key);
    event
}

#[test]
fn an_event_wrong_in_two_ways_is_refused_by_the_first() {
    let ledger = ground();
    let data = |event: Value, data: Value| with(event, "data", data);
    let future = |event: Value| with(event, "time", FUTURE);
    let conflict = |event: Value| with(event, "id", "c1");
    let rows = [
        (
            "event.malformed",
            "",
            with(without(complaint("1"), "subject"), "private", json!({})),
        ),
        (
            "event.malformed",
            "/data",
            with(data(complaint("2"), json!(1)), "type", "none"),
        ),
        (
            "event.malformed",
            "/time",
            conflict(with(complaint("3"), "time", "9999")),
        ),
        (
            "event.malformed",
            "/private",
            with(with(complaint("4"), "private", 1), "type", "none"),
        ),
        (
            "event.type_unknown",
            "/type",
            conflict(with(complaint("5"), "type", "none")),
        ),
        (
            "event.type_unknown",
            "/type",
            data(with(complaint("6"), "type", "none"), json!({"x": 1})),
        ),
        (
            "event.data_invalid",
            "/data",
            conflict(data(complaint("7"), json!({}))),
        ),
        (
            "event.data_invalid",
            "/data",
            future(data(complaint("8"), json!({}))),
        ),
        ("event.conflict", "/id", future(complaint("c1"))),
        (
            "event.conflict",
            "/id",
            with(complaint("c1"), "subject", "nobody"),
        ),
        (
            "event.time_in_future",
            "/time",
            future(with(complaint("9"), "subject", "nobody")),
        ),
        (
            "event.time_in_future",
            "/time",
            future(with(developer("d1"), "id", "10")),
        ),
        (
            "event.time_in_future",
            "/time",
            future(violation("11", "a1", "none")),
        ),
        (
            "subject.unknown",
            "/subject",
            violation("12", "nobody", "none"),
        ),
        (
            "subject.unknown",
            "/subject",
            retraction("13", "nobody", json!({"id": "none"})),
        ),
        // An app that is there already, of a developer who is not.
        (
            "subject.unknown",
            "/data/developer",
            with(app("a1", "d9", "general"), "id", "14"),
        ),
        (
            "subject.exists",
            "/subject",
            event(
                "15",
                "developer.registered",
                T,
                "d1",
                json!({"name": "", "kind": "service", "grade": "none"}),
            ),
        ),
        // The time order of an app's steps is asked after codes.
        (
            "measure.unknown",
            "/data/measures/0",
            event(
                "16",
                "measure.imposed",
                "1970-01-01T00:00:00Z",
                "a1",
                json!({"measures": ["none", "neither"], "until": null, "reason": ""}),
            ),
        ),
    ];
    let sent: Vec<Value> = rows.iter().map(|(_, _, event)| event.clone()).collect();
    let imported = ledger.import(&sent);
    let wanted: Vec<(&str, &str)> = rows.iter().map(|(code, at, _)| (*code, *at)).collect();
    assert_eq!(imported.codes(), wanted, "{}", imported.rejects_text);

    // With a list of reasons: an unlisted one is told before that nothing waits.
    let reasons = json!({"stage": "copy", "reasons": ["taste"]});
    let sent = [
        publication("book", "weibo", "2016-02-01", &newer()),
        event("r1", "review.rejected", T, "a1", reasons.clone()),
        event(
            "r2",
            "review.rejected",
            "2016-01-31T15:59:59Z",
            "a1",
            reasons.clone(),
        ),
        event(
            "r3",
            "review.rejected",
            "2016-01-31T16:00:00Z",
            "a1",
            reasons,
        ),
    ];
    let wanted = [
        ("code.unknown", "/data/reasons/0"),
        // The rules of the day before list none.
        ("review.out_of_order", "/type"),
        ("code.unknown", "/data/reasons/0"),
    ];
    assert_eq!(ledger.import(&sent).codes(), wanted);

    // By recorded times of their own.
    let trusted = |event: Value| with(event, "recordedtime", "1971-01-01T00:00:00Z");
    let sent = [
        trusted(complaint("c1")),
        trusted(data(complaint("c1"), json!({"class": "strong"}))),
        trusted(with(complaint("t1"), "subject", "nobody")),
    ];
    let imported = ledger.import_trusted(&sent);
    imported.counts(0, 1, 2);
    let wanted = [
        ("event.conflict", "/id"),
        ("recordedtime.decreases", "/recordedtime"),
    ];
    assert_eq!(imported.codes(), wanted);

    // Before there are rules, everything else is told first.
    let bare = Ledger::bare();
    let sent = [
        with(developer("d1"), "time", FUTURE),
        complaint("1"),
        retraction("2", "a1", json!({"id": "1"})),
        developer("d1"),
    ];
    let codes = [
        "event.time_in_future",
        "subject.unknown",
        "subject.unknown",
        "rulebook.none",
    ];
    let imported = bare.import(&sent);
    let got: Vec<&str> = imported.codes().iter().map(|(code, _)| *code).collect();
    assert_eq!(got, codes);
}

#[test]
fn codes_are_those_of_any_version_and_grades_those_of_the_time() {
    let ledger = Ledger::none();
    ledger.write("old.toml", common::rulebook("weibo-2013-10-01.toml"));
    ledger.run(&["init", "--rules", "old.toml"]).good();
    let grade = |id: &str, time: &str, grade: &str| {
        event(id, "developer.graded", time, "d1", json!({"grade": grade}))
    };
    let platinum = newer().replace("\"partner\"]", "\"partner\", \"platinum\"]");
    let behavior = event(
        "b1",
        "behavior.observed",
        "2013-11-01T00:00:00Z",
        "a1",
        json!({"code": "server_down"}),
    );
    let new_code = with(
        violation("v1", "a1", "brand_new"),
        "time",
        "2013-11-01T00:00:00Z",
    );
    let platinum = format!(
        "{platinum}\n[[violations]]\ncode = \"brand_new\"\nlevel = 3\narea = \"technical\"\n"
    );
    let sent = [
        developer("d1"),
        app("a1", "d1", "in_site"),
        behavior.clone(),
        new_code.clone(),
        grade("g1", "2016-03-01T00:00:00Z", "platinum"),
        publication("book", "weibo", "2016-02-01", &platinum),
        behavior,
        new_code,
        // In force from the local midnight of 1 February 2016 on.
        grade("g2", "2016-01-31T15:59:59.999999Z", "platinum"),
        grade("g3", "2016-01-31T16:00:00Z", "platinum"),
    ];
    let imported = ledger.import(&sent);
    let wanted = [
        ("code.unknown", "/data/code"),
        ("code.unknown", "/data/code"),
        ("grade.unknown", "/data/grade"),
        ("grade.unknown", "/data/grade"),
    ];
    assert_eq!(imported.codes(), wanted, "{}", imported.rejects_text);
    assert_eq!(imported.appended, 6);
}

#[test]
fn recorded_times_never_decrease_whoever_says_them() {
    let ledger = Ledger::new();
    let at = |event: Value, time: &str| with(event, "recordedtime", time);
    let batch = [
        at(developer("d1"), "2015-01-01T00:00:00Z"),
        at(app("a1", "d1", "in_site"), "2015-01-01T00:00:00Z"),
        at(complaint("c1"), "2016-01-01T00:00:00.000001Z"),
        at(complaint("c2"), "2016-01-01T00:00:00Z"),
        at(complaint("c3"), "2016-01-01T00:00:00.000001Z"),
    ];
    let imported = ledger.import_trusted(&batch);
    imported.counts(4, 0, 1);
    assert_eq!(
        imported.codes(),
        [("recordedtime.decreases", "/recordedtime")]
    );
    assert_eq!(imported.rejects[0]["line"], 4);
    // Another import goes on from there; what is there already is a duplicate, however early.
    let next = [
        at(complaint("c1"), "1999-01-01T00:00:00Z"),
        at(complaint("c4"), "2015-12-31T00:00:00Z"),
        at(complaint("c5"), "2016-01-02T00:00:00+08:00"),
    ];
    ledger.import_trusted(&next).counts(1, 1, 1);
    // Without one of its own an event has the ledger's; so it has where it is not asked.
    ledger.import_trusted(&[complaint("c6")]).counts(1, 0, 0);
    ledger
        .import(&[at(complaint("c7"), "2001-01-01T00:00:00Z")])
        .counts(1, 0, 0);
    let trail = ledger.audit(&["--after", "3"]);
    let times: Vec<&str> = trail
        .iter()
        .map(|line| text(line, "recordedtime"))
        .collect();
    let wanted = [
        "2015-01-01T00:00:00Z",
        "2015-01-01T00:00:00Z",
        "2016-01-01T00:00:00.000001Z",
        "2016-01-01T00:00:00.000001Z",
        "2016-01-01T16:00:00Z",
    ];
    assert_eq!(times[..5], wanted);
    assert!(times.is_sorted() && times[5] > "2020" && times.len() == 7);
}

#[test]
fn a_year_without_a_calendar_leaves_what_is_due_open_and_nothing_else() {
    let ledger = ground();
    let at =
        |id: &str, kind: &str, app: &str, time: &str, data: Value| event(id, kind, time, app, data);
    let stage = || json!({"stage": "copy"});
    let sent = [
        app("a2", "d1", "in_site"),
        at(
            "1",
            "review.submitted",
            "a1",
            "2100-01-04T00:00:00Z",
            stage(),
        ),
        at(
            "2",
            "report.confirmed",
            "a1",
            "2100-01-04T00:00:00Z",
            json!({"severity": "ordinary"}),
        ),
        // How long it is held nobody knows: it is held.
        at(
            "3",
            "review.approved",
            "a1",
            "2110-01-04T00:00:00Z",
            stage(),
        ),
        at(
            "4",
            "review.submitted",
            "a2",
            "2100-01-04T00:00:00Z",
            stage(),
        ),
        at(
            "5",
            "inspection.failed",
            "a2",
            "2100-01-04T00:00:00Z",
            json!({"severity": "minor", "findings": []}),
        ),
        at(
            "6",
            "inspection.remedied",
            "a2",
            "2100-02-04T00:00:00Z",
            json!({}),
        ),
        // The observation counts days, which need no calendar.
        at(
            "7",
            "review.approved",
            "a2",
            "2100-02-10T00:00:00Z",
            stage(),
        ),
        at(
            "8",
            "review.approved",
            "a2",
            "2100-02-11T00:00:00Z",
            stage(),
        ),
    ];
    let imported = ledger.import_trusted(&sent);
    assert_eq!(imported.codes(), [("review.on_hold", "/type"); 2]);
    let standing = ledger
        .run(&["assess", "--as-of", "2100-02-12T00:00:00Z"])
        .good()
        .lines();
    let apps = &standing[0]["apps"];
    let review = json!({"state": "copy_pending", "since": "2100-01-04T00:00:00Z",
        "key_disabled": false, "due": null, "hold_until": null, "on_hold": true});
    assert_eq!(apps[0]["review"], review);
    assert_eq!(apps[1]["review"]["state"], "copy_approved");
    let due: Vec<(&Value, &Value)> = apps
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|app| app["obligations"].as_array().unwrap())
        .map(|duty| (&duty["due"], &duty["state"]))
        .collect();
    assert_eq!(
        due,
        [
            (&Value::Null, &json!("open")),
            (&Value::Null, &json!("met")),
            (&Value::Null, &json!("met")),
        ]
    );
}
