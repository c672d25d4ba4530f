//! `standing assess`: the standing of developers.

use std::process::ExitCode;

use clap::Args;
use standing_projections::Standing;
use standing_projections::rulebook::Level;

use super::ask::{AskArgs, Question};
use super::output::{Format, table};
use super::{Context, Failure};
use crate::history::Scope;

/// Derive the standing of developers
#[derive(Debug, Args)]
pub(super) struct AssessArgs {
    #[command(flatten)]
    ask: AskArgs,
    /// Only these developers
    #[arg(long, value_name = "ID", num_args = 1..)]
    developer: Vec<String>,
}

pub(super) async fn run(context: &Context, args: AssessArgs) -> Result<ExitCode, Failure> {
    let scope = if args.developer.is_empty() {
        Scope::All
    } else {
        Scope::Developers(args.developer)
    };
    let question = Question::open(context, &args.ask, &scope).await?;
    let standings = question.standings();
    if let Scope::Developers(asked) = &scope {
        for id in asked
            .iter()
            .filter(|id| standings.iter().all(|s| s.developer != id.as_str()))
        {
            context
                .out
                .say(format_args!("no developer `{id}` was registered by then"));
        }
    }
    match context.out.format(Format::Jsonl) {
        Format::Table => print(context, &standings)?,
        format => context.out.json(format, &standings)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The standings as a table, an app a row.
pub(super) fn print(context: &Context, standings: &[Standing<'_>]) -> Result<(), Failure> {
    let mut table = table([
        "DEVELOPER",
        "STATUS",
        "GRADE",
        "APP",
        "REVIEW",
        "LATEST MONTH",
        "TIER",
        "MEASURES",
        "SCORE",
    ]);
    for standing in standings {
        let status = match standing.status_since {
            Some(since) => format!("{} since {since}", standing.status),
            None => standing.status.to_string(),
        };
        let mut developer = [
            standing.developer.to_owned(),
            status,
            standing.grade.to_owned(),
        ];
        if standing.apps.is_empty() {
            table.add_row(developer.clone());
        }
        for app in &standing.apps {
            let latest = app.months.last();
            let measures: Vec<&str> = app.measures.iter().map(|m| m.measure.as_str()).collect();
            let mut row = std::mem::take(&mut developer).to_vec();
            row.extend([
                app.app.to_owned(),
                app.review.state.to_string(),
                latest.map_or_else(String::new, |month| month.month.to_string()),
                latest
                    .and_then(|m| m.tier)
                    .as_ref()
                    .map_or_else(String::new, Level::to_string),
                measures.join(", "),
                app.score.to_string(),
            ]);
            table.add_row(row);
        }
    }
    context.out.table(&table)
}
