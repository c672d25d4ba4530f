//! Explanations of worked examples as they are read, and what must hold of every one.

#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod laws;

use std::path::{Path, PathBuf};

use serde_json::json;
use standing_projections::explain::{Graph, Subject, tree};
use standing_projections::rulebook::Lang;

use case::{Case, cases, read};

/// Compares with `expected/NAME.txt`; with `UPDATE_SNAPSHOTS` set, writes it.
fn assert_reads(name: &str, graph: &Graph) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/explain/expected/{name}.txt"));
    assert_text(&file, &tree(graph).to_string());
}

fn assert_text(file: &Path, got: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, got).unwrap();
    } else {
        assert_eq!(got, read(file), "{}", file.display());
    }
}

fn snapshot(
    case: &str,
    ask: usize,
    developer: &str,
    of: Subject<'_>,
    month: Option<&str>,
    name: &str,
) {
    let case = Case::of(&cases().join(case), true);
    for (lang, suffix) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let month = month.map(|month| month.parse().unwrap());
        let graph = case
            .explain(developer, case.asks[ask - 1], of, month, lang)
            .unwrap();
        assert_reads(&format!("{name}.{suffix}"), &graph);
    }
}

#[test]
fn complaints_that_escalate() {
    snapshot(
        "complaints-escalate",
        3,
        "d1",
        Subject::App("a1"),
        None,
        "complaints-escalate",
    );
}

#[test]
fn an_overturned_violation_shifts_those_after_it() {
    let month = Some("2014-05");
    snapshot(
        "cascading-overturn",
        1,
        "d1",
        Subject::App("a1"),
        month,
        "overturn-before",
    );
    snapshot(
        "cascading-overturn",
        2,
        "d1",
        Subject::App("a1"),
        month,
        "overturn-after",
    );
}

#[test]
fn a_downgrade_and_what_it_makes_possible() {
    snapshot(
        "downgrade-and-termination",
        2,
        "d2",
        Subject::Developer,
        Some("2014-07"),
        "downgrade-and-termination",
    );
    snapshot(
        "downgrade-and-termination",
        3,
        "d2",
        Subject::App("a-b"),
        None,
        "terminated-app",
    );
}

#[test]
fn a_score_and_the_conditions_of_certification() {
    snapshot(
        "listing-and-certification",
        2,
        "d1",
        Subject::App("e1"),
        None,
        "listing-and-certification",
    );
}

#[test]
fn outage_days_holds_and_reports() {
    snapshot(
        "outage-days",
        1,
        "d1",
        Subject::Developer,
        None,
        "outage-days",
    );
    snapshot(
        "inspection-and-report",
        3,
        "d1",
        Subject::Developer,
        None,
        "inspection-and-report",
    );
}

#[test]
fn complaints_whose_reasons_do_not_count_are_told() {
    let complaints = [
        ("2014-02-03", "biling"),
        ("2014-02-04", "billing"),
        ("2014-02-05", "biling"),
        ("2014-03-06", "billing"),
        // After the instant asked about.
        ("2014-05-01", "billing"),
    ];
    let complaints = complaints.iter().zip(9..).map(|((date, reason), n)| {
        json!({
            "specversion": "1.0", "id": format!("e{n}"), "source": "/case",
            "type": "complaint.received", "time": format!("{date}T01:00:00Z"), "subject": "a1",
            "data": {"class": "strong", "reason": reason},
        })
    });
    let case = Case::with(&cases().join("complaints-escalate"), true, complaints);
    let explain = |month: Option<&str>, lang| {
        let month = month.map(|month| month.parse().unwrap());
        let graph = case.explain("d1", case.asks[2], Subject::App("a1"), month, lang);
        graph.unwrap()
    };
    // In a month with nothing else, too.
    for (lang, suffix) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let graph = explain(Some("2014-02"), lang);
        assert_reads(&format!("uncounted-complaints.{suffix}"), &graph);
    }
    let whole = explain(None, Lang::En);
    let months = ["app:a1/2014-02", "app:a1/2014-03", "app:a1/2014-04"];
    assert_eq!(whole.nodes["app:a1"].because[..3], months);
    for (month, events) in [("2014-02", &[9, 10, 11][..]), ("2014-03", &[12])] {
        let of_month = explain(Some(month), Lang::En);
        let id = format!("app:a1/{month}/uncounted");
        assert!(
            whole.nodes[&format!("app:a1/{month}")]
                .because
                .contains(&id)
        );
        assert_eq!(of_month.nodes[&id], whole.nodes[&id]);
        let mut because: Vec<String> = events.iter().map(|n| format!("event:{n}")).collect();
        because.push("rule:weibo@2013-10-01/complaints.counted_reasons".to_owned());
        assert_eq!(whole.nodes[&id].because, because);
    }
    assert!(!whole.nodes.contains_key("app:a1/2014-05/uncounted"));
}

#[test]
fn a_terminable_developer_reads_what_marked_it_and_what_came_after() {
    let case = Case::of(&cases().join("random-05"), false);
    let ask = case.asks[2];
    let mut found = String::new();
    for developer in case.history.developers() {
        let graph = case.explain(&developer.id, ask, Subject::Developer, None, Lang::En);
        let Some(mut graph) = graph else { continue };
        let status = format!("developer:{}/status", developer.id);
        if graph.nodes[&status].details["status"] == "terminable" {
            graph.roots = vec![status];
            found += &tree(&graph).to_string();
        }
    }
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/explain/expected/terminable.en.txt");
    assert_text(&file, &found);
}
