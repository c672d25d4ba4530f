//! What every handler works with.

use std::sync::Arc;

use crate::access::Store;
use crate::ledger::Ledger;

/// What every handler works with.
pub struct Service {
    /// The log.
    pub ledger: Arc<dyn Ledger>,
    /// Tokens, and accesses that were refused.
    pub access: Arc<dyn Store>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
