//! What was told and no longer holds, and what is new.

use serde_json::{Value, json};

use super::common::events::event;
use super::common::{Ledger, text};
use super::{ground, recorded, violation_on};

fn asked(ledger: &Ledger, args: &[&str]) -> Vec<Value> {
    let all = [&["notices", "d1", "--format", "jsonl"], args].concat();
    ledger.run(&all).good().lines()
}

fn ids(all: &[Value]) -> Vec<&str> {
    all.iter().map(|one| text(one, "id")).collect()
}

/// Two violations of level 1 at positions 5 and 6, and an appeal against the first, granted at position 8.
fn overturned() -> Ledger {
    let ledger = ground();
    let target = json!({"id": "v1"});
    let filed = json!({"event": target, "statement": "it was not us"});
    let filed = event("f", "appeal.filed", "2016-03-10T00:00:00Z", "a1", filed);
    let granted = json!({"event": target, "outcome": "granted", "reason": "a copied key"});
    let granted = event("g", "appeal.decided", "2016-03-12T00:00:00Z", "a1", granted);
    let events = [
        violation_on("v1", 5, "account_theft"),
        violation_on("v2", 8, "account_theft"),
        recorded(filed),
        recorded(granted),
    ];
    ledger.import_trusted(&events).counts(4, 0, 0);
    ledger
}

const FIRST: &str = "app:a1/2016-03/account_theft/level:1/nth:1";
const SECOND: &str = "app:a1/2016-03/account_theft/level:1/nth:2";

#[test]
fn a_granted_appeal_withdraws_a_notice_and_changes_what_follows() {
    let ledger = overturned();
    let told = asked(&ledger, &["--known-at", "@6"]);
    assert_eq!(ids(&told), [FIRST, SECOND]);
    assert_eq!(ids(&asked(&ledger, &[])), [FIRST]);
    let corrections = asked(&ledger, &["--corrections-since", "@6"]);
    assert_eq!(ids(&corrections), [FIRST, SECOND]);
    let (first, second) = (&corrections[0], &corrections[1]);
    assert_eq!(first["told"]["events"][0]["position"], 5);
    assert_eq!(first["now"]["events"][0]["position"], 6);
    assert_eq!(second["now"], Value::Null);
    for one in &corrections {
        assert_eq!(one["because"], json!([{"event": 5, "by": 8}]));
    }
    assert!(text(second, "text").contains("is withdrawn"), "{second}");
    assert!(
        text(second, "text").contains("event 8 took it back"),
        "{second}"
    );
    // What is decided by then is corrected no more.
    assert!(asked(&ledger, &["--corrections-since", "@8"]).is_empty());
    let at = ["--corrections-since", "2016-03-09T00:00:00Z"];
    assert_eq!(ids(&asked(&ledger, &at)), [FIRST, SECOND]);
}

#[test]
fn what_passes_with_time_is_no_correction() {
    let ledger = ground();
    let found = violation_on("v1", 5, "account_theft");
    let lifted = json!({"measures": ["close_app"], "reason": "fixed at once"});
    let lifted = event("l", "measure.lifted", "2016-03-06T00:00:00Z", "a1", lifted);
    ledger
        .import_trusted(&[found, recorded(lifted)])
        .counts(2, 0, 0);
    assert!(asked(&ledger, &["--corrections-since", "@5"]).is_empty());
}

#[test]
fn what_is_new_is_told_once() {
    let ledger = overturned();
    assert_eq!(ids(&asked(&ledger, &["--since", "@4"])), [FIRST]);
    assert!(asked(&ledger, &["--since", "@5"]).is_empty());
    let then = asked(&ledger, &["--since", "@5", "--known-at", "@6"]);
    assert_eq!(ids(&then), [SECOND]);
    // Before there were rules, nothing was told.
    assert_eq!(ids(&asked(&ledger, &["--since", "@0"])), [FIRST]);
    assert!(asked(&ledger, &["--corrections-since", "@0"]).is_empty());
    let late = ["notices", "d1", "--since", "@9"];
    let late = ledger.run(&late).with_code(1);
    assert!(late.err.contains("ends at position 8"), "{}", late.err);
    let both = ["notices", "--since", "@1", "--corrections-since", "@1"];
    ledger.run(&both).with_code(1);
}

#[test]
fn a_correction_is_stated_with_the_day_on_which_it_ends() {
    let ledger = overturned();
    let as_of = ["--as-of", "2016-03-12T00:00:00Z"];
    let state = |more: &[&str]| {
        let args = [&["notices", "d1", "--format", "sor"], &as_of[..], more].concat();
        let batches = ledger.run(&args).good().lines();
        batches[0]["statements"].as_array().unwrap().clone()
    };
    let told = state(&["--known-at", "@6"]);
    let corrected = state(&["--corrections-since", "@6"]);
    assert_eq!((told.len(), corrected.len()), (2, 2));
    assert_eq!(told[1]["end_date_service_restriction"], "2016-03-15");
    assert_eq!(corrected[1]["end_date_service_restriction"], "2016-03-12");
    assert_eq!(
        corrected[1]["end_date_visibility_restriction"],
        "2016-03-12"
    );
    for (told, corrected) in told.iter().zip(&corrected) {
        let puid = text(told, "puid");
        assert_eq!(text(corrected, "puid"), format!("{puid}-c8"));
        let facts = text(corrected, "decision_facts");
        let begins = format!("Correction of the statement {puid}. ");
        assert!(facts.starts_with(&begins), "{facts}");
    }
}
