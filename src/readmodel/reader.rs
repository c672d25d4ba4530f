//! Reading the tables: a page and the checkpoint that it is of, as of one moment.

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use standing_projections::{Instant, Position};

use super::changes::Cell;
use super::schema::{CHECKPOINT, Kept, Table, quoted};
use super::store::{Place, bind_postgres, bind_sqlite, cells_of, postgres_failure, sqlite_failure};
use super::{Checkpoint, FORMAT, ReadModelError};
use crate::ledger::{Location, StoreError};

/// How many connections read at once.
const CONNECTIONS: u32 = 8;

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

impl Reader {
    /// Of the tables beside that ledger, which need not be there yet.
    ///
    /// # Errors
    /// Where the ledger's place is none.
    pub fn beside(ledger: &Location) -> Result<Self, StoreError> {
        Ok(Self(match Place::beside(ledger)? {
            Place::Sqlite(options) => {
                let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
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
        Ok(self.rows(&[], None).await?.0)
    }

    /// A page of the board, in its order, and how many rank before it.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn board(
        &self,
        after: Option<&Entry>,
        limit: usize,
    ) -> Result<(Checkpoint, Vec<Entry>), ReadModelError> {
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
        let tail = format!("{only} ORDER BY score DESC, listed_since, app LIMIT {limit}");
        let (checkpoint, rows) = self.rows(&values, Some((Table::Board, tail))).await?;
        let entries = rows.into_iter().map(|row| {
            let mut row = Cells(row.into_iter());
            Entry {
                app: row.text(),
                developer: row.text(),
                score: row.integer(),
                listed_since: row.instant(),
            }
        });
        Ok((checkpoint, entries.collect()))
    }

    /// A page of obligations in one of these states, by due instant, those without one last.
    ///
    /// # Errors
    /// [`ReadModelError::Missing`], and what the database says.
    pub async fn obligations(
        &self,
        (state, owner): (&str, Option<&str>),
        developer: Option<&str>,
        after: Option<&OwedAfter>,
        limit: usize,
    ) -> Result<(Checkpoint, Vec<Owed>), ReadModelError> {
        let mut values = vec![Cell::text(state)];
        let mut only = "state = $1".to_owned();
        let mut value = |value: Cell| {
            values.push(value);
            format!("${}", values.len())
        };
        if let Some(owner) = owner {
            only += &format!(" AND owner = {}", value(Cell::text(owner)));
        }
        if let Some(developer) = developer {
            only += &format!(" AND developer = {}", value(Cell::text(developer)));
        }
        if let Some((due, app, number)) = after {
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
        let tail = format!("WHERE {only} ORDER BY due NULLS LAST, app, number LIMIT {limit}");
        let (checkpoint, rows) = self.rows(&values, Some((Table::Obligations, tail))).await?;
        let owed = rows.into_iter().map(|row| {
            let mut row = Cells(row.into_iter());
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
        Ok((checkpoint, owed.collect()))
    }

    /// The checkpoint, and the rows of a table that are asked for, of one moment.
    async fn rows(
        &self,
        values: &[Cell],
        asked: Option<(Table, String)>,
    ) -> Result<(Checkpoint, Vec<Vec<Cell>>), ReadModelError> {
        let checkpoint = format!(
            "SELECT position, as_of, leaf, generation FROM {CHECKPOINT} WHERE format = {FORMAT}"
        );
        let (sql, kept) = match asked {
            Some((table, tail)) => select(table, &tail),
            None => Default::default(),
        };
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
        let (position, as_of, leaf, generation) = at;
        let checkpoint = Checkpoint {
            position: Position(position.cast_unsigned()),
            as_of: Instant::from_micros_clamped(as_of),
            leaf,
            generation,
        };
        Ok((checkpoint, rows))
    }
}

/// A checkpoint as it is kept.
type At = (i64, i64, String, i64);

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

/// The statement that selects rows of a table.
fn select(table: Table, tail: &str) -> (String, Vec<Kept>) {
    let columns = table.columns();
    let names: Vec<_> = columns.iter().map(|column| quoted(column.name)).collect();
    let kept = columns.iter().map(|column| Kept::of(column.kind)).collect();
    let sql = format!("SELECT {} FROM {} {tail}", names.join(", "), table.as_str());
    (sql, kept)
}

/// The cells of a row, taken in the order of its columns.
struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    fn optional_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn text(&mut self) -> String {
        self.optional_text().unwrap_or_default()
    }

    fn optional_integer(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Cell::Integer(number)) => Some(number),
            _ => None,
        }
    }

    fn integer(&mut self) -> i64 {
        self.optional_integer().unwrap_or_default()
    }

    fn boolean(&mut self) -> bool {
        matches!(self.0.next(), Some(Cell::Boolean(true)))
    }

    fn optional_instant(&mut self) -> Option<Instant> {
        self.optional_integer().map(Instant::from_micros_clamped)
    }

    fn instant(&mut self) -> Instant {
        Instant::from_micros_clamped(self.integer())
    }
}
