//! `standing notices` and `…/notices`: what developers are told, and the statements of its reasons.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;

mod corrections;
mod every;
mod letters;
mod service;
mod statements;

use common::Ledger;
use serde_json::{Value, json};

use common::events::{app, developer, event};

/// Rules that provide for appeals, a developer with an app, and another one.
pub(crate) fn ground() -> Ledger {
    ground_by(&common::rulebook("weibo-2016-01-01.toml"))
}

/// The same by rules to which the appeals are added.
pub(crate) fn ground_by(rules: &str) -> Ledger {
    let ledger = Ledger::none();
    let rules = format!("{rules}\n[appeals]\nwithin_days = 30\ntries = 2\n");
    ledger.write("rules.toml", rules);
    let long_ago = ["--recorded-time", "1970-01-01T00:00:00Z"];
    let args = [&["init"], &long_ago[..], &["--rules", "rules.toml"]].concat();
    ledger.run(&args).good();
    let events = [developer("d1"), developer("d2"), app("a1", "d1", "in_site")];
    ledger.import_trusted(&events.map(recorded)).counts(3, 0, 0);
    ledger
}

/// An event that was recorded when it happened.
pub(crate) fn recorded(mut event: Value) -> Value {
    event["recordedtime"] = event["time"].clone();
    event
}

/// A violation of `a1` at nine in the evening of a day of March 2016.
pub(crate) fn violation_on(id: &str, day: u32, code: &str) -> Value {
    let time = format!("2016-03-{day:02}T13:00:00Z");
    let found = event(id, "violation.found", &time, "a1", json!({"code": code}));
    recorded(found)
}
