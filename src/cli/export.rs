//! `standing export`: tables for other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::ask::{AskArgs, Question};
use super::moving::progress;
use super::output::{Format, FormatArg, table};
use super::{Context, Failure};
use crate::export::{self, Answer, Destination, ExportError, Table, markdown};
use crate::history::Scope;

/// Write events, standings, sanctions and the board as tables: Parquet or CSV
///
/// One file a table, and `export.json`, which says what they were made of. What events say in
/// private is in none of them.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The folder, which is made where it is not there
    #[arg(value_name = "DIR", required_unless_present = "columns")]
    folder: Option<PathBuf>,
    /// Only these tables (default: all)
    #[arg(long, value_name = "TABLE,…", value_delimiter = ',')]
    tables: Vec<Table>,
    // It stands in the place of the global one, by the same id.
    /// The form of the files
    #[arg(long, value_name = "FORMAT", value_parser = FormatArg::files(), default_value = "parquet")]
    format: FormatArg,
    #[command(flatten)]
    ask: AskArgs,
    /// Replace files of an earlier export
    #[arg(long)]
    force: bool,
    /// Print the tables and their columns as Markdown, and write nothing
    #[arg(long)]
    columns: bool,
}

/// A file that was written.
#[derive(Serialize)]
struct Line<'a> {
    table: Table,
    rows: u64,
    file: &'a str,
}

pub(super) async fn run(context: &Context, args: ExportArgs) -> Result<ExitCode, Failure> {
    let tables = match args.tables.is_empty() {
        true => Table::ALL.to_vec(),
        false => args.tables,
    };
    let Some(folder) = args.folder.filter(|_| !args.columns) else {
        context.out.text(&markdown(&tables))?;
        return Ok(ExitCode::SUCCESS);
    };
    let FormatArg::Files(format) = args.format else {
        let message = "an export is `--format parquet` or `--format csv`";
        return Err(Failure::new(message));
    };
    let destination = Destination::open(&folder, &tables, format, args.force)?;
    let question = Question::open(context, &args.ask, &Scope::All).await?;
    let standings = question.standings();
    let answer = Answer {
        ask: question.ask,
        history: &question.history,
        timeline: &question.timeline,
        standings: &standings,
    };
    let progress = progress(context, question.ask.known_at.0);
    let written = export::export(question.ledger()?, &answer, destination, |events| {
        progress.set_position(events);
    })
    .await;
    progress.finish_and_clear();
    let written = written?;
    let each = written.tables.iter().map(|written| Line {
        table: written.table,
        rows: written.rows,
        file: &written.file,
    });
    let lines: Vec<Line<'_>> = each.collect();
    if context.out.format(Format::Jsonl) == Format::Table {
        let mut table = table(["TABLE", "ROWS", "FILE"]);
        for line in &lines {
            table.add_row([
                line.table.to_string(),
                line.rows.to_string(),
                line.file.to_owned(),
            ]);
        }
        context.out.table(&table)?;
    } else {
        context.out.json(Format::Jsonl, &lines)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let failure = Self::new(&error);
        match error {
            ExportError::Exists { .. } => {
                failure.hint("name another folder, or replace what is there with `--force`")
            }
            _ => failure,
        }
    }
}
