//! What PostgreSQL's error codes (SQLSTATE) mean to a caller, as far as they are told apart
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::borrow::Cow;
use std::time::Duration;

use super::super::StoreError;

pub(super) const INVALID_CATALOG_NAME: &str = "3D000";
pub(super) const INSUFFICIENT_PRIVILEGE: &str = "42501";
const READ_ONLY_TRANSACTION: &str = "25006";
/// The server ended a transaction that stood still.
const IDLE_TRANSACTION: &str = "25P03";
const COMPLETION_UNKNOWN: &str = "40003";
const QUERY_CANCELED: &str = "57014";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK: &str = "40P01";
const DISK_FULL: &str = "53100";
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// The first two characters: of constraints, and of triggers that refuse.
const INTEGRITY_CONSTRAINT: &str = "23";
/// Of accounts and passwords.
pub(super) const AUTHORIZATION: &str = "28";
const CONNECTION: &str = "08";
const DATA_CORRUPTED: &str = "XX001";
const INDEX_CORRUPTED: &str = "XX002";
/// The server is going down, has crashed or is coming up.
const OPERATOR_INTERVENTION: &str = "57P";

pub(super) fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// Whether a constraint or a trigger refused a row.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code.starts_with(INTEGRITY_CONSTRAINT))
}

/// Whether the server says of a statement that is a transaction by itself that nothing came of it: it
/// refused, gave up waiting, was told to stop or had no room. With any other error (of the connection,
/// of the server itself) the commit may have been reached.
pub(super) fn came_to_nothing(error: &sqlx::Error) -> bool {
    // Data, constraints, the transaction's state, rollbacks, rights, resources, limits, locks.
    const CLASSES: [&str; 8] = ["22", "23", "25", "40", "42", "53", "54", "55"];
    code(error).is_some_and(|code| match &*code {
        QUERY_CANCELED => true,
        IDLE_TRANSACTION | COMPLETION_UNKNOWN => false,
        code => CLASSES.iter().any(|class| code.starts_with(class)),
    })
}

/// What a failure of the database means to a caller who waited that long for a lock.
pub(crate) fn failure(error: sqlx::Error, waited: Duration) -> StoreError {
    let detail = error.to_string();
    match &error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            return StoreError::Damaged { detail };
        }
        // What comes is not what a server says: the connection was cut in the middle of it.
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
            return StoreError::Lost { detail };
        }
        sqlx::Error::Database(database) => {
            let detail = database.message().to_owned();
            match database.code().as_deref() {
                Some(LOCK_NOT_AVAILABLE | SERIALIZATION_FAILURE | DEADLOCK) => {
                    return StoreError::Busy { waited };
                }
                Some(READ_ONLY_TRANSACTION) => return StoreError::ReadOnly,
                Some(INSUFFICIENT_PRIVILEGE) => return StoreError::Denied { detail },
                Some(DISK_FULL) => return StoreError::Full,
                Some(DATA_CORRUPTED | INDEX_CORRUPTED) => return StoreError::Damaged { detail },
                Some(IDLE_TRANSACTION) => return StoreError::Lost { detail },
                Some(code)
                    if code.starts_with(CONNECTION) || code.starts_with(OPERATOR_INTERVENTION) =>
                {
                    return StoreError::Lost { detail };
                }
                _ => {}
            }
        }
        _ => {}
    }
    StoreError::failed(error)
}
