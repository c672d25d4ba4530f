//! `standing timeline`: every change of a standing over time, as rows and as a picture.

mod lanes;
mod svg;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use standing_projections::Instant;
use standing_projections::questions::{Cause, Change, EventAt, Walk, changes};

use super::ask::{AskArgs, Question, developer_of};
use super::output::{Format, table};
use super::{Context, Failure};
use crate::history::Scope;
use crate::words::{field, value};

/// How many events a cell of a table names.
const NAMED: usize = 3;

/// Tell every change of standing over time, as rows and as a picture
///
/// What is counted on the way (complaints, outage days, days listed, users) makes no row until
/// something follows from it; `explain` shows the counts. The rows of the first instant say what is
/// so from there on.
#[derive(Debug, Args)]
pub(super) struct TimelineArgs {
    /// A developer or an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// Begin there instead of at the registration
    #[arg(long, value_name = "T")]
    from: Option<Instant>,
    /// Draw it into a file too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(super) async fn run(context: &Context, args: TimelineArgs) -> Result<ExitCode, Failure> {
    let developer = developer_of(&*context.open().await?, &args.subject).await?;
    let scope = Scope::Developers(vec![developer]);
    let question = Question::open(context, &args.ask, &scope).await?;
    let (developer, subject) = question.subject(&args.subject)?;
    let as_of = question.ask.as_of;
    let names = question.history.names();
    let mut walk = Walk::new(developer, names, &question.timeline, question.ask);
    if let Some(from) = args.from {
        if from > as_of {
            let message = format!("`--from {from}` is after the instant asked about, {as_of}");
            return Err(Failure::new(message).hint("give an earlier one, or a later `--as-of`"));
        }
        walk = walk.from(from);
    }
    let rows = changes(walk, subject);
    if let Some(file) = &args.svg {
        let zone = question.timeline.zone();
        let lanes = lanes::lanes(&rows, as_of, zone);
        let title = format!(
            "{}, as of {as_of}, known at @{}",
            args.subject, question.ask.known_at
        );
        let picture = svg::draw(&title, &lanes, zone);
        let name = file.display();
        std::fs::write(file, picture)
            .map_err(|error| Failure::new(format!("`{name}` cannot be written: {error}")))?;
        context.out.say(format_args!("wrote `{name}`"));
    }
    match context.out.format(Format::Jsonl) {
        Format::Table => print(context, &rows)?,
        format => context.out.json(format, &rows)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(context: &Context, rows: &[Change<'_>]) -> Result<(), Failure> {
    let mut table = table(["TIME", "SUBJECT", "WHAT", "FROM", "TO", "BY"]);
    for row in rows {
        table.add_row([
            row.time.to_string(),
            row.subject().to_owned(),
            field(&row.key.field),
            value(row.from.as_ref()),
            value(row.to.as_ref()),
            by(&row.cause),
        ]);
    }
    context.out.table(&table)
}

/// A change in one piece.
pub(super) fn what(change: &Change<'_>) -> String {
    let (from, to) = (value(change.from.as_ref()), value(change.to.as_ref()));
    let subject = change.subject();
    format!("{subject} {}: {from} → {to}", field(&change.key.field))
}

/// What made a change, for a cell of a table.
pub(super) fn by(cause: &Cause) -> String {
    match cause {
        Cause::Event { events } => named(events),
        Cause::Rulebook { version, position } if position.0 == 0 => format!("rulebook {version}"),
        Cause::Rulebook { version, position } => format!("rulebook {version} @{position}"),
        Cause::Earlier { events } if events.is_empty() => "before".to_owned(),
        Cause::Earlier { events } => format!("before, {}", named(events)),
        Cause::Time { events } if events.is_empty() => "time".to_owned(),
        Cause::Time { events } => format!("time, after {}", named(events)),
    }
}

/// The latest of some events.
fn named(events: &[EventAt]) -> String {
    let latest = events.iter().rev().take(NAMED);
    let mut names: Vec<String> = latest
        .map(|event| format!("{} @{}", event.kind, event.position))
        .collect();
    let more = events.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}
