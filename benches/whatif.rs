//! How long everybody is compared under two sets of rules, from a generated history in memory:
//! `cargo bench --bench whatif -- [EVENTS] [RUNS]`.
//!
//! The rules of 2014-12-24 against those of 2016-01-01, over all 36 months, at the end of the history: both
//! standings, what differs and both boards; and beside it what writing a line for everybody who is hit costs,
//! with the SHA-256 of the lines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "../examples/generate/platform.rs"]
mod platform;

use std::cell::Cell;
use std::time::Instant as Stopwatch;

use platform::Platform;
use standing::whatif::{Question, sides};
use standing_projections::facts::History;
use standing_projections::questions::whatif::Sides;
use standing_projections::rulebook::preset;
use standing_projections::{Position, Rulebook};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = numbers.next().unwrap_or(1_000_000);
    let runs = numbers.next().unwrap_or(3);
    let mut history = History::default();
    for (position, event, target) in Platform::new(count, 1) {
        history.take(position, &event, target);
    }
    history.settle();
    let books = preset::named("weibo").unwrap().iter();
    let books: Vec<Rulebook> = books.map(|text| Rulebook::parse(text).unwrap()).collect();
    let baseline = [(Position(0), books[1].clone())];
    let from = Some("2014-01".parse().unwrap());
    let (before, after) = sides(&baseline, &books[2..], from, history.names()).unwrap();
    let question = Question {
        history: &history,
        sides: Sides {
            before: &before,
            after: &after,
        },
        from,
        as_of: &["2017-01-01T00:00:00Z".parse().unwrap()],
        known_at: history.head(),
        top: 20,
    };
    for threads in [2, 1] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for _ in 0..runs {
            let begun = Stopwatch::now();
            let answer = question.count(&pool, |_| Ok(())).unwrap();
            println!(
                "{threads} threads: {} events in {:.2} s; {} of {} developers hit",
                history.head(),
                begun.elapsed().as_secs_f64(),
                answer.at[0].counts.hit,
                answer.at[0].counts.developers,
            );
        }
        let bytes = Cell::new(0);
        let begun = Stopwatch::now();
        let line = |line: &[u8]| {
            bytes.set(bytes.get() + line.len());
            Ok(())
        };
        let answer = question.ask(&pool, line, |_| Ok(())).unwrap();
        println!(
            "{threads} threads, with {} MiB of lines: {:.2} s; sha256 {}",
            bytes.get() >> 20,
            begun.elapsed().as_secs_f64(),
            answer.sha256.unwrap()
        );
    }
}
