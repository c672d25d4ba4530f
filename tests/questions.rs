//! `bisect`, `forecast` and `timeline` as they are typed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::events::*;
use common::{Ledger, Ran, keys, text};
use serde_json::{Value, json};

const AS_OF: &str = "2016-03-20T00:00:00Z";

/// An event of `a1` at a time.
fn on_a1(id: &str, kind: &str, time: &str, data: Value) -> Value {
    event(id, kind, time, "a1", data)
}

/// A violation of level 2 on 1 March, one of level 1 on 5 March, taken back later by an appeal.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let grave = json!({"code": "account_theft"});
    let events = [
        developer("d1"),
        app("a1", "d1", "in_site"),
        app("a2", "d1", "general"),
        violation("v1", "a1", "bulk_scraping"),
        on_a1("v2", "violation.found", "2016-03-05T00:00:00Z", grave),
    ];
    ledger.import(&events).counts(5, 0, 0);
    ledger
}

fn ask(ledger: &Ledger, args: &[&str]) -> Ran {
    let mut all = args.to_vec();
    all.extend(["--as-of", AS_OF, "-q"]);
    ledger.run(&all)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn bisect_names_the_first_instant_and_the_event_behind_it() {
    let ledger = ground();
    let ran = ask(&ledger, &["bisect", "a1", "--when", "tier <= 1"]).good();
    let answer = json(&ran);
    assert_eq!(
        keys(&ran.out),
        [
            "subject",
            "condition",
            "along",
            "as_of",
            "known_at",
            "holds",
            "first",
            "since",
            "times"
        ]
    );
    assert_eq!(answer["holds"], true);
    assert_eq!(answer["first"], answer["since"]);
    let first = &answer["first"];
    assert_eq!(text(first, "time"), "2016-03-05T00:00:00Z");
    let event = json!([{"position": 8, "type": "violation.found"}]);
    assert_eq!(first["cause"], json!({"by": "event", "events": event}));
    let change = &first["changes"][0];
    assert_eq!(
        (text(change, "field"), text(change, "of")),
        ("tier", "2016-03")
    );
    assert_eq!((&change["from"], &change["to"]), (&json!(2), &json!(1)));
    // In April there is no tier yet.
    let april = ledger.run(&[
        "bisect",
        "a1",
        "--when",
        "tier <= 1",
        "--as-of",
        "2016-04-20T00:00:00Z",
        "-q",
    ]);
    let april = json(&april.good());
    assert_eq!(
        (&april["holds"], &april["since"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(april["first"], answer["first"]);
}

#[test]
fn bisect_of_a_developer_names_the_app_that_made_it_so() {
    let ledger = ground();
    let time = "2016-03-05T00:00:00Z";
    let light = event(
        "v3",
        "violation.found",
        time,
        "a2",
        json!({"code": "icon_breach"}),
    );
    ledger.import(&[light]).counts(1, 0, 0);
    let answer = json(&ask(&ledger, &["bisect", "d1", "--when", "tier <= 1"]).good());
    let changes = answer["first"]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["subject"], "a1");
    assert_eq!(answer["first"]["cause"]["events"][0]["position"], 8);
    let table = ask(
        &ledger,
        &["bisect", "d1", "--when", "tier <= 1", "--format", "table"],
    );
    let table = table.good().out;
    assert!(table.contains("violation.found @8"), "{table}");
    assert!(
        table.ends_with("it began to hold once, and holds at the end\n"),
        "{table}"
    );
    let never = ask(
        &ledger,
        &["bisect", "d1", "--when", "eligible", "--format", "table"],
    );
    assert_eq!(never.good().out, "`eligible` never held of d1\n");
}

#[test]
fn bisect_names_time_where_nothing_else_happened() {
    let ledger = ground();
    let ran = ask(
        &ledger,
        &["bisect", "a1", "--when", "not block_api in force"],
    );
    let answer = json(&ran.good());
    // The block of 5 March ended after three days.
    assert_eq!(answer["times"], 2);
    assert_eq!(answer["first"]["cause"]["events"][0]["position"], 5);
    let since = &answer["since"];
    assert_eq!(text(since, "time"), "2016-03-08T00:00:00Z");
    assert_eq!(text(&since["cause"], "by"), "time");
    assert_eq!(since["cause"]["events"][0]["position"], 8);
}

#[test]
fn bisect_names_the_version_that_takes_effect() {
    let ledger = ground();
    ledger
        .run(&[
            "record",
            "behavior.observed",
            "a1",
            "code=uses_platform_hosting",
            "--time",
            "2016-01-05T00:00:00Z",
        ])
        .good();
    let text = rulebook_with_weight();
    ledger.write("later.toml", text);
    let book = common::rulebooks().join(common::WEIBO[2]);
    let book = book.display().to_string();
    let ran = ask(
        &ledger,
        &[
            "bisect",
            "a1",
            "--when",
            "score >= 77",
            "--rules",
            &book,
            "later.toml",
        ],
    );
    let first = &json(&ran.good())["first"];
    assert_eq!(first["time"], "2016-01-31T16:00:00Z");
    assert_eq!(
        first["cause"],
        json!({"by": "rulebook", "version": "2016-02-01", "position": 0})
    );
}

/// The latest version from February on, in which hosting weighs 77.
fn rulebook_with_weight() -> String {
    let newer = newer();
    let at = newer.find("code = \"uses_platform_hosting\"").unwrap();
    let (before, after) = newer.split_at(at);
    let weight = after.find("weight = ").unwrap() + "weight = ".len();
    let end = after[weight..].find(|c: char| !c.is_ascii_digit()).unwrap();
    format!("{before}{}77{}", &after[..weight], &after[weight + end..])
}

#[test]
fn bisect_by_knowledge_names_the_position_that_made_it_known() {
    let ledger = ground();
    let retracted = retraction("r1", "a1", json!({"id": "v2"}));
    let again = retraction("r2", "a1", json!({"id": "r1"}));
    ledger.import(&[complaint("c1"), retracted]).counts(2, 0, 0);
    let asked = ["bisect", "a1", "--when", "tier > 1", "--by-knowledge"];
    let answer = json(&ask(&ledger, &asked).good());
    assert_eq!(answer["along"], "knowledge");
    assert_eq!(answer["first"]["position"], 7);
    assert_eq!(answer["since"]["position"], 10);
    assert_eq!(answer["since"]["type"], "event.retracted");
    assert_eq!(
        (&answer["holds"], &answer["times"]),
        (&json!(true), &json!(2))
    );
    ledger.import(&[again]).counts(1, 0, 0);
    let answer = json(&ask(&ledger, &asked).good());
    assert_eq!(answer["holds"], false);
    let mut before = asked.to_vec();
    before.extend(["--known-at", "@10"]);
    assert_eq!(json(&ask(&ledger, &before).good())["holds"], true);
}

#[test]
fn bisect_refuses_what_is_no_condition_and_says_where() {
    let ledger = ground();
    for (when, code, at, hint) in [
        ("teir <= 1", "field_unknown", 1, "did you mean `tier`?"),
        ("tier <= 9", "value_invalid", 9, ""),
        ("tier =< 1", "operator_invalid", 6, "the operators are"),
        ("tier <=", "incomplete", 8, ""),
        ("", "incomplete", 1, ""),
        ("score < 1 or tier = 1", "trailing", 11, "one comparison"),
        ("measure warning", "value_invalid", 9, ""),
        ("-1 < score", "field_unknown", 1, "write one of"),
        ("\u{1b}[31m", "field_unknown", 1, "write one of"),
    ] {
        let ran = ask(&ledger, &["bisect", "a1", "--when", when]).with_code(1);
        assert!(ran.out.is_empty());
        for part in [
            format!("condition.{code}"),
            format!("(at character {at})"),
            hint.to_owned(),
        ] {
            assert!(ran.err.contains(&part), "`{part}` not in: {}", ran.err);
        }
    }
    let grade = ask(&ledger, &["bisect", "d1", "--when", "grade < gold"]).with_code(1);
    assert!(grade.err.contains("grade.unknown"), "{}", grade.err);
    assert!(
        grade.err.contains("ordinary, intermediate"),
        "{}",
        grade.err
    );
}

#[test]
fn a_rank_is_found_among_everybody() {
    let ledger = ground();
    let mut events = vec![
        developer("d2"),
        app("b1", "d1", "enterprise"),
        app("b2", "d2", "enterprise"),
    ];
    for (day, app) in [("06", "b1"), ("07", "b2")] {
        for (stage, hour) in [("declaration", "01"), ("copy", "02"), ("plaza", "03")] {
            for (what, minute) in [("submitted", "00"), ("approved", "30")] {
                let time = format!("2016-03-{day}T{hour}:{minute}:00Z");
                let id = format!("{app}-{stage}-{what}");
                let kind = format!("review.{what}");
                events.push(event(&id, &kind, &time, app, json!({"stage": stage})));
            }
        }
    }
    let code = json!({"code": "uses_platform_hosting"});
    let time = "2016-03-12T00:00:00Z";
    events.push(event("h", "behavior.observed", time, "b2", code));
    ledger.import(&events).counts(16, 0, 0);
    // The app of another developer overtakes it.
    let asked = ["bisect", "b1", "--when", "rank > 1"];
    let answer = json(&ask(&ledger, &asked).good());
    assert_eq!(answer["first"]["time"], time);
    assert_eq!(answer["first"]["cause"]["events"][0]["position"], 24);
    assert_eq!(answer["first"]["changes"][0]["subject"], "b2");
    let mut known = asked.to_vec();
    known.push("--by-knowledge");
    let answer = json(&ask(&ledger, &known).good());
    assert_eq!(answer["first"]["position"], 24);
}

#[test]
fn forecast_tells_what_one_more_would_do_and_what_comes() {
    let ledger = ground();
    let at = "2016-03-06T00:00:00Z";
    let run = |format: &str| {
        let args = ["forecast", "a1", "--as-of", at, "-q", "--format", format];
        ledger.run(&args).good()
    };
    let rows = run("jsonl").lines();
    assert_eq!(json(&run("json")), Value::Array(rows.clone()));
    let ifs: Vec<&Value> = rows.iter().filter(|row| row["what"] == "if").collect();
    let events: Vec<&str> = ifs.iter().map(|row| text(row, "event")).collect();
    assert_eq!(events[0..4].len() + 3, events.len(), "{events:?}");
    assert_eq!(events[0], "complaint, strong");
    assert_eq!(events[3], "outage day, 2016-03-06");
    // What is forecast is what is assessed once it has come.
    let grave = ifs
        .iter()
        .find(|row| text(row, "event").starts_with("violation of level 1"))
        .unwrap();
    let (_, code) = text(grave, "event").split_once(", ").unwrap();
    let sanction = grave["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["field"] == "sanction")
        .unwrap();
    assert_eq!(sanction["of"], "2016-03 level 1 nth 2");
    assert_eq!(sanction["cause"]["events"][0]["position"], 9);
    let coming: Vec<(&str, &str)> = rows
        .iter()
        .filter(|row| row["what"] == "change")
        .map(|row| (text(row, "time"), text(row, "field")))
        .collect();
    assert!(coming.contains(&("2016-03-08T00:00:00Z", "measure")));
    assert!(coming.contains(&("2016-03-06T00:00:00.000001Z", "obligation")));
    assert!(rows.iter().any(|row| row["what"] == "month"));
    let table = run("table").out;
    assert!(table.contains("by itself, until 2016-06-04T00:00:00Z"));
    let code = format!("code={code}");
    ledger
        .run(&["record", "violation.found", "a1", &code, "--time", at])
        .good();
    let after = ledger
        .run(&["assess", "--as-of", at, "-q", "--format", "jsonl"])
        .good();
    let sanctions = &after.lines()[0]["apps"][0]["months"][0]["sanctions"];
    assert!(sanctions.as_array().unwrap().iter().any(|row| {
        row["nth"] == 2 && text(sanction, "to").contains(row["until"].as_str().unwrap_or("-"))
    }));
}

#[test]
fn forecast_of_a_day_that_is_an_outage_day_is_of_the_next() {
    let ledger = ground();
    let day = json!({"date": "2016-03-20", "cause": "developer"});
    let time = "2016-03-20T00:00:00Z";
    ledger
        .import(&[on_a1("o", "outage.day_recorded", time, day)])
        .counts(1, 0, 0);
    let rows = ask(&ledger, &["forecast", "d1", "--format", "jsonl"])
        .good()
        .lines();
    let day = |app: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row["app"] == app && row["type"] == "outage.day_recorded");
        row.unwrap().clone()
    };
    assert_eq!(day("a1")["event"], "outage day, 2016-03-21");
    assert_eq!(day("a1")["at"], "2016-03-20T16:00:00Z");
    assert_eq!(day("a2")["event"], "outage day, 2016-03-20");
    assert_eq!(day("a2")["at"], AS_OF);
    let back = ask(
        &ledger,
        &["forecast", "d1", "--until", "2016-01-01T00:00:00Z"],
    )
    .with_code(1);
    assert!(back.err.contains("before the instant asked about"));
}

#[test]
fn timeline_tells_each_change_with_what_made_it() {
    let ledger = ground();
    let ran = ask(&ledger, &["timeline", "d1"]).good();
    let rows = ran.lines();
    assert_eq!(
        keys(ran.out.lines().next().unwrap()),
        ["time", "subject", "field", "of", "from", "to", "cause"]
    );
    let times: Vec<&str> = rows.iter().map(|row| text(row, "time")).collect();
    assert!(times.is_sorted());
    let tiers: Vec<String> = rows
        .iter()
        .filter(|row| row["field"] == "tier")
        .map(|row| format!("{} {} {}", text(row, "time"), row["from"], row["to"]))
        .collect();
    assert_eq!(
        tiers,
        ["2016-03-01T00:00:00Z null 2", "2016-03-05T00:00:00Z 2 1"]
    );
    let ends = rows.iter().filter(|row| row["cause"]["by"] == "time");
    assert!(
        ends.clone()
            .any(|row| row["of"] == "block_api" && row["to"].is_null())
    );
    // One app's rows, from an instant on: what is so then comes first.
    let from = "2016-03-04T00:00:00Z";
    let of_app = ask(&ledger, &["timeline", "a1", "--from", from])
        .good()
        .lines();
    assert!(of_app.iter().all(|row| row["subject"] != "a2"));
    assert_eq!(text(&of_app[0], "time"), from);
    let registered = json!([{"position": 4, "type": "developer.registered"}]);
    let earlier = json!({"by": "earlier", "events": registered});
    assert_eq!(
        (&of_app[0]["field"], &of_app[0]["cause"]),
        (&json!("status"), &earlier)
    );
    let late = ask(&ledger, &["timeline", "a1", "--from", FUTURE]).with_code(1);
    assert!(late.err.contains("after the instant asked about"));
    let table = ask(&ledger, &["timeline", "a1", "--format", "table"]).good();
    assert!(table.out.contains("violation.found @8"), "{}", table.out);
}

#[test]
fn a_picture_stands_alone_and_escapes_what_people_wrote() {
    let ledger = Ledger::new();
    let nasty = "a<script>&\"'\u{1}\u{ffff}榜";
    ledger
        .import(&[
            developer("d1"),
            app(nasty, "d1", "in_site"),
            violation("v1", nasty, "bulk_scraping"),
        ])
        .counts(3, 0, 0);
    let ran = ask(&ledger, &["timeline", nasty, "--svg", "it.svg"]).good();
    assert!(!ran.out.is_empty());
    let svg = ledger.read("it.svg");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(svg.ends_with("</svg>\n"));
    assert!(svg.contains("a&lt;script&gt;&amp;&quot;&#39;\\u{1}\u{fffd}榜"));
    for foreign in ["<script", "href", "url(", "@import", "NaN", "inf"] {
        assert!(!svg.contains(foreign), "{foreign} in {svg}");
    }
    for lane in [
        "status",
        "grade",
        "review",
        "tier by month",
        "score",
        "2016-03",
    ] {
        assert!(svg.contains(lane), "no {lane}");
    }
    // Every mark that is opened is closed.
    let opened = svg.matches('<').count() - svg.matches("</").count();
    let closed = svg.matches("</").count() + svg.matches("/>").count();
    assert_eq!(opened, closed);
    let nowhere = ask(&ledger, &["timeline", "d1", "--svg", "no/such/it.svg"]).with_code(1);
    assert!(nowhere.err.contains("cannot be written"), "{}", nowhere.err);
    assert!(nowhere.out.is_empty());
}

#[test]
fn a_picture_of_one_instant_and_of_all_time_is_drawn() {
    let ledger = ground();
    for as_of in ["2015-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
        ledger
            .run(&["timeline", "d1", "--as-of", as_of, "--svg", "it.svg", "-q"])
            .good();
        let svg = ledger.read("it.svg");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn an_unknown_subject_is_refused_as_show_does() {
    let ledger = ground();
    let early = "2014-01-01T00:00:00Z";
    for command in [
        &["bisect", "--when", "tier = 1"] as &[&str],
        &["bisect", "--when", "rank = 1", "--by-knowledge"],
        &["forecast"],
        &["timeline"],
    ] {
        for more in [&["nobody"] as &[&str], &["a1", "--as-of", early]] {
            let same = |command: &[&str]| {
                let args: Vec<&str> = command.iter().chain(more).chain(&["-q"]).copied().collect();
                ledger.run(&args).with_code(1).err
            };
            assert_eq!(same(command), same(&["show"]), "{command:?}");
        }
    }
    let known = ledger
        .run(&["timeline", "a1", "--known-at", "@4", "-q"])
        .with_code(1);
    assert!(known.err.contains("was not registered"), "{}", known.err);
}
