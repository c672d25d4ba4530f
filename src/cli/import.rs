//! `standing import`: events from files, what is refused into a rejects file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use standing_projections::refusal::Code;

use super::failure::Failure;
use super::output::{Format, table};
use super::{Context, output};
use crate::intake::{
    AdmitError, Intake, Original, Outcome, Read, RejectsWriter, Source, Trust, Unreadable, ahead,
};
use crate::ledger::Ledger;

/// Import events: JSON lines, a JSON array or CloudEvents batch, CSV; `.gz` and `.zst` too
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "retry")]
    files: Vec<PathBuf>,
    /// Keep the events' own `recordedtime`
    #[arg(long)]
    trust_recorded_time: bool,
    /// Where refused events are written (default: `rejects.jsonl`, or `rejects-2.jsonl` and so on
    /// where that is there)
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Import the mended events of a rejects file
    #[arg(long, value_name = "REJECTS")]
    retry: Vec<PathBuf>,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
struct Tally {
    appended: u64,
    duplicates: u64,
    refused: u64,
}

pub(super) async fn run(context: &Context, args: ImportArgs) -> Result<ExitCode, Failure> {
    let trust = if args.trust_recorded_time {
        Trust::Events
    } else {
        Trust::Clock
    };
    let ledger = context.open().await?;
    let path = args
        .rejects
        .unwrap_or_else(|| free_rejects_file(&args.retry));
    let mut import = Import::new(ledger, trust, &path);
    let read = import.read_all(context, &args.files, &args.retry).await;
    // What was taken and refused before something failed is told and written all the same.
    let (tally, codes) = (import.tally, std::mem::take(&mut import.codes));
    let written = import.rejects.finish();
    let written = written.map_err(|error| rejects_failure(&path, &error));
    if read.is_ok() || tally != Tally::default() {
        print(context, tally)?;
    }
    if tally.refused > 0 && written.is_ok() {
        let path = path.display();
        let (were, them) = match tally.refused {
            1 => ("event was", "it"),
            _ => ("events were", "them"),
        };
        let codes: Vec<String> = codes
            .iter()
            .map(|(code, count)| format!("{count} {code}"))
            .collect();
        context.out.say(format_args!(
            "{} {were} refused ({}): see `{path}`",
            tally.refused,
            codes.join(", ")
        ));
        context.out.hint(format_args!(
            "mend {them} there, then `standing import --retry {path}`"
        ));
    }
    read.and(written.map(drop))?;
    Ok(match tally.refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    })
}

fn print(context: &Context, tally: Tally) -> Result<(), Failure> {
    match context.out.format(Format::Json) {
        Format::Table => {
            let mut table = table(["APPENDED", "DUPLICATES", "REFUSED"]);
            table.add_row([tally.appended, tally.duplicates, tally.refused]);
            context.out.table(&table)
        }
        _ => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&tally)?)),
    }
}

/// The first of `rejects.jsonl`, `rejects-2.jsonl` … that is not there, so that none that somebody
/// mends is written over; one that is retried may be.
fn free_rejects_file(retried: &[PathBuf]) -> PathBuf {
    let name = |number: u32| match number {
        1 => PathBuf::from("rejects.jsonl"),
        number => PathBuf::from(format!("rejects-{number}.jsonl")),
    };
    let free = |path: &PathBuf| retried.contains(path) || !path.exists();
    (1..=u32::MAX)
        .map(name)
        .find(free)
        .unwrap_or_else(|| name(1))
}

fn rejects_failure(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    Failure::new(format_args!(
        "what was refused cannot be written to `{path}`: {error}"
    ))
    .hint("name another file with `--rejects`; what was taken is answered as duplicates")
}

fn read_failure(error: crate::intake::ReadError) -> Failure {
    let failure = Failure::new(&error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// An import under way.
pub(super) struct Import {
    intake: Intake,
    trust: Trust,
    path: PathBuf,
    rejects: RejectsWriter,
    tally: Tally,
    codes: BTreeMap<Code, u64>,
}

impl Import {
    fn new(ledger: Arc<dyn Ledger>, trust: Trust, rejects: &Path) -> Self {
        Self {
            intake: Intake::new(ledger, Context::clock()),
            trust,
            path: rejects.to_owned(),
            rejects: RejectsWriter::new(rejects),
            tally: Tally::default(),
            codes: BTreeMap::new(),
        }
    }

    async fn read_all(
        &mut self,
        context: &Context,
        files: &[PathBuf],
        retry: &[PathBuf],
    ) -> Result<(), Failure> {
        let files = files.iter().map(|file| Source::open(file));
        for source in files.chain(retry.iter().map(|file| Source::open_rejects(file))) {
            self.read(context, source.map_err(read_failure)?).await?;
        }
        Ok(())
    }

    async fn read(&mut self, context: &Context, source: Source) -> Result<(), Failure> {
        let progress = progress(context, &source);
        let bytes_read = source.bytes_read();
        let mut batches = ahead(source);
        while let Some(batch) = batches.recv().await {
            self.admit(batch.records).await?;
            progress.set_position(bytes_read.load(Ordering::Relaxed));
            progress.set_message(format!(
                "{} appended, {} duplicates, {} refused",
                self.tally.appended, self.tally.duplicates, self.tally.refused
            ));
            if let Some(error) = batch.broken {
                progress.finish_and_clear();
                return Err(read_failure(error));
            }
        }
        progress.finish_and_clear();
        Ok(())
    }

    async fn admit(&mut self, records: Vec<Read>) -> Result<(), Failure> {
        let mut unread: Vec<(u64, Option<Unreadable>)> = Vec::with_capacity(records.len());
        let mut batch = Vec::with_capacity(records.len());
        for record in records {
            let unreadable = match record.candidate {
                Ok(candidate) => {
                    batch.push(candidate);
                    None
                }
                Err(unreadable) => Some(unreadable),
            };
            unread.push((record.line, unreadable));
        }
        let outcomes = self
            .intake
            .admit(batch, self.trust)
            .await
            .map_err(admit_failure)?;
        let mut outcomes = outcomes.into_iter();
        for (line, unreadable) in unread {
            let (refusal, original) =
                match unreadable.map_or_else(|| outcomes.next().map(Ok), |u| Some(Err(u))) {
                    Some(Err(unreadable)) => (unreadable.refusal, unreadable.original),
                    Some(Ok(Outcome::Refused(rejected))) => {
                        (rejected.refusal, Original::Event(rejected.body))
                    }
                    Some(Ok(Outcome::Appended(_))) => {
                        self.tally.appended += 1;
                        continue;
                    }
                    Some(Ok(Outcome::Duplicate(_))) => {
                        self.tally.duplicates += 1;
                        continue;
                    }
                    None => continue,
                };
            self.tally.refused += 1;
            *self.codes.entry(refusal.code).or_default() += 1;
            self.rejects
                .write(line, &refusal, &original)
                .map_err(|error| rejects_failure(&self.path, &error))?;
        }
        Ok(())
    }
}

pub(super) fn admit_failure(error: AdmitError) -> Failure {
    let failure = Failure::new(&error);
    match error {
        AdmitError::Append(crate::ledger::AppendError::Unknown { .. }) => failure.hint(
            "run the same command again: what was taken is found and answered as a duplicate",
        ),
        _ => failure,
    }
}

fn progress(context: &Context, source: &Source) -> ProgressBar {
    if context.out.quiet || !output::stderr_is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match source.bytes_total() {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left: {msg}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{spinner} {bytes} {bytes_per_sec}: {msg}",
        ),
    };
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
