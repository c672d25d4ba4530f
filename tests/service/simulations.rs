//! Simulations over HTTP: what `standing whatif` tells, told by the service.

use serde_json::{Value, json};

use crate::common::events::developer;
use crate::common::http::Answer;
use crate::common::serving::Server;
use crate::common::stricter::{ground, stricter};
use crate::common::{Ledger, text};

const AS_OF: &str = "2016-09-01T00:00:00Z";
const JSON: (&str, &str) = ("content-type", "application/json");

fn read(server: &Server, method: &str, path: &str) -> Answer {
    let bearer = server.bearer("rule-maker");
    server.ask(method, path, &[("authorization", &bearer)], b"")
}

fn ask(server: &Server, key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![JSON];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let body = body.to_string();
    server.ask("POST", "/v1/simulations", &headers, body.as_bytes())
}

fn question() -> Value {
    json!({"rulebooks": [{"toml": stricter()}], "as_of": [AS_OF]})
}

/// The address of what was asked, and the document once it is over.
#[track_caller]
fn over(server: &Server, answer: &Answer) -> (String, Value) {
    answer.with(202);
    let place = answer.header("location").unwrap().to_owned();
    loop {
        let document = read(server, "GET", &place).with(200);
        match text(&document, "state") {
            "queued" | "running" => std::thread::sleep(std::time::Duration::from_millis(20)),
            _ => return (place, document),
        }
    }
}

/// What the command line says to the same question.
fn at_home(ledger: &Ledger, format: &str) -> Vec<Value> {
    let args = [
        "whatif",
        "--rules",
        "strict.toml",
        "--as-of",
        AS_OF,
        "--format",
        format,
    ];
    let ran = ledger.run(&args).good();
    match format {
        "json" => serde_json::from_str(&ran.out).unwrap(),
        _ => ran.lines(),
    }
}

#[test]
fn a_simulation_tells_what_the_command_line_does() {
    let ledger = ground();
    let server = Server::start(&ledger, &[]);
    let (place, document) = over(&server, &ask(&server, None, &question()));
    assert_eq!(text(&document, "state"), "done");
    assert_eq!(
        (text(&document, "by"), &document["reason"]),
        ("rule-maker", &Value::Null)
    );
    let progress = &document["progress"];
    assert_eq!(progress["judged"], progress["of"]);
    assert!(progress["of"].as_u64().unwrap() > 0);
    let others = &document["question"]["others"][0];
    assert_eq!(text(others, "version"), "strict");
    assert_eq!(document["question"]["before"].as_array().unwrap().len(), 2);
    let outcome = &document["outcome"];
    assert_eq!(outcome["summary"], json!(at_home(&ledger, "json")));
    assert_eq!(outcome["sha256"], outcome["summary"][0]["sha256"]);

    let mut lines = at_home(&ledger, "jsonl");
    lines.retain(|line| line["what"] != "summary");
    assert_eq!(outcome["differences"], lines.len());
    let (mut found, mut next) = (Vec::new(), String::new());
    for _ in &lines {
        let answer = read(
            &server,
            "GET",
            &format!("{place}/differences?limit=1{next}"),
        );
        let page = answer.with(200);
        found.extend(page["differences"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(token) => next = format!("&page={token}"),
            None => break,
        }
    }
    assert_eq!(found, lines);
    let whole = read(&server, "GET", &format!("{place}/differences")).with(200);
    assert_eq!(whole, json!({"differences": lines, "next": null}));

    let report = read(&server, "GET", &format!("{place}/report"));
    assert_eq!(report.status, 200);
    assert_eq!(
        report.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(report.text().contains("What if weibo strict held?"));
    assert!(report.text().contains(text(outcome, "sha256")));

    let listed = read(&server, "GET", "/v1/simulations").with(200);
    assert_eq!(listed["simulations"][0]["id"], document["id"]);
    assert_eq!(listed["simulations"][0]["outcome"]["summary"], Value::Null);
    assert_eq!(read(&server, "DELETE", &place).status, 204);
    for gone in ["", "/differences", "/report"] {
        let answer = read(&server, "GET", &format!("{place}{gone}"));
        assert_eq!(answer.problem(404).0, "simulation.unknown");
    }
    assert_eq!(
        read(&server, "DELETE", &place).problem(404).0,
        "simulation.unknown"
    );
}

#[test]
fn what_is_known_now_is_asked_and_the_log_goes_on() {
    let ledger = ground();
    let server = Server::start(&ledger, &[]);
    let before = ask(&server, None, &question());
    let position = before.header("standing-position").unwrap().to_owned();
    server.event(&developer("d9")).with(201);
    let (_, document) = over(&server, &before);
    assert_eq!(document["question"]["known_at"].to_string(), position);
    assert_eq!(document["outcome"]["summary"][0]["developers"], 3);
    // Asked later of what was known then, it is the same, to the digest.
    let mut then = question();
    then["known_at"] = json!(format!("@{position}"));
    let (_, again) = over(&server, &ask(&server, None, &then));
    assert_eq!(again["outcome"], document["outcome"]);
}

#[test]
fn asking_again_with_the_same_key_leads_to_the_same() {
    let ledger = ground();
    let server = Server::start(&ledger, &[]);
    let first = ask(&server, Some("k1"), &question());
    let (place, _) = over(&server, &first);
    let again = ask(&server, Some("k1"), &question());
    assert_eq!(again.with(202)["state"], "done");
    assert_eq!(again.header("location"), Some(place.as_str()));
    let mut other = question();
    other["top"] = json!(1);
    let refused = ask(&server, Some("k1"), &other);
    assert_eq!(refused.problem(409).0, "key.conflict");
    assert_ne!(
        ask(&server, Some("k2"), &other).header("location"),
        Some(place.as_str())
    );
    assert_ne!(
        ask(&server, None, &question()).header("location"),
        Some(place.as_str())
    );
}

#[test]
fn so_many_wait_and_what_is_cancelled_makes_room() {
    let ledger = ground();
    let server = Server::start(&ledger, &[]);
    // Each is of all instants that one may ask of, so that they do not end at once.
    let instants: Vec<String> = (1..=12)
        .map(|month| format!("2016-{month:02}-01T00:00:00Z"))
        .collect();
    let mut long = question();
    long["as_of"] = json!(instants);
    let mut places = Vec::new();
    let refused = loop {
        let answer = ask(&server, None, &long);
        match answer.status {
            202 => places.push(answer.header("location").unwrap().to_owned()),
            _ => break Some(answer),
        }
        // Where they end faster than they are asked there is nothing to see.
        if places.len() > 200 {
            break None;
        }
    };
    if let Some(refused) = refused {
        assert_eq!(refused.problem(503).0, "overloaded");
        assert!(refused.header("retry-after").is_some());
    }
    let kept = read(&server, "GET", "/v1/simulations").with(200);
    assert!(kept["simulations"].as_array().unwrap().len() <= 32 + 9);
    for place in &places {
        let status = read(&server, "DELETE", place).status;
        assert!(status == 204 || status == 404, "{status}");
    }
    let (_, document) = over(&server, &ask(&server, None, &question()));
    assert_eq!(text(&document, "state"), "done");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn what_cannot_be_asked_is_refused_with_its_place() {
    let ledger = ground();
    let server = Server::start(&ledger, &[]);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = question();
        change(&mut body);
        body
    };
    let cases: [(Value, u16, &str, &str); 14] = [
        (json!([]), 400, "body.invalid", ""),
        (json!({}), 400, "body.invalid", ""),
        (
            changed(&|body| body["rulebook"] = json!(1)),
            400,
            "body.invalid",
            "/rulebook",
        ),
        (json!({"rulebooks": []}), 400, "body.invalid", "/rulebooks"),
        (
            changed(&|body| body["as_of"] = json!([])),
            400,
            "body.invalid",
            "/as_of",
        ),
        (
            changed(&|body| body["as_of"] = json!(["now"])),
            400,
            "body.invalid",
            "/as_of/0",
        ),
        (
            changed(&|body| body["top"] = json!(101)),
            400,
            "body.invalid",
            "/top",
        ),
        (
            changed(&|body| body["from"] = json!("2015-13")),
            400,
            "body.invalid",
            "/from",
        ),
        (
            changed(&|body| body["known_at"] = json!("@99")),
            404,
            "position.unknown",
            "/known_at",
        ),
        (
            json!({"rulebooks": [{"published": "2099-01-01"}]}),
            404,
            "rulebook.unknown",
            "/rulebooks/0/published",
        ),
        (
            json!({"rulebooks": [{"preset": "weibo@2099"}]}),
            404,
            "rulebook.unknown",
            "/rulebooks/0/preset",
        ),
        (
            json!({"rulebooks": [{"toml": "schema = 1"}]}),
            422,
            "rulebook.invalid",
            "/rulebooks/0/toml",
        ),
        (
            changed(&|body| body["baseline"] = json!([{"file": "x"}])),
            400,
            "body.invalid",
            "/baseline/0",
        ),
        (
            json!({"rulebooks": [{"toml": stricter()}, {"toml": format!("{}\n", stricter())}]}),
            422,
            "rulebook.apart",
            "/rulebooks",
        ),
    ];
    for (body, status, code, place) in cases {
        let (found, pointer) = ask(&server, None, &body).problem(status);
        let body: String = body.to_string().chars().take(200).collect();
        assert_eq!((found.as_str(), pointer.as_str()), (code, place), "{body}");
    }
    let text = question().to_string();
    let toml = [("content-type", "application/toml")];
    let other = server.ask("POST", "/v1/simulations", &toml, text.as_bytes());
    assert_eq!(other.problem(415).0, "media_type.unsupported");
    let cut = server.ask("POST", "/v1/simulations", &[JSON], &text.as_bytes()[..40]);
    assert_eq!(cut.problem(400).0, "body.invalid");
    let (place, _) = over(&server, &ask(&server, None, &question()));
    let (other, _) = over(&server, &ask(&server, None, &question()));
    let page = read(&server, "GET", &format!("{place}/differences?limit=1")).with(200);
    let next = page["next"].as_str().unwrap();
    for page in [next, "x"] {
        let answer = read(&server, "GET", &format!("{other}/differences?page={page}"));
        assert_eq!(
            answer.problem(400),
            ("page.invalid".to_owned(), "?page".to_owned())
        );
    }
    // Nobody else may ask.
    let bearer = server.bearer("recorder");
    let headers = [("authorization", bearer.as_str()), JSON];
    let answer = server.ask("POST", "/v1/simulations", &headers, text.as_bytes());
    assert_eq!(answer.problem(403).0, "access.denied");
}

#[test]
fn without_rules_there_is_nothing_to_compare_with() {
    let ledger = Ledger::bare();
    let server = Server::start(&ledger, &[]);
    let (code, place) = ask(&server, None, &question()).problem(422);
    assert_eq!(
        (code.as_str(), place.as_str()),
        ("rulebook.apart", "/rulebooks")
    );
    let mut body = question();
    body["baseline"] = json!([{"preset": "weibo@2014-12-24"}]);
    let (_, document) = over(&server, &ask(&server, None, &body));
    assert_eq!(document["outcome"]["summary"][0]["developers"], 0);
}
