//! Who may write the tables: one refreshes those that are read, one makes others beside them.
//!
//! A right is a lock: on a file beside the tables', which goes with the process, and on a server an advisory
//! lock of the session. A session that is not used is ended there, so that a process that hangs, or is out of
//! reach, keeps nobody else from going on; what it does later it does in no session.

use super::schema::{self, Set};
use super::store::{Place, Store, postgres_failure};
use crate::ledger::StoreError;

/// What a session is told that has a right. Whoever has one asks something of the server every few seconds.
const ENDS: &str = "SET idle_session_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '15s'; \
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; \
    SET tcp_user_timeout = 15000";

/// What one may do at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Keep up the tables that are read.
    Refresh,
    /// Make tables beside them.
    Rebuild,
}

impl Right {
    /// What the locked file is called, after the tables'.
    const fn extension(self) -> &'static str {
        match self {
            Self::Refresh => "lock",
            Self::Rebuild => "rebuild.lock",
        }
    }

    /// The advisory lock ("Stnd", the second and the third).
    const fn number(self) -> i64 {
        match self {
            Self::Refresh => 1_400_139_365,
            Self::Rebuild => 1_400_139_366,
        }
    }
}

/// A right that one has. On a server it is the session's.
pub(super) struct Lease {
    right: Right,
    #[expect(dead_code, reason = "held")]
    file: Option<std::fs::File>,
}

impl Place {
    /// A right, which one has at a time: until it gives it back, or is gone.
    pub(super) async fn lease(
        &self,
        store: &mut Store,
        right: Right,
    ) -> Result<Option<Lease>, StoreError> {
        match (self, store) {
            (Self::Sqlite(options), _) => {
                let path = options.get_filename().with_extension(right.extension());
                let disk = |error: std::io::Error| StoreError::Disk {
                    detail: format!("{}: {error}", path.display()),
                };
                let mut options = std::fs::OpenOptions::new();
                let options = options.create(true).truncate(false).write(true);
                let file = options.open(&path).map_err(disk)?;
                match file.try_lock() {
                    Ok(()) => {
                        let file = Some(file);
                        Ok(Some(Lease { right, file }))
                    }
                    Err(std::fs::TryLockError::WouldBlock) => Ok(None),
                    Err(std::fs::TryLockError::Error(error)) => Err(disk(error)),
                }
            }
            (_, Store::Postgres(conn)) => {
                let told = sqlx::raw_sql(ENDS).execute(&mut *conn).await;
                told.map_err(postgres_failure)?;
                let sql = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)");
                let had = sql.bind(right.number()).fetch_one(conn).await;
                let had: bool = had.map_err(postgres_failure)?;
                Ok(had.then_some(Lease { right, file: None }))
            }
            (Self::Postgres(_), Store::Sqlite(_)) => Ok(None),
        }
    }

    /// Gives a right back before its connection ends.
    pub(super) async fn give_back(
        &self,
        store: &mut Store,
        lease: Lease,
    ) -> Result<(), StoreError> {
        if let Store::Postgres(conn) = store {
            let sql = sqlx::query("SELECT pg_advisory_unlock($1)");
            let done = sql.bind(lease.right.number()).execute(conn).await;
            done.map_err(postgres_failure)?;
        }
        Ok(())
    }

    /// Takes away what is left of a rebuild that was ended, where nobody is at one.
    pub(super) async fn clear_up(&self, store: &mut Store) -> Result<(), StoreError> {
        // Whoever is about to rebuild is not to be told that somebody does.
        if store.checkpoint(Set::Next).await?.is_none() {
            return Ok(());
        }
        if let Some(lease) = self.lease(store, Right::Rebuild).await? {
            store.drop_next().await;
            self.give_back(store, lease).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Takes away what a rebuild made, as far as that can be done: the next one does so again.
    pub(super) async fn drop_next(&mut self) {
        // Of what failed, where something did.
        let _ = self.rollback().await;
        let dropped = async {
            self.begin().await?;
            for sql in schema::drop(Set::Next) {
                self.run(sql).await?;
            }
            self.commit().await
        };
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "what is left of a rebuild of the read model stays");
            let _ = self.rollback().await;
        }
    }
}
