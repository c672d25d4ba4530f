//! The proof that one event is in the log, as one file that is checked offline
//! ([C2SP tlog-proof](https://c2sp.org/tlog-proof)).
//!
//! The file holds the event's leaf in its `extra` line, its index (its position less one), the
//! hashes that lead from it to the root, and a checkpoint that is signed. Nothing in it is believed
//! for its own sake: the leaf is what its hash makes of it, the hash is what the way to the root
//! makes of it, and the root is what the key has signed.

use std::fmt;

use standing_projections::Position;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::VerifierKey;
use super::note::NOTE_BYTES_MAX;
use super::text::{base64, decimal, from_base64, hash_from_text, hash_to_text};
use crate::ledger::StoredEvent;
use crate::ledger::tree::Hash;
use crate::ledger::tree::verify::{self, ProofError};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most hashes of a proof: there is no larger tree.
const PATH_MAX: usize = 64;

/// The most bytes of a proof that is read.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 1_000_000;

/// Why a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventProofError {
    /// The file is no such proof.
    #[error("this is no proof: line {line} is not {expected}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// There is more of it than is ever read.
    #[error("this is no proof: it has more than {PROOF_BYTES_MAX} bytes")]
    TooLong,
    /// The `extra` line, which the format allows to be absent, is.
    #[error("the proof does not carry its event (it has no `extra` line)")]
    NoEvent,
    /// The checkpoint in it.
    #[error("the checkpoint in the proof: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The event is not where the checkpoint's tree would have it.
    #[error("the event is not the one at position {position} of the log: {reason}")]
    NotIncluded {
        /// The position that the proof claims.
        position: Position,
        /// Why.
        reason: ProofError,
    },
    /// The leaf is in the log, and is no event.
    #[error("the leaf is in the log, but is no event: {0}")]
    NoLeaf(String),
}

const fn form(line: usize, expected: &'static str) -> EventProofError {
    EventProofError::Form { line, expected }
}

/// A proof as it was made or read. It proves something once [`EventProof::verify`] says so.
///
/// ```
/// use standing::ledger::tree::{Edge, Hash};
/// use standing::proof::{Checkpoint, EventProof, SignerKey};
/// let leaf = r#"{"id":"1","recordedtime":"2015-03-03T01:00:00Z","source":"/s","subject":"d1","time":"2015-03-03T00:00:00Z","type":"developer.registered"}"#;
/// let grown = Edge::default().grow(&[Hash::of_leaf(leaf.as_bytes())]);
/// let key = SignerKey::generate("example.com/log").unwrap();
/// let proof = EventProof {
///     leaf: Some(leaf.into()),
///     index: 0,
///     path: grown.inclusion(0).unwrap(),
///     checkpoint: Checkpoint::sign(grown.head(), &key).unwrap(),
/// };
/// let read = EventProof::parse(proof.to_string().as_bytes()).unwrap();
/// let proved = read.verify(&[key.verifier().clone()]).unwrap();
/// assert_eq!(proved.event.id, "1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventProof {
    /// The event's leaf: its stored JSON. The format allows a proof without.
    pub leaf: Option<Vec<u8>>,
    /// Its index in the log, from 0.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root, from the leaf on.
    pub path: Vec<Hash>,
    /// The checkpoint, as it was signed.
    pub checkpoint: String,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The event. Its developer and target are not in the leaf, and none here.
    pub event: StoredEvent,
    /// The checkpoint of the log that it is in.
    pub checkpoint: Checkpoint,
}

impl EventProof {
    /// Reads a proof.
    ///
    /// # Errors
    /// Where it is not of the form, see [`EventProofError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EventProofError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(EventProofError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| form(1, "UTF-8 text"))?;
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(form(1, "followed by an empty line and a checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        lines
            .next_if(|(_, line)| *line == HEADER)
            .ok_or(form(1, "`c2sp.org/tlog-proof@v1`"))?;
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let leaf = extra.map(|(number, line)| {
            let leaf = line.strip_prefix("extra ").and_then(from_base64);
            leaf.ok_or(form(number, "`extra` and base64"))
        });
        let leaf = leaf.transpose()?;
        let index = lines
            .next()
            .and_then(|(_, line)| decimal(line.strip_prefix("index ")?))
            .ok_or(form(
                2 + usize::from(leaf.is_some()),
                "`index` and a number",
            ))?;
        let mut path = Vec::new();
        for (number, line) in lines {
            let hash = hash_from_text(line).filter(|_| path.len() < PATH_MAX);
            path.push(hash.ok_or(form(number, "one of at most 64 hashes in base64"))?);
        }
        let checkpoint = checkpoint.to_owned();
        Ok(Self {
            leaf,
            index,
            path,
            checkpoint,
        })
    }

    /// Checks the proof by the log's key, or by those it has had, and says what it has shown.
    ///
    /// # Errors
    /// Why it shows nothing, see [`EventProofError`].
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Proved, EventProofError> {
        let leaf = self.leaf.as_deref().ok_or(EventProofError::NoEvent)?;
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), keys)?;
        let position = Position(self.index.saturating_add(1));
        verify::inclusion(Hash::of_leaf(leaf), self.index, checkpoint.head, &self.path)
            .map_err(|reason| EventProofError::NotIncluded { position, reason })?;
        let json = std::str::from_utf8(leaf).map_err(|_| "it is not UTF-8".to_owned());
        let event =
            json.and_then(|json| StoredEvent::from_leaf(position, None, None, json.to_owned()));
        let event = event.map_err(EventProofError::NoLeaf)?;
        Ok(Proved { event, checkpoint })
    }
}

impl fmt::Display for EventProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(leaf) = &self.leaf {
            writeln!(f, "extra {}", base64(leaf))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", hash_to_text(*hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
