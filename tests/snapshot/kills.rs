//! Processes that are killed at any moment leave what was there or what is new, whole.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::Ledger;
use crate::common::events::*;

/// A ledger that a snapshot of takes a while.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let mut events = Vec::new();
    for number in 0..400 {
        let (one, app_id) = (format!("d{number}"), format!("a{number}"));
        events.extend([developer(&one), app(&app_id, &one, "general")]);
    }
    ledger.import(&events).counts(800, 0, 0);
    ledger
}

/// Runs to the end, and tells how long that took.
fn timed(ledger: &Ledger, args: &[&str]) -> Duration {
    let begun = Instant::now();
    ledger.run(args).good();
    begun.elapsed()
}

/// Runs, and kills at some moment of so long.
fn killed(ledger: &Ledger, args: &[&str], within: Duration, rng: &mut fastrand::Rng) -> bool {
    let mut command = ledger.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(within.mul_f64(rng.f64() * 1.1));
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[test]
fn a_snapshot_is_the_old_one_or_the_new_one() {
    let ledger = ground();
    let within = timed(&ledger, &["snapshot"]);
    let mut rng = fastrand::Rng::with_seed(3);
    let (mut kills, mut older) = (0, 0);
    for round in 0..30 {
        ledger
            .import(&[developer(&format!("new{round}"))])
            .counts(1, 0, 0);
        kills += u32::from(killed(&ledger, &["snapshot"], within, &mut rng));
        let args = ["assess", "--snapshot", "standing.snapshot"];
        let with = ledger.run(&args).good();
        assert!(
            with.err.contains("begun with the snapshot at @"),
            "{}",
            with.err
        );
        let head = format!("@{}", 804 + round);
        older += u32::from(!with.err.contains(&format!("at {head}\n")));
        assert_eq!(with.out, ledger.run(&["assess"]).good().out);
    }
    assert!(kills > 0, "nobody was killed");
    eprintln!("{kills} killed, {older} of them before the new one was there");
    ledger.run(&["snapshot"]).good();
    // What the killed ones left is gone.
    let left = fs::read_dir(ledger.path("standing.snapshot")).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_recompute_is_whole_or_not_there() {
    let ledger = ground();
    let at = ["--as-of", "2016-09-01T00:00:00Z"];
    let ask = [&["recompute", "-o", "all.jsonl"][..], &at].concat();
    let within = timed(&ledger, &ask);
    let whole = ledger.read("all.jsonl");
    let mut rng = fastrand::Rng::with_seed(5);
    let mut kills = 0;
    for _ in 0..30 {
        fs::remove_file(ledger.path("all.jsonl")).unwrap();
        kills += u32::from(killed(&ledger, &ask, within, &mut rng));
        match fs::read_to_string(ledger.path("all.jsonl")) {
            Ok(there) => assert_eq!(there, whole),
            Err(_) => {
                ledger.run(&ask).good();
                assert_eq!(ledger.read("all.jsonl"), whole);
            }
        }
    }
    assert!(kills > 0, "nobody was killed");
}

#[test]
fn what_a_killed_one_left_goes_also_where_nothing_is_new() {
    let ledger = ground();
    ledger.run(&["snapshot"]).good();
    let left = ledger.path("standing.snapshot/tables-1-1");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("facts-00001.parquet"), "half").unwrap();
    fs::write(ledger.path("standing.snapshot/manifest.json.new"), "half").unwrap();
    let ran = ledger.run(&["snapshot"]).good();
    assert!(ran.err.contains("it is up to date"), "{}", ran.err);
    let names = fs::read_dir(ledger.path("standing.snapshot")).unwrap();
    assert_eq!(names.count(), 3);
    assert!(!left.exists());
    ledger
        .run(&["plaza", "--snapshot", "standing.snapshot"])
        .good();
}
