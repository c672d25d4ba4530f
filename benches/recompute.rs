//! How many events a second are judged anew when everybody is assessed, from a generated history in
//! memory: `cargo bench --bench recompute -- [EVENTS] [RUNS]`.
//!
//! Every part of SPEC §4 to §8 at one instant; the standings are kept in memory. What writing them out
//! as JSON lines costs on top is told beside it, with the SHA-256 of the lines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "../examples/generate/platform.rs"]
mod platform;

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant as Stopwatch;

use platform::Platform;
use sha2::{Digest, Sha256};
use standing::recompute::Recompute;
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Standing};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = numbers.next().unwrap_or(1_000_000);
    let runs = numbers.next().unwrap_or(3);
    let begun = Stopwatch::now();
    let mut history = History::default();
    for (position, event, target) in Platform::new(count, 1) {
        history.take(position, &event, target);
    }
    history.settle();
    let built = begun.elapsed().as_secs_f64();
    println!(
        "{} events made in {built:.1} s; {} MiB",
        history.head(),
        resident()
    );
    let timeline = Timeline::known(&history, history.head()).unwrap();
    let ask = Ask {
        as_of: "2017-01-01T00:00:00Z".parse().unwrap(),
        known_at: history.head(),
    };
    let all = Recompute {
        history: &history,
        timeline: &timeline,
        ask,
    };
    let rate = |spent: f64| history.head().0 as f64 / spent / 1e6;
    for threads in [2, 1] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut rates = Vec::new();
        for _ in 0..runs {
            let begun = Stopwatch::now();
            let mut standings: Vec<Standing<'_>> = Vec::new();
            let keep = |standing, _| {
                standings.push(standing);
                Ok::<(), Infallible>(())
            };
            all.run(&pool, |standing| standing, keep).unwrap();
            rates.push(rate(begun.elapsed().as_secs_f64()));
            black_box(standings);
        }
        rates.sort_by(f64::total_cmp);
        println!(
            "{threads} threads: median {:.1} M events/s (min {:.1}, max {:.1}) over {runs} runs; {} MiB",
            rates[rates.len() / 2],
            rates[0],
            rates[rates.len() - 1],
            resident(),
        );
        let begun = Stopwatch::now();
        let mut digest = Sha256::new();
        let add = |line: Vec<u8>, _| {
            digest.update(&line);
            digest.update(b"\n");
            Ok::<(), Infallible>(())
        };
        let print = |standing: Standing<'_>| serde_json::to_vec(&standing).unwrap();
        all.run(&pool, print, add).unwrap();
        let hex: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        println!(
            "{threads} threads, printed and digested: {:.1} M events/s; sha256 {hex}",
            rate(begun.elapsed().as_secs_f64()),
        );
    }
}

/// The memory that this process has in use, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| {
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.unwrap_or(0) / 1024
}
