//! Signing the log's tree, and keeping what was signed.
//!
//! A signature cannot be taken back: whoever has two of one log that contradict each other can show
//! that it was rewritten. So before a tree is signed it is shown to go on from the newest checkpoint
//! that was kept, and a checkpoint is kept before it is given away.

use std::time::Duration;

use standing_projections::{Instant, Position};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::SignerKey;
use super::log::{LogError, consistency, event_at};
use crate::ledger::{Ledger, StoreError};

/// How long a checkpoint is answered again before another is signed.
pub const SIGNED_EVERY: Duration = Duration::from_secs(1);

/// Why a tree was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// What the ledger holds forbids it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A checkpoint that is kept is none.
    #[error(
        "the ledger is damaged: what it keeps as the checkpoint of {size} events is none ({error})"
    )]
    Kept {
        /// The size that it is kept under.
        size: u64,
        /// Why it is none.
        error: CheckpointError,
    },
    /// The note that was to be made of it.
    #[error(transparent)]
    Note(#[from] super::note::NoteError),
}

impl From<StoreError> for SignError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

/// A checkpoint with its note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
    /// Whether it was signed now; else it is one that was kept.
    pub new: bool,
}

/// The newest checkpoint that the ledger keeps.
///
/// # Errors
/// [`SignError::Kept`], where what is kept is none.
pub async fn newest_checkpoint(ledger: &dyn Ledger) -> Result<Option<Signed>, SignError> {
    let (mut newest, mut from, mut until) = (None, 0, i64::MAX.cast_unsigned());
    // The ledger gives checkpoints from a size on, the smallest first: halving finds the last.
    while from < until {
        let middle = from + (until - from) / 2;
        match ledger.checkpoints(middle, 1).await?.pop() {
            Some((size, note)) => {
                from = size.max(middle).saturating_add(1);
                newest = Some((size, note));
            }
            None if middle == from => break,
            None => until = middle,
        }
    }
    newest.map(kept).transpose()
}

/// The smallest checkpoint that the ledger keeps of a tree of at least that size.
///
/// # Errors
/// [`SignError::Kept`], where what is kept is none.
pub async fn kept_checkpoint(ledger: &dyn Ledger, size: u64) -> Result<Option<Signed>, SignError> {
    let found = ledger.checkpoints(size, 1).await?.pop();
    found.map(kept).transpose()
}

fn kept((size, note): (u64, String)) -> Result<Signed, SignError> {
    let checkpoint = Checkpoint::claimed(note.as_bytes());
    match checkpoint {
        Ok(checkpoint) if checkpoint.head.size == size => Ok(Signed {
            checkpoint,
            note,
            new: false,
        }),
        Ok(_) => {
            let error = CheckpointError::Malformed { what: "size" };
            Err(SignError::Kept { size, error })
        }
        Err(error) => Err(SignError::Kept { size, error }),
    }
}

/// Signs the tree of the log as it is, or answers the newest checkpoint that is kept where that is of
/// the same tree and key, or less than a second old.
///
/// How old a kept checkpoint is, is not kept; it is as young as the last event in it at most, and
/// that is what is asked, so that several processes do not sign more often than one would.
///
/// # Errors
/// See [`SignError`]; above all [`LogError::Rewritten`], where the log does not go on from the newest
/// checkpoint that is kept: then nothing is ever signed again.
pub async fn sign(ledger: &dyn Ledger, key: &SignerKey, now: Instant) -> Result<Signed, SignError> {
    let newest = newest_checkpoint(ledger).await?;
    let head = match &newest {
        Some(newest) => consistency(ledger, &newest.checkpoint).await?.0,
        None => {
            let size = ledger.head().await?.position.0;
            super::log::tree_head(ledger, size).await?
        }
    };
    if let Some(newest) = newest {
        let keys = std::slice::from_ref(key.verifier());
        let own = Checkpoint::open(newest.note.as_bytes(), keys).is_ok();
        let same = newest.checkpoint.head.size == head.size;
        if own && (same || is_young(ledger, &newest, now).await?) {
            return Ok(newest);
        }
    }
    let note = Checkpoint::sign(head, key)?;
    ledger.keep_checkpoint(head.size, &note).await?;
    let origin = key.verifier().name().to_owned();
    let checkpoint = Checkpoint { origin, head };
    Ok(Signed {
        checkpoint,
        note,
        new: true,
    })
}

/// Whether a checkpoint was signed less than a second ago for sure.
async fn is_young(ledger: &dyn Ledger, signed: &Signed, now: Instant) -> Result<bool, SignError> {
    let size = signed.checkpoint.head.size;
    if size == 0 {
        return Ok(false);
    }
    let last = event_at(ledger, Position(size)).await?.recordedtime;
    let age = now.micros().saturating_sub(last.micros());
    let every = i64::try_from(SIGNED_EVERY.as_micros()).unwrap_or(i64::MAX);
    Ok((0..every).contains(&age))
}

/// As [`sign`], of a tree that holds a position: where the newest checkpoint that is kept does not
/// hold it and is less than a second old, waits until it no longer is.
///
/// # Errors
/// As [`sign`], and [`LogError::NoSuchPosition`].
pub async fn sign_with(
    ledger: &dyn Ledger,
    key: &SignerKey,
    position: Position,
    clock: impl Fn() -> Instant,
) -> Result<Signed, SignError> {
    let end = ledger.head().await?.position;
    if position == Position(0) || position > end {
        return Err(LogError::NoSuchPosition { position, end }.into());
    }
    loop {
        let signed = sign(ledger, key, clock()).await?;
        if signed.checkpoint.head.size >= position.0 {
            return Ok(signed);
        }
        tokio::time::sleep(SIGNED_EVERY / 10).await;
    }
}
