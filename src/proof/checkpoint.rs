//! Checkpoints ([C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint)): a log's word for its size
//! and root, as a signed note.
//!
//! The text has three lines: the origin, which is the log's name and here always that of the key
//! that signs; the size in decimal; the root in base64. Further lines are other people's extensions:
//! they are allowed, signed with the rest, and not looked at.

use super::key::{SignerKey, VerifierKey};
use super::note::{self, Note, NoteError};
use super::text::{decimal, hash_from_text, hash_to_text};
use crate::ledger::tree::{Hash, TreeHead};

/// Why a text is no checkpoint, or not one to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note that it is in.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is missing or is not what it must be.
    #[error("the checkpoint's {what} is missing or malformed")]
    Malformed {
        /// What should be there.
        what: &'static str,
    },
    /// The root of no leaves is a fixed one.
    #[error("the checkpoint is of an empty log, with the root of another")]
    NotEmpty,
    /// It is signed, by a key of another log.
    #[error("the checkpoint is of the log `{origin}`, and the key is that of `{key}`")]
    OtherOrigin {
        /// The log that it speaks of.
        origin: String,
        /// The key that was given.
        key: String,
    },
}

const fn malformed(what: &'static str) -> CheckpointError {
    CheckpointError::Malformed { what }
}

/// A log's size and root.
///
/// ```
/// use standing::ledger::tree::TreeHead;
/// use standing::proof::{Checkpoint, SignerKey};
/// let key = SignerKey::generate("example.com/log").unwrap();
/// let note = Checkpoint::sign(TreeHead::empty(), &key).unwrap();
/// let checkpoint = Checkpoint::open(note.as_bytes(), &[key.verifier().clone()]).unwrap();
/// assert_eq!(checkpoint.origin, "example.com/log");
/// assert_eq!(checkpoint.head.size, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Its size, which is its last position, and its root.
    pub head: TreeHead,
}

impl Checkpoint {
    /// The signed note that says: the log that the key is named after has this size and root.
    ///
    /// # Errors
    /// None with a key that has a name fit for one.
    pub fn sign(head: TreeHead, key: &SignerKey) -> Result<String, NoteError> {
        let (origin, root) = (key.verifier().name(), hash_to_text(head.root));
        note::sign(&format!("{origin}\n{}\n{root}\n", head.size), key)
    }

    /// The checkpoint of a signed note, once it is known that one of the keys has signed it and is
    /// of the log it speaks of. Several keys are those that a log has had one after the other.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        // Who says it before what it says: what nobody signed may say anything.
        let signed = note.verify(keys)?;
        let checkpoint = Self::of_text(note.text())?;
        if signed.iter().all(|key| key.name() != checkpoint.origin) {
            return Err(CheckpointError::OtherOrigin {
                origin: checkpoint.origin,
                key: signed.first().map_or("", |key| key.name()).to_owned(),
            });
        }
        Ok(checkpoint)
    }

    /// What a signed note claims to be the checkpoint of, its signatures left unchecked.
    ///
    /// # Errors
    /// Where it is no checkpoint.
    pub fn claimed(note: &[u8]) -> Result<Self, CheckpointError> {
        Self::of_text(Note::parse(note)?.text())
    }

    fn of_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(malformed("last newline"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty());
        let origin = origin.ok_or(malformed("origin"))?.to_owned();
        let size = lines.next().and_then(decimal).ok_or(malformed("size"))?;
        let root = lines.next().and_then(hash_from_text);
        let root = root.ok_or(malformed("root"))?;
        if lines.any(str::is_empty) {
            return Err(malformed("extension"));
        }
        if size == 0 && root != Hash::of_nothing() {
            return Err(CheckpointError::NotEmpty);
        }
        let head = TreeHead { size, root };
        Ok(Self { origin, head })
    }
}
