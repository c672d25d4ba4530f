//! The plan of what was reviewed.

use standing_projections::Rulebook;

use crate::cli::failure::Failure;
use crate::ledger::Ledger;
use crate::proof::hash_to_text;
use crate::proof::log::tree_head;
use crate::whatif::report::summaries;
use crate::whatif::{Answer, Asked, FORMAT, Found, Ground, Held, LogAt, Plan, Text, known};

/// The plan of what was reviewed.
pub(super) async fn reviewed(
    ledger: &dyn Ledger,
    ground: &Ground<'_>,
    given: &[Rulebook],
    answer: &Answer<'_>,
) -> Result<Plan, Failure> {
    let known_at = ground.known_at;
    let head = tree_head(ledger, known_at.0).await.map_err(Failure::new)?;
    let summary = summaries(ground, answer, false)?.into_iter();
    let summary = summary.map(serde_json::to_value);
    let baseline = known(ground.history, known_at)?;
    let plan = Plan {
        format: FORMAT.to_owned(),
        log: LogAt {
            known_at,
            root: hash_to_text(head.root),
        },
        question: Asked {
            as_of: ground.as_of.clone(),
            from: ground.from,
        },
        baseline: baseline
            .iter()
            .map(|(position, book)| Held::of(*position, book))
            .collect(),
        rulebooks: given.iter().map(Text::of).collect(),
        outcome: Found {
            sha256: answer.sha256.clone().unwrap_or_default(),
            summary: summary.collect::<Result<_, _>>()?,
        },
        sha256: String::new(),
    };
    plan.seal().map_err(Failure::new)
}
