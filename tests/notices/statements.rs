//! Statements of reasons, against the schema of the database by a validator that others wrote.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::common::cases::{Case, cases};
use super::common::events::{app, developer, event};
use super::common::{Ledger, rulebook, text};
use super::{ground, ground_by, recorded, violation_on};

/// Checks batches with `tests/independent/statements.py`. `scripts/test` installs what it needs and says where
/// it is; elsewhere it is passed over, and said so, where something is missing.
fn check(batches: &str) {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let import = ["-c", "import jsonschema_rs"];
    let has_package = Command::new(&python).args(import).output();
    if told.is_none() && !has_package.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED: `python3` or its package `jsonschema_rs` is missing");
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let mut child = Command::new(&python)
        .arg(format!("{folder}/independent/statements.py"))
        .arg(format!(
            "{folder}/notices/eu-statement-of-reasons.schema.json"
        ))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = batches.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let (out, err) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    let counted: usize = String::from_utf8(out).unwrap().trim().parse().unwrap();
    let statements = batches.lines().map(|line| statements(line).len());
    assert_eq!(counted, statements.sum::<usize>());
}

fn statements(batch: &str) -> Vec<Value> {
    let batch: Value = serde_json::from_str(batch).unwrap();
    batch["statements"].as_array().unwrap().clone()
}

fn sor(ledger: &Ledger, args: &[&str]) -> String {
    let all = [&["notices", "--format", "sor"], args].concat();
    ledger.run(&all).good().out
}

#[test]
fn the_statements_and_corrections_of_every_case_are_valid() {
    let (mut batches, mut corrections) = (String::new(), String::new());
    for dir in cases() {
        let case = Case::load(dir);
        for ask in case.asks() {
            let as_of = ["--as-of", text(ask, "as_of")];
            batches += &sor(&case.ledger, &as_of);
            let half = format!("@{}", case.books + case.events.len() as u64 / 2);
            let since = ["--corrections-since", &half];
            corrections += &sor(&case.ledger, &[&as_of[..], &since].concat());
        }
    }
    assert!(batches.lines().count() > 10 && !corrections.is_empty());
    check(&batches);
    check(&corrections);
}

#[test]
fn each_measure_is_the_restriction_that_the_page_says() {
    let ledger = ground();
    let names = ["icon_breach", "bulk_scraping", "account_theft"];
    let days = (1..).zip(names);
    let found: Vec<Value> = days
        .map(|(day, code)| violation_on(code, day, code))
        .collect();
    ledger.import_trusted(&found).counts(3, 0, 0);
    let said = ledger.run(&["notices", "a1", "--format", "sor"]).good();
    assert!(said.err.contains("1 restrict nothing"), "{}", said.err);
    let all = statements(&said.out);
    // Level 3 brings a warning, which restricts nothing.
    assert_eq!(all.len(), 2);
    let restricts = |one: &Value| {
        let keys = [
            "decision_visibility",
            "decision_provision",
            "decision_account",
            "decision_monetary",
        ];
        keys.map(|key| one[key].clone())
    };
    let partial = json!("DECISION_PROVISION_PARTIAL_SUSPENSION");
    assert_eq!(
        restricts(&all[0]),
        [Value::Null, partial, Value::Null, Value::Null]
    );
    let total = json!("DECISION_PROVISION_TOTAL_SUSPENSION");
    let closed = json!(["DECISION_VISIBILITY_CONTENT_DISABLED"]);
    assert_eq!(
        restricts(&all[1]),
        [closed, total, Value::Null, Value::Null]
    );
    assert_eq!(all[1]["end_date_visibility_restriction"], "2016-03-06");
    assert_eq!(all[1]["application_date"], "2016-03-03");
    for one in &all {
        assert_eq!(one["source_type"], "SOURCE_VOLUNTARY");
        assert_eq!(one["automated_decision"], "AUTOMATED_DECISION_PARTIALLY");
        for id in ["a1", "d1"] {
            let words = one.to_string();
            let mut words = words.split(|c: char| !c.is_alphanumeric());
            assert!(words.all(|word| word != id), "{one}");
        }
    }
    check(&said.out);
}

#[test]
fn a_termination_ends_the_account_and_many_make_several_batches() {
    let ledger = ground();
    let codes = ["account_theft", "bulk_scraping"];
    let mut events = Vec::new();
    for n in 0..20 {
        let (developer_id, app_id) = (format!("many-{n}"), format!("app-{n}"));
        events.push(developer(&developer_id));
        events.push(app(&app_id, &developer_id, "general"));
    }
    for n in 0..20 {
        for day in 1..12 {
            let time = format!("2016-03-{day:02}T00:00:00Z");
            let code = json!({"code": codes[day % 2]});
            let id = format!("v-{n}-{day}");
            events.push(event(
                &id,
                "violation.found",
                &time,
                &format!("app-{n}"),
                code,
            ));
        }
    }
    events.sort_by_key(|event| text(event, "time").to_owned());
    // What is recorded never goes back behind what the ledger begins with.
    let recorded = events
        .into_iter()
        .map(|event| match text(&event, "time") < "2015-01-03" {
            true => super::common::events::with(event, "recordedtime", "2015-01-03T00:00:00Z"),
            false => recorded(event),
        });
    let events: Vec<Value> = recorded.collect();
    ledger.import_trusted(&events).counts(260, 0, 0);
    let batches = sor(&ledger, &[]);
    let sizes: Vec<usize> = batches.lines().map(|line| statements(line).len()).collect();
    // Eleven sanctions and a termination of each; at the lowest grade already, the downgrade restricts nothing.
    assert_eq!(sizes, [100, 100, 40]);
    let all = batches.lines().flat_map(statements);
    let ended: Vec<Value> = all
        .filter(|one| !one["decision_account"].is_null())
        .collect();
    assert_eq!(ended.len(), 20);
    for one in ended {
        assert_eq!(one["decision_account"], "DECISION_ACCOUNT_TERMINATED");
        assert_eq!(
            one["decision_provision"],
            "DECISION_PROVISION_TOTAL_TERMINATION"
        );
        let removed = json!(["DECISION_VISIBILITY_CONTENT_REMOVED"]);
        assert_eq!(one["decision_visibility"], removed);
        assert_eq!(one["end_date_account_restriction"], Value::Null);
    }
    check(&batches);
}

#[test]
fn facts_of_very_many_events_are_cut_with_a_mark() {
    let rules = rulebook("weibo-2016-01-01.toml");
    let ledger = ground_by(&rules.replace("normal = 30,", "normal = 150,"));
    let complaints = (0..160).map(|n| {
        let (id, time) = (
            format!("c{n}"),
            format!("2016-03-01T{:02}:{:02}:00Z", n / 60, n % 60),
        );
        let data = json!({"class": "normal"});
        recorded(event(&id, "complaint.received", &time, "a1", data))
    });
    let complaints: Vec<Value> = complaints.collect();
    ledger.import_trusted(&complaints).counts(160, 0, 0);
    let batches = sor(&ledger, &["a1"]);
    let all: Vec<Value> = batches.lines().flat_map(statements).collect();
    for one in &all {
        assert_eq!(one["source_type"], "SOURCE_TYPE_OTHER_NOTIFICATION");
        assert_eq!(one["automated_decision"], "AUTOMATED_DECISION_FULLY");
    }
    let facts = text(all.last().unwrap(), "decision_facts");
    assert_eq!(facts.chars().count(), 5_000);
    assert!(facts.ends_with(" […]"), "{facts}");
    check(&batches);
}
