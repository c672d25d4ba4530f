//! `standing rules show`: one rulebook, on a page or as it is written.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::named::{self, Place};
use super::page::Page;
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Format;

/// Show a rulebook: its figures, its ladder, its catalogue
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A version in the ledger, a file, or a preset as `preset:weibo@2014-12-24` (default: the
    /// version in force now)
    #[arg(value_name = "VERSION|FILE|preset:NAME")]
    rulebook: Option<String>,
    /// Print the text as it is written
    #[arg(long)]
    toml: bool,
}

#[derive(Serialize)]
struct Shown {
    /// Where in the ledger it is, if it is of it.
    #[serde(flatten)]
    place: Option<Place>,
    rulebook: Value,
}

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<ExitCode, Failure> {
    let named = match &args.rulebook {
        Some(name) => named::one(context, name).await?,
        None => named::in_force(context).await?,
    };
    if args.toml {
        context.out.text(&named.book.text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let format = context.out.format(Format::Table);
    let text = if format == Format::Table {
        let mut page = Page::new(&context.out, context.lang, &named.book);
        page.head(&named.label, named.place.as_ref());
        page.figures();
        page.catalogue();
        page.text
    } else {
        let shown = Shown {
            place: named.place,
            rulebook: named.book.to_json(),
        };
        let json = match format {
            Format::Json => serde_json::to_string_pretty(&shown)?,
            _ => serde_json::to_string(&shown)?,
        };
        format!("{json}\n")
    };
    context.out.text(&text)?;
    Ok(ExitCode::SUCCESS)
}
