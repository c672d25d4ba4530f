//! The tour, as a newcomer takes it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "common/server.rs"]
mod server;

use std::path::Path;
use std::process::{Command, Output};

use server::Place;

fn standing(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_standing"))
        .current_dir(folder)
        .env_remove("STANDING_LEDGER")
        .args(args)
        .output()
        .unwrap()
}

/// What a run that goes well prints; it has nothing to say besides.
fn demo(folder: &Path, args: &[&str]) -> String {
    let output = standing(folder, &[&["demo"], args].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_tour_shows_every_station() {
    let folder = tempfile::tempdir().unwrap();
    let tour = demo(folder.path(), &[]);
    for part in [
        "1. What was appended",
        "3 versions of the rulebook `weibo` (2013-10-01, 2014-12-24, 2016-01-01), then 168 events \
         of 35 types",
        "about 6 developers and 10 apps",
        "happened at 2014-06-27T10:45:00Z and was recorded at 2014-07-04T01:00:00Z",
        "2. Where every developer stands as of 2016-09-01T04:00:00Z",
        "terminated since 2016-01-13T02:00:00Z",
        "3. The plaza at that instant",
        "`lantern-cards` may have its V-certification (5190 users a day, 5000 needed)",
        "4. What `pinecone-quiz` got in 2015-05, and why",
        "(7 + 2 × 3 = 13 days), to be fixed by 2015-05-21 10:00 +08:00: level 2 reached for the 3rd \
         time in the month",
        "rule (weibo 2014-12-24; ops, sanctions for one app, level 2, third or more)",
        "5. Where `pinecone` stood as of 2015-06-10T04:00:00Z",
        "6. What to try next",
    ] {
        assert!(tour.contains(part), "`{part}` is missing:\n{tour}");
    }
    let words = |line: &str| -> Vec<String> { line.split_whitespace().map(Into::into).collect() };
    let lines: Vec<Vec<String>> = tour.lines().map(words).collect();
    for row in [
        "1 lantern-cards lantern 30 2015-01-16T07:00:00Z",
        "2 harbour-desk harbour 10 2016-07-26T02:00:00Z",
        "3 maple-crm maple -3 2016-04-28T02:00:00Z",
        "2015-06-24T00:00:00Z terminable pinecone-farm 1 block_api, close_app, \
         stop_new_authorizations",
        "2015-06-26T00:00:00Z active pinecone-farm",
    ] {
        assert!(lines.contains(&words(row)), "`{row}` is missing:\n{tour}");
    }
}

#[test]
fn it_reads_the_same_twice_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(demo(folder.path(), &[]), demo(folder.path(), &[]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_kept_ledger_can_be_worked_with_by_the_commands_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new();
    let kept = place.name();
    let tour = demo(folder.path(), &["--keep", &kept]);
    // What is printed has no password in it.
    let named = format!("standing --ledger {} ", place.shown());
    let commands: Vec<String> = tour
        .lines()
        .filter_map(|line| line.strip_prefix(&named))
        .map(|command| format!("--ledger {kept} {command}"))
        .collect();
    assert!(commands.len() >= 5, "{tour}");
    for command in commands {
        let args: Vec<&str> = command.split(' ').collect();
        let output = standing(folder.path(), &args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "`standing {command}`: {stderr}");
        assert!(!output.stdout.is_empty(), "`standing {command}`");
    }
    let record = format!("--ledger {kept} record violation.found maple-crm code=bulk_scraping");
    let args: Vec<&str> = record.split(' ').collect();
    let output = standing(folder.path(), &args);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "172\n");
}

#[test]
fn a_ledger_that_is_there_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new();
    demo(folder.path(), &["--keep", &place.name()]);
    let output = standing(folder.path(), &["demo", "--keep", &place.name()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let there = format!("error: `{}` is a ledger with events already", place.shown());
    assert!(stderr.contains(&there), "{stderr}");
}

#[test]
fn the_made_history_has_every_type_but_those_of_rulebooks_and_erasure() {
    let history = include_str!("../examples/history.jsonl");
    let kinds: std::collections::BTreeSet<String> = history
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["type"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds.len(), 35);
    assert!(!kinds.contains("rulebook.published") && !kinds.contains("private.erased"));
}
