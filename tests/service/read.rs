//! Events read, in pages and one by one.

use serde_json::{Value, json};

use super::append::{included, proved, served};
use crate::common::events::{T, complaint, jsonl, retraction, violation};
use crate::common::text;

#[test]
fn pages_are_those_of_the_trail_whatever_comes_in_between() {
    let (ledger, server) = served();
    let many: Vec<Value> = (0..25).map(|n| complaint(&format!("c{n}"))).collect();
    ledger.import(&many).counts(25, 0, 0);
    ledger
        .import(&[retraction("r", "a1", json!({"id": "c3"}))])
        .counts(1, 0, 0);
    let trail = ledger.audit(&[]);
    let (mut path, mut read) = ("/v1/events?limit=4".to_owned(), Vec::new());
    loop {
        let answer = server.get(&path);
        let page = answer.with(200);
        assert_eq!(answer.header("standing-position"), Some("31"));
        read.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/events?limit=7&page={next}");
        // What comes now, and what it does to what was read, is of another state of the log.
        let id = format!("r{}", read.len());
        let late = retraction(&id, "a1", json!({"id": format!("c{}", read.len() + 5)}));
        ledger.import(&[late]);
    }
    assert_eq!(read, trail);
}

#[test]
fn filters_are_those_of_the_trail() {
    let (ledger, server) = served();
    ledger
        .import(&[complaint("c1"), violation("v1", "a1", "icon_breach")])
        .counts(2, 0, 0);
    let all = ledger.audit(&[]);
    let recorded = text(&all[5], "recordedtime");
    for (query, args) in [
        ("subject=a1".to_owned(), vec!["--subject", "a1"]),
        ("developer=d1".to_owned(), vec!["--developer", "d1"]),
        (
            "type=violation.found,complaint.received".to_owned(),
            vec!["--type", "violation.found", "complaint.received"],
        ),
        (format!("from={T}"), vec!["--from", T]),
        (format!("to={T}"), vec!["--to", T]),
        (
            format!("recorded_from={recorded}"),
            vec!["--recorded-from", recorded],
        ),
        (
            format!("recorded_to={recorded}"),
            vec!["--recorded-to", recorded],
        ),
        (
            "after=4&limit=1".to_owned(),
            vec!["--after", "4", "--limit", "1"],
        ),
        (
            "after=9223372036854775807".to_owned(),
            vec!["--after", "9999"],
        ),
        ("subject=nobody".to_owned(), vec!["--subject", "nobody"]),
    ] {
        let page = server.get(&format!("/v1/events?{query}")).with(200);
        assert_eq!(page["events"], Value::from(ledger.audit(&args)), "{query}");
    }
    let page = server.get("/v1/events?up_to=5").with(200);
    assert_eq!(page["events"], Value::from(all[..5].to_vec()));
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=-1",
        "after=9223372036854775808",
        "subjct=a1",
        "type=nonsense",
        "type=",
        "from=yesterday",
        "subject=a1&subject=a2",
        "subject=%00",
        "private=maybe",
        "page=&after=1",
    ] {
        let problem = server.get(&format!("/v1/events?{query}")).problem(400);
        assert_eq!(problem.0, "parameter.invalid", "{query}");
    }
    let next = server.get("/v1/events?limit=1").with(200);
    let next = text(&next, "next");
    for page in ["", "x", &next[1..], &next[..next.len() - 1]] {
        let problem = server.get(&format!("/v1/events?page={page}")).problem(400);
        assert_eq!(
            problem,
            ("page.invalid".to_owned(), "?page".to_owned()),
            "{page}"
        );
    }
}

#[test]
fn an_event_is_the_leaf_and_its_tag_the_leafs_hash() {
    let (_ledger, server) = served();
    let outcome = server.event(&complaint("c1")).with(201);
    let leaf = server.get("/v1/events/6");
    assert_eq!(
        leaf.header("content-type"),
        Some("application/cloudevents+json")
    );
    assert!(leaf.header("cache-control").unwrap().contains("immutable"));
    let tag = leaf.header("etag").unwrap();
    let has = [("if-none-match", tag)];
    let again = server.ask("GET", "/v1/events/6", &has, b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(server.ask("GET", "/v1/events/5", &has, b"").status, 200);
    proved(&server, &outcome);
    for (path, status, code) in [
        ("/v1/events/0", 404, "position.unknown"),
        ("/v1/events/7", 404, "position.unknown"),
        ("/v1/events/9223372036854775807", 404, "position.unknown"),
        ("/v1/events/-1", 400, "parameter.invalid"),
        ("/v1/events/x", 400, "parameter.invalid"),
        ("/v1/events/%00", 400, "parameter.invalid"),
        ("/v1/events/9223372036854775808", 400, "parameter.invalid"),
        (
            "/v1/events/6/inclusion?tree_size=7",
            404,
            "position.unknown",
        ),
        (
            "/v1/events/6/inclusion?tree_size=5",
            404,
            "position.unknown",
        ),
        ("/v1/events/6/inclusion?size=6", 400, "parameter.invalid"),
        ("/v1/event/6", 404, "route.unknown"),
    ] {
        assert_eq!(server.get(path).problem(status).0, code, "{path}");
    }
}

#[test]
fn inclusion_is_shown_in_a_tree_of_any_size() {
    let (ledger, server) = served();
    let many: Vec<Value> = (0..600).map(|n| complaint(&format!("c{n}"))).collect();
    ledger.import_text(jsonl(&many), &[]).counts(600, 0, 0);
    for position in [1, 5, 256, 257, 512, 605] {
        let leaf = server.get(&format!("/v1/events/{position}"));
        for size in [position, 300, 511, 512, 513, 605] {
            if size < position {
                continue;
            }
            let path = format!("/v1/events/{position}/inclusion?tree_size={size}");
            let shown = server.get(&path).with(200);
            assert_eq!(shown["tree_size"], size);
            included(&leaf.body, &shown);
        }
        let now = server
            .get(&format!("/v1/events/{position}/inclusion"))
            .with(200);
        assert_eq!(now["tree_size"], 605);
        included(&leaf.body, &now);
    }
}

#[test]
fn a_position_that_the_log_does_not_have_is_not_waited_for() {
    let (_ledger, server) = served();
    for path in [
        "/v1/developers/d1",
        "/v1/apps/a1/timeline",
        "/v1/plaza",
        "/v1/obligations",
    ] {
        server.get(&format!("{path}?min_position=5")).with(200);
        let unknown = server.get(&format!("{path}?min_position=6"));
        let expected = ("position.unknown".into(), "?min_position".into());
        assert_eq!(unknown.problem(404), expected, "{path}");
        let none = server.get(&format!("{path}?min_position=9223372036854775808"));
        assert_eq!(none.problem(400).1, "?min_position", "{path}");
    }
}

#[test]
fn a_timeline_that_would_never_end_is_not_begun() {
    let (_ledger, server) = served();
    let path = "/v1/apps/a1/timeline?as_of=";
    server.get(&format!("{path}2016-06-01T00:00:00Z")).with(200);
    let far = server.get(&format!("{path}9999-12-31T00:00:00Z"));
    let expected = ("question.too_large".into(), "?as_of".into());
    assert_eq!(far.problem(422), expected);
}

#[test]
fn what_was_told_is_known_at_once_and_stays_what_it_was() {
    let (_ledger, server) = served();
    for number in 0..40 {
        let told = server.event(&complaint(&format!("c{number}"))).with(201);
        let position = told["position"].to_string();
        let path = format!("/v1/developers/d1?as_of={T}&known_at=@{position}");
        let answer = server.get(&path);
        answer.with(200);
        assert_eq!(answer.header("standing-position"), Some(position.as_str()));
        // Known by the instant at which it was recorded, which nothing recorded later can come before.
        let event = server.get(&format!("/v1/events/{position}")).with(200);
        let recorded = text(&event, "recordedtime");
        let path = format!("/v1/developers/d1?as_of={T}&known_at={recorded}");
        let first = server.get(&path);
        assert_eq!(first.header("standing-position"), Some(position.as_str()));
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert_eq!(server.get(&path).text(), first.text());
    }
    let ahead = server.get("/v1/developers/d1?known_at=@9999");
    let expected = ("position.unknown".into(), "?known_at".into());
    assert_eq!(ahead.problem(404), expected);
}

#[test]
fn nobody_asks_of_an_instant_that_is_too_far_ahead() {
    let (_ledger, server) = served();
    let far = "9999-01-01T00:00:00Z";
    for path in [
        "/v1/developers/d1",
        "/v1/apps/a1",
        "/v1/developers/d1/explain",
        "/v1/apps/a1/explain",
        "/v1/developers/d1/timeline",
        "/v1/developers/d1/forecast",
    ] {
        let expected = ("question.too_large".into(), "?as_of".into());
        let answer = server.get(&format!("{path}?as_of={far}"));
        assert_eq!(answer.problem(422), expected, "{path}");
        let soon = chrono::Utc::now() + chrono::Duration::days(3_000);
        let soon = soon.format("%Y-%m-%dT00:00:00Z");
        server.get(&format!("{path}?as_of={soon}")).with(200);
    }
    let until = server.get(&format!("/v1/apps/a1/forecast?until={far}"));
    assert_eq!(until.problem(422).1, "?until");
}

#[test]
fn a_page_of_long_events_has_fewer() {
    let (ledger, server) = served();
    let note = "长".repeat(20_000);
    let long = |n: u32| {
        let mut event = complaint(&format!("long{n}"));
        event["data"]["note"] = note.as_str().into();
        event
    };
    let many: Vec<Value> = (0..100).map(long).collect();
    ledger.import(&many).counts(100, 0, 0);
    let (mut path, mut read) = ("/v1/events?limit=1000".to_owned(), Vec::new());
    loop {
        let answer = server.get(&path);
        let page = answer.with(200);
        assert!(answer.text().len() < 5 << 20);
        read.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/events?limit=1000&page={next}");
    }
    assert_eq!(read, ledger.audit(&[]));
}

#[test]
fn the_tables_say_by_which_rules_they_are() {
    let (_ledger, server) = served();
    let told = server.event(&complaint("c")).with(201);
    let version = server.get("/v1/developers/d1");
    let version = version.header("standing-rulebook").unwrap();
    for path in ["/v1/plaza", "/v1/obligations"] {
        let path = format!("{path}?min_position={}", told["position"]);
        let answer = server.get(&path);
        answer.with(200);
        assert_eq!(answer.header("standing-rulebook"), Some(version), "{path}");
    }
}
