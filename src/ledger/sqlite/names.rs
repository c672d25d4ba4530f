//! The names of the log (types, subjects, developers, sources) and the integers that stand for them.
//!
//! A name, once committed, keeps its integer for ever, so the writing connection remembers those it
//! has met. What was learnt in a transaction that is rolled back must be forgotten with it.

use std::collections::{HashMap, HashSet};

use sqlx::sqlite::SqliteConnection;

use super::super::NewEvent;

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

    /// The integers of a batch's names. Names that are new are added to the log.
    pub(super) async fn keys(
        &mut self,
        conn: &mut SqliteConnection,
        batch: &[NewEvent],
    ) -> Result<Vec<Keys>, sqlx::Error> {
        if let Some(keys) = self.known_keys(batch) {
            return Ok(keys);
        }
        if self.known.len() > REMEMBERED_MAX {
            self.forget();
        }
        self.learn_names(conn, batch).await?;
        self.learn_developers(conn, batch).await?;
        self.known_keys(batch).ok_or(sqlx::Error::RowNotFound)
    }

    /// The integers of a batch's names, if all are known.
    fn known_keys(&self, batch: &[NewEvent]) -> Option<Vec<Keys>> {
        let mut all: Vec<Keys> = Vec::with_capacity(batch.len());
        for (index, new) in batch.iter().enumerate() {
            // Neighbours are mostly of one type and from one source.
            let before = index
                .checked_sub(1)
                .map(|index| (&batch[index], all[index]));
            let kind = match before {
                Some((before, keys)) if before.event.kind == new.event.kind => keys.kind,
                _ => self.known.get(new.event.kind.as_str())?.key,
            };
            let source = match before {
                Some((before, keys)) if before.event.source == new.event.source => keys.source,
                _ => self.known.get(&new.event.source)?.key,
            };
            let subject = self.known.get(&new.event.subject)?;
            let developer = match &new.developer {
                None => None,
                Some(developer) => {
                    let key = self.known.get(developer)?.key;
                    Some(*subject.developers.iter().find(|known| **known == key)?)
                }
            };
            all.push(Keys {
                kind,
                subject: subject.key,
                developer,
                source,
            });
        }
        Some(all)
    }

    async fn learn_names(
        &mut self,
        conn: &mut SqliteConnection,
        batch: &[NewEvent],
    ) -> Result<(), sqlx::Error> {
        let mut unknown: HashSet<&str> = HashSet::new();
        for new in batch {
            let event = &new.event;
            unknown.extend([event.kind.as_str(), &event.subject, &event.source]);
            unknown.extend(new.developer.as_deref());
        }
        unknown.retain(|text| !self.known.contains_key(*text));
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT text, names.key FROM json_each(?1) AS wanted \
             CROSS JOIN names ON text = wanted.value",
        )
        .bind(json_list(&unknown))
        .fetch_all(&mut *conn)
        .await?;
        self.remember(found);

        unknown.retain(|text| !self.known.contains_key(*text));
        let made: Vec<(String, i64)> = sqlx::query_as(
            "INSERT INTO names (text) SELECT value FROM json_each(?1) RETURNING text, key",
        )
        .bind(json_list(&unknown))
        .fetch_all(conn)
        .await?;
        self.remember(made);
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
        batch: &[NewEvent],
    ) -> Result<(), sqlx::Error> {
        let mut unknown: Vec<[i64; 2]> = Vec::new();
        for new in batch {
            let developer = new.developer.as_ref().and_then(|name| self.known.get(name));
            let developer = developer.map(|known| known.key);
            if let (Some(developer), Some(subject)) =
                (developer, self.known.get_mut(&new.event.subject))
                && !subject.developers.contains(&developer)
            {
                subject.developers.push(developer);
                unknown.push([developer, subject.key]);
            }
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
