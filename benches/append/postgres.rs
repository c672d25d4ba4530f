//! The PostgreSQL database alone, as [`super::bare`] asks SQLite: the same rows into tables with the
//! same columns and indexes, in the way that was the fastest of those tried for a plain insert.

use std::time::{Duration, Instant as Stopwatch};

use sqlx::postgres::PgBindIterExt;
use sqlx::{AssertSqlSafe, Connection};

use super::BATCH;
use super::bare::rows;
use super::database::Database;

/// Rows a second into PostgreSQL.
pub(super) async fn bare(events: u64) -> f64 {
    const ROWS: usize = 1_000;
    let database = Database::new().unwrap();
    let mut conn = database.connect().await;
    // The ledger's own tables, without what guards them.
    let schema = include_str!("../../migrations/postgres/0001_log.sql");
    sqlx::raw_sql(schema).execute(&mut conn).await.unwrap();
    let guards: Vec<String> = sqlx::query_scalar(
        "SELECT format('DROP TRIGGER %s ON %s', tgname, tgrelid::regclass) FROM pg_trigger \
         WHERE NOT tgisinternal",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    for drop in guards {
        sqlx::raw_sql(AssertSqlSafe(drop))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    let insert = "INSERT INTO events (position, recordedtime, time, kind, subject, developer, \
        target, source, id, json, hash) SELECT unnest($1::bigint[]), unnest($2::bigint[]), \
        unnest($3::bigint[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), NULL, \
        unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::bytea[])";
    let batch = usize::try_from(BATCH).unwrap();
    let mut spent = Duration::ZERO;
    for from in (0..events).step_by(batch) {
        let rows = rows(from..events.min(from + BATCH));
        let begun = Stopwatch::now();
        let mut transaction = conn.begin().await.unwrap();
        for rows in rows.chunks(ROWS) {
            let row = rows.iter();
            sqlx::query(insert)
                .bind(row.clone().map(|row| row.position).bind_iter())
                .bind(row.clone().map(|row| row.recordedtime).bind_iter())
                .bind(row.clone().map(|row| row.time).bind_iter())
                .bind(row.clone().map(|row| row.kind.as_str()).bind_iter())
                .bind(row.clone().map(|row| row.subject.as_str()).bind_iter())
                .bind(row.clone().map(|row| row.developer.as_deref()).bind_iter())
                .bind(row.clone().map(|row| row.source.as_str()).bind_iter())
                .bind(row.clone().map(|row| row.id.as_str()).bind_iter())
                .bind(row.clone().map(|row| row.json.as_str()).bind_iter())
                .bind(row.map(|row| row.hash.as_slice()).bind_iter())
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
        spent += begun.elapsed();
    }
    conn.close().await.unwrap();
    events as f64 / spent.as_secs_f64()
}
