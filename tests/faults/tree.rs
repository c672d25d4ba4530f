//! The Merkle tree over a log (RFC 6962, 2.1), computed again from nothing but the leaves' bytes.
//!
//! The ledger's own arithmetic is not used: what is wrong in both places would not show.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

pub(crate) type Hash = [u8; 32];

/// How many entries of a level make one of the next, as a ledger stores them.
const WIDTH: usize = 256;

pub(crate) fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(bytes)
        .finalize()
        .into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([1]).chain_update(left);
    hash.chain_update(right).finalize().into()
}

/// The root over leaves' hashes: over the largest power of two of them that is less than all, and
/// over the rest.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// The root that an inclusion proof leads to from a leaf at that index, in a tree of that size.
pub(crate) fn proved(leaf: Hash, index: usize, size: usize, proof: &[Hash]) -> Result<Hash> {
    ensure!(index < size, "no such leaf");
    if size == 1 {
        ensure!(proof.is_empty(), "the proof is too long");
        return Ok(leaf);
    }
    let (sibling, below) = proof.split_last().context("the proof is too short")?;
    let split = split(size);
    Ok(match index < split {
        true => node(&proved(leaf, index, split, below)?, sibling),
        false => node(sibling, &proved(leaf, index - split, size - split, below)?),
    })
}

/// A tree that grows, to have its root at every size.
#[derive(Default)]
pub(crate) struct Growing {
    /// The roots of the complete subtrees, the largest first, with their sizes.
    peaks: Vec<(usize, Hash)>,
}

impl Growing {
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut last = (1, leaf);
        while let Some(peak) = self.peaks.pop_if(|peak| peak.0 == last.0) {
            last = (2 * last.0, node(&peak.1, &last.1));
        }
        self.peaks.push(last);
    }

    pub(crate) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().map(|peak| peak.1);
        match peaks.next() {
            None => root(&[]),
            Some(last) => peaks.fold(last, |right, left| node(&left, &right)),
        }
    }
}

/// The levels that a ledger stores above the leaves: each entry over 256 of the level below.
pub(crate) fn levels(leaves: &[Hash]) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves.to_vec()];
    while let Some(below) = levels.last().filter(|level| level.len() >= WIDTH) {
        let level = below.chunks_exact(WIDTH).map(root).collect();
        levels.push(level);
    }
    levels
}

pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Result<Hash> {
    let digits: Vec<u32> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8);
    let bytes: Vec<u8> = bytes.collect();
    ensure!(text.len() == 64, "no hash: {text}");
    bytes.try_into().ok().context("no hash")
}
