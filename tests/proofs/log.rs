//! A log of made events with keys that are the same each time.

use standing::ledger::tree::{Edge, Hash, TileId, Tiles, TreeHead};
use standing::proof::{Checkpoint, EventProof, SignerKey, VerifierKey};

/// The name of the log.
pub(crate) const ORIGIN: &str = "example.com/log";

/// The key of the log.
pub(crate) fn key() -> SignerKey {
    SignerKey::from_secret(ORIGIN, &[7; 32]).unwrap()
}

/// Another key of the same name.
pub(crate) fn other_key() -> SignerKey {
    SignerKey::from_secret(ORIGIN, &[8; 32]).unwrap()
}

/// The same secret under another name.
pub(crate) fn other_name() -> SignerKey {
    SignerKey::from_secret("example.com/other", &[7; 32]).unwrap()
}

pub(crate) fn verifier() -> VerifierKey {
    key().verifier().clone()
}

/// A log.
pub(crate) struct Log {
    pub(crate) leaves: Vec<String>,
}

impl Log {
    /// So many events, of a subject that tells logs apart.
    pub(crate) fn new(size: u64, subject: &str) -> Self {
        let leaf = |n: u64| {
            format!(
                r#"{{"data":{{"note":"é"}},"id":"{n}","recordedtime":"2015-03-03T01:00:00Z","source":"/s","specversion":"1.0","subject":"{subject}","time":"2015-03-03T00:00:00Z","type":"outage.ended"}}"#
            )
        };
        Self {
            leaves: (0..size).map(leaf).collect(),
        }
    }

    fn hashes(&self) -> Vec<Hash> {
        let leaves = self.leaves.iter();
        leaves.map(|leaf| Hash::of_leaf(leaf.as_bytes())).collect()
    }

    pub(crate) fn head(&self) -> TreeHead {
        Edge::default().grow(&self.hashes()).head()
    }

    pub(crate) fn checkpoint(&self, key: &SignerKey) -> String {
        Checkpoint::sign(self.head(), key).unwrap()
    }

    /// The path of a leaf, of a log of no more than one tile.
    pub(crate) fn path(&self, index: u64) -> Vec<Hash> {
        let mut tiles = Tiles::new(self.leaves.len() as u64);
        let id = TileId {
            level: 0,
            number: 0,
        };
        tiles.insert(id, self.hashes());
        tiles.inclusion(index).unwrap()
    }

    pub(crate) fn proof(&self, index: u64) -> EventProof {
        EventProof {
            leaf: Some(self.leaves[index as usize].clone().into_bytes()),
            index,
            path: self.path(index),
            checkpoint: self.checkpoint(&key()),
        }
    }
}
