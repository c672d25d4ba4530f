//! Events sent one by one and as lists.

use serde_json::{Value, json};
use standing::ledger::tree::{Hash, TreeHead, verify};
use standing::proof::hash_from_text;

use crate::common::Ledger;
use crate::common::events::{app, complaint, developer, event, retraction, violation, with};
use crate::common::http::{Answer, chunk, head};
use crate::common::server::hold;
use crate::common::serving::Server;

/// A ledger with a developer `d1` and its app `a1`, served.
pub(crate) fn served() -> (Ledger, Server) {
    let ledger = Ledger::new();
    ledger
        .import(&[developer("d1"), app("a1", "d1", "in_site")])
        .counts(2, 0, 0);
    let server = Server::start(&ledger, &[]);
    (ledger, server)
}

/// Checks an outcome's proof against the leaf that the service serves.
#[track_caller]
pub(crate) fn proved(server: &Server, outcome: &Value) {
    let leaf = server.get(&format!("/v1/events/{}", outcome["position"]));
    assert_eq!(leaf.status, 200);
    included(&leaf.body, &outcome["proof"]);
}

/// Checks that a leaf is in the tree that a proof is of.
#[track_caller]
pub(crate) fn included(leaf: &[u8], proof: &Value) {
    let hash = |value: &Value| hash_from_text(value.as_str().unwrap()).unwrap();
    let path: Vec<Hash> = proof["path"].as_array().unwrap().iter().map(hash).collect();
    let tree = TreeHead {
        size: proof["tree_size"].as_u64().unwrap(),
        root: hash(&proof["root"]),
    };
    assert_eq!(Hash::of_leaf(leaf), hash(&proof["leaf_hash"]));
    let index = proof["leaf_index"].as_u64().unwrap();
    verify::inclusion(hash(&proof["leaf_hash"]), index, tree, &path).unwrap();
}

#[test]
fn one_event_is_answered_with_its_place_and_proof() {
    let (ledger, server) = served();
    let sent = server.event(&complaint("c1"));
    let outcome = sent.with(201);
    assert_eq!(outcome["outcome"], "appended");
    assert_eq!(outcome["position"], 6);
    assert_eq!(sent.header("location"), Some("/v1/events/6"));
    assert_eq!(sent.header("standing-position"), Some("6"));
    proved(&server, &outcome);
    // What a client that did not hear the answer does.
    let again = server.event(&complaint("c1"));
    let duplicate = again.with(200);
    assert_eq!(duplicate["outcome"], "duplicate");
    assert_eq!(duplicate["position"], 6);
    assert_eq!(duplicate["recordedtime"], outcome["recordedtime"]);
    proved(&server, &duplicate);
    assert_eq!(ledger.ids(), ["reg-d1", "reg-a1", "c1"]);
    let leaf = server.get("/v1/events/6");
    assert_eq!(leaf.json()["actor"], "recorder");
    // What was read can be sent again.
    server.event(&leaf.json()).with(200);
}

#[test]
fn what_is_refused_is_a_problem_with_its_place() {
    let (ledger, server) = served();
    server.event(&complaint("c1")).with(201);
    let other = with(complaint("c1"), "time", "2016-04-01T00:00:00Z");
    let long = with(complaint("c2"), "note", "x".repeat(70_000));
    for (sent, status, code, pointer) in [
        (other, 409, "event.conflict", "/id"),
        (
            violation("v", "a2", "icon_breach"),
            422,
            "subject.unknown",
            "/subject",
        ),
        (
            violation("v", "a1", "nonsense"),
            422,
            "code.unknown",
            "/data/code",
        ),
        (
            with(complaint("c2"), "actor", "somebody"),
            422,
            "actor.mismatch",
            "/actor",
        ),
        (
            with(complaint("c2"), "actor", 7),
            422,
            "event.malformed",
            "/actor",
        ),
        (
            retraction("r", "a1", json!({"id": "c1"})),
            403,
            "access.denied",
            "/type",
        ),
        (long, 422, "event.malformed", ""),
        (json!([1]), 422, "event.malformed", ""),
        (json!({}), 422, "event.malformed", ""),
    ] {
        let answer = server.event(&sent);
        let expected = (code.to_owned(), pointer.to_owned());
        assert_eq!(answer.problem(status), expected, "{sent}");
    }
    server
        .event(&with(complaint("c2"), "actor", "recorder"))
        .with(201);
    assert_eq!(ledger.ids(), ["reg-d1", "reg-a1", "c1", "c2"]);
}

#[test]
fn every_type_of_body_is_taken() {
    let (ledger, server) = served();
    let text = |id: &str| complaint(id).to_string();
    server
        .send("application/cloudevents+json; charset=utf-8", text("c1"))
        .with(201);
    server.send("application/json", text("c2")).with(201);
    let list = format!(" [{}, {}]", text("c3"), text("c1"));
    for (content_type, first) in [
        ("application/cloudevents-batch+json", "appended"),
        ("application/json", "duplicate"),
    ] {
        let outcomes = server.send(content_type, &list).with(200);
        assert_eq!(outcomes[0]["outcome"], first);
        assert_eq!(outcomes[1]["outcome"], "duplicate");
        assert_eq!(outcomes[1]["position"], 6);
        proved(&server, &outcomes[0]);
        proved(&server, &outcomes[1]);
    }
    assert_eq!(server.send("application/json", "[]").with(200), json!([]));
    let binary = |more: &[(&str, &str)], body: &str| {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-source", "/te%73t"),
            ("ce-type", "complaint.received"),
            ("ce-time", "2016-03-01T00:00:00Z"),
            ("ce-subject", "a1"),
        ];
        headers.extend(more);
        server.ask("POST", "/v1/events", &headers, body.as_bytes())
    };
    let data = r#"{"class": "normal"}"#;
    // The same event, however it is sent.
    assert_eq!(binary(&[("ce-id", "c1")], data).with(200)["position"], 6);
    let euro = binary(&[("ce-id", "%E2%82%AC"), ("ce-origin", "desk 7")], data).with(201);
    let leaf = server
        .get(&format!("/v1/events/{}", euro["position"]))
        .json();
    assert_eq!(
        (&leaf["id"], &leaf["origin"]),
        (&json!("€"), &json!("desk 7"))
    );
    for (headers, body) in [
        (vec![("ce-id", "%FF")], data),
        (vec![("ce-id", "x"), ("ce-id", "y")], data),
        (vec![("ce-id", "x"), ("ce-data", "{}")], data),
        (vec![("ce-id", "x")], "{\"class\":\"normal\"},\"id\":\"y\""),
        (vec![("ce-id", "x")], ""),
        (vec![], data),
    ] {
        assert_eq!(
            binary(&headers, body).problem(422).0,
            "event.malformed",
            "{headers:?} {body}"
        );
    }
    for content_type in [
        "text/plain",
        "application/json; charset=utf-16",
        "application/xml",
    ] {
        let problem = server.send(content_type, text("c9")).problem(415);
        assert_eq!(problem.0, "media_type.unsupported", "{content_type}");
    }
    assert_eq!(ledger.ids().len(), 2 + 3 + 1);
}

#[test]
fn a_list_is_judged_event_by_event_and_taken_as_a_list_or_not_at_all() {
    let (ledger, server) = served();
    let register = developer("d2");
    let of_new = app("a2", "d2", "in_site");
    let list = json!([register, of_new, 7, {"id": 1}, of_new, violation("v", "zz", "icon_breach"), complaint("c1")]);
    let outcomes = server.send("application/json", list.to_string()).with(200);
    let outcomes = outcomes.as_array().unwrap();
    let told: Vec<_> = outcomes
        .iter()
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    let expected = [
        "appended",
        "appended",
        "refused",
        "refused",
        "duplicate",
        "refused",
        "appended",
    ];
    assert_eq!(told, expected);
    assert_eq!(outcomes[4]["position"], 7);
    assert_eq!(outcomes[5]["code"], "subject.unknown");
    outcomes
        .iter()
        .filter(|one| one["position"].is_u64())
        .for_each(|one| proved(&server, one));
    for half in [
        "[",
        "[{\"id\":\"1\"}",
        "[1,]",
        "[1] 2",
        "",
        "{\"id\":",
        "[\u{1}]",
    ] {
        let answer = server.send("application/cloudevents-batch+json", half);
        assert_eq!(answer.problem(400).0, "body.invalid", "{half}");
    }
    assert_eq!(ledger.ids().len(), 2 + 3);
    // More than is admitted at a time.
    let many: Vec<Value> = (0..2_500).map(|n| complaint(&format!("m{n}"))).collect();
    let outcomes = server
        .send("application/json", Value::from(many).to_string())
        .with(200);
    let positions: Vec<u64> = outcomes
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["position"].as_u64().unwrap())
        .collect();
    assert_eq!(positions, (9..2_509).collect::<Vec<u64>>());
    proved(&server, &outcomes[0]);
    proved(&server, &outcomes[1_001]);
    let too_many = format!("[{}1]", "1,".repeat(10_000));
    assert_eq!(
        server.send("application/json", too_many).problem(413).0,
        "body.too_large"
    );
    let without = server.ask(
        "POST",
        "/v1/events?proof=false",
        &[("content-type", "application/json")],
        json!([complaint("c1")]).to_string().as_bytes(),
    );
    assert_eq!(without.with(200)[0].get("proof"), None);
}

#[test]
fn half_and_huge_requests_leave_it_answering() {
    use std::io::Write;
    let (ledger, server) = served();
    let mut huge = vec![b' '; 17 << 20];
    huge[0] = b'[';
    assert_eq!(
        server.send("application/json", &huge).problem(413).0,
        "body.too_large"
    );
    // Headers without an end, a body that is shorter than it says, a chunk that ends early.
    let body = complaint("half").to_string();
    let bearer = server.bearer("recorder");
    for half in [
        "POST /v1/events HTTP/1.1\r\nhost: test\r\nconte".to_owned(),
        head(
            "POST",
            "/v1/events",
            &[
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
                ("content-length", "100000"),
            ],
        ) + &body,
        head(
            "POST",
            "/v1/events",
            &[
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
                ("transfer-encoding", "chunked"),
            ],
        ) + &String::from_utf8(chunk(body.as_bytes())).unwrap(),
    ] {
        let mut stream = server.connect();
        stream.write_all(half.as_bytes()).unwrap();
        drop(stream);
    }
    server.event(&complaint("c1")).with(201);
    assert_eq!(ledger.ids(), ["reg-d1", "reg-a1", "c1"]);
    let wrong = server.ask("PUT", "/v1/events", &[], b"");
    assert_eq!(wrong.problem(405).0, "method.not_allowed");
    assert!(wrong.header("allow").unwrap().contains("POST"));
}

#[test]
fn many_at_once_each_get_their_own() {
    let (ledger, server) = served();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let send = |n: usize| {
            let server = &server;
            scope.spawn(move || {
                let one = |k: usize| server.event(&complaint(&format!("c{}", (n * 7 + k) % 100)));
                (0..10).map(one).collect::<Vec<Answer>>()
            })
        };
        let threads: Vec<_> = (0..16).map(send).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let trail = ledger.audit(&["--type", "complaint.received"]);
    let mut appended = 0;
    for answer in &answers {
        let outcome = answer.json();
        appended += usize::from(answer.status == 201);
        let position = outcome["position"].as_u64().unwrap();
        assert!(trail.iter().any(|line| line["position"] == position));
        proved(&server, &outcome);
    }
    assert_eq!(appended, trail.len());
}

#[test]
fn what_is_private_is_kept_beside_the_log() {
    let (_ledger, server) = served();
    let told = with(complaint("c1"), "private", json!({"name": "Li"}));
    let outcome = server.event(&told).with(201);
    proved(&server, &outcome);
    let leaf = server.get("/v1/events/6");
    assert!(!leaf.text().contains("Li"), "{}", leaf.text());
    let page = server.get("/v1/events?after=5&private=true").with(200);
    assert_eq!(page["events"][0]["private"], json!({"name": "Li"}));
    let page = server.get("/v1/events?after=5").with(200);
    assert_eq!(page["events"][0].get("private"), None);
    let unknown = event(
        "x",
        "complaint.received",
        "2016-03-01T00:00:00Z",
        "a1",
        json!({}),
    );
    let unknown = with(unknown, "private", "Li");
    assert_eq!(server.event(&unknown).problem(422).1, "/private");
}

/// On PostgreSQL alone: a file is not lost for a moment.
#[test]
fn a_database_that_goes_away_and_comes_back_costs_no_event_and_doubles_none() {
    let (ledger, server) = served();
    let Some(database) = ledger.place.database() else {
        return;
    };
    let unsure = std::sync::atomic::AtomicUsize::new(0);
    let send = |id: &str| loop {
        let answer = server.event(&complaint(id));
        if answer.status < 300 {
            return answer.json()["position"].as_u64().unwrap();
        }
        let (code, _) = answer.problem(503);
        assert!(
            ["append.unknown", "store.unavailable"].contains(&code.as_str()),
            "{code}"
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
        unsure.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let told: Vec<(String, u64)> = std::thread::scope(|scope| {
        let sender = |n: usize| {
            let send = &send;
            scope.spawn(move || {
                let ids = (0..60).map(|k| format!("c{n}-{k}"));
                ids.map(|id| (id.clone(), send(&id))).collect::<Vec<_>>()
            })
        };
        let senders: Vec<_> = (0..8).map(sender).collect();
        for _ in 0..6 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
        }
        senders
            .into_iter()
            .flat_map(|sender| sender.join().unwrap())
            .collect()
    });
    let trail = ledger.audit(&["--type", "complaint.received"]);
    assert_eq!(trail.len(), told.len());
    for (id, position) in &told {
        let event = trail.iter().find(|line| line["id"] == **id).unwrap();
        assert_eq!(event["position"], *position);
    }
    println!("{} were told to send again", unsure.into_inner());
    ledger.run(&["verify"]).good();
}

#[tokio::test]
async fn what_ran_out_of_time_may_be_in_the_log_and_is_sent_again() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &["--request-timeout", "1"]);
    let lock = hold(&ledger.place, &ledger.path("")).await;
    let late = developer("d1");
    let answer = server.event(&late);
    assert_eq!(answer.problem(503).0, "append.unknown");
    assert_eq!(answer.header("retry-after"), Some("1"));
    // What is read is not held up.
    server.get("/v1/events/1").with(200);
    drop(lock);
    let again = server.event(&late);
    assert!(matches!(again.status, 200 | 201), "{}", again.text());
    assert_eq!(ledger.audit(&["--type", "developer.registered"]).len(), 1);
}
