//! The letters, as files that a person can read. `STANDING_LETTERS=write` writes them anew.

use std::path::Path;

use serde_json::{Value, json};

use super::common::cases::Case;
use super::common::events::{T, event, with};
use super::common::{Ledger, text};
use super::{ground, recorded, violation_on};

#[track_caller]
fn is_letter(name: &str, letters: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notices/letters");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var("STANDING_LETTERS").is_ok_and(|value| value == "write") {
        std::fs::write(&file, letters).unwrap();
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(letters, wanted, "{}", file.display());
}

fn case(name: &str) -> Case {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Case::load(cases.join(name))
}

fn letters(ledger: &Ledger, lang: &str, args: &[&str]) -> String {
    let all = ["--lang", lang, "notices", "--format", "text"];
    ledger.run(&[&all[..], args].concat()).good().out
}

#[test]
fn complaints_that_escalate_bring_a_letter_for_each_step() {
    let case = case("page-example");
    for lang in ["en", "zh"] {
        let args = ["e1", "--as-of", "2015-03-05T00:00:00Z"];
        let letters = letters(&case.ledger, lang, &args);
        is_letter(&format!("complaints.{lang}"), &letters);
    }
}

#[test]
fn a_downgrade_and_a_termination_have_letters_of_their_own() {
    let case = case("downgrade-and-termination");
    for lang in ["en", "zh"] {
        let as_of = ["--as-of", "2014-07-20T00:00:00Z"];
        let args = ["--lang", lang, "notices", "d2", "--format", "jsonl"];
        let ran = case.ledger.run(&[&args[..], &as_of].concat()).good();
        let of_developer = ran.lines().into_iter().filter(|n| n["app"].is_null());
        let texts: Vec<String> = of_developer.map(|n| text(&n, "text").to_owned()).collect();
        is_letter(&format!("outcomes.{lang}"), &texts.join("\n----\n\n"));
    }
}

#[test]
fn outages_and_appeals_are_told() {
    let ledger = ground();
    let outage = json!({"outage": "o1", "cause": "developer"});
    let started = event("o", "outage.started", "2016-03-02T00:00:00Z", "a1", outage);
    let ended = json!({"outage": "o1"});
    let ended = event("e", "outage.ended", "2016-03-03T12:00:00Z", "a1", ended);
    let lifted = json!({"measures": ["close_app"], "reason": "fixed at once"});
    let lifted = event("l", "measure.lifted", "2016-03-06T00:00:00Z", "a1", lifted);
    let found = violation_on("v", 5, "account_theft");
    let events = [recorded(started), recorded(ended), found, recorded(lifted)];
    ledger.import_trusted(&events).counts(4, 0, 0);
    for lang in ["en", "zh"] {
        let letters = letters(&ledger, lang, &["d1", "--as-of", "2016-03-20T00:00:00Z"]);
        is_letter(&format!("outage.{lang}"), &letters);
    }
}

#[test]
fn nobody_who_complained_is_named_nor_what_anybody_wrote() {
    let ledger = ground();
    let told = json!({"class": "strong", "reason": "poor_attitude", "note": "SECRET-note"});
    let complaints: Vec<Value> = (0..5)
        .map(|n| {
            let id = format!("SECRET-id-{n}");
            let complaint = event(&id, "complaint.received", T, "a1", told.clone());
            let complaint = with(complaint, "source", "/users/SECRET-bob");
            recorded(with(complaint, "private", json!({"name": "SECRET-name"})))
        })
        .collect();
    ledger.import_trusted(&complaints).counts(5, 0, 0);
    for form in ["table", "text", "json", "jsonl", "sor"] {
        let out = ledger.run(&["notices", "a1", "--format", form]).good().out;
        assert!(out.contains("complaint"), "{form}: {out}");
        assert!(!out.contains("SECRET"), "{form}: {out}");
        assert!(!out.contains("poor_attitude"), "{form}: {out}");
    }
}

#[test]
fn an_app_and_a_developer_without_anything_are_told_nothing() {
    let ledger = ground();
    assert_eq!(letters(&ledger, "en", &["d2"]), "");
    let none = ledger.run(&["notices", "d2", "--format", "table"]).good();
    assert!(none.err.contains("nothing is to be told"), "{}", none.err);
    let unknown = ledger.run(&["notices", "nobody"]).with_code(1);
    assert!(unknown.err.contains("`nobody`"), "{}", unknown.err);
}
