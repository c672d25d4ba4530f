//! `standing decide` and `standing decisions`: decisions that are asked of the state so far, and what waits
//! for one.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use standing_projections::Position;
use standing_projections::event::Kind;
use standing_projections::questions::Effect;

use super::Context;
use super::failure::Failure;
use super::output::{Format, table};
use super::record::object;
use crate::desk::decisions::{DecideError, Decided, Decision, Decisions, KINDS};
use crate::intake::csv::cell;
use crate::words::{field, value};

/// Take a decision, if it is legal now, and print the positions of its events
///
/// Unlike `record`, which takes facts as they come, it asks the state so far: an appeal is filed in time and
/// decided by somebody who took no part; a measure or a grading changes something; taking an app offline and
/// ending a cooperation are proposed and confirmed by a second person.
#[derive(Debug, Args)]
#[command(after_long_help = vocabulary())]
pub(super) struct DecideArgs {
    /// The event's type, such as `appeal.decided`
    #[arg(value_name = "TYPE")]
    kind: Kind,
    /// Whom it is about: a developer, an app; or the event that it speaks of, by its position (`@17`)
    #[arg(value_name = "SUBJECT-or-@POSITION")]
    about: String,
    /// What it carries: `outcome=granted`, `measures=warning;close_app`
    #[arg(value_name = "KEY=VALUE")]
    data: Vec<String>,
    /// What it says in private, which can be erased later
    #[arg(long, value_name = "KEY=VALUE")]
    private: Vec<String>,
    /// Who decides
    #[arg(long)]
    actor: String,
    /// What makes asking again safe: the same key is the same decision
    #[arg(long)]
    key: Option<String>,
    /// Show what it would change, and append nothing
    #[arg(long)]
    dry_run: bool,
}

/// List the proposals that wait for a second person and the appeals that wait for a decision
#[derive(Debug, Args)]
pub(super) struct DecisionsArgs {}

fn vocabulary() -> String {
    let each = KINDS.map(|kind| format!("  {kind:20} {}\n", kind.fields()));
    format!("What is decided, and the keys of each:\n{}", each.concat())
        + "\n`event.id` and `event.source` follow from `@POSITION`."
}

/// What a decision would change.
#[derive(Serialize)]
struct Changes {
    changes: Vec<Box<RawValue>>,
    ranks: Vec<Box<RawValue>>,
}

pub(super) async fn run(context: &Context, args: DecideArgs) -> Result<ExitCode, Failure> {
    let (subject, about) = match args.about.strip_prefix('@') {
        None => (Some(args.about.clone()), None),
        Some(position) => {
            let position = position.parse().map_err(|_| {
                Failure::new(format!("`{}` is no position", args.about)).hint("such as `@17`")
            })?;
            (None, Some(Position(position)))
        }
    };
    let private = match args.private.is_empty() {
        true => None,
        false => Some(object(&args.private, |_, text| text.into())?),
    };
    let decision = Decision {
        kind: args.kind,
        subject,
        about,
        data: object(&args.data, cell)?,
        private,
        actor: args.actor,
        key: args.key,
        only: None,
    };
    let decisions = Decisions::new(context.open().await?, Context::clock());
    if args.dry_run {
        return match decisions.try_out(&decision, None).await {
            Ok(effect) => show(context, &effect).map(|()| ExitCode::SUCCESS),
            Err(error) => not_taken(context, error),
        };
    }
    match decisions.take(&decision).await {
        Ok(Decided::Appended(positions)) => {
            let lines = positions.iter().map(|position| format!("{position}\n"));
            context.out.text(&lines.collect::<String>())?;
        }
        Ok(Decided::Duplicate(position)) => {
            context.out.say("the same decision was there already");
            context.out.text(&format!("{position}\n"))?;
        }
        Err(error) => return not_taken(context, error),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says why a decision was not taken: what is refused with code 2, what failed with 1.
fn not_taken(context: &Context, error: DecideError) -> Result<ExitCode, Failure> {
    let failure = match &error {
        DecideError::Illegal(illegal) => {
            let legal = match illegal.legal_now.is_empty() {
                true => "nothing".to_owned(),
                false => illegal.legal_now.join(", "),
            };
            Failure::new(illegal)
                .hint(format!("the state: {}", illegal.state))
                .hint(format!("legal now: {legal}"))
        }
        DecideError::Refused(refusal) if refusal.pointer.is_empty() => Failure::new(refusal),
        DecideError::Refused(refusal) => {
            Failure::new(format!("{refusal} (at {})", refusal.pointer))
        }
        DecideError::NoDecision(kind) => {
            Failure::new(&error).hint(format!("`standing record {kind}` records it"))
        }
        DecideError::NoSuchPosition(_) | DecideError::Foreign | DecideError::KeyConflict(_) => {
            Failure::new(&error)
        }
        _ => return Err(Failure::new(error)),
    };
    context.out.failure(&failure);
    Ok(ExitCode::from(2))
}

/// Shows what a decision would change.
fn show(context: &Context, effect: &Effect) -> Result<(), Failure> {
    let (moved, ranks) = (effect.moved(), effect.ranks());
    match context.out.format(Format::Json) {
        Format::Table => {
            let mut rows = table(["SUBJECT", "WHAT", "FROM", "TO"]);
            for one in &moved {
                rows.add_row([
                    one.subject().to_owned(),
                    field(&one.key.field),
                    value(one.from.as_ref()),
                    value(one.to.as_ref()),
                ]);
            }
            let rank =
                |rank: Option<u64>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            for one in &ranks {
                rows.add_row([
                    one.app.to_owned(),
                    "rank".to_owned(),
                    rank(one.from),
                    rank(one.to),
                ]);
            }
            if rows.is_empty() {
                return context.out.text("nothing would be otherwise\n");
            }
            context.out.table(&rows)
        }
        format => {
            let changes = Changes {
                changes: moved.iter().map(to_raw_value).collect::<Result<_, _>>()?,
                ranks: ranks.iter().map(to_raw_value).collect::<Result<_, _>>()?,
            };
            context.out.json(format, &[changes])
        }
    }
}

pub(super) async fn list(context: &Context, _: DecisionsArgs) -> Result<ExitCode, Failure> {
    let decisions = Decisions::new(context.open().await?, Context::clock());
    let waiting = decisions.waiting().await.map_err(Failure::new)?;
    match context.out.format(Format::Jsonl) {
        Format::Table => {
            let mut rows = table(["POSITION", "WAITS", "SUBJECT", "ABOUT", "BY", "SINCE"]);
            for one in &waiting {
                rows.add_row([
                    one.position.to_string(),
                    one.kind.to_string(),
                    one.subject.clone(),
                    one.about.map(|at| format!("@{at}")).unwrap_or_default(),
                    one.actor.clone().unwrap_or_default(),
                    one.since.to_string(),
                ]);
            }
            context.out.table(&rows)?;
        }
        format => context.out.json(format, &waiting)?,
    }
    if waiting.is_empty() {
        context.out.say("nothing waits for a decision");
    }
    Ok(ExitCode::SUCCESS)
}
