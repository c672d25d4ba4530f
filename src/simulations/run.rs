//! Asking a simulation.

use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use serde_json::value::RawValue;
use standing_projections::facts::History;

use super::job::{Differences, Outcome, Simulation};
use crate::whatif::report::{page, summaries};
use crate::whatif::{Ground, sides};

/// How many bytes of differences are kept of one simulation.
const BYTES_MAX: u64 = 512 << 20;

/// How far behind others' work that of simulations comes, as `nice` has it.
const NICE: i32 = 10;

/// The threads that judge: half as many as there are processors.
pub(super) fn pool() -> Result<ThreadPool, ThreadPoolBuildError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    ThreadPoolBuilder::new()
        .num_threads((processors / 2).max(1))
        .thread_name(|number| format!("simulations-{number}"))
        .start_handler(|_| {
            // Where the system does not let it, they come as all others.
            let _ = rustix::process::nice(NICE);
        })
        .build()
}

/// Asks it; what came of it, or why nothing did.
pub(super) fn run(
    simulation: &Simulation,
    history: &History,
    name: &str,
    pool: &ThreadPool,
) -> Result<Outcome, String> {
    let ask = || ask(simulation, history, name, pool);
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(made) => made,
        Err(_) => Err("a fault of the service".to_owned()),
    }
}

fn ask(
    simulation: &Simulation,
    history: &History,
    name: &str,
    pool: &ThreadPool,
) -> Result<Outcome, String> {
    let asked = &simulation.asked;
    let names = history.names();
    let (before, after) = sides(&asked.baseline, &asked.others, asked.from, names)
        .map_err(|error| error.to_string())?;
    let ground = Ground {
        history,
        before,
        after,
        from: asked.from,
        as_of: asked.as_of.clone(),
        known_at: asked.known_at,
        top: asked.top,
    };
    simulation.judges(ground.facts());
    let goes_on = || match simulation.is_cancelled() {
        true => Err(io::Error::from(io::ErrorKind::Interrupted)),
        false => Ok(()),
    };
    let mut kept = Kept::new().map_err(|error| error.to_string())?;
    let line = |line: &[u8]| {
        goes_on()?;
        kept.take(line)
    };
    let done = |facts| {
        simulation.judged(facts);
        goes_on()
    };
    let answer = ground.question().ask(pool, line, done);
    let answer = answer.map_err(|error| error.to_string())?;
    let told = || -> serde_json::Result<Box<RawValue>> {
        serde_json::value::to_raw_value(&summaries(&ground, &answer, true)?)
    };
    Ok(Outcome {
        summary: told().map_err(|error| error.to_string())?,
        page: page(Some(name), &ground, &answer),
        sha256: answer.sha256.clone().unwrap_or_default(),
        differences: kept.finish().map_err(|error| error.to_string())?,
    })
}

/// The lines that are kept: the first ones, up to a size.
struct Kept {
    file: BufWriter<std::fs::File>,
    bytes: u64,
    kept: u64,
    all: u64,
    full: bool,
}

impl Kept {
    fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            bytes: 0,
            kept: 0,
            all: 0,
            full: false,
        })
    }

    fn take(&mut self, line: &[u8]) -> io::Result<()> {
        self.all += 1;
        let bytes = self.bytes + line.len() as u64;
        self.full |= bytes > BYTES_MAX;
        if !self.full {
            self.file.write_all(line)?;
            (self.bytes, self.kept) = (bytes, self.kept + 1);
        }
        Ok(())
    }

    fn finish(self) -> io::Result<Differences> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok(Differences {
            file,
            bytes: self.bytes,
            kept: self.kept,
            all: self.all,
        })
    }
}
