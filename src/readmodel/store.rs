//! The database that the tables are in: a file beside a ledger's, or a schema beside its tables.
//!
//! One connection writes. Whatever it is asked ends in a commit or in nothing; after an error it is not
//! used again. What is written here can be derived again, so a commit is not waited for until it is on the
//! disk: after a power failure the tables are those of a moment before, and say so.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres, Row, Sqlite,
    SqliteConnection,
};
use standing_projections::{Instant, Position};

use super::changes::{Cell, Changes, Gone};
use super::schema::{self, CHECKPOINT, Dialect, Kept, Set, Table, quoted};
use super::{Checkpoint, FORMAT};
use crate::ledger::{Location, StoreError, postgres, sqlite};

/// The schema that the tables are in, on a server.
pub(super) const SCHEMA: &str = "readmodel";
/// What the file of the tables is called, beside `standing.db`: `standing.readmodel.db`.
pub(super) const FILE: &str = "readmodel";
/// How many rows one statement of SQLite takes.
const ROWS: usize = 50;
/// How many rows one statement of PostgreSQL takes.
const MANY_ROWS: usize = 5_000;
/// The advisory lock of whoever refreshes ("Stnd", the second).
const LEASE: i64 = 1_400_139_365;
/// How long to wait for a lock.
const PATIENCE: Duration = Duration::from_secs(30);

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

    /// A connection that writes; the file, or the schema, is made where it is missing.
    pub(super) async fn write(&self) -> Result<Store, StoreError> {
        match self {
            Self::Sqlite(options) => {
                let options = options.clone().create_if_missing(true);
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .pragma("cache_size", "-65536");
                let opened = options.connect().await;
                Ok(Store::Sqlite(opened.map_err(sqlite_failure)?))
            }
            Self::Postgres(options) => {
                let mut conn = options.connect().await.map_err(postgres_failure)?;
                let told = format!(
                    "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS {SCHEMA}; \
                     SET synchronous_commit = off; SET jit = off; \
                     SET idle_in_transaction_session_timeout = '60s'; \
                     SET lock_timeout = '{}s'",
                    PATIENCE.as_secs()
                );
                let told = sqlx::raw_sql(AssertSqlSafe(told)).execute(&mut conn).await;
                told.map_err(postgres_failure)?;
                Ok(Store::Postgres(conn))
            }
        }
    }
}

impl Place {
    /// The right to refresh, which one instance has at a time: until it lets go of it, or is gone.
    pub(super) async fn lease(&self, store: &mut Store) -> Result<Option<Lease>, StoreError> {
        match (self, store) {
            (Self::Sqlite(options), _) => {
                let path = options.get_filename().with_extension("lock");
                let disk = |error: std::io::Error| StoreError::Disk {
                    detail: format!("{}: {error}", path.display()),
                };
                let mut options = std::fs::OpenOptions::new();
                let options = options.create(true).truncate(false).write(true);
                let file = options.open(&path).map_err(disk)?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(Lease(Some(file)))),
                    Err(std::fs::TryLockError::WouldBlock) => Ok(None),
                    Err(std::fs::TryLockError::Error(error)) => Err(disk(error)),
                }
            }
            (_, Store::Postgres(conn)) => {
                let sql = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LEASE);
                let had: bool = sql.fetch_one(conn).await.map_err(postgres_failure)?;
                Ok(had.then_some(Lease(None)))
            }
            (Self::Postgres(_), Store::Sqlite(_)) => Ok(None),
        }
    }
}

/// The right to refresh. On a server it is the session's.
pub(super) struct Lease(#[expect(dead_code, reason = "held")] Option<std::fs::File>);

pub(super) fn sqlite_failure(error: sqlx::Error) -> StoreError {
    sqlite::failure(error, PATIENCE)
}

pub(super) fn postgres_failure(error: sqlx::Error) -> StoreError {
    postgres::failure(error, PATIENCE)
}

impl Store {
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement that holds no value.
    async fn run(&mut self, sql: impl Into<String>) -> Result<(), StoreError> {
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
        for sql in schema::create(dialect, set) {
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

    /// Makes the indexes of a set.
    pub(super) async fn index(&mut self, set: Set, generation: i64) -> Result<(), StoreError> {
        for sql in schema::create_indexes(set, generation) {
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Writes rows into a set, a transaction of their own.
    pub(super) async fn put(&mut self, set: Set, changes: &Changes) -> Result<(), StoreError> {
        self.begin().await?;
        self.fill(set, changes).await?;
        self.commit().await
    }

    /// Gives the tables of a rebuild their names; false, and nothing of it, where they, or those that are
    /// read, are not where they were.
    pub(super) async fn take_place(
        &mut self,
        at: &Checkpoint,
        live: Option<&Checkpoint>,
    ) -> Result<bool, StoreError> {
        self.begin().await?;
        let mut fits = self.move_on(Set::Next, at, at).await?;
        if let Some(live) = live {
            // Nobody moves it until this has ended.
            fits &= self.move_on(Set::Live, live, live).await?;
        }
        if !fits {
            self.run("ROLLBACK").await?;
            return Ok(false);
        }
        for sql in schema::drop(Set::Live)
            .into_iter()
            .chain(schema::take_place())
        {
            self.run(sql).await?;
        }
        self.commit().await?;
        Ok(true)
    }

    pub(super) async fn fill(&mut self, set: Set, changes: &Changes) -> Result<(), StoreError> {
        for gone in &changes.gone {
            self.delete(set, gone).await?;
        }
        for table in Table::ALL {
            let rows = &changes.rows[table as usize];
            match self {
                Self::Sqlite(conn) => {
                    let insert = insert_sqlite(conn, set, table, rows);
                    insert.await.map_err(sqlite_failure)?;
                }
                Self::Postgres(conn) => {
                    let insert = insert_postgres(conn, set, table, rows);
                    insert.await.map_err(postgres_failure)?;
                }
            }
        }
        Ok(())
    }

    async fn delete(&mut self, set: Set, gone: &Gone) -> Result<(), StoreError> {
        let mut conditions: Vec<String> = (1..)
            .zip(&gone.by)
            .map(|(number, (name, _))| format!("{} = ${number}", quoted(name)))
            .collect();
        if let Some(above) = gone.above {
            conditions.push(format!("number > {above}"));
        }
        let (prefix, table) = (set.prefix(), gone.table.as_str());
        let sql = format!(
            "DELETE FROM {prefix}{table} WHERE {}",
            conditions.join(" AND ")
        );
        let values = gone.by.iter().map(|(_, value)| value);
        match self {
            Self::Sqlite(conn) => {
                let sql = sqlx::query(AssertSqlSafe(sql));
                let sql = values.fold(sql, bind_sqlite);
                sql.execute(conn).await.map(drop).map_err(sqlite_failure)
            }
            Self::Postgres(conn) => {
                let sql = sqlx::query(AssertSqlSafe(sql));
                let sql = values.fold(sql, bind_postgres);
                sql.execute(conn).await.map(drop).map_err(postgres_failure)
            }
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
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(conn) => {
                let rows = sqlx::query(sql)
                    .fetch_all(conn)
                    .await
                    .map_err(sqlite_failure)?;
                let rows = rows.iter().map(|row| cells_of(row, &kept));
                rows.collect::<Result<_, _>>().map_err(sqlite_failure)
            }
            Self::Postgres(conn) => {
                let rows = sqlx::query(sql)
                    .fetch_all(conn)
                    .await
                    .map_err(postgres_failure)?;
                let rows = rows.iter().map(|row| cells_of(row, &kept));
                rows.collect::<Result<_, _>>().map_err(postgres_failure)
            }
        }
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

async fn insert_sqlite(
    conn: &mut SqliteConnection,
    set: Set,
    table: Table,
    rows: &[Vec<Cell>],
) -> Result<(), sqlx::Error> {
    // Statements of two sizes only, so that each is prepared once.
    let whole = rows.len() / ROWS * ROWS;
    let parts = rows[..whole].chunks(ROWS).chain(rows[whole..].chunks(1));
    for part in parts {
        let Some(first) = part.first() else { continue };
        let row = format!("({})", vec!["?"; first.len()].join(","));
        let values = vec![row; part.len()].join(",");
        let (prefix, name) = (set.prefix(), table.as_str());
        let sql = format!("INSERT OR REPLACE INTO {prefix}{name} VALUES {values}");
        let sql = sqlx::query(AssertSqlSafe(sql));
        let sql = part.iter().flatten().fold(sql, bind_sqlite);
        sql.execute(&mut *conn).await?;
    }
    Ok(())
}

async fn insert_postgres(
    conn: &mut PgConnection,
    set: Set,
    table: Table,
    rows: &[Vec<Cell>],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = table.columns();
    let kept: Vec<Kept> = columns.iter().map(|column| Kept::of(column.kind)).collect();
    let arrays = (1..).zip(&kept).map(|(number, kept)| match kept {
        Kept::Boolean => format!("${number}::boolean[]"),
        Kept::Integer => format!("${number}::bigint[]"),
        Kept::Text => format!("${number}::text[]"),
    });
    let key: Vec<_> = table.key().iter().map(|name| quoted(name)).collect();
    let others = columns
        .iter()
        .filter(|column| !table.key().contains(&column.name));
    let others = others.map(|column| format!("{0} = EXCLUDED.{0}", quoted(column.name)));
    let sql = format!(
        "INSERT INTO {}{} SELECT * FROM UNNEST({}) ON CONFLICT ({}) DO UPDATE SET {}",
        set.prefix(),
        table.as_str(),
        arrays.collect::<Vec<_>>().join(", "),
        key.join(", "),
        others.collect::<Vec<_>>().join(", "),
    );
    for part in rows.chunks(MANY_ROWS) {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for (place, kept) in kept.iter().enumerate() {
            let column = part.iter().map(|row| &row[place]);
            query = match kept {
                Kept::Boolean => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Boolean(value) => Some(*value),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
                Kept::Integer => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Integer(value) => Some(*value),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
                Kept::Text => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Text(value) => Some(value.as_str()),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
            };
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}
