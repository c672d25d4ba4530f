//! `standing init`: a new ledger, with the rulebooks it begins with.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use standing_projections::rulebook::preset;
use standing_projections::{Instant, Rulebook};

use super::Context;
use super::ask::read_rulebook;
use super::failure::Failure;
use super::rules::{counted, named, publish::check_together};
use crate::intake::{Intake, publish};
use crate::ledger::OpenMode;

/// Make a ledger and publish its rulebooks
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The rulebooks that come with the program
    #[arg(long, value_parser = preset::NAMES, value_name = "NAME", conflicts_with = "rules")]
    preset: Option<String>,
    /// Rulebooks of your own
    #[arg(long, value_name = "FILE", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// When the rulebooks are recorded, for a ledger that a trusted import of older records will
    /// fill (default: now)
    #[arg(long, value_name = "T")]
    recorded_time: Option<Instant>,
}

pub(super) async fn run(context: &Context, args: InitArgs) -> Result<ExitCode, Failure> {
    let at = context.location();
    let books: Vec<Rulebook> = match &args.preset {
        Some(name) => named::preset_versions(name)?,
        None => {
            let books: Result<_, Failure> =
                args.rules.iter().map(|file| read_rulebook(file)).collect();
            books?
        }
    };
    // Before there is a ledger, so that none is left behind where the rulebooks do not go together.
    check_together(&[], &books)?;
    let ledger = context.open_at(&at, OpenMode::Create).await?;
    if ledger.head().await?.position.0 > 0 {
        let message = format!("`{at}` is a ledger with events already");
        return Err(
            Failure::new(message).hint("`standing rules publish FILE` adds a version of the rules")
        );
    }
    let mut intake = Intake::new(ledger, Context::clock());
    let texts: Vec<&str> = books.iter().map(|book| book.text.as_str()).collect();
    publish(&mut intake, &texts, args.recorded_time).await?;
    context.out.say(format_args!(
        "made `{at}`, {} published",
        counted(books.len(), "rulebook")
    ));
    if books.is_empty() {
        context
            .out
            .hint("publish a rulebook before anything else: `standing rules publish FILE`");
    }
    Ok(ExitCode::SUCCESS)
}
