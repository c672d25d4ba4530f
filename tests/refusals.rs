//! Every code by which intake refuses (SPEC §2), in imports that take all that is good.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::BTreeSet;

use common::{Imported, Ledger, app, developer, event, jsonl, keys, text, with};
use serde_json::{Value, json};
use standing_projections::refusal::Code;

const T: &str = "2016-03-01T00:00:00Z";
const FUTURE: &str = "9000-01-01T00:00:00Z";

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

fn violation(id: &str, app: &str, code: &str) -> Value {
    event(id, "violation.found", T, app, json!({"code": code}))
}

fn complaint(id: &str) -> Value {
    event(
        id,
        "complaint.received",
        T,
        "a1",
        json!({"class": "normal"}),
    )
}

fn outage(id: &str, what: &str, time: &str, outage: &str) -> Value {
    let data = match what {
        "started" => json!({"outage": outage, "cause": "developer"}),
        _ => json!({"outage": outage}),
    };
    event(id, &format!("outage.{what}"), time, "a1", data)
}

fn retraction(id: &str, subject: &str, of: Value) -> Value {
    event(
        id,
        "event.retracted",
        T,
        subject,
        json!({"event": of, "reason": "wrong"}),
    )
}

fn publication(id: &str, subject: &str, version: &str, toml: &str) -> Value {
    let data = json!({"version": version, "toml": toml, "sha256": sha256(toml)});
    event(id, "rulebook.published", T, subject, data)
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let bytes = Sha256::digest(text.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The latest version, later, with reasons for a rejection.
fn newer() -> String {
    let text = common::rulebook("weibo-2016-01-01.toml");
    let text = text
        .replace("version = \"2016-01-01\"", "version = \"2016-02-01\"")
        .replace("effective_from = 2016-01-01", "effective_from = 2016-02-01");
    format!("{text}\n[[review.reasons.in_site]]\ncode = \"unclear_source\"\n")
}

/// What stands in the log before the table.
fn ground() -> Vec<Value> {
    let step = |id: &str, kind: &str, app: &str, data: Value| event(id, kind, T, app, data);
    vec![
        developer("d1"),
        app("a1", "d1", "in_site"),
        app("held", "d1", "in_site"),
        app("w1", "d1", "website"),
        publication("newer", "weibo", "2016-02-01", &newer()),
        complaint("c1"),
        outage("o1", "started", "2016-02-01T00:00:00Z", "down"),
        outage("o2", "ended", "2016-02-02T00:00:00Z", "down"),
        outage("o3", "started", "2016-02-05T00:00:00Z", "open"),
        step("h1", "review.submitted", "held", json!({"stage": "copy"})),
        step(
            "h2",
            "inspection.failed",
            "held",
            json!({"severity": "minor", "findings": []}),
        ),
        step("w-1", "review.submitted", "w1", json!({"stage": "copy"})),
        step("w-2", "review.approved", "w1", json!({"stage": "copy"})),
    ]
}

/// What an import by the ledger's clock refuses.
fn table() -> Vec<Row> {
    use Code::*;
    let good = complaint;
    let text_of = |event: &Value| event.to_string();
    let without = |event: Value, key: &str| {
        let mut event = event;
        event.as_object_mut().unwrap().remove(key);
        event
    };
    let data = |event: Value, data: Value| with(event, "data", data);
    let mut rows = vec![
        // event.malformed
        raw("{\"id\":", EventMalformed, "", good("m1")),
        raw("[1]", EventMalformed, "", good("m2")),
        raw("null", EventMalformed, "", good("m3")),
        raw(
            &text_of(&good("m4")).replace("\"class\":", "\"class\":\"strong\",\"class\":"),
            EventMalformed,
            "/data/class",
            good("m4"),
        ),
        raw(
            &text_of(&with(good("m5"), "x", "a~b")).replace("a~b", "a\\u0000b"),
            EventMalformed,
            "/x",
            good("m5"),
        ),
        raw(
            &text_of(&good("m6")).replace("\"class\"", "\"cl\\u0000ass\""),
            EventMalformed,
            "/data",
            good("m6"),
        ),
        raw(
            &text_of(&with(good("m7"), "x", "X")).replace("\"X\"", "9007199254740993"),
            EventMalformed,
            "/x",
            good("m7"),
        ),
        raw(
            &text_of(&with(good("m8"), "x", "X")).replace("\"X\"", "\"\\ud800\""),
            EventMalformed,
            "/x",
            good("m8"),
        ),
        row(
            &with(good("m9"), "specversion", "0.3"),
            EventMalformed,
            "/specversion",
            good("m9"),
        ),
        row(
            &with(good("m10"), "id", 10),
            EventMalformed,
            "/id",
            good("m10"),
        ),
        row(
            &with(good("m11"), "subject", ""),
            EventMalformed,
            "/subject",
            good("m11"),
        ),
        row(
            &with(good("m12"), "source", Value::Null),
            EventMalformed,
            "/source",
            good("m12"),
        ),
        row(
            &without(good("m13"), "type"),
            EventMalformed,
            "",
            good("m13"),
        ),
        row(
            &without(good("m14"), "data"),
            EventMalformed,
            "",
            good("m14"),
        ),
        row(
            &data(good("m15"), json!([])),
            EventMalformed,
            "/data",
            good("m15"),
        ),
        row(
            &with(good("m16"), "recordedtime", "now"),
            EventMalformed,
            "/recordedtime",
            good("m16"),
        ),
        row(
            &with(good("m17"), "actor", ""),
            EventMalformed,
            "/actor",
            good("m17"),
        ),
        row(
            &with(good("m18"), "x", "y".repeat(64 * 1024)),
            EventMalformed,
            "",
            good("m18"),
        ),
        // private.unsupported
        row(
            &with(good("p1"), "private", json!({"name": "somebody"})),
            PrivateUnsupported,
            "/private",
            good("p1"),
        ),
        // event.type_unknown
        row(
            &with(good("t1"), "type", "complaint.recieved"),
            EventTypeUnknown,
            "/type",
            good("t1"),
        ),
        // event.data_invalid
        row(
            &data(good("d1"), json!({})),
            EventDataInvalid,
            "/data",
            good("d1"),
        ),
        row(
            &data(good("d2"), json!({"class": "normal", "a/b~c": 1})),
            EventDataInvalid,
            "/data/a~1b~0c",
            good("d2"),
        ),
        row(
            &data(good("d3"), json!({"class": "grave"})),
            EventDataInvalid,
            "/data/class",
            good("d3"),
        ),
        row(
            &data(good("d4"), json!({"class": null})),
            EventDataInvalid,
            "/data/class",
            good("d4"),
        ),
        // event.conflict
        row(
            &data(complaint("c1"), json!({"class": "strong"})),
            EventConflict,
            "/id",
            good("c1-again"),
        ),
        // event.time_in_future
        row(
            &with(good("f1"), "time", FUTURE),
            EventTimeInFuture,
            "/time",
            good("f1"),
        ),
        // subject.unknown
        row(
            &with(good("s1"), "subject", "a9"),
            SubjectUnknown,
            "/subject",
            good("s1"),
        ),
        row(
            &with(good("s2"), "subject", "d1"),
            SubjectUnknown,
            "/subject",
            good("s2"),
        ),
        row(
            &app("a2", "d9", "general"),
            SubjectUnknown,
            "/data/developer",
            app("a2", "d1", "general"),
        ),
        row(
            &app("a3", "a1", "general"),
            SubjectUnknown,
            "/data/developer",
            app("a3", "d1", "general"),
        ),
        // subject.exists
        row(
            &with(developer("a1"), "id", "s3"),
            SubjectExists,
            "/subject",
            developer("d2"),
        ),
        row(
            &with(app("d1", "d1", "general"), "id", "s4"),
            SubjectExists,
            "/subject",
            app("a4", "d1", "general"),
        ),
        // code.unknown
        row(
            &violation("k1", "a1", "no_such"),
            CodeUnknown,
            "/data/code",
            violation("k1", "a1", "bulk_scraping"),
        ),
        // Of the reserved codes there are remedies only.
        row(
            &violation("k2", "a1", "complaints"),
            CodeUnknown,
            "/data/code",
            violation("k2", "a1", "unlawful_app"),
        ),
        row(
            &event(
                "k3",
                "behavior.observed",
                T,
                "a1",
                json!({"code": "bulk_scraping"}),
            ),
            CodeUnknown,
            "/data/code",
            event(
                "k3",
                "behavior.observed",
                T,
                "a1",
                json!({"code": "server_down"}),
            ),
        ),
        row(
            &event("k4", "behavior.ceased", T, "a1", json!({"code": "x"})),
            CodeUnknown,
            "/data/code",
            event(
                "k4",
                "behavior.ceased",
                T,
                "a1",
                json!({"code": "server_down"}),
            ),
        ),
        row(
            &event("k5", "violation.remedied", T, "a1", json!({"code": "x"})),
            CodeUnknown,
            "/data/code",
            event(
                "k5",
                "violation.remedied",
                T,
                "a1",
                json!({"code": "complaints"}),
            ),
        ),
        row(
            &event(
                "k6",
                "review.rejected",
                T,
                "held",
                json!({"stage": "copy", "reasons": ["unclear_source", "taste"]}),
            ),
            CodeUnknown,
            "/data/reasons/1",
            event(
                "k6",
                "review.rejected",
                T,
                "held",
                json!({"stage": "copy", "reasons": ["unclear_source"]}),
            ),
        ),
        // grade.unknown
        row(
            &event("g1", "developer.graded", T, "d1", json!({"grade": "gold"})),
            GradeUnknown,
            "/data/grade",
            event(
                "g1",
                "developer.graded",
                T,
                "d1",
                json!({"grade": "advanced"}),
            ),
        ),
        row(
            &event(
                "g2",
                "developer.registered",
                T,
                "d3",
                json!({"name": "", "kind": "service", "grade": "gold"}),
            ),
            GradeUnknown,
            "/data/grade",
            event(
                "g2",
                "developer.registered",
                T,
                "d3",
                json!({"name": "", "kind": "service", "grade": "partner"}),
            ),
        ),
        // measure.unknown
        row(
            &event(
                "e1",
                "measure.imposed",
                T,
                "a1",
                json!({"measures": ["warning", "ban"], "until": null, "reason": ""}),
            ),
            MeasureUnknown,
            "/data/measures/1",
            event(
                "e1",
                "measure.imposed",
                T,
                "a1",
                json!({"measures": ["warning"], "until": null, "reason": ""}),
            ),
        ),
        row(
            &event(
                "e2",
                "measure.lifted",
                T,
                "a1",
                json!({"measures": ["ban"], "reason": ""}),
            ),
            MeasureUnknown,
            "/data/measures/0",
            event(
                "e2",
                "measure.lifted",
                T,
                "a1",
                json!({"measures": [], "reason": ""}),
            ),
        ),
        // ref.unknown
        row(
            &retraction("r1", "a1", json!({"id": "no-such"})),
            RefUnknown,
            "/data/event",
            retraction("r1", "a1", json!({"id": "c1"})),
        ),
        row(
            &retraction("r2", "a1", json!({"id": "c1", "source": "/other"})),
            RefUnknown,
            "/data/event",
            retraction("r2", "a1", json!({"id": "c1", "source": "/test"})),
        ),
        row(
            &retraction("r3", "held", json!({"id": "c1"})),
            RefUnknown,
            "/subject",
            retraction("r3", "a1", json!({"id": "c1"})),
        ),
        // ref.not_retractable
        row(
            &retraction("r4", "a1", json!({"id": "reg-a1"})),
            RefNotRetractable,
            "/data/event",
            retraction("r4", "a1", json!({"id": "c1"})),
        ),
        row(
            &retraction("r5", "weibo", json!({"id": "newer"})),
            RefNotRetractable,
            "/data/event",
            retraction("r5", "a1", json!({"id": "c1"})),
        ),
        // outage.*
        row(
            &outage("u1", "started", T, "down"),
            OutageExists,
            "/data/outage",
            outage("u1", "started", T, "down-2"),
        ),
        row(
            &outage("u2", "ended", T, "none"),
            OutageUnknown,
            "/data/outage",
            outage("u2", "explained", T, "down"),
        ),
        row(
            &outage("u3", "explained", T, "none"),
            OutageUnknown,
            "/data/outage",
            outage("u3", "explained", T, "open"),
        ),
        row(
            &outage("u4", "ended", T, "down"),
            OutageAlreadyEnded,
            "/data/outage",
            good("u4"),
        ),
        row(
            &outage("u5", "ended", "2016-02-04T23:59:59.999999Z", "open"),
            OutageEndsBeforeStart,
            "/time",
            outage("u5", "ended", "2016-02-05T00:00:00Z", "open"),
        ),
        // review.out_of_order, review.on_hold
        row(
            &event("v1", "review.approved", T, "a1", json!({"stage": "copy"})),
            ReviewOutOfOrder,
            "/type",
            event("v1", "review.submitted", T, "a1", json!({"stage": "copy"})),
        ),
        row(
            &event("v2", "review.submitted", T, "w1", json!({"stage": "plaza"})),
            ReviewOutOfOrder,
            "/data/stage",
            event(
                "v2",
                "report.confirmed",
                T,
                "w1",
                json!({"severity": "ordinary"}),
            ),
        ),
        row(
            &event(
                "v3",
                "app.key_disabled",
                "2016-02-29T23:59:59Z",
                "w1",
                json!({"reason": ""}),
            ),
            ReviewOutOfOrder,
            "/time",
            event("v3", "app.key_disabled", T, "w1", json!({"reason": ""})),
        ),
        row(
            &event("v4", "review.approved", T, "held", json!({"stage": "copy"})),
            ReviewOnHold,
            "/type",
            event("v4", "inspection.remedied", T, "held", json!({})),
        ),
    ];
    // rulebook.invalid
    let book = newer().replace("2016-02-01", "2016-03-01");
    let published = |id: &str, version: &str, toml: &str| publication(id, "weibo", version, toml);
    let mut wrong_sum = published("b1", "2016-03-01", &book);
    wrong_sum["data"]["sha256"] = "00".into();
    let versions: Vec<String> = (2..8).map(|day| format!("2016-03-{day:02}")).collect();
    let mended = |id: &str, index: usize| {
        let version = versions[index].as_str();
        published(id, version, &book.replace("2016-03-01", version))
    };
    rows.extend([
        row(&wrong_sum, RulebookInvalid, "/data/sha256", mended("b1", 0)),
        row(
            &published("b2", "2016-03-01", "id = "),
            RulebookInvalid,
            "/data/toml",
            mended("b2", 1),
        ),
        row(
            &publication(
                "b3",
                "other",
                "2016-03-01",
                &book.replace("id = \"weibo\"", "id = \"other\""),
            ),
            RulebookInvalid,
            "/subject",
            mended("b3", 2),
        ),
        row(
            &published(
                "b4",
                "2016-03-01",
                &book.replace("Asia/Shanghai", "Asia/Tokyo"),
            ),
            RulebookInvalid,
            "/data/toml",
            mended("b4", 3),
        ),
        row(
            &published("b5", "2016-02-01", &newer()),
            RulebookInvalid,
            "/data/version",
            mended("b5", 4),
        ),
        row(
            &publication("b6", "other", "2016-03-01", &book),
            RulebookInvalid,
            "/subject",
            mended("b6", 5),
        ),
    ]);
    rows
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
    let ground = ground();
    ledger.import(&ground).counts(ground.len() as u64, 0, 0);
    let rows = table();
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
