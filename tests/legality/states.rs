//! Every step of every state.

use serde_json::{Value, json};

use super::record;
use crate::common::events::*;
use crate::common::{Ledger, text};

/// The states, each with the steps that lead an enterprise app there.
const STATES: [(&str, &str); 12] = [
    ("undeclared", ""),
    ("declaration_pending", "sd"),
    ("declaration_rejected", "sd rd"),
    ("developing", "sd ad"),
    ("copy_pending", "sd ad sc"),
    ("copy_rejected", "sd ad sc rc"),
    ("copy_approved", "sd ad sc ac"),
    ("copy_revoked", "sd ad sc ac bad"),
    ("plaza_pending", "sd ad sc ac sp"),
    ("plaza_rejected", "sd ad sc ac sp rp"),
    ("listed", "sd ad sc ac sp ap"),
    ("delisted", "sd ad sc ac sp ap off"),
];

/// The steps.
const STEPS: [&str; 16] = [
    "sd", "sc", "sp", "ad", "ac", "ap", "rd", "rc", "rp", "off", "insp", "fixed", "bad", "mended",
    "key-", "key+",
];

fn step(id: &str, app: &str, step: &str, hour: usize) -> Value {
    let stage = |of: &str| match of {
        "d" => "declaration",
        "c" => "copy",
        _ => "plaza",
    };
    let (kind, data) = match step {
        "off" => ("app.delisted", json!({"reason": ""})),
        "insp" => (
            "inspection.failed",
            json!({"severity": "minor", "findings": []}),
        ),
        "fixed" => ("inspection.remedied", json!({})),
        "bad" => ("report.confirmed", json!({"severity": "ordinary"})),
        "mended" => ("report.remedied", json!({})),
        "key-" => ("app.key_disabled", json!({"reason": ""})),
        "key+" => ("app.key_enabled", json!({"reason": ""})),
        review => match review.split_at(1) {
            ("s", of) => ("review.submitted", json!({"stage": stage(of)})),
            ("a", of) => ("review.approved", json!({"stage": stage(of)})),
            (_, of) => (
                "review.rejected",
                json!({"stage": stage(of), "reasons": []}),
            ),
        },
    };
    event(id, kind, &format!("2016-03-01T{hour:02}:00:00Z"), app, data)
}

/// The state after a step, by SPEC §8; none where the step is refused.
fn next<'a>(state: &'a str, step: &str) -> Option<&'a str> {
    let from = |states: &[&str], to| states.contains(&state).then_some(to);
    let approved = [
        "copy_approved",
        "plaza_pending",
        "plaza_rejected",
        "delisted",
        "listed",
    ];
    match step {
        "sd" => from(
            &["undeclared", "declaration_rejected"],
            "declaration_pending",
        ),
        "sc" => from(
            &["developing", "copy_rejected", "copy_revoked"],
            "copy_pending",
        ),
        "sp" => from(
            &["copy_approved", "plaza_rejected", "delisted"],
            "plaza_pending",
        ),
        "ad" => from(&["declaration_pending"], "developing"),
        "ac" => from(&["copy_pending"], "copy_approved"),
        "ap" => from(&["plaza_pending"], "listed"),
        "rd" => from(&["declaration_pending"], "declaration_rejected"),
        "rc" => from(&["copy_pending"], "copy_rejected"),
        "rp" => from(&["plaza_pending"], "plaza_rejected"),
        "off" => from(&["listed"], "delisted"),
        "insp" if state == "listed" => Some("delisted"),
        "insp" | "bad" if approved.contains(&state) => Some("copy_revoked"),
        "fixed" => None,
        // Of these states, a report led to this one alone.
        "mended" => from(&["copy_revoked"], state),
        _ => Some(state),
    }
}

#[test]
fn every_step_of_every_state_is_judged_alike_by_import_and_at_the_desk() {
    let (mut before, mut last) = (vec![developer("dev")], Vec::new());
    for (state, path) in STATES {
        for tried in STEPS {
            let id = format!("{state}:{tried}");
            before.push(app(&id, "dev", "enterprise"));
            for (hour, taken) in path.split_whitespace().enumerate() {
                before.push(step(&format!("{id}:{hour}"), &id, taken, hour));
            }
            last.push((state, tried, step(&id, &id, tried, 12)));
        }
    }
    let legal = last
        .iter()
        .filter(|(state, tried, _)| next(state, tried).is_some());
    let legal = legal.count() as u64;
    let all = last.len() as u64;
    assert_eq!((all, legal), (192, 64));

    let (batch, desk) = (Ledger::new(), Ledger::new());
    for ledger in [&batch, &desk] {
        ledger.import(&before).counts(before.len() as u64, 0, 0);
    }
    let sent: Vec<Value> = last.iter().map(|(_, _, event)| event.clone()).collect();
    let imported = batch.import_text(jsonl(&sent), &[]);
    imported.counts(legal, 0, all - legal);
    let mut rejects = imported.rejects.iter();
    for (state, tried, event) in &last {
        let ran = record(&desk, event);
        if next(state, tried).is_some() {
            ran.good();
            continue;
        }
        let reject = rejects.next().unwrap();
        assert_eq!(&reject["event"], event);
        assert_eq!(text(reject, "code"), "review.out_of_order");
        assert_eq!(text(reject, "pointer"), "/type");
        let message = format!(
            "error: review.out_of_order: {} (at /type)\n",
            text(reject, "message")
        );
        assert_eq!(ran.with_code(2).err, message);
    }

    let assess = |ledger: &Ledger| {
        ledger
            .run(&["assess", "--as-of", "2016-04-01T00:00:00Z"])
            .good()
    };
    let standing = assess(&batch);
    assert_eq!(assess(&desk).out, standing.out);
    let apps = standing.lines()[0]["apps"].as_array().unwrap().clone();
    for (state, tried, event) in &last {
        let found = apps
            .iter()
            .find(|app| app["app"] == event["subject"])
            .unwrap();
        let wanted = next(state, tried).unwrap_or(state);
        assert_eq!(found["review"]["state"], wanted, "{state} {tried}");
    }
}
