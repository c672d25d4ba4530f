//! How many events a second are judged anew when everybody is assessed:
//! `cargo bench --bench recompute -- [EVENTS|SNAPSHOT] [RUNS] [--threads N]`.
//!
//! The history comes from a snapshot: the one that is given, or one that is made of a generated history
//! of that many events. Every part of SPEC §4 to §8 is derived at one instant; the answers are kept in
//! memory, packed, and digested. Then they are printed as JSON lines, a portion at a
//! time as the command does, and the SHA-256 of the lines is told.

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
use std::path::Path;
use std::time::Instant as Stopwatch;

use clap::Parser;
use platform::Platform;
use rayon::ThreadPool;
use sha2::{Digest, Sha256};
use standing::history::snapshot::{Origin, Snapshot};
use standing::recompute::Recompute;
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, assess};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How fast everybody is assessed.
#[derive(Parser)]
struct Args {
    /// A snapshot's folder, or how many events one is made of
    #[arg(default_value = "1000000")]
    of: String,
    /// How often, with each number of threads
    #[arg(default_value_t = 3)]
    runs: usize,
    /// With that many threads alone
    #[arg(long)]
    threads: Option<usize>,
    /// As cargo says it
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let Args {
        of, runs, threads, ..
    } = Args::parse();
    let made = tempfile::tempdir().unwrap();
    let folder = match of.parse() {
        Ok(count) => make(count, made.path()),
        Err(_) => Path::new(&of),
    };
    let begun = Stopwatch::now();
    let history = Snapshot::open(folder).unwrap().read().unwrap();
    let events = history.head().0;
    println!(
        "{events} events, {} developers; read in {:.2} s; {} MiB",
        history.developers().len(),
        begun.elapsed().as_secs_f64(),
        memory("VmRSS:")
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
    one_by_one(&all);
    for threads in threads.map_or(vec![2, 1], |threads| vec![threads]) {
        let pool = rayon::ThreadPoolBuilder::new();
        let pool = pool.num_threads(threads).build().unwrap();
        let rate = |spent: f64| events as f64 / spent / 1e6;
        let mut rates = Vec::new();
        for _ in 0..runs {
            let (spent, digest, bytes) = keep(&all, &pool);
            println!(
                "{threads} threads, kept and digested: {:.1} M events/s; {digest:016x}; {:.1} bytes an event",
                rate(spent),
                bytes as f64 / events as f64
            );
            rates.push(rate(spent));
        }
        rates.sort_by(f64::total_cmp);
        println!(
            "{threads} threads: median {:.1} M events/s (min {:.1}, max {:.1}) over {runs} runs; at most {} MiB",
            rates[runs / 2],
            rates[0],
            rates[runs - 1],
            memory("VmHWM:"),
        );
        let (spent, sha256) = print(&all, &pool);
        println!(
            "{threads} threads, printed and digested: {:.1} M events/s; sha256 {sha256}",
            rate(spent)
        );
    }
}

/// A snapshot of that many generated events.
fn make(count: u64, folder: &Path) -> &Path {
    let mut history = History::default();
    for (position, event, target) in Platform::new(count, 1) {
        history.take(position, &event, target);
    }
    history.settle();
    Snapshot::write(folder, &history, Origin::MadeUp).unwrap();
    folder
}

/// How long everybody takes, the answers kept until all are there and digested; the digest, and how many
/// bytes they take.
fn keep(all: &Recompute<'_>, pool: &ThreadPool) -> (f64, u64, usize) {
    let begun = Stopwatch::now();
    let kept = all.keep(pool);
    let digest = kept.digest();
    (
        begun.elapsed().as_secs_f64(),
        digest,
        black_box(kept).bytes(),
    )
}

/// How long everybody takes when it is printed, and the digest of the lines.
fn print(all: &Recompute<'_>, pool: &ThreadPool) -> (f64, String) {
    let begun = Stopwatch::now();
    let mut digest = Sha256::new();
    all.run(
        pool,
        |standing| serde_json::to_vec(&standing).unwrap(),
        |line, _| {
            digest.update(&line);
            digest.update(b"\n");
            Ok::<(), Infallible>(())
        },
    )
    .unwrap();
    let digest = digest.finalize();
    let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    (begun.elapsed().as_secs_f64(), hex)
}

/// How long each developer takes by itself, in a process that holds everybody's facts.
fn one_by_one(all: &Recompute<'_>) {
    let mut spent: Vec<(f64, usize)> = Vec::new();
    for developer in all.history.developers() {
        let begun = Stopwatch::now();
        black_box(assess(
            developer,
            all.history.names(),
            all.timeline,
            all.ask,
        ));
        spent.push((begun.elapsed().as_secs_f64() * 1e3, developer.len()));
    }
    spent.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |part: f64| spent[((spent.len() - 1) as f64 * part) as usize];
    let (p50, p99, most) = (at(0.5), at(0.99), at(1.0));
    println!(
        "one developer: p50 {:.3} ms, p99 {:.3} ms, the longest {:.1} ms for {} facts",
        p50.0, p99.0, most.0, most.1
    );
}

/// A figure of this process's memory, in MiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
    kib.unwrap_or(0u64) / 1024
}
