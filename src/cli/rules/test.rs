//! `standing rules test`: the tests inside rulebooks.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::Rulebook;
use standing_projections::rulebook::testing::{self, TestResult};

use super::{counted, named};
use crate::cli::Context;
use crate::cli::ask::parse_rulebook;
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Out};
use standing_projections::text::one_line;

/// Run the tests inside rulebooks
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The files (or presets, as `preset:weibo`)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

/// What a test came to, with the file it is in.
#[derive(Serialize)]
struct Ran {
    file: String,
    passed: bool,
    #[serde(flatten)]
    result: TestResult,
}

pub(super) fn run(context: &Context, args: &TestArgs) -> Result<ExitCode, Failure> {
    let mut books: Vec<(String, Rulebook)> = Vec::new();
    for named in named::texts(&args.files)? {
        let book = parse_rulebook(Path::new(&named.label), &named.text)?;
        books.push((named.label, book));
    }
    let mut ran: Vec<Ran> = Vec::new();
    for (file, book) in &books {
        if book.tests.is_empty() {
            context.out.say(format_args!("`{file}` has no tests"));
        }
        ran.extend(testing::run(book).into_iter().map(|result| Ran {
            file: file.clone(),
            passed: result.passed(),
            result,
        }));
    }
    match context.out.format(Format::Table) {
        Format::Table => {
            let lines: String = ran.iter().map(|ran| lines(&context.out, ran)).collect();
            context.out.text(&lines)?;
        }
        format => context.out.json(format, &ran)?,
    }
    let failed = ran.iter().filter(|ran| !ran.passed).count();
    if ran.is_empty() {
        let hint = "tests are the `[[tests]]` of a rulebook; \
                    `standing rules show preset:weibo --toml` prints some";
        return Err(Failure::new("there is no test to run").hint(hint));
    }
    let summary = match failed {
        0 => "all passed".to_owned(),
        failed => format!("{failed} failed"),
    };
    context
        .out
        .say(format_args!("{}: {summary}", counted(ran.len(), "test")));
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// A line for each test; for one that failed, a line more for each thing that came otherwise.
fn lines(out: &Out, ran: &Ran) -> String {
    let result = &ran.result;
    let (file, line, name) = (&ran.file, result.place.line, one_line(&result.name));
    if ran.passed {
        return format!("{}     {file}:{line}: {name}\n", out.paint(32, "ok"));
    }
    let mut lines = format!("{} {file}:{line}: {name}\n", out.paint(31, "FAILED"));
    let mut say = |what: String| {
        lines.push_str("         ");
        lines.push_str(&one_line(&what));
        lines.push('\n');
    };
    if let Some(problem) = &result.problem {
        say(problem.clone());
    }
    for mismatch in &result.mismatches {
        say(format!(
            "{}: expected {}, got {}",
            mismatch.field, mismatch.expected, mismatch.got
        ));
    }
    if let Some(clause) = &result.clause {
        say(format!("clause: {clause}"));
    }
    lines
}
