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
    keys: HashMap<String, i64>,
    /// The rows of `developers`: a developer and one of its subjects.
    developers: HashSet<(i64, i64)>,
}

impl Names {
    /// The integer of a name that was learnt.
    pub(super) fn key(&self, text: &str) -> Result<i64, sqlx::Error> {
        self.keys.get(text).copied().ok_or(sqlx::Error::RowNotFound)
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.developers.clear();
    }

    /// Learns the names of a batch, adding to the log those that are new.
    pub(super) async fn learn(
        &mut self,
        conn: &mut SqliteConnection,
        batch: &[NewEvent],
    ) -> Result<(), sqlx::Error> {
        if self.keys.len() > REMEMBERED_MAX || self.developers.len() > REMEMBERED_MAX {
            self.forget();
        }
        let mut unknown: Vec<&str> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for NewEvent {
            event, developer, ..
        } in batch
        {
            let texts = [event.kind.as_str(), &event.subject, &event.source];
            for text in texts.into_iter().chain(developer.as_deref()) {
                if !self.keys.contains_key(text) && seen.insert(text) {
                    unknown.push(text);
                }
            }
        }
        if !unknown.is_empty() {
            self.keys.extend(keys_of(conn, &unknown).await?);
            unknown.retain(|text| !self.keys.contains_key(*text));
        }
        if !unknown.is_empty() {
            let made: Vec<(String, i64)> = sqlx::query_as(
                "INSERT INTO names (text) SELECT value FROM json_each(?1) RETURNING text, key",
            )
            .bind(json_list(&unknown))
            .fetch_all(&mut *conn)
            .await?;
            self.keys.extend(made);
        }
        self.learn_developers(conn, batch).await
    }

    async fn learn_developers(
        &mut self,
        conn: &mut SqliteConnection,
        batch: &[NewEvent],
    ) -> Result<(), sqlx::Error> {
        let mut unknown: Vec<[i64; 2]> = Vec::new();
        for new in batch {
            if let Some(developer) = &new.developer {
                let pair = (self.key(developer)?, self.key(&new.event.subject)?);
                if self.developers.insert(pair) {
                    unknown.push([pair.0, pair.1]);
                }
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

/// The integers of those of the names that have one.
async fn keys_of(
    conn: &mut SqliteConnection,
    texts: &[&str],
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT text, names.key FROM json_each(?1) AS wanted \
         CROSS JOIN names ON text = wanted.value",
    )
    .bind(json_list(texts))
    .fetch_all(conn)
    .await
}

/// Texts as one parameter.
pub(super) fn json_list<T: AsRef<str>>(texts: &[T]) -> String {
    let list: serde_json::Value = texts.iter().map(AsRef::as_ref).collect();
    list.to_string()
}
