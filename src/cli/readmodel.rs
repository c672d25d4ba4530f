//! `standing readmodel`: the tables that the service keeps, made anew and checked.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use standing_projections::Instant;

use super::ask::of_everybody_only;
use super::output::{Format, table};
use super::{Context, Failure, snapshot};
use crate::history::Scope;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::readmodel::{self, Checkpoint, ReadModelError, Reader};

/// The tables that the service keeps beside the ledger: everybody's standing now, for SQL
#[derive(Debug, Args)]
pub(super) struct ReadModelArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the tables anew beside those that are read, and put them in their place
    Rebuild,
    /// Derive everything again, and compare every row
    Check,
    /// Say up to where the tables are
    Status,
    /// Print the tables and their columns, as Markdown
    Columns,
}

/// Up to where the tables are.
#[derive(Serialize)]
struct Shown {
    position: u64,
    as_of: Instant,
    generation: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<usize>,
}

impl Shown {
    const fn of(at: &Checkpoint, differences: Option<usize>) -> Self {
        Self {
            position: at.position.0,
            as_of: at.as_of,
            generation: at.generation,
            differences,
        }
    }
}

pub(super) async fn run(context: &Context, args: ReadModelArgs) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Columns => {
            context.out.text(&readmodel::markdown())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status => {
            context.open().await?;
            let reader = Reader::beside(&context.location())?;
            let at = reader.checkpoint().await;
            reader.close().await;
            print(context, &Shown::of(&at?, None))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Rebuild => {
            let (ledger, live) = everybody(context).await?;
            let beside = context.location();
            let at = readmodel::rebuild(&*ledger, &beside, &live, Context::now).await?;
            print(context, &Shown::of(&at, None))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check => check(context).await,
    }
}

async fn check(context: &Context) -> Result<ExitCode, Failure> {
    let (_, live) = everybody(context).await?;
    let reader = Reader::beside(&context.location())?;
    let at = reader.checkpoint().await;
    reader.close().await;
    let mut position = at?.position;
    loop {
        // They may go on meanwhile.
        while live.position() < position {
            if !live.advance().await? && live.position() < position {
                let message = "the tables are of events that the log does not have";
                return Err(
                    Failure::new(message).hint("make them with `standing readmodel rebuild`")
                );
            }
        }
        let (at, differences) = readmodel::check(&context.location(), &live).await?;
        if at.position > live.position() {
            position = at.position;
            continue;
        }
        for one in &differences {
            let none = || "nothing".to_owned();
            let is = one.is.clone().unwrap_or_else(none);
            let should_be = one.should_be.clone().unwrap_or_else(none);
            let table = one.table.as_str();
            context.out.say(format_args!(
                "{table} {}: there is {is}, should be {should_be}",
                one.key
            ));
        }
        print(context, &Shown::of(&at, Some(differences.len())))?;
        return Ok(match differences.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(1),
        });
    }
}

async fn everybody(context: &Context) -> Result<(Arc<dyn Ledger>, Arc<Live>), Failure> {
    if snapshot::made_up(context).is_some() {
        return Err(of_everybody_only());
    }
    let ledger = context.open().await?;
    let head = ledger.head().await?.position;
    let history = snapshot::history(context, &*ledger, &Scope::All, head).await?;
    Ok((ledger.clone(), Arc::new(Live::new(ledger, history))))
}

fn print(context: &Context, shown: &Shown) -> Result<(), Failure> {
    match context.out.format(Format::Json) {
        Format::Table => {
            let mut rows = table(["POSITION", "AS OF", "GENERATION", "DIFFERENCES"]);
            let differences = shown
                .differences
                .map_or_else(String::new, |n| n.to_string());
            rows.add_row([
                shown.position.to_string(),
                shown.as_of.to_string(),
                shown.generation.to_string(),
                differences,
            ]);
            context.out.table(&rows)
        }
        _ => {
            let line = serde_json::to_string(shown)?;
            context.out.text(&format!("{line}\n"))
        }
    }
}

impl From<ReadModelError> for Failure {
    fn from(error: ReadModelError) -> Self {
        let failure = Self::new(&error);
        match error {
            ReadModelError::Missing => {
                failure.hint("`standing serve` makes it, and `standing readmodel rebuild`")
            }
            ReadModelError::Rebuilding => failure.hint("wait until that has ended"),
            ReadModelError::Held { .. } => {
                failure.hint("end the transactions that read or back them up, and try again")
            }
            _ => failure,
        }
    }
}
