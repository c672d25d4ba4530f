//! Reading the tables: a page and the checkpoint that it is of, as of one moment.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use standing_projections::{Instant, Position};

use super::changes::{Cell, Cells};
use super::feed::{self, BoardChange, Told};
use super::schema::{CHECKPOINT, Kept, Table, quoted};
use super::store::{Place, bind_postgres, bind_sqlite, cells_of, postgres_failure, sqlite_failure};
use super::{Checkpoint, FORMAT, ReadModelError};
use crate::ledger::{Location, StoreError};

/// How long a connection to a file is used.
const LIFETIME: Duration = Duration::from_secs(5);
/// How many connections read at once.
const CONNECTIONS: u32 = 8;

/// How an entry of the board is kept.
const ENTRY: [Kept; 5] = [
    Kept::Text,
    Kept::Text,
    Kept::Integer,
    Kept::Integer,
    Kept::Boolean,
];

/// Connections that read.
#[derive(Clone, Debug)]
pub struct Reader(Pool);

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// An app on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The app.
    pub app: String,
    /// Its developer.
    pub developer: String,
    /// Its score.
    pub score: i64,
    /// When its listing began.
    pub listed_since: Instant,
    /// Whether it may be certified.
    pub eligible: bool,
}

/// An obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Whose the app is.
    pub developer: String,
    /// The app.
    pub app: String,
    /// Its number among the app's.
    pub number: i64,
    /// By whom.
    pub owner: String,
    /// What.
    pub kind: String,
    /// Of which violation.
    pub code: Option<String>,
    /// The event behind it.
    pub cause: Position,
    /// Since when.
    pub since: Instant,
    /// By when.
    pub due: Option<Instant>,
    /// When it was met.
    pub met_at: Option<Instant>,
    /// Whether it was met or withdrawn after it was due.
    pub late: bool,
    /// Where it stands.
    pub state: String,
}

/// The obligation that a page goes on after: its due instant, app and number.
pub type OwedAfter = (Option<Instant>, String, i64);

/// Which obligations.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// In one of these states.
    pub states: &'a [&'a str],
    /// Only those of the developer, or of the platform.
    pub owner: Option<&'a str>,
    /// Only those about apps of this developer.
    pub developer: Option<&'a str>,
    /// Only those after that one.
    pub after: Option<&'a OwedAfter>,
}

impl Reader {
    /// Of the tables beside that ledger, which need not be there yet.
    ///
    /// # Errors
    /// Where the ledger's place is none.
    pub fn beside(ledger: &Location) -> Result<Self, StoreError> {
        Ok(Self(match Place::beside(ledger)? {
            Place::Sqlite(options) => {
                // A connection to a file that somebody deleted reads it for ever.
                let pool = SqlitePoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .max_lifetime(LIFETIME)
                    // A file is there or not; to ask first costs as much as the question.
                    .test_before_acquire(false);
                Pool::Sqlite(pool.connect_lazy_with(options.read_only(true)))
            }
            Place::Postgres(options) => {
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
                Pool::Postgres(pool.connect_lazy_with(*options))
            }
        }))
    }

    /// Ends the connections.
    pub async fn close(&self) {
        match &self.0 {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    /// Up to where the tables are.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ReadModelError> {
        Ok(self.ask(&[], None).await?.checkpoint)
    }

    /// How far the changes of the board are told.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn told(&self) -> Result<Told, ReadModelError> {
        Ok(self.ask(&[], None).await?.told)
    }

    /// The changes of the board after one, in their order, how far they are told, and up to where the tables are.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn changes(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<(Checkpoint, Told, Vec<BoardChange>), ReadModelError> {
        let after = Cell::Integer(i64::try_from(after).unwrap_or(i64::MAX));
        let select = (feed::after(limit), feed::KEPT.to_vec());
        let found = self.ask(&[after], Some(select)).await?;
        let changes = found.rows.into_iter();
        let changes = changes.filter_map(|row| Cells::of(row).change());
        Ok((found.checkpoint, found.told, changes.collect()))
    }

    /// A page of the board, in its order, and how far its changes were told then.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn board(
        &self,
        after: Option<&Entry>,
        limit: usize,
    ) -> Result<(Checkpoint, Told, Vec<Entry>), ReadModelError> {
        let mut values = Vec::new();
        let mut only = String::new();
        if let Some(after) = after {
            only = "WHERE score < $1 OR (score = $1 AND (listed_since, app) > ($2, $3))".to_owned();
            values = vec![
                Cell::Integer(after.score),
                Cell::Integer(after.listed_since.micros()),
                Cell::text(&after.app),
            ];
        }
        let sql = format!(
            "SELECT page.app, page.developer, page.score, page.listed_since, apps.certification_eligible \
             FROM (SELECT * FROM board {only} ORDER BY score DESC, listed_since, app LIMIT {limit}) AS page \
             JOIN apps ON apps.app = page.app ORDER BY page.score DESC, page.listed_since, page.app"
        );
        let found = self.ask(&values, Some((sql, ENTRY.to_vec()))).await?;
        let entries = found.rows.into_iter().map(|row| {
            let mut row = Cells::of(row);
            Entry {
                app: row.text(),
                developer: row.text(),
                score: row.integer(),
                listed_since: row.instant(),
                eligible: row.boolean(),
            }
        });
        Ok((found.checkpoint, found.told, entries.collect()))
    }

    /// A page of obligations, by due instant, those without one last.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn obligations(
        &self,
        which: &Which<'_>,
        limit: usize,
    ) -> Result<(Checkpoint, Vec<Owed>), ReadModelError> {
        const ORDER: &str = "(due IS NULL), due, app, number";
        let mut values = Vec::new();
        let mut value = |value: Cell| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut only = String::new();
        if let Some(owner) = which.owner {
            only += &format!(" AND owner = {}", value(Cell::text(owner)));
        }
        if let Some(developer) = which.developer {
            only += &format!(" AND developer = {}", value(Cell::text(developer)));
        }
        if let Some((due, app, number)) = which.after {
            let place = (value(Cell::text(app)), value(Cell::Integer(*number)));
            let place = format!("(app, number) > ({}, {})", place.0, place.1);
            only += &match due {
                Some(due) => {
                    let due = value(Cell::Integer(due.micros()));
                    format!(" AND (due > {due} OR due IS NULL OR (due = {due} AND {place}))")
                }
                None => format!(" AND due IS NULL AND {place}"),
            };
        }
        // Of each state by its index, and of these the first.
        let each = which.states.iter().map(|state| {
            let state = value(Cell::text(state));
            let table = Table::Obligations.as_str();
            format!(
                "SELECT * FROM (SELECT * FROM {table} WHERE state = {state}{only} ORDER BY {ORDER} \
                 LIMIT {limit}) AS one"
            )
        });
        let each = each.collect::<Vec<_>>().join(" UNION ALL ");
        let from = format!("({each}) AS every ORDER BY {ORDER} LIMIT {limit}");
        let found = self.ask(&values, Some(select(Table::Obligations, &from)));
        let found = found.await?;
        let owed = found.rows.into_iter().map(|row| {
            let mut row = Cells::of(row);
            Owed {
                developer: row.text(),
                app: row.text(),
                number: row.integer(),
                owner: row.text(),
                kind: row.text(),
                code: row.optional_text(),
                cause: Position(row.integer().cast_unsigned()),
                since: row.instant(),
                due: row.optional_instant(),
                met_at: row.optional_instant(),
                late: row.boolean(),
                state: row.text(),
            }
        });
        Ok((found.checkpoint, owed.collect()))
    }

    /// Rows that are asked for, and what they are of: all of one moment.
    async fn ask(
        &self,
        values: &[Cell],
        asked: Option<(String, Vec<Kept>)>,
    ) -> Result<Answer, ReadModelError> {
        let checkpoint = format!(
            "SELECT position, as_of, leaf, generation, epoch, last FROM {CHECKPOINT} \
             CROSS JOIN plaza_feed WHERE format = {FORMAT}"
        );
        let (sql, kept) = asked.unwrap_or_default();
        let asked = Asked {
            checkpoint,
            sql,
            kept,
            values,
        };
        let (found, failure): (_, fn(sqlx::Error) -> StoreError) = match &self.0 {
            Pool::Sqlite(pool) => (asked.of_sqlite(pool).await, sqlite_failure),
            Pool::Postgres(pool) => (asked.of_postgres(pool).await, postgres_failure),
        };
        let (at, rows) = match found {
            Ok((Some(at), rows)) => (at, rows),
            Ok((None, _)) => return Err(ReadModelError::Missing),
            Err(error) if is_missing(&error) => return Err(ReadModelError::Missing),
            Err(error) => return Err(failure(error).into()),
        };
        let (position, as_of, leaf, generation, epoch, last) = at;
        let checkpoint = Checkpoint {
            position: Position(position.cast_unsigned()),
            as_of: Instant::from_micros_clamped(as_of),
            leaf,
            generation,
        };
        Ok(Answer {
            checkpoint,
            told: Told {
                epoch,
                last: last.cast_unsigned(),
            },
            rows,
        })
    }
}

/// What was read, and what it is of.
struct Answer {
    checkpoint: Checkpoint,
    told: Told,
    rows: Vec<Vec<Cell>>,
}

/// A checkpoint as it is kept, and how far the changes are told.
type At = (i64, i64, String, i64, String, i64);

/// What is read in one transaction.
struct Asked<'a> {
    checkpoint: String,
    /// Nothing, where only the checkpoint is asked for.
    sql: String,
    kept: Vec<Kept>,
    values: &'a [Cell],
}

type Found = (Option<At>, Vec<Vec<Cell>>);

impl Asked<'_> {
    async fn of_sqlite(self, pool: &SqlitePool) -> Result<Found, sqlx::Error> {
        let mut tx = pool.begin().await?;
        let at = sqlx::query_as(AssertSqlSafe(self.checkpoint));
        let at = at.fetch_optional(&mut *tx).await?;
        let mut rows = Vec::new();
        if !self.sql.is_empty() {
            let sql = sqlx::query(AssertSqlSafe(self.sql));
            let sql = self.values.iter().fold(sql, bind_sqlite);
            for row in sql.fetch_all(&mut *tx).await? {
                rows.push(cells_of(&row, &self.kept)?);
            }
        }
        tx.commit().await?;
        Ok((at, rows))
    }

    async fn of_postgres(self, pool: &PgPool) -> Result<Found, sqlx::Error> {
        let mut tx = pool.begin().await?;
        let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        sqlx::raw_sql(snapshot).execute(&mut *tx).await?;
        let at = sqlx::query_as(AssertSqlSafe(self.checkpoint));
        let at = at.fetch_optional(&mut *tx).await?;
        let mut rows = Vec::new();
        if !self.sql.is_empty() {
            let sql = sqlx::query(AssertSqlSafe(self.sql));
            let sql = self.values.iter().fold(sql, bind_postgres);
            for row in sql.fetch_all(&mut *tx).await? {
                rows.push(cells_of(&row, &self.kept)?);
            }
        }
        tx.commit().await?;
        Ok((at, rows))
    }
}

/// Whether there are no tables.
fn is_missing(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    match error.code().as_deref() {
        // SQLite: no such file; an error of the statement, which is right where there are tables.
        Some("14" | "1") => true,
        // PostgreSQL: no such table, no such schema.
        Some("42P01" | "3F000") => true,
        _ => false,
    }
}

/// The statement that selects rows as a table has them.
fn select(table: Table, from: &str) -> (String, Vec<Kept>) {
    let columns = table.columns();
    let names: Vec<_> = columns.iter().map(|column| quoted(column.name)).collect();
    let kept = columns.iter().map(|column| Kept::of(column.kind)).collect();
    let sql = format!("SELECT {} FROM {from}", names.join(", "));
    (sql, kept)
}
