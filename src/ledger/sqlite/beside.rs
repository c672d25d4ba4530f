//! What lies beside the events: private content, checkpoints, and the file's own health.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use standing_projections::Position;

use super::super::{Private, StoreError};
use super::failure;
use super::open::migrations;

/// What is wrong with the file: what SQLite finds, what else than this program's migrations made
/// its tables and triggers, and where the table of subjects says other things than the events.
pub(super) async fn integrity(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut *conn)
        .await?;
    found.retain(|line| line != "ok");
    found.extend(schema(conn).await?);
    let orphans: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM private WHERE position NOT IN (SELECT position FROM events)",
    )
    .fetch_all(&mut *conn)
    .await?;
    let orphans = orphans.iter();
    found.extend(
        orphans.map(|at| format!("there is private content at position {at}, and no event")),
    );
    let developers: Vec<String> = sqlx::query_scalar(DEVELOPERS).fetch_all(conn).await?;
    let wrong = "the table `developers` and the events differ in whose the subject is:";
    found.extend(
        developers
            .iter()
            .map(|subject| format!("{wrong} `{subject}`")),
    );
    Ok(found)
}

/// The subjects of which `developers` has a row that no event bears out, or lacks one.
const DEVELOPERS: &str = "SELECT coalesce(name.text, 'number ' || developers.subject) FROM developers \
     LEFT JOIN names AS name ON name.key = developers.subject WHERE NOT EXISTS \
        (SELECT 1 FROM events INDEXED BY events_by_subject \
         WHERE subject = developers.subject AND developer = developers.developer) \
     UNION ALL \
     SELECT name.text FROM names AS name CROSS JOIN events ON events.position = \
        (SELECT max(position) FROM events INDEXED BY events_by_subject WHERE subject = name.key) \
     WHERE events.developer IS NOT NULL AND NOT EXISTS (SELECT 1 FROM developers \
        WHERE developer = events.developer AND subject = events.subject)";

/// Where the schema is another than that of a new ledger: a trigger that is gone lets the log be
/// changed.
async fn schema(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut new = SqliteConnection::connect("sqlite::memory:").await?;
    for migration in migrations() {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut new)
            .await?;
    }
    let all = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL \
               AND name <> '_sqlx_migrations' ORDER BY name";
    let should: Vec<(String, String)> = sqlx::query_as(all).fetch_all(&mut new).await?;
    let is: Vec<(String, String)> = sqlx::query_as(all).fetch_all(conn).await?;
    let missing = should.iter().filter(|one| !is.contains(one));
    let strange = is.iter().filter(|one| !should.contains(one));
    let missing = missing.map(|(name, _)| format!("`{name}` is not in the schema as it should be"));
    let strange = strange.map(|(name, _)| format!("`{name}` is in the schema and should not be"));
    Ok(missing.chain(strange).collect())
}

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
