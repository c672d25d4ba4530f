//! The tables as any program reads them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::common::{Ledger, lines};
use crate::expected::Answers;
use crate::folder::Rows;

/// The tables that `expected` knows, with the columns that make a row one of its own.
const TABLES: [(&str, &[&str]); 9] = [
    ("developers", &["developer"]),
    ("developer_months", &["developer", "month"]),
    ("apps", &["app"]),
    ("months", &["app", "month"]),
    ("violations", &["app", "month", "number"]),
    ("sanctions", &["app", "month", "number"]),
    ("measures", &["app", "measure"]),
    ("obligations", &["app", "cause", "kind", "code", "since"]),
    ("plaza", &["app"]),
];

/// Every row of a table, each as the database's own JSON.
fn read(ledger: &Ledger, table: &str) -> Rows {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let texts: Vec<String> = runtime.block_on(async {
        match ledger.place.database() {
            Some(database) => {
                let mut conn = database.connect().await;
                let sql = format!("SELECT row_to_json(t)::text FROM readmodel.{table} t");
                let rows = sqlx::query_scalar(AssertSqlSafe(sql));
                rows.fetch_all(&mut conn).await.unwrap()
            }
            None => {
                let file = ledger.path("standing.readmodel.db");
                let options = SqliteConnectOptions::new().filename(file).read_only(true);
                let mut conn = options.connect().await.unwrap();
                let names = format!("SELECT name FROM pragma_table_info('{table}')");
                let names = sqlx::query_scalar(AssertSqlSafe(names));
                let names: Vec<String> = names.fetch_all(&mut conn).await.unwrap();
                let members: Vec<_> = names
                    .iter()
                    .map(|name| format!("'{name}', \"{name}\""))
                    .collect();
                let sql = format!("SELECT json_object({}) FROM {table}", members.join(", "));
                let rows = sqlx::query_scalar(AssertSqlSafe(sql));
                rows.fetch_all(&mut conn).await.unwrap()
            }
        }
    });
    let row = |text: &String| -> Map<String, Value> { serde_json::from_str(text).unwrap() };
    texts.iter().map(row).collect()
}

/// A value as `assess` prints it: instants are numbers in a table, lists are texts, and SQLite has no
/// booleans.
fn printed(column: &str, value: &Value) -> Value {
    const INSTANTS: [&str; 11] = [
        "registered",
        "status_since",
        "outcome_at",
        "review_since",
        "review_due",
        "hold_until",
        "since",
        "until",
        "fix_by",
        "due",
        "met_at",
    ];
    const MORE_INSTANTS: [&str; 2] = ["reached_at", "listed_since"];
    const LISTS: [&str; 4] = [
        "certification_unmet",
        "evidence",
        "measures",
        "unclassified",
    ];
    const BOOLEANS: [&str; 4] = ["key_disabled", "on_hold", "certification_eligible", "late"];
    match value {
        Value::Number(number) if INSTANTS.contains(&column) || MORE_INSTANTS.contains(&column) => {
            let at = standing_projections::Instant::from_micros_clamped(number.as_i64().unwrap());
            json!(at.to_string())
        }
        Value::Number(number) if BOOLEANS.contains(&column) => json!(number.as_i64() == Some(1)),
        Value::String(text) if LISTS.contains(&column) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    }
}

/// Up to where the tables are.
pub(crate) fn status(ledger: &Ledger) -> (u64, String, i64) {
    let ran = ledger.run(&["readmodel", "status"]).good();
    let status = &lines(&ran.out)[0];
    let text = |key: &str| status[key].as_str().unwrap().to_owned();
    let generation = status["generation"].as_i64().unwrap();
    (
        status["position"].as_u64().unwrap(),
        text("as_of"),
        generation,
    )
}

/// Waits until the tables are as they should be in the end.
#[track_caller]
pub(crate) fn wait(ledger: &Ledger, mut done: impl FnMut((u64, String, i64)) -> bool) {
    let begun = Instant::now();
    loop {
        let ran = ledger.run(&["readmodel", "status"]);
        if ran.code == 0 && done(status(ledger)) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{} {}",
            ran.out,
            ran.err
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Fails where a row is not what `assess` and `plaza` say at the instant and position of the tables.
/// Nobody may write meanwhile.
#[track_caller]
pub(crate) fn are_what_is_printed(ledger: &Ledger) {
    let (position, as_of, _) = status(ledger);
    let known_at = format!("@{position}");
    let ask = |command: &str| {
        let args = [
            command,
            "--format",
            "jsonl",
            "--as-of",
            &as_of,
            "--known-at",
            &known_at,
        ];
        ledger.run(&args).good().lines()
    };
    let mut trail = ledger.audit(&[]);
    trail.retain(|line| line["position"].as_u64().unwrap() <= position);
    let answers = Answers {
        standings: ask("assess"),
        board: ask("plaza"),
        trail,
        versions: versions(ledger, position),
    };
    for (table, key) in TABLES {
        let by_key = |rows: Rows| -> BTreeMap<String, Map<String, Value>> {
            let key = |row: &Map<String, Value>| {
                key.iter()
                    .map(|name| format!("{} ", row[*name]))
                    .collect::<String>()
            };
            rows.into_iter().map(|row| (key(&row), row)).collect()
        };
        let got = read(ledger, table).into_iter().map(|row| {
            let members = row.iter();
            members
                .map(|(name, value)| (name.clone(), printed(name, value)))
                .collect()
        });
        let (got, wanted) = (by_key(got.collect()), by_key(answers.rows(table)));
        for (key, wanted) in &wanted {
            let Some(got) = got.get(key) else {
                panic!("{table} lacks {key}: {wanted:?}");
            };
            for (column, value) in wanted
                .iter()
                .filter(|(name, _)| *name != "rank" || table == "plaza")
            {
                assert_eq!(got.get(column), Some(value), "{column} of {key} in {table}");
            }
        }
        assert_eq!(got.len(), wanted.len(), "{table}");
    }
    let conditions: usize = answers
        .standings
        .iter()
        .flat_map(|one| one["apps"].as_array().unwrap())
        .map(|app| app["certification"]["conditions"].as_array().unwrap().len())
        .sum();
    assert_eq!(read(ledger, "certification").len(), conditions);
    for condition in read(ledger, "certification") {
        let apps = answers
            .standings
            .iter()
            .flat_map(|one| one["apps"].as_array().unwrap());
        let app = apps
            .into_iter()
            .find(|app| app["app"] == condition["app"])
            .unwrap();
        let conditions = app["certification"]["conditions"].as_array().unwrap();
        let printed = conditions
            .iter()
            .find(|one| one["name"] == condition["condition"])
            .unwrap();
        let number = |value: &Value| {
            value
                .as_bool()
                .map_or(value.clone(), |yes| json!(i64::from(yes)))
        };
        assert_eq!(
            number(&condition["met"]),
            number(&printed["met"]),
            "{condition:?}"
        );
        assert_eq!(
            condition["required"],
            number(&printed["required"]),
            "{condition:?}"
        );
        if condition["condition"] != "days_listed" {
            assert_eq!(
                condition["value"],
                number(&printed["value"]),
                "{condition:?}"
            );
        }
    }
    // And as the program itself compares them.
    let ran = ledger.run(&["readmodel", "check"]).good();
    assert_eq!(lines(&ran.out)[0]["differences"], 0, "{}", ran.err);
}

/// The published versions, by when they hold.
fn versions(ledger: &Ledger, position: u64) -> Vec<(String, String)> {
    let trail = ledger.audit(&["--type", "rulebook.published"]);
    let known = trail
        .iter()
        .filter(|line| line["position"].as_u64().unwrap() <= position);
    let mut versions: Vec<(String, String)> = known
        .map(|line| {
            let book =
                standing_projections::Rulebook::parse(line["data"]["toml"].as_str().unwrap());
            let book = book.unwrap();
            let date: chrono::NaiveDate = book.effective_from.to_string().parse().unwrap();
            let eve = date.pred_opt().unwrap();
            (book.version, format!("{eve}T16:00:00Z"))
        })
        .collect();
    versions.sort_by(|a, b| a.1.cmp(&b.1));
    versions
}
