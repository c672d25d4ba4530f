//! Who comes with which token.
//!
//! A token is looked up in the store and the answer believed for [`LEASE`], counted from before the
//! store was asked; then it is asked again. Whoever revokes one waits out [`REVOKED_AFTER`], which is
//! longer, before saying that it is done: from then on no instance lets it in, whichever machine it runs
//! on, however its clock goes, and whether or not it can be reached. So a revocation is at once for
//! whoever was told of it, and a token costs ten questions a second, not one for each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standing_projections::Instant;
use tokio::time::Instant as Moment;

use super::token::{TokenHash, hash, is_token};
use super::{Store, Token};
use crate::ledger::StoreError;

/// How long the store's answer is believed.
const LEASE: Duration = Duration::from_millis(100);

/// How long after the store knows of a revocation every instance does.
pub const REVOKED_AFTER: Duration = Duration::from_millis(150);

/// How many answers are kept before those that are not believed any more are let go.
const LEASES_MAX: usize = 4_096;

/// Who comes with which token.
pub struct Guard {
    store: Arc<dyn Store>,
    leases: Mutex<HashMap<TokenHash, Lease>>,
}

/// The store's answer, and until when it is believed.
struct Lease {
    token: Arc<Token>,
    until: Moment,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// One that asks that store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            leases: Mutex::default(),
        }
    }

    /// The token that was shown, where it is good at that instant.
    ///
    /// # Errors
    /// Where the store fails: nobody is let in on an old answer.
    pub async fn recognise(
        &self,
        shown: &str,
        now: Instant,
    ) -> Result<Option<Arc<Token>>, StoreError> {
        match is_token(shown) {
            true => self.recognise_hash(hash(shown), now).await,
            false => Ok(None),
        }
    }

    /// The token of which that is kept, where it is good at that instant.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn recognise_hash(
        &self,
        hash: TokenHash,
        now: Instant,
    ) -> Result<Option<Arc<Token>>, StoreError> {
        let known = self.leased(&hash);
        let token = match known {
            Some(token) => Some(token),
            None => self.ask(hash).await?,
        };
        Ok(token.filter(|token| token.is_good_at(now)))
    }

    fn leased(&self, hash: &TokenHash) -> Option<Arc<Token>> {
        let leases = self.leases();
        let lease = leases.get(hash)?;
        (Moment::now() < lease.until).then(|| Arc::clone(&lease.token))
    }

    /// Asks the store. Only tokens that it has are kept in mind: their number is bounded by whoever
    /// makes them, not by whoever tries some.
    async fn ask(&self, hash: TokenHash) -> Result<Option<Arc<Token>>, StoreError> {
        let asked = Moment::now();
        let Some(token) = self.store.find(&hash).await? else {
            return Ok(None);
        };
        let token = Arc::new(token);
        let lease = Lease {
            token: Arc::clone(&token),
            until: asked + LEASE,
        };
        let mut leases = self.leases();
        if leases.len() >= LEASES_MAX {
            leases.retain(|_, lease| asked < lease.until);
        }
        leases.insert(hash, lease);
        Ok(Some(token))
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<TokenHash, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
