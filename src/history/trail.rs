//! The trail: events as they are shown to people, and what became of them since.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;
use standing_projections::event::{Kind, Outcome};
use standing_projections::facts::Retraction;
use standing_projections::retraction::{counting, disregarded};
use standing_projections::{Instant, Position};

use super::HistoryError;
use crate::ledger::{Ledger, StoreError, StoredEvent};

/// A line of the trail, its keys in their order.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Where it is in the log.
    pub position: Position,
    /// With `source`, the idempotency key.
    pub id: String,
    /// Who sent it.
    pub source: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When it happened.
    pub time: Instant,
    /// When the ledger took it.
    pub recordedtime: Instant,
    /// What it is about.
    pub subject: String,
    /// The developer that the subject is or belongs to.
    pub developer: Option<String>,
    /// Who appended it, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What the type asks for.
    pub data: Value,
    /// What it says in private, where that is asked for and still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Value>,
    /// The event that makes it disregarded.
    pub retracted_by: Option<Position>,
}

/// Events as lines of the trail, as far as is known up to a position.
///
/// # Errors
/// Where the log cannot be read, or holds what this version does not understand.
pub async fn lines(
    ledger: &dyn Ledger,
    page: Vec<StoredEvent>,
    private: bool,
    up_to: Position,
) -> Result<Vec<Line>, HistoryError> {
    let positions: Vec<Position> = page.iter().map(|stored| stored.position).collect();
    let private = match private {
        true => ledger.private(&positions).await?,
        false => vec![None; positions.len()],
    };
    let retracted_by = retracted_by(ledger, positions, up_to).await?;
    page.into_iter()
        .zip(private)
        .map(|(stored, private)| {
            let unreadable = |error: serde_json::Error| HistoryError::Unreadable {
                position: stored.position,
                reason: error.to_string(),
            };
            let body: Value = serde_json::from_str(&stored.json).map_err(unreadable)?;
            let private = private.map(|private| serde_json::from_str(&private.content));
            Ok(Line {
                position: stored.position,
                private: private.transpose().map_err(unreadable)?,
                id: stored.id,
                source: stored.source,
                kind: stored.kind,
                time: stored.time,
                recordedtime: stored.recordedtime,
                subject: stored.subject,
                developer: stored.developer,
                actor: body.get("actor").and_then(Value::as_str).map(str::to_owned),
                data: body.get("data").cloned().unwrap_or(Value::Null),
                retracted_by: retracted_by.get(&stored.position).copied(),
            })
        })
        .collect()
}

/// For each event that is disregarded, by what is known up to a position, the first event that makes it so.
///
/// A retraction may be retracted itself, so those aimed at the retractions are read too.
async fn retracted_by(
    ledger: &dyn Ledger,
    of: Vec<Position>,
    up_to: Position,
) -> Result<HashMap<Position, Position>, StoreError> {
    let mut retractions: Vec<Retraction> = Vec::new();
    let mut seen: HashSet<Position> = HashSet::new();
    let mut asked = of;
    while !asked.is_empty() {
        let aimed = ledger.targeting(&asked).await?;
        asked.clear();
        for stored in aimed {
            if let Some(target) = stored.target
                && stored.position <= up_to
                && takes_back(&stored)
                && seen.insert(stored.position)
            {
                retractions.push(Retraction {
                    position: stored.position,
                    target,
                });
                asked.push(stored.position);
            }
        }
    }
    let counting = counting(&retractions, up_to, &disregarded(&retractions, up_to));
    let by = counting.iter();
    Ok(by
        .map(|retraction| (retraction.target, retraction.position))
        .collect())
}

/// Whether it is a retraction, or an appeal that was granted.
fn takes_back(stored: &StoredEvent) -> bool {
    match stored.kind {
        Kind::EventRetracted => true,
        Kind::AppealDecided => serde_json::from_str::<Value>(&stored.json)
            .is_ok_and(|body| body["data"]["outcome"] == Outcome::Granted.as_str()),
        _ => false,
    }
}
