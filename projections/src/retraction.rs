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
    }
}
