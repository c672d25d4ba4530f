//! What lies beside the events: private content, checkpoints, and the database's own health.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use standing_projections::Position;
use tokio::time::Instant;

use super::super::{Private, StoreError};
use super::code::failure;
use super::{read, session};

/// What can be seen to be wrong from the database's own books: triggers that somebody has taken away
/// or turned off, a head that is not the last event, pages whose checksums were wrong. PostgreSQL
/// checks its indexes only with an extension that a server need not have.
pub(super) async fn integrity(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        // The subjects are found one by one, each through the index.
        "WITH RECURSIVE subjects AS ( \
             (SELECT subject FROM events ORDER BY subject LIMIT 1) \
             UNION ALL \
             SELECT (SELECT events.subject FROM events WHERE events.subject > subjects.subject \
                 ORDER BY events.subject LIMIT 1) \
             FROM subjects WHERE subjects.subject IS NOT NULL), \
         unborne AS (SELECT subject FROM developers WHERE NOT EXISTS \
             (SELECT FROM events WHERE events.subject = developers.subject \
                 AND events.developer = developers.developer)), \
         lacking AS (SELECT subjects.subject FROM subjects CROSS JOIN LATERAL \
             (SELECT developer FROM events WHERE events.subject = subjects.subject \
                 ORDER BY position DESC LIMIT 1) AS last \
             WHERE last.developer IS NOT NULL AND NOT EXISTS \
             (SELECT FROM developers WHERE developers.subject = subjects.subject \
                 AND developers.developer = last.developer)) \
         SELECT format('the trigger `%s` is missing or turned off', wanted.name) \
         FROM unnest($1::text[], $2::text[]) AS wanted(name, of) \
         WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = wanted.name \
             AND tgrelid = to_regclass(wanted.of) AND tgenabled = 'A') \
         UNION ALL \
         SELECT format('the head is at %s, and the last event at %s', head.position, \
             coalesce(last.position, 0)) \
         FROM head LEFT JOIN LATERAL (SELECT position, recordedtime FROM events \
             ORDER BY position DESC LIMIT 1) AS last ON true \
         WHERE (head.position, head.recordedtime) IS DISTINCT FROM \
             (coalesce(last.position, 0), last.recordedtime) \
         UNION ALL \
         SELECT format('the table `developers` and the events differ in whose the subject is: `%s`', \
             subject) FROM (TABLE unborne UNION ALL TABLE lacking) AS differing(subject) \
         UNION ALL \
         SELECT format('there is private content at position %s, and no event', position) \
         FROM private WHERE NOT EXISTS (SELECT FROM events WHERE position = private.position) \
         UNION ALL \
         SELECT format('the checksums of %s pages were wrong', checksum_failures) \
         FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0",
    )
    .bind(TRIGGERS.map(|(name, _)| name).to_vec())
    .bind(TRIGGERS.map(|(_, of)| of).to_vec())
    .fetch_all(conn)
    .await
}

/// The triggers that keep the log as it is, and their tables.
const TRIGGERS: [(&str, &str); 9] = [
    ("events_follow", "events"),
    ("events_stay", "events"),
    ("developers_stay", "developers"),
    ("tree_stays", "tree"),
    ("checkpoints_stay", "checkpoints"),
    ("head_is_the_end", "head"),
    ("head_stays", "head"),
    ("private_is_not_changed", "private"),
    ("private_is_deleted_when_the_log_says_so", "private"),
];

/// What the events at these positions say in private.
pub(super) async fn private(
    conn: &mut PgConnection,
    positions: &[Position],
) -> Result<Vec<Option<Private>>, sqlx::Error> {
    let wanted: Vec<i64> = positions
        .iter()
        .map(|position| i64::try_from(position.0).unwrap_or(i64::MAX))
        .collect();
    let rows: Vec<(i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT wanted.index, private.key, private.content \
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted(position, index) \
         CROSS JOIN LATERAL \
             (SELECT * FROM private WHERE private.position = wanted.position LIMIT 1) AS private",
    )
    .bind(wanted)
    .fetch_all(conn)
    .await?;
    let mut found = vec![None; positions.len()];
    for (index, key, content) in rows {
        let key = key.try_into();
        let key =
            key.map_err(|_| sqlx::Error::Decode("a key of private content is none".into()))?;
        if let Some(place) = read::place(&mut found, index) {
            *place = Some(Private { key, content });
        }
    }
    Ok(found)
}

/// The checkpoints of trees of at least that size.
pub(super) async fn checkpoints(
    conn: &mut PgConnection,
    at_least: u64,
    limit: usize,
) -> Result<Vec<(u64, String)>, sqlx::Error> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT tree_size, note FROM checkpoints WHERE tree_size >= $1 ORDER BY tree_size LIMIT $2",
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
    options: &PgConnectOptions,
    patience: Duration,
    tree_size: u64,
    note: &str,
) -> Result<(), sqlx::Error> {
    let mut conn = session::connect(options, patience).await?;
    session::prepare_to_write(&mut conn, patience).await?;
    sqlx::query(
        "INSERT INTO checkpoints (tree_size, note) VALUES ($1, $2) \
         ON CONFLICT (tree_size) DO NOTHING",
    )
    .bind(i64::try_from(tree_size).unwrap_or(i64::MAX))
    .bind(note)
    .execute(&mut conn)
    .await?;
    conn.close().await
}

/// Writes the table of what is private anew and drops the old one, in whose pages what was deleted
/// stands until it is written over. The server's own log of changes keeps it until it is recycled.
/// Rows that a reader may still see are taken along; they are waited for.
pub(super) async fn scrub(
    options: &PgConnectOptions,
    patience: Duration,
) -> Result<(), StoreError> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(20);
    loop {
        let scrubbed = rewrite_private(options, patience).await;
        match scrubbed.map_err(|error| failure(error, patience))? {
            // Who may not vacuum gets a warning, and nothing is done.
            Rewritten::Not => {
                let detail = "only the owner of the table `private` can vacuum it".to_owned();
                return Err(StoreError::Denied { detail });
            }
            Rewritten::Whole => return Ok(()),
            Rewritten::WithDeleted if Instant::now() < deadline => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Rewritten::WithDeleted => return Err(StoreError::Busy { waited: patience }),
        }
    }
}

/// What became of a table that was to be written anew.
enum Rewritten {
    Not,
    WithDeleted,
    Whole,
}

async fn rewrite_private(
    options: &PgConnectOptions,
    patience: Duration,
) -> Result<Rewritten, sqlx::Error> {
    let mut conn = session::connect(options, patience).await?;
    session::prepare_to_write(&mut conn, patience).await?;
    let before = file(&mut conn).await?;
    sqlx::raw_sql("VACUUM (FULL) private")
        .execute(&mut conn)
        .await?;
    let rewritten = if file(&mut conn).await? == before {
        Rewritten::Not
    } else if held(&mut conn).await? {
        Rewritten::WithDeleted
    } else {
        Rewritten::Whole
    };
    conn.close().await?;
    Ok(rewritten)
}

async fn file(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_relation_filenode('private')::bigint")
        .fetch_one(conn)
        .await
}

/// Whether more rows were written anew than are in the table: its index has the others too.
async fn held(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT reltuples > (SELECT count(*) FROM private) FROM pg_class \
         WHERE oid = 'private_pkey'::regclass",
    )
    .fetch_one(conn)
    .await
}
