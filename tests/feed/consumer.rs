//! Somebody who follows the board by what it is told.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::serving::Server;

/// What somebody has of the board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consumer {
    board: BTreeMap<String, Value>,
    ranks: BTreeMap<String, u64>,
    pub(crate) after: Option<String>,
}

/// The board at a place of the sequence.
#[derive(Debug, PartialEq)]
pub(crate) struct Board {
    pub(crate) entries: Vec<Value>,
    pub(crate) sequence: String,
}

/// The whole board, of one moment.
pub(crate) fn board(server: &Server, token: &str) -> Board {
    let answer = server.ask_with("GET", "/v1/plaza?limit=1000", Some(token));
    let page = answer.with(200);
    assert_eq!(page["next"], Value::Null);
    Board {
        entries: page["entries"].as_array().unwrap().clone(),
        sequence: answer.header("standing-sequence").unwrap().to_owned(),
    }
}

impl Consumer {
    /// Has the board as pages show it, each of its own moment.
    pub(crate) fn of_pages(server: &Server, token: &str) -> Self {
        let mut consumer = Self::default();
        let mut path = "/v1/plaza?limit=3".to_owned();
        loop {
            let answer = server.ask_with("GET", &path, Some(token));
            let page = answer.with(200);
            let sequence = answer.header("standing-sequence").unwrap();
            consumer.after.get_or_insert_with(|| sequence.to_owned());
            for entry in page["entries"].as_array().unwrap() {
                let mut entry = entry.clone();
                let rank = entry.as_object_mut().unwrap().remove("rank").unwrap();
                let app = entry.as_object_mut().unwrap().remove("app").unwrap();
                let app = app.as_str().unwrap().to_owned();
                consumer.ranks.insert(app.clone(), rank.as_u64().unwrap());
                consumer.board.insert(app, entry);
            }
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/plaza?limit=3&page={next}"),
                None => return consumer,
            }
        }
    }

    /// Takes a change as it is told.
    pub(crate) fn take(&mut self, change: &Value) {
        let app = change["app"].as_str().unwrap().to_owned();
        match change["rank"].as_u64() {
            Some(rank) => self.ranks.insert(app.clone(), rank),
            None => self.ranks.remove(&app),
        };
        match &change["entry"] {
            Value::Null => self.board.remove(&app),
            entry => self.board.insert(app, entry.clone()),
        };
    }

    /// Takes what there is, by pages of some length; each change is the next one.
    pub(crate) fn go_on(&mut self, server: &Server, token: &str, limit: u64) {
        loop {
            let after = self.after.as_ref();
            let after = after.map_or_else(String::new, |after| format!("&after={after}"));
            let path = format!("/v1/plaza/changes?limit={limit}{after}");
            let page = server.json_with(&path, token);
            let changes = page["changes"].as_array().unwrap().iter();
            for (expected, change) in (self.number() + 1..).zip(changes) {
                assert_eq!(change["sequence"], expected, "{change}");
                self.take(change);
            }
            self.after = Some(page["sequence"].as_str().unwrap().to_owned());
            if page["more"] == false {
                return;
            }
        }
    }

    /// The number of the last change.
    pub(crate) fn number(&self) -> u64 {
        let after = self.after.as_deref();
        let number = after.map(|after| after.split_once(':').unwrap().1);
        number.map_or(0, |number| number.parse().unwrap())
    }

    /// That it has that board.
    #[track_caller]
    pub(crate) fn has(&self, board: &Board) {
        assert_eq!(self.after.as_deref(), Some(board.sequence.as_str()));
        let entries = board.entries.iter().map(|entry| {
            let mut entry = entry.clone();
            let fields = entry.as_object_mut().unwrap();
            fields.remove("rank");
            let app = fields.remove("app").unwrap();
            (app.as_str().unwrap().to_owned(), entry)
        });
        assert_eq!(self.board, entries.collect());
        self.has_ranks(board, 100);
    }

    /// That it has so many ranks of a board.
    #[track_caller]
    pub(crate) fn has_ranks(&self, board: &Board, ranks: u64) {
        let ranked = board.entries.iter().map(|entry| {
            let app = entry["app"].as_str().unwrap().to_owned();
            (app, entry["rank"].as_u64().unwrap())
        });
        let first = ranked.filter(|(_, rank)| *rank <= ranks);
        assert_eq!(self.ranks, first.collect());
    }
}
