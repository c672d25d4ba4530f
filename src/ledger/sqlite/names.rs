//! The names of the log (types, subjects, developers, sources) and the integers that stand for them.
//!
//! A name, once committed, keeps its integer for ever, so the writing connection remembers those it
//! has met. What was learnt in a transaction that is rolled back must be forgotten with it.

use std::collections::{HashMap, HashSet};

use sqlx::sqlite::SqliteConnection;

use super::super::row::Row;

/// How many names are remembered before they are all forgotten and learnt anew.
const REMEMBERED_MAX: usize = 100_000;

/// The names that a writing connection has met.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    key: i64,
    /// The developers that the log knows this name as a subject of (rows of `developers`): one.
    developers: Vec<i64>,
}

/// The integers of an event's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) kind: i64,
    pub(super) subject: i64,
    pub(super) developer: Option<i64>,
    pub(super) source: i64,
}

impl Names {
    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The integers of the rows' names. Names that are new are added to the log.
    pub(super) async fn keys(
        &mut self,
        conn: &mut SqliteConnection,
        rows: &[&Row],
    ) -> Result<Vec<Keys>, sqlx::Error> {
        if let Some(keys) = self.known_keys(rows.iter().copied()) {
            return Ok(keys);
        }
        if self.known.len() > REMEMBERED_MAX {
            self.forget();
        }
        self.learn_names(conn, rows).await?;
        self.learn_developers(conn, rows).await?;
        self.known_keys(rows.iter().copied())
            .ok_or(sqlx::Error::RowNotFound)
    }

    /// The integers of the rows' names, if all are known.
    pub(super) fn known_keys<'a>(&self, rows: impl Iterator<Item = &'a Row>) -> Option<Vec<Keys>> {
        let mut all: Vec<Keys> = Vec::with_capacity(rows.size_hint().0);
        let mut before: Option<(&Row, Keys)> = None;
        for row in rows {
            // Neighbours are mostly of one type and from one source.
            let kind = match before {
                Some((before, keys)) if before.kind == row.kind => keys.kind,
                _ => self.known.get(row.kind.as_str())?.key,
            };
            let source = match before {
                Some((before, keys)) if before.source == row.source => keys.source,
                _ => self.known.get(&row.source)?.key,
            };
            let subject = self.known.get(&row.subject)?;
            let developer = match &row.developer {
                None => None,
                Some(developer) => {
                    let key = self.known.get(developer)?.key;
                    Some(*subject.developers.iter().find(|known| **known == key)?)
                }
            };
            let keys = Keys {
                kind,
                subject: subject.key,
                developer,
                source,
            };
            all.push(keys);
            before = Some((row, keys));
        }
        Some(all)
    }

    async fn learn_names(
        &mut self,
        conn: &mut SqliteConnection,
        rows: &[&Row],
    ) -> Result<(), sqlx::Error> {
        let mut unknown: HashSet<&str> = HashSet::new();
        for row in rows {
            unknown.extend([row.kind.as_str(), &row.subject, &row.source]);
            unknown.extend(row.developer.as_deref());
        }
        unknown.retain(|text| !self.known.contains_key(*text));
        // Most are new to the log, where they are new here.
        let made: Vec<(String, i64)> = sqlx::query_as(
            "INSERT INTO names (text) SELECT value FROM json_each(?1) \
             WHERE NOT EXISTS (SELECT 1 FROM names WHERE text = value) RETURNING text, key",
        )
        .bind(json_list(&unknown))
        .fetch_all(&mut *conn)
        .await?;
        self.remember(made);

        unknown.retain(|text| !self.known.contains_key(*text));
        if unknown.is_empty() {
            return Ok(());
        }
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT text, names.key FROM json_each(?1) AS wanted \
             CROSS JOIN names ON text = wanted.value",
        )
        .bind(json_list(&unknown))
        .fetch_all(conn)
        .await?;
        self.remember(found);
        Ok(())
    }

    fn remember(&mut self, names: Vec<(String, i64)>) {
        self.known.extend(names.into_iter().map(|(text, key)| {
            let developers = Vec::new();
            (text, Known { key, developers })
        }));
    }

    async fn learn_developers(
        &mut self,
        conn: &mut SqliteConnection,
        rows: &[&Row],
    ) -> Result<(), sqlx::Error> {
        let mut unknown: Vec<[i64; 2]> = Vec::new();
        for row in rows {
            let developer = row.developer.as_ref().and_then(|name| self.known.get(name));
            let developer = developer.map(|known| known.key);
            if let (Some(developer), Some(subject)) = (developer, self.known.get_mut(&row.subject))
                && !subject.developers.contains(&developer)
            {
                subject.developers.push(developer);
                unknown.push([developer, subject.key]);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        // Those that are there already stay: unlike the log, this table is a set.
        sqlx::query(
            "INSERT OR IGNORE INTO developers (developer, subject) \
             SELECT value ->> 0, value ->> 1 FROM json_each(?1)",
        )
        .bind(serde_json::json!(unknown).to_string())
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Texts as one parameter.
pub(super) fn json_list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let list: serde_json::Value = texts
        .into_iter()
        .map(|text| text.as_ref().to_owned())
        .collect();
    list.to_string()
}
