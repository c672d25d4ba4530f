//! How fast a whole ledger is checked, and one event proved and its proof checked:
//! `cargo bench --bench verify -- [EVENTS] [RUNS]`.
//!
//! The ledger is a SQLite file in the temporary folder, with the made history that `import` is
//! measured with. The medians are what to quote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "../examples/generate/lines.rs"]
mod lines;
#[path = "../examples/generate/platform.rs"]
mod platform;

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use lines::line;
use platform::Platform;
use standing::intake::{Intake, Source, Trust, ahead};
use standing::ledger::{Ledger, OpenMode, SqliteLedger};
use standing::proof::check::{HeldTo, check};
use standing::proof::sign::sign;
use standing::proof::{EventProof, SignerKey, log};
use standing_projections::{Instant, Position};

/// How many events are proved.
const PROOFS: u64 = 500;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let events = numbers.next().unwrap_or(1_000_000);
    let runs = numbers.next().unwrap_or(5);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(events, runs));
}

async fn measure(events: u64, runs: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bench.db");
    let ledger: Arc<dyn Ledger> =
        Arc::new(SqliteLedger::open(&path, OpenMode::Create).await.unwrap());
    fill(&ledger, events).await;
    let key = SignerKey::generate("example.com/log").unwrap();
    let keys = [key.verifier().clone()];
    let signed = sign(&*ledger, &key, now()).await.unwrap();
    let head = signed.checkpoint.head;
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("{} events, {} MB", head.size, bytes / 1_000_000);

    let held_to = HeldTo {
        keys: keys.to_vec(),
        all_signed: true,
        against: Some(signed.checkpoint.clone()),
    };
    let mut rates = Vec::new();
    for _ in 0..runs {
        let begun = Stopwatch::now();
        let checked = check(&ledger, &held_to, |_| {}).await.unwrap();
        rates.push(head.size as f64 / begun.elapsed().as_secs_f64());
        assert_eq!((checked.tree, checked.findings.count()), (Some(head), 0));
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "verify: median {:.0} events/s (min {:.0}, max {:.0}) over {runs} runs",
        rates[rates.len() / 2],
        rates[0],
        rates[rates.len() - 1]
    );

    let (mut proving, mut checking) = (Vec::new(), Vec::new());
    for turn in 0..PROOFS {
        let position = Position(1 + turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) % head.size);
        let begun = Stopwatch::now();
        let event = log::event_at(&*ledger, position).await.unwrap();
        let proof = EventProof {
            path: log::inclusion(&*ledger, &event, head).await.unwrap(),
            leaf: Some(event.json.into_bytes()),
            index: position.0 - 1,
            checkpoint: signed.note.clone(),
        };
        let file = proof.to_string();
        proving.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Stopwatch::now();
        let proof = EventProof::parse(file.as_bytes()).unwrap();
        assert_eq!(proof.verify(&keys).unwrap().event.position, position);
        checking.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    for (what, mut times) in [("prove", proving), ("check a proof", checking)] {
        times.sort_by(f64::total_cmp);
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms of {PROOFS}",
            times[times.len() / 2],
            times[times.len() * 99 / 100]
        );
    }
    ledger.close().await;
}

fn now() -> Instant {
    Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros())
}

/// Imports the made history.
async fn fill(ledger: &Arc<dyn Ledger>, events: u64) {
    let lines = Platform::new(events, 7).map(|(_, event, _)| line(&event).to_string());
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut intake = Intake::new(ledger.clone(), Arc::new(now));
    let source = Source::from_reader("made", std::io::Cursor::new(text.into_bytes()));
    let mut batches = ahead(source.unwrap());
    while let Some(batch) = batches.recv().await {
        let records = batch.records.into_iter();
        let candidates = records.map(|read| read.candidate.unwrap()).collect();
        intake.admit(candidates, Trust::Events).await.unwrap();
    }
}
