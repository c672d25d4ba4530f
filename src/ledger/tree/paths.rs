//! Many inclusion proofs of one tree.
//!
//! Neighbouring leaves share most of the way to the root. Each subtree that more than one of them asks for
//! is hashed once, so that the proofs of a batch cost about as much as its tree does.

use std::collections::HashMap;

use super::{Hash, Tiles, TreeHead, split};

/// Inclusion proofs out of some tiles.
#[derive(Debug)]
pub struct Paths {
    head: TreeHead,
    tiles: Tiles,
    /// The roots over the leaves from one up to another that were asked for.
    known: HashMap<(u64, u64), Hash>,
}

impl Paths {
    /// Proofs out of these tiles; none where one that the root needs is missing.
    #[must_use]
    pub fn new(tiles: Tiles) -> Option<Self> {
        Some(Self {
            head: tiles.head()?,
            tiles,
            known: HashMap::new(),
        })
    }

    /// The tree that the proofs are of.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// The hash of the leaf with that index; none where its tile is missing.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        (index < self.head.size).then(|| self.tiles.range(index, index + 1))?
    }

    /// As [`Tiles::inclusion`].
    #[must_use]
    pub fn inclusion(&mut self, index: u64) -> Option<Vec<Hash>> {
        if index >= self.head.size {
            return None;
        }
        let (mut from, mut to) = (0, self.head.size);
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

    /// The root over the leaves from `from` up to `to`, a subtree that RFC 6962 splits off.
    fn range(&mut self, from: u64, to: u64) -> Option<Hash> {
        if let Some(hash) = self.known.get(&(from, to)) {
            return Some(*hash);
        }
        let width = to - from;
        // Of 1, 256, 65,536 … leaves it is an entry of a tile.
        let entry = width.is_power_of_two() && width.trailing_zeros().is_multiple_of(8);
        let hash = if entry {
            self.tiles.range(from, to)?
        } else {
            let middle = from + split(width);
            Hash::of_node(self.range(from, middle)?, self.range(middle, to)?)
        };
        self.known.insert((from, to), hash);
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Edge;
    use super::*;

    #[test]
    fn the_proofs_are_those_that_are_made_one_by_one() {
        let leaves: Vec<Hash> = (0..1_500_u64)
            .map(|n| Hash::of_leaf(&n.to_be_bytes()))
            .collect();
        for before in [0, 1, 200, 256, 700, 1_024] {
            let mut edge = Edge::default();
            edge.grow(&leaves[..before]);
            let grown = edge.grow(&leaves[before..]);
            let mut paths = grown.paths().unwrap();
            assert_eq!(paths.head(), grown.head());
            for (index, leaf) in leaves.iter().enumerate().skip(before) {
                let at = index as u64;
                assert_eq!(paths.inclusion(at), grown.inclusion(at), "{before} {index}");
                assert_eq!(paths.leaf(at), Some(*leaf));
            }
            let end = leaves.len() as u64;
            assert_eq!((paths.inclusion(end), paths.leaf(end)), (None, None));
        }
    }
}
