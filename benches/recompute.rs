//! How many events a second are judged anew when everybody is assessed, from histories in memory:
//! `cargo bench --bench recompute -- [EVENTS] [RUNS]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "../examples/generate/platform.rs"]
mod platform;

use std::hint::black_box;
use std::time::Instant as Stopwatch;

use platform::Platform;
use rayon::prelude::*;
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Standing, assess};

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
    for threads in [2, 1] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for _ in 0..runs {
            let begun = Stopwatch::now();
            let standings: Vec<Standing<'_>> = pool.install(|| {
                let each = history.developers().par_iter();
                each.filter_map(|one| assess(one, history.names(), &timeline, ask))
                    .collect()
            });
            let spent = begun.elapsed().as_secs_f64();
            println!(
                "{threads} threads: {:.1} M events/s ({spent:.2} s; {} developers; {} MiB)",
                history.head().0 as f64 / spent / 1e6,
                standings.len(),
                resident(),
            );
            black_box(standings);
        }
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
