//! Tokens: made, shown once, taken back; and what is written down of those who are turned away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::common::{Ledger, text};

const READ: &str = "/v1/access/refusals";

#[test]
fn a_token_is_shown_once_and_kept_as_its_hash() {
    let ledger = Ledger::new();
    let args = ["tokens", "new", "--role", "auditor", "--note", "n"];
    let made = ledger.run(&args).good();
    let made = &made.lines()[0];
    let (token, id) = (text(made, "token"), text(made, "id"));
    assert!(token.starts_with("standing_") && token.len() == 9 + 43);
    let listed = ledger.run(&["tokens", "list"]).good();
    assert!(!listed.out.contains(&token[9..]), "{}", listed.out);
    let listed = &listed.lines()[0];
    for (key, value) in [
        ("id", id),
        ("actor", id),
        ("role", "auditor"),
        ("note", "n"),
    ] {
        assert_eq!(text(listed, key), value);
    }
    assert_eq!(text(listed, "state"), "good");
    let table = ledger.run(&["tokens", "list", "--format", "table"]).good();
    assert!(table.out.contains(id) && table.out.lines().count() == 2);
    if ledger.place.database().is_none() {
        for file in std::fs::read_dir(ledger.path("")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let found = bytes.windows(43).any(|part| part == &token.as_bytes()[9..]);
            assert!(!found, "the token is on the disk");
        }
    }
}

#[test]
fn tokens_that_make_no_sense_are_not_made() {
    let ledger = Ledger::new();
    for (args, says) in [
        (&["--role", "king"][..], "is none of recorder"),
        (&["--role", "developer"], "--developer"),
        (&["--role", "developer", "--developer", ""], "it is empty"),
        (&["--role", "auditor", "--developer", "d1"], "`developer`"),
        (
            &["--role", "auditor", "--expires", "2001-01-01"],
            "before it begins",
        ),
        (&["--role", "auditor", "--expires", "0d"], "1d to 36500d"),
        (&["--role", "auditor", "--expires", "soon"], "`90d`"),
        (&["--role", "auditor", "--rate", "0"], "--rate"),
    ] {
        let ran = ledger
            .run(&[&["tokens", "new"], args].concat())
            .with_code(1);
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty());
    }
    let none = ledger.run(&["tokens", "list"]).good();
    assert!(
        none.out.is_empty() && none.err.contains("hint: make one"),
        "{none:?}"
    );
    let ran = ledger.run(&["tokens", "revoke", "t0"]).with_code(1);
    assert!(ran.err.contains("there is no token `t0`"), "{}", ran.err);
    let ran = Ledger::none().run(&["tokens", "list"]).with_code(1);
    assert!(ran.err.contains("there is no ledger"), "{}", ran.err);
}

#[test]
fn without_a_token_nothing_is_open_but_health_and_it_is_said_how_to_make_one() {
    let ledger = Ledger::new();
    let service = ledger.serve(&[]);
    assert!(
        service.said.contains("there is no token yet"),
        "{}",
        service.said
    );
    assert!(
        service.said.contains("standing tokens new"),
        "{}",
        service.said
    );
    for path in ["/healthz", "/readyz"] {
        assert_eq!(service.ask_with("GET", path, None).status, 200, "{path}");
    }
    for path in ["/docs", "/docs/", "/v1/openapi.json", "/v1/events", READ] {
        let answer = service.ask_with("GET", path, None);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "token.missing")
        );
    }
    // One that is made while it runs is good at once.
    let token = ledger.token("auditor", &[]);
    assert_eq!(service.ask_with("GET", READ, Some(&token)).status, 200);
    let open = ledger.serve(&["--open", "docs"]);
    assert_eq!(open.ask_with("GET", "/v1/openapi.json", None).status, 200);
    assert_eq!(open.ask_with("GET", "/docs/", None).status, 200);
    assert_eq!(open.ask_with("GET", "/v1/events", None).status, 401);
}

#[test]
fn what_is_no_good_token_lets_nobody_in() {
    let ledger = Ledger::new();
    let service = ledger.serve(&[]);
    let good = ledger.token("auditor", &[]);
    let known = |value: &str| {
        let headers = [("authorization", value)];
        let answer = service.send_with("GET", READ, None, &headers, b"");
        match answer.status {
            200 => true,
            _ => {
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (401, "token.invalid")
                );
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.contains("invalid_token"), "{challenge}");
                false
            }
        }
    };
    assert!(known(&format!("Bearer {good}")) && known(&format!("bearer {good}")));
    let other = format!("{}{}", &good[..good.len() - 2], "AA");
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        &good,
        &format!("Basic {good}"),
        &format!("Bearer {other}"),
        &format!("Bearer {good}x"),
        &format!("Bearer {}", &good[9..]),
        &format!("Bearer {good} {good}"),
        &format!("Bearer {}", "x".repeat(5_000)),
        "Bearer \u{e9}",
    ] {
        assert!(!known(wrong), "{wrong}");
    }
    let bearer = format!("Bearer {good}");
    let twice = [("authorization", bearer.as_str()); 2];
    assert_eq!(
        service.send_with("GET", READ, None, &twice, b"").status,
        401
    );
}

#[test]
fn a_revoked_token_lets_nobody_in_at_any_instance_from_then_on() {
    let ledger = Ledger::new();
    let services = [ledger.serve(&[]), ledger.serve(&[])];
    let made = ledger.run(&["tokens", "new", "--role", "auditor"]).good();
    let made = &made.lines()[0];
    let (token, id) = (text(made, "token"), text(made, "id"));
    let revoked = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = services.each_ref().map(|service| {
            scope.spawn(|| {
                let mut counts = (0, 0);
                loop {
                    // Looked at before it is asked: what is asked later than that is refused.
                    let late = revoked.load(Ordering::SeqCst);
                    let status = service.ask_with("GET", READ, Some(token)).status;
                    match (late, status) {
                        (false, 200) => counts.0 += 1,
                        (false, 401) => {}
                        (true, 401) => counts.1 += 1,
                        (_, status) => panic!("{status} when revoked is {late}"),
                    }
                    if counts.1 == 20 {
                        return counts;
                    }
                }
            })
        });
        while services
            .iter()
            .any(|service| service.ask_with("GET", READ, Some(token)).status != 200)
        {}
        ledger.run(&["tokens", "revoke", id]).good();
        revoked.store(true, Ordering::SeqCst);
        for asking in asking {
            assert!(asking.join().unwrap().0 > 0);
        }
    });
    let listed = ledger.run(&["tokens", "list"]).good().lines();
    assert_eq!(text(&listed[0], "state"), "revoked");
    // Again, it stays revoked since then.
    let since = text(&listed[0], "revoked").to_owned();
    let again = ledger.run(&["tokens", "revoke", id]).good().lines();
    assert_eq!(text(&again[0], "revoked"), since);
}

#[test]
fn a_token_ends_when_it_expires() {
    let ledger = Ledger::new();
    let service = ledger.serve(&[]);
    let soon = chrono::Utc::now() + chrono::Duration::milliseconds(1_500);
    let soon = soon.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let token = ledger.token("auditor", &["--expires", &soon]);
    let given_up = Instant::now() + Duration::from_secs(60);
    while service.ask_with("GET", READ, Some(&token)).status != 401 {
        assert!(Instant::now() < given_up);
        std::thread::sleep(Duration::from_millis(50));
    }
    let listed = ledger.run(&["tokens", "list"]).good().lines();
    assert_eq!(text(&listed[0], "state"), "expired");
}

/// The pages of refused accesses, one after the other, once there are as many as that.
fn refusals(service: &super::common::serving::Server, token: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut page) = (Vec::new(), String::new());
    loop {
        let found = service.json_with(&format!("{READ}?limit={limit}{page}"), token);
        let entries = found["refusals"].as_array().unwrap();
        assert!(entries.len() <= limit);
        all.extend(entries.iter().cloned());
        match found["next"].as_str() {
            None => return all,
            Some(next) => page = format!("&page={next}"),
        }
    }
}

#[test]
fn refused_accesses_are_kept_beside_the_log_the_newest_of_them() {
    let ledger = Ledger::new();
    let events = ledger.audit(&[]).len();
    let service = ledger.serve(&["--refusals-kept", "5"]);
    let auditor = ledger.token("auditor", &[]);
    let made = ledger.run(&["tokens", "new", "--role", "consumer"]).good();
    let consumer = made.lines()[0].clone();
    for n in 0..9 {
        let path = format!("/v1/events/{n}?secret=1");
        let id = format!("request-{n}");
        let headers = [("x-request-id", id.as_str())];
        let token = (n % 2 == 0).then(|| text(&consumer, "token"));
        let answer = service.send_with("GET", &path, token, &headers, b"");
        assert_eq!(answer.status, if n % 2 == 0 { 403 } else { 401 });
        assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
    }
    let newest = |all: &[Value]| {
        all.first()
            .is_some_and(|newest| newest["request_id"] == "request-8")
    };
    let given_up = Instant::now() + Duration::from_secs(60);
    let mut all = refusals(&service, &auditor, 2);
    while !newest(&all) {
        assert!(Instant::now() < given_up, "{all:?}");
        all = refusals(&service, &auditor, 2);
    }
    let ids: Vec<&str> = all.iter().map(|one| text(one, "request_id")).collect();
    let expected: Vec<String> = (4..9).rev().map(|n| format!("request-{n}")).collect();
    assert_eq!(ids, expected);
    let (known, unknown) = (&all[0], &all[1]);
    assert_eq!(
        (text(known, "code"), text(known, "path")),
        ("access.denied", "/v1/events/8")
    );
    assert_eq!(known["token"], consumer["id"]);
    assert_eq!(
        (text(unknown, "code"), &unknown["token"]),
        ("token.missing", &Value::Null)
    );
    let wrong = service.ask_with("GET", &format!("{READ}?page=x"), Some(&auditor));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "page.invalid"));
    assert_eq!(
        ledger.audit(&[]).len(),
        events,
        "nothing of it is in the log"
    );
}

#[test]
fn a_request_is_logged_with_its_route_and_without_its_token() {
    let ledger = Ledger::new();
    let token = ledger.token("auditor", &[]);
    let service = ledger.serve(&["-v", "--log-format", "json"]);
    let headers = [("x-request-id", "a.b-1")];
    service.send_with("GET", "/v1/events/3?up=1", Some(&token), &headers, b"");
    // The service says other things too.
    let mut line = service.line();
    while !line.contains("a.b-1") {
        line = service.line();
    }
    assert!(!line.contains(&token[9..]), "{line}");
    let line: Value = serde_json::from_str(&line).unwrap();
    for (key, value) in [
        ("level", "INFO"),
        ("request_id", "a.b-1"),
        ("method", "GET"),
        ("route", "/v1/events/{position}"),
    ] {
        assert_eq!(text(&line, key), value, "{line}");
    }
    assert!(
        line["status"].is_u64() && line["duration_us"].is_u64(),
        "{line}"
    );
    assert!(text(&line, "token").starts_with('t') && text(&line, "timestamp").ends_with('Z'));
}
