//! `standing rules check`: what is wrong or doubtful in rulebooks.
//!
//! Findings are the data, one a line with its hint below, on a terminal and in a pipe alike: that
//! is what editors and build logs read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::Rulebook;
use standing_projections::rulebook::lint::{Finding, Severity, lint, lint_versions};

use super::counted;
use super::named::{self, NamedText};
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Out};
use standing_projections::text::one_line;

/// Look for errors and doubtful rules in rulebooks; several versions also beside each other
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The files (or presets, as `preset:weibo`)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// A finding with the file it is in.
#[derive(Serialize)]
struct Found<'a> {
    file: &'a str,
    #[serde(flatten)]
    finding: Finding,
}

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<ExitCode, Failure> {
    let texts = named::texts(&args.files)?;
    let found = look(&texts);
    match context.out.format(Format::Table) {
        Format::Table => {
            let lines: String = found
                .iter()
                .map(|found| line(Some(&context.out), found.file, &found.finding))
                .collect();
            context.out.text(&lines)?;
        }
        format => context.out.json(format, &found)?,
    }
    let count = |severity| {
        let findings = found.iter();
        findings.filter(|f| f.finding.severity == severity).count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    context.out.say(format_args!(
        "{}: {}, {}, {}",
        counted(texts.len(), "rulebook"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(count(Severity::Note), "note")
    ));
    if errors > 0 || (args.deny_warnings && warnings > 0) {
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is found in each text, and in each beside the others of its id, in the order given.
fn look(texts: &[NamedText]) -> Vec<Found<'_>> {
    let mut of_text: Vec<Vec<Finding>> = texts.iter().map(|named| lint(&named.text)).collect();
    let mut by_id: BTreeMap<String, (Vec<usize>, Vec<Rulebook>)> = BTreeMap::new();
    for (index, named) in texts.iter().enumerate() {
        if let Ok(book) = Rulebook::parse(&named.text) {
            let (indices, books) = by_id.entry(book.id.clone()).or_default();
            indices.push(index);
            books.push(book);
        }
    }
    for (indices, books) in by_id.values() {
        for found in lint_versions(books) {
            of_text[indices[found.index]].push(found.finding);
        }
    }
    let mut all = Vec::new();
    for (named, mut findings) in texts.iter().zip(of_text) {
        findings.sort_by_key(|finding| (finding.severity, finding.place));
        all.extend(findings.into_iter().map(|finding| Found {
            file: &named.label,
            finding,
        }));
    }
    all
}

/// `file:line:column: severity[rule]: message`, and the hint on a line of its own; in colour where
/// it is for stdout.
pub(super) fn line(stdout: Option<&Out>, file: &str, finding: &Finding) -> String {
    let colour = match finding.severity {
        Severity::Error => 31,
        Severity::Warning => 33,
        Severity::Note => 36,
    };
    let what = format!("{}[{}]", finding.severity, finding.rule);
    let what = stdout.map_or_else(|| what.clone(), |out| out.paint(colour, &what));
    let message = one_line(&finding.message);
    let mut line = format!("{file}:{}: {what}: {message}\n", finding.place);
    if let Some(hint) = &finding.hint {
        let _ = writeln!(line, "  hint: {}", one_line(hint));
    }
    line
}
