//! The made history, in a ledger that has nothing else in it.

use std::sync::Arc;

use standing_projections::rulebook::preset;

use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::intake::{Candidate, Intake, Outcome, Source, Trust, publish};
use crate::ledger::{Ledger, Location, OpenMode};

/// The made history.
const HISTORY: &str = include_str!("../../../examples/history.jsonl");
/// When the rulebooks of the demo are recorded: before anything else.
const PUBLISHED: &str = "2013-01-01T00:00:00Z";

/// A ledger with the preset's rulebooks and the made history in it.
pub(in crate::cli) async fn make(
    context: &Context,
    at: &Location,
) -> Result<Arc<dyn Ledger>, Failure> {
    let ledger = context.open_at(at, OpenMode::Create).await?;
    if ledger.head().await?.position.0 > 0 {
        let message = format!("`{at}` is a ledger with events already");
        return Err(Failure::new(message).hint("name one that is not there yet"));
    }
    fill(&mut Intake::new(ledger.clone(), Context::clock())).await?;
    Ok(ledger)
}

/// Takes the preset's rulebooks and the made history into a ledger.
pub(in crate::cli) async fn fill(intake: &mut Intake) -> Result<(), Failure> {
    let published = PUBLISHED.parse().map_err(Failure::new)?;
    let texts = preset::named("weibo").unwrap_or_default();
    publish(intake, texts, Some(published)).await?;
    let source = Source::from_reader("history.jsonl", HISTORY.as_bytes()).map_err(Failure::new)?;
    let mut batch: Vec<Candidate> = Vec::new();
    for record in source {
        let record = record.map_err(Failure::new)?;
        let body = record.body.map_err(|unreadable| unreadable.refusal)?;
        batch.push(Candidate::new(body));
    }
    for outcome in intake.admit(batch, Trust::Events).await? {
        if let Outcome::Refused(rejected) = outcome {
            return Err(rejected.refusal.into());
        }
    }
    Ok(())
}
