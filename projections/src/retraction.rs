//! Which events are disregarded (SPEC §2).

use crate::event::Position;
use crate::facts::Retraction;

/// The events that retractions known at a position make disregarded, ascending.
///
/// Walks them from the highest position down: one that is not itself disregarded makes its target
/// disregarded. A target is always below its retraction, so one walk settles all.
#[must_use]
pub fn disregarded(retractions: &[Retraction], known_at: Position) -> Vec<Position> {
    let mut known: Vec<Retraction> = retractions
        .iter()
        .copied()
        .filter(|r| r.position <= known_at)
        .collect();
    known.sort_unstable_by_key(|retraction| std::cmp::Reverse(retraction.position));
    let mut disregarded = std::collections::BTreeSet::new();
    for retraction in known {
        if !disregarded.contains(&retraction.position) {
            disregarded.insert(retraction.target);
        }
    }
    disregarded.into_iter().collect()
}

/// The retractions that count: those known at a position that are not disregarded themselves, one for
/// each event that is, the first, by target. `disregarded` is what [`disregarded`] gives for that
/// position.
#[must_use]
pub fn counting(
    retractions: &[Retraction],
    known_at: Position,
    disregarded: &[Position],
) -> Vec<Retraction> {
    let known = retractions.iter().copied().filter(|retraction| {
        retraction.position <= known_at && disregarded.binary_search(&retraction.position).is_err()
    });
    let mut counting: Vec<_> = known.collect();
    counting.sort_by_key(|retraction| (retraction.target, retraction.position));
    counting.dedup_by_key(|retraction| retraction.target);
    counting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retracted_retraction_disregards_nothing() {
        let retraction = |position, target| Retraction {
            position: Position(position),
            target: Position(target),
        };
        let all = [retraction(5, 2), retraction(6, 5), retraction(7, 3)];
        assert_eq!(disregarded(&all, Position(5)), [Position(2)]);
        assert_eq!(disregarded(&all, Position(6)), [Position(5)]);
        assert_eq!(disregarded(&all, Position(7)), [Position(3), Position(5)]);
        let by = |known_at| counting(&all, known_at, &disregarded(&all, known_at));
        assert_eq!(by(Position(5)), all[..1]);
        assert_eq!(by(Position(7)), [all[2], all[1]]);
    }
}
