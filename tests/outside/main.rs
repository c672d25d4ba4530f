//! The service as others' programs ask it, by its own description.
//!
//! `scripts/test` installs what this needs and says where it is; then a check that cannot be made fails.
//! Elsewhere it is passed over, and said so, where something is missing.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

use std::process::Command;
use std::time::Duration;

use common::Ledger;
use common::serving::Server;
use serde_json::json;

#[test]
fn schemathesis_finds_the_service_as_it_is_described() {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let has_package = Command::new(&python)
        .args(["-c", "import schemathesis"])
        .output();
    if told.is_none() && !has_package.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED with schemathesis: `python3` or its package is missing");
        return;
    }
    let ledger = Ledger::none();
    let name = ledger.place.name();
    ledger.run(&["demo", "--keep", &name]).good();
    ledger.run(&["keys", "new", "example.com/log"]).good();
    let server = Server::start(&ledger, &["--rate", "100000", "--open", "docs"]);
    let simulation = simulation(&server);
    let ran: common::Ran = Command::new(&python)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["-m", "schemathesis.cli", "--config-file"])
        .args(["tests/outside/schemathesis.toml", "run", "--no-color"])
        .args(["--checks", "all"])
        .arg(format!("{}/v1/openapi.json", server.url()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HYPOTHESIS_STORAGE_DIRECTORY", env!("CARGO_TARGET_TMPDIR"))
        .env("STANDING_AUDITOR", server.token("auditor"))
        .env("STANDING_APPROVER", server.token("approver"))
        .env("STANDING_RECORDER", server.token("recorder"))
        .env("STANDING_RULE_MAKER", server.token("rule-maker"))
        .env("STANDING_SIMULATION", simulation)
        .output()
        .unwrap()
        .into();
    println!("{}", ran.good().out);
}

/// The id of a simulation that is done.
fn simulation(server: &Server) -> String {
    let question = json!({"rulebooks": [{"published": "2013-10-01"}], "from": "2015-01"});
    let json = [("content-type", "application/json")];
    let question = question.to_string();
    let taken = server.ask("POST", "/v1/simulations", &json, question.as_bytes());
    let place = taken.header("location").unwrap();
    let bearer = server.bearer("rule-maker");
    loop {
        let document = server.ask("GET", place, &[("authorization", &bearer)], b"");
        let document = document.with(200);
        match common::text(&document, "state") {
            "queued" | "running" => std::thread::sleep(Duration::from_millis(20)),
            state => {
                assert_eq!(state, "done");
                return common::text(&document, "id").to_owned();
            }
        }
    }
}
