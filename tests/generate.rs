//! The generator's events: valid, the same for a seed, and drawn as it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

mod common;
#[path = "../examples/generate/lines.rs"]
mod lines;
#[path = "../examples/generate/platform.rs"]
mod platform;

use std::collections::{BTreeMap, HashMap};

use common::Ledger;
use lines::line;
use platform::Platform;
use standing_projections::Event;
use standing_projections::event::{Data, Kind};

fn text(total: u64, seed: u64) -> String {
    let events = Platform::new(total, seed);
    let lines = events.map(|(_, event, _)| line(&event).to_string() + "\n");
    lines.collect()
}

#[test]
fn a_seed_gives_the_same_events_and_another_one_others() {
    assert_eq!(text(3_000, 1), text(3_000, 1));
    assert_ne!(text(3_000, 1), text(3_000, 2));
}

#[test]
fn every_event_is_accepted() {
    for (total, seed) in [(1, 1), (5_000, 2), (20_000, 3)] {
        let text = text(total, seed);
        let count = text.lines().count() as u64;
        assert!(count >= total);
        let ledger = Ledger::bare();
        let imported = ledger.import_text(text, &["--trust-recorded-time"]);
        imported.counts(count, 0, 0);
    }
}

#[test]
fn positions_have_no_gaps_and_speak_of_what_is_there() {
    let mut keys: HashMap<String, u64> = HashMap::new();
    let mut speaking = 0;
    for (number, (position, event, target)) in (1..).zip(Platform::new(60_000, 4)) {
        assert_eq!(position.0, number);
        let named = event.data.event_ref().map(|named| keys[&named.id]);
        assert_eq!(target.map(|target| target.0), named);
        speaking += u64::from(named.is_some());
        keys.insert(event.id, number);
    }
    assert!(speaking > 200);
}

#[test]
fn kinds_apps_and_months_are_drawn_as_it_says() {
    let events: Vec<Event> = Platform::new(400_000, 5)
        .map(|(_, event, _)| event)
        .collect();
    let all = events.len() as f64;
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for event in &events {
        *shares.entry(share(event.kind)).or_default() += 100.0 / all;
    }
    for (of, asked, off) in [
        ("complaints", 40.0, 2.0),
        ("usage", 15.0, 1.0),
        ("behaviours", 15.0, 1.0),
        ("outages", 10.0, 1.0),
        ("violations", 10.0, 1.0),
        ("reviews", 8.0, 1.5),
        ("rare", 2.0, 0.5),
    ] {
        let share = shares[of];
        assert!((share - asked).abs() <= off, "{of}: {share:.1} %");
    }
    let mut apps: HashMap<&str, Vec<&str>> = HashMap::new();
    for event in &events {
        if let Data::AppRegistered { developer, .. } = &event.data {
            apps.entry(developer).or_default().push(&event.subject);
        }
    }
    assert_eq!(apps.len(), 400);
    assert!(apps.values().all(|apps| (1..=20).contains(&apps.len())));
    let mut by_app: HashMap<&str, u64> = HashMap::new();
    for event in &events {
        *by_app.entry(&event.subject).or_default() += 1;
    }
    let mut counts: Vec<u64> = by_app.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    assert!(counts[0] as f64 >= all / 100.0);
    // By Zipf's law with 1.1, the tenth has a twelfth or so of the first.
    let ratio = counts[0] as f64 / counts[9] as f64;
    assert!((10.0..16.0).contains(&ratio), "{ratio}");
    let months: std::collections::BTreeSet<String> = events
        .iter()
        .map(|event| event.time.to_string()[..7].to_owned())
        .collect();
    assert!((36..=37).contains(&months.len()), "{}", months.len());
}

fn share(kind: Kind) -> &'static str {
    match kind {
        Kind::ComplaintReceived => "complaints",
        Kind::UsageReported => "usage",
        Kind::BehaviorObserved | Kind::BehaviorCeased => "behaviours",
        Kind::OutageStarted
        | Kind::OutageEnded
        | Kind::OutageExplained
        | Kind::OutageDayRecorded => "outages",
        Kind::ViolationFound | Kind::ViolationRemedied => "violations",
        Kind::ReviewSubmitted
        | Kind::ReviewApproved
        | Kind::ReviewRejected
        | Kind::AppDelisted
        | Kind::InspectionFailed
        | Kind::InspectionRemedied
        | Kind::ReportConfirmed
        | Kind::ReportRemedied => "reviews",
        Kind::DeveloperRegistered | Kind::AppRegistered | Kind::RulebookPublished => "opening",
        _ => "rare",
    }
}
