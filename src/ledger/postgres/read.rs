//! Reading the log.
//!
//! Every function takes any connection, so that the appender asks inside its transaction what
//! readers ask outside. Keys are joined by `LATERAL` with a limit, which leaves the planner nothing
//! but to look each of them up in an index. The log only grows, so questions put one after the other
//! about positions up to a head need no common transaction.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use standing_projections::{Instant, Position};

use super::super::{Head, Key, Query, StoredEvent, StoredRow};

/// What is read of an event. The rest is in the leaf, and taking it from there costs less than
/// handing more columns over.
const COLUMNS: &str = "events.position, events.target, events.developer, events.json";

/// A row of [`COLUMNS`].
type Columns = (i64, Option<i64>, Option<String>, String);

fn event((position, target, developer, json): Columns) -> Result<StoredEvent, sqlx::Error> {
    let position = Position(position.cast_unsigned());
    let target = target.map(|target| Position(target.cast_unsigned()));
    StoredEvent::from_leaf(position, target, developer, json)
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// The head from its row.
pub(super) fn head_of((position, recordedtime): (i64, Option<i64>)) -> Result<Head, sqlx::Error> {
    let instant = |micros| {
        Instant::from_micros(micros)
            .ok_or_else(|| sqlx::Error::Decode(format!("{micros} µs is no instant").into()))
    };
    Ok(Head {
        position: Position(position.cast_unsigned()),
        recordedtime: recordedtime.map(instant).transpose()?,
    })
}

pub(super) async fn head(conn: &mut PgConnection) -> Result<Head, sqlx::Error> {
    let row = sqlx::query_as("SELECT position, recordedtime FROM head")
        .fetch_one(conn)
        .await?;
    head_of(row)
}

/// The events of these keys, in the order of the keys.
pub(super) async fn find(
    conn: &mut PgConnection,
    keys: &[Key<'_>],
) -> Result<Vec<Option<StoredEvent>>, sqlx::Error> {
    type Found = (i64, i64, Option<i64>, Option<String>, String);
    let sql = format!(
        "SELECT wanted.index, {COLUMNS} \
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(source, id, index) \
         CROSS JOIN LATERAL (SELECT * FROM events WHERE events.source = wanted.source \
             AND events.id = wanted.id LIMIT 1) AS events"
    );
    let (sources, ids) = apart(keys);
    let rows: Vec<Found> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(sources)
        .bind(ids)
        .fetch_all(conn)
        .await?;
    let mut found: Vec<Option<StoredEvent>> = vec![None; keys.len()];
    for (index, position, target, developer, json) in rows {
        if let Some(place) = place(&mut found, index) {
            *place = Some(event((position, target, developer, json))?);
        }
    }
    Ok(found)
}

/// Which of these keys are in the log.
pub(super) async fn taken(
    conn: &mut PgConnection,
    keys: &[Key<'_>],
) -> Result<Vec<bool>, sqlx::Error> {
    let (sources, ids) = apart(keys);
    let rows: Vec<i64> = sqlx::query_scalar(
        "SELECT wanted.index \
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(source, id, index) \
         CROSS JOIN LATERAL (SELECT FROM events WHERE events.source = wanted.source \
             AND events.id = wanted.id LIMIT 1) AS events",
    )
    .bind(sources)
    .bind(ids)
    .fetch_all(conn)
    .await?;
    let mut taken = vec![false; keys.len()];
    for index in rows {
        if let Some(place) = place(&mut taken, index) {
            *place = true;
        }
    }
    Ok(taken)
}

fn apart<'a>(keys: &[Key<'a>]) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.iter().map(|key| (key.source, key.id)).unzip()
}

/// The place of an ordinal, which counts from 1.
pub(super) fn place<T>(places: &mut [T], ordinal: i64) -> Option<&mut T> {
    let index = usize::try_from(ordinal).ok()?.checked_sub(1)?;
    places.get_mut(index)
}

/// The rows after a position, as they are stored.
pub(super) async fn rows(
    conn: &mut PgConnection,
    after: Position,
    limit: usize,
) -> Result<Vec<StoredRow>, sqlx::Error> {
    type RowColumns = (
        i64,
        i64,
        i64,
        String,
        String,
        Option<String>,
        Option<i64>,
        String,
        String,
        String,
        Vec<u8>,
    );
    let rows: Vec<RowColumns> = sqlx::query_as(
        "SELECT position, recordedtime, time, kind, subject, developer, target, source, id, json, \
         hash FROM events WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let row = |columns: RowColumns| StoredRow {
        position: columns.0,
        recordedtime: columns.1,
        time: columns.2,
        kind: columns.3.into(),
        subject: columns.4.into(),
        developer: columns.5.map(Into::into),
        target: columns.6,
        source: columns.7.into(),
        id: columns.8,
        json: columns.9,
        hash: columns.10,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The events at these positions.
pub(super) async fn events(
    conn: &mut PgConnection,
    positions: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT DISTINCT unnest($1::bigint[]) AS position) AS wanted \
         JOIN events USING (position) ORDER BY events.position"
    );
    listed(conn, sql, positions).await
}

/// The events whose target is one of these positions.
pub(super) async fn targeting(
    conn: &mut PgConnection,
    targets: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT DISTINCT unnest($1::bigint[]) AS target) AS wanted \
         CROSS JOIN LATERAL (SELECT * FROM events WHERE events.target = wanted.target OFFSET 0) \
             AS events \
         ORDER BY events.position"
    );
    listed(conn, sql, targets).await
}

/// What a statement finds by a list of positions.
async fn listed(
    conn: &mut PgConnection,
    sql: String,
    positions: &[Position],
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let wanted: Vec<i64> = positions
        .iter()
        .filter_map(|position| i64::try_from(position.0).ok())
        .collect();
    let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(wanted)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(event).collect()
}

/// The last position recorded before an instant; 0, where there is none. Recorded times never
/// decrease with position, so halving finds it without an index.
pub(super) async fn position_before(
    conn: &mut PgConnection,
    micros: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "WITH RECURSIVE halving(low, high) AS ( \
             SELECT 0::bigint, position FROM head \
             UNION ALL \
             SELECT CASE WHEN before THEN middle ELSE low END, \
                    CASE WHEN before THEN high ELSE middle - 1 END \
             FROM (SELECT low, high, middle, \
                          (SELECT recordedtime < $1 FROM events WHERE position = middle) AS before \
                   FROM (SELECT low, high, low + (high - low + 1) / 2 AS middle \
                         FROM halving WHERE low < high) AS halves) AS looked \
         ) SELECT low FROM halving WHERE low >= high",
    )
    .bind(micros)
    .fetch_one(conn)
    .await
}

/// How many positions are looked at in one go where an index finds the events: an index gives them
/// by key and then by position, and putting several keys in order costs as much as there is in the
/// window, however few events are wanted. Windows that yield little grow. One key's positions are in order
/// already, and are read in one go.
const WINDOW: (i64, i64) = (1 << 16, 1 << 22);

/// The events that the query asks for.
pub(super) async fn read(
    conn: &mut PgConnection,
    query: &Query,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let (mut after, up_to) = bounds(conn, query).await?;
    let statement = Statement::of(query);
    let mut window = statement.first_window;
    let kinds: Vec<&str> = query.kinds.iter().map(|kind| kind.as_str()).collect();
    let mut found: Vec<StoredEvent> = Vec::new();
    while after < up_to && found.len() < query.limit {
        let until = up_to.min(after.saturating_add(window));
        let rows: Vec<Columns> = sqlx::query_as(AssertSqlSafe(statement.sql.clone()))
            .bind(after)
            .bind(until)
            .bind(i64::try_from(query.limit - found.len()).unwrap_or(i64::MAX))
            .bind(&query.subjects)
            .bind(query.developer.as_deref())
            .bind(&kinds)
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
async fn bounds(conn: &mut PgConnection, query: &Query) -> Result<(i64, i64), sqlx::Error> {
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

/// The statement for a query: $1 and $2 are the positions, $3 the limit, then the filters.
struct Statement {
    sql: String,
    first_window: i64,
}

impl Statement {
    fn of(query: &Query) -> Self {
        // The keys to look up, and the column whose index has them.
        let (keys, column) = if query.developer.is_some() {
            let of_developer = "SELECT subject FROM developers WHERE developer = $5";
            let own = match query.subjects.is_empty() {
                true => "",
                false => " AND subject = ANY ($4)",
            };
            (Some(format!("{of_developer}{own}")), "subject")
        } else if !query.subjects.is_empty() {
            (
                Some("SELECT DISTINCT unnest($4::text[])".to_owned()),
                "subject",
            )
        } else if !query.kinds.is_empty() {
            (
                Some("SELECT DISTINCT unnest($6::text[])".to_owned()),
                "kind",
            )
        } else {
            (None, "")
        };
        let mut filter = String::from("events.position > $1 AND events.position <= $2");
        if query.developer.is_some() {
            filter += " AND events.developer = $5";
        }
        if !query.kinds.is_empty() && column != "kind" {
            filter += " AND events.kind = ANY ($6)";
        }
        if query.from.is_some() {
            filter += " AND events.time >= $7";
        }
        if query.to.is_some() {
            filter += " AND events.time < $8";
        }
        match keys {
            None => Self {
                sql: format!(
                    "SELECT {COLUMNS} FROM events WHERE {filter} ORDER BY events.position LIMIT $3"
                ),
                first_window: i64::MAX,
            },
            // The positions first, so that no more than they is carried through a sort.
            Some(keys) => Self {
                sql: format!(
                    "SELECT {COLUMNS} FROM \
                     (SELECT found.position FROM ({keys}) AS wanted(key) CROSS JOIN LATERAL \
                         (SELECT events.position FROM events \
                          WHERE events.{column} = wanted.key AND {filter} \
                          ORDER BY events.position LIMIT $3) AS found \
                      ORDER BY found.position LIMIT $3) AS page \
                     CROSS JOIN LATERAL \
                         (SELECT * FROM events WHERE events.position = page.position LIMIT 1) \
                         AS events \
                     ORDER BY page.position"
                ),
                first_window: if query.by_one_key() {
                    i64::MAX
                } else {
                    WINDOW.0
                },
            },
        }
    }
}
