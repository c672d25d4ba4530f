//! What can go wrong with the log, said so that a person can act on it.
//!
//! Three enums for the three moments: opening, appending, reading. Callers match on the variant and
//! never on the sentence.

use std::sync::Arc;
use std::time::Duration;

use standing_projections::Position;

use super::{Head, Location};

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing there, or an empty database.
    #[error("there is no ledger at `{at}`")]
    Missing {
        /// Where it was looked for.
        at: Location,
    },
    /// The directory that the ledger was to be made in does not exist.
    #[error("the directory of `{at}` does not exist")]
    NoDirectory {
        /// The ledger that was to be made.
        at: Location,
    },
    /// The path is that of a directory.
    #[error("`{at}` is a directory; a ledger is a file")]
    Directory {
        /// The directory.
        at: Location,
    },
    /// The file belongs to something else.
    #[error("`{at}` is not a ledger; it is left as it is")]
    NotALedger {
        /// The ledger.
        at: Location,
    },
    /// A later version of this program has changed the ledger's schema.
    #[error("`{at}` has schema {found}, and this program knows up to {known}: use a newer version")]
    Newer {
        /// The ledger.
        at: Location,
        /// The schema's version.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// The ledger was made by a version that was never released, which kept no tree.
    #[error(
        "`{at}` has schema {found} of a version before the first release, and this program needs {known}: \
         export its events with `audit` of that version and import them into a new ledger"
    )]
    Older {
        /// The ledger.
        at: Location,
        /// The schema's version.
        found: i64,
        /// The one that this program needs.
        known: i64,
    },
    /// The file, or its directory, cannot be written to.
    #[error("`{at}` cannot be written to; check the permissions of it and of its directory")]
    Unwritable {
        /// The ledger.
        at: Location,
    },
    /// The SQLite library that this program runs with is too old to be trusted with a log.
    #[error("SQLite {found} is too old: before {needed} a log could be damaged")]
    SqliteTooOld {
        /// Its version.
        found: String,
        /// The oldest that will do.
        needed: &'static str,
    },
    /// The URL is none that leads to a server.
    #[error("`{at}` is no URL of a PostgreSQL database: {reason}")]
    WrongUrl {
        /// The URL.
        at: Location,
        /// What is wrong with it.
        reason: String,
    },
    /// No server answers.
    #[error("no PostgreSQL server answers at `{at}`: {reason}")]
    Unreachable {
        /// Where it was looked for.
        at: Location,
        /// What happened instead.
        reason: String,
    },
    /// The server has no database of that name.
    #[error("the server has no database `{database}` (`{at}`)")]
    NoDatabase {
        /// The ledger that was to be made or opened.
        at: Location,
        /// The database.
        database: String,
    },
    /// The server does not let this account do it.
    #[error("the server refuses `{at}`: {reason}")]
    Denied {
        /// The ledger.
        at: Location,
        /// What the server says.
        reason: String,
    },
    /// The server is older than those that are tested.
    #[error("the server of `{at}` is PostgreSQL {found}, and this program needs {needed} or later")]
    ServerTooOld {
        /// The ledger that was to be made or opened.
        at: Location,
        /// The server's major version.
        found: i32,
        /// The oldest that will do.
        needed: i32,
    },
    /// The database cannot hold every text.
    #[error("the database of `{at}` keeps texts as {found}, and a ledger needs UTF8")]
    NotUnicode {
        /// The ledger that was to be made or opened.
        at: Location,
        /// The database's encoding.
        found: String,
    },
    /// Anything else that the store says.
    #[error("`{at}` could not be opened: {source}")]
    Store {
        /// The ledger.
        at: Location,
        /// What the store says.
        source: StoreError,
    },
}

/// What the store says when it cannot do what it is asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else is writing, and went on for longer than one waits.
    #[error(
        "the ledger is busy: another process has been writing to it for {} s; try again",
        .waited.as_secs_f32()
    )]
    Busy {
        /// How long this process waited.
        waited: Duration,
    },
    /// There is no room.
    #[error("the disk is full; make room and try again")]
    Full,
    /// The disk, or whatever the file lies on, cannot read or write.
    #[error("the ledger's disk reports an error ({detail}): check it before going on")]
    Disk {
        /// What the database says.
        detail: String,
    },
    /// The file may not be written to, or the server takes no writes.
    #[error(
        "the ledger cannot be written to; check the permissions of a file and of its directory, \
         and of a server whether it is a standby"
    )]
    ReadOnly,
    /// The server does not let this account do it.
    #[error("the server refuses it: {detail}")]
    Denied {
        /// What the server says.
        detail: String,
    },
    /// The server is out of reach.
    #[error("the connection to the ledger's server is lost: {detail}")]
    Lost {
        /// What happened.
        detail: String,
    },
    /// What is stored is not what this program stores.
    #[error("the ledger is damaged ({detail}); restore it from a copy")]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// Anything else.
    #[error("the ledger's database failed: {0}")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// A failure that is no more than a sentence.
    pub(crate) fn failed(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(reason.into()))
    }
}

/// Why nothing of a batch was appended (but see [`AppendError::Unknown`]).
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The log holds something newer that the condition excludes.
    #[error("the log has moved on to position {}: read what is new and decide again", .head.position)]
    ConditionFailed {
        /// The log's head when the condition was checked.
        head: Head,
    },
    /// An event's (`source`, `id`) is in the log already, or earlier in the batch.
    #[error("event {index} of the batch has a `source` and `id` that are taken")]
    KeyTaken {
        /// The first such event's index in the batch.
        index: usize,
    },
    /// A trusted `recordedtime` lies before that of the event before it.
    #[error("event {index} of the batch has a `recordedtime` before that of the event before it")]
    RecordedTimeDecreases {
        /// The first such event's index in the batch.
        index: usize,
    },
    /// An event's target does not come before it: its position was guessed, and the log moved on.
    #[error(
        "event {index} of the batch is aimed at position {target}, which is not before its own"
    )]
    TargetNotBefore {
        /// The first such event's index in the batch.
        index: usize,
        /// Where it is aimed.
        target: Position,
    },
    /// The batch may have been appended or not: the commit was sent and its answer is not known.
    /// Sending the same events again settles it, by their keys.
    #[error("it is not known whether the batch was appended; send the same events again: {0}")]
    Unknown(#[source] StoreError),
    /// The store failed; nothing was appended.
    #[error("nothing was appended: {0}")]
    Store(#[from] StoreError),
}
