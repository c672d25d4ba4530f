//! The tables of a rebuild take the place of those that are read.
//!
//! On a server everybody who reads has locks on what is to be dropped. Whoever reads here locks the checkpoint
//! first and then a table; so does this. It waits for a lock a tenth of a second at most and then lets
//! go of all, for behind one who waits for such a lock all others wait as well. A transaction that somebody
//! forgot to end keeps the rebuild from its end, and nobody from reading.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection};

use super::schema::{self, CHECKPOINT, Set, Table, quoted};
use super::store::{DEADLOCK, LOCKED, SCHEMA, Store, postgres_failure};
use super::{Checkpoint, ReadModelError, feed};

/// How long it is tried to have all locks.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long until it is tried again, at first; from then on twice as long each time, up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

impl Store {
    /// Gives the tables of a rebuild their names; false, and nothing of it, where they, or those that are
    /// read, are not where they were.
    pub(super) async fn take_place(
        &mut self,
        at: &Checkpoint,
        live: Option<&Checkpoint>,
    ) -> Result<bool, ReadModelError> {
        self.begin_alone().await?;
        let mut fits = self.move_on(Set::Next, at, at).await?;
        if let Some(live) = live {
            // Nobody moves it until this has ended.
            fits &= self.move_on(Set::Live, live, live).await?;
        }
        if !fits {
            self.rollback().await?;
            return Ok(false);
        }
        for sql in schema::drop(Set::Live)
            .into_iter()
            .chain(schema::take_place())
        {
            self.run(sql).await?;
        }
        feed::tell(self, feed::Of::All, at, &HashMap::new()).await?;
        self.commit().await?;
        Ok(true)
    }

    /// Begins a transaction in which nobody else reads the tables, where readers could be in the way.
    async fn begin_alone(&mut self) -> Result<(), ReadModelError> {
        let begun = Instant::now();
        let mut pause = PAUSE;
        loop {
            self.begin().await?;
            let Self::Postgres(conn) = self else {
                return Ok(());
            };
            match lock(conn).await {
                Ok(()) => return Ok(()),
                Err(error) if !is_held(&error) => return Err(postgres_failure(error).into()),
                Err(_) => self.rollback().await?,
            }
            let waited = begun.elapsed();
            if waited >= PATIENCE {
                return Err(ReadModelError::Held { waited });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Locks what is read, as far as it is there: for everybody, in the order in which it is read.
async fn lock(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let told = "SET LOCAL lock_timeout = '100ms'";
    sqlx::raw_sql(told).execute(&mut *conn).await?;
    let there = "SELECT relname::text FROM pg_class \
                 WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'v')";
    let there = sqlx::query_scalar(there).bind(SCHEMA);
    let there: Vec<String> = there.fetch_all(&mut *conn).await?;
    let tables = Table::ALL.into_iter().map(Table::as_str);
    let names = [CHECKPOINT, "plaza"].into_iter().chain(tables);
    let names = names.filter(|name| there.iter().any(|one| one == name));
    for name in names {
        let sql = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", quoted(name));
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Whether somebody else holds what was to be locked.
fn is_held(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some(LOCKED | DEADLOCK))
}
