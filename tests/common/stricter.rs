//! A ledger, and rules that are stricter than its own.

use serde_json::{Value, json};

use super::events::{app, developer, event};
use super::{Ledger, rulebook, rulebooks};

/// The rules of 2014-12-24 with scraping as grave as can be, in effect from 2016.
pub(crate) fn stricter() -> String {
    let text = rulebook("weibo-2014-12-24.toml");
    let text = text
        .replace("version = \"2014-12-24\"", "version = \"strict\"")
        .replace("effective_from = 2014-12-24", "effective_from = 2016-01-01");
    let (head, tail) = text
        .split_once("code = \"bulk_scraping\"\nlevel = 2")
        .unwrap();
    format!("{head}code = \"bulk_scraping\"\nlevel = 1{tail}")
}

/// A violation of it.
pub(crate) fn found(id: &str, app: &str, time: &str) -> Value {
    let data = json!({"code": "bulk_scraping"});
    event(id, "violation.found", time, app, data)
}

/// Three developers, two of whom scraped; the ledger knows two versions.
pub(crate) fn ground() -> Ledger {
    let ledger = Ledger::none();
    let books = ["weibo-2013-10-01.toml", "weibo-2014-12-24.toml"];
    let books = books.map(|name| rulebooks().join(name).display().to_string());
    let time = "1970-01-01T00:00:00Z";
    ledger
        .run(&[
            "init",
            "--recorded-time",
            time,
            "--rules",
            &books[0],
            &books[1],
        ])
        .good();
    let events = [
        developer("d1"),
        app("a1", "d1", "general"),
        developer("d2"),
        app("a2", "d2", "general"),
        developer("d3"),
        app("a3", "d3", "general"),
        found("v1", "a1", "2016-03-01T00:00:00Z"),
        found("v2", "a1", "2016-08-30T00:00:00Z"),
        found("v3", "a2", "2016-03-02T00:00:00Z"),
        found("v4", "a2", "2015-03-02T00:00:00Z"),
    ];
    ledger.import(&events).counts(10, 0, 0);
    ledger.write("strict.toml", stricter());
    ledger
}
