//! `standing erase`: what events say in private, deleted with its key; the events themselves stay.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use standing_projections::Position;

use super::failure::Failure;
use super::import::admit_failure;
use super::output::{Format, table};
use super::{Context, record, retract};
use crate::intake::{Candidate, Intake, Outcome, Trust};
use crate::ledger::{Ledger, Query, StoreError, StoredEvent};

/// How many events are read, and erased, at a time.
const PAGE: usize = 1_000;

/// Erase what events say in private; the events, their proofs and every answer stay as they are
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// The events' positions
    #[arg(value_name = "POSITION", required_unless_present = "subject")]
    positions: Vec<u64>,
    /// All events about this developer or app
    #[arg(long, value_name = "S", conflicts_with = "positions")]
    subject: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who acted
    #[arg(long)]
    actor: Option<String>,
}

/// An event, and the event that erases what it says in private.
#[derive(serde::Serialize)]
struct Erased {
    position: Position,
    erased_by: Position,
}

pub(super) async fn run(context: &Context, args: EraseArgs) -> Result<ExitCode, Failure> {
    let ledger = context.open().await?;
    let mut targets = Vec::new();
    match &args.subject {
        Some(subject) => targets = about(&*ledger, subject).await?,
        None => {
            for position in &args.positions {
                targets.push(retract::at(&*ledger, Position(*position)).await?);
            }
        }
    }
    let asked = targets.len();
    let targets = with_private(&*ledger, targets).await?;
    if targets.len() < asked && args.subject.is_none() {
        let nothing = asked - targets.len();
        context.out.say(format_args!(
            "{nothing} of {asked} say nothing in private, or no longer"
        ));
    }
    let mut intake = Intake::new(ledger.clone(), Context::clock());
    let mut erased = Vec::new();
    for targets in targets.chunks(PAGE) {
        erased.extend(erase(&mut intake, targets, &args).await?);
    }
    // Even where there was nothing: an erasure that was stopped half way is finished so.
    match ledger.scrub().await {
        Ok(()) => {}
        Err(StoreError::Busy { .. }) => context.out.hint(
            "others still read what was there before, and its bytes stay in the ledger's files \
             until they have done: run the same command again then",
        ),
        Err(error) => return Err(error.into()),
    }
    print(context, &erased)?;
    Ok(ExitCode::SUCCESS)
}

fn print(context: &Context, erased: &[Erased]) -> Result<(), Failure> {
    let format = context.out.format(Format::Jsonl);
    if format != Format::Table {
        return context.out.json(format, erased);
    }
    let mut table = table(["POSITION", "ERASED BY"]);
    for erased in erased {
        table.add_row([erased.position.0, erased.erased_by.0]);
    }
    context.out.table(&table)
}

/// Appends the erasures of these events, which deletes what they say in private.
async fn erase(
    intake: &mut Intake,
    targets: &[StoredEvent],
    args: &EraseArgs,
) -> Result<Vec<Erased>, Failure> {
    let bodies = targets.iter().map(|target| {
        let mut event = json!({
            "specversion": "1.0",
            "id": record::new_id(),
            "source": "/standing/cli",
            "type": "private.erased",
            "time": Context::now(),
            "subject": target.subject,
            "data": {"event": {"id": target.id, "source": target.source}, "reason": args.reason},
        });
        if let Some(actor) = &args.actor {
            event["actor"] = actor.as_str().into();
        }
        event
    });
    let batch = bodies.filter_map(|body| match body {
        Value::Object(body) => Some(Candidate::new(body)),
        _ => None,
    });
    let outcomes = intake.admit(batch.collect(), Trust::Clock).await;
    let outcomes = outcomes.map_err(admit_failure)?;
    let mut erased = Vec::new();
    for (target, outcome) in targets.iter().zip(outcomes) {
        match outcome {
            Outcome::Appended(erased_by) | Outcome::Duplicate(erased_by) => erased.push(Erased {
                position: target.position,
                erased_by,
            }),
            Outcome::Refused(rejected) => {
                let (position, refusal) = (target.position, rejected.refusal);
                let message = format!("the event at position {position} is not erased: {refusal}");
                return Err(Failure::new(message));
            }
        }
    }
    Ok(erased)
}

/// The events about a subject.
async fn about(ledger: &dyn Ledger, subject: &str) -> Result<Vec<StoredEvent>, Failure> {
    let mut query = Query {
        subjects: vec![subject.to_owned()],
        limit: PAGE,
        ..Query::default()
    };
    let mut events: Vec<StoredEvent> = Vec::new();
    let mut any = false;
    loop {
        let page = ledger.read(&query).await?;
        any |= !page.is_empty();
        let (read, last) = (page.len(), page.last().map(|stored| stored.position));
        events.extend(with_private(ledger, page).await?);
        match last {
            Some(last) if read == PAGE => query.after = last,
            _ if any => return Ok(events),
            _ => return Err(Failure::new(format!("no event is about `{subject}`"))),
        }
    }
}

/// Those of the events that say something in private.
async fn with_private(
    ledger: &dyn Ledger,
    events: Vec<StoredEvent>,
) -> Result<Vec<StoredEvent>, Failure> {
    let positions: Vec<Position> = events.iter().map(|stored| stored.position).collect();
    let private = ledger.private(&positions).await?;
    let both = events.into_iter().zip(private);
    let kept = both.filter(|(_, private)| private.is_some());
    Ok(kept.map(|(stored, _)| stored).collect())
}
