//! Whole rows, fast, for those who check them all.
//!
//! Handing each column of each row over by itself costs several times what reading it does, so the
//! database writes many rows into one text: numbers with commas after them, the lengths of what
//! follows among them, then the texts and the hash. Names stand in it as their numbers; each is
//! looked up once. What cannot be read back as that is damage.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;
use standing_projections::Position;
use tokio::sync::Mutex;

use super::super::StoredRow;

/// How many rows one text holds: of events that are as long as may be, 64 MiB.
const ROWS: usize = 1_024;

/// Names up to that number are remembered; they are given from 1 on.
const NUMBER_MAX: i64 = 1 << 20;

/// The rows after a position as one text. A hash that is cast to text stays the bytes that it is.
const STATEMENT: &str = "SELECT CAST(group_concat(concat( \
        position, ',', recordedtime, ',', time, ',', kind, ',', subject, ',', developer, ',', \
        target, ',', source, ',', octet_length(id), ',', octet_length(json), ',', \
        octet_length(hash), ',', id, json, CAST(hash AS TEXT)), '') AS BLOB) \
    FROM (SELECT * FROM events WHERE position > ?1 ORDER BY position LIMIT ?2)";

/// The names that rows were found to have.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By number, as far as they are remembered.
    near: Vec<Option<Arc<str>>>,
    /// Others, of the rows that are read now.
    far: HashMap<i64, Arc<str>>,
}

impl Known {
    fn get(&self, number: i64) -> Option<&Arc<str>> {
        let near = usize::try_from(number)
            .ok()
            .and_then(|at| self.near.get(at));
        match near {
            Some(known) => known.as_ref(),
            None => self.far.get(&number),
        }
    }

    fn insert(&mut self, number: i64, text: Arc<str>) {
        match usize::try_from(number) {
            Ok(at) if number < NUMBER_MAX => {
                if self.near.len() <= at {
                    self.near.resize(at + 1, None);
                }
                self.near[at] = Some(text);
            }
            _ => {
                self.far.insert(number, text);
            }
        }
    }
}

/// The rows after a position, as they are stored.
pub(super) async fn rows(
    conn: &mut SqliteConnection,
    names: &Names,
    after: Position,
    limit: usize,
) -> Result<Vec<StoredRow>, sqlx::Error> {
    let mut rows: Vec<StoredRow> = Vec::new();
    let mut after = after.0.cast_signed();
    while rows.len() < limit {
        let wanted = ROWS.min(limit - rows.len());
        let text: Option<Vec<u8>> = sqlx::query_scalar(STATEMENT)
            .bind(after)
            .bind(i64::try_from(wanted).unwrap_or(i64::MAX))
            .fetch_one(&mut *conn)
            .await?;
        let mut numbered = parse(text.as_deref().unwrap_or_default())
            .ok_or_else(|| sqlx::Error::Decode("a row of the log is none".into()))?;
        // They come in order, which only a habit of the database promises.
        if !numbered.is_sorted_by_key(|row| row.position) {
            numbered.sort_by_key(|row| row.position);
        }
        let read = numbered.len();
        after = numbered.last().map_or(after, |row| row.position);
        rows.extend(named(conn, names, numbered).await?);
        if read < wanted {
            break;
        }
    }
    Ok(rows)
}

/// A row whose names are numbers.
struct Numbered {
    position: i64,
    recordedtime: i64,
    time: i64,
    kind: i64,
    subject: i64,
    developer: Option<i64>,
    target: Option<i64>,
    source: i64,
    id: String,
    json: String,
    hash: Vec<u8>,
}

/// The rows with their names. A name that is missing is an empty text.
async fn named(
    conn: &mut SqliteConnection,
    names: &Names,
    rows: Vec<Numbered>,
) -> Result<Vec<StoredRow>, sqlx::Error> {
    let keys = |row: &Numbered| {
        let always = [row.kind, row.subject, row.source];
        always.into_iter().chain(row.developer)
    };
    let mut known = names.0.lock().await;
    known.far.clear();
    let all = rows.iter().flat_map(keys);
    let missing: HashSet<i64> = all.filter(|key| known.get(*key).is_none()).collect();
    if !missing.is_empty() {
        let wanted: serde_json::Value = missing.into_iter().collect();
        let found: Vec<(i64, String)> = sqlx::query_as(
            "SELECT key, text FROM names WHERE key IN (SELECT value FROM json_each(?1))",
        )
        .bind(wanted.to_string())
        .fetch_all(conn)
        .await?;
        for (number, text) in found {
            known.insert(number, text.into());
        }
    }
    let nothing: Arc<str> = "".into();
    let name = |key: i64| known.get(key).unwrap_or(&nothing).clone();
    let named = rows.into_iter().map(|row| StoredRow {
        position: row.position,
        recordedtime: row.recordedtime,
        time: row.time,
        kind: name(row.kind),
        subject: name(row.subject),
        developer: row.developer.map(name),
        target: row.target,
        source: name(row.source),
        id: row.id,
        json: row.json,
        hash: row.hash,
    });
    Ok(named.collect())
}

/// The rows of a text; none, where it is not one of rows.
fn parse(text: &[u8]) -> Option<Vec<Numbered>> {
    let mut text = Text(text);
    let mut rows = Vec::new();
    while !text.0.is_empty() {
        rows.push(text.row()?);
    }
    Some(rows)
}

/// What is left of a text of rows.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn row(&mut self) -> Option<Numbered> {
        let (position, recordedtime, time) = (self.number()??, self.number()??, self.number()??);
        let (kind, subject) = (self.number()??, self.number()??);
        let (developer, target) = (self.number()?, self.number()?);
        let source = self.number()??;
        let (id, json, hash) = (self.number()??, self.number()??, self.number()??);
        Some(Numbered {
            position,
            recordedtime,
            time,
            kind,
            subject,
            developer,
            target,
            source,
            id: self.text(id)?,
            json: self.text(json)?,
            hash: self.take(hash)?.to_vec(),
        })
    }

    /// The number before the next comma; none within, where there is nothing before it.
    fn number(&mut self) -> Option<Option<i64>> {
        let comma = self.0.iter().take(24).position(|byte| *byte == b',')?;
        let (digits, rest) = self.0.split_at(comma);
        self.0 = &rest[1..];
        if digits.is_empty() {
            return Some(None);
        }
        let digits = std::str::from_utf8(digits).ok()?;
        digits.parse().ok().map(Some)
    }

    fn take(&mut self, length: i64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self, length: i64) -> Option<String> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        Some(text.to_owned())
    }
}
