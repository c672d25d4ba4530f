//! Where endpoints are kept, with their places and their dead letters: beside the tokens.

use async_trait::async_trait;
use standing_projections::Instant;

use super::{DeadLetter, Endpoint};
use crate::ledger::StoreError;
use crate::readmodel::Told;

/// Where endpoints are kept.
///
/// Whatever moves a place on names the place that it was at, and does nothing where that is another one by now:
/// somebody else has delivered, or the endpoint was removed.
#[async_trait]
pub trait Endpoints: Send + Sync {
    /// Keeps a new one.
    ///
    /// # Errors
    /// Where the store fails.
    async fn add_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError>;

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// Where the store fails.
    async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError>;

    /// Takes one away with its dead letters; false, where there is none of that id.
    ///
    /// # Errors
    /// Where the store fails.
    async fn remove_endpoint(&self, id: &str) -> Result<bool, StoreError>;

    /// Moves a place on: what comes next was not tried yet. With `dead`, that is laid aside.
    ///
    /// # Errors
    /// Where the store fails; nothing is written then.
    async fn move_on(
        &self,
        was: &Endpoint,
        place: &Told,
        now: Instant,
        dead: Option<&DeadLetter>,
    ) -> Result<bool, StoreError>;

    /// Begins anew with the first change of another sequence.
    ///
    /// # Errors
    /// Where the store fails.
    async fn begin_anew(
        &self,
        was: &Endpoint,
        epoch: &str,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Notes that what comes next was not taken, and when it is tried again.
    ///
    /// # Errors
    /// Where the store fails.
    async fn failed(&self, was: &Endpoint, due: Instant, failure: &str)
    -> Result<bool, StoreError>;

    /// Notes that somebody wants no more.
    ///
    /// # Errors
    /// Where the store fails.
    async fn end_endpoint(&self, id: &str, now: Instant) -> Result<(), StoreError>;

    /// Dead letters, of one endpoint or of all, in their order.
    ///
    /// # Errors
    /// Where the store fails.
    async fn dead_letters(
        &self,
        webhook: Option<&str>,
        resend: bool,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// Has dead letters of an endpoint sent once more: that one, or all; how many.
    ///
    /// # Errors
    /// Where the store fails.
    async fn resend(&self, webhook: &str, id: Option<&Told>) -> Result<u64, StoreError>;

    /// Notes what came of sending a dead letter once more: it is no more, or stays for that reason.
    ///
    /// # Errors
    /// Where the store fails.
    async fn resent(
        &self,
        letter: &DeadLetter,
        now: Instant,
        failure: Option<&str>,
    ) -> Result<(), StoreError>;
}
