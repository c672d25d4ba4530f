//! Makes the events of a platform that was never there, as JSON lines for `standing import`.
//!
//! ```sh
//! cargo run --release --example generate -- 1000000 > platform.jsonl   # events, and a seed
//! standing --ledger big.db init   # the events bring their rulebooks
//! standing --ledger big.db import --trust-recorded-time platform.jsonl
//! ```
//!
//! With `--snapshot DIR` it writes a snapshot of their history instead, which says that no log is
//! behind it: a hundred million events to ask questions of, in minutes.
//!
//! ```sh
//! cargo run --release --example generate -- 100000000 --snapshot made-up
//! standing --snapshot made-up plaza --as-of 2017-01-01T00:00:00Z --top 10
//! ```
//!
//! What comes how often is said in `platform.rs`. The same number and seed give the same bytes.

#![allow(clippy::expect_used, clippy::cast_possible_truncation, missing_docs)]

mod lines;
mod platform;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lines::line;
use platform::Platform;
use standing::history::snapshot::{Origin, Snapshot, SnapshotError};
use standing_projections::facts::History;

/// Makes the events of a platform that was never there.
#[derive(Parser)]
struct Args {
    /// How many, but at least those that register everybody
    events: u64,
    /// Another platform for another number
    #[arg(default_value_t = 1)]
    seed: u64,
    /// Write a snapshot of their history there instead of printing them
    #[arg(long, value_name = "DIR")]
    snapshot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let platform = Platform::new(args.events, args.seed);
    let done = match args.snapshot {
        None => print(platform).map_err(|error| error.to_string()),
        Some(folder) => keep(platform, &folder).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(platform: Platform) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for (_, event, _) in platform {
        writeln!(out, "{}", line(&event))?;
    }
    out.flush()
}

fn keep(platform: Platform, folder: &std::path::Path) -> Result<(), SnapshotError> {
    let mut history = History::default();
    for (position, event, target) in platform {
        history.take(position, &event, target);
    }
    history.settle();
    let snapshot = Snapshot::write(folder, &history, Origin::MadeUp)?;
    let manifest = snapshot.manifest();
    eprintln!(
        "made up: {} events, {} developers, {} apps, {} bytes",
        manifest.position,
        manifest.developers(),
        manifest.apps(),
        manifest.bytes()
    );
    Ok(())
}
