//! Where tokens and refused accesses are kept: beside the ledger, never in it.
//!
//! On SQLite a file of its own, so that nothing here waits for an append or makes one wait; on
//! PostgreSQL a schema of its own in the ledger's database, which every instance of the service sees.

mod open;
mod pooled;

use async_trait::async_trait;
use standing_projections::Instant;

use super::{RefusedAccess, Token, TokenHash, TokenLimits};
use crate::ledger::StoreError;
use crate::webhooks::Endpoints;

pub use open::{AccessError, open};
pub(crate) use pooled::{PostgresStore, SqliteStore};

/// Where tokens and refused accesses are kept, and beside them who is told of changes.
#[async_trait]
pub trait Store: Endpoints + Send + Sync {
    /// Keeps a new token. Its id and its hash must not be taken.
    ///
    /// # Errors
    /// Where the store fails.
    async fn add(&self, token: &Token, hash: &TokenHash) -> Result<(), StoreError>;

    /// The token of a hash.
    ///
    /// # Errors
    /// Where the store fails.
    async fn find(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError>;

    /// All tokens, the oldest first.
    ///
    /// # Errors
    /// Where the store fails.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Takes a token back, for ever; one that was taken back already stays so since then. What it is
    /// now, or none where there is no such id.
    ///
    /// # Errors
    /// Where the store fails.
    async fn revoke(&self, id: &str, at: Instant) -> Result<Option<Token>, StoreError>;

    /// Writes refused accesses down, and lets go of the oldest where there are more than `kept`.
    ///
    /// # Errors
    /// Where the store fails; nothing is written then.
    async fn keep_refusals(&self, refused: &[RefusedAccess], kept: u32) -> Result<(), StoreError>;

    /// The newest refused accesses with a number below `before`, the newest first.
    ///
    /// # Errors
    /// Where the store fails.
    async fn refusals(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, RefusedAccess)>, StoreError>;

    /// Lets go of its connections.
    async fn close(&self);
}

const ADD: &str = "INSERT INTO tokens \
    (id, hash, role, subject, actor, note, rate, body_max, time_max, created, expires, revoked) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const FIND: &str = "SELECT id, role, subject, actor, note, rate, body_max, time_max, created, \
    expires, revoked \
    FROM tokens WHERE hash = $1";

const TOKENS: &str = "SELECT id, role, subject, actor, note, rate, body_max, time_max, created, \
    expires, revoked \
    FROM tokens ORDER BY created, id";

const REVOKE: &str = "UPDATE tokens SET revoked = COALESCE(revoked, $2) WHERE id = $1 \
    RETURNING id, role, subject, actor, note, rate, body_max, time_max, created, \
    expires, revoked";

const KEEP: &str = "INSERT INTO refusals \
    (at, status, code, method, path, peer, token, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const LET_GO: &str = "DELETE FROM refusals WHERE number <= (SELECT max(number) FROM refusals) - $1";

const REFUSALS: &str = "SELECT number, at, status, code, method, path, peer, token, request \
    FROM refusals WHERE number < $1 ORDER BY number DESC LIMIT $2";

/// A row of `tokens`, without its hash.
type TokenRow = (
    String,
    String,
    Option<String>,
    String,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i64,
    Option<i64>,
    Option<i64>,
);

/// A row of `refusals`.
type RefusalRow = (
    i64,
    i64,
    i64,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
);

fn damaged(detail: impl ToString) -> StoreError {
    StoreError::Damaged {
        detail: detail.to_string(),
    }
}

fn instant(micros: i64) -> Result<Instant, StoreError> {
    Instant::from_micros(micros).ok_or_else(|| damaged(format_args!("{micros} is no instant")))
}

fn token_of(row: TokenRow) -> Result<Token, StoreError> {
    let (id, role, subject, actor, note, rate, body_max, time_max, made, expires, revoked) = row;
    Ok(Token {
        id,
        role: role.parse().map_err(damaged)?,
        subject,
        actor,
        note,
        limits: TokenLimits {
            rate: rate.map(u32::try_from).transpose().map_err(damaged)?,
            body_max: body_max.map(u64::try_from).transpose().map_err(damaged)?,
            time_max: time_max.map(u32::try_from).transpose().map_err(damaged)?,
        },
        created: instant(made)?,
        expires: expires.map(instant).transpose()?,
        revoked: revoked.map(instant).transpose()?,
    })
}

fn refusal_of(row: RefusalRow) -> Result<(i64, RefusedAccess), StoreError> {
    let (number, at, status, code, method, path, peer, token, request) = row;
    let refused = RefusedAccess {
        at: instant(at)?,
        status: u16::try_from(status).map_err(damaged)?,
        code,
        method,
        path,
        peer,
        token,
        request,
    };
    Ok((number, refused))
}
