//! How many events a second a ledger takes and how long each waits, beside what the database takes
//! when it is asked for nothing but to insert the same rows.
//!
//! `cargo bench --bench append -- sqlite [EVENTS] [ROUNDS]` in the temporary folder (`TMPDIR`), which
//! should lie on the disk that is meant, since every append waits for it; `scripts/with-postgres cargo
//! bench --bench append -- postgres …` on a server there; `… grow [MILLIONS]` for how the cost of an
//! append and of a proof changes with the size of a SQLite ledger.
//!
//! Medians of the rounds are what to quote: in each round every figure is taken once, so that what
//! else the machine does falls on all alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bare;
#[path = "../../tests/common/server.rs"]
mod database;
mod grow;
mod postgres;
mod stores;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant as Stopwatch};

use serde_json::json;
use standing::ledger::{Condition, Ledger, NewEvent, Recorded};
use standing_projections::Event;

/// How many producers append at once.
const PRODUCERS: u64 = 64;
/// How many events a batch has in bulk.
const BATCH: u64 = 4_000;
/// As many as 400,000 events of a platform are about.
const APPS: u64 = 4_000;
const DEVELOPERS: u64 = 400;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|text| text != "--bench");
    let what = arguments.next().unwrap_or_else(|| "sqlite".into());
    let mut number = |or: u64| arguments.next().map_or(or, |text| text.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match what.as_str() {
        "grow" => runtime.block_on(grow::run(number(10))),
        store => {
            let (events, rounds) = (number(400_000), number(5));
            runtime.block_on(run(store, events, rounds));
        }
    }
}

async fn run(store: &str, events: u64, rounds: u64) {
    let sample = serde_json::to_string(&complaint(123_456).body).unwrap();
    println!(
        "{store}: {events} events of {} bytes, {rounds} rounds",
        sample.len()
    );
    let mut figures: Vec<Figures> = Vec::new();
    for round in 1..=rounds {
        let measured = Figures {
            bulk: bulk(store, events).await,
            bare: stores::bare(store, events).await,
            producers: producers(store, events).await,
            alone: alone(store, events / 100).await,
        };
        println!("round {round}: {measured}");
        figures.push(measured);
    }
    let median = |of: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = figures.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!(
        "median: bulk {:.0}/s, bare {:.0}/s, ratio {:.2}; {PRODUCERS} producers {:.0}/s, \
         p50 {:.2} ms, p99 {:.2} ms; alone p50 {:.2} ms, p99 {:.2} ms",
        median(|f| f.bulk),
        median(|f| f.bare),
        median(|f| f.bulk / f.bare),
        median(|f| f.producers.rate),
        median(|f| f.producers.p50),
        median(|f| f.producers.p99),
        median(|f| f.alone.p50),
        median(|f| f.alone.p99),
    );
}

struct Figures {
    /// Events a second in batches of [`BATCH`].
    bulk: f64,
    /// Rows a second, inserted and no more.
    bare: f64,
    producers: Waits,
    alone: Waits,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "bulk {:.0}/s, bare {:.0}/s, ratio {:.2}; {PRODUCERS} producers {:.0}/s (p50 {:.2} ms, \
             p99 {:.2} ms); alone {:.0}/s (p50 {:.2} ms, p99 {:.2} ms)",
            self.bulk,
            self.bare,
            self.bulk / self.bare,
            self.producers.rate,
            self.producers.p50,
            self.producers.p99,
            self.alone.rate,
            self.alone.p50,
            self.alone.p99,
        )
    }
}

/// Single appends: how many a second, and how many milliseconds they wait.
struct Waits {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// Events a second, appended in batches by two tasks, so that one makes its leaves ready while the
/// other's are written.
async fn bulk(store: &str, events: u64) -> f64 {
    let store = stores::new(store).await;
    // In portions, so that the events waiting to be appended do not fill the memory.
    let mut spent = Duration::ZERO;
    for from in (0..events).step_by(usize::try_from(BATCH * 50).unwrap()) {
        let until = events.min(from + BATCH * 50);
        spent += append_bulk(&store.ledger, from..until).await;
    }
    store.end().await;
    events as f64 / spent.as_secs_f64()
}

/// How long it takes to append these events in batches. The events are made beforehand.
async fn append_bulk(ledger: &Arc<dyn Ledger>, numbers: std::ops::Range<u64>) -> Duration {
    let mut shares = [Vec::new(), Vec::new()];
    for (turn, start) in numbers
        .clone()
        .step_by(usize::try_from(BATCH).unwrap())
        .enumerate()
    {
        let batch = start..numbers.end.min(start + BATCH);
        shares[turn % 2].push(batch.map(complaint).collect::<Vec<NewEvent>>());
    }
    let begun = Stopwatch::now();
    let tasks = shares.map(|share| {
        let ledger = Arc::clone(ledger);
        tokio::spawn(async move {
            for batch in &share {
                ledger
                    .append(batch, Recorded::Now, &Condition::Always)
                    .await
                    .unwrap();
            }
            share
        })
    });
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    begun.elapsed()
}

/// Single appends by many producers at once.
async fn producers(store: &str, events: u64) -> Waits {
    singles(store, events, PRODUCERS).await
}

/// Single appends, one after the other.
async fn alone(store: &str, events: u64) -> Waits {
    singles(store, events, 1).await
}

async fn singles(store: &str, events: u64, producers: u64) -> Waits {
    let store = stores::new(store).await;
    let news: Arc<Vec<NewEvent>> = Arc::new((0..events).map(complaint).collect());
    let next = Arc::new(AtomicU64::new(0));
    let begun = Stopwatch::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (ledger, news) = (Arc::clone(&store.ledger), Arc::clone(&news));
            let next = Arc::clone(&next);
            tokio::spawn(async move {
                let mut waits = Vec::new();
                loop {
                    let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                    let Some(new) = news.get(index) else {
                        return waits;
                    };
                    let asked = Stopwatch::now();
                    let batch = std::slice::from_ref(new);
                    ledger
                        .append(batch, Recorded::Now, &Condition::Always)
                        .await
                        .unwrap();
                    waits.push(asked.elapsed());
                }
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let spent = begun.elapsed();
    store.end().await;
    waits.sort_unstable();
    let quantile = |part: f64| {
        let index = (waits.len() as f64 * part) as usize;
        waits[index.min(waits.len() - 1)].as_secs_f64() * 1e3
    };
    Waits {
        rate: events as f64 / spent.as_secs_f64(),
        p50: quantile(0.5),
        p99: quantile(0.99),
    }
}

/// The app that an event is about. A few have most of them, by Zipf's law with an exponent of 1.1, in
/// no order.
fn app(number: u64) -> u64 {
    static UP_TO: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let weights = (1..=APPS).map(|rank| (rank as f64).powf(-1.1));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        sums.collect()
    });
    let all = UP_TO[UP_TO.len() - 1];
    let at = fastrand::Rng::with_seed(number).f64() * all;
    UP_TO.partition_point(|up_to| *up_to <= at) as u64
}

/// A complaint, about one of many apps. Ids are in order, as those of a source that counts or puts
/// the time first are.
fn complaint(number: u64) -> NewEvent {
    let app = app(number);
    let body = json!({
        "specversion": "1.0", "type": "complaint.received", "source": "/import",
        "id": format!("complaint-{number:012}"),
        "time": format!("2015-03-{:02}T01:{:02}:{:02}Z", number / 86_400 % 28 + 1, number / 60 % 60, number % 60),
        "subject": format!("app-{app}"),
        "data": {"class": "normal", "reason": "spam"},
    });
    let event = Event::from_json(&body).unwrap();
    let serde_json::Value::Object(body) = body else {
        unreachable!("an object")
    };
    NewEvent {
        event,
        body,
        developer: Some(format!("dev-{}", app % DEVELOPERS)),
        target: None,
    }
}
