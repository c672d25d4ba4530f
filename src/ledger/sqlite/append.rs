//! Appending to the log: one transaction, under the database's write lock from its first statement.
//!
//! Everything that depends on the end of the log (the condition, the positions, the recorded times)
//! is decided inside it. A key that is taken is found by the unique index when the row is inserted,
//! and then looked for by name; nothing is ever skipped.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::super::{AppendError, Appended, Condition, Head, Key, Leaf, NewEvent, Recorded};
use super::names::{Names, json_list};
use super::{Options, failure, read};

/// How many rows one statement inserts: a batch is cut into the largest that fit, so that four
/// prepared statements do for every size.
const ROWS: [usize; 4] = [500, 50, 8, 1];
const COLUMNS: usize = 10;

static INSERTS: LazyLock<[String; ROWS.len()]> = LazyLock::new(|| {
    ROWS.map(|rows| {
        let row = format!("({})", ["?"; COLUMNS].join(","));
        format!(
            "INSERT INTO events (position, recordedtime, time, kind, subject, developer, target, \
             source, id, json) VALUES {}",
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
            busy_timeout: options.busy_timeout,
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
            Err(refusal) => {
                transaction.rollback().await.map_err(store)?;
                self.names.forget();
                Err(refusal)
            }
        }
    }
}

/// A batch inside its transaction.
struct Append<'a> {
    conn: &'a mut SqliteConnection,
    names: &'a mut Names,
    batch: &'a [NewEvent],
    busy_timeout: Duration,
}

impl Append<'_> {
    fn store(&self, error: sqlx::Error) -> AppendError {
        AppendError::Store(failure(error, self.busy_timeout))
    }

    async fn run(
        mut self,
        leaves: &[Leaf],
        recorded: Recorded,
        condition: &Condition,
        clock: &super::Clock,
    ) -> Result<Appended, AppendError> {
        let head = match read::head(self.conn).await {
            Ok(head) => head,
            Err(error) => return Err(self.store(error)),
        };
        match holds(self.conn, condition, head).await {
            Ok(true) => {}
            Ok(false) => return Err(AppendError::ConditionFailed { head }),
            Err(error) => return Err(self.store(error)),
        }
        let recordedtimes = recorded_times(self.batch, recorded, head, clock)?;
        self.check_targets(head)?;
        if let Err(error) = self.names.learn(self.conn, self.batch).await {
            return Err(self.store(error));
        }
        if let Err(error) = self.insert(leaves, head, &recordedtimes).await {
            return Err(self.refused_insert(error, head).await);
        }
        let last = Position(head.position.0 + self.batch.len() as u64);
        Ok(Appended {
            first: Position(head.position.0 + 1),
            last,
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

    async fn insert(
        &mut self,
        leaves: &[Leaf],
        head: Head,
        recordedtimes: &[Instant],
    ) -> Result<(), sqlx::Error> {
        let key = |text: &str| self.names.key(text);
        // Most batches have one recorded time, and printing it costs more than all else here.
        let mut printed = (Instant::MIN, Instant::MIN.to_string());
        let mut start = 0;
        while start < self.batch.len() {
            let left = self.batch.len() - start;
            let size = ROWS
                .iter()
                .position(|rows| *rows <= left)
                .unwrap_or(ROWS.len() - 1);
            let mut insert = sqlx::query(INSERTS[size].as_str());
            for index in start..start + ROWS[size] {
                let NewEvent {
                    event,
                    developer,
                    target,
                    ..
                } = &self.batch[index];
                let recordedtime = recordedtimes[index];
                if printed.0 != recordedtime {
                    printed = (recordedtime, recordedtime.to_string());
                }
                insert = insert
                    .bind((head.position.0 + 1 + index as u64).cast_signed())
                    .bind(recordedtime.micros())
                    .bind(event.time.micros())
                    .bind(key(event.kind.as_str())?)
                    .bind(key(&event.subject)?)
                    .bind(developer.as_deref().map(key).transpose()?)
                    .bind(target.map(|target| target.0.cast_signed()))
                    .bind(key(&event.source)?)
                    .bind(event.id.as_str())
                    .bind(leaves[index].with_text(&printed.1));
            }
            insert.execute(&mut *self.conn).await?;
            start += ROWS[size];
        }
        Ok(())
    }

    /// Why an insert was refused: the first event whose key is taken, if that is why.
    async fn refused_insert(&mut self, error: sqlx::Error, head: Head) -> AppendError {
        let taken = error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation());
        if !taken {
            return self.store(error);
        }
        let keys: Vec<Key<'_>> = self
            .batch
            .iter()
            .map(|new| Key {
                source: &new.event.source,
                id: &new.event.id,
            })
            .collect();
        let mut seen = HashSet::new();
        let again = keys.iter().position(|key| !seen.insert(*key));
        let stored = match read::find(self.conn, &keys).await {
            // Past the head are the rows of this batch that were inserted before the refused ones.
            Ok(rows) => rows.iter().position(|row| {
                row.as_ref()
                    .is_some_and(|row| row.position <= head.position)
            }),
            Err(error) => return self.store(error),
        };
        match again.into_iter().chain(stored).min() {
            Some(index) => AppendError::KeyTaken { index },
            None => self.store(error),
        }
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
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let changed: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT 1 FROM events WHERE position > ?1 \
                     AND kind = (SELECT key FROM names WHERE text = ?2)) \
                 OR EXISTS (SELECT 1 FROM events INDEXED BY events_by_subject WHERE position > ?1 \
                     AND subject IN (SELECT key FROM names JOIN json_each(?3) ON text = value) \
                     AND (?4 = '[]' \
                         OR kind IN (SELECT key FROM names JOIN json_each(?4) ON text = value)))",
            )
            .bind(since.0.cast_signed())
            .bind(Kind::RulebookPublished.as_str())
            .bind(json_list(subjects))
            .bind(json_list(&kinds))
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
    clock: &super::Clock,
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
