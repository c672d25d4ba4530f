//! What is well formed, and what data is of its type.

use serde_json::Value;

use super::ground;
use crate::common::events::*;
use crate::common::text;

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
    // In the log the event's leaf has 65,535 bytes at most, with the longest recorded time in it.
    let recordedtime = r#""recordedtime":"9999-12-31T23:59:59.999999Z","#.len();
    let good = [
        nested(32),
        long("leaf", 65_535 - recordedtime),
        at("soon", &minutes(4)),
        at("first", "1970-01-01T00:00:00Z"),
        at("first-local", "1970-01-01T08:00:00+08:00"),
        at("small-letters", "2015-03-01t00:00:00.5z"),
        at("digits", "2015-03-01T00:00:00.123456789-00:00"),
        at("leap-day", "2016-02-29T23:59:59Z"),
    ];
    let mut bad = vec![
        nested(33),
        nested(100_000),
        long("65537", 64 * 1024 + 1),
        long("leaf", 65_536 - recordedtime),
    ];
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
    let pointers: Vec<&str> = before[4..]
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
        before[wrong_times.len() + 4]["raw"],
        bad[wrong_times.len() + 4]
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
