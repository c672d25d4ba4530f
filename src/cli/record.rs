//! `standing record`: one event.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use standing_projections::event::Kind;
use standing_projections::{Instant, Refusal};

use super::Context;
use super::failure::Failure;
use super::import::admit_failure;
use crate::intake::csv::{cell, set_path};
use crate::intake::{Intake, Outcome, check_event};

/// Append one event and print its position
#[derive(Debug, Args)]
#[command(after_long_help = vocabulary())]
pub(super) struct RecordArgs {
    /// The event's type, such as `violation.found`
    #[arg(value_name = "TYPE")]
    kind: Kind,
    /// What it is about: a developer, an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// What it carries: `code=bulk_scraping`, `event.id=17`, `measures=warning;close_app`
    ///
    /// Lists are parted by `;`. An event that another speaks of is named by its id and source, which
    /// `standing audit --format jsonl` shows.
    #[arg(value_name = "KEY=VALUE")]
    data: Vec<String>,
    /// What it says in private, which can be erased later: `complainant.name="Li Lei"`
    #[arg(long, value_name = "KEY=VALUE")]
    private: Vec<String>,
    /// When it happened (default: now)
    #[arg(long, value_name = "T")]
    time: Option<Instant>,
    /// With the source, the idempotency key (default: a new one)
    #[arg(long)]
    id: Option<String>,
    /// Who sends it
    #[arg(long, default_value = "/standing/cli")]
    source: String,
    /// Who acted
    #[arg(long)]
    actor: Option<String>,
}

/// The types of events and what each carries.
fn vocabulary() -> String {
    let mut text = "Types of events, and the keys of each:\n".to_owned();
    for kind in Kind::ALL {
        let _ = writeln!(text, "  {kind:24} {}", kind.fields());
    }
    text + "\nCodes of violations, behaviours and rejection reasons: `standing rules show`."
}

pub(super) async fn run(context: &Context, args: RecordArgs) -> Result<ExitCode, Failure> {
    let mut event = json!({
        "specversion": "1.0",
        "id": args.id.unwrap_or_else(new_id),
        "source": args.source,
        "type": args.kind,
        "time": args.time.unwrap_or_else(Context::now),
        "subject": args.subject,
        "data": object(&args.data, cell)?,
    });
    if !args.private.is_empty() {
        event["private"] = object(&args.private, |_, text| text.into())?.into();
    }
    if let Some(actor) = args.actor {
        event["actor"] = actor.into();
    }
    append(context, event).await
}

/// The object that pairs of keys and values make.
pub(super) fn object(
    pairs: &[String],
    cell: impl Fn(&str, &str) -> Value,
) -> Result<Map<String, Value>, Failure> {
    let mut object = Map::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::new(format!("`{pair}` is no `key=value`"))
                .hint("such as `code=bulk_scraping`; quote what has spaces")
        })?;
        set_path(&mut object, key, cell(key, value))
            .map_err(|error| Failure::new(format!("`{key}`: {error}")))?;
    }
    Ok(object)
}

/// A new id, for an event that came without one.
pub(super) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Appends an event and prints its position.
pub(super) async fn append(context: &Context, event: Value) -> Result<ExitCode, Failure> {
    let Value::Object(body) = event else {
        return Err(Failure::new("an event is an object"));
    };
    let body = match check_event(body) {
        Ok(body) => body,
        Err(unreadable) => return Ok(refused(context, &unreadable.refusal)),
    };
    let mut intake = Intake::new(context.open().await?, Context::clock());
    match intake.record(body).await.map_err(admit_failure)? {
        Outcome::Appended(position) => context.out.text(&format!("{position}\n"))?,
        Outcome::Duplicate(position) => {
            context.out.say("the same event was there already");
            context.out.text(&format!("{position}\n"))?;
        }
        Outcome::Refused(rejected) => return Ok(refused(context, &rejected.refusal)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says why an event is refused.
fn refused(context: &Context, refusal: &Refusal) -> ExitCode {
    let at = if refusal.pointer.is_empty() {
        String::new()
    } else {
        format!(" (at {})", refusal.pointer)
    };
    let message = format_args!("{refusal}{at}");
    context.out.failure(&Failure::new(message));
    ExitCode::from(2)
}
