//! Reading the log.
//!
//! Every function takes any connection, so that the appender asks inside its transaction what
//! readers ask outside. Lists of values come in as one JSON text (`json_each`), so that the
//! statements stay few and prepared. The log only grows, so questions put one after the other about
//! positions up to a head need no common transaction.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, FromRow};
use standing_projections::{Instant, Position};

use super::super::tree::{Hash, TILE_WIDTH, Tiles};
use super::super::{Head, Key, Query, StoredEvent};
use super::names::json_list;

/// What is read of an event. The rest is in the leaf, and taking it from there costs less than
/// handing more columns over.
const COLUMNS: &str = "events.position AS position, events.target AS target, \
     developer.text AS developer, events.json AS json";
const DEVELOPER: &str = "LEFT JOIN names AS developer ON developer.key = events.developer";

/// A row of [`COLUMNS`].
type Columns = (i64, Option<i64>, Option<String>, String);

fn event((position, target, developer, json): Columns) -> Result<StoredEvent, sqlx::Error> {
    let position = Position(position.cast_unsigned());
    let target = target.map(|target| Position(target.cast_unsigned()));
    StoredEvent::from_leaf(position, target, developer, json)
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

fn instant(micros: i64) -> Result<Instant, sqlx::Error> {
    Instant::from_micros(micros)
        .ok_or_else(|| sqlx::Error::Decode(format!("{micros} µs is no instant").into()))
}

pub(super) async fn head(conn: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let last =
        sqlx::query_as("SELECT position, recordedtime FROM events ORDER BY position DESC LIMIT 1")
            .fetch_optional(conn)
            .await?;
    head_of(last)
}

/// Begins a transaction that may write from the start, and reads the head in it. Each question is a
/// way to the connection's thread and back, so these two go together.
pub(super) async fn begin(conn: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let last = sqlx::raw_sql(
        "BEGIN IMMEDIATE; \
         SELECT position, recordedtime FROM events ORDER BY position DESC LIMIT 1",
    )
    .fetch_optional(conn)
    .await?;
    head_of(last.as_ref().map(FromRow::from_row).transpose()?)
}

fn head_of(last: Option<(i64, i64)>) -> Result<Head, sqlx::Error> {
    Ok(match last {
        None => Head::default(),
        Some((position, recordedtime)) => Head {
            position: Position(position.cast_unsigned()),
            recordedtime: Some(instant(recordedtime)?),
        },
    })
}

/// The events of these keys, in the order of the keys.
pub(super) async fn find(
    conn: &mut SqliteConnection,
    keys: &[Key<'_>],
) -> Result<Vec<Option<StoredEvent>>, sqlx::Error> {
    let wanted: serde_json::Value = keys
        .iter()
        .map(|key| [key.source, key.id].to_vec())
        .collect();
    type Found = (i64, i64, Option<i64>, Option<String>, String);
    let rows: Vec<Found> = sqlx::query_as(AssertSqlSafe(find_statement()))
        .bind(wanted.to_string())
        .fetch_all(conn)
        .await?;
    let mut found: Vec<Option<StoredEvent>> = vec![None; keys.len()];
    for (index, position, target, developer, json) in rows {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(place) = found.get_mut(index) {
            *place = Some(event((position, target, developer, json))?);
        }
    }
    Ok(found)
}

fn find_statement() -> String {
    format!(
        "SELECT wanted.key, {COLUMNS} FROM json_each(?1) AS wanted \
         CROSS JOIN names AS source ON source.text = wanted.value ->> 0 \
         CROSS JOIN events ON events.source = source.key AND events.id = wanted.value ->> 1 \
         {DEVELOPER}"
    )
}

/// Entries of levels of the tree, each a level, a first entry and how many: the runs that are
/// wanted, in their order. One row for each run, and one question for all: handing over each hash by
/// itself costs more than finding it.
const HASHES: &str = "SELECT wanted.key, CASE wanted.value ->> 0 \
    WHEN 0 THEN (SELECT group_concat(hex(hash), '') FROM \
        (SELECT hash FROM events WHERE position > wanted.value ->> 1 \
         AND position <= (wanted.value ->> 1) + (wanted.value ->> 2) ORDER BY position)) \
    ELSE (SELECT group_concat(hex(hash), '') FROM \
        (SELECT hash FROM tree WHERE level = wanted.value ->> 0 AND number >= wanted.value ->> 1 \
         AND number < (wanted.value ->> 1) + (wanted.value ->> 2) ORDER BY number)) END \
    FROM json_each(?1) AS wanted";

async fn runs(
    conn: &mut SqliteConnection,
    wanted: &[(u8, u64, u64)],
) -> Result<Vec<Vec<Hash>>, sqlx::Error> {
    let asked = wanted.iter().map(|(level, from, count)| {
        // No log is longer than its positions can say.
        let bounded = |n: u64| n.min(1 << 60);
        [u64::from(*level), bounded(*from), bounded(*count)]
    });
    let asked: Vec<[u64; 3]> = asked.collect();
    let rows: Vec<(i64, Option<String>)> = sqlx::query_as(HASHES)
        .bind(serde_json::json!(asked).to_string())
        .fetch_all(conn)
        .await?;
    let mut found = vec![Vec::new(); wanted.len()];
    for (index, text) in rows {
        let hashes = text.as_deref().unwrap_or_default().as_bytes().chunks(64);
        let hashes: Option<Vec<Hash>> = hashes.map(Hash::from_hex).collect();
        let hashes =
            hashes.ok_or_else(|| sqlx::Error::Decode("a hash of the tree is none".into()))?;
        if let Some(place) = usize::try_from(index).ok().and_then(|at| found.get_mut(at)) {
            *place = hashes;
        }
    }
    Ok(found)
}

/// Entries of a level of the tree.
pub(super) async fn hashes(
    conn: &mut SqliteConnection,
    level: u8,
    from: u64,
    count: u64,
) -> Result<Vec<Hash>, sqlx::Error> {
    let found = runs(conn, &[(level, from, count)]).await?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// The tiles that proofs about these leaves need.
pub(super) async fn tiles(
    conn: &mut SqliteConnection,
    size: u64,
    leaves: &[u64],
) -> Result<Tiles, sqlx::Error> {
    let ids = Tiles::needed(size, leaves);
    let wanted = ids
        .iter()
        .map(|id| (id.level, id.number * TILE_WIDTH, id.width(size)));
    let found = runs(conn, &wanted.collect::<Vec<_>>()).await?;
    let mut tiles = Tiles::new(size);
    for (id, hashes) in ids.into_iter().zip(found) {
        tiles.insert(id, hashes);
    }
    Ok(tiles)
}

/// The events at these positions.
pub(super) async fn events(
    conn: &mut SqliteConnection,
    positions: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events {DEVELOPER} \
         WHERE events.position IN (SELECT value FROM json_each(?1)) ORDER BY events.position"
    );
    listed(conn, sql, positions).await
}

/// The events whose target is one of these positions.
pub(super) async fn targeting(
    conn: &mut SqliteConnection,
    targets: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events INDEXED BY events_by_target {DEVELOPER} \
         WHERE events.target IN (SELECT value FROM json_each(?1)) ORDER BY events.position"
    );
    listed(conn, sql, targets).await
}

/// What a statement finds by a list of positions.
async fn listed(
    conn: &mut SqliteConnection,
    sql: String,
    positions: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let wanted: serde_json::Value = positions.iter().map(|position| position.0).collect();
    let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(wanted.to_string())
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(event).collect()
}

/// The last position recorded before an instant; 0, where there is none. Recorded times never
/// decrease with position, so halving finds it without an index.
pub(super) async fn position_before(
    conn: &mut SqliteConnection,
    micros: i64,
) -> Result<i64, sqlx::Error> {
    let head = head(conn).await?;
    let mut high = head.position.0.cast_signed();
    if head.recordedtime.is_none_or(|at| at.micros() < micros) {
        return Ok(high);
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let recordedtime: i64 =
            sqlx::query_scalar("SELECT recordedtime FROM events WHERE position = ?1")
                .bind(middle)
                .fetch_one(&mut *conn)
                .await?;
        if recordedtime < micros {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// How many positions are looked at in one go where an index finds the events: an index gives them
/// by key and then by position, and putting several keys in order costs as much as there is in the
/// window, however few events are wanted. Windows that yield little grow. One key's positions are in order
/// already, and are read in one go.
const WINDOW: (i64, i64) = (1 << 16, 1 << 22);

/// How many events are handed over at once, as one text: each row by itself is a way from the connection's
/// thread and back.
const AT_ONCE: usize = 1_000;

/// The events that the query asks for.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    query: &Query,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let (mut after, up_to) = bounds(conn, query).await?;
    let statement = Statement::of(query);
    let mut window = statement.first_window;
    let mut found: Vec<StoredEvent> = Vec::new();
    while after < up_to && found.len() < query.limit {
        let until = up_to.min(after.saturating_add(window));
        let wanted = AT_ONCE.min(query.limit - found.len());
        let rows: String = sqlx::query_scalar(AssertSqlSafe(statement.sql.clone()))
            .bind(after)
            .bind(until)
            .bind(i64::try_from(wanted).unwrap_or(i64::MAX))
            .bind(json_list(&query.subjects))
            .bind(query.developer.as_deref())
            .bind(json_list(query.kinds.iter().map(|kind| kind.as_str())))
            .bind(query.from.map(Instant::micros))
            .bind(query.to.map(Instant::micros))
            .fetch_one(&mut *conn)
            .await?;
        let rows: Vec<Columns> =
            serde_json::from_str(&rows).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let last = rows.last().map(|(position, ..)| *position);
        let all = rows.len() < wanted;
        found.reserve(rows.len());
        for row in rows {
            found.push(event(row)?);
        }
        match last {
            Some(last) if !all => after = last,
            _ => {
                after = until;
                window = window
                    .saturating_mul(4)
                    .min(WINDOW.1.max(statement.first_window));
            }
        }
    }
    Ok(found)
}

/// The positions that can come into question: after the first, up to the second.
async fn bounds(conn: &mut SqliteConnection, query: &Query) -> Result<(i64, i64), sqlx::Error> {
    let mut after = query.after.0.min(i64::MAX.cast_unsigned()).cast_signed();
    let mut up_to = query.up_to.map_or(i64::MAX, |position| {
        i64::try_from(position.0).unwrap_or(i64::MAX)
    });
    // Windows are to end with the log.
    if !query.by_one_key() {
        up_to = up_to.min(head(conn).await?.position.0.cast_signed());
    }
    if let Some(at) = query.recorded_from {
        after = after.max(position_before(conn, at.micros()).await?);
    }
    if let Some(at) = query.recorded_to {
        up_to = up_to.min(position_before(conn, at.micros()).await?);
    }
    Ok((after, up_to))
}

/// The statement for a query: ?1 and ?2 are the positions, ?3 the limit, then the filters.
struct Statement {
    sql: String,
    first_window: i64,
}

impl Statement {
    fn of(query: &Query) -> Self {
        let index = if !query.subjects.is_empty() || query.developer.is_some() {
            Some("events_by_subject")
        } else if !query.kinds.is_empty() {
            Some("events_by_kind")
        } else {
            None
        };
        let mut filter = String::from("events.position > ?1 AND events.position <= ?2");
        let keys_of = |list: &str, count: usize| match count {
            1 => format!("= (SELECT key FROM names WHERE text = {list} ->> 0)"),
            _ => format!(
                "IN (SELECT key FROM names WHERE text IN (SELECT value FROM json_each({list})))"
            ),
        };
        if !query.subjects.is_empty() {
            filter += &format!(
                " AND events.subject {}",
                keys_of("?4", query.subjects.len())
            );
        }
        if query.developer.is_some() {
            let key = "(SELECT key FROM names WHERE text = ?5)";
            filter += &format!(
                " AND events.developer = {key} AND events.subject IN \
                 (SELECT subject FROM developers WHERE developer = {key})"
            );
        }
        if !query.kinds.is_empty() {
            filter += &format!(" AND events.kind {}", keys_of("?6", query.kinds.len()));
        }
        if query.from.is_some() {
            filter += " AND events.time >= ?7";
        }
        if query.to.is_some() {
            filter += " AND events.time < ?8";
        }
        let by_index = index.map_or_else(String::new, |index| format!("INDEXED BY {index} "));
        let (events, first_window) = match index {
            // The positions first, so that no more than they is carried through a sort.
            Some(index) if !query.by_one_key() => (
                format!(
                    "SELECT {COLUMNS} FROM \
                     (SELECT position FROM events INDEXED BY {index} WHERE {filter} \
                      ORDER BY position LIMIT ?3) AS found \
                     CROSS JOIN events ON events.position = found.position {DEVELOPER} \
                     ORDER BY events.position LIMIT ?3"
                ),
                WINDOW.0,
            ),
            _ => (
                format!(
                    "SELECT {COLUMNS} FROM events {by_index}{DEVELOPER} WHERE {filter} \
                     ORDER BY events.position LIMIT ?3"
                ),
                i64::MAX,
            ),
        };
        let rows = "json_group_array(json_array(position, target, developer, json))";
        Self {
            sql: format!("SELECT {rows} FROM ({events})"),
            first_window,
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use standing_projections::event::Kind;

    use super::*;

    /// How SQLite would go about a statement.
    async fn plan(conn: &mut SqliteConnection, sql: &str) -> String {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql).fetch_all(conn).await.unwrap();
        let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
        steps.join("\n")
    }

    async fn empty_log() -> SqliteConnection {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let migration = include_str!("../../../migrations/sqlite/0002_log.sql");
        sqlx::raw_sql(migration).execute(&mut conn).await.unwrap();
        conn
    }

    #[tokio::test]
    async fn no_question_looks_through_the_whole_log() {
        let mut conn = empty_log().await;
        let found = plan(&mut conn, &find_statement()).await;
        assert!(
            found.contains("SEARCH events USING INDEX events_by_key (source=? AND id=?)"),
            "{found}"
        );
        let hashes = plan(&mut conn, HASHES).await;
        assert!(
            hashes.contains("SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)")
                && hashes
                    .contains("SEARCH tree USING PRIMARY KEY (level=? AND number>? AND number<?)"),
            "{hashes}"
        );
        let all = plan(&mut conn, &Statement::of(&Query::default()).sql).await;
        assert!(
            all.contains("SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
            "{all}"
        );
        for (query, step) in [
            (
                Query {
                    subjects: vec!["a1".into()],
                    ..Query::default()
                },
                "INDEX events_by_subject (subject=? AND rowid>? AND rowid<?)",
            ),
            (
                Query {
                    developer: Some("d1".into()),
                    kinds: vec![Kind::EventRetracted],
                    ..Query::default()
                },
                "INDEX events_by_subject (subject=? AND rowid>? AND rowid<?)",
            ),
            (
                Query {
                    kinds: vec![Kind::EventRetracted],
                    ..Query::default()
                },
                "INDEX events_by_kind (kind=? AND rowid>? AND rowid<?)",
            ),
        ] {
            let plan = plan(&mut conn, &Statement::of(&query).sql).await;
            assert!(
                plan.contains(step) && !plan.contains("SCAN events"),
                "{plan}"
            );
            assert_eq!(query.by_one_key(), !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
    #[tokio::test]
    async fn rare_events_are_found_past_many_windows() {
        let mut conn = empty_log().await;
        // One event in 25,000 is a retraction, among 200,000 complaints: windows without any, with
        // some, and one that ends the page.
        let events = "INSERT INTO names (key, text) VALUES (1, 'complaint.received'), (2, 'event.retracted'), (3, 'a1');
            WITH RECURSIVE n(p) AS (SELECT 1 UNION ALL SELECT p + 1 FROM n WHERE p < 200000)
            INSERT INTO events SELECT p, 0, 0, iif(p % 25000 = 7, 2, 1), 3, NULL, NULL, 3, p,
                '{\"id\":\"1\",\"source\":\"s\",\"type\":\"event.retracted\",\"subject\":\"a1\",\"time\":\"2015-01-01T00:00:00Z\",\"recordedtime\":\"1970-01-01T00:00:00Z\"}', x'00'
            FROM n;";
        sqlx::raw_sql(events).execute(&mut conn).await.unwrap();
        let mut query = Query {
            after: Position(7),
            kinds: vec![Kind::EventRetracted],
            limit: 3,
            ..Query::default()
        };
        for expected in [
            vec![25_007, 50_007, 75_007],
            vec![100_007, 125_007, 150_007],
            vec![175_007],
            vec![],
        ] {
            let page = read(&mut conn, &query).await.unwrap();
            let positions: Vec<u64> = page.iter().map(|event| event.position.0).collect();
            assert_eq!(positions, expected);
            query.after = page.last().map_or(query.after, |event| event.position);
        }
    }
}
