//! The connections that read: made as they are needed, kept for the next question, never more than a
//! few at a time.
//!
//! A pool that is made for servers would try for long to reach one that is not there, and open a
//! second connection before the first is back; commands come and go in less time than that takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::StoreError;
use super::code::failure;
use super::session;

/// How many connections read at once.
const READERS: usize = 4;

pub(super) struct Readers {
    options: PgConnectOptions,
    patience: Duration,
    idle: Mutex<Vec<PgConnection>>,
    room: Arc<Semaphore>,
}

/// A connection that is being asked. One that is dropped is closed.
pub(super) struct Reader {
    pub(super) conn: PgConnection,
    _room: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(options: PgConnectOptions, patience: Duration) -> Self {
        Self {
            options,
            patience,
            idle: Mutex::default(),
            room: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// A connection to ask, once there is room.
    pub(super) async fn take(&self) -> Result<Reader, StoreError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| StoreError::failed("the ledger is closed"))?;
        while let Some(mut conn) = self.next_idle() {
            // The server may have ended it while nobody was looking.
            if conn.ping().await.is_ok() {
                return Ok(Reader { conn, _room: room });
            }
        }
        let conn = self.connect().await;
        conn.map(|conn| Reader { conn, _room: room })
            .map_err(|error| failure(error, self.patience))
    }

    /// The answer, and the connection for the next question where there was one.
    pub(super) fn answered<T>(
        &self,
        reader: Reader,
        answer: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        if answer.is_ok() {
            self.idle().push(reader.conn);
        }
        answer.map_err(|error| failure(error, self.patience))
    }

    pub(super) async fn close(&self) {
        self.room.close();
        while let Some(conn) = self.next_idle() {
            let _ = conn.close().await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_idle(&self) -> Option<PgConnection> {
        self.idle().pop()
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut conn = session::connect(&self.options, self.patience).await?;
        session::prepare_to_read(&mut conn).await?;
        Ok(conn)
    }
}
