//! How fast JSON lines become events of a durable SQLite ledger, with every check:
//! `cargo bench --bench import -- [EVENTS] [RUNS]`.
//!
//! Each run imports the same made history from memory into a new ledger in the temporary folder,
//! as `standing import --trust-recorded-time` does, and the median is what to quote.

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
use standing::intake::{Intake, Outcome, Source, Trust, ahead};
use standing::ledger::{Ledger, OpenMode, SqliteLedger};
use standing_projections::Instant;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let events = numbers.next().unwrap_or(500_000);
    let runs = numbers.next().unwrap_or(5);
    let lines = Platform::new(events, 7).map(|(_, event, _)| line(&event).to_string());
    let text = lines.collect::<Vec<_>>().join("\n");
    println!(
        "{events} events, {:.0} bytes each",
        text.len() as f64 / events as f64
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut rates: Vec<f64> = (0..runs).map(|_| runtime.block_on(run(&text))).collect();
    rates.sort_by(f64::total_cmp);
    println!(
        "import: median {:.0} events/s (min {:.0}, max {:.0}) over {runs} runs",
        rates[rates.len() / 2],
        rates[0],
        rates[rates.len() - 1]
    );
}

async fn run(text: &str) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bench.db");
    let ledger: Arc<dyn Ledger> =
        Arc::new(SqliteLedger::open(&path, OpenMode::Create).await.unwrap());
    let now = Arc::new(|| Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros()));
    let mut intake = Intake::new(ledger.clone(), now);
    let source = Source::from_reader("made", std::io::Cursor::new(text.to_owned().into_bytes()));
    let started = Stopwatch::now();
    let mut taken = 0u64;
    let mut batches = ahead(source.unwrap());
    while let Some(batch) = batches.recv().await {
        let candidates = batch
            .records
            .into_iter()
            .map(|read| read.candidate.unwrap())
            .collect();
        for outcome in intake.admit(candidates, Trust::Events).await.unwrap() {
            assert!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
            taken += 1;
        }
    }
    taken as f64 / started.elapsed().as_secs_f64()
}
