//! Slow, huge, half and too many requests: each is ended, and others are answered meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::common::Ledger;
use super::common::events::{app, complaint, developer, jsonl};
use super::common::http::{Answer, head_with};
use super::common::serving::Server;

/// A ledger with a developer and an app, and the token of somebody who records.
fn ground() -> (Ledger, String) {
    let ledger = Ledger::new();
    let events = [developer("d1"), app("a1", "d1", "in_site")];
    ledger.import(&events).counts(2, 0, 0);
    let token = ledger.token("recorder", &[]);
    (ledger, token)
}

fn is_well(service: &Server) {
    assert_eq!(service.ask_with("GET", "/readyz", None).status, 200);
}

/// Whether the other side has ended the connection, once it does something.
fn ended(mut stream: TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_))
}

fn begun(service: &Server, text: &str) -> TcpStream {
    let mut stream = service.connect();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

#[test]
fn half_a_request_is_ended_and_others_are_answered_meanwhile() {
    let (ledger, token) = ground();
    let service = ledger.serve(&["--header-timeout", "2"]);
    let halves = [
        "",
        "G",
        "GET /healthz HTTP/1.1\r\n",
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx: ",
    ];
    let slow: Vec<TcpStream> = (0..100)
        .map(|n| begun(&service, halves[n % halves.len()]))
        .collect();
    let sent = head_with("POST", "/v1/events", Some(&token), &[], 1_000);
    let half = begun(&service, &sent);
    drop(half);
    is_well(&service);
    assert!(slow.into_iter().all(ended));
    // What is no HTTP at all, and heads that do not end.
    for text in [
        "\0\0\0\0\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "GET  HTTP/9\r\n\r\n",
    ] {
        drop(begun(&service, text));
    }
    let mut endless = begun(&service, "GET /healthz HTTP/1.1\r\n");
    let line = format!("x: {}\r\n", "y".repeat(8_000));
    for _ in 0..1_000 {
        if endless.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    let mut rest = Vec::new();
    let _ = endless.read_to_end(&mut rest);
    is_well(&service);
}

#[test]
fn a_body_that_stands_still_is_ended_with_a_reason() {
    let (ledger, token) = ground();
    let service = ledger.serve(&["--stall-timeout", "1"]);
    let kind = [("content-type", "application/json")];
    let text = head_with("POST", "/v1/events", Some(&token), &kind, 1_000);
    let stalled: Vec<TcpStream> = (0..20).map(|_| begun(&service, &text)).collect();
    is_well(&service);
    for stream in stalled {
        let found = Answer::read(stream);
        assert_eq!(
            (found.status, found.code().as_str()),
            (408, "request.timeout")
        );
    }
}

#[test]
fn a_body_that_drips_is_ended_where_it_takes_too_long() {
    let (ledger, token) = ground();
    let service = ledger.serve(&["--request-timeout", "1"]);
    let kind = [("content-type", "application/json")];
    let text = head_with("POST", "/v1/events", Some(&token), &kind, 1_000_000);
    let mut stream = begun(&service, &text);
    let reading = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || Answer::read(reading));
    while !reader.is_finished() {
        let _ = stream.write_all(b" ");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let found = reader.join().unwrap();
    assert_eq!(
        (found.status, found.code().as_str()),
        (408, "request.timeout")
    );
    is_well(&service);
}

#[test]
fn a_body_that_is_too_long_is_refused_by_its_head_or_on_the_way() {
    let (ledger, token) = ground();
    let service = ledger.serve(&["--body-max", "2000"]);
    let kind = ("content-type", "application/json");
    // It says how long it is, and none of it is read.
    let found = Answer::read(begun(
        &service,
        &head_with("POST", "/v1/events", Some(&token), &[kind], 3_000_000_000),
    ));
    assert_eq!(
        (found.status, found.code().as_str()),
        (413, "body.too_large")
    );
    // It does not.
    let chunked = [kind, ("transfer-encoding", "chunked")];
    let mut stream = begun(
        &service,
        &head_with("POST", "/v1/events", Some(&token), &chunked, 0),
    );
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1_000));
    for _ in 0..3 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    let found = Answer::read(stream);
    assert_eq!(
        (found.status, found.code().as_str()),
        (413, "body.too_large")
    );
    // Streams are of any length.
    let events: Vec<_> = (0..50).map(|n| complaint(&format!("c{n}"))).collect();
    let lines = jsonl(&events);
    assert!(lines.len() > 2_000);
    let kind = [("content-type", "application/x-ndjson")];
    let found = service.send_with("POST", "/v1/events", Some(&token), &kind, lines.as_bytes());
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.text().matches("\"outcome\":\"appended\"").count(), 50);
    // And only where one is taken.
    let books = ledger.token("rule-maker", &[]);
    let found = service.send_with("POST", "/v1/rulebooks", Some(&books), &kind, &[b' '; 3_000]);
    assert_eq!(found.status, 413, "{found:?}");
}

#[test]
fn a_token_is_good_for_so_many_requests_a_second() {
    let (ledger, _) = ground();
    let service = ledger.serve(&["--rate", "100000"]);
    let (slow, fast) = (
        ledger.token("auditor", &["--rate", "1"]),
        ledger.token("auditor", &[]),
    );
    let path = "/v1/access/refusals?limit=1";
    let answers: Vec<_> = (0..20)
        .map(|_| service.ask_with("GET", path, Some(&slow)))
        .collect();
    assert_eq!(answers[0].status, 200);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.code(), "rate.exceeded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    for _ in 0..20 {
        assert_eq!(service.ask_with("GET", path, Some(&fast)).status, 200);
    }
}

#[test]
fn a_token_has_limits_of_its_own() {
    let (ledger, _) = ground();
    let service = ledger.serve(&["--body-max", "2000", "--request-timeout", "60"]);
    let kind = [("content-type", "application/json")];
    let send = |token: &str, bytes: usize| {
        let body = vec![b' '; bytes];
        let found = service.send_with("POST", "/v1/events", Some(token), &kind, &body);
        found.code()
    };
    let everybodys = ledger.token("recorder", &[]);
    assert_eq!(send(&everybodys, 2_000), "event.malformed");
    assert_eq!(send(&everybodys, 2_001), "body.too_large");
    let more = ledger.token("recorder", &["--body-max", "20000000"]);
    assert_eq!(send(&more, 20_000_000), "event.malformed");
    assert_eq!(send(&more, 20_000_001), "body.too_large");
    let less = ledger.token("recorder", &["--body-max", "10", "--time-max", "1"]);
    assert_eq!(send(&less, 11), "body.too_large");
    let head = head_with("POST", "/v1/events", Some(&less), &kind, 5);
    let mut waits = service.connect();
    waits.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    waits.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("request.timeout"), "{answer}");
}

#[test]
fn connections_beyond_the_most_are_ended_and_room_comes_back() {
    let (ledger, _) = ground();
    let service = ledger.serve(&["--connections", "3", "--header-timeout", "2"]);
    let held: Vec<TcpStream> = (0..3).map(|_| begun(&service, "GET /")).collect();
    // Once all three are in, one more is not; until then it may be.
    while !ended({
        let mut stream = service.connect();
        let _ = stream.write_all(head_with("GET", "/healthz", None, &[], 0).as_bytes());
        stream
    }) {}
    assert!(held.into_iter().all(ended), "they take too long");
    let answered = || {
        let mut stream = service.connect();
        let _ = stream.write_all(head_with("GET", "/healthz", None, &[], 0).as_bytes());
        !ended(stream)
    };
    while !answered() {}
    is_well(&service);
}

#[test]
fn an_answer_that_nobody_takes_does_not_hold_its_connection() {
    let (ledger, _) = ground();
    let reader = ledger.token("auditor", &[]);
    let service = ledger.serve(&["--connections", "2", "--stall-timeout", "1"]);
    // Requests without end on one connection, whose answers are left lying.
    let mut greedy = service.connect();
    let ask = format!(
        "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {reader}\r\n\r\n"
    );
    let many = ask.repeat(20);
    while greedy.write_all(many.as_bytes()).is_ok() {}
    is_well(&service);
}
