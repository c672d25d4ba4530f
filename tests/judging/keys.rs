//! What is the same event, and what refers to which.

use serde_json::{Value, json};

use super::ground;
use crate::common::events::*;

#[test]
fn the_same_event_is_a_duplicate_and_another_of_its_key_a_conflict() {
    let ledger = ground();
    let submitted = event("s1", "review.submitted", T, "a1", json!({"stage": "copy"}));
    let later = with(complaint("later"), "time", FUTURE);
    let more = with(complaint("more"), "x", json!({"b": [1.0, 2], "a": null}));
    ledger
        .import(&[submitted.clone(), more.clone()])
        .counts(2, 0, 0);
    ledger
        .import_trusted(std::slice::from_ref(&later))
        .counts(1, 0, 0);

    let text_of = |event: &Value| event.to_string();
    // Other order of keys, other blanks, escapes and ways to write a number, another recorded time.
    let respelled = "{ \"type\":\"complaint.received\", \"data\":{\"class\":\"norma\\u006c\"},\
        \"x\":{\"a\":null,\"b\":[1,2.0]}, \"time\":\"2016-03-01T00:00:00Z\", \"subject\":\"a1\",\
        \"source\":\"\\/test\", \"specversion\":\"1.0\", \"id\":\"more\"}";
    let duplicates = [
        text_of(&more),
        respelled.to_owned(),
        text_of(&with(
            complaint("c1"),
            "recordedtime",
            "2001-01-01T00:00:00Z",
        )),
        // No longer legal, and in the future: what is there is there.
        text_of(&submitted),
        text_of(&later),
    ];
    let imported = ledger.import_text(duplicates.join("\n"), &[]);
    imported.counts(0, duplicates.len() as u64, 0);

    let conflicts = [
        with(complaint("c1"), "time", "2016-03-01T00:00:00+00:00"),
        with(complaint("c1"), "data", json!({"class": "strong"})),
        with(complaint("c1"), "actor", "somebody"),
        with(complaint("c1"), "subject", "d1"),
        with(complaint("c1"), "x", Value::Null),
        with(submitted.clone(), "type", "review.approved"),
    ];
    let imported = ledger.import(&conflicts);
    imported.counts(0, 0, conflicts.len() as u64);
    assert!(
        imported
            .codes()
            .iter()
            .all(|got| *got == ("event.conflict", "/id"))
    );

    // Of another source it is another event.
    ledger
        .import(&[with(complaint("c1"), "source", "/test/")])
        .counts(1, 0, 0);

    // Within one batch: what is refused has no key, the first that is taken has it.
    let other = |id: &str| with(complaint(id), "data", json!({"class": "strong"}));
    let batch = [
        complaint("b1"),
        complaint("b1"),
        other("b1"),
        with(complaint("b2"), "subject", "nobody"),
        complaint("b2"),
        other("b2"),
        other("b2"),
        complaint("b2"),
    ];
    let imported = ledger.import(&batch);
    imported.counts(2, 2, 4);
    let wanted = [
        ("event.conflict", "/id"),
        ("subject.unknown", "/subject"),
        ("event.conflict", "/id"),
        ("event.conflict", "/id"),
    ];
    assert_eq!(imported.codes(), wanted);
    ledger.import(&batch).counts(0, 4, 4);
}

#[test]
fn a_reference_is_to_an_event_before_of_the_same_subject() {
    let ledger = ground();
    let of = |id: &str| json!({"id": id});
    let of_source = |id: &str, source: &str| json!({"id": id, "source": source});
    let other = |event: Value| with(event, "source", "/other");
    let erased = |id: &str, subject: &str, of: Value| {
        event(
            id,
            "private.erased",
            T,
            subject,
            json!({"event": of, "reason": ""}),
        )
    };
    let appeal = |id: &str, of: Value| {
        event(
            id,
            "appeal.filed",
            T,
            "a1",
            json!({"event": of, "statement": ""}),
        )
    };
    let book = || json!({"id": "weibo@2013-10-01", "source": "/standing/rulebooks"});
    let sent = [
        (retraction("r1", "a1", of("c1")), ""),
        // A retraction may be taken back, an event twice.
        (retraction("r2", "a1", of("r1")), ""),
        (retraction("r3", "a1", of("r2")), ""),
        (retraction("r4", "a1", of("c1")), ""),
        // The source that is not given is the referring event's.
        (
            other(retraction("r5", "a1", of("c1"))),
            "ref.unknown /data/event",
        ),
        (other(retraction("r5", "a1", of_source("c1", "/test"))), ""),
        (retraction("r6", "a1", of("r5")), "ref.unknown /data/event"),
        (retraction("r6", "a1", of_source("r5", "/other")), ""),
        // To an event of the batch: before it, not after it, not to itself.
        (retraction("r7", "a1", of("c2")), "ref.unknown /data/event"),
        (complaint("c2"), ""),
        (retraction("r7", "a1", of("c2")), ""),
        (retraction("r8", "a1", of("r8")), "ref.unknown /data/event"),
        // To one that was refused.
        (
            with(complaint("c3"), "time", FUTURE),
            "event.time_in_future /time",
        ),
        (retraction("r9", "a1", of("c3")), "ref.unknown /data/event"),
        // The subject is the target's, to the letter; that of a developer's events the developer.
        (retraction("s1", "d1", of("c1")), "ref.unknown /subject"),
        (
            event(
                "g1",
                "developer.graded",
                T,
                "d1",
                json!({"grade": "partner"}),
            ),
            "",
        ),
        (retraction("s2", "a1", of("g1")), "ref.unknown /subject"),
        (retraction("s3", "d1", of("g1")), ""),
        // Registrations, rulebooks and erasures stay.
        (
            retraction("n1", "d1", of("reg-d1")),
            "ref.not_retractable /data/event",
        ),
        (
            retraction("n2", "a1", of("reg-a1")),
            "ref.not_retractable /data/event",
        ),
        (retraction("n3", "d1", of("reg-a1")), "ref.unknown /subject"),
        (
            retraction("n4", "weibo", book()),
            "ref.not_retractable /data/event",
        ),
        (
            appeal("n5", of("reg-a1")),
            "ref.not_retractable /data/event",
        ),
        (erased("x1", "a1", of("c1")), ""),
        (
            retraction("n6", "a1", of("x1")),
            "ref.not_retractable /data/event",
        ),
        (appeal("n7", of("x1")), "ref.not_retractable /data/event"),
        // What is private of a registration or a rulebook can be erased.
        (erased("x2", "d1", of("reg-d1")), ""),
        (erased("x3", "weibo", book()), ""),
        (erased("x4", "other", book()), "subject.unknown /subject"),
        (appeal("p1", of("r1")), ""),
        (appeal("p2", of("p1")), ""),
    ];
    let events: Vec<Value> = sent.iter().map(|(event, _)| event.clone()).collect();
    let imported = ledger.import(&events);
    let got: Vec<String> = imported
        .codes()
        .iter()
        .map(|(code, at)| format!("{code} {at}"))
        .collect();
    let wanted: Vec<&str> = sent
        .iter()
        .map(|(_, wanted)| *wanted)
        .filter(|wanted| !wanted.is_empty())
        .collect();
    assert_eq!(got, wanted, "{}", imported.rejects_text);
    // A second time, all that was taken is there, and so is `r7`, sent twice in the first place.
    let again = ledger.import(&events);
    assert_eq!(
        (again.duplicates, again.appended),
        (imported.appended + 1, 0)
    );
}
