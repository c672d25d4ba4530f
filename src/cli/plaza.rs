//! `standing plaza`: the board of the app store.

use std::process::ExitCode;

use clap::Args;
use standing_projections::plaza::{BoardEntry, board};

use super::ask::{AskArgs, Question};
use super::output::{Format, table};
use super::{Context, Failure};
use crate::history::Scope;

/// Rank the apps of the plaza
#[derive(Debug, Args)]
pub(super) struct PlazaArgs {
    #[command(flatten)]
    ask: AskArgs,
    /// Only the first N
    #[arg(long, value_name = "N")]
    top: Option<usize>,
}

pub(super) async fn run(context: &Context, args: PlazaArgs) -> Result<ExitCode, Failure> {
    let question = Question::open(context, &args.ask, &Scope::All).await?;
    let standings = question.standings();
    let mut board = board(&standings);
    board.truncate(args.top.unwrap_or(usize::MAX));
    match context.out.format(Format::Jsonl) {
        Format::Table => print(context, &board)?,
        format => context.out.json(format, &board)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The board as a table.
pub(super) fn print(context: &Context, board: &[BoardEntry<'_>]) -> Result<(), Failure> {
    let mut table = table(["RANK", "APP", "DEVELOPER", "SCORE", "LISTED SINCE"]);
    for entry in board {
        table.add_row([
            entry.rank.to_string(),
            entry.app.to_owned(),
            entry.developer.to_owned(),
            entry.score.to_string(),
            entry.listed_since.to_string(),
        ]);
    }
    context.out.table(&table)?;
    if board.is_empty() {
        context.out.say("no app is on the board");
    }
    Ok(())
}
