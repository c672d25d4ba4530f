//! `standing recompute`: everybody's standing derived again.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant as Stopwatch;

use clap::Args;
use rayon::ThreadPool;
use sha2::{Digest, Sha256};

use super::ask::{AskArgs, Question};
use super::new_file::NewFile;
use super::{Context, Failure, moving};
use crate::history::Scope;
use crate::recompute::Recompute;

/// Derive the standing of every developer again, by all processors
///
/// Prints what `assess` prints, a developer a line, whatever the number of threads.
#[derive(Debug, Args)]
pub(super) struct RecomputeArgs {
    #[command(flatten)]
    ask: AskArgs,
    /// Write to this file, which is there once it is whole
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many threads judge (default: as many as there are processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(super) async fn run(context: &Context, args: RecomputeArgs) -> Result<ExitCode, Failure> {
    let file = args.output.as_deref().map(NewFile::create).transpose()?;
    let question = Question::open(context, &args.ask, &Scope::All).await?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.unwrap_or(0).into())
        .build()
        .map_err(Failure::new)?;
    let done = match file {
        None => {
            let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
            write(&pool, context, &question, &mut out)?
        }
        Some(file) => {
            let done = write(&pool, context, &question, &mut file.writer()?);
            let done = done.map_err(|error| file.refused(&error))?;
            file.keep()?;
            done
        }
    };
    context.out.say(format_args!(
        "{} developers, {} facts in {:.2} s; sha256 {}",
        done.developers, done.facts, done.seconds, done.sha256
    ));
    Ok(ExitCode::SUCCESS)
}

/// What was derived.
struct Done {
    developers: u64,
    /// What they are derived from.
    facts: u64,
    seconds: f64,
    /// Of the lines.
    sha256: String,
}

fn write(
    pool: &ThreadPool,
    context: &Context,
    question: &Question,
    out: &mut impl Write,
) -> io::Result<Done> {
    let all = Recompute {
        history: &question.history,
        timeline: &question.timeline,
        ask: question.ask,
    };
    let facts = question
        .history
        .developers()
        .iter()
        .map(|one| one.len() as u64);
    let progress = moving::progress(context, facts.sum());
    let begun = Stopwatch::now();
    let mut digest = Sha256::new();
    let mut done = Done {
        developers: 0,
        facts: 0,
        seconds: 0.0,
        sha256: String::new(),
    };
    let written = all.run(
        pool,
        |standing| {
            let mut line = serde_json::to_vec(&standing)?;
            line.push(b'\n');
            Ok::<_, serde_json::Error>(line)
        },
        |line, facts| {
            let line = line.map_err(io::Error::from)?;
            digest.update(&line);
            done.developers += 1;
            done.facts += facts as u64;
            progress.inc(facts as u64);
            out.write_all(&line)
        },
    );
    progress.finish_and_clear();
    written?;
    out.flush()?;
    done.seconds = begun.elapsed().as_secs_f64();
    let digest = digest.finalize();
    done.sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(done)
}
