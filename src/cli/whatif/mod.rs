//! `standing whatif`: what a change of the rules would do to all history.
//!
//! [`table`] tells the answer to people, [`plan`] writes the plan of it. What differs is found by
//! [`crate::whatif`], which also tells it as a page and as JSON.

mod plan;
mod table;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rayon::ThreadPool;
use standing_projections::{Instant, LocalMonth, Position, Rulebook};

use super::ask::{Known, ledger, read_rulebook};
use super::new_file::NewFile;
use super::output::Format;
use super::rules::publish::{check_inside, check_together, label};
use super::{Context, Failure, moving};
use crate::history::KnownAt;
use crate::history::Scope;
use crate::whatif::report::{self, summaries};
use crate::whatif::{Answer, Given, Ground, SidesError, known, sides};

/// Tell what a change of the rules would do to all history
///
/// Everybody is judged twice, by the rules the ledger knows and by those with the FILEs published too, and
/// what differs is told: how often what becomes what, who is hit hardest, and for each developer what flips
/// and the clause behind it. `--format jsonl` has a line for the question, for each developer who is hit and
/// for each app whose rank moves, and a summary.
///
/// Each FILE takes effect from its own `effective_from`, as publishing it would have it. `--from MONTH` asks
/// what would have been had the change come with that month: the first FILE to take effect begins on that
/// month's first day, later ones keep their dates where these are later still, and no version of the
/// ledger's that takes effect from that day on is judged by.
///
/// Hit hardest is who loses most, in this order: status, grade, outcomes of months, apps on the board, apps
/// that may be certified, tiers of months, sanctions, measures in force, duties, score. Who is worse off in
/// the first of these that differs comes first.
#[derive(Debug, Args)]
pub(super) struct WhatIfArgs {
    /// The rulebooks to judge by beside those there are, in the order in which they would be published
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    rules: Vec<PathBuf>,
    /// Compare with these rulebooks instead of the ledger's
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "output")]
    baseline: Vec<PathBuf>,
    /// As if the change had come with this month, such as 2015-03
    #[arg(long, value_name = "MONTH")]
    from: Option<LocalMonth>,
    /// Compare at these instants (RFC 3339; default: now)
    #[arg(long, value_name = "T", num_args = 1..)]
    as_of: Vec<Instant>,
    /// Only what was known then: an instant, or a position as `@1234` (default: now)
    #[arg(long, value_name = "K", value_parser = KnownAt::parse)]
    known_at: Option<KnownAt>,
    /// How many of those who are hit hardest, and of those who gain most, are told of
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Write a report for people too: one page that stands alone
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a plan for `standing rules publish --plan`
    #[arg(short, long, value_name = "PLAN")]
    output: Option<PathBuf>,
    /// How many threads judge (default: as many as there are processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Asks, with a bar that tells how far it is.
pub(super) fn ask<'a>(
    context: &Context,
    ground: &'a Ground<'_>,
    pool: &ThreadPool,
    line: Option<impl FnMut(&[u8]) -> io::Result<()>>,
) -> io::Result<Answer<'a>> {
    let progress = moving::progress(context, ground.facts());
    let done = |facts| {
        progress.inc(facts);
        Ok(())
    };
    let question = ground.question();
    let answer = match line {
        Some(line) => question.ask(pool, line, done),
        None => question.count(pool, done),
    };
    progress.finish_and_clear();
    answer
}

/// The threads that judge.
pub(super) fn pool(threads: Option<u16>) -> Result<ThreadPool, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0).into());
    pool.build().map_err(Failure::new)
}

pub(super) async fn run(context: &Context, args: WhatIfArgs) -> Result<ExitCode, Failure> {
    let html = args.html.as_deref().map(NewFile::to_share).transpose()?;
    let plan = args.output.as_deref().map(NewFile::create).transpose()?;
    let read = |files: &[PathBuf]| -> Result<Vec<Rulebook>, Failure> {
        files.iter().map(|file| read_rulebook(file)).collect()
    };
    let given = read(&args.rules)?;
    let Known {
        ledger: behind,
        known_at,
        history,
    } = Known::open(context, args.known_at, &Scope::All).await?;
    if plan.is_some() {
        ledger(behind.as_ref())?;
    }
    let baseline = if args.baseline.is_empty() {
        known(&history, known_at)?
    } else {
        let books = read(&args.baseline)?.into_iter();
        books.map(|book| (Position(0), book)).collect()
    };
    let all = Given::beside(&baseline, &given);
    let versions: Vec<Rulebook> = baseline.iter().map(|(_, book)| book.clone()).collect();
    check_together(&versions, &all.new)?;
    if plan.is_some() {
        if let Some(book) = all.held.first() {
            let message = format!("`{}` is published already", label(book));
            return Err(Failure::new(message).hint("a plan is of versions that are not"));
        }
        for (book, file) in given.iter().zip(&args.rules) {
            check_inside(book, &file.display().to_string())?;
        }
    }
    let others = all.asked(&given, args.from);
    let (before, after) = sides(&baseline, others, args.from, history.names())
        .map_err(|error| no_sides(error, args.baseline.is_empty()))?;
    for book in &all.held {
        let name = label(book);
        let mut versions = before.versions().iter();
        let own = versions.find(|rules| rules.book.text == book.text);
        let own = own.map(|rules| rules.effective_from);
        match args.from {
            None => context.out.say(format_args!("`{name}` holds already")),
            Some(month) if own.is_some_and(|own| own <= before.zone().month_start(month)) => {
                context.out.say(format_args!(
                    "`{name}` holds already, on both sides, and from before {month} on"
                ));
            }
            Some(month) => context.out.say(format_args!(
                "`{name}` holds already, and is taken to begin in {month}"
            )),
        }
    }
    let mut as_of = args.as_of;
    if as_of.is_empty() {
        as_of.push(Context::now());
    }
    as_of.sort_unstable();
    as_of.dedup();
    let ground = Ground {
        history: &history,
        before,
        after,
        from: args.from,
        as_of,
        known_at,
        top: args.top,
    };
    let instants: Vec<String> = ground.as_of.iter().map(Instant::to_string).collect();
    let instants = instants.join(", ");
    context
        .out
        .say(format_args!("as of {instants}, known at @{known_at}"));
    let pool = pool(args.threads)?;
    let format = context.out.format(Format::Jsonl);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    // Who asked for files has them, also where nobody reads the lines to their end.
    let files = html.is_some() || plan.is_some();
    let mut read = true;
    let line = |line: &[u8]| match format {
        Format::Jsonl if read => match out.write_all(line) {
            Err(error) if files && error.kind() == io::ErrorKind::BrokenPipe => {
                read = false;
                Ok(())
            }
            written => written,
        },
        _ => Ok(()),
    };
    // A table alone needs no line of everybody, and no digest of them.
    let lines = !matches!(format, Format::Table) || html.is_some() || plan.is_some();
    let answer = ask(context, &ground, &pool, lines.then_some(line))?;
    let not_read = out.flush().err();
    drop(out);
    if let Some(file) = html {
        let behind = behind.as_ref().map(|_| context.ledger.as_str());
        let page = report::page(behind, &ground, &answer);
        write(context, file, page.as_bytes())?;
    }
    if let Some(file) = plan {
        let plan = plan::reviewed(ledger(behind.as_ref())?, &ground, &given, &answer).await?;
        let mut text = serde_json::to_string_pretty(&plan)?;
        text.push('\n');
        write(context, file, text.as_bytes())?;
        context
            .out
            .say(format_args!("the plan's sha256 is {}", plan.sha256));
    }
    not_read.map_or(Ok(()), Err)?;
    match format {
        Format::Table => table::print(context, &ground, &answer)?,
        format => context.out.json(
            format,
            &summaries(&ground, &answer, format != Format::Jsonl)?,
        )?,
    }
    hint(context, &ground, others, &answer);
    Ok(ExitCode::SUCCESS)
}

fn no_sides(error: SidesError, of_ledger: bool) -> Failure {
    use standing_projections::rules::RulesError;
    match error {
        SidesError::Rules(RulesError::None) if of_ledger => {
            Failure::new("no rulebook is published by then: there is nothing to compare with")
                .hint("compare with some of your own with `--baseline FILE`")
        }
        SidesError::Rules(error) => error.into(),
        error => Failure::new(error),
    }
}

fn write(context: &Context, file: NewFile, bytes: &[u8]) -> Result<(), Failure> {
    let mut writer = file.writer()?;
    let written = writer.write_all(bytes).and_then(|()| writer.flush());
    written.map_err(|error| file.refused(&error))?;
    let name = file.name();
    file.keep()?;
    context.out.say(format_args!("wrote `{name}`"));
    Ok(())
}

/// What to ask instead where nothing differs because the change has not come yet.
fn hint(context: &Context, ground: &Ground<'_>, others: &[Rulebook], answer: &Answer<'_>) {
    let hit = answer.at.iter().any(|at| at.counts.hit > 0);
    if hit || others.is_empty() || ground.from.is_some() {
        return;
    }
    let versions = ground.after.versions().iter();
    let first = versions
        .filter(|rules| others.iter().any(|book| book.text == rules.book.text))
        .map(|rules| rules.effective_from)
        .min();
    if let (Some(first), Some(last)) = (first, ground.as_of.last())
        && first > *last
    {
        context.out.hint(format_args!(
            "it takes effect after that, at {first}; `--from MONTH` asks what it would have done had it \
             come before"
        ));
    }
}
