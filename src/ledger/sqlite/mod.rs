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
mod code;
mod names;
mod open;
mod read;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite, SqlitePool};
use standing_projections::{Instant, Position};
use tokio::sync::Mutex;

use super::{
    AppendError, Appended, Condition, Head, Key, Leaf, Ledger, NewEvent, Query, Recorded,
    StoreError, StoredEvent,
};
use append::Writer;
pub use open::{OLDEST_SQLITE, OpenMode, check_sqlite_version};

/// Where the ledger's own time comes from.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How a ledger is opened, beside where.
#[derive(Clone)]
pub struct Options {
    /// The clock that recorded times are read from.
    pub clock: Clock,
    /// How long to wait while another process writes.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(|| Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros())),
            busy_timeout: Duration::from_secs(10),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

/// A ledger in a SQLite file.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use standing::ledger::{Ledger, SqliteLedger, sqlite::OpenMode};
/// use standing_projections::Position;
/// let directory = tempfile::tempdir().unwrap();
/// let ledger = SqliteLedger::open(directory.path().join("log.db"), OpenMode::Create).await.unwrap();
/// assert_eq!(ledger.head().await.unwrap().position, Position(0));
/// # });
/// ```
pub struct SqliteLedger {
    path: PathBuf,
    options: Options,
    connect: SqliteConnectOptions,
    /// None until the next append connects anew, after a transaction that did not end as asked.
    writer: Mutex<Option<Writer>>,
    readers: SqlitePool,
}

impl std::fmt::Debug for SqliteLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteLedger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteLedger {
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let conn = self.readers.acquire().await;
        conn.map_err(|error| self.failure(error))
    }

    /// What a failure of the database means to a caller.
    fn failure(&self, error: sqlx::Error) -> StoreError {
        failure(error, self.options.busy_timeout)
    }
}

/// What a failure of the database means to a caller who waited that long for a lock.
fn failure(error: sqlx::Error, waited: Duration) -> StoreError {
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
        _ => StoreError::Failed(Box::new(error)),
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    /// After it the file stands alone: its WAL is folded into it.
    async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = self.writer.lock().await.take() {
            writer.close().await;
        }
    }

    async fn append(
        &self,
        batch: &[NewEvent],
        recorded: Recorded,
        condition: &Condition,
    ) -> Result<Appended, AppendError> {
        // What can be done before the lock is, so that others wait less.
        let leaves: Vec<Leaf> = batch.iter().map(|new| Leaf::new(&new.body)).collect();
        let mut slot = self.writer.lock().await;
        // Taken out, so that a caller who gives up half way leaves no open transaction behind.
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => Writer::connect(&self.connect)
                .await
                .map_err(|error| self.failure(error))?,
        };
        let result = writer
            .append(batch, &leaves, recorded, condition, &self.options)
            .await;
        if !matches!(result, Err(AppendError::Store(_) | AppendError::Unknown(_))) {
            *slot = Some(writer);
        }
        result
    }

    async fn find(&self, keys: &[Key<'_>]) -> Result<Vec<Option<StoredEvent>>, StoreError> {
        let mut conn = self.reader().await?;
        let found = read::find(&mut conn, keys).await;
        found.map_err(|error| self.failure(error))
    }

    async fn read(&self, query: &Query) -> Result<Vec<StoredEvent>, StoreError> {
        let mut conn = self.reader().await?;
        let found = read::read(&mut conn, query).await;
        found.map_err(|error| self.failure(error))
    }

    async fn targeting(&self, targets: &[Position]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut conn = self.reader().await?;
        let found = read::targeting(&mut conn, targets).await;
        found.map_err(|error| self.failure(error))
    }

    async fn position_at(&self, known_at: Instant) -> Result<Position, StoreError> {
        let mut conn = self.reader().await?;
        let found = read::position_before(&mut conn, known_at.micros() + 1).await;
        found
            .map(|position| Position(position.cast_unsigned()))
            .map_err(|error| self.failure(error))
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let mut conn = self.reader().await?;
        let found = read::head(&mut conn).await;
        found.map_err(|error| self.failure(error))
    }
}
