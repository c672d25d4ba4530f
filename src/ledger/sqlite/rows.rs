//! Whole rows, fast, for those who check them all.
//!
//! Handing each column of each row over by itself costs several times what reading it does, so the
//! database writes many rows into one text: numbers with commas after them, the lengths of the texts
//! among them, then the texts. What cannot be read back as that is damage.

use sqlx::sqlite::SqliteConnection;
use standing_projections::Position;

use super::super::StoredRow;
use super::super::tree::Hash;

/// How many rows one text holds: of events that are as long as may be, 64 MiB.
const ROWS: usize = 1_024;

/// The rows after a position as one text.
const STATEMENT: &str = "SELECT CAST(group_concat(concat( \
        position, ',', recordedtime, ',', time, ',', target, ',', \
        octet_length(kind.text), ',', octet_length(subject.text), ',', \
        octet_length(developer.text), ',', octet_length(source.text), ',', \
        octet_length(id), ',', octet_length(json), ',', \
        octet_length(hash) * 2, ',', \
        kind.text, subject.text, developer.text, source.text, id, json, hex(hash)), '') AS BLOB) \
    FROM (SELECT * FROM events WHERE position > ?1 ORDER BY position LIMIT ?2) AS event \
    LEFT JOIN names AS kind ON kind.key = event.kind \
    LEFT JOIN names AS subject ON subject.key = event.subject \
    LEFT JOIN names AS developer ON developer.key = event.developer \
    LEFT JOIN names AS source ON source.key = event.source";

/// The rows after a position, as they are stored.
pub(super) async fn rows(
    conn: &mut SqliteConnection,
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
        let had = rows.len();
        let mut text = Text(text.as_deref().unwrap_or_default());
        while !text.0.is_empty() {
            let row = text.row().ok_or_else(|| {
                let detail = "a row of the log is none, or not text where it should be";
                sqlx::Error::Decode(detail.into())
            })?;
            rows.push(row);
        }
        if rows.len() - had < wanted {
            break;
        }
        after = rows.last().map_or(after, |row| row.position);
    }
    // They come in order, which only a habit of the database promises.
    if !rows.is_sorted_by_key(|row| row.position) {
        rows.sort_by_key(|row| row.position);
    }
    Ok(rows)
}

/// What is left of a text of rows.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn row(&mut self) -> Option<StoredRow> {
        let (position, recordedtime, time) = (self.number()??, self.number()??, self.number()??);
        let target = self.number()?;
        let kind = self.length()?;
        let subject = self.length()?;
        let developer = self.length()?;
        let source = self.length()?;
        let id = self.length()??;
        let json = self.length()??;
        let hash = self.length()??;
        // A name that is missing is an empty text.
        Some(StoredRow {
            position,
            recordedtime,
            time,
            target,
            kind: self.text(kind.unwrap_or_default())?,
            subject: self.text(subject.unwrap_or_default())?,
            developer: match developer {
                Some(length) => Some(self.text(length)?),
                None => None,
            },
            source: self.text(source.unwrap_or_default())?,
            id: self.text(id)?,
            json: self.text(json)?,
            hash: bytes(self.take(hash)?)?,
        })
    }

    /// The number before the next comma; none within, where there is nothing before it.
    fn number(&mut self) -> Option<Option<i64>> {
        let comma = self.0.iter().take(24).position(|byte| *byte == b',')?;
        let (digits, rest) = self.0.split_at(comma);
        self.0 = &rest[1..];
        let digits = std::str::from_utf8(digits).ok()?;
        match digits {
            "" => Some(None),
            digits => digits.parse().ok().map(Some),
        }
    }

    fn length(&mut self) -> Option<Option<usize>> {
        match self.number()? {
            None => Some(None),
            Some(length) => usize::try_from(length).ok().map(Some),
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        Some(text.to_owned())
    }
}

/// The bytes of hexadecimal digits.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    if let Some(hash) = Hash::from_hex(digits) {
        return Some(hash.0.to_vec());
    }
    let pairs = digits.chunks_exact(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}
