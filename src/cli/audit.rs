//! `standing audit`: the trail of events.

use std::process::ExitCode;

use clap::Args;
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::Context;
use super::failure::Failure;
use super::output::{Format, table};
use crate::history::trail::{Line, lines};
use crate::ledger::Query;

/// How many events are read at a time.
const PAGE: usize = 2_000;
/// How many rows a table has, where no limit is given.
const TABLE_ROWS: usize = 1_000;

/// Print the trail of events, ascending by position
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Only events about this developer or app itself
    #[arg(long, value_name = "S")]
    subject: Option<String>,
    /// Only events about this developer or one of its apps
    #[arg(long, value_name = "D")]
    developer: Option<String>,
    /// Only events of these types
    #[arg(long = "type", value_name = "T", num_args = 1..)]
    kinds: Vec<Kind>,
    /// Only events that happened then or later
    #[arg(long, value_name = "T")]
    from: Option<Instant>,
    /// Only events that happened before
    #[arg(long, value_name = "T")]
    to: Option<Instant>,
    /// Only events recorded then or later
    #[arg(long, value_name = "T")]
    recorded_from: Option<Instant>,
    /// Only events recorded before
    #[arg(long, value_name = "T")]
    recorded_to: Option<Instant>,
    /// Only events after this position
    #[arg(long, value_name = "POS", default_value_t = 0)]
    after: u64,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// With what the events say in private
    #[arg(long)]
    private: bool,
}

pub(super) async fn run(context: &Context, args: AuditArgs) -> Result<ExitCode, Failure> {
    let ledger = context.open().await?;
    let format = context.out.format(Format::Jsonl);
    let limit = match (args.limit, format) {
        (Some(limit), _) => limit,
        (None, Format::Table) => TABLE_ROWS,
        (None, _) => usize::MAX,
    };
    let mut query = Query {
        after: Position(args.after),
        up_to: Some(ledger.head().await?.position),
        subjects: args.subject.into_iter().collect(),
        developer: args.developer,
        kinds: args.kinds,
        from: args.from,
        to: args.to,
        recorded_from: args.recorded_from,
        recorded_to: args.recorded_to,
        limit: 0,
    };
    for id in query.subjects.iter().chain(&query.developer) {
        if ledger
            .read(&Query {
                limit: 1,
                ..about(id)
            })
            .await?
            .is_empty()
        {
            context.out.say(format_args!("no event is about `{id}`"));
        }
    }
    let mut left = limit;
    let mut kept: Vec<Line> = Vec::new();
    while left > 0 {
        query.limit = left.min(PAGE);
        let page = ledger.read(&query).await?;
        let (read, last) = (page.len(), page.last().map(|stored| stored.position));
        let lines = lines(&*ledger, page, args.private, Position(u64::MAX)).await?;
        match format {
            Format::Jsonl => context.out.json(format, &lines)?,
            _ => kept.extend(lines),
        }
        left -= read;
        match last {
            Some(last) if read == query.limit => query.after = last,
            _ => break,
        }
    }
    match format {
        Format::Jsonl => {}
        Format::Json => context.out.json(format, &kept)?,
        Format::Table => {
            print(context, &kept)?;
            if left == 0 {
                let last = kept.last().map_or(0, |line| line.position.0);
                context
                    .out
                    .hint(format_args!("there may be more: `--after {last}`"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The events about a developer or an app.
fn about(id: &str) -> Query {
    Query {
        subjects: vec![id.to_owned()],
        ..Query::default()
    }
}

fn print(context: &Context, lines: &[Line]) -> Result<(), Failure> {
    let mut table = table([
        "POSITION",
        "TIME",
        "RECORDED",
        "TYPE",
        "SUBJECT",
        "DATA",
        "RETRACTED BY",
    ]);
    for line in lines {
        let mut data = line.data.to_string();
        if let Some(private) = &line.private {
            data = format!("{data} private {private}");
        }
        if data.chars().count() > 100 {
            data = data.chars().take(99).chain(['…']).collect();
        }
        table.add_row([
            line.position.to_string(),
            line.time.to_string(),
            line.recordedtime.to_string(),
            line.kind.to_string(),
            line.subject.clone(),
            data,
            line.retracted_by
                .map_or_else(String::new, |by| by.to_string()),
        ]);
    }
    context.out.table(&table)
}
