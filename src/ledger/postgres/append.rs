//! Appending to the log: one transaction, which holds the head's row from its first statement on; or
//! one statement, where that is enough and the end of the log is known.
//!
//! Whoever appends locks the one row of `head`, so that appends take turns and the next position is
//! known; the lock is let go with the commit, so that positions become visible in order. Every
//! question costs a way to the server and back. So the lock comes with the beginning; and the rows,
//! whom they belong to, the tree's new entries and the new head go in one statement, which does nothing
//! where the head is not the one that it names.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgBindIterExt, PgConnectOptions, PgConnection};
use sqlx::{Connection, Postgres};
use standing_projections::Position;
use standing_projections::event::Kind;

use super::super::group::{Failed, InsertError, Writer};
use super::super::plan::{Ready, Whole};
use super::super::tree::{Entry, Hash};
use super::super::{Head, Key, StoreError};
use super::code::{came_to_nothing, failure, is_refusal};
use super::{hashes, read, session};

type Insert = sqlx::query::Query<'static, Postgres, PgArguments>;

/// How many rows one statement inserts. While the server inserts some, the next are made ready.
const ROWS: usize = 1_000;

/// How many subjects are remembered before they are all forgotten.
const REMEMBERED_MAX: usize = 100_000;

/// Inserts rows where the head is at the position before them, and moves it to the last of them.
///
/// As fast as `COPY` in groups of any size, and one way to the server instead of two. `unnest` stands
/// in the list and not in `FROM`, where each array would be put into a table of its own first.
const INSERT: &str = "WITH moved AS (UPDATE head SET position = $12, recordedtime = $13 \
        WHERE position = $1 RETURNING position), \
    known AS (INSERT INTO developers (developer, subject) \
        SELECT unnest($14::text[]), unnest($15::text[]) FROM moved ON CONFLICT DO NOTHING), \
    grown AS (INSERT INTO tree (level, number, hash) \
        SELECT unnest($16::smallint[]), unnest($17::bigint[]), unnest($18::bytea[]) FROM moved) \
    INSERT INTO events (position, recordedtime, time, kind, subject, developer, target, source, id, \
        json, hash) \
    SELECT generate_series($1 + 1, $12), unnest($2::bigint[]), unnest($3::bigint[]), \
        unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::bigint[]), \
        unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::bytea[]) \
    FROM moved";

/// How to connect to write.
pub(super) struct Connect {
    pub(super) options: PgConnectOptions,
    pub(super) busy_timeout: Duration,
}

/// The writing connection.
pub(super) struct PostgresWriter {
    conn: PgConnection,
    developers: Developers,
    busy_timeout: Duration,
}

impl PostgresWriter {
    /// A connection that is there already, made ready to write.
    pub(super) async fn on(
        mut conn: PgConnection,
        busy_timeout: Duration,
    ) -> Result<Self, sqlx::Error> {
        session::prepare_to_write(&mut conn, busy_timeout).await?;
        Ok(Self {
            conn,
            developers: Developers::default(),
            busy_timeout,
        })
    }

    fn failure(&self, error: sqlx::Error) -> StoreError {
        failure(error, self.busy_timeout)
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = sqlx::raw_sql(sql).execute(&mut self.conn).await;
        done.map(drop).map_err(|error| self.failure(error))
    }

    async fn insert_rows(&mut self, rows: &mut Ready<'_>) -> Result<(), sqlx::Error> {
        let mut next = statement(&rows.take(ROWS), &[], &mut self.developers);
        while let Some(statement_now) = next {
            let (inserted, following) =
                tokio::join!(statement_now.execute(&mut self.conn), async {
                    statement(&rows.take(ROWS), &[], &mut self.developers)
                });
            if inserted?.rows_affected() == 0 {
                // It is locked, so it can only have been taken out.
                return Err(sqlx::Error::RowNotFound);
            }
            next = following;
        }
        Ok(())
    }

    async fn insert_private(&mut self, rows: &Ready<'_>) -> Result<(), sqlx::Error> {
        let private: Vec<_> = rows.private().collect();
        if private.is_empty() {
            return Ok(());
        }
        let private = private.iter();
        sqlx::query(
            "INSERT INTO private (position, key, content) \
             SELECT unnest($1::bigint[]), unnest($2::bytea[]), unnest($3::text[])",
        )
        .bind(
            private
                .clone()
                .map(|(at, _)| at.0.cast_signed())
                .bind_iter(),
        )
        .bind(private.clone().map(|(_, one)| &one.key[..]).bind_iter())
        .bind(private.map(|(_, one)| one.content.as_str()).bind_iter())
        .execute(&mut self.conn)
        .await?;
        Ok(())
    }

    async fn insert_entries(&mut self, entries: &[Entry]) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(
            "INSERT INTO tree (level, number, hash) \
             SELECT unnest($1::smallint[]), unnest($2::bigint[]), unnest($3::bytea[])",
        );
        bind_entries(insert, entries)
            .execute(&mut self.conn)
            .await?;
        Ok(())
    }

    /// A statement of its own, for which one must be allowed to delete.
    async fn delete_private(&mut self, erased: &[Position]) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM private WHERE position = ANY ($1)")
            .bind(erased.iter().map(|at| at.0.cast_signed()).bind_iter())
            .execute(&mut self.conn)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Writer for PostgresWriter {
    type Connect = Connect;

    async fn connect(connect: &Connect) -> Result<Self, StoreError> {
        let connected = async {
            let conn = session::connect(&connect.options, connect.busy_timeout).await?;
            Self::on(conn, connect.busy_timeout).await
        };
        let connected = connected.await;
        connected.map_err(|error| failure(error, connect.busy_timeout))
    }

    const AT_ONCE: usize = 256;

    async fn append_at_once(
        &mut self,
        rows: Vec<Whole<'_>>,
        entries: &[Entry],
    ) -> Result<bool, Failed> {
        let Some(statement) = statement(&rows, entries, &mut self.developers) else {
            return Ok(false);
        };
        let done = match statement.execute(&mut self.conn).await {
            Ok(done) => done.rows_affected() > 0,
            Err(error) if is_refusal(&error) => false,
            Err(error) => {
                return Err(match came_to_nothing(&error) {
                    true => Failed::Before(self.failure(error)),
                    false => Failed::Committing(self.failure(error)),
                });
            }
        };
        if !done {
            self.developers.forget();
        }
        Ok(done)
    }

    async fn begin(&mut self) -> Result<Head, StoreError> {
        // Each statement must see what was committed while it waited for the lock.
        let row = sqlx::raw_sql(
            "BEGIN ISOLATION LEVEL READ COMMITTED; \
             SELECT position, recordedtime FROM head FOR UPDATE",
        )
        .fetch_one(&mut self.conn)
        .await
        .and_then(|row| sqlx::FromRow::from_row(&row))
        .and_then(read::head_of);
        row.map_err(|error| self.failure(error))
    }

    async fn changed(
        &mut self,
        since: Position,
        subjects: &[String],
        kinds: &[Kind],
    ) -> Result<bool, StoreError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let changed = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM events WHERE kind = $2 AND position > $1) \
             OR EXISTS (SELECT FROM unnest($3::text[]) AS wanted(subject) \
                 CROSS JOIN LATERAL (SELECT FROM events \
                     WHERE events.subject = wanted.subject AND position > $1 \
                     AND (cardinality($4::text[]) = 0 OR kind = ANY ($4)) LIMIT 1) AS newer)",
        )
        .bind(since.0.cast_signed())
        .bind(Kind::RulebookPublished.as_str())
        .bind(subjects)
        .bind(kinds)
        .fetch_one(&mut self.conn)
        .await;
        changed.map_err(|error| self.failure(error))
    }

    async fn taken(&mut self, keys: &[Key<'_>]) -> Result<Vec<bool>, StoreError> {
        let taken = read::taken(&mut self.conn, keys).await;
        taken.map_err(|error| self.failure(error))
    }

    async fn hashes(&mut self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let hashes = hashes::hashes(&mut self.conn, level, from, count).await;
        hashes.map_err(|error| self.failure(error))
    }

    async fn insert(&mut self, rows: &mut Ready<'_>) -> Result<(), InsertError> {
        let inserted = match self.insert_rows(rows).await {
            Ok(()) => self.insert_private(rows).await,
            failed => failed,
        };
        inserted.map_err(|error| {
            // What was written in this transaction goes with it.
            self.developers.forget();
            match is_refusal(&error) {
                true => InsertError::Refused(self.failure(error)),
                false => InsertError::Store(self.failure(error)),
            }
        })
    }

    /// The head has moved with the rows.
    async fn finish(&mut self, entries: &[Entry], erased: &[Position]) -> Result<(), StoreError> {
        let written = async {
            if !entries.is_empty() {
                self.insert_entries(entries).await?;
            }
            if !erased.is_empty() {
                self.delete_private(erased).await?;
            }
            Ok(())
        };
        written.await.map_err(|error| self.failure(error))
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.execute("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.execute("ROLLBACK").await
    }

    async fn close(self) {
        // Whatever was committed is durable already.
        let _ = self.conn.close().await;
    }
}

/// The statement that inserts rows and entries of the tree, and moves the head to the last row.
fn statement(
    chunk: &[Whole<'_>],
    entries: &[Entry],
    developers: &mut Developers,
) -> Option<Insert> {
    let (first, last) = (chunk.first()?, chunk.last()?);
    let (developer, subject) = developers.unknown(chunk);
    let whole = chunk.iter();
    let row = chunk.iter().map(|whole| whole.row);
    let insert = sqlx::query(INSERT)
        .bind(first.position.0.cast_signed() - 1)
        .bind(
            whole
                .clone()
                .map(|whole| whole.recordedtime.micros())
                .bind_iter(),
        )
        .bind(row.clone().map(|row| row.time.micros()).bind_iter())
        .bind(row.clone().map(|row| row.kind.as_str()).bind_iter())
        .bind(row.clone().map(|row| row.subject.as_str()).bind_iter())
        .bind(row.clone().map(|row| row.developer.as_deref()).bind_iter())
        .bind(
            row.clone()
                .map(|row| row.target.map(|at| at.0.cast_signed()))
                .bind_iter(),
        )
        .bind(row.clone().map(|row| row.source.as_str()).bind_iter())
        .bind(row.map(|row| row.id.as_str()).bind_iter())
        .bind(whole.clone().map(|whole| whole.json.as_str()).bind_iter())
        .bind(whole.map(|whole| &whole.hash.0[..]).bind_iter())
        .bind(last.position.0.cast_signed())
        .bind(last.recordedtime.micros())
        .bind(developer)
        .bind(subject);
    Some(bind_entries(insert, entries))
}

fn bind_entries(statement: Insert, entries: &[Entry]) -> Insert {
    let entry = entries.iter();
    let level = entry.clone().map(|entry| i16::from(entry.level));
    let number = entry.clone().map(|entry| entry.number.cast_signed());
    statement
        .bind(level.bind_iter())
        .bind(number.bind_iter())
        .bind(entry.map(|entry| &entry.hash.0[..]).bind_iter())
}

/// The developers that the log knows subjects to be of, as far as this connection has written them.
#[derive(Debug, Default)]
struct Developers(HashMap<String, Vec<String>>);

impl Developers {
    fn forget(&mut self) {
        self.0.clear();
    }

    /// Those of these rows that may be new, with their subjects. From then on they are known.
    fn unknown<'a>(&mut self, rows: &[Whole<'a>]) -> (Vec<&'a str>, Vec<&'a str>) {
        if self.0.len() > REMEMBERED_MAX {
            self.forget();
        }
        let mut unknown = (Vec::new(), Vec::new());
        for row in rows.iter().map(|whole| whole.row) {
            let Some(developer) = &row.developer else {
                continue;
            };
            let of = self.0.get_mut(&row.subject);
            if of.as_ref().is_some_and(|known| known.contains(developer)) {
                continue;
            }
            match of {
                Some(known) => known.push(developer.clone()),
                None => drop(self.0.insert(row.subject.clone(), vec![developer.clone()])),
            }
            unknown.0.push(developer.as_str());
            unknown.1.push(row.subject.as_str());
        }
        unknown
    }
}
