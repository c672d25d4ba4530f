//! How long `assess` of one developer with 1,000 events takes, from memory:
//! `cargo bench --bench assess -- [EVENTS] [RUNS]`.

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
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, assess};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = numbers.next().unwrap_or(1_000);
    let runs = numbers.next().unwrap_or(1_000);
    let mut history = History::default();
    for (position, event, target) in Platform::new(count, 7) {
        history.take(position, &event, target);
    }
    history.settle();
    let timeline = Timeline::known(&history, history.head()).unwrap();
    let ask = Ask {
        as_of: "2017-01-01T00:00:00Z".parse().unwrap(),
        known_at: history.head(),
    };
    let developer = &history.developers()[0];
    let mut micros: Vec<f64> = (0..runs)
        .map(|_| {
            let started = Stopwatch::now();
            black_box(assess(
                black_box(developer),
                history.names(),
                &timeline,
                ask,
            ));
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    println!(
        "assess: {} events of one developer, {} apps: median {:.0} µs (min {:.0}, 99 % {:.0}) over {runs} runs",
        history.head(),
        developer.apps().len(),
        micros[micros.len() / 2],
        micros[0],
        micros[micros.len() * 99 / 100],
    );
}
