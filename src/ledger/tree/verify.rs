//! Checking proofs (RFC 9162, 2.1.3.2 and 2.1.4.2), which may come from anywhere and say anything.

use super::{Hash, TreeHead};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not one of the tree.
    #[error("the tree has no leaf with that index")]
    NoSuchLeaf,
    /// The older tree is larger than the newer.
    #[error("the older tree is larger than the newer")]
    OlderIsLarger,
    /// The proof is of another tree: it has more hashes or fewer than it takes.
    #[error("the proof has {found} hashes where it takes {needed}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
    /// The hashes lead to another root of the older tree.
    #[error("the proof leads to another root of the older tree")]
    OtherOlderRoot,
}

/// Checks that a leaf is in a tree at that index.
///
/// # Errors
/// Why that is not proved.
pub fn inclusion(leaf: Hash, index: u64, tree: TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    if index >= tree.size {
        return Err(ProofError::NoSuchLeaf);
    }
    let (mut node, mut last) = (index, tree.size - 1);
    let mut hashes = path.iter();
    let needed = inclusion_length(index, tree.size);
    if path.len() != needed {
        let found = path.len();
        return Err(ProofError::Length { found, needed });
    }
    let mut root = leaf;
    for hash in &mut hashes {
        if node & 1 == 1 || node == last {
            root = Hash::of_node(*hash, root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = Hash::of_node(root, *hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if root == tree.root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

/// How many hashes an inclusion proof has.
fn inclusion_length(index: u64, size: u64) -> usize {
    let last = size - 1;
    // Below where the ways to this leaf and to the last part, each level has a sibling; above, only
    // where the way goes right.
    let inner = u64::BITS - (index ^ last).leading_zeros();
    let outer = index.checked_shr(inner).unwrap_or(0).count_ones();
    (inner + outer) as usize
}

/// Checks that an older tree is the beginning of a newer one.
///
/// # Errors
/// Why that is not proved.
pub fn consistency(older: TreeHead, newer: TreeHead, path: &[Hash]) -> Result<(), ProofError> {
    if older.size > newer.size {
        return Err(ProofError::OlderIsLarger);
    }
    if older.size == newer.size || older.size == 0 {
        if !path.is_empty() {
            let found = path.len();
            return Err(ProofError::Length { found, needed: 0 });
        }
        let of_nothing = older.size == 0 && older.root != Hash::of_nothing();
        return if of_nothing || (older.size == newer.size && older.root != newer.root) {
            Err(ProofError::OtherOlderRoot)
        } else {
            Ok(())
        };
    }
    let needed = consistency_length(older.size, newer.size);
    if path.len() != needed {
        let found = path.len();
        return Err(ProofError::Length { found, needed });
    }
    let (mut node, mut last) = (older.size - 1, newer.size - 1);
    let low = node.trailing_ones();
    (node, last) = (node >> low, last >> low);
    // Where the older tree is one whole subtree of the newer, its root begins the way.
    let (start, rest) = match path {
        [first, rest @ ..] if node != 0 => (*first, rest),
        rest => (older.root, rest),
    };
    let (mut old_root, mut new_root) = (start, start);
    for hash in rest {
        if node & 1 == 1 || node == last {
            old_root = Hash::of_node(*hash, old_root);
            new_root = Hash::of_node(*hash, new_root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_root = Hash::of_node(new_root, *hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if old_root != older.root {
        Err(ProofError::OtherOlderRoot)
    } else if new_root != newer.root {
        Err(ProofError::OtherRoot)
    } else {
        Ok(())
    }
}

/// How many hashes the proof has that a tree is the beginning of a larger one.
fn consistency_length(older: u64, newer: u64) -> usize {
    let height = older.trailing_zeros();
    let begins = usize::from(!older.is_power_of_two());
    // The way of the older tree's last whole subtree, in a tree of such subtrees.
    let (node, last) = ((older - 1) >> height, (newer - 1) >> height);
    inclusion_length(node, last + 1) + begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_beginning_of_everything_and_of_nothing_else() {
        let head = TreeHead {
            size: 3,
            root: Hash([7; 32]),
        };
        assert_eq!(consistency(TreeHead::empty(), head, &[]), Ok(()));
        let other = TreeHead {
            size: 0,
            root: head.root,
        };
        assert_eq!(
            consistency(other, head, &[]),
            Err(ProofError::OtherOlderRoot)
        );
    }

    #[test]
    fn the_largest_tree_there_can_be_makes_no_trouble() {
        let head = TreeHead {
            size: u64::MAX,
            root: Hash([7; 32]),
        };
        for index in [0, 1, u64::MAX / 2, u64::MAX - 1] {
            let needed = inclusion_length(index, head.size);
            let path = vec![Hash::default(); needed];
            let found = inclusion(Hash::default(), index, head, &path);
            assert_eq!(found, Err(ProofError::OtherRoot), "{index}");
        }
        assert_eq!(
            inclusion(Hash::default(), u64::MAX, head, &[]),
            Err(ProofError::NoSuchLeaf)
        );
    }
}
