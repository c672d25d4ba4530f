//! What is answered while histories are being read. The snapshot that the service is told to begin with is
//! a pipe, so it reads for as long as a test likes.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use crate::common::Ledger;
use crate::common::http::Answer;
use crate::common::serving::Server;

/// A service that goes on starting until something is written to `pipe/manifest.json`.
fn begun(ledger: &Ledger) -> Server {
    std::fs::create_dir(ledger.path("pipe")).unwrap();
    let made = Command::new("mkfifo")
        .arg(ledger.path("pipe/manifest.json"))
        .status();
    assert!(made.unwrap().success());
    ledger.begin_to_serve(&["--snapshot", "pipe"])
}

fn is_starting(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "starting"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn it_is_told_that_the_service_lives_and_is_not_ready_until_it_is() {
    let ledger = Ledger::new();
    let token = ledger.token("auditor", &[]);
    let service = begun(&ledger);
    let get = |path, token| service.ask_with("GET", path, token);

    let lives = get("/healthz", None);
    assert_eq!((lives.status, lives.text()), (200, "ok\n"));
    is_starting(&get("/readyz", None));
    // The door is shut as ever: nobody learns by it what there is.
    assert_eq!(get("/v1/plaza", None).status, 401);
    let sent = service.send_with("POST", "/v1/events", Some(&token), &[], b"{}");
    assert_eq!((sent.status, sent.code().as_str()), (403, "access.denied"));
    for path in ["/v1/plaza", "/v1/developers/d1", "/metrics", "/docs/"] {
        is_starting(&get(path, Some(&token)));
    }
    assert_eq!(get("/nothing/such", Some(&token)).code(), "route.unknown");

    let mut pipe = OpenOptions::new()
        .write(true)
        .open(ledger.path("pipe/manifest.json"))
        .unwrap();
    pipe.write_all(b"no manifest").unwrap();
    drop(pipe);
    while !service.line().starts_with("ready: 3 events") {}
    assert_eq!(get("/readyz", None).text(), "ready\n");
    assert_eq!(get("/v1/rulebooks", Some(&token)).status, 200);
}

#[test]
fn a_service_that_starts_can_be_told_to_end() {
    let ledger = Ledger::new();
    let service = begun(&ledger);
    is_starting(&service.ask_with("GET", "/readyz", None));
    service.signal("TERM");
    assert_eq!(service.wait(), Some(0));
}

/// Changes the file of a ledger behind its back; false, where it is none.
fn damaged(ledger: &Ledger, statements: &'static str) -> bool {
    if ledger.place.database().is_some() {
        println!("skipped: a file is easier to damage");
        return false;
    }
    let file = format!("sqlite://{}", ledger.path("standing.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut ledger = SqliteConnection::connect(&file).await.unwrap();
        let unguarded = "PRAGMA writable_schema = ON; \
            DELETE FROM sqlite_schema WHERE type = 'trigger'; PRAGMA writable_schema = RESET";
        ledger.execute(unguarded).await.unwrap();
        ledger.execute(statements).await.unwrap();
        ledger.close().await.unwrap();
    });
    true
}

#[test]
fn a_log_that_cannot_be_understood_ends_the_service_with_what_is_wrong() {
    let ledger = Ledger::new();
    if !damaged(&ledger, "UPDATE events SET json = '{}' WHERE position = 2") {
        return;
    }
    let ran = ledger.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let wrong = "error: the ledger is damaged";
    assert!(ran.err.contains(wrong), "{}", ran.err);
    assert!(ran.err.contains("the event at position 2"), "{}", ran.err);
    assert!(!ran.err.contains("ready: "), "{}", ran.err);
}

#[test]
fn a_log_that_cannot_be_read_any_more_is_not_ready() {
    let ledger = Ledger::new();
    let service = ledger.serve(&[]);
    assert_eq!(service.ask_with("GET", "/readyz", None).status, 200);
    if !damaged(&ledger, "DROP TABLE events") {
        return;
    }
    let answer = service.ask_with("GET", "/readyz", None);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "store.unavailable")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(service.ask_with("GET", "/healthz", None).status, 200);
}
