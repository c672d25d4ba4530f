//! Decisions, from outside: what is legal now, by two people where it is grave, tried out before, and once
//! however often it is sent.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;
#[path = "decisions/service.rs"]
mod service;

use common::events::{app, developer, violation, with};
use common::{Ledger, Ran};
use serde_json::Value;

/// A ledger in which somebody found three violations of `a1`: one more than the developer's grade outlives.
/// The violations are at the last positions, from `first` on.
pub(crate) fn ground() -> (Ledger, u64) {
    let ledger = Ledger::new();
    let found = |id| with(violation(id, "a1", "bulk_scraping"), "actor", "ann");
    let events = [
        developer("d1"),
        app("a1", "d1", "in_site"),
        developer("d2"),
        app("a2", "d2", "in_site"),
        found("v1"),
        found("v2"),
        found("v3"),
    ];
    ledger.import(&events).counts(7, 0, 0);
    let last = ledger.audit(&[]).last().unwrap()["position"]
        .as_u64()
        .unwrap();
    (ledger, last - 2)
}

fn decide(ledger: &Ledger, args: &str, actor: &str) -> Ran {
    let mut all = vec!["decide"];
    all.extend(args.split(' '));
    all.extend(["--actor", actor]);
    ledger.run(&all)
}

/// A decision that is taken: the positions of its events.
fn taken(ledger: &Ledger, args: &str, actor: &str) -> Vec<u64> {
    let ran = decide(ledger, args, actor).good();
    ran.out.lines().map(|line| line.parse().unwrap()).collect()
}

/// A decision that is not: its code, with what is said of the state and of what is legal.
#[track_caller]
fn refused(ledger: &Ledger, args: &str, actor: &str, code: &str, says: &[&str]) {
    let before = ledger.audit(&[]).len();
    let ran = decide(ledger, args, actor).with_code(2);
    assert!(ran.err.contains(code), "{}", ran.err);
    for said in says {
        assert!(ran.err.contains(said), "no {said}: {}", ran.err);
    }
    assert_eq!(ledger.audit(&[]).len(), before, "something was appended");
}

/// How a developer stands.
fn standing(ledger: &Ledger, developer: &str) -> Value {
    let all = ledger.run(&["assess", "--format", "jsonl"]).good().lines();
    let mut all = all.into_iter();
    all.find(|one| one["developer"] == developer).unwrap()
}

#[test]
fn an_appeal_is_filed_tried_out_and_granted_by_somebody_else() {
    let (ledger, first) = ground();
    let file = format!(
        "appeal.filed @{first} statement=not-us evidence={}",
        "0a".repeat(32)
    );
    let decided = |outcome| format!("appeal.decided @{first} outcome={outcome} reason=checked");

    refused(
        &ledger,
        &decided("granted"),
        "bob",
        "appeal.not_pending",
        &["the state: open", "legal now: appeal.filed"],
    );
    let filed = taken(&ledger, &file, "dev-1");
    refused(
        &ledger,
        &file,
        "dev-1",
        "appeal.pending",
        &["the state: pending", "appeal.decided outcome=granted"],
    );
    // Neither who found the violation nor who appeals.
    for actor in ["ann", "dev-1"] {
        refused(
            &ledger,
            &decided("granted"),
            actor,
            "decision.took_part",
            &[],
        );
    }
    let waiting = ledger.run(&["decisions"]).good().lines();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["position"], filed[0]);
    assert_eq!(waiting[0]["about"], first);

    // What is shown before is what comes of it, and nothing is appended by showing it.
    let events = ledger.audit(&[]).len();
    let shown = decide(&ledger, &format!("{} --dry-run", decided("granted")), "bob").good();
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    let changes = shown["changes"]
        .as_array()
        .or(shown[0]["changes"].as_array());
    let changes = changes.unwrap();
    assert!(
        changes.iter().any(|one| one["field"] == "sanction"),
        "{shown}"
    );
    assert_eq!(ledger.audit(&[]).len(), events);
    let violations = |ledger: &Ledger| {
        let standing = standing(ledger, "d1");
        standing["apps"][0]["months"][0]["violations"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(violations(&ledger), 3);
    taken(&ledger, &decided("granted"), "bob");
    assert_eq!(violations(&ledger), 2);
    refused(
        &ledger,
        &file,
        "dev-1",
        "appeal.disregarded",
        &["legal now: nothing"],
    );
    assert!(ledger.run(&["decisions"]).good().out.is_empty());
}

#[test]
fn a_grave_decision_takes_two_people_and_can_be_withdrawn() {
    let (ledger, _) = ground();
    refused(
        &ledger,
        "developer.terminated d2 reason=fraud",
        "ann",
        "decision.needs_proposal",
        &["legal now: decision.proposed type=developer.terminated"],
    );
    let propose = "decision.proposed d2 type=developer.terminated data.reason=fraud reason=fraud";
    let status = |ledger: &Ledger| standing(ledger, "d2")["status"].clone();
    let proposal = taken(&ledger, propose, "ann")[0];
    assert_eq!(status(&ledger), "active");
    let (confirm, withdraw) = (
        format!("decision.confirmed @{proposal}"),
        format!("decision.withdrawn @{proposal} reason=mistake"),
    );
    refused(
        &ledger,
        &confirm,
        "ann",
        "decision.took_part",
        &["the state: pending"],
    );
    taken(&ledger, &withdraw, "ann");
    refused(
        &ledger,
        &confirm,
        "bob",
        "proposal.closed",
        &["the state: withdrawn"],
    );

    let proposal = taken(&ledger, propose, "ann")[0];
    let confirm = format!("decision.confirmed @{proposal}");
    let shown = decide(&ledger, &format!("{confirm} --dry-run"), "bob").good();
    assert!(shown.out.contains("terminated"), "{}", shown.out);
    assert_eq!(status(&ledger), "active");
    // The confirmation and what it confirms, both by who confirms, one after the other.
    let positions = taken(&ledger, &confirm, "bob");
    assert_eq!(positions, [proposal + 1, proposal + 2]);
    let log = ledger.audit(&[]);
    let last = log.iter().rev().take(2).map(|event| event["type"].clone());
    assert_eq!(
        last.collect::<Vec<_>>(),
        ["developer.terminated", "decision.confirmed"]
    );
    assert_eq!(status(&ledger), "terminated");
    refused(
        &ledger,
        &confirm,
        "cid",
        "proposal.closed",
        &["the state: confirmed"],
    );
    refused(
        &ledger,
        propose,
        "ann",
        "developer.status",
        &["legal now: developer.reinstated"],
    );

    // Who proposed it and who confirmed it do not decide the appeal against it.
    let termination = positions[1];
    taken(
        &ledger,
        &format!("appeal.filed @{termination} statement=no"),
        "dev-2",
    );
    let decided = format!("appeal.decided @{termination} outcome=granted reason=checked");
    for actor in ["ann", "bob", "dev-2"] {
        refused(&ledger, &decided, actor, "decision.took_part", &[]);
    }
    taken(&ledger, &decided, "cid");
    assert_eq!(status(&ledger), "active");
}

#[test]
fn measures_gradings_and_reviews_are_decided_where_they_change_something() {
    let (ledger, _) = ground();
    refused(
        &ledger,
        "measure.lifted a2 measures=block_api reason=r",
        "ann",
        "measure.not_in_force",
        &[
            "the state: no measure in force",
            "legal now: measure.imposed",
        ],
    );
    refused(
        &ledger,
        "review.approved a2 stage=plaza",
        "ann",
        "review.out_of_order",
        &["the state: developing", "review.submitted stage=copy"],
    );
    refused(
        &ledger,
        "measure.imposed a2 measures=take_offline until=null reason=r",
        "ann",
        "decision.needs_proposal",
        &[],
    );
    refused(
        &ledger,
        "measure.imposed a2 measures=no_such until=null reason=r",
        "ann",
        "measure.unknown",
        &[],
    );
    refused(
        &ledger,
        "violation.found a2 code=bulk_scraping",
        "ann",
        "is no decision",
        &[],
    );
    refused(
        &ledger,
        "decision.confirmed @999999",
        "ann",
        "no event at position",
        &[],
    );
    taken(
        &ledger,
        "measure.imposed a2 measures=block_api until=null reason=r",
        "ann",
    );
    taken(
        &ledger,
        "measure.lifted a2 measures=block_api reason=r",
        "ann",
    );
    taken(&ledger, "review.submitted a2 stage=copy", "ann");
    taken(&ledger, "review.approved a2 stage=copy", "bob");
}

#[test]
fn a_key_makes_asking_again_safe() {
    let (ledger, _) = ground();
    let impose = "measure.imposed a2 measures=block_api until=null reason=r --key k1";
    let first = taken(&ledger, impose, "ann");
    let count = ledger.audit(&[]).len();
    let again = decide(&ledger, impose, "ann").good();
    assert_eq!(again.out.trim(), first[0].to_string());
    assert!(again.err.contains("already"), "{}", again.err);
    assert_eq!(ledger.audit(&[]).len(), count);
    let other = "measure.lifted a2 measures=block_api reason=r --key k1";
    refused(&ledger, other, "ann", "used for another decision", &[]);
    // Another's key is another key.
    taken(&ledger, other, "bob");
}

#[test]
fn of_many_who_decide_the_same_at_once_one_does() {
    let (ledger, first) = ground();
    let about = format!("@{first}");
    let file = |actor: &str| {
        let args = [
            "decide",
            "appeal.filed",
            &about,
            "statement=s",
            "--actor",
            actor,
        ];
        ledger.command(&args).spawn().unwrap()
    };
    let all: Vec<_> = ["x1", "x2", "x3", "x4"].map(file).into();
    let codes = all
        .into_iter()
        .map(|mut one| one.wait().unwrap().code().unwrap());
    let mut codes: Vec<i32> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 2, 2, 2]);
    assert_eq!(ledger.audit(&["--type", "appeal.filed"]).len(), 1);
}

/// The page's diagrams are those of the transitions.
#[test]
fn the_page_draws_the_machines_that_there_are() {
    let page = include_str!("../docs/decisions.md");
    for (name, drawn) in standing_projections::decisions::machines() {
        let block = format!("```mermaid\n{drawn}```");
        assert!(
            page.contains(&block),
            "docs/decisions.md: {name} is\n{block}"
        );
    }
    for reason in standing_projections::decisions::Reason::ALL {
        assert!(
            page.contains(reason.as_str()),
            "docs/decisions.md has no `{reason}`"
        );
    }
}
