//! The Merkle tree over the log (RFC 6962): what makes a rewritten log show.
//!
//! The leaf with index i is the stored JSON of the event at position i + 1. Everything here is
//! arithmetic on hashes, without a database: [`Edge`] grows the tree at its right edge as events are
//! appended, [`Tiles`] makes proofs out of stored hashes, [`verify`] checks proofs that came from
//! anywhere. What must stay true: a hash, once its subtree is complete, never changes, so that a
//! store only ever adds hashes.
//!
//! Hashes are kept as the entries of tiles 256 wide ([C2SP tlog-tiles](https://c2sp.org/tlog-tiles)).
//! Level 0 are the leaves' hashes; entry n of level l + 1 is the root over the entries 256 n to
//! 256 n + 255 of level l, and is there once they all are.

mod edge;
mod paths;
pub mod shared;
mod tiles;
pub mod verify;

use std::fmt;

use sha2::{Digest, Sha256};

pub use edge::{Edge, Grown};
pub use paths::Paths;
pub use tiles::{TileId, Tiles};

/// How many entries a complete tile has.
pub const TILE_WIDTH: u64 = 256;

/// How many levels of tiles a tree of 2^64 leaves has.
pub const LEVELS: u8 = 8;

/// A SHA-256 hash of the tree. It prints as hexadecimal.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash in these bytes, if they are 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash that is written in 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: impl AsRef<[u8]>) -> Option<Self> {
        let digits: &[u8; 64] = text.as_ref().try_into().ok()?;
        let (mut hash, mut valid) = ([0; 32], true);
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (nibble(pair[0]), nibble(pair[1]));
            valid &= high < 16 && low < 16;
            *byte = high << 4 | low & 15;
        }
        valid.then_some(Self(hash))
    }

    /// The hash of a leaf: SHA-256 of 0x00 and its bytes.
    ///
    /// ```
    /// use standing::ledger::tree::Hash;
    /// let hash = Hash::of_leaf(b"");
    /// assert_eq!(hash.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    /// ```
    #[must_use]
    pub fn of_leaf(leaf: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0]);
        hasher.update(leaf);
        Self(hasher.finalize().into())
    }

    /// The hash of an inner node: SHA-256 of 0x01 and its children's hashes.
    #[must_use]
    pub fn of_node(left: Self, right: Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }

    /// The root of the empty tree: SHA-256 of nothing.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self(Sha256::digest([]).into())
    }
}

/// What a hexadecimal digit stands for; 255 where it is none.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 255,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// A tree, as far as it takes to know it again: how many leaves, and the root over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves: the last position.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl TreeHead {
    /// The tree of an empty log.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: Hash::of_nothing(),
        }
    }
}

/// An entry of a level above the leaves, to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its level, from 1.
    pub level: u8,
    /// Its place in the level, from 0.
    pub number: u64,
    /// The root over the 256 entries below it.
    pub hash: Hash,
}

/// How many entries a level has in a tree of that size.
#[must_use]
pub fn entries(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The largest power of two that is smaller than `n`, where RFC 6962 splits a tree of `n` leaves.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The root over 2^k hashes.
fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::of_nothing(),
        [one] => *one,
        hashes => {
            let mut level: Vec<Hash> = pairs(hashes);
            while level.len() > 1 {
                level = pairs(&level);
            }
            level[0]
        }
    }
}

fn pairs(hashes: &[Hash]) -> Vec<Hash> {
    let pairs = hashes.chunks_exact(2);
    pairs.map(|pair| Hash::of_node(pair[0], pair[1])).collect()
}
