//! What a snapshot costs and saves: `cargo bench --bench snapshot -- [EVENTS] [RUNS]`.
//!
//! A generated history is made in memory and kept; another process, whose memory is then that of the
//! history alone, begins with it. The files are in the page cache by then. Rates are of events of
//! the log, whether they leave a fact or not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "../examples/generate/platform.rs"]
mod platform;

use std::path::Path;
use std::process::Command;
use std::time::Instant as Stopwatch;

use platform::Platform;
use standing::history::snapshot::{Origin, Snapshot};
use standing_projections::facts::History;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder, runs] = args.as_slice()
        && word == "read"
    {
        return read(Path::new(folder), runs.parse().unwrap());
    }
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<u64>().ok());
    let count = numbers.next().unwrap_or(1_000_000);
    let runs = numbers.next().unwrap_or(3);
    let begun = Stopwatch::now();
    let mut history = History::default();
    for (position, event, target) in Platform::new(count, 1) {
        history.take(position, &event, target);
    }
    history.settle();
    let built = begun.elapsed().as_secs_f64();
    let before = memory("VmRSS:");
    history.shrink();
    let events = history.head().0 as f64;
    println!(
        "{events} events made and taken in {built:.1} s; {before} MiB, {} when shrunk",
        memory("VmRSS:")
    );
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..runs {
        let begun = Stopwatch::now();
        let snapshot = Snapshot::write(folder.path(), &history, Origin::MadeUp).unwrap();
        let spent = begun.elapsed().as_secs_f64();
        let manifest = snapshot.manifest();
        let (bytes, facts) = (manifest.bytes() as f64, manifest.facts() as f64);
        println!(
            "written in {spent:.2} s, {:.1} M events/s; {:.0} MiB, {:.2} bytes an event; {facts} facts, {} portions",
            events / spent / 1e6,
            bytes / 1048576.0,
            bytes / events,
            manifest.portions.len(),
        );
    }
    drop(history);
    let mut reader = Command::new(std::env::current_exe().unwrap());
    reader.arg("read").arg(folder.path()).arg(runs.to_string());
    assert!(reader.status().unwrap().success());
}

/// Begins with a snapshot, and tells what it took.
fn read(folder: &Path, runs: u64) {
    for _ in 0..runs {
        let begun = Stopwatch::now();
        let history = Snapshot::open(folder).unwrap().read().unwrap();
        let spent = begun.elapsed().as_secs_f64();
        let events = history.head().0 as f64;
        let (now, most) = (memory("VmRSS:"), memory("VmHWM:"));
        println!(
            "read in {spent:.2} s, {:.1} M events/s; {now} MiB, {:.1} bytes an event, {most} MiB at most",
            events / spent / 1e6,
            now as f64 * 1048576.0 / events,
        );
    }
}

/// A figure of this process's memory, in MiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
    kib.unwrap_or(0u64) / 1024
}
