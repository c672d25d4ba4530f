//! The log in one SQLite file, the store that needs no server.
//!
//! One connection writes, behind a lock, in transactions that begin with the database's write lock
//! (`BEGIN IMMEDIATE`), so that several processes may write to one file and each sees the head it
//! appends to. Reads have connections of their own, which cannot write and, in WAL mode, neither
//! wait for the writer nor hold it up. What must stay true beside what [`Ledger`] asks: a commit is
//! on the disk when it is answered (`synchronous = FULL`; WAL with NORMAL loses acknowledged commits
//! when the power fails), and a writing connection whose transaction did not end as asked is closed
//! and never used again.

mod append;
mod beside;
mod code;
mod health;
mod names;
mod open;
mod read;
mod readers;
mod rows;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use standing_projections::{Instant, Position};

use super::group::Appender;
use super::row::Row;
use super::tree::{Hash, Tiles};
use super::{
    AppendError, Appended, Condition, Head, Key, Ledger, NewEvent, Private, Query, Recorded,
    Replica, StoreError, StoredEvent, StoredRow,
};
pub(crate) use open::use_wal;
pub use open::{OLDEST_SQLITE, check_sqlite_version};
use readers::{Reader, Readers};

/// A ledger in a SQLite file.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use standing::ledger::{Ledger, OpenMode, SqliteLedger};
/// use standing_projections::Position;
/// let directory = tempfile::tempdir().unwrap();
/// let ledger = SqliteLedger::open(directory.path().join("log.db"), OpenMode::Create).await.unwrap();
/// assert_eq!(ledger.head().await.unwrap().position, Position(0));
/// # });
/// ```
pub struct SqliteLedger {
    path: PathBuf,
    busy_timeout: Duration,
    /// How to connect to write, for what is no append.
    connect: SqliteConnectOptions,
    appender: Appender,
    readers: Readers,
    /// The names of rows that were read whole.
    names: rows::Names,
}

impl std::fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteLedger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteLedger {
    async fn reader(&self) -> Result<Reader, StoreError> {
        let reader = self.readers.take().await;
        reader.map_err(|error| self.failure(error))
    }

    /// The answer, and the connection for the next question where there was one.
    fn answered<T>(&self, reader: Reader, answer: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        if answer.is_ok() {
            self.readers.put_back(reader);
        }
        answer.map_err(|error| self.failure(error))
    }

    /// What a failure of the database means to a caller.
    fn failure(&self, error: sqlx::Error) -> StoreError {
        failure(error, self.busy_timeout)
    }
}

/// What a failure of the database means to a caller who waited that long for a lock.
pub(crate) fn failure(error: sqlx::Error, waited: Duration) -> StoreError {
    if let sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } = error {
        let detail = error.to_string();
        return StoreError::Damaged { detail };
    }
    match code::primary_code(&error) {
        Some(code::BUSY) => StoreError::Busy { waited },
        Some(code::READONLY) => StoreError::ReadOnly,
        Some(code::CORRUPT | code::NOTADB) => StoreError::Damaged {
            detail: error.to_string(),
        },
        Some(code::FULL) => StoreError::Full,
        Some(code::IOERR) => StoreError::Disk {
            detail: error.to_string(),
        },
        _ => StoreError::failed(error),
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    /// After it the file stands alone: its WAL is folded into it.
    async fn close(&self) {
        self.readers.close().await;
        self.appender.close().await;
    }

    async fn append(
        &self,
        batch: &[NewEvent],
        recorded: Recorded,
        condition: &Condition,
    ) -> Result<Appended, AppendError> {
        // What can be done before the lock is, so that others wait less.
        let rows: Result<Vec<Row>, StoreError> = batch.iter().map(Row::new).collect();
        let appended = self.appender.append(rows?, recorded, condition.clone());
        appended.await
    }

    async fn replicate(&self, events: Vec<Replica>) -> Result<Appended, AppendError> {
        let first = events
            .first()
            .map_or(Position(1), |first| first.event.position);
        let before = Condition::Exactly(Position(first.0.saturating_sub(1)));
        let rows = events.into_iter().map(Row::copied).collect();
        self.appender.append(rows, Recorded::Trusted, before).await
    }

    async fn find(&self, keys: &[Key<'_>]) -> Result<Vec<Option<StoredEvent>>, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::find(&mut reader.conn, keys).await;
        self.answered(reader, found)
    }

    async fn read(&self, query: &Query) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::read(&mut reader.conn, query).await;
        self.answered(reader, found)
    }

    async fn events(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::events(&mut reader.conn, positions).await;
        self.answered(reader, found)
    }

    async fn targeting(&self, targets: &[Position]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::targeting(&mut reader.conn, targets).await;
        self.answered(reader, found)
    }

    async fn position_at(&self, known_at: Instant) -> Result<Position, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::position_before(&mut reader.conn, known_at.micros() + 1).await;
        let found = found.map(|position| Position(position.cast_unsigned()));
        self.answered(reader, found)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::head(&mut reader.conn).await;
        self.answered(reader, found)
    }

    async fn hashes(&self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::hashes(&mut reader.conn, level, from, count).await;
        self.answered(reader, found)
    }

    async fn tiles(&self, size: u64, leaves: &[u64]) -> Result<Tiles, StoreError> {
        let mut reader = self.reader().await?;
        let found = read::tiles(&mut reader.conn, size, leaves).await;
        self.answered(reader, found)
    }

    async fn rows(&self, after: Position, limit: usize) -> Result<Vec<StoredRow>, StoreError> {
        let mut reader = self.reader().await?;
        let found = rows::rows(&mut reader.conn, &self.names, after, limit).await;
        self.answered(reader, found)
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut reader = self.reader().await?;
        let found = health::integrity(&mut reader.conn).await;
        self.answered(reader, found)
    }

    async fn private(&self, positions: &[Position]) -> Result<Vec<Option<Private>>, StoreError> {
        let mut reader = self.reader().await?;
        let found = beside::private(&mut reader.conn, positions).await;
        self.answered(reader, found)
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        beside::scrub(&self.connect, self.busy_timeout).await
    }

    async fn keep_checkpoint(&self, tree_size: u64, note: &str) -> Result<(), StoreError> {
        let kept = beside::keep_checkpoint(&self.connect, tree_size, note).await;
        kept.map_err(|error| self.failure(error))
    }

    async fn checkpoints(
        &self,
        at_least: u64,
        limit: usize,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let mut reader = self.reader().await?;
        let found = beside::checkpoints(&mut reader.conn, at_least, limit).await;
        self.answered(reader, found)
    }
}
