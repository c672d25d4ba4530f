//! The log in a PostgreSQL database, for those who have a server and many who write.
//!
//! One connection writes, in transactions that begin by locking the row of `head`; several processes
//! may write to one database, and each sees the head it appends to. Reads have connections of their
//! own, which cannot write and wait for nobody. What must stay true beside what [`Ledger`] asks: a
//! commit is on the server's disk when it is answered (`synchronous_commit`, as long as the server
//! runs with `fsync`), a writing connection whose transaction did not end as asked is closed and
//! never used again, and no message holds the URL's password.

mod append;
mod beside;
mod code;
mod hashes;
mod integrity;
mod open;
mod read;
mod readers;
mod session;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use standing_projections::{Instant, Position};

use super::group::Appender;
use super::row::Row;
use super::tree::{Hash, Tiles};
use super::{
    AppendError, Appended, Condition, Head, Key, Ledger, Location, NewEvent, Private, Query,
    Recorded, Replica, StoreError, StoredEvent, StoredRow,
};
pub(crate) use code::failure;
pub use open::OLDEST_POSTGRES;
use readers::Readers;

/// A ledger in a PostgreSQL database.
///
/// ```no_run
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use standing::ledger::{Ledger, OpenMode, Options, PostgresLedger};
/// let url = "postgres://ann:secret@localhost/standing";
/// let ledger = PostgresLedger::open_with(url, OpenMode::Create, Options::default()).await.unwrap();
/// println!("{}", ledger.head().await.unwrap().position);
/// # });
/// ```
pub struct PostgresLedger {
    at: Location,
    busy_timeout: Duration,
    /// How to connect to write, for what is no append.
    connect: PgConnectOptions,
    appender: Appender,
    readers: Readers,
}

impl std::fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLedger")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Ledger for PostgresLedger {
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
        let mut reader = self.readers.take().await?;
        let found = read::find(&mut reader.conn, keys).await;
        self.readers.answered(reader, found)
    }

    async fn read(&self, query: &Query) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::read(&mut reader.conn, query).await;
        self.readers.answered(reader, found)
    }

    async fn events(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::events(&mut reader.conn, positions).await;
        self.readers.answered(reader, found)
    }

    async fn targeting(&self, targets: &[Position]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::targeting(&mut reader.conn, targets).await;
        self.readers.answered(reader, found)
    }

    async fn position_at(&self, known_at: Instant) -> Result<Position, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::position_before(&mut reader.conn, known_at.micros() + 1).await;
        let found = found.map(|position| Position(position.cast_unsigned()));
        self.readers.answered(reader, found)
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::head(&mut reader.conn).await;
        self.readers.answered(reader, found)
    }

    async fn hashes(&self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = hashes::hashes(&mut reader.conn, level, from, count).await;
        self.readers.answered(reader, found)
    }

    async fn tiles(&self, size: u64, leaves: &[u64]) -> Result<Tiles, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = hashes::tiles(&mut reader.conn, size, leaves).await;
        self.readers.answered(reader, found)
    }

    async fn rows(&self, after: Position, limit: usize) -> Result<Vec<StoredRow>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = read::rows(&mut reader.conn, after, limit).await;
        self.readers.answered(reader, found)
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = integrity::integrity(&mut reader.conn).await;
        self.readers.answered(reader, found)
    }

    async fn private(&self, positions: &[Position]) -> Result<Vec<Option<Private>>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = beside::private(&mut reader.conn, positions).await;
        self.readers.answered(reader, found)
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        beside::scrub(&self.connect, self.busy_timeout).await
    }

    async fn keep_checkpoint(&self, tree_size: u64, note: &str) -> Result<(), StoreError> {
        let kept = beside::keep_checkpoint(&self.connect, self.busy_timeout, tree_size, note).await;
        kept.map_err(|error| code::failure(error, self.busy_timeout))
    }

    async fn checkpoints(
        &self,
        at_least: u64,
        limit: usize,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let mut reader = self.readers.take().await?;
        let found = beside::checkpoints(&mut reader.conn, at_least, limit).await;
        self.readers.answered(reader, found)
    }
}
