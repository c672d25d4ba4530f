//! Proofs out of stored hashes.
//!
//! Every node that a proof asks for is the root over 2^k neighbouring entries of one tile, so a
//! proof needs at most two tiles of each level, whatever the size of the log. [`Tiles::needed`] says
//! which, a store brings them, and the rest is arithmetic.

use std::collections::{BTreeSet, HashMap};

use super::{Hash, LEVELS, TILE_WIDTH, TreeHead, entries, perfect_root, split};

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Its level; 0 are the leaves' hashes.
    pub level: u8,
    /// Its number in the level: it holds the entries from 256 times that on.
    pub number: u64,
}

impl TileId {
    /// How many entries the tile has in a tree of that size: 256, but for the last of a level.
    #[must_use]
    pub fn width(self, size: u64) -> u64 {
        entries(size, self.level)
            .saturating_sub(self.number.saturating_mul(TILE_WIDTH))
            .min(TILE_WIDTH)
    }
}

/// Some tiles of a tree, to make proofs from.
#[derive(Clone, Debug)]
pub struct Tiles {
    size: u64,
    tiles: HashMap<TileId, Vec<Hash>>,
}

impl Tiles {
    /// No tiles, of a tree of that size.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self {
            size,
            tiles: HashMap::new(),
        }
    }

    /// The tiles that proofs about these leaves need in a tree of that size: for an inclusion the
    /// leaf's index, for the consistency with a smaller tree its last leaf's.
    #[must_use]
    pub fn needed(size: u64, leaves: &[u64]) -> BTreeSet<TileId> {
        let mut needed = BTreeSet::new();
        for level in 0..LEVELS {
            let Some(last) = entries(size, level).checked_sub(1) else {
                break;
            };
            for leaf in leaves {
                let number = entries(*leaf, level).min(last) / TILE_WIDTH;
                needed.insert(TileId { level, number });
            }
            let number = last / TILE_WIDTH;
            needed.insert(TileId { level, number });
        }
        needed
    }

    /// Adds a tile: its entries from the first, as many as are wanted.
    pub fn insert(&mut self, id: TileId, entries: Vec<Hash>) {
        self.tiles.insert(id, entries);
    }

    /// The root of the tree; none where a tile is missing.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        match self.size {
            0 => Some(Hash::of_nothing()),
            size => self.range(0, size),
        }
    }

    /// The tree; none where a tile is missing.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        let (size, root) = (self.size, self.root()?);
        Some(TreeHead { size, root })
    }

    /// The inclusion proof (RFC 6962, 2.1.1) of the leaf with that index; none where there is no
    /// such leaf or a tile is missing.
    #[must_use]
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        if index >= self.size {
            return None;
        }
        let (mut from, mut to) = (0, self.size);
        let mut path = Vec::new();
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof (RFC 6962, 2.1.2) that the tree of the first `size` leaves is the beginning of this
    /// one; none where it is larger or empty, or a tile is missing.
    #[must_use]
    pub fn consistency(&self, size: u64) -> Option<Vec<Hash>> {
        if size == 0 || size > self.size {
            return None;
        }
        let (mut from, mut to) = (0, self.size);
        let mut path = Vec::new();
        // Down to the subtree that ends where the smaller tree does.
        while to != size {
            let middle = from + split(to - from);
            if size <= middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        if from > 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Some(path)
    }

    /// The root over the leaves from `from` up to `to`, a subtree that RFC 6962 splits off.
    pub(super) fn range(&self, from: u64, to: u64) -> Option<Hash> {
        let width = to - from;
        if width.is_power_of_two() {
            return self.perfect(from, width.trailing_zeros());
        }
        let middle = from + split(width);
        Some(Hash::of_node(
            self.range(from, middle)?,
            self.range(middle, to)?,
        ))
    }

    /// The root over the 2^`height` leaves from `from` on.
    fn perfect(&self, from: u64, height: u32) -> Option<Hash> {
        let level = u8::try_from(height / 8).ok()?;
        let entry = entries(from, level);
        let id = TileId {
            level,
            number: entry / TILE_WIDTH,
        };
        let start = usize::try_from(entry % TILE_WIDTH).ok()?;
        let tile = self.tiles.get(&id)?;
        tile.get(start..start + (1 << (height % 8)))
            .map(perfect_root)
    }
}

#[cfg(test)]
mod tests {
    use super::super::verify;
    use super::*;

    fn tiles(size: u64) -> Tiles {
        let mut level: Vec<Hash> = (0..size).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        let mut tiles = Tiles::new(size);
        for number in 0..LEVELS {
            for (index, tile) in (0..).zip(level.chunks(256)) {
                let id = TileId {
                    level: number,
                    number: index,
                };
                tiles.insert(id, tile.to_vec());
            }
            level = level.chunks_exact(256).map(perfect_root).collect();
        }
        tiles
    }

    /// No more than the tiles that are said to be needed.
    fn only(all: &Tiles, leaves: &[u64]) -> Tiles {
        let mut some = Tiles::new(all.size);
        for id in Tiles::needed(all.size, leaves) {
            let tile = &all.tiles[&id];
            assert_eq!(tile.len() as u64, id.width(all.size));
            some.insert(id, tile.clone());
        }
        some
    }

    #[test]
    fn every_leaf_of_small_trees_and_some_of_large_ones_can_be_proved() {
        for size in (1..=70).chain([255, 256, 257, 511, 65_535, 65_537]) {
            let all = tiles(size);
            let head = all.head().unwrap();
            for index in
                (0..size).filter(|index| size < 80 || index % 9_970 == 0 || size - index < 3)
            {
                let path = only(&all, &[index]).inclusion(index).unwrap();
                let leaf = Hash::of_leaf(&index.to_be_bytes());
                verify::inclusion(leaf, index, head, &path).unwrap();
            }
            assert_eq!(all.inclusion(size), None);
        }
    }

    #[test]
    fn every_beginning_is_proved_to_be_one() {
        for size in (1..=70).chain([256, 300, 66_000]) {
            let all = tiles(size);
            let head = all.head().unwrap();
            for smaller in (1..=size).filter(|n| size < 80 || n % 9_910 == 0 || size - n < 3) {
                let old = tiles(smaller).head().unwrap();
                let path = only(&all, &[smaller - 1]).consistency(smaller).unwrap();
                verify::consistency(old, head, &path).unwrap();
            }
            assert_eq!(all.consistency(0), None);
            assert_eq!(all.consistency(size + 1), None);
        }
    }
}
