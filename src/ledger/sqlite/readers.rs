//! The connections that read: made as they are needed and kept for the next question. A pool that is made
//! for servers asks each before and after a question whether it is still there, which takes as long as the question.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    room: Arc<Semaphore>,
    max: u32,
}

/// A connection that is being asked. One that is dropped is closed.
pub(super) struct Reader {
    pub(super) conn: SqliteConnection,
    _room: OwnedSemaphorePermit,
}

impl Readers {
    /// So many at most, of which the first is made.
    pub(super) async fn open(options: SqliteConnectOptions, max: u32) -> Result<Self, sqlx::Error> {
        let first = options.connect().await?;
        Ok(Self {
            options,
            idle: Mutex::new(vec![first]),
            room: Arc::new(Semaphore::new(max as usize)),
            max,
        })
    }

    /// A connection to ask, once there is room.
    pub(super) async fn take(&self) -> Result<Reader, sqlx::Error> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.options.connect().await?,
        };
        Ok(Reader { conn, _room: room })
    }

    /// Keeps a connection that has answered for the next question.
    pub(super) fn put_back(&self, reader: Reader) {
        if !self.room.is_closed() {
            self.idle().push(reader.conn);
        }
    }

    /// Ends the connections, when they have answered.
    pub(super) async fn close(&self) {
        let all = self.room.acquire_many(self.max).await;
        self.room.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for conn in idle {
            let _ = conn.close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
