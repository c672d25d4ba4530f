//! `standing init`: a new ledger, with the rulebooks it begins with.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};
use standing_projections::rulebook::preset;
use standing_projections::{Instant, Rulebook};

use super::Context;
use super::ask::read_rulebook;
use super::failure::Failure;
use super::import::admit_failure;
use crate::intake::{Intake, Outcome, Trust, sha256_hex};
use crate::ledger::{Ledger, OpenMode, SqliteLedger};

/// Who publishes the rulebooks that the command line does.
const SOURCE: &str = "/standing/rulebooks";

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
    let path = context.path()?;
    let texts: Vec<String> = match &args.preset {
        Some(name) => preset::named(name)
            .unwrap_or_default()
            .iter()
            .map(|t| (*t).into())
            .collect(),
        None => {
            let books: Result<Vec<Rulebook>, Failure> =
                args.rules.iter().map(|file| read_rulebook(file)).collect();
            books?.into_iter().map(|book| book.text).collect()
        }
    };
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&path, OpenMode::Create).await?);
    if ledger.head().await?.position.0 > 0 {
        let message = format!("`{}` is a ledger with events already", path.display());
        return Err(
            Failure::new(message).hint("`standing rules publish FILE` adds a version of the rules")
        );
    }
    publish(ledger, &texts, args.recorded_time).await?;
    context.out.say(format_args!(
        "made `{}`, {} rulebooks published",
        path.display(),
        texts.len()
    ));
    if texts.is_empty() {
        context
            .out
            .hint("publish a rulebook before anything else: `standing rules publish FILE`");
    }
    Ok(ExitCode::SUCCESS)
}

/// Publishes versions of a rulebook as events, all of them or none.
pub(super) async fn publish(
    ledger: Arc<dyn Ledger>,
    texts: &[String],
    recorded_time: Option<Instant>,
) -> Result<(), Failure> {
    let at = recorded_time.unwrap_or_else(Context::now);
    let mut bodies: Vec<Map<String, Value>> = Vec::new();
    for text in texts {
        let book = Rulebook::parse(text).map_err(|error| Failure::new(&error))?;
        let event = json!({
            "specversion": "1.0",
            "id": format!("{}@{}", book.id, book.version),
            "source": SOURCE,
            "type": "rulebook.published",
            "time": at,
            "recordedtime": at,
            "subject": book.id,
            "data": {"version": book.version, "toml": text, "sha256": sha256_hex(text)},
        });
        if let Value::Object(body) = event {
            bodies.push(body);
        }
    }
    let trust = if recorded_time.is_some() {
        Trust::Events
    } else {
        Trust::Clock
    };
    let mut intake = Intake::new(ledger, Context::clock());
    let outcomes = intake.admit(&bodies, trust).await.map_err(admit_failure)?;
    match outcomes.into_iter().find_map(|outcome| match outcome {
        Outcome::Refused(refusal) => Some(refusal),
        _ => None,
    }) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}
