//! Checkpoints of a log that is being served, signed by the process that has the key.

use std::time::Instant;

use standing_projections::Position;
use tokio::sync::Mutex;

use super::Problem;
use super::problem::Code;
use crate::intake::ClockFn;
use crate::ledger::Ledger;
use crate::proof::SignerKey;
use crate::proof::sign::{SIGNED_EVERY, SignError, Signed, sign};

/// The key, and what was signed with it last.
pub struct Signer {
    key: SignerKey,
    clock: ClockFn,
    last: Mutex<Option<(Instant, Signed)>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("key", self.key.verifier())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// Signs with that key.
    #[must_use]
    pub fn new(key: SignerKey, clock: ClockFn) -> Self {
        let last = Mutex::new(None);
        Self { key, clock, last }
    }

    /// A checkpoint that was signed within the last second, or now.
    pub(super) async fn newest(&self, ledger: &dyn Ledger) -> Result<Signed, SignError> {
        let mut last = self.last.lock().await;
        if let Some((at, signed)) = &*last
            && at.elapsed() < SIGNED_EVERY
        {
            return Ok(signed.clone());
        }
        let signed = sign(ledger, &self.key, (self.clock)()).await?;
        *last = Some((Instant::now(), signed.clone()));
        Ok(signed)
    }

    /// A checkpoint that holds a position of the log; it may take a second until there is one.
    pub(super) async fn holding(
        &self,
        ledger: &dyn Ledger,
        position: Position,
    ) -> Result<Signed, SignError> {
        loop {
            let signed = self.newest(ledger).await?;
            if signed.checkpoint.head.size >= position.0 {
                return Ok(signed);
            }
            tokio::time::sleep(SIGNED_EVERY / 10).await;
        }
    }
}

/// That nothing is signed here.
pub(super) fn unsigned() -> Problem {
    Problem::new(
        Code::LogUnsigned,
        "the service has no key to sign with: it is started with `--key FILE`, which `standing keys new` makes",
    )
}

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Log(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
