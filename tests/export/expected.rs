//! What tables must hold, from what `assess`, `plaza` and `audit` print.
//!
//! A row here has the columns that those documents tell of, which is most of them.

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use crate::common::text;
use crate::folder::Rows;

/// What a ledger says at an instant, as other commands print it.
pub(crate) struct Answers {
    pub(crate) standings: Vec<Value>,
    pub(crate) board: Vec<Value>,
    pub(crate) trail: Vec<Value>,
    /// From when each version of the rules holds, oldest first.
    pub(crate) versions: Vec<(String, String)>,
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// The members of an object, some of them by another name, and those more.
fn row(of: &Value, keys: &[&str], more: Value) -> Map<String, Value> {
    let renamed = |key: &&str| match key.split_once('>') {
        Some((from, to)) => (to.to_owned(), of[from].clone()),
        None => ((*key).to_owned(), of[*key].clone()),
    };
    let mut row: Map<String, Value> = keys.iter().map(renamed).collect();
    row.extend(more.as_object().unwrap().clone());
    row
}

impl Answers {
    /// The rows of a table.
    pub(crate) fn rows(&self, table: &str) -> Rows {
        match table {
            "developers" => self.developers(),
            "developer_months" => self.developer_months(),
            "apps" => self.each_app(|developer, app| vec![self.app(developer, app)]),
            "months" => {
                self.each_month(|developer, app, month| vec![self.month(developer, app, month)])
            }
            "violations" => self.each_month(|developer, app, month| {
                let keys = ["code", "level", "since", "at>reached_at", "evidence"];
                numbered(
                    list(month, "violations"),
                    &keys,
                    &key(developer, app, month),
                )
            }),
            "sanctions" => self.each_month(|developer, app, month| {
                let keys = [
                    "code",
                    "level",
                    "nth",
                    "measures",
                    "from>since",
                    "until",
                    "fix_by",
                ];
                let mut more = key(developer, app, month);
                more["rulebook_version"] = self.version(text(month, "month"));
                numbered(list(month, "sanctions"), &keys, &more)
            }),
            "measures" => self.each_app(|developer, app| {
                let more = json!({"developer": developer["developer"], "app": app["app"]});
                let measures = list(app, "measures");
                measures
                    .map(|m| row(m, &["measure", "until"], more.clone()))
                    .collect()
            }),
            "obligations" => self.each_app(|developer, app| {
                let keys = [
                    "owner", "kind", "code", "cause", "since", "due", "met_at", "late", "state",
                ];
                let more = json!({"developer": developer["developer"], "app": app["app"]});
                let owed = list(app, "obligations");
                owed.map(|one| row(one, &keys, more.clone())).collect()
            }),
            "plaza" => {
                let keys = ["rank", "app", "developer", "score", "listed_since"];
                let entries = self.board.iter();
                entries.map(|entry| row(entry, &keys, json!({}))).collect()
            }
            "events" => self.events(),
            "rulebooks" => {
                let versions = self.versions.iter();
                versions
                    .map(|(version, _)| row(&json!({"version": version}), &["version"], json!({})))
                    .collect()
            }
            other => panic!("there is no table `{other}`"),
        }
    }

    fn each_app(&self, rows: impl Fn(&Value, &Value) -> Rows) -> Rows {
        let each = self.standings.iter();
        let rows = &rows;
        each.flat_map(|one| list(one, "apps").flat_map(move |app| rows(one, app)))
            .collect()
    }

    fn each_month(&self, rows: impl Fn(&Value, &Value, &Value) -> Rows) -> Rows {
        self.each_app(|one, app| {
            let months = list(app, "months");
            months.flat_map(|month| rows(one, app, month)).collect()
        })
    }

    /// The event that registered a developer or an app.
    fn registration(&self, id: &Value) -> &Value {
        let kinds = ["developer.registered", "app.registered"];
        let event = |line: &&Value| kinds.contains(&text(line, "type")) && line["subject"] == *id;
        self.trail.iter().find(event).unwrap()
    }

    /// The version of the rules of a month of Shanghai.
    fn version(&self, month: &str) -> Value {
        let first: NaiveDate = format!("{month}-01").parse().unwrap();
        let midnight = first.checked_sub_days(Days::new(1)).unwrap();
        let begins = format!("{midnight}T16:00:00Z");
        let mut versions = self.versions.iter().rev();
        let version = versions.find(|(_, from)| *from <= begins);
        json!(version.unwrap_or(&self.versions[0]).0)
    }

    fn developers(&self) -> Rows {
        let each = self.standings.iter();
        each.map(|one| {
            let registered = self.registration(&one["developer"]);
            let more = json!({
                "name": registered["data"]["name"], "kind": registered["data"]["kind"],
                "registered": registered["time"],
            });
            row(one, &["developer", "status", "status_since", "grade"], more)
        })
        .collect()
    }

    fn developer_months(&self) -> Rows {
        let month = |one: &Value, month: &Value| {
            let more = json!({
                "developer": one["developer"], "month": first(month),
                "rulebook_version": self.version(text(month, "month")),
            });
            row(month, &["violations", "outcome", "at>outcome_at"], more)
        };
        let each = self.standings.iter();
        each.flat_map(|one| list(one, "months").map(move |of| month(one, of)))
            .collect()
    }

    fn app(&self, developer: &Value, app: &Value) -> Map<String, Value> {
        let registered = self.registration(&app["app"]);
        let (review, certification) = (&app["review"], &app["certification"]);
        let unmet = list(certification, "conditions").filter(|one| one["met"] == false);
        let unmet: Vec<&Value> = unmet.map(|one| &one["name"]).collect();
        let entry = self.board.iter().find(|entry| entry["app"] == app["app"]);
        let more = json!({
            "developer": developer["developer"], "name": registered["data"]["name"],
            "registered": registered["time"], "review_state": review["state"],
            "review_since": review["since"], "review_due": review["due"],
            "key_disabled": review["key_disabled"], "on_hold": review["on_hold"],
            "hold_until": review["hold_until"], "rank": entry.map(|entry| &entry["rank"]),
            "certification_eligible": certification["eligible"], "certification_unmet": unmet,
        });
        row(app, &["app", "channel", "permission", "score"], more)
    }

    fn month(&self, developer: &Value, app: &Value, month: &Value) -> Map<String, Value> {
        let complaints = &month["complaints"];
        let mut more = key(developer, app, month);
        for class in ["strong", "normal", "celebrity"] {
            more[format!("complaints_{class}")] = complaints[class].clone();
        }
        for key in ["violations", "sanctions"] {
            more[key] = json!(list(month, key).count());
        }
        more["unclassified"] = list(month, "unclassified").cloned().collect();
        more["rulebook_version"] = self.version(text(month, "month"));
        row(month, &["tier", "outage_days"], more)
    }

    fn events(&self) -> Rows {
        let target = |line: &Value| {
            let event = &line["data"]["event"];
            let source = event.get("source").unwrap_or(&line["source"]);
            let named = |other: &&Value| other["id"] == event["id"] && other["source"] == *source;
            let target = event.is_object().then(|| self.trail.iter().find(named));
            target.flatten().map(|target| target["position"].clone())
        };
        let keys = [
            "position",
            "recordedtime",
            "time",
            "type",
            "subject",
            "developer",
            "source",
            "id",
            "data",
            "retracted_by>disregarded_by",
        ];
        let lines = self.trail.iter();
        lines
            .map(|line| row(line, &keys, json!({"target": target(line)})))
            .collect()
    }
}

/// A month as its first date.
fn first(month: &Value) -> String {
    format!("{}-01", text(month, "month"))
}

fn key(developer: &Value, app: &Value, month: &Value) -> Value {
    json!({"developer": developer["developer"], "app": app["app"], "month": first(month)})
}

fn numbered<'a>(each: impl Iterator<Item = &'a Value>, keys: &[&str], more: &Value) -> Rows {
    let numbered = (1..).zip(each);
    numbered
        .map(|(number, one)| {
            let mut more = more.clone();
            more["number"] = json!(number);
            row(one, keys, more)
        })
        .collect()
}
