//! How long `assess` of one developer with 1,000 events takes, from memory:
//! `cargo bench --bench assess -- [EVENTS] [RUNS]`.

#![allow(clippy::unwrap_used, missing_docs)]

mod history;

use std::hint::black_box;
use std::time::Instant as Stopwatch;

use standing_projections::facts::History;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Position, Rulebook, assess};

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let count = numbers.next().unwrap_or(1_000);
    let runs = numbers.next().unwrap_or(1_000);
    let events: Vec<Event> = history::lines(7, 1, count)
        .iter()
        .map(|line| Event::from_json(&serde_json::from_str(line).unwrap()).unwrap())
        .collect();
    let history = History::of((1..).map(Position).zip(&events));
    let books = preset::named("weibo").unwrap().iter();
    let books = books
        .map(|text| (Position(0), Rulebook::parse(text).unwrap()))
        .collect();
    let timeline = Timeline::new(books, history.names()).unwrap();
    let ask = Ask {
        as_of: "2016-12-01T00:00:00Z".parse().unwrap(),
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
        events.len(),
        developer.apps().len(),
        micros[micros.len() / 2],
        micros[0],
        micros[micros.len() * 99 / 100],
    );
}
