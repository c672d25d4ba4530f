//! `standing rules list`: the versions of the rules, in the ledger or in the program.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::rulebook::{Lang, Text, preset};
use standing_projections::{Instant, Position, Rulebook};

use super::named;
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, table};
use crate::history::published::{Holding, Published, holding, timeline, versions};
use standing_projections::text::one_line;

/// List the versions of the rules that the ledger knows
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Those that come with the program instead
    #[arg(long)]
    presets: bool,
}

/// A version in the ledger.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    version: &'a str,
    effective_from: String,
    position: Position,
    recordedtime: Instant,
    /// Whether it is the one that holds now.
    in_force: bool,
    /// Whether the month that runs is judged by it: no rule changes in the middle of a month.
    judges_month: bool,
    title: Option<&'a str>,
}

/// A version in the program.
#[derive(Serialize)]
struct Preset<'a> {
    preset: &'static str,
    id: &'a str,
    version: &'a str,
    effective_from: String,
    title: Option<&'a str>,
}

pub(super) async fn run(context: &Context, args: &ListArgs) -> Result<ExitCode, Failure> {
    if args.presets {
        return presets(context);
    }
    let versions = versions(&*context.open().await?).await?;
    let mut rows: Vec<Listed<'_>> = Vec::new();
    if versions.is_empty() {
        context.out.say("no rulebook is published");
        context
            .out
            .hint("publish one with `standing rules publish FILE`");
    } else {
        let holding = holding(&timeline(&versions)?, Context::now());
        rows.extend(
            versions
                .iter()
                .map(|one| listed(one, holding, context.lang)),
        );
    }
    match context.out.format(Format::Jsonl) {
        Format::Table => {
            let mut table = table([
                "ID",
                "VERSION",
                "EFFECTIVE FROM",
                "POSITION",
                "RECORDED",
                "IN FORCE",
            ]);
            for one in &rows {
                table.add_row([
                    one_line(one.id),
                    one_line(one.version),
                    one.effective_from.clone(),
                    one.position.to_string(),
                    one.recordedtime.to_string(),
                    in_force(one, context.lang).to_owned(),
                ]);
            }
            context.out.table(&table)?;
        }
        format => context.out.json(format, &rows)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(one: &Published, holding: Holding, lang: Lang) -> Listed<'_> {
    Listed {
        id: &one.book.id,
        version: &one.book.version,
        effective_from: one.book.effective_from.to_string(),
        position: one.position,
        recordedtime: one.recordedtime,
        in_force: one.position == holding.now,
        judges_month: one.position == holding.month,
        title: title(&one.book, lang),
    }
}

fn title(book: &Rulebook, lang: Lang) -> Option<&str> {
    book.title.as_ref().map(|title: &Text| title.get(lang))
}

fn in_force(one: &Listed<'_>, lang: Lang) -> &'static str {
    match (one.in_force, one.judges_month, lang) {
        (true, true, Lang::En) => "now",
        (true, true, Lang::Zh) => "生效中",
        (true, false, Lang::En) => "now, tiers from next month on",
        (true, false, Lang::Zh) => "生效中，违规级别自下月起",
        (false, true, Lang::En) => "for this month's tiers",
        (false, true, Lang::Zh) => "仅本月违规级别",
        (false, false, _) => "",
    }
}

fn presets(context: &Context) -> Result<ExitCode, Failure> {
    let mut books = Vec::new();
    for name in preset::NAMES {
        books.extend(named::preset_versions(name)?.into_iter().map(|b| (name, b)));
    }
    let listed: Vec<Preset<'_>> = books
        .iter()
        .map(|(preset, book)| Preset {
            preset,
            id: &book.id,
            version: &book.version,
            effective_from: book.effective_from.to_string(),
            title: title(book, context.lang),
        })
        .collect();
    match context.out.format(Format::Jsonl) {
        Format::Table => {
            let mut table = table(["PRESET", "VERSION", "EFFECTIVE FROM", "TITLE"]);
            for one in &listed {
                let title = one.title.unwrap_or_default();
                table.add_row([one.preset, one.version, &one.effective_from, title]);
            }
            context.out.table(&table)?;
            context
                .out
                .hint("`standing rules show preset:weibo@2014-12-24 --toml` prints one");
        }
        format => context.out.json(format, &listed)?,
    }
    Ok(ExitCode::SUCCESS)
}
