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
        ("/v1/events/18446744073709551615", 404, "position.unknown"),
        ("/v1/events/-1", 400, "parameter.invalid"),
        ("/v1/events/x", 400, "parameter.invalid"),
        ("/v1/events/%00", 400, "parameter.invalid"),
        ("/v1/events/18446744073709551616", 400, "parameter.invalid"),
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
