//! What reviews of the program found wrong once, each held where it was mended.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::Ledger;
use common::events::*;
use serde_json::json;

#[test]
fn a_developer_named_twice_is_assessed_once() {
    let ledger = Ledger::new();
    let events = [
        developer("d1"),
        app("a1", "d1", "general"),
        violation("v1", "a1", "bulk_scraping"),
    ];
    ledger.import(&events).counts(3, 0, 0);
    let once = ledger.run(&["assess", "--developer", "d1", "-q"]).good();
    let twice = ledger
        .run(&["assess", "--developer", "d1", "d1", "-q"])
        .good();
    assert!(once.out.contains("\"violations\":1"), "{}", once.out);
    // The instants differ, what is printed does not.
    assert_eq!(once.out, twice.out);
    let unknown = ledger.run(&["assess", "--developer", "d9"]).good();
    assert!(unknown.err.contains("no developer `d9`"), "{}", unknown.err);
}

#[test]
fn intake_and_assess_agree_on_which_end_ends_an_outage() {
    let ledger = Ledger::new();
    let start = "started";
    let first = outage("s1", start, "2015-05-01T00:00:00Z", "o");
    let again = [
        developer("d1"),
        app("a1", "d1", "general"),
        first,
        outage("e1", "ended", "2015-05-03T12:00:00Z", "o"),
        retraction("r1", "a1", json!({"id": "s1"})),
        outage("s2", start, "2015-05-02T00:00:00Z", "o"),
    ];
    ledger.import(&again).counts(6, 0, 0);
    // The end of the outage that was taken back lies after the new start: it is that one's now.
    let late = outage("e2", "ended", "2015-05-09T00:00:00Z", "o");
    let refused = ledger.import(&[late]);
    assert_eq!(refused.codes(), [("outage.already_ended", "/data/outage")]);
    let standing = ledger
        .run(&["assess", "--as-of", "2015-06-01T00:00:00Z", "-q"])
        .good();
    assert!(
        standing.out.contains("\"outage_days\":2"),
        "{}",
        standing.out
    );
}

#[test]
fn a_ledger_is_one_file_when_the_command_is_done() {
    let ledger = Ledger::new();
    if ledger.place.database().is_some() {
        return; // A database is no file.
    }
    ledger.import(&[developer("d1")]).counts(1, 0, 0);
    assert!(!ledger.path("standing.db-wal").exists());
    std::fs::copy(ledger.path("standing.db"), ledger.path("copy.db")).unwrap();
    let copy = ledger
        .run(&["audit", "--ledger", "copy.db", "--subject", "d1", "-q"])
        .good();
    assert_eq!(copy.lines().len(), 1);
}

#[test]
fn rejects_that_somebody_mends_are_not_written_over() {
    let ledger = Ledger::new();
    for name in ["rejects.jsonl", "rejects-2.jsonl"] {
        let ran = ledger.feed(&["import", "-"], "{}\n").with_code(2);
        assert!(ran.err.contains(name), "{}", ran.err);
        assert!(ran.err.contains("1 event.malformed"), "{}", ran.err);
    }
    let retried = ledger
        .run(&["import", "--retry", "rejects.jsonl"])
        .with_code(2);
    assert!(
        retried.err.contains("see `rejects.jsonl`"),
        "{}",
        retried.err
    );
}

#[test]
fn what_is_recorded_in_the_future_is_not_known_yet() {
    let ledger = Ledger::new();
    let late = with(
        violation("v1", "a1", "bulk_scraping"),
        "recordedtime",
        "2999-01-01T00:00:00Z",
    );
    let events = [
        with(developer("d1"), "recordedtime", "2015-01-01T00:00:00Z"),
        with(
            app("a1", "d1", "general"),
            "recordedtime",
            "2015-01-02T00:00:00Z",
        ),
        late,
    ];
    ledger.import_trusted(&events).counts(3, 0, 0);
    let now = ledger.run(&["assess", "-q"]).good();
    assert!(now.out.contains("\"months\":[]"), "{}", now.out);
    let then = ledger.run(&["assess", "-q", "--known-at", "@6"]).good();
    assert!(then.out.contains("\"tier\":2"), "{}", then.out);
}

#[test]
fn small_writers_do_not_starve_a_bulk_import() {
    let ledger = Ledger::new();
    let ground = [
        developer("d1"),
        app("a1", "d1", "general"),
        app("a2", "d1", "general"),
    ];
    ledger.import(&ground).counts(3, 0, 0);
    let many: Vec<_> = (0..20_000).map(|n| complaint(&format!("c{n}"))).collect();
    ledger.write("many.jsonl", jsonl(&many));
    let mut import = ledger
        .command(&["import", "many.jsonl", "-q"])
        .spawn()
        .unwrap();
    let mut beside = 0;
    let status = loop {
        if let Some(status) = import.try_wait().unwrap() {
            break status;
        }
        ledger
            .run(&["record", "complaint.received", "a2", "class=normal"])
            .good();
        beside += 1;
    };
    assert!(status.success());
    let events = ledger.audit(&["--type", "complaint.received"]);
    assert_eq!(events.len(), 20_000 + beside);
}

/// An index of PostgreSQL holds no more than 2,704 bytes; what one store takes the other takes too.
#[test]
fn names_that_no_index_holds_are_refused_and_spoil_nothing() {
    let ledger = Ledger::new();
    ledger.import(&[developer("d1"), app("d1-a", "d1", "general")]);
    // What cannot be compressed, so that it stays as long as it is.
    let mut state = 7_u64;
    let long: String = (0..1_025)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'a' + u8::try_from(state >> 59).unwrap() % 26)
        })
        .collect();
    let of = |name: &str, value: &str| with(complaint(&format!("of {name}")), name, value);
    let refused = ledger.import(&[of("id", &long), of("source", &long), of("subject", &long)]);
    refused.counts(0, 0, 3);
    assert_eq!(
        refused.codes(),
        [
            ("event.malformed", "/id"),
            ("event.malformed", "/source"),
            ("event.malformed", "/subject")
        ]
    );
    let longest = &long[..1_024];
    let both = with(of("id", longest), "source", longest);
    let both = with(both, "subject", &longest[1..]);
    let named = |event, id: &str| with(event, "id", id);
    let app = app(&longest[1..], longest, "general");
    let registered = [named(developer(longest), "long 1"), named(app, "long 2")];
    ledger.import(&registered).counts(2, 0, 0);
    ledger.import(&[both]).counts(1, 0, 0);
}
