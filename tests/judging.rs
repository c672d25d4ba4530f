//! How intake judges (SPEC §2): the order of its checks, the edges of what is well formed, what
//! counts as the same event, and what may refer to what.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

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
            "private.unsupported",
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
fn what_is_well_formed_ends_where_the_page_says() {
    let ledger = ground();
    let at = |id: &str, time: &str| with(complaint(id), "time", time).to_string();
    let nested = |levels: usize| {
        let inner = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let event = with(complaint(&format!("nested-{levels}")), "x", "X").to_string();
        event.replace("\"X\"", &inner)
    };
    let long = |id: &str, bytes: usize| {
        let empty = with(complaint(id), "x", "").to_string().len();
        with(
            complaint(id),
            "x",
            "é".repeat((bytes - empty) / 2) + &"e".repeat((bytes - empty) % 2),
        )
        .to_string()
    };
    let minutes = |minutes: i64| {
        let now = chrono::Utc::now() + chrono::Duration::minutes(minutes);
        now.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let good = [
        nested(32),
        long("64-kib", 64 * 1024),
        at("soon", &minutes(4)),
        at("first", "1970-01-01T00:00:00Z"),
        at("first-local", "1970-01-01T08:00:00+08:00"),
        at("small-letters", "2015-03-01t00:00:00.5z"),
        at("digits", "2015-03-01T00:00:00.123456789-00:00"),
        at("leap-day", "2016-02-29T23:59:59Z"),
    ];
    let mut bad = vec![nested(33), nested(100_000), long("65537", 64 * 1024 + 1)];
    let wrong_times = [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "+12015-03-01T00:00:00Z",
        "-2015-03-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2015-02-29T00:00:00Z",
        "2015-13-01T00:00:00Z",
        "2015-03-01T24:00:00Z",
        "2015-03-01T00:60:00Z",
        "2015-03-01T00:00:00+24:00",
        "2015-03-01T00:00:00+8:00",
        "2015-03-01T00:00:00",
        "2015-03-01T00:00Z",
        "2015-03-01T00:00:00.Z",
        "2015-03-01T00:00:00,5Z",
        "2015-03-01",
        " 2015-03-01T00:00:00Z",
        "2015-03-01T00:00:00Z ",
        "２０１５-03-01T00:00:00Z",
        "1425168000",
        "",
    ];
    bad.extend(wrong_times.iter().map(|time| at("wrong", time)));
    bad.push(complaint("raw-nul").to_string().replace("raw", "r\u{0}w"));
    bad.push("\u{0}".to_owned());
    bad.push(
        complaint("escaped")
            .to_string()
            .replace("\"id\"", "\"id\":\"x\",\"\\u0069d\""),
    );
    bad.push(complaint("two").to_string() + &complaint("values").to_string());
    bad.push(complaint("cut").to_string()[..40].to_owned());
    bad.push("{\"x\":NaN}".to_owned());
    bad.push(format!("{{\"x\":\"{}\"}}", "y".repeat(10_000_000)));
    bad.push(at("later", &minutes(7)));
    // A good event after each bad one: nothing else is lost.
    let mut sent = String::new();
    for (index, bad) in bad.iter().enumerate() {
        sent.push_str(&format!(
            "{bad}\r\n{}\n\n",
            complaint(&format!("between-{index}"))
        ));
    }
    sent.push_str(&good.join("\n"));
    let imported = ledger.import_text(&sent, &[]);
    imported.counts((bad.len() + good.len()) as u64, 0, bad.len() as u64);
    let (last, before) = imported.rejects.split_last().unwrap();
    assert_eq!(text(last, "code"), "event.time_in_future");
    for (index, line) in before.iter().enumerate() {
        assert_eq!(text(line, "code"), "event.malformed", "{line}");
        assert_eq!(line["line"], 3 * index as u64 + 1, "{line}");
        let message = text(line, "message");
        assert!(
            message.len() < 300 && !message.contains('\u{0}'),
            "{message}"
        );
    }
    let pointers: Vec<&str> = before[3..]
        .iter()
        .map(|line| text(line, "pointer"))
        .collect();
    assert_eq!(
        pointers[..wrong_times.len()],
        vec!["/time"; wrong_times.len()]
    );
    // What is refused is kept as it was sent.
    assert_eq!(before[2]["event"].to_string(), bad[2]);
    assert_eq!(
        before[wrong_times.len() + 3]["raw"],
        bad[wrong_times.len() + 3]
    );

    let trail = ledger.audit(&["--after", "6", "--subject", "a1"]);
    let times = |id: &str| {
        let line = trail.iter().find(|line| line["id"] == id).unwrap();
        text(line, "time").to_owned()
    };
    assert_eq!(times("first-local"), "1970-01-01T00:00:00Z");
    assert_eq!(times("small-letters"), "2015-03-01T00:00:00.5Z");
    assert_eq!(times("digits"), "2015-03-01T00:00:00.123456Z");

    // The last instant that there is, for whom it is trusted; and it can be asked about.
    let last = with(complaint("last"), "time", "9999-12-31T23:59:59.999999Z");
    ledger.import_trusted(&[last]).counts(1, 0, 0);
    let standing = ledger.run(&["assess", "--as-of", "9999-12-31T23:59:59.999999Z"]);
    let months = standing.good().lines()[0]["apps"][0]["months"].clone();
    // In Shanghai it is the next year already.
    assert_eq!(
        months.as_array().unwrap().last().unwrap()["month"],
        "10000-01"
    );
}

/// Data by type, and where what is wrong with it is.
const DATA: &str = r#"
developer.registered | {"kind":"connection"} | /data
developer.registered | {"name":1,"kind":"connection"} | /data/name
developer.registered | {"name":"n","kind":"friend"} | /data/kind
developer.registered | {"name":"n","kind":"service","grade":""} | /data/grade
developer.registered | {"name":"n","kind":"service","grade":null} | /data/grade
developer.graded | {} | /data
developer.terminated | {} | /data
developer.terminated | {"reason":["a"]} | /data/reason
developer.left | {"reason":1} | /data/reason
developer.left | {"why":"x"} | /data/why
developer.reinstated | {"reason":null} | /data/reason
app.registered | {"developer":"d1","name":"n","channel":"shop"} | /data/channel
app.registered | {"developer":"","name":"n","channel":"general"} | /data/developer
app.registered | {"developer":"d1","name":"n","channel":"general","permission":"all"} | /data/permission
app.permission_changed | {"permission":true} | /data/permission
app.delisted | {} | /data
app.key_disabled | {"reason":"x","note":"y"} | /data/note
app.key_enabled | {"reason":{}} | /data/reason
violation.found | {"code":""} | /data/code
violation.found | {"code":"bulk_scraping","evidence":"x"} | /data/evidence
violation.found | {"code":"bulk_scraping","evidence":["x",1]} | /data/evidence/1
violation.found | {"code":"bulk_scraping","note":1} | /data/note
violation.remedied | {"code":"bulk_scraping","note":""} | /data/note
complaint.received | {"class":"Strong"} | /data/class
complaint.received | {"class":"strong","reason":""} | /data/reason
outage.started | {"outage":"o"} | /data
outage.started | {"outage":"","cause":"developer"} | /data/outage
outage.started | {"outage":"o","cause":"weather"} | /data/cause
outage.ended | {"outage":1} | /data/outage
outage.explained | {"outage":"o","cause":"developer"} | /data/cause
outage.day_recorded | {"date":"2015-02-29","cause":"developer"} | /data/date
outage.day_recorded | {"date":"2015-2-28","cause":"developer"} | /data/date
outage.day_recorded | {"date":"1969-12-31","cause":"developer"} | /data/date
outage.day_recorded | {"date":"10000-01-01","cause":"developer"} | /data/date
outage.day_recorded | {"date":"2015-02-28T00:00:00Z","cause":"developer"} | /data/date
behavior.observed | {"code":1} | /data/code
behavior.ceased | {} | /data
usage.reported | {"date":"2015-02-28","daily_users":-1} | /data/daily_users
usage.reported | {"date":"2015-02-28","daily_users":1.5} | /data/daily_users
usage.reported | {"date":"2015-02-28","daily_users":"1"} | /data/daily_users
usage.reported | {"date":"0000-00-00","daily_users":1} | /data/date
certification.assessed | {"condition":"listed","met":true} | /data/condition
certification.assessed | {"condition":"platform_related","met":"yes"} | /data/met
review.submitted | {"stage":"recheck"} | /data/stage
review.approved | {"stage":["copy"]} | /data/stage
review.rejected | {"stage":"copy"} | /data
review.rejected | {"stage":"copy","reasons":"x"} | /data/reasons
review.rejected | {"stage":"copy","reasons":[null]} | /data/reasons/0
inspection.failed | {"severity":"minor"} | /data
inspection.failed | {"severity":"extreme","findings":[]} | /data/severity
inspection.remedied | {"note":false} | /data/note
report.confirmed | {"severity":"minor"} | /data/severity
report.remedied | {"severity":"ordinary"} | /data/severity
measure.imposed | {"measures":["warning"],"reason":"x"} | /data
measure.imposed | {"measures":["warning"],"until":"tomorrow","reason":"x"} | /data/until
measure.imposed | {"measures":["warning"],"until":0,"reason":"x"} | /data/until
measure.imposed | {"measures":"warning","until":null,"reason":"x"} | /data/measures
measure.lifted | {"measures":["warning"]} | /data
data_deletion.ordered | {} | /data
data_deletion.confirmed | {"scope":1} | /data/scope
event.retracted | {"event":"c1","reason":"x"} | /data/event
event.retracted | {"event":{"id":"c1"}} | /data
event.retracted | {"event":{"source":"/test"},"reason":"x"} | /data/event
event.retracted | {"event":{"id":1},"reason":"x"} | /data/event/id
event.retracted | {"event":{"id":"c1","source":""},"reason":"x"} | /data/event/source
event.retracted | {"event":{"id":"c1","position":1},"reason":"x"} | /data/event
appeal.filed | {"event":{"id":"c1"}} | /data
appeal.decided | {"event":{"id":"c1"},"outcome":"dropped","reason":"x"} | /data/outcome
rulebook.published | {"version":"","toml":"","sha256":""} | /data/version
private.erased | {"event":{"id":"c1"}} | /data
developer.registered | {"name":"","kind":"service","grade":"partner"} | d2
developer.graded | {"grade":"advanced","reason":""} | d1
app.registered | {"developer":"d1","name":"","channel":"official_account","permission":"partner"} | a2
app.permission_changed | {"permission":"partner"} | a1
violation.found | {"code":"bulk_scraping","evidence":[],"note":""} | a1
violation.remedied | {"code":"outage"} | a1
complaint.received | {"class":"celebrity","reason":"anything","note":"x"} | a1
outage.started | {"outage":"o","cause":"third_party"} | a1
outage.ended | {"outage":"o","note":"x"} | a1
outage.explained | {"outage":"o","note":"x"} | a1
outage.day_recorded | {"date":"9999-12-31","cause":"platform"} | a1
behavior.observed | {"code":"server_down","note":"x"} | a1
behavior.ceased | {"code":"server_down","note":"x"} | a1
usage.reported | {"date":"1970-01-01","daily_users":9007199254740991} | a1
usage.reported | {"date":"2016-02-29","daily_users":0} | a1
certification.assessed | {"condition":"platform_related","met":false} | a1
review.submitted | {"stage":"copy"} | a1
review.rejected | {"stage":"copy","reasons":["anything"]} | a1
review.submitted | {"stage":"copy"} | a1
review.approved | {"stage":"copy"} | a1
review.submitted | {"stage":"plaza"} | a1
review.approved | {"stage":"plaza"} | a1
app.delisted | {"reason":""} | a1
app.key_disabled | {"reason":""} | a1
app.key_enabled | {"reason":""} | a1
inspection.failed | {"severity":"multi_account","findings":["x"]} | a1
inspection.remedied | {"note":""} | a1
report.confirmed | {"severity":"extreme","note":""} | a1
report.remedied | {"note":""} | a1
measure.imposed | {"measures":["warning","block_api"],"until":"9999-12-31T00:00:00Z","reason":""} | a1
measure.lifted | {"measures":["stop_new_authorizations","close_app","take_offline"],"reason":""} | a1
data_deletion.ordered | {"scope":"","note":""} | a1
data_deletion.confirmed | {"scope":""} | a1
appeal.filed | {"event":{"id":"c1","source":"/test"},"statement":""} | a1
appeal.decided | {"event":{"id":"c1"},"outcome":"granted","reason":""} | a1
event.retracted | {"event":{"id":"c1"},"reason":""} | a1
private.erased | {"event":{"id":"c1"},"reason":""} | a1
developer.terminated | {"reason":""} | d1
developer.left | {} | d1
developer.reinstated | {"reason":""} | d1
"#;

#[test]
fn data_is_what_its_type_says_and_nothing_else() {
    let ledger = ground();
    let (mut sent, mut wanted, mut taken) = (Vec::new(), Vec::new(), 0);
    for (index, line) in DATA.lines().filter(|line| !line.is_empty()).enumerate() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [kind, data, outcome] = cells[..] else {
            panic!("{line}");
        };
        let data: Value = serde_json::from_str(data).unwrap();
        let subject = if outcome.starts_with('/') {
            wanted.push(("event.data_invalid", outcome));
            "a1"
        } else {
            taken += 1;
            outcome
        };
        sent.push(event(&format!("e{index}"), kind, T, subject, data));
    }
    let imported = ledger.import(&sent);
    assert_eq!(imported.codes(), wanted, "{}", imported.rejects_text);
    assert_eq!(imported.appended, taken);
}

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
        (
            retraction("n3", "d1", of("reg-a1")),
            "ref.not_retractable /data/event",
        ),
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
