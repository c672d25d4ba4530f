//! What takes a look elsewhere: the events that others speak of, and what is kept beside the log.

use standing_projections::Position;
use standing_projections::event::Kind;

use super::PrivateChecked;
use super::finding::{Finding, Findings, Problem};
use super::row::{Committed, Ref};
use crate::ledger::{Key, Ledger, StoreError};

/// Checks that the rows of events that speak of others have those others' positions.
pub(super) async fn targets(
    ledger: &dyn Ledger,
    refs: &[Ref],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if refs.is_empty() {
        return Ok(());
    }
    let named = refs.iter().filter_map(|each| each.key.as_ref());
    let keys: Vec<Key<'_>> = named.map(|(source, id)| Key { source, id }).collect();
    let mut positions = positions(ledger, &keys).await?.into_iter();
    for each in refs {
        let found = each.key.as_ref().and_then(|_| positions.next().flatten());
        let target = each.target.map(|target| Position(target.cast_unsigned()));
        if found != target {
            let says = |position: Option<Position>| {
                position.map_or_else(|| "none".to_owned(), |position| position.to_string())
            };
            let (stored, event) = (says(target), says(found));
            let problem = Problem::Column {
                column: "target",
                stored,
                event,
            };
            findings.add(Finding::at(each.position, problem));
        }
    }
    let erasures: Vec<&Ref> = refs.iter().filter(|each| each.erases).collect();
    let targets = erasures.iter().filter_map(|each| each.target);
    let targets: Vec<Position> = targets.map(|at| Position(at.cast_unsigned())).collect();
    let left = ledger.private(&targets).await?;
    let with_target = erasures.iter().filter(|each| each.target.is_some());
    for ((erasure, target), left) in with_target.zip(targets).zip(left) {
        if left.is_some() {
            let by = erasure.position;
            findings.add(Finding::at(target, Problem::NotErased { by }));
        }
    }
    Ok(())
}

/// Where the events of these keys are; nowhere, where what is found there cannot be read, which is
/// said of its own position.
async fn positions(
    ledger: &dyn Ledger,
    keys: &[Key<'_>],
) -> Result<Vec<Option<Position>>, StoreError> {
    let position = |found: Vec<Option<crate::ledger::StoredEvent>>| {
        found
            .into_iter()
            .map(|event| event.map(|event| event.position))
            .collect::<Vec<_>>()
    };
    match ledger.find(keys).await {
        Err(StoreError::Damaged { .. }) => {}
        found => return found.map(position),
    }
    let mut positions = Vec::with_capacity(keys.len());
    for key in keys {
        positions.push(match ledger.find(&[*key]).await {
            Err(StoreError::Damaged { .. }) => None,
            found => found.map(position)?.pop().flatten(),
        });
    }
    Ok(positions)
}

/// Compares what is kept beside the log with what the log commits to.
pub(super) async fn private(
    ledger: &dyn Ledger,
    committed: &[Committed],
    counts: &mut PrivateChecked,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let positions: Vec<Position> = committed.iter().map(|each| each.position).collect();
    let kept = ledger.private(&positions).await?;
    let mut missing = Vec::new();
    for (each, kept) in committed.iter().zip(kept) {
        let problem = match (&each.commitment, kept) {
            (None, None) => continue,
            (None, Some(_)) => Problem::PrivateUnknown,
            (Some(_), None) => {
                missing.push(each.position);
                continue;
            }
            (Some(commitment), Some(kept)) if kept.commitment() == *commitment => {
                counts.checked += 1;
                continue;
            }
            (Some(_), Some(_)) => Problem::Private,
        };
        findings.add(Finding::at(each.position, problem));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let speaking = ledger.targeting(&missing).await?;
    let erasures = speaking
        .iter()
        .filter(|event| event.kind == Kind::PrivateErased);
    let mut erased: Vec<Position> = erasures.filter_map(|event| event.target).collect();
    erased.sort_unstable();
    erased.dedup();
    counts.erased += erased.len() as u64;
    counts.absent += (missing.len() - erased.len().min(missing.len())) as u64;
    Ok(())
}
