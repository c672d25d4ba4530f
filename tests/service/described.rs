//! What describes the service, and what it counts.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::Ledger;
use crate::common::serving::Server;

#[test]
fn the_committed_description_is_that_of_the_routes() {
    let committed = include_str!("../../docs/openapi.json");
    let printed = Ledger::none().run(&["openapi"]).good().out;
    assert!(
        committed == printed,
        "write what `standing openapi` prints to `docs/openapi.json`"
    );
}

#[test]
fn the_page_to_try_it_on_asks_no_other_host() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    let page = server.get("/docs/");
    assert_eq!(page.status, 200);
    for file in ["/docs/", "/docs/swagger-initializer.js", "/docs/index.css"] {
        let answer = server.get(file);
        assert_eq!(answer.status, 200, "{file}");
        assert!(!answer.text().contains("https://"), "{file}");
    }
    assert_eq!(server.get("/v1/openapi.json").with(200)["openapi"], "3.1.0");
}

#[test]
fn prometheus_finds_nothing_wrong_with_what_is_counted() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    server
        .event(&crate::common::events::developer("d1"))
        .with(201);
    server
        .event(&crate::common::events::developer("d1"))
        .with(200);
    server.get("/v1/developers/d1?min_position=4").with(200);
    server.get("/v1/developers/d2").with(404);
    server.get("/nothing/such?x=1");
    let answer = server.get("/metrics");
    assert_eq!(answer.status, 200);
    let text = answer.text();
    for line in [
        "standing_events_total{outcome=\"appended\"} 1",
        "standing_events_total{outcome=\"duplicate\"} 1",
        "standing_http_requests_total{method=\"GET\",route=\"/v1/developers/{developer}\",status=\"404\"} 1",
        "standing_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "standing_log_position 4",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in {text}");
    }
    let checked = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = checked else {
        println!("skipped: there is no promtool; `scripts/test` installs it");
        return;
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(&answer.body)
        .unwrap();
    let found = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{said}");
    assert_eq!(said, "");
}
