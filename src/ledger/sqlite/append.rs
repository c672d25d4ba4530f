//! Appending to the log: one transaction, under the database's write lock from its first statement.
//!
//! Everything that depends on the end of the log (the condition, the positions, the recorded times)
//! is decided inside it. A key that is taken is refused by the database when the row is inserted, and
//! then looked for by name; nothing is ever skipped.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Sqlite};
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::super::{AppendError, Appended, Condition, Head, Key, Leaf, NewEvent, Recorded};
use super::code::{CONSTRAINT, primary_code};
use super::names::{Keys, Names, json_list};
use super::{Clock, Options, failure, read};

type Insert = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// How many rows one statement inserts: a batch is cut into the largest that fit, so that four
/// prepared statements do for every size.
const ROWS: [usize; 4] = [500, 50, 8, 1];
const COLUMNS: usize = 10;

/// `OR FAIL` leaves the rows before a refused one where the default would take the statement back:
/// the transaction is rolled back anyway, and SQLite need not keep every page as it was for that.
static INSERTS: LazyLock<[String; ROWS.len()]> = LazyLock::new(|| {
    ROWS.map(|rows| {
        let row = format!("({})", ["?"; COLUMNS].join(","));
        format!(
            "INSERT OR FAIL INTO events (position, recordedtime, time, kind, subject, developer, \
             target, source, id, json) VALUES {}",
            vec![row; rows].join(",")
        )
    })
});

/// The writing connection.
pub(super) struct Writer {
    conn: SqliteConnection,
    names: Names,
}

impl Writer {
    pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        Ok(Self {
            conn: options.connect().await?,
            names: Names::default(),
        })
    }

    pub(super) async fn close(self) {
        // Whatever was committed is durable already; closing only folds the WAL into the file.
        let _ = self.conn.close().await;
    }

    /// Appends a batch. After [`AppendError::Store`] or [`AppendError::Unknown`] the connection may
    /// be in any state and must not be used again.
    pub(super) async fn append(
        &mut self,
        batch: &[NewEvent],
        leaves: &[Leaf],
        recorded: Recorded,
        condition: &Condition,
        options: &Options,
    ) -> Result<Appended, AppendError> {
        let store = |error| AppendError::Store(failure(error, options.busy_timeout));
        let mut transaction = self
            .conn
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(store)?;
        let append = Append {
            conn: &mut transaction,
            names: &mut self.names,
            batch,
        };
        match append
            .run(leaves, recorded, condition, &options.clock)
            .await
        {
            Ok(appended) => {
                // Where the commit fails, the WAL may hold it all the same and a recovery find it.
                transaction
                    .commit()
                    .await
                    .map_err(|error| AppendError::Unknown(failure(error, options.busy_timeout)))?;
                Ok(appended)
            }
            Err(Failed::Refused(refusal)) => {
                transaction.rollback().await.map_err(store)?;
                self.names.forget();
                Err(refusal)
            }
            Err(Failed::Database(error)) => Err(store(error)),
        }
    }
}

/// Why a batch did not get as far as the commit.
enum Failed {
    Refused(AppendError),
    Database(sqlx::Error),
}

impl From<AppendError> for Failed {
    fn from(refusal: AppendError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A batch inside its transaction.
struct Append<'a> {
    conn: &'a mut SqliteConnection,
    names: &'a mut Names,
    batch: &'a [NewEvent],
}

impl Append<'_> {
    async fn run(
        mut self,
        leaves: &[Leaf],
        recorded: Recorded,
        condition: &Condition,
        clock: &Clock,
    ) -> Result<Appended, Failed> {
        let head = read::head(self.conn).await?;
        if !holds(self.conn, condition, head).await? {
            return Err(AppendError::ConditionFailed { head }.into());
        }
        let recordedtimes = recorded_times(self.batch, recorded, head, clock)?;
        self.check_targets(head)?;
        let keys = self.names.keys(self.conn, self.batch).await?;
        let rows = Rows {
            batch: self.batch,
            leaves,
            keys: &keys,
            recordedtimes: &recordedtimes,
            head: head.position,
        };
        if let Err(error) = rows.insert(self.conn).await {
            return Err(self.refused_insert(error, head).await?);
        }
        Ok(Appended {
            first: Position(head.position.0 + 1),
            last: Position(head.position.0 + self.batch.len() as u64),
            recordedtimes,
        })
    }

    fn check_targets(&self, head: Head) -> Result<(), AppendError> {
        for (index, new) in self.batch.iter().enumerate() {
            if let Some(target) = new.target
                && target.0 > head.position.0 + index as u64
            {
                return Err(AppendError::TargetNotBefore { index, target });
            }
        }
        Ok(())
    }

    /// Why an insert was refused: the first event whose key is taken, if that is why.
    async fn refused_insert(
        &mut self,
        error: sqlx::Error,
        head: Head,
    ) -> Result<Failed, sqlx::Error> {
        if primary_code(&error) != Some(CONSTRAINT) {
            return Ok(error.into());
        }
        let keys: Vec<Key<'_>> = self.batch.iter().map(NewEvent::key).collect();
        let mut seen = HashSet::new();
        let again = keys.iter().position(|key| !seen.insert(*key));
        // Past the head are the rows of this batch that were inserted before the refused one.
        let stored = read::find(self.conn, &keys)
            .await?
            .into_iter()
            .position(|found| found.is_some_and(|found| found.position <= head.position));
        Ok(match again.into_iter().chain(stored).min() {
            Some(index) => AppendError::KeyTaken { index }.into(),
            None => error.into(),
        })
    }
}

/// The rows of a batch.
struct Rows<'a> {
    batch: &'a [NewEvent],
    leaves: &'a [Leaf],
    keys: &'a [Keys],
    recordedtimes: &'a [Instant],
    head: Position,
}

impl Rows<'_> {
    async fn insert(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let mut start = 0;
        let mut next = self.statement(&mut start);
        while let Some(statement) = next {
            // While the connection's thread inserts these rows, the next are made ready.
            let (inserted, following) = tokio::join!(statement.execute(&mut *conn), async {
                self.statement(&mut start)
            });
            inserted?;
            next = following;
        }
        Ok(())
    }

    /// The statement that inserts the rows from `start` on, or as many of them as fit.
    fn statement(&self, start: &mut usize) -> Option<Insert> {
        let left = self.batch.len() - *start;
        let size = ROWS.iter().position(|rows| *rows <= left)?;
        let rows = *start..*start + ROWS[size];
        *start = rows.end;
        let mut statement = sqlx::query(INSERTS[size].as_str());
        // Neighbours mostly have one recorded time, and printing it costs more than all else here.
        let mut printed = (Instant::MIN, String::new());
        for index in rows {
            let NewEvent { event, target, .. } = &self.batch[index];
            let (keys, recordedtime) = (self.keys[index], self.recordedtimes[index]);
            if printed.0 != recordedtime || printed.1.is_empty() {
                printed = (recordedtime, recordedtime.to_string());
            }
            statement = statement
                .bind((self.head.0 + 1 + index as u64).cast_signed())
                .bind(recordedtime.micros())
                .bind(event.time.micros())
                .bind(keys.kind)
                .bind(keys.subject)
                .bind(keys.developer)
                .bind(target.map(|target| target.0.cast_signed()))
                .bind(keys.source)
                .bind(event.id.as_str())
                .bind(self.leaves[index].with_text(&printed.1));
        }
        Some(statement)
    }
}

/// Whether the log is as the condition asks, given its head.
async fn holds(
    conn: &mut SqliteConnection,
    condition: &Condition,
    head: Head,
) -> Result<bool, sqlx::Error> {
    match condition {
        Condition::Always => Ok(true),
        Condition::NothingNewSince(since) => Ok(head.position <= *since),
        Condition::NothingNewFor { since, .. } if head.position <= *since => Ok(true),
        Condition::NothingNewFor {
            since,
            subjects,
            kinds,
        } => {
            let changed: bool = sqlx::query_scalar(
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
            .fetch_one(conn)
            .await?;
            Ok(!changed)
        }
    }
}

/// When each event of the batch is recorded.
fn recorded_times(
    batch: &[NewEvent],
    recorded: Recorded,
    head: Head,
    clock: &Clock,
) -> Result<Vec<Instant>, AppendError> {
    let mut latest = head.recordedtime.unwrap_or(Instant::MIN);
    let now = clock();
    let mut times = Vec::with_capacity(batch.len());
    for (index, new) in batch.iter().enumerate() {
        let carried = match recorded {
            Recorded::Now => None,
            Recorded::Trusted => new.event.recordedtime,
        };
        latest = match carried {
            Some(at) if at < latest => return Err(AppendError::RecordedTimeDecreases { index }),
            Some(at) => at,
            None => now.max(latest),
        };
        times.push(latest);
    }
    Ok(times)
}
