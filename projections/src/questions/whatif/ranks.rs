//! How apps move on the board from one side to the other.

use std::collections::HashMap;

use serde::Serialize;

use crate::plaza::BoardEntry;

/// An app whose rank differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RankMove<'a> {
    /// The app.
    pub app: &'a str,
    /// Its developer.
    pub developer: &'a str,
    /// Its rank by the rules before; none where it is not on the board.
    pub from: Option<u64>,
    /// Its rank by the rules after.
    pub to: Option<u64>,
}

impl RankMove<'_> {
    /// How many ranks it falls, less than 0 where it rises; none where it is on one board only.
    #[must_use]
    pub fn falls(&self) -> Option<i64> {
        Some(i64::try_from(self.to?).ok()? - i64::try_from(self.from?).ok()?)
    }
}

/// The moves of a board, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RankMoves<'a> {
    /// Apps on the board by the rules before,
    pub before: u64,
    /// and by the rules after.
    pub after: u64,
    /// Those that are on it by the rules after only.
    pub enter: u64,
    /// Those that are on it by the rules before only.
    pub leave: u64,
    /// Those with a better rank.
    pub rise: u64,
    /// Those with a worse rank.
    pub fall: u64,
    /// Rises, by how far: see [`BUCKETS`].
    pub rises: [u64; BUCKETS.len()],
    /// Falls, by how far.
    pub falls: [u64; BUCKETS.len()],
    /// The longest rise.
    pub longest_rise: Option<RankMove<'a>>,
    /// The longest fall.
    pub longest_fall: Option<RankMove<'a>>,
}

/// From how many ranks on a move is counted in which place of [`RankMoves::rises`].
pub const BUCKETS: [u64; 6] = [1, 2, 6, 21, 101, 1001];

impl<'a> RankMoves<'a> {
    /// Compares two boards, and gives the apps that move to `each`: those of the board after in its
    /// order, then those that left it.
    pub fn of<E>(
        before: &[BoardEntry<'a>],
        after: &[BoardEntry<'a>],
        mut each: impl FnMut(RankMove<'a>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut left: HashMap<&str, u64> = before.iter().map(|one| (one.app, one.rank)).collect();
        let mut moves = Self {
            before: before.len() as u64,
            after: after.len() as u64,
            ..Self::default()
        };
        for entry in after {
            let moved = RankMove {
                app: entry.app,
                developer: entry.developer,
                from: left.remove(entry.app),
                to: Some(entry.rank),
            };
            if moved.from != moved.to {
                moves.count(moved);
                each(moved)?;
            }
        }
        for entry in before.iter().filter(|entry| left.contains_key(entry.app)) {
            let moved = RankMove {
                app: entry.app,
                developer: entry.developer,
                from: Some(entry.rank),
                to: None,
            };
            moves.count(moved);
            each(moved)?;
        }
        Ok(moves)
    }

    fn count(&mut self, moved: RankMove<'a>) {
        let Some(falls) = moved.falls() else {
            self.enter += u64::from(moved.from.is_none());
            self.leave += u64::from(moved.to.is_none());
            return;
        };
        let far = falls.unsigned_abs();
        let bucket = BUCKETS
            .partition_point(|from| *from <= far)
            .saturating_sub(1);
        let (count, places, longest) = if falls > 0 {
            (&mut self.fall, &mut self.falls, &mut self.longest_fall)
        } else {
            (&mut self.rise, &mut self.rises, &mut self.longest_rise)
        };
        *count += 1;
        places[bucket] += 1;
        let longest_so_far = longest.and_then(|one| one.falls()).unwrap_or(0);
        if far > longest_so_far.unsigned_abs() {
            *longest = Some(moved);
        }
    }
}
