//! The database alone: the same rows into tables with the same columns and indexes, many a statement
//! and as many a transaction as a batch has events. No checks, no hashing, no tree; leaves and hashes
//! were made beforehand.

use std::collections::HashMap;
use std::time::{Duration, Instant as Stopwatch};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use standing::ledger::Leaf;
use standing::ledger::tree::Hash;
use standing_projections::Instant;

use super::{BATCH, complaint};

/// A row, ready.
pub(super) struct Row {
    pub(super) position: i64,
    pub(super) recordedtime: i64,
    pub(super) time: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) developer: Option<String>,
    pub(super) source: String,
    pub(super) id: String,
    pub(super) json: String,
    pub(super) hash: Vec<u8>,
}

/// The rows of the same events, recorded now.
pub(super) fn rows(numbers: std::ops::Range<u64>) -> Vec<Row> {
    let now = Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros());
    numbers
        .map(|number| {
            let new = complaint(number);
            let json = Leaf::new(&new.body).recorded_at(now);
            Row {
                position: i64::try_from(number).unwrap() + 1,
                recordedtime: now.micros(),
                time: new.event.time.micros(),
                kind: new.event.kind.as_str().to_owned(),
                subject: new.event.subject,
                developer: new.developer,
                source: new.event.source,
                id: new.event.id,
                hash: Hash::of_leaf(json.as_bytes()).0.to_vec(),
                json,
            }
        })
        .collect()
}

/// Rows a second into SQLite.
pub(super) async fn sqlite(events: u64) -> f64 {
    const ROWS: usize = 500;
    let folder = tempfile::tempdir().unwrap();
    let mut conn = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.db"))
        .create_if_missing(true)
        .page_size(4096)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-65536")
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    // The ledger's own tables, without what guards them.
    let schema = include_str!("../../migrations/sqlite/0002_log.sql");
    sqlx::raw_sql(schema).execute(&mut conn).await.unwrap();
    let triggers: Vec<String> = sqlx::query_scalar(
        "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    for drop in triggers {
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    let row = format!("({})", ["?"; 11].join(","));
    let insert = format!(
        "INSERT INTO events (position, recordedtime, time, kind, subject, developer, target, \
         source, id, json, hash) VALUES {}",
        vec![row; ROWS].join(",")
    );
    let mut names: HashMap<String, i64> = HashMap::new();
    let mut spent = Duration::ZERO;
    let batch = usize::try_from(BATCH).unwrap();
    for from in (0..events).step_by(batch) {
        let rows = rows(from..events.min(from + BATCH));
        let mut key = |name: &str| {
            let next = names.len() as i64 + 1;
            *names.entry(name.to_owned()).or_insert(next)
        };
        let keys: Vec<[i64; 4]> = rows
            .iter()
            .map(|row| {
                let developer = row.developer.as_deref().map_or(0, &mut key);
                [
                    key(&row.kind),
                    key(&row.subject),
                    developer,
                    key(&row.source),
                ]
            })
            .collect();
        let begun = Stopwatch::now();
        let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.unwrap();
        for (rows, keys) in rows.chunks_exact(ROWS).zip(keys.chunks_exact(ROWS)) {
            let mut statement = sqlx::query(sqlx::AssertSqlSafe(insert.as_str()));
            for (row, [kind, subject, developer, source]) in rows.iter().zip(keys) {
                statement = statement
                    .bind(row.position)
                    .bind(row.recordedtime)
                    .bind(row.time)
                    .bind(kind)
                    .bind(subject)
                    .bind(developer)
                    .bind(None::<i64>)
                    .bind(source)
                    .bind(&row.id)
                    .bind(&row.json)
                    .bind(&row.hash);
            }
            statement.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
        spent += begun.elapsed();
    }
    conn.close().await.unwrap();
    events as f64 / spent.as_secs_f64()
}
