//! `standing rules diff`: what two rulebooks say differently.

use std::process::ExitCode;

use clap::Args;
use standing_projections::rulebook::diff::{Change, diff};

use super::counted;
use super::named::{self, Named};
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Format;

/// Tell what differs between two rulebooks; order and comments are no difference
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A file, a version in the ledger, or a preset as `preset:weibo@2014-12-24`
    a: String,
    /// Likewise
    b: String,
}

pub(super) async fn run(context: &Context, args: &DiffArgs) -> Result<ExitCode, Failure> {
    let a = named::one(context, &args.a).await?;
    let b = named::one(context, &args.b).await?;
    let mut changes = diff(&a.book, &b.book);
    // What judges comes first; what is only read follows.
    changes.sort_by_key(|change| change.display_only);
    let name = |named: &Named| format!("{} (effective {})", named.label, named.book.effective_from);
    context
        .out
        .say(format_args!("from {} to {}", name(&a), name(&b)));
    match context.out.format(Format::Table) {
        Format::Table => {
            let lines: String = changes.iter().map(|change| line(context, change)).collect();
            context.out.text(&lines)?;
        }
        format => context.out.json(format, &changes)?,
    }
    let display = changes.iter().filter(|change| change.display_only).count();
    context.out.say(match (changes.len(), display) {
        (0, _) => "no difference".to_owned(),
        (all, 0) => counted(all, "difference"),
        (all, display) => format!(
            "{}, {display} of them in what people read and nothing judges by",
            counted(all, "difference")
        ),
    });
    Ok(ExitCode::SUCCESS)
}

fn line(context: &Context, change: &Change) -> String {
    let colour = match (&change.before, &change.after) {
        (_, None) => 31,
        (None, _) => 32,
        _ => 33,
    };
    let display = if change.display_only {
        " (display only)"
    } else {
        ""
    };
    format!(
        "{}{display}\n",
        context.out.paint(colour, &change.to_string())
    )
}
