//! Several processes at one ledger, and processes that are killed: no gap, no loss, no event
//! twice, no step on a state that is gone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::HashSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::events::*;
use common::{Ledger, Ran, text};
use serde_json::{Value, json};

/// More than one batch of the import's.
const MANY: usize = 9_000;
/// More than two.
const MORE: usize = 17_000;

fn ground() -> Vec<Value> {
    vec![
        developer("d1"),
        app("a1", "d1", "in_site"),
        app("a2", "d1", "in_site"),
    ]
}

fn complaints(count: usize, prefix: &str, app: &str) -> Vec<Value> {
    let each = (0..count).map(|n| with(complaint(&format!("{prefix}{n}")), "subject", app));
    each.collect()
}

fn start(ledger: &Ledger, args: &[&str]) -> Child {
    let mut command = ledger.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn end(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

/// The trail, which must have each position once, without its recorded times.
fn trail(ledger: &Ledger) -> Vec<Value> {
    let mut trail = ledger.audit(&[]);
    let mut before = String::new();
    for (index, line) in trail.iter_mut().enumerate() {
        assert_eq!(line["position"], index as u64 + 1);
        let line = line.as_object_mut().unwrap();
        let recorded = line.remove("recordedtime").unwrap();
        // As text, but for the fraction, which is cut where it is zero.
        let recorded = recorded.as_str().unwrap()[..19].to_owned();
        assert!(before <= recorded);
        before = recorded;
    }
    trail
}

fn ids(trail: &[Value], prefix: &str) -> Vec<String> {
    let ids = trail.iter().map(|line| text(line, "id").to_owned());
    ids.filter(|id| id.starts_with(prefix)).collect()
}

#[test]
fn two_imports_at_once_lose_nothing() {
    let ledger = Ledger::new();
    ledger.import(&ground()).counts(3, 0, 0);
    let sets = [("x", "a1"), ("y", "a2")];
    for (prefix, app) in sets {
        ledger.write(prefix, jsonl(&complaints(MANY, prefix, app)));
    }
    let both = sets.map(|(prefix, _)| {
        let rejects = format!("{prefix}.rejects");
        start(&ledger, &["import", prefix, "--rejects", &rejects])
    });
    for (child, (prefix, _)) in both.into_iter().zip(sets) {
        let imported = ledger.imported(end(child), &format!("{prefix}.rejects"));
        imported.counts(MANY as u64, 0, 0);
    }
    let after = trail(&ledger);
    assert_eq!(after.len(), 6 + 2 * MANY);
    for (prefix, _) in sets {
        // Each import's own order is kept.
        let wanted: Vec<String> = (0..MANY).map(|n| format!("{prefix}{n}")).collect();
        assert_eq!(ids(&after, prefix), wanted);
    }

    // The same events from both sides, one of them backwards.
    let mut same = complaints(MANY, "z", "a1");
    ledger.write("forth", jsonl(&same));
    same.reverse();
    ledger.write("back", jsonl(&same));
    let both = ["forth", "back"].map(|name| {
        let rejects = format!("{name}.rejects");
        start(&ledger, &["import", name, "--rejects", &rejects])
    });
    let mut sums = (0, 0);
    for (child, name) in both.into_iter().zip(["forth", "back"]) {
        let imported = ledger.imported(end(child).good(), &format!("{name}.rejects"));
        assert_eq!(imported.refused, 0, "{:?}", imported.rejects);
        sums = (sums.0 + imported.appended, sums.1 + imported.duplicates);
    }
    assert_eq!(sums, (MANY as u64, MANY as u64));
    let after = trail(&ledger);
    assert_eq!(after.len(), 6 + 3 * MANY);
    let unique: HashSet<String> = ids(&after, "z").into_iter().collect();
    assert_eq!(unique.len(), MANY);
}

#[test]
fn a_trusted_import_that_is_overtaken_refuses_nothing_for_it() {
    let ledger = Ledger::new();
    ledger.import(&ground()).counts(3, 0, 0);
    // Without recorded times of their own: they get the ledger's, whoever was faster.
    for (prefix, app) in [("x", "a1"), ("y", "a2")] {
        ledger.write(prefix, jsonl(&complaints(MANY, prefix, app)));
    }
    let trusted = [
        "import",
        "x",
        "--trust-recorded-time",
        "--rejects",
        "x.rejects",
    ];
    let both = [
        start(&ledger, &trusted),
        start(&ledger, &["import", "y", "--rejects", "y.rejects"]),
    ];
    for (child, rejects) in both.into_iter().zip(["x.rejects", "y.rejects"]) {
        let imported = ledger.imported(end(child), rejects);
        imported.counts(MANY as u64, 0, 0);
    }
    assert_eq!(trail(&ledger).len(), 6 + 2 * MANY);
}

#[test]
fn of_steps_that_race_one_is_taken() {
    let ledger = Ledger::new();
    ledger.import(&ground()).counts(3, 0, 0);
    let args = |id: &str| {
        let mut args = vec![
            "record",
            "review.submitted",
            "a1",
            "stage=copy",
            "--time",
            T,
            "--id",
        ];
        args.push(id);
        args.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let race = |names: &[&str]| -> Vec<Ran> {
        let started: Vec<Child> = names
            .iter()
            .map(|id| {
                start(
                    &ledger,
                    &args(id).iter().map(String::as_str).collect::<Vec<_>>(),
                )
            })
            .collect();
        started.into_iter().map(end).collect()
    };
    let ran = race(&["1", "2", "3", "4", "5", "6"]);
    let taken = ran.iter().filter(|ran| ran.code == 0).count();
    let refused = ran
        .iter()
        .filter(|ran| ran.code == 2 && ran.err.contains("review.out_of_order"));
    assert_eq!((taken, refused.count()), (1, 5), "{ran:#?}");
    // The same step from all sides is one step, and all are told where it is.
    ledger
        .run(&[
            "record",
            "review.rejected",
            "a1",
            "stage=copy",
            "reasons=",
            "--time",
            T,
        ])
        .good();
    let ran = race(&["7"; 6]);
    let positions: HashSet<&str> = ran.iter().map(|ran| ran.out.as_str()).collect();
    assert!(
        ran.iter().all(|ran| ran.code == 0) && positions.len() == 1,
        "{ran:#?}"
    );
    assert_eq!(trail(&ledger).len(), 3 + 3 + 3);
}

#[test]
fn two_that_make_one_ledger_make_one() {
    let ledger = Ledger::none();
    let both = [0, 1].map(|_| start(&ledger, &["init", "--preset", "weibo"]));
    let codes = both.map(|child| end(child).code);
    assert!(codes.contains(&0), "{codes:?}");
    assert_eq!(trail(&ledger).len(), 3);
}

#[test]
fn a_killed_import_is_completed_by_the_next() {
    let mut events = ground();
    events.extend(complaints(MORE, "x", "a1"));
    events.push(event(
        "o",
        "outage.started",
        T,
        "a2",
        json!({"outage": "o", "cause": "developer"}),
    ));
    events.push(complaint("last"));
    let mut sent = jsonl(&events);
    sent.push_str("{\n");
    let taken = events.len() as u64;

    let clean = Ledger::new();
    clean.write("events.jsonl", &sent);
    let began = Instant::now();
    let args = ["import", "events.jsonl", "--rejects", "refused.jsonl"];
    clean
        .imported(clean.run(&args), "refused.jsonl")
        .counts(taken, 0, 1);
    let takes = began.elapsed();
    let (wanted, rejects) = (trail(&clean), clean.read("refused.jsonl"));

    // Moments spread over the run by a sequence that looks random and is always the same.
    let mut state = 1u32;
    let mut moment = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        takes.mul_f64(f64::from(state >> 16) / 65_536.0)
    };
    let (mut killed, mut halves) = (0, 0);
    for _ in 0..5 {
        let ledger = Ledger::new();
        ledger.write("events.jsonl", &sent);
        let mut moments = Vec::new();
        for _ in 0..2 {
            let after = moment().max(Duration::from_millis(5));
            moments.push(after);
            let mut child = start(&ledger, &args);
            std::thread::sleep(after);
            let _ = child.kill();
            let ran = end(child);
            killed += u32::from(ran.code == -1);
        }
        let before = trail(&ledger).len() - 3;
        halves += u32::from(before > 0 && before < events.len());
        let imported = ledger.imported(ledger.run(&args), "refused.jsonl");
        let before = before as u64;
        imported.counts(taken - before, before, 1);
        assert_eq!(trail(&ledger), wanted, "killed after {moments:?}");
        assert_eq!(ledger.read("refused.jsonl"), rejects);
    }
    println!("{killed} of 10 were killed under way, {halves} of 5 ledgers had a part");
    assert!(killed > 0, "none was killed before it was done");
}
