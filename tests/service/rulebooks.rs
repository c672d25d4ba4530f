//! Rulebooks over HTTP.

use serde_json::{Value, json};

use crate::common::events::newer;
use crate::common::http::Answer;
use crate::common::serving::Server;
use crate::common::{Ledger, rulebook};

const TOML: (&str, &str) = ("content-type", "application/toml");

#[track_caller]
fn publish(server: &Server, query: &str, key: Option<&str>, text: &str) -> Answer {
    let mut headers = vec![TOML];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let path = format!("/v1/rulebooks{query}");
    server.ask("POST", &path, &headers, text.as_bytes())
}

#[test]
fn the_versions_are_those_that_are_listed_at_home() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    let answer = server.get("/v1/rulebooks");
    let listed = ledger
        .run(&["rules", "list", "--format", "json"])
        .good()
        .out;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(answer.with(200), json!({"rulebooks": listed}));
    assert_eq!(answer.header("standing-rulebook"), Some("2016-01-01"));
    let one = server.get("/v1/rulebooks/2014-12-24");
    assert_eq!(one.text(), rulebook("weibo-2014-12-24.toml"));
    assert_eq!(one.header("content-type"), Some("application/toml"));
    assert_eq!(one.header("standing-position"), Some("2"));
    let unknown = server.get("/v1/rulebooks/2014-12-25").problem(404);
    assert_eq!(
        unknown,
        ("rulebook.unknown".to_owned(), "{version}".to_owned())
    );
    let bare = Ledger::bare();
    let server = Server::start(&bare, &[]);
    assert_eq!(
        server.get("/v1/rulebooks").with(200),
        json!({"rulebooks": []})
    );
}

#[test]
fn a_version_is_tried_then_published_once() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    let text = newer();
    let tried = publish(&server, "?dry_run=true", None, &text).with(200);
    assert_eq!(
        (&tried["outcome"], &tried["place"]),
        (&"acceptable".into(), &Value::Null)
    );
    assert_eq!(ledger.audit(&[]).len(), 3);
    let answer = publish(&server, "", Some("\"key-1\""), &text);
    let published = answer.with(201);
    assert_eq!(
        (&published["outcome"], &published["version"]),
        (&"appended".into(), &"2016-02-01".into())
    );
    assert_eq!(published["place"]["position"], 4);
    assert_eq!(published["findings"], tried["findings"]);
    assert_eq!(answer.header("standing-rulebook"), Some("2016-02-01"));
    let event = server.get("/v1/events/4").json();
    assert_eq!(
        (&event["id"], &event["actor"]),
        (&"key-1".into(), &"rule-maker".into())
    );
    // Again with the same key, with another, with none.
    for key in [Some("key-1"), Some("key-2"), None] {
        for query in ["", "?dry_run=true"] {
            let again = publish(&server, query, key, &text).with(200);
            assert_eq!(
                (&again["outcome"], &again["place"]["position"]),
                (&"duplicate".into(), &4.into())
            );
        }
    }
    assert_eq!(ledger.audit(&[]).len(), 4);
    let next = text.replace("2016-02-01", "2016-03-01");
    assert_eq!(
        publish(&server, "", Some("key-1"), &next).problem(409).0,
        "event.conflict"
    );
    assert_eq!(
        publish(&server, "?dry_run=true", Some("key-1"), &next)
            .problem(409)
            .0,
        "event.conflict"
    );
    publish(&server, "", Some("key-2"), &next).with(201);
}

#[test]
fn many_who_publish_the_same_at_once_publish_it_once() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    let text = newer();
    let outcomes: Vec<Value> = std::thread::scope(|scope| {
        let send = |n: usize| {
            let (server, text) = (&server, &text);
            let key = format!("key-{}", n % 2);
            scope.spawn(move || publish(server, "", Some(&key), text).json())
        };
        let threads: Vec<_> = (0..6).map(send).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let appended = outcomes
        .iter()
        .filter(|one| one["outcome"] == "appended")
        .count();
    assert_eq!(appended, 1, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|one| one["place"]["position"] == 4),
        "{outcomes:?}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    let good = newer();
    let slip = good.replacen("nth = 2", "nth = 20", 1);
    let tried = publish(&server, "?dry_run=true", None, &slip);
    let findings = tried.json()["findings"].clone();
    let rules: Vec<&Value> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["rule"])
        .collect();
    assert!(rules.contains(&&"ladder_gap".into()), "{rules:?}");
    for (text, says) in [
        ("", "missing"),
        ("id = ", "expected"),
        (good.replacen("level = 1", "level = 7", 1).as_str(), "level"),
        (
            rulebook("weibo-2016-01-01.toml")
                .replacen("CN", "XX", 1)
                .as_str(),
            "XX",
        ),
        (
            good.replacen("id = \"weibo\"", "id = \"other\"", 1)
                .as_str(),
            "weibo",
        ),
        (
            good.replace("2016-02-01", "2016-01-01").as_str(),
            "2016-01-01",
        ),
    ] {
        for query in ["", "?dry_run=true"] {
            let answer = publish(&server, query, None, text);
            assert_eq!(
                answer.problem(422).0,
                "rulebook.invalid",
                "{}",
                answer.text()
            );
            assert!(answer.text().contains(says), "{says}: {}", answer.text());
        }
    }
    let answer = publish(&server, "", None, "id = ");
    assert_eq!(answer.problem(422).1, "1:6", "{}", answer.text());
    let text = server.ask(
        "POST",
        "/v1/rulebooks",
        &[("content-type", "text/plain")],
        good.as_bytes(),
    );
    assert_eq!(text.problem(415).0, "media_type.unsupported");
    let bytes = server.ask("POST", "/v1/rulebooks", &[TOML], b"id = \"\xff\"");
    assert_eq!(bytes.problem(400).0, "body.invalid");
    for key in ["", "a b", &"k".repeat(201)] {
        let problem = publish(&server, "", Some(key), &good).problem(400);
        assert_eq!(problem.0, "parameter.invalid", "{key}");
    }
    assert_eq!(
        publish(&server, "?dryrun=true", None, &good).problem(400).0,
        "parameter.invalid"
    );
    assert_eq!(ledger.audit(&[]).len(), 3);
}
