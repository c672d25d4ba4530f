//! What is wrong with the file itself.
//!
//! SQLite's own `integrity_check` looks every row up in every index, which takes longer than all
//! else that there is to check of a log. Its `quick_check` leaves the indexes out, so they are
//! compared with the rows here: as sums over all entries, which a change of any one entry changes,
//! and the index of keys, whose ids are no numbers, entry by entry. The tables that have indexes of
//! their own beside the events' are small enough to be left to SQLite.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::open::migrations;

/// The indexes on numbers, and on which.
const INDEXES: [(&str, &str); 3] = [
    ("events_by_subject", "subject"),
    ("events_by_kind", "kind"),
    ("events_by_target", "target"),
];

/// How many entries an index on a number has, and sums of their positions and of all of each. An
/// entry is a number below the prime 2^31 - 1, which no change of one bit of its key or its position
/// leaves as it is. Rows without the number have no entry.
fn sums(key: &str) -> String {
    format!(
        "count({key}), coalesce(sum(iif({key} IS NULL, 0, position)), 0), coalesce(sum( \
         ({key} % 2147483647 * 1103515245 + position % 2147483647 * 40503) % 2147483647), 0)"
    )
}

/// What is wrong with the file: what SQLite finds, where an index or the table of subjects says
/// other things than the events, and what else than this program's migrations made the schema.
pub(super) async fn integrity(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check")
        .fetch_all(&mut *conn)
        .await?;
    for table in ["names", "_sqlx_migrations"] {
        let check = format!("PRAGMA integrity_check({table})");
        let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(check))
            .fetch_all(&mut *conn)
            .await?;
        found.extend(lines);
    }
    found.retain(|line| line != "ok");
    found.extend(schema(conn).await?);
    // With pages or indexes that are none, nothing more can be asked.
    if found.is_empty() {
        found.extend(indexes(conn).await?);
        found.extend(developers(conn).await?);
        found.extend(orphans(conn).await?);
    }
    Ok(found)
}

/// Private content that stands beside no event.
async fn orphans(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let orphans: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM private WHERE position NOT IN (SELECT position FROM events)",
    )
    .fetch_all(conn)
    .await?;
    let each = orphans.iter();
    Ok(each
        .map(|at| format!("there is private content at position {at}, and no event"))
        .collect())
}

/// Which indexes do not have exactly the entries of the rows.
async fn indexes(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    type Sums = (i64, i64, i64);
    // The rows once for all: they take longest to go through.
    let each = INDEXES.map(|(_, key)| sums(key)).join(", ");
    let all = format!("SELECT count(*), {each} FROM events NOT INDEXED");
    let all: (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) =
        sqlx::query_as(AssertSqlSafe(all))
            .fetch_one(&mut *conn)
            .await?;
    let rows = all.0;
    let of_rows = [
        (all.1, all.2, all.3),
        (all.4, all.5, all.6),
        (all.7, all.8, all.9),
    ];
    let mut found = Vec::new();
    for ((index, key), of_rows) in INDEXES.into_iter().zip(of_rows) {
        let sums = sums(key);
        let of_index =
            format!("SELECT {sums} FROM events INDEXED BY {index} WHERE {key} IS NOT NULL");
        let of_index: Sums = sqlx::query_as(AssertSqlSafe(of_index))
            .fetch_one(&mut *conn)
            .await?;
        if of_rows != of_index {
            found.push(format!("the index `{index}` and the events differ"));
        }
    }
    let entries: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events AS entry INDEXED BY events_by_key \
         CROSS JOIN events AS event NOT INDEXED ON event.position = entry.position \
         WHERE +event.source = entry.source AND +event.id = entry.id",
    )
    .fetch_one(conn)
    .await?;
    if rows != entries {
        found.push("the index `events_by_key` and the events differ".to_owned());
    }
    Ok(found)
}

/// The subjects of which `developers` has a row that no event bears out, or lacks one.
async fn developers(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let differ: Vec<String> = sqlx::query_scalar(
        "SELECT coalesce(name.text, 'number ' || developers.subject) FROM developers \
         LEFT JOIN names AS name ON name.key = developers.subject WHERE NOT EXISTS \
            (SELECT 1 FROM events INDEXED BY events_by_subject \
             WHERE subject = developers.subject AND developer = developers.developer) \
         UNION ALL \
         SELECT name.text FROM names AS name CROSS JOIN events ON events.position = \
            (SELECT max(position) FROM events INDEXED BY events_by_subject WHERE subject = name.key) \
         WHERE events.developer IS NOT NULL AND NOT EXISTS (SELECT 1 FROM developers \
            WHERE developer = events.developer AND subject = events.subject)",
    )
    .fetch_all(conn)
    .await?;
    let wrong = "the table `developers` and the events differ in whose the subject is:";
    Ok(differ
        .iter()
        .map(|subject| format!("{wrong} `{subject}`"))
        .collect())
}

/// Where the schema is another than that of a new ledger: a trigger that is gone lets the log be
/// changed.
async fn schema(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut new = SqliteConnectOptions::new()
        .in_memory(true)
        .connect()
        .await?;
    for migration in migrations() {
        sqlx::raw_sql(migration.sql.clone())
            .execute(&mut new)
            .await?;
    }
    // Quoted, so that what is no text is told from the text of the same bytes.
    let all = "SELECT CAST(name AS TEXT), concat_ws(' ', quote(type), quote(name), \
                   quote(tbl_name), quote(sql)) FROM sqlite_schema \
               WHERE sql IS NOT NULL AND name <> '_sqlx_migrations' ORDER BY name";
    let should: Vec<(String, String)> = sqlx::query_as(all).fetch_all(&mut new).await?;
    let is: Vec<(String, String)> = sqlx::query_as(all).fetch_all(conn).await?;
    let missing = should.iter().filter(|one| !is.contains(one));
    let strange = is.iter().filter(|one| !should.contains(one));
    let missing = missing.map(|(name, _)| format!("`{name}` is not in the schema as it should be"));
    let strange = strange.map(|(name, _)| format!("`{name}` is in the schema and should not be"));
    Ok(missing.chain(strange).collect())
}
