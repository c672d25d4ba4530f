//! What is wrong with the database beside the events themselves, which `standing verify` reads.
//!
//! PostgreSQL checks the insides of its indexes only with an extension that a server need not have.

use sqlx::postgres::PgConnection;

/// The schema as the migrations make it. A function that guards the log is as it should be where its
/// text stands in here.
const SCHEMA: &str = include_str!("../../../migrations/postgres/0001_log.sql");

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

const INDEXES: [&str; 10] = [
    "events_pkey",
    "events_by_key",
    "events_by_subject",
    "events_by_kind",
    "events_by_target",
    "developers_pkey",
    "head_is_one_row",
    "tree_pkey",
    "private_pkey",
    "checkpoints_pkey",
];

/// What is found, each a sentence.
pub(super) async fn integrity(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found: Vec<String> = sqlx::query_scalar(
        "SELECT format('the trigger `%s` is not as it should be', wanted.name) \
         FROM unnest($1::text[], $2::text[]) AS wanted(name, of) \
         WHERE NOT EXISTS (SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid \
             WHERE tgname = wanted.name AND tgrelid = to_regclass(wanted.of) \
             AND tgenabled = 'A' AND strpos($4, prosrc) > 0) \
         UNION ALL \
         SELECT format('the trigger `%s` should not be there', tgname) FROM pg_trigger \
         WHERE tgrelid = ANY (SELECT to_regclass(unnest($2::text[]))) AND NOT tgisinternal \
             AND (tgname, tgrelid::regclass::text) NOT IN (SELECT unnest($1), unnest($2)) \
         UNION ALL \
         SELECT format('the index `%s` is missing', wanted.name) \
         FROM unnest($3::text[]) AS wanted(name) \
         WHERE NOT EXISTS (SELECT FROM pg_index \
             WHERE indexrelid = to_regclass(wanted.name) AND indisvalid) \
         UNION ALL \
         SELECT format('the checksums of %s pages were wrong', checksum_failures) \
         FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0",
    )
    .bind(TRIGGERS.map(|(name, _)| name).to_vec())
    .bind(TRIGGERS.map(|(_, of)| of).to_vec())
    .bind(INDEXES.to_vec())
    .bind(SCHEMA)
    .fetch_all(&mut *conn)
    .await?;
    let more: Vec<String> = sqlx::query_scalar(
        "SELECT format('the head is at %s, and the last event at %s', head.position, \
             coalesce(last.position, 0)) \
         FROM head LEFT JOIN LATERAL (SELECT position, recordedtime FROM events \
             ORDER BY position DESC LIMIT 1) AS last ON true \
         WHERE (head.position, head.recordedtime) IS DISTINCT FROM \
             (coalesce(last.position, 0), last.recordedtime) \
         UNION ALL \
         SELECT format('the table `developers` and the events differ in whose the subject is: \
             `%s`', differ.subject) FROM \
             (SELECT subject FROM developers WHERE NOT EXISTS (SELECT FROM events \
                  WHERE events.subject = developers.subject \
                  AND events.developer = developers.developer) \
              UNION \
              SELECT subject FROM (SELECT DISTINCT ON (subject) subject, developer FROM events \
                  ORDER BY subject DESC, position DESC) AS last \
              WHERE developer IS NOT NULL AND NOT EXISTS (SELECT FROM developers \
                  WHERE developers.subject = last.subject \
                  AND developers.developer = last.developer)) AS differ \
         UNION ALL \
         SELECT format('there is private content at position %s, and no event', position) \
         FROM private WHERE NOT EXISTS (SELECT FROM events WHERE position = private.position)",
    )
    .fetch_all(conn)
    .await?;
    found.extend(more);
    Ok(found)
}
