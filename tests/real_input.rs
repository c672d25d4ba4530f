//! Real records, converted by the examples and imported whole by the program.
//!
//! The files are no part of the project: they are looked for in `../shared/data`, or where
//! `STANDING_DATA` says. What the program makes of them is compared with a count of the same rules
//! by plain maps, and both with the figures that the README gives.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde_json::Value;

#[path = "../examples/convert_complaints.rs"]
#[allow(dead_code, reason = "its `main` is not called from here")]
mod convert_complaints;
#[path = "../examples/convert_outages.rs"]
#[allow(dead_code, reason = "its `main` is not called from here")]
mod convert_outages;
#[path = "common/server.rs"]
mod server;

use server::Place;

/// Just after the last record. Outages that are open then are still counted on.
const AS_OF: &str = "2024-11-08T00:00:00Z";

/// App and local month (`2015-03`).
type AppMonth = (String, String);

/// What a data set comes to.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    developers: usize,
    apps: usize,
    /// Months by tier; 0 stands for none.
    months: BTreeMap<u64, usize>,
}

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("STANDING_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let there = folder.join("complaints.csv").exists() && folder.join("outages.csv").exists();
    if !there {
        println!("skipped: the records are not in `{}`", folder.display());
    }
    there.then_some(folder)
}

/// Runs the program in a folder; what it prints.
fn standing(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_standing"))
        .current_dir(folder)
        .env_remove("STANDING_LEDGER")
        .args(args)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Imports a file of events twice into a new ledger and derives every standing from it.
fn imported(events: &Path) -> Vec<Value> {
    let folder = events.parent().unwrap();
    let lines = std::fs::read_to_string(events).unwrap().lines().count();
    let name = events.file_name().unwrap().to_str().unwrap();
    let place = Place::new();
    let ledger = place.name();
    let recorded = ["--recorded-time", "2013-01-01T00:00:00Z"];
    standing(
        folder,
        &[
            &["--ledger", &ledger, "init", "--preset", "weibo"],
            &recorded[..],
        ]
        .concat(),
    );
    let import = ["--ledger", &ledger, "import", "--trust-recorded-time", name];
    let tally: Value = serde_json::from_str(&standing(folder, &import)).unwrap();
    let expected = serde_json::json!({"appended": lines, "duplicates": 0, "refused": 0});
    assert_eq!(tally, expected, "{name}: everything is taken");
    let tally: Value = serde_json::from_str(&standing(folder, &import)).unwrap();
    let expected = serde_json::json!({"appended": 0, "duplicates": lines, "refused": 0});
    assert_eq!(tally, expected, "{name}: a second import adds nothing");
    assert!(!folder.join("rejects.jsonl").exists());
    let assess = ["--ledger", &ledger, "assess", "--as-of", AS_OF];
    let standings = standing(folder, &[&assess[..], &["--format", "jsonl"]].concat());
    let standings = standings.lines();
    standings
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn apps(standings: &[Value]) -> impl Iterator<Item = &Value> {
    let of_developer = |standing| -> &Vec<Value> {
        let standing: &Value = standing;
        standing["apps"].as_array().unwrap()
    };
    standings.iter().flat_map(of_developer)
}

/// The tier of each month of each app that has one to show, as the program says.
fn tiers(standings: &[Value]) -> BTreeMap<AppMonth, u64> {
    let mut tiers = BTreeMap::new();
    for app in apps(standings) {
        for month in app["months"].as_array().unwrap() {
            let key = (text(&app["app"]), text(&month["month"]));
            tiers.insert(key, month["tier"].as_u64().unwrap_or(0));
        }
    }
    tiers
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn figures(what: &str, standings: &[Value]) -> Figures {
    let mut months = BTreeMap::new();
    for tier in tiers(standings).into_values() {
        *months.entry(tier).or_default() += 1;
    }
    let figures = Figures {
        developers: standings.len(),
        apps: apps(standings).count(),
        months,
    };
    println!("{what}: {figures:?}");
    figures
}

fn rows(file: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

#[test]
fn complaint_records_are_taken_whole_and_judged_as_counted_by_hand() {
    let Some(data) = data() else { return };
    let file = data.join("complaints.csv");
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("complaints.jsonl");
    let out = File::create(&events).unwrap();
    convert_complaints::convert(File::open(&file).unwrap(), out).unwrap();
    let standings = imported(&events);

    // Noon UTC is on the same date in Shanghai.
    let mut counts: BTreeMap<AppMonth, (u32, u32)> = BTreeMap::new();
    for row in rows(&file) {
        let app = format!("{}/{}", row["company"], row["product"]);
        let month = row["date_received"][..7].to_owned();
        let (strong, normal) = counts.entry((app, month)).or_default();
        match row["consumer_disputed"].as_str() {
            "Yes" => *strong += 1,
            _ => *normal += 1,
        }
    }
    let expected = counts.into_iter().map(|(key, (strong, normal))| {
        let tier = match (strong, normal) {
            _ if strong > 3 || normal > 30 => 1,
            _ if strong > 2 || normal > 20 => 2,
            _ if strong > 1 || normal > 10 => 3,
            _ => 0,
        };
        (key, tier)
    });
    assert_eq!(tiers(&standings), expected.collect());
    let expected = Figures {
        developers: 491,
        apps: 666,
        months: BTreeMap::from([(0, 934), (1, 36), (2, 14), (3, 30)]),
    };
    assert_eq!(figures("complaints", &standings), expected);
}

#[test]
fn outage_records_are_taken_whole_and_judged_as_counted_by_hand() {
    let Some(data) = data() else { return };
    let file = data.join("outages.csv");
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("outages.jsonl");
    let out = File::create(&events).unwrap();
    convert_outages::convert(File::open(&file).unwrap(), out).unwrap();
    let standings = imported(&events);

    let mut by_site: HashMap<String, Vec<(NaiveDateTime, bool)>> = HashMap::new();
    for row in rows(&file) {
        let down = row["status"] == "down";
        let states = by_site.entry(row["site"].clone()).or_default();
        states.push((instant(&row["time"]), down));
    }
    let mut dates: BTreeMap<AppMonth, BTreeSet<NaiveDate>> = BTreeMap::new();
    for (site, states) in by_site {
        let mut since: Option<NaiveDateTime> = None;
        let end = (instant(AS_OF) + TimeDelta::microseconds(1), false);
        for (at, down) in states.into_iter().chain([end]) {
            match since {
                None if down => since = Some(at),
                Some(start) if !down => {
                    for date in outage_dates(start, at) {
                        let month = date.to_string()[..7].to_owned();
                        dates.entry((site.clone(), month)).or_default().insert(date);
                    }
                    since = None;
                }
                _ => {}
            }
        }
    }
    let expected = dates.into_iter().map(|(key, dates)| {
        let tier = match dates.len() {
            1 => 3,
            2 => 2,
            _ => 1,
        };
        (key, tier)
    });
    assert_eq!(tiers(&standings), expected.collect());
    let expected = Figures {
        developers: 85,
        apps: 125,
        months: BTreeMap::from([(1, 45), (2, 45), (3, 33)]),
    };
    assert_eq!(figures("outages", &standings), expected);
}

fn instant(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").unwrap()
}

/// The dates in Shanghai on which an outage has a block of 24 h begin: its first, and each later one
/// that begins before its end.
fn outage_dates(start: NaiveDateTime, end: NaiveDateTime) -> Vec<NaiveDate> {
    let blocks = (0..).map(|k| start + TimeDelta::hours(24 * k));
    blocks
        .take_while(|block| *block == start || *block < end)
        .map(|block| (block + TimeDelta::hours(8)).date())
        .collect()
}
