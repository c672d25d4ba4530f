//! `standing retract`: an event taken back by another.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use standing_projections::Position;

use super::failure::Failure;
use super::{Context, record};
use crate::ledger::{Ledger, Query, StoredEvent};

/// Take an event back: it is disregarded from then on, and stays in the log
#[derive(Debug, Args)]
pub(super) struct RetractArgs {
    /// The event's position
    #[arg(value_name = "POSITION")]
    position: u64,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who acted
    #[arg(long)]
    actor: Option<String>,
}

pub(super) async fn run(context: &Context, args: RetractArgs) -> Result<ExitCode, Failure> {
    let target = at(&*context.open().await?, Position(args.position)).await?;
    let mut event = json!({
        "specversion": "1.0",
        "id": record::new_id(),
        "source": "/standing/cli",
        "type": "event.retracted",
        "time": Context::now(),
        "subject": target.subject,
        "data": {"event": {"id": target.id, "source": target.source}, "reason": args.reason},
    });
    if let Some(actor) = args.actor {
        event["actor"] = actor.into();
    }
    record::append(context, event).await
}

/// The event at a position.
pub(super) async fn at(ledger: &dyn Ledger, position: Position) -> Result<StoredEvent, Failure> {
    let before = Position(position.0.saturating_sub(1));
    let query = Query {
        after: before,
        up_to: Some(position),
        limit: 1,
        ..Query::default()
    };
    let found = ledger.read(&query).await?.into_iter().next();
    match found {
        Some(stored) => Ok(stored),
        None => {
            let head = ledger.head().await?.position;
            let message = format!("there is no event at position {position}; the last is {head}");
            Err(Failure::new(message))
        }
    }
}
