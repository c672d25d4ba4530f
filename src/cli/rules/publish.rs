//! `standing rules publish`: versions of the rules into the ledger.
//!
//! A published version stays, so everything that can refuse one is asked of all of them before the
//! first is appended, and what publishing changes is said.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::rulebook::lint::{Severity, VersionFinding, lint, lint_versions};
use standing_projections::rulebook::testing;
use standing_projections::rules::Timeline;
use standing_projections::{LocalMonth, Position, Rulebook};

use super::{check, counted, planned};
use crate::cli::Context;
use crate::cli::ask::read_rulebook;
use crate::cli::failure::Failure;
use crate::cli::output::Format;
pub(in crate::cli) use crate::history::published::label;
use crate::history::published::{self, TogetherError};
use crate::intake::Intake;

/// Publish versions of the rules, all of them or none, and print their positions
///
/// With `--plan` the versions are those of a plan that `standing whatif -o PLAN` wrote. Its question is asked
/// again of the log as it is now, and nothing is published where the answer is another one.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// The rulebooks, in the order they are published
    #[arg(
        value_name = "FILE",
        required_unless_present = "plan",
        conflicts_with = "plan"
    )]
    files: Vec<PathBuf>,
    /// Publish what was reviewed with `standing whatif`
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// How many threads judge a plan (default: as many as there are processors)
    #[arg(long, value_name = "N", requires = "plan", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A version that is in the ledger now.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    version: &'a str,
    effective_from: String,
    position: Position,
    /// Whether the same text was there already.
    duplicate: bool,
}

pub(super) async fn run(context: &Context, args: &PublishArgs) -> Result<ExitCode, Failure> {
    let plan = match &args.plan {
        Some(file) => Some(planned::read(file)?),
        None => None,
    };
    let (books, names) = match (&plan, &args.plan) {
        (Some((_, books)), Some(file)) => {
            let name = |book: &Rulebook| format!("{} in {}", label(book), file.display());
            for book in books {
                checked(context, book, &name(book), None)?;
            }
            (books.clone(), books.iter().map(name).collect())
        }
        _ => {
            let mut books: Vec<Rulebook> = Vec::new();
            for file in &args.files {
                books.push(read(context, file)?);
            }
            let names = args.files.iter().map(|file| file.display().to_string());
            (books, names.collect::<Vec<_>>())
        }
    };
    let ledger = context.open().await?;
    let versions = published::versions(&*ledger).await?;
    let mut positions: HashMap<String, Position> = versions
        .iter()
        .map(|one| (label(&one.book), one.position))
        .collect();
    let known: Vec<Rulebook> = versions.into_iter().map(|one| one.book).collect();
    let duplicate = |book: &Rulebook| known.iter().any(|one| one.text == book.text);
    let (mut new, mut files) = (Vec::new(), Vec::new());
    for (book, name) in books.iter().zip(&names) {
        if !duplicate(book) {
            new.push(book.clone());
            files.push(name.clone());
        } else if plan.is_some() {
            return Err(planned::published_already(book, &positions));
        }
    }
    for (book, file) in new.iter().zip(&files) {
        check_inside(book, file)?;
    }
    let timeline = check_together(&known, &new)?;
    say_beside(context, &known, &new, &files);
    let mut intake = Intake::new(ledger.clone(), Context::clock());
    let texts: Vec<&str> = new.iter().map(|book| book.text.as_str()).collect();
    let appended = match &plan {
        Some((plan, books)) => {
            let pool = crate::cli::whatif::pool(args.threads)?;
            planned::publish(context, &*ledger, &mut intake, plan, books, &pool).await?
        }
        None => crate::intake::publish(&mut intake, &texts, None).await?,
    };
    positions.extend(new.iter().map(label).zip(appended));
    let lines: Vec<Line<'_>> = books
        .iter()
        .map(|book| Line {
            id: &book.id,
            version: &book.version,
            effective_from: book.effective_from.to_string(),
            position: positions.get(&label(book)).copied().unwrap_or_default(),
            duplicate: duplicate(book),
        })
        .collect();
    match context.out.format(Format::Table) {
        Format::Table => {
            let text: String = lines.iter().map(|l| format!("{}\n", l.position)).collect();
            context.out.text(&text)?;
        }
        format => context.out.json(format, &lines)?,
    }
    for (line, book) in lines.iter().zip(&books) {
        let (name, position) = (label(book), line.position);
        if line.duplicate {
            context.out.say(format_args!(
                "`{name}` was published already, at position {position}"
            ));
            continue;
        }
        context
            .out
            .say(format_args!("`{name}` is published at position {position}"));
        if let Some(reach) = timeline.as_ref().and_then(|all| reach(all, book)) {
            context.out.say(reach);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a rulebook and says how doubtful it is; one with errors is refused.
fn read(context: &Context, path: &Path) -> Result<Rulebook, Failure> {
    let file = path.display().to_string();
    let check = format!("`standing rules check {file}` lists");
    let book =
        read_rulebook(path).map_err(|failure| failure.hint(format_args!("{check} everything")))?;
    checked(context, &book, &file, Some(&check))?;
    Ok(book)
}

/// Says how doubtful a rulebook is, and what to type to see it all, where there is such a thing; one with
/// errors is refused.
fn checked(
    context: &Context,
    book: &Rulebook,
    file: &str,
    check: Option<&str>,
) -> Result<(), Failure> {
    let found = lint(&book.text);
    if let Some(error) = found.iter().find(|f| f.severity == Severity::Error) {
        let (place, message) = (error.place, &error.message);
        let failure = Failure::new(format!("{file}:{place}: {message}"));
        return Err(match check {
            Some(check) => failure.hint(format_args!("{check} everything")),
            None => failure,
        });
    }
    let count = |severity| found.iter().filter(|f| f.severity == severity).count();
    let (warnings, notes) = (count(Severity::Warning), count(Severity::Note));
    if warnings + notes > 0 {
        let (warnings, notes) = (counted(warnings, "warning"), counted(notes, "note"));
        let say = &context.out;
        say.say(format_args!("`{file}` has {warnings} and {notes}"));
        if let Some(check) = check {
            say.hint(format_args!("{check} them"));
        }
    }
    Ok(())
}

/// Refuses a version whose own tests fail.
pub(in crate::cli) fn check_inside(book: &Rulebook, file: &str) -> Result<(), Failure> {
    let results = testing::run(book);
    let failed = results.iter().filter(|result| !result.passed()).count();
    if failed == 0 {
        return Ok(());
    }
    let message = format!("{failed} of the tests inside `{file}` fail; nothing is published");
    Err(Failure::new(message).hint(format_args!(
        "`standing rules test {file}` says which; a version cannot be taken back"
    )))
}

/// Says what is doubtful in the versions beside each other now that the new ones are among them:
/// no check of a file alone can find it.
fn say_beside(context: &Context, known: &[Rulebook], new: &[Rulebook], files: &[String]) {
    let before: Vec<VersionFinding> = lint_versions(known);
    let all: Vec<Rulebook> = known.iter().chain(new).cloned().collect();
    let mut hint = None;
    for mut found in lint_versions(&all) {
        if before.contains(&found) {
            continue;
        }
        // What to do is the same for each of them, so it is said once, at the end.
        hint = found.finding.hint.take().or(hint);
        let file = match found.index.checked_sub(known.len()) {
            Some(new) => files[new].clone(),
            None => label(&all[found.index]),
        };
        let line = check::line(None, &file, &found.finding);
        context.out.say(line.trim_end());
    }
    if let Some(hint) = hint {
        context.out.hint(hint);
    }
}

/// What a version changes that is past already: the months it judges from now on.
fn reach(timeline: &Timeline, book: &Rulebook) -> Option<String> {
    let versions = timeline.versions();
    let index = versions
        .iter()
        .position(|rules| rules.book.text == book.text)?;
    let rules = &versions[index];
    if rules.effective_from >= Context::now() {
        return None;
    }
    let zone = timeline.zone();
    let month = LocalMonth::beginning_from(zone.date(rules.effective_from));
    let from = book.effective_from;
    let name = label(book);
    let mut text = format!("`{name}` is effective from {from}, which is past: ");
    match versions[index + 1..].first() {
        Some(next) if next.effective_from == rules.effective_from => {
            text.push_str("a version published later holds from that day on, this one never");
            return Some(text);
        }
        Some(next) if zone.month_start(month) >= next.effective_from => {
            text.push_str(&format!(
                "it judges what came from then until {}, and no whole month",
                next.book.effective_from
            ));
        }
        Some(next) => text.push_str(&format!(
            "months from {month} until `{}` takes over are judged by it now",
            label(&next.book)
        )),
        None => text.push_str(&format!("months from {month} on are judged by it now")),
    }
    if index == 0 {
        text.push_str("; as the oldest version, also all before it");
    }
    Some(text)
}

/// Whether versions go with those there are and with each other; what they make together.
pub(in crate::cli) fn check_together(
    known: &[Rulebook],
    new: &[Rulebook],
) -> Result<Option<Timeline>, Failure> {
    published::together(known, new).map_err(|error| match error {
        TogetherError::Published(_) => Failure::new(error)
            .hint("what is published stays; give the changed rules a `version` of their own"),
        TogetherError::Twice(_) => Failure::new(error).hint("each version is published once"),
        TogetherError::Rules(error) => error.into(),
    })
}
