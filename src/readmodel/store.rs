//! The database that the tables are in: a file beside a ledger's, or a schema beside its tables.
//!
//! One connection writes. Whatever it is asked ends in a commit or in nothing; after an error it is not
//! used again. The tables can be derived again, so on a server a commit of them alone is not waited for until it
//! is on the disk: after a power failure they are those of a moment before, and say so. What was told to others
//! cannot, and is waited for.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres, Row, Sqlite,
    SqliteConnection,
};
use standing_projections::{Instant, Position};

use super::changes::{Cell, Changes};
use super::schema::{self, CHECKPOINT, Dialect, Kept, Set, Table, quoted};
use super::{Checkpoint, FORMAT, feed};
use crate::ledger::{Location, StoreError, postgres, sqlite};

/// The schema that the tables are in, on a server.
pub(super) const SCHEMA: &str = "readmodel";
/// What the file of the tables is called, beside `standing.db`: `standing.readmodel.db`.
pub(super) const FILE: &str = "readmodel";
/// How long to wait for a lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The code of PostgreSQL for a lock that was not given in time.
pub(super) const LOCKED: &str = "55P03";
/// That for transactions which waited for each other's locks.
pub(super) const DEADLOCK: &str = "40P01";

/// A connection that writes.
pub(super) enum Store {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// How to connect to the tables of a ledger.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

impl Place {
    /// Beside that ledger, which has been opened.
    pub(super) fn beside(ledger: &Location) -> Result<Self, StoreError> {
        match ledger {
            Location::File(path) => {
                let file = ledger.beside(FILE).unwrap_or_else(|| path.clone());
                let options = SqliteConnectOptions::new().filename(file);
                Ok(Self::Sqlite(Box::new(options.busy_timeout(PATIENCE))))
            }
            Location::Server(url) => {
                let options: PgConnectOptions = url.parse().map_err(StoreError::failed)?;
                let options = options.application_name("standing read model");
                Ok(Self::Postgres(Box::new(
                    options
                        .options([("search_path", SCHEMA)])
                        .disable_statement_logging(),
                )))
            }
        }
    }

    /// Which file the tables are in, where it is one: another one by the same name is another.
    pub(super) fn file(&self) -> Option<(u64, u64)> {
        match self {
            #[cfg(unix)]
            Self::Sqlite(options) => {
                use std::os::unix::fs::MetadataExt;
                let file = std::fs::metadata(options.get_filename()).ok()?;
                Some((file.dev(), file.ino()))
            }
            _ => None,
        }
    }

    /// A connection that writes; the file, or the schema, is made where it is missing.
    pub(super) async fn write(&self) -> Result<Store, StoreError> {
        match self {
            Self::Sqlite(options) => {
                let options = options.clone().create_if_missing(true);
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .pragma("cache_size", "-65536");
                let opened = options.connect().await;
                Ok(Store::Sqlite(opened.map_err(sqlite_failure)?))
            }
            Self::Postgres(options) => {
                let mut conn = options.connect().await.map_err(postgres_failure)?;
                let told = format!(
                    "SET client_min_messages = warning; \
                     SET synchronous_commit = off; SET jit = off; \
                     SET idle_in_transaction_session_timeout = '60s'; \
                     SET lock_timeout = '{}s'",
                    PATIENCE.as_secs()
                );
                let told = sqlx::raw_sql(AssertSqlSafe(told)).execute(&mut conn).await;
                told.map_err(postgres_failure)?;
                make_schema(&mut conn).await.map_err(postgres_failure)?;
                Ok(Store::Postgres(conn))
            }
        }
    }
}

/// Makes the schema where it is not there. An account that may not make schemas may well use one that was
/// made for it.
async fn make_schema(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let asked = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL").bind(SCHEMA);
    let there: bool = asked.fetch_one(&mut *conn).await?;
    if !there {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    }
    Ok(())
}

pub(super) fn sqlite_failure(error: sqlx::Error) -> StoreError {
    sqlite::failure(error, PATIENCE)
}

/// What a failure means. It is not the ledger that is busy where these tables are.
pub(super) fn postgres_failure(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some(DEADLOCK) => StoreError::failed(
            "this and somebody else waited for each other's locks on the tables of the read model \
             (a deadlock, 40P01), and the server ended this; try again",
        ),
        Some(LOCKED) => StoreError::failed(
            "somebody else holds a lock on the tables of the read model (55P03); try again when \
             that transaction has ended",
        ),
        _ => postgres::failure(error, PATIENCE),
    }
}

impl Store {
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement that holds no value.
    pub(super) async fn run(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Sqlite(conn) => sql.execute(conn).await.map(drop).map_err(sqlite_failure),
            Self::Postgres(conn) => sql.execute(conn).await.map(drop).map_err(postgres_failure),
        }
    }

    /// Begins to write, when nobody else does.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.run(match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        })
        .await
    }

    /// Begins to read what is there at one moment, which holds up nobody.
    pub(super) async fn begin_to_read(&mut self) -> Result<(), StoreError> {
        self.run(match self {
            Self::Sqlite(_) => "BEGIN",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        })
        .await
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await
    }

    /// Where the tables are; none where there are none, or those of another version.
    pub(super) async fn checkpoint(&mut self, set: Set) -> Result<Option<Checkpoint>, StoreError> {
        let name = format!("{}{CHECKPOINT}", set.prefix());
        let is_there = match self {
            Self::Sqlite(conn) => {
                let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
                let found: Result<i64, _> =
                    sqlx::query_scalar(sql).bind(&name).fetch_one(conn).await;
                found.map_err(sqlite_failure)?
            }
            Self::Postgres(conn) => {
                let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename = $2";
                let asked = sqlx::query_scalar(sql).bind(SCHEMA).bind(&name);
                let found: Result<i64, _> = asked.fetch_one(conn).await;
                found.map_err(postgres_failure)?
            }
        };
        if is_there == 0 {
            return Ok(None);
        }
        let sql = format!("SELECT position, as_of, leaf, format, generation FROM {name}");
        let sql = sqlx::query_as(AssertSqlSafe(sql));
        let row: Option<(i64, i64, String, i64, i64)> = match self {
            Self::Sqlite(conn) => {
                let sql = format!("SELECT position, as_of, leaf, format, generation FROM {name}");
                let sql = sqlx::query_as(AssertSqlSafe(sql));
                sql.fetch_optional(conn).await.map_err(sqlite_failure)?
            }
            Self::Postgres(conn) => sql.fetch_optional(conn).await.map_err(postgres_failure)?,
        };
        Ok(row.filter(|(.., format, _)| *format == FORMAT).map(
            |(position, as_of, leaf, _, generation)| Checkpoint {
                position: Position(position.cast_unsigned()),
                as_of: Instant::from_micros_clamped(as_of),
                leaf,
                generation,
            },
        ))
    }

    /// Moves the checkpoint, which holds up whoever else would; false, where it is elsewhere.
    pub(super) async fn move_on(
        &mut self,
        set: Set,
        was: &Checkpoint,
        is: &Checkpoint,
    ) -> Result<bool, StoreError> {
        let table = format!("{}{CHECKPOINT}", set.prefix());
        let sql = format!(
            "UPDATE {table} SET position = $1, as_of = $2, leaf = $3 \
             WHERE generation = $4 AND position = $5 AND as_of = $6"
        );
        let signed = |position: Position| position.0.cast_signed();
        let rows = match self {
            Self::Sqlite(conn) => sqlx::query(AssertSqlSafe(sql))
                .bind(signed(is.position))
                .bind(is.as_of.micros())
                .bind(&is.leaf)
                .bind(was.generation)
                .bind(signed(was.position))
                .bind(was.as_of.micros())
                .execute(conn)
                .await
                .map_err(sqlite_failure)?
                .rows_affected(),
            Self::Postgres(conn) => sqlx::query(AssertSqlSafe(sql))
                .bind(signed(is.position))
                .bind(is.as_of.micros())
                .bind(&is.leaf)
                .bind(was.generation)
                .bind(signed(was.position))
                .bind(was.as_of.micros())
                .execute(conn)
                .await
                .map_err(postgres_failure)?
                .rows_affected(),
        };
        Ok(rows == 1)
    }

    /// Makes a set of tables with nothing in them, and no indexes but their keys.
    pub(super) async fn make(&mut self, set: Set, at: &Checkpoint) -> Result<(), StoreError> {
        let dialect = self.dialect();
        self.begin().await?;
        for sql in schema::drop(set) {
            self.run(sql).await?;
        }
        for sql in schema::create(dialect, set)
            .into_iter()
            .chain(feed::create(dialect))
        {
            self.run(sql).await?;
        }
        let sql = format!(
            "INSERT INTO {}{CHECKPOINT} VALUES (1, {}, {}, '{}', {FORMAT}, {})",
            set.prefix(),
            at.position.0,
            at.as_of.micros(),
            at.leaf,
            at.generation
        );
        self.run(sql).await?;
        self.commit().await
    }

    /// Makes the indexes of a set; false where it is no longer at that checkpoint.
    pub(super) async fn index(&mut self, set: Set, at: &Checkpoint) -> Result<bool, StoreError> {
        // A transaction each: on SQLite others wait for one.
        for sql in schema::create_indexes(set, at.generation) {
            if !self.begin_at(set, at).await? {
                return Ok(false);
            }
            self.run(sql).await?;
            self.commit().await?;
        }
        Ok(true)
    }

    /// Writes rows into a set, a transaction of their own; false, and nothing of it, where the set is no
    /// longer at that checkpoint.
    pub(super) async fn put(
        &mut self,
        set: Set,
        at: &Checkpoint,
        changes: &Changes,
    ) -> Result<bool, StoreError> {
        if !self.begin_at(set, at).await? {
            return Ok(false);
        }
        self.fill(set, changes).await?;
        self.commit().await?;
        Ok(true)
    }

    /// Begins to write into a set that stays at that checkpoint; false, and nothing begun, where it is
    /// elsewhere.
    async fn begin_at(&mut self, set: Set, at: &Checkpoint) -> Result<bool, StoreError> {
        self.begin().await?;
        let fits = self.move_on(set, at, at).await?;
        if !fits {
            self.rollback().await?;
        }
        Ok(fits)
    }

    pub(super) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.run("ROLLBACK").await
    }

    /// Says that this session is in use, where one that is not is ended.
    pub(super) async fn ping(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.ping().await.map_err(postgres_failure),
        }
    }

    /// Asks a question; its rows, column by column.
    pub(super) async fn ask(
        &mut self,
        sql: &str,
        values: &[Cell],
        kept: &[Kept],
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => {
                let sql = values.iter().fold(sqlx::query(sql), bind_sqlite);
                let rows = sql.fetch_all(conn).await.map_err(sqlite_failure)?;
                let rows = rows.iter().map(|row| cells_of(row, kept));
                rows.collect::<Result<_, _>>().map_err(sqlite_failure)
            }
            Self::Postgres(conn) => {
                let sql = values.iter().fold(sqlx::query(sql), bind_postgres);
                let rows = sql.fetch_all(conn).await.map_err(postgres_failure)?;
                let rows = rows.iter().map(|row| cells_of(row, kept));
                rows.collect::<Result<_, _>>().map_err(postgres_failure)
            }
        }
    }

    /// Runs a statement.
    pub(super) async fn execute(&mut self, sql: &str, values: &[Cell]) -> Result<(), StoreError> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => {
                let sql = values.iter().fold(sqlx::query(sql), bind_sqlite);
                sql.execute(conn).await.map(drop).map_err(sqlite_failure)
            }
            Self::Postgres(conn) => {
                let sql = values.iter().fold(sqlx::query(sql), bind_postgres);
                sql.execute(conn).await.map(drop).map_err(postgres_failure)
            }
        }
    }

    /// Has the transaction that is under way on the disk before its commit is answered: what is told to others
    /// cannot be derived again. A file's commits are, all of them.
    pub(super) async fn write_through(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.run("SET LOCAL synchronous_commit = on").await,
        }
    }

    /// Every row of a table, in the order of its key.
    pub(super) async fn rows(&mut self, table: Table) -> Result<Vec<Vec<Cell>>, StoreError> {
        let columns = table.columns();
        let names: Vec<_> = columns.iter().map(|column| quoted(column.name)).collect();
        let key: Vec<_> = table.key().iter().map(|name| quoted(name)).collect();
        let (names, key) = (names.join(", "), key.join(", "));
        let sql = format!("SELECT {names} FROM {} ORDER BY {key}", table.as_str());
        let kept: Vec<Kept> = columns.iter().map(|column| Kept::of(column.kind)).collect();
        self.ask(&sql, &[], &kept).await
    }

    /// Ends the connection.
    pub(super) async fn close(self) {
        // What is not committed is given up either way.
        let _ = match self {
            Self::Sqlite(conn) => conn.close().await,
            Self::Postgres(conn) => conn.close().await,
        };
    }
}

/// A row that was read, column by column.
pub(super) fn cells_of<'r, R: Row>(row: &'r R, kept: &[Kept]) -> Result<Vec<Cell>, sqlx::Error>
where
    usize: sqlx::ColumnIndex<R>,
    Option<bool>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let cell = |(place, kept): (usize, &Kept)| {
        Ok(match kept {
            Kept::Boolean => row
                .try_get_unchecked::<Option<bool>, _>(place)?
                .map_or(Cell::Null, Cell::Boolean),
            Kept::Integer => row
                .try_get_unchecked::<Option<i64>, _>(place)?
                .map_or(Cell::Null, Cell::Integer),
            Kept::Text => row
                .try_get_unchecked::<Option<String>, _>(place)?
                .map_or(Cell::Null, Cell::Text),
        })
    };
    kept.iter().enumerate().map(cell).collect()
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;
type PostgresQuery<'q> = Query<'q, Postgres, PgArguments>;

pub(super) fn bind_sqlite<'q>(sql: SqliteQuery<'q>, value: &'q Cell) -> SqliteQuery<'q> {
    match value {
        Cell::Null => sql.bind(None::<i64>),
        Cell::Boolean(value) => sql.bind(*value),
        Cell::Integer(value) => sql.bind(*value),
        Cell::Text(value) => sql.bind(value.as_str()),
    }
}

pub(super) fn bind_postgres<'q>(sql: PostgresQuery<'q>, value: &'q Cell) -> PostgresQuery<'q> {
    match value {
        Cell::Null => sql.bind(None::<i64>),
        Cell::Boolean(value) => sql.bind(*value),
        Cell::Integer(value) => sql.bind(*value),
        Cell::Text(value) => sql.bind(value.as_str()),
    }
}
