//! Appending to the log: one transaction, under the database's write lock from its first statement;
//! or one statement, where that is enough and the end of the log is known.
//!
//! In a transaction, everything that depends on the end of the log is decided by the group's task
//! between [`Writer::begin`] and [`Writer::insert`], inside it. A single statement is refused where the
//! log has moved on, since its positions are taken then. A key that is taken is refused by the database
//! when the row is inserted; nothing is ever skipped.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Sqlite};
use standing_projections::Position;
use standing_projections::event::Kind;

use super::super::group::{Failed, InsertError, Writer};
use super::super::plan::{Ready, Whole};
use super::super::tree::{Entry, Hash};
use super::super::{Head, Key, StoreError};
use super::code::{BUSY, CANTOPEN, CONSTRAINT, NOTADB, PERM, READONLY, primary_code};
use super::names::{Keys, Names, json_list};
use super::{failure, read};

type Insert = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

const COLUMNS: usize = 11;

/// Up to how many rows go in a statement of just that size. A small group is one statement, mostly a
/// transaction by itself.
const SMALL: usize = 64;

/// How many rows of a large group go in one statement. The small ones come first: while SQLite inserts
/// the rows of one, the next twice as many are made ready.
const LARGE: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Statements that are transactions by themselves.
static AT_ONCE: LazyLock<[String; SMALL]> =
    LazyLock::new(|| std::array::from_fn(|before| insert("INSERT", before + 1)));

/// `OR FAIL` leaves the rows before a refused one where the default would take the statement back:
/// the transaction is rolled back anyway, and SQLite need not keep every page as it was for that.
const IN_TRANSACTION: &str = "INSERT OR FAIL";
static SMALL_INSERTS: LazyLock<[String; SMALL]> =
    LazyLock::new(|| std::array::from_fn(|before| insert(IN_TRANSACTION, before + 1)));
static LARGE_INSERTS: LazyLock<[String; LARGE.len()]> =
    LazyLock::new(|| LARGE.map(|rows| insert(IN_TRANSACTION, rows)));

fn insert(verb: &str, rows: usize) -> String {
    let row = format!("({})", ["?"; COLUMNS].join(","));
    format!(
        "{verb} INTO events (position, recordedtime, time, kind, subject, developer, target, \
         source, id, json, hash) VALUES {}",
        vec![row; rows].join(",")
    )
}

/// How to connect to write.
pub(super) struct Connect {
    pub(super) options: SqliteConnectOptions,
    pub(super) busy_timeout: Duration,
}

/// The writing connection.
pub(super) struct SqliteWriter {
    conn: SqliteConnection,
    names: Names,
    busy_timeout: Duration,
}

impl SqliteWriter {
    fn failure(&self, error: sqlx::Error) -> StoreError {
        failure(error, self.busy_timeout)
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = sqlx::query(sql).execute(&mut self.conn).await;
        done.map(drop).map_err(|error| self.failure(error))
    }

    async fn insert_rows(&mut self, rows: &mut Ready<'_>) -> Result<(), sqlx::Error> {
        let keys = self.names.keys(&mut self.conn, rows.rows()).await?;
        let mut next = statement(rows, &keys);
        while let Some(statement_now) = next {
            // While the connection's thread inserts these rows, the next are made ready.
            let (inserted, following) =
                tokio::join!(statement_now.execute(&mut self.conn), async {
                    statement(rows, &keys)
                });
            inserted?;
            next = following;
        }
        Ok(())
    }

    async fn insert_private(&mut self, rows: &Ready<'_>) -> Result<(), sqlx::Error> {
        for (position, private) in rows.private() {
            sqlx::query("INSERT INTO private (position, key, content) VALUES (?1, ?2, ?3)")
                .bind(position.0.cast_signed())
                .bind(&private.key[..])
                .bind(&private.content)
                .execute(&mut self.conn)
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Writer for SqliteWriter {
    type Connect = Connect;

    async fn connect(connect: &Connect) -> Result<Self, StoreError> {
        let conn = connect.options.connect().await;
        Ok(Self {
            conn: conn.map_err(|error| failure(error, connect.busy_timeout))?,
            names: Names::default(),
            busy_timeout: connect.busy_timeout,
        })
    }

    const AT_ONCE: usize = SMALL;

    /// Names must be known, and the tree only gets its leaves: other than that needs more than one
    /// statement. That the log has moved on shows in the positions, which are taken then.
    async fn append_at_once(
        &mut self,
        rows: Vec<Whole<'_>>,
        entries: &[Entry],
    ) -> Result<bool, Failed> {
        let known = self.names.known_keys(rows.iter().map(|whole| whole.row));
        let (Some(keys), []) = (known, entries) else {
            return Ok(false);
        };
        let Some(statement) = small(&AT_ONCE, rows, &keys) else {
            return Ok(false);
        };
        match statement.execute(&mut self.conn).await {
            Ok(_) => Ok(true),
            Err(error) => match primary_code(&error) {
                Some(CONSTRAINT) => Ok(false),
                // Before anything is written.
                Some(BUSY | PERM | READONLY | CANTOPEN | NOTADB) => {
                    Err(Failed::Before(self.failure(error)))
                }
                // Where the WAL could not be written or synced, as with a COMMIT.
                _ => Err(Failed::Committing(self.failure(error))),
            },
        }
    }

    async fn begin(&mut self) -> Result<Head, StoreError> {
        let head = read::begin(&mut self.conn).await;
        head.map_err(|error| self.failure(error))
    }

    async fn changed(
        &mut self,
        since: Position,
        subjects: &[String],
        kinds: &[Kind],
    ) -> Result<bool, StoreError> {
        let changed = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM events INDEXED BY events_by_kind WHERE position > ?1 \
                 AND kind = (SELECT key FROM names WHERE text = ?2)) \
             OR EXISTS (SELECT 1 FROM events INDEXED BY events_by_subject WHERE position > ?1 \
                 AND subject IN (SELECT key FROM names WHERE text IN \
                     (SELECT value FROM json_each(?3))) \
                 AND (?4 = '[]' OR kind IN (SELECT key FROM names WHERE text IN \
                     (SELECT value FROM json_each(?4)))))",
        )
        .bind(since.0.cast_signed())
        .bind(Kind::RulebookPublished.as_str())
        .bind(json_list(subjects))
        .bind(json_list(kinds.iter().map(|kind| kind.as_str())))
        .fetch_one(&mut self.conn)
        .await;
        changed.map_err(|error| self.failure(error))
    }

    async fn taken(&mut self, keys: &[Key<'_>]) -> Result<Vec<bool>, StoreError> {
        let found = read::find(&mut self.conn, keys).await;
        let found = found.map_err(|error| self.failure(error))?;
        Ok(found.iter().map(Option::is_some).collect())
    }

    async fn hashes(&mut self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let hashes = read::hashes(&mut self.conn, level, from, count).await;
        hashes.map_err(|error| self.failure(error))
    }

    async fn insert(&mut self, rows: &mut Ready<'_>) -> Result<(), InsertError> {
        let inserted = match self.insert_rows(rows).await {
            Ok(()) => self.insert_private(rows).await,
            failed => failed,
        };
        inserted.map_err(|error| {
            // What was learnt in this transaction goes with it.
            self.names.forget();
            match primary_code(&error) {
                Some(CONSTRAINT) => InsertError::Refused(self.failure(error)),
                _ => InsertError::Store(self.failure(error)),
            }
        })
    }

    async fn finish(&mut self, entries: &[Entry], erased: &[Position]) -> Result<(), StoreError> {
        for entry in entries {
            let inserted =
                sqlx::query("INSERT INTO tree (level, number, hash) VALUES (?1, ?2, ?3)")
                    .bind(i64::from(entry.level))
                    .bind(entry.number.cast_signed())
                    .bind(entry.hash.0.to_vec())
                    .execute(&mut self.conn)
                    .await;
            inserted.map_err(|error| self.failure(error))?;
        }
        for position in erased {
            let deleted = sqlx::query("DELETE FROM private WHERE position = ?1")
                .bind(position.0.cast_signed())
                .execute(&mut self.conn)
                .await;
            deleted.map_err(|error| self.failure(error))?;
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        // Where it fails, the WAL may hold the transaction all the same and a recovery find it.
        self.execute("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.execute("ROLLBACK").await
    }

    async fn close(self) {
        // Whatever was committed is durable already; closing only folds the WAL into the file.
        let _ = self.conn.close().await;
    }
}

/// The statement that inserts these rows, where they are few.
fn small(inserts: &'static [String; SMALL], rows: Vec<Whole<'_>>, keys: &[Keys]) -> Option<Insert> {
    let insert = inserts.get(rows.len().checked_sub(1)?)?;
    Some(bind_all(insert, rows, keys))
}

/// The statement that inserts the next rows of a group.
fn statement(rows: &mut Ready<'_>, keys: &[Keys]) -> Option<Insert> {
    let (all, left) = (rows.rows().len(), rows.left());
    if all <= SMALL {
        return small(&SMALL_INSERTS, rows.take(left), keys);
    }
    // The bits of the number of rows, from the lowest, and then the largest size again and again.
    let size = (left.checked_ilog2()?).min(left.trailing_zeros()).min(9) as usize;
    let keys = &keys[all - left..];
    Some(bind_all(&LARGE_INSERTS[size], rows.take(LARGE[size]), keys))
}

fn bind_all(insert: &'static str, rows: Vec<Whole<'_>>, keys: &[Keys]) -> Insert {
    let rows = rows.into_iter().zip(keys);
    rows.fold(sqlx::query(insert), |statement, (row, keys)| {
        bind(statement, row, *keys)
    })
}

fn bind(statement: Insert, whole: Whole<'_>, keys: Keys) -> Insert {
    statement
        .bind(whole.position.0.cast_signed())
        .bind(whole.recordedtime.micros())
        .bind(whole.row.time.micros())
        .bind(keys.kind)
        .bind(keys.subject)
        .bind(keys.developer)
        .bind(whole.row.target.map(|target| target.0.cast_signed()))
        .bind(keys.source)
        .bind(whole.row.id.clone())
        .bind(whole.json)
        .bind(whole.hash.0.to_vec())
}
