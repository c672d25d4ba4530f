//! What every handler works with.

use std::sync::Arc;

use tokio::sync::watch;

use super::current::Current;
use super::signer::Signer;
use crate::access::Store;
use crate::intake::{ClockFn, Queue};
use crate::ledger::Ledger;
use crate::simulations::Simulations;

/// What every handler works with.
pub struct Service {
    /// The log.
    pub ledger: Arc<dyn Ledger>,
    /// Tokens, and accesses that were refused.
    pub access: Arc<dyn Store>,
    /// The way into it.
    pub queue: Queue,
    /// What signs it, where this process has the key.
    pub signer: Option<Signer>,
    /// Everybody's standing.
    pub current: Arc<Current>,
    /// What other rules would do.
    pub simulations: Arc<Simulations>,
    /// Whether the service is about to end.
    pub ending: watch::Receiver<bool>,
    /// What time it is.
    pub clock: ClockFn,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
