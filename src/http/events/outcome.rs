//! What became of an event that was sent, as it is answered.

use axum::http::StatusCode;
use serde::Serialize;
use standing_projections::{Instant, Position, Refusal};
use utoipa::ToSchema;

use crate::http::problem::Code;
use crate::proof::{Receipt, hash_to_text};

/// What became of an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(in crate::http) enum Outcome {
    /// It is in the log now.
    Appended(Place),
    /// The same event was in the log already.
    Duplicate(Place),
    /// It is not taken.
    Refused(Refused),
}

impl Outcome {
    /// What became of the event, in a word.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Appended(_) => "appended",
            Self::Duplicate(_) => "duplicate",
            Self::Refused(_) => "refused",
        }
    }
}

/// Where an event is in the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct Place {
    /// Its position.
    #[schema(value_type = u64, minimum = 1)]
    position: Position,
    /// When the ledger took it.
    #[schema(value_type = String, format = DateTime)]
    recordedtime: Instant,
    /// What shows that it is there; left out where `proof=false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proof: Option<Inclusion>,
}

/// That a leaf is in a tree over the log (RFC 6962). Hashes are SHA-256 in base64.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct Inclusion {
    /// The leaf's index: its position less one.
    leaf_index: u64,
    /// The leaf's hash.
    leaf_hash: String,
    /// How many leaves the tree has.
    tree_size: u64,
    /// The tree's root.
    root: String,
    /// The hashes beside the way from the leaf to the root, from the leaf on.
    path: Vec<String>,
}

/// Why an event is not taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct Refused {
    /// The stable code.
    #[schema(example = "subject.unknown")]
    code: String,
    /// What is wrong, in words.
    message: String,
    /// Where in the event: a JSON pointer, empty for the whole of it.
    pointer: String,
    /// The status that it is answered with where it is all that was sent.
    #[serde(skip)]
    status: StatusCode,
}

impl From<&Receipt> for Inclusion {
    fn from(receipt: &Receipt) -> Self {
        Self {
            leaf_index: receipt.position.0.saturating_sub(1),
            leaf_hash: hash_to_text(receipt.leaf),
            tree_size: receipt.tree.size,
            root: hash_to_text(receipt.tree.root),
            path: receipt
                .path
                .iter()
                .map(|hash| hash_to_text(*hash))
                .collect(),
        }
    }
}

impl Place {
    /// Where a receipt says that it is.
    pub(in crate::http) fn new(receipt: &Receipt, with_proof: bool) -> Self {
        Self {
            position: receipt.position,
            recordedtime: receipt.recordedtime,
            proof: with_proof.then(|| receipt.into()),
        }
    }

    /// Its position.
    pub(in crate::http) fn position(&self) -> Position {
        self.position
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            // One whose key was used for something else is at odds with what is there.
            status: match refusal.code {
                standing_projections::refusal::Code::EventConflict => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            code: refusal.code.to_string(),
            message: refusal.message,
            pointer: refusal.pointer,
        }
    }
}

impl Refused {
    /// Refused for a reason that is not of the event alone.
    pub(in crate::http) fn new(code: Code, pointer: &str, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code: code.as_str().to_owned(),
            message: message.into(),
            pointer: pointer.to_owned(),
        }
    }

    /// Its status, its code, what is wrong and where.
    pub(in crate::http) fn into_parts(self) -> (StatusCode, String, String, String) {
        (self.status, self.code, self.message, self.pointer)
    }
}
