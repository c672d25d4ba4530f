//! The right edge of the tree, where it grows.
//!
//! To append, one need know of the whole tree only the entries of the last, incomplete tile of each
//! level: at most 255 hashes a level. A writer keeps them in memory and loads them anew where
//! another process has appended.

use super::{Entry, Hash, LEVELS, Paths, TILE_WIDTH, Tiles, TreeHead, entries, perfect_root};

/// The incomplete tiles of a tree, one a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The last tile's entries, by level; as many as the level has beyond whole tiles.
    tiles: Vec<Vec<Hash>>,
    /// The roots of the perfect subtrees that the tree is made of, from the left: one of 2^k leaves
    /// for each bit k of its size.
    peaks: Vec<Hash>,
}

impl Edge {
    /// The tiles that the edge of a tree of that size is made of: level, first entry, how many.
    pub fn needed(size: u64) -> impl Iterator<Item = (u8, u64, u64)> {
        (0..LEVELS).map_while(move |level| {
            let there = entries(size, level);
            let width = there % TILE_WIDTH;
            (there > 0).then_some((level, there - width, width))
        })
    }

    /// The edge of a tree of that size, from the entries that [`Edge::needed`] names, by level;
    /// none, where they are not as many.
    #[must_use]
    pub fn of(size: u64, tiles: Vec<Vec<Hash>>) -> Option<Self> {
        let widths: Vec<u64> = Self::needed(size).map(|(_, _, width)| width).collect();
        let fits = tiles.len() == widths.len()
            && widths
                .iter()
                .zip(&tiles)
                .all(|(width, tile)| tile.len() as u64 == *width);
        let peaks = tiles.iter().rev().flat_map(|tile| peaks_of(tile)).collect();
        fits.then_some(Self { size, tiles, peaks })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree that this is the edge of.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        let root = self.peaks.iter().rev().copied();
        TreeHead {
            size: self.size,
            root: root
                .reduce(|right, left| Hash::of_node(left, right))
                .unwrap_or_else(Hash::of_nothing),
        }
    }

    /// Appends leaves.
    pub fn grow(&mut self, leaves: &[Hash]) -> Grown {
        let runs = Self::needed(self.size).zip(&mut self.tiles);
        let mut grown = Grown {
            before: self.size,
            levels: runs
                .map(|((_, start, _), tile)| Run {
                    start,
                    hashes: std::mem::take(tile),
                })
                .collect(),
            ..Grown::default()
        };
        for leaf in leaves {
            grown.push(0, *leaf);
            let mut hash = *leaf;
            // As in counting: where two subtrees are of one size, they become one of the next.
            for height in 1..=self.size.trailing_ones() {
                if let Some(left) = self.peaks.pop() {
                    hash = Hash::of_node(left, hash);
                }
                if height % 8 == 0 {
                    grown.push((height / 8) as usize, hash);
                }
            }
            self.peaks.push(hash);
            self.size += 1;
        }
        let tiles = Self::needed(self.size).zip(&grown.levels);
        self.tiles = tiles
            .map(|((_, start, _), run)| {
                let from = start.saturating_sub(run.start);
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                run.hashes.get(from..).unwrap_or_default().to_vec()
            })
            .collect();
        grown.head = self.head();
        grown
    }
}

/// The roots of the perfect subtrees that a tile's entries make, from the left.
fn peaks_of(tile: &[Hash]) -> impl Iterator<Item = Hash> {
    let mut from = 0;
    (0..8).rev().filter_map(move |height| {
        let width = 1 << height;
        (tile.len() & width != 0).then(|| {
            from += width;
            perfect_root(&tile[from - width..from])
        })
    })
}

/// What an append added to the tree, and enough of what was there to prove each new leaf at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    before: u64,
    head: TreeHead,
    levels: Vec<Run>,
}

impl Default for Grown {
    fn default() -> Self {
        Self {
            before: 0,
            head: TreeHead::empty(),
            levels: Vec::new(),
        }
    }
}

/// Neighbouring entries of a level, from the start of a tile on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Run {
    start: u64,
    hashes: Vec<Hash>,
}

impl Grown {
    fn push(&mut self, level: usize, hash: Hash) {
        if level == self.levels.len() {
            self.levels.push(Run::default());
        }
        self.levels[level].hashes.push(hash);
    }

    /// The tree as it is now.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// The entries of the levels above the leaves that have come to be.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        (1..LEVELS)
            .zip(self.levels.iter().skip(1))
            .flat_map(|(level, run)| {
                let known = entries(self.before, level);
                let numbered = (run.start..).zip(&run.hashes);
                let new = numbered.skip_while(move |(number, _)| *number < known);
                new.map(move |(number, hash)| Entry {
                    level,
                    number,
                    hash: *hash,
                })
            })
    }

    /// The inclusion proof (audit path) of one of the leaves that were appended, in the tree as it
    /// is now; none for other leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        if index < self.before {
            return None;
        }
        self.tiles(&[index])?.inclusion(index)
    }

    /// The inclusion proofs of all the leaves that were appended, in the tree as it is now.
    #[must_use]
    pub fn paths(&self) -> Option<Paths> {
        let last = self.head.size.checked_sub(1)?;
        // One of each tile of the leaves' level.
        let new = (self.before..self.head.size).step_by(256);
        let leaves: Vec<u64> = new.chain([last]).collect();
        Paths::new(self.tiles(&leaves)?)
    }

    /// The tiles that proofs of these leaves need.
    fn tiles(&self, leaves: &[u64]) -> Option<Tiles> {
        let mut tiles = Tiles::new(self.head.size);
        for id in Tiles::needed(self.head.size, leaves) {
            let run = self.levels.get(usize::from(id.level))?;
            let from = (id.number * TILE_WIDTH).checked_sub(run.start)?;
            let from = usize::try_from(from).ok()?;
            let tile = run.hashes.get(from..)?.iter().take(256);
            tiles.insert(id, tile.copied().collect());
        }
        Some(tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(range: std::ops::Range<u64>) -> Vec<Hash> {
        range.map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    /// RFC 6962, section 2.1, word for word.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [leaf] => *leaf,
            leaves => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                Hash::of_node(root(left), root(right))
            }
        }
    }

    #[test]
    fn the_root_is_the_definitions_whatever_the_steps() {
        for step in [1, 3, 255, 256, 257, 700, 66_000] {
            let mut edge = Edge::default();
            let mut from = 0;
            let end = if step < 100 { 1_000 } else { 66_000 };
            while from < end {
                let until = end.min(from + step);
                let grown = edge.grow(&leaves(from..until));
                assert_eq!(grown.head(), edge.head());
                from = until;
            }
            assert_eq!(edge.head().root, root(&leaves(0..end)), "steps of {step}");
        }
    }

    #[test]
    fn an_edge_comes_back_from_what_was_stored() {
        let all = leaves(0..66_000);
        let mut stored = [all.clone(), Vec::new(), Vec::new()];
        let mut edge = Edge::default();
        for (count, leaf) in (1u64..).zip(&all) {
            for entry in edge.grow(&[*leaf]).entries() {
                let level = &mut stored[usize::from(entry.level)];
                assert_eq!(level.len() as u64, entry.number);
                level.push(entry.hash);
            }
            if count % 2_051 == 0 || count > 65_990 || count.abs_diff(65_536) < 3 {
                let tiles = Edge::needed(count).map(|(level, from, width)| {
                    let (from, width) = (from as usize, width as usize);
                    stored[usize::from(level)][from..from + width].to_vec()
                });
                assert_eq!(Edge::of(count, tiles.collect()), Some(edge.clone()));
            }
        }
        assert_eq!((stored[1].len(), stored[2].len()), (257, 1));
    }

    #[test]
    fn what_was_appended_can_be_proved_at_once() {
        let mut edge = Edge::default();
        let mut from = 0;
        for step in [1, 2, 254, 1, 300, 65_000, 500, 5] {
            let new = leaves(from..from + step);
            let grown = edge.grow(&new);
            for index in [from, from + step / 2, from + step - 1] {
                let path = grown.inclusion(index).unwrap();
                let leaf = new[(index - from) as usize];
                super::super::verify::inclusion(leaf, index, grown.head(), &path).unwrap();
            }
            if from > 0 {
                assert_eq!(grown.inclusion(from - 1), None);
            }
            from += step;
            assert_eq!(grown.inclusion(from), None);
        }
    }
}
