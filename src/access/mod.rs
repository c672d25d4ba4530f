//! Who may do what.
//!
//! Whoever asks the service something shows a token; a token has a role; [`policy`] is the one table
//! that says what each role may. Nothing here speaks HTTP: `http` stands at the door and asks.
//!
//! What must stay true: a token is shown once and kept only as its hash; what the table does not allow
//! is denied; once a revocation has been answered, no request with that token is let in by any
//! instance; what is refused is written down beside the log and never into it.

mod caller;
mod guard;
pub mod policy;
mod rate;
mod redaction;
mod refusal;
mod role;
mod store;
mod token;

pub use caller::Caller;
pub use guard::{Guard, REVOKED_AFTER};
pub use policy::{Action, may, may_append, may_decide};
pub use rate::{Rate, Rates};
pub use redaction::{hides_reporter, redacted};
pub use refusal::{Refusals, RefusedAccess};
pub use role::Role;
pub use store::{AccessError, Store, open};
pub(crate) use store::{PostgresStore, SqliteStore};
pub use token::{Secret, Token, TokenHash, TokenLimits, hash, new_id};
