//! What lies beside the events: private content and checkpoints.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use standing_projections::Position;

use super::super::{Private, StoreError};
use super::failure;

/// What the events at these positions say in private.
pub(super) async fn private(
    conn: &mut SqliteConnection,
    positions: &[Position],
) -> Result<Vec<Option<Private>>, sqlx::Error> {
    let wanted: serde_json::Value = positions.iter().map(|position| position.0).collect();
    let rows: Vec<(i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT wanted.key, private.key, private.content FROM json_each(?1) AS wanted \
         CROSS JOIN private ON private.position = wanted.value",
    )
    .bind(wanted.to_string())
    .fetch_all(conn)
    .await?;
    let mut found = vec![None; positions.len()];
    for (index, key, content) in rows {
        let key = key.try_into();
        let key =
            key.map_err(|_| sqlx::Error::Decode("a key of private content is none".into()))?;
        if let Some(place) = usize::try_from(index).ok().and_then(|at| found.get_mut(at)) {
            *place = Some(Private { key, content });
        }
    }
    Ok(found)
}

/// The checkpoints of trees of at least that size.
pub(super) async fn checkpoints(
    conn: &mut SqliteConnection,
    at_least: u64,
    limit: usize,
) -> Result<Vec<(u64, String)>, sqlx::Error> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT tree_size, note FROM checkpoints WHERE tree_size >= ?1 ORDER BY tree_size LIMIT ?2",
    )
    .bind(i64::try_from(at_least).unwrap_or(i64::MAX))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(size, note)| (size.cast_unsigned(), note))
        .collect())
}

pub(super) async fn keep_checkpoint(
    connect: &SqliteConnectOptions,
    tree_size: u64,
    note: &str,
) -> Result<(), sqlx::Error> {
    let mut conn = connect.connect().await?;
    sqlx::query(
        "INSERT INTO checkpoints (tree_size, note) SELECT ?1, ?2 \
         WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE tree_size = ?1)",
    )
    .bind(i64::try_from(tree_size).unwrap_or(i64::MAX))
    .bind(note)
    .execute(&mut conn)
    .await?;
    conn.close().await
}

/// Empties the WAL, which holds pages as they were before something was deleted. What was deleted in
/// the file itself was overwritten then (`secure_delete`).
pub(super) async fn scrub(
    connect: &SqliteConnectOptions,
    patience: Duration,
) -> Result<(), StoreError> {
    let done = async {
        let mut conn = connect.connect().await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut conn)
            .await?;
        conn.close().await?;
        Ok(busy)
    };
    match done.await.map_err(|error| failure(error, patience))? {
        0 => Ok(()),
        _ => Err(StoreError::Busy { waited: patience }),
    }
}
