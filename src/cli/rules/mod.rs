//! `standing rules`: the rulebooks, in files, in the ledger and in the program.
//!
//! One file per subcommand. [`named`] finds the rulebook that an argument names. What a rulebook is, what is doubtful in one and what its
//! tests come to is the rules' crate's business; this only asks and prints.

mod check;
mod diff;
mod list;
pub(super) mod named;
mod page;
mod planned;
pub(super) mod publish;
mod show;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use super::failure::Failure;

/// List, show, check, test, compare and publish rulebooks
#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Diff(diff::DiffArgs),
    Publish(publish::PublishArgs),
}

pub(super) async fn run(context: &Context, args: RulesArgs) -> Result<ExitCode, Failure> {
    match args.command {
        RulesCommand::List(args) => list::run(context, &args).await,
        RulesCommand::Show(args) => show::run(context, &args).await,
        RulesCommand::Check(args) => check::run(context, &args),
        RulesCommand::Test(args) => test::run(context, &args),
        RulesCommand::Diff(args) => diff::run(context, &args).await,
        RulesCommand::Publish(args) => publish::run(context, &args).await,
    }
}

/// `1 file`, `2 files`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
