//! One proof for many leaves of a tree.
//!
//! The ways of many leaves to the root share most of their hashes, and some of those are made of the
//! leaves themselves. What is left is written once: the roots of the largest subtrees in which none of
//! the leaves is, from left to right. With the leaves they make the root in one way only.

use super::verify::ProofError;
use super::{Hash, Tiles, TreeHead, split};

/// The subtrees whose roots prove these leaves, ascending, of a tree of that size: each from a leaf up
/// to another, in their order.
///
/// ```
/// use standing::ledger::tree::shared::beside;
/// assert_eq!(beside(7, &[2, 3, 6]), [(0, 2), (4, 6)]);
/// ```
#[must_use]
pub fn beside(size: u64, leaves: &[u64]) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    each_beside((0, size), leaves, &|leaf| *leaf, &mut |from, to| {
        found.push((from, to));
    });
    found
}

fn each_beside<L>(
    (from, to): (u64, u64),
    leaves: &[L],
    index: &impl Fn(&L) -> u64,
    found: &mut impl FnMut(u64, u64),
) {
    if leaves.is_empty() {
        found(from, to);
    } else if to.saturating_sub(from) > 1 {
        let middle = from + split(to - from);
        let (left, right) = leaves.split_at(leaves.partition_point(|leaf| index(leaf) < middle));
        each_beside((from, middle), left, index, found);
        each_beside((middle, to), right, index, found);
    }
}

impl Tiles {
    /// The roots of such subtrees; none where a tile is missing.
    #[must_use]
    pub fn subtrees(&self, of: &[(u64, u64)]) -> Option<Vec<Hash>> {
        of.iter().map(|(from, to)| self.range(*from, *to)).collect()
    }
}

/// Checks that leaves are in a tree, each at its index, by the roots of the subtrees [`beside`] them.
///
/// # Errors
/// Why that is not proved; [`ProofError::NoSuchLeaf`] also where the indexes do not ascend, or there
/// are none.
pub fn inclusion(
    leaves: &[(u64, Hash)],
    tree: TreeHead,
    hashes: &[Hash],
) -> Result<(), ProofError> {
    let ascend = leaves.is_sorted_by(|a, b| a.0 < b.0);
    if !ascend || leaves.last().is_none_or(|(last, _)| *last >= tree.size) {
        return Err(ProofError::NoSuchLeaf);
    }
    let (mut needed, found) = (0, hashes.len());
    each_beside((0, tree.size), leaves, &|leaf| leaf.0, &mut |_, _| {
        needed += 1;
    });
    if needed != found {
        return Err(ProofError::Length { found, needed });
    }
    let root = root((0, tree.size), leaves, &mut hashes.iter().copied());
    match root == Some(tree.root) {
        true => Ok(()),
        false => Err(ProofError::OtherRoot),
    }
}

/// The root over the leaves of a subtree.
fn root(
    (from, to): (u64, u64),
    leaves: &[(u64, Hash)],
    hashes: &mut impl Iterator<Item = Hash>,
) -> Option<Hash> {
    match leaves {
        [] => hashes.next(),
        [(_, leaf)] if to - from == 1 => Some(*leaf),
        leaves => {
            let middle = from + split(to - from);
            let (left, right) = leaves.split_at(leaves.partition_point(|leaf| leaf.0 < middle));
            let left = root((from, middle), left, hashes)?;
            Some(Hash::of_node(left, root((middle, to), right, hashes)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Edge;
    use super::*;

    fn hash(n: u64) -> Hash {
        Hash::of_leaf(&n.to_be_bytes())
    }

    /// A tree, and the tiles that are needed for some of its leaves.
    fn tree(size: u64, of: &[u64]) -> (TreeHead, Tiles) {
        let leaves: Vec<Hash> = (0..size).map(hash).collect();
        let mut tiles = Tiles::new(size);
        for id in Tiles::needed(size, of) {
            let from = id.number * super::super::TILE_WIDTH;
            let entries = (from..from + id.width(size)).map(|number| {
                let width = 1 << (8 * id.level);
                let under = leaves.iter().skip((number * width) as usize);
                super::super::perfect_root(&under.take(width as usize).copied().collect::<Vec<_>>())
            });
            tiles.insert(id, entries.collect());
        }
        (Edge::default().grow(&leaves).head(), tiles)
    }

    proptest! {
        #[test]
        fn leaves_are_proved_where_they_are_and_nowhere_else(
            size in 1..700_u64,
            drawn in prop::collection::btree_set(0..700_u64, 1..40),
            at in any::<prop::sample::Index>(),
        ) {
            let indexes: Vec<u64> = drawn.into_iter().filter(|index| *index < size).collect();
            prop_assume!(!indexes.is_empty());
            let subtrees = beside(size, &indexes);
            let froms: Vec<u64> = subtrees.iter().map(|(from, _)| *from).collect();
            let (head, tiles) = tree(size, &froms);
            let hashes = tiles.subtrees(&subtrees).unwrap();
            let leaves: Vec<(u64, Hash)> = indexes.iter().map(|n| (*n, hash(*n))).collect();
            prop_assert_eq!(inclusion(&leaves, head, &hashes), Ok(()));

            let at = at.index(leaves.len());
            let mut other = leaves.clone();
            other[at].1 = hash(10_000);
            prop_assert_eq!(inclusion(&other, head, &hashes), Err(ProofError::OtherRoot));
            let mut moved = leaves.clone();
            moved[at].0 += 1;
            prop_assert!(inclusion(&moved, head, &hashes).is_err());
            let mut fewer = leaves.clone();
            fewer.remove(at);
            prop_assert!(inclusion(&fewer, head, &hashes).is_err());
            let mut more = hashes.clone();
            more.push(hash(0));
            let length = ProofError::Length { found: more.len(), needed: hashes.len() };
            prop_assert_eq!(inclusion(&leaves, head, &more), Err(length));
        }

        #[test]
        fn indexes_may_be_any_numbers(
            size in any::<u64>(),
            indexes in prop::collection::vec(any::<u64>(), 0..4),
        ) {
            let leaves: Vec<(u64, Hash)> = indexes.iter().map(|n| (*n, hash(0))).collect();
            let head = TreeHead { size, root: hash(1) };
            prop_assert!(inclusion(&leaves, head, &[]).is_err());
        }
    }
}
