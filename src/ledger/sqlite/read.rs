//! Reading the log.
//!
//! Every function takes any connection, so that the appender asks inside its transaction what
//! readers ask outside. Lists of values come in as one JSON text (`json_each`), so that the
//! statements stay few and prepared. The log only grows, so questions put one after the other about
//! positions up to a head need no common transaction.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use standing_projections::{Instant, Position};

use super::super::{Head, Key, Query, StoredEvent};
use super::names::json_list;

const COLUMNS: &str = "events.position, events.recordedtime, events.time, kind.text, source.text, \
     events.id, subject.text, developer.text, events.target, events.json";
/// The names of the events' keys. `CROSS` keeps the order of the loops: events first.
const NAMES: &str = "CROSS JOIN names AS kind ON kind.key = events.kind \
     CROSS JOIN names AS source ON source.key = events.source \
     CROSS JOIN names AS subject ON subject.key = events.subject \
     LEFT JOIN names AS developer ON developer.key = events.developer";

/// A row of [`COLUMNS`].
type Columns = (
    i64,
    i64,
    i64,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<i64>,
    String,
);

fn event(columns: Columns) -> Result<StoredEvent, sqlx::Error> {
    let (position, recordedtime, time, kind, source, id, subject, developer, target, json) =
        columns;
    Ok(StoredEvent {
        position: Position(position.cast_unsigned()),
        recordedtime: instant(recordedtime)?,
        time: instant(time)?,
        kind: kind
            .parse()
            .map_err(|error: String| sqlx::Error::Decode(error.into()))?,
        source,
        id,
        subject,
        developer,
        target: target.map(|target| Position(target.cast_unsigned())),
        json,
    })
}

fn instant(micros: i64) -> Result<Instant, sqlx::Error> {
    Instant::from_micros(micros)
        .ok_or_else(|| sqlx::Error::Decode(format!("{micros} µs is no instant").into()))
}

pub(super) async fn head(conn: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let last: Option<(i64, i64)> =
        sqlx::query_as("SELECT position, recordedtime FROM events ORDER BY position DESC LIMIT 1")
            .fetch_optional(conn)
            .await?;
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
    let mut found: Vec<Option<StoredEvent>> = vec![None; keys.len()];
    if keys.is_empty() {
        return Ok(found);
    }
    let wanted: serde_json::Value = keys
        .iter()
        .map(|key| [key.source, key.id].to_vec())
        .collect();
    // First which keys are there at all, which for a feed of new events is few or none.
    let positions: Vec<(i64, i64)> = sqlx::query_as(FIND)
        .bind(wanted.to_string())
        .fetch_all(&mut *conn)
        .await?;
    if positions.is_empty() {
        return Ok(found);
    }
    let at: Vec<i64> = positions.iter().map(|(_, position)| *position).collect();
    let mut events: HashMap<i64, StoredEvent> = HashMap::with_capacity(at.len());
    for event in at_positions(conn, &at).await? {
        events.insert(event.position.0.cast_signed(), event);
    }
    for (index, position) in positions {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(place) = found.get_mut(index) {
            *place = events.get(&position).cloned();
        }
    }
    Ok(found)
}

const FIND: &str = "SELECT wanted.key, events.position FROM json_each(?1) AS wanted \
     CROSS JOIN names AS source ON source.text = wanted.value ->> 0 \
     CROSS JOIN events ON events.source = source.key AND events.id = wanted.value ->> 1";

async fn at_positions(
    conn: &mut SqliteConnection,
    positions: &[i64],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM json_each(?1) AS wanted \
         CROSS JOIN events ON events.position = wanted.value {NAMES}"
    );
    let wanted: serde_json::Value = positions.iter().copied().collect();
    let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(wanted.to_string())
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(event).collect()
}

/// The events whose target is one of these positions.
pub(super) async fn targeting(
    conn: &mut SqliteConnection,
    targets: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events INDEXED BY events_by_target {NAMES} \
         WHERE events.target IN (SELECT value FROM json_each(?1)) ORDER BY events.position"
    );
    let wanted: serde_json::Value = targets.iter().map(|target| target.0).collect();
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
/// window, however few events are wanted. Windows that yield little grow.
const WINDOW: (i64, i64) = (1 << 16, 1 << 22);

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
        let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(statement.sql.clone()))
            .bind(after)
            .bind(until)
            .bind(i64::try_from(query.limit - found.len()).unwrap_or(i64::MAX))
            .bind(json_list(&query.subjects))
            .bind(query.developer.as_deref())
            .bind(json_list(
                &query
                    .kinds
                    .iter()
                    .map(|kind| kind.as_str())
                    .collect::<Vec<_>>(),
            ))
            .bind(query.from.map(Instant::micros))
            .bind(query.to.map(Instant::micros))
            .fetch_all(&mut *conn)
            .await?;
        found.reserve(rows.len());
        for row in rows {
            found.push(event(row)?);
        }
        after = until;
        window = window
            .saturating_mul(4)
            .min(WINDOW.1.max(statement.first_window));
    }
    Ok(found)
}

/// The positions that can come into question: after the first, up to the second.
async fn bounds(conn: &mut SqliteConnection, query: &Query) -> Result<(i64, i64), sqlx::Error> {
    let mut after = query.after.0.min(i64::MAX.cast_unsigned()).cast_signed();
    let mut up_to = head(conn).await?.position.0.cast_signed();
    if let Some(position) = query.up_to {
        up_to = up_to.min(i64::try_from(position.0).unwrap_or(i64::MAX));
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
        let of_names = "(SELECT names.key FROM json_each";
        if !query.subjects.is_empty() {
            filter +=
                &format!(" AND events.subject IN {of_names}(?4) CROSS JOIN names ON text = value)");
        }
        if query.developer.is_some() {
            let key = "(SELECT key FROM names WHERE text = ?5)";
            filter += &format!(
                " AND events.developer = {key} AND events.subject IN \
                 (SELECT subject FROM developers WHERE developer = {key})"
            );
        }
        if !query.kinds.is_empty() {
            filter +=
                &format!(" AND events.kind IN {of_names}(?6) CROSS JOIN names ON text = value)");
        }
        if query.from.is_some() {
            filter += " AND events.time >= ?7";
        }
        if query.to.is_some() {
            filter += " AND events.time < ?8";
        }
        match index {
            None => Self {
                sql: format!(
                    "SELECT {COLUMNS} FROM events {NAMES} WHERE {filter} \
                     ORDER BY events.position LIMIT ?3"
                ),
                first_window: i64::MAX,
            },
            // The positions first, so that only the rows that are wanted are carried through a sort.
            Some(index) => Self {
                sql: format!(
                    "SELECT {COLUMNS} FROM \
                     (SELECT position FROM events INDEXED BY {index} WHERE {filter} \
                      ORDER BY position LIMIT ?3) AS found \
                     CROSS JOIN events ON events.position = found.position {NAMES} \
                     ORDER BY events.position"
                ),
                first_window: WINDOW.0,
            },
        }
    }
}
