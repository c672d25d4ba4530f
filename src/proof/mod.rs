//! Proofs: what lets somebody who trusts neither this program nor its owner check the log.
//!
//! The owner of a key signs the size and the root of the tree over the log ([`Checkpoint`]). From
//! then on an event can be shown to be in the log ([`EventProof`], one file that is checked offline),
//! a later log can be shown to begin with an earlier one, and the whole log can be put out as plain
//! files ([`tiles`]). The formats are those of C2SP (signed-note, tlog-checkpoint, tlog-proof,
//! tlog-tiles), so that other people's tools read what is written here.
//!
//! What must stay true: nothing that was signed is believed before its signature is checked, and the
//! types say which is which; a log never signs two trees of which one is not the beginning of the
//! other; no input makes a check panic or take more than a bounded amount of memory; and no private
//! content is ever in a proof, because it is never in a leaf.

pub mod check;
mod checkpoint;
mod event;
pub mod key;
pub mod log;
pub mod note;
pub mod publish;
mod receipt;
pub mod sign;
mod text;
pub mod tiles;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use event::{EventProof, EventProofError, PROOF_BYTES_MAX, Proved};
pub use key::{KeyError, SignerKey, VerifierKey};
pub use receipt::{Receipt, receipts};
pub use text::{hash_from_text, hash_to_text};
