//! Every sanction, downgrade and termination of every worked example has one notice, and no notice is
//! without one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::common::cases::{Case, cases};
use super::common::text;

/// What a notice has to be of, as `assess` prints it.
fn to_tell(standing: &Value) -> Vec<Value> {
    let developer = &standing["developer"];
    let mut all = Vec::new();
    for app in standing["apps"].as_array().unwrap() {
        for month in app["months"].as_array().unwrap() {
            for sanction in month["sanctions"].as_array().unwrap() {
                let keys = ["code", "level", "nth", "from", "measures", "fix_by"];
                let mut list = vec![
                    developer.clone(),
                    app["app"].clone(),
                    month["month"].clone(),
                ];
                list.extend(keys.map(|key| sanction[key].clone()));
                all.push(Value::Array(list));
            }
        }
    }
    all
}

/// The same of what is told.
fn told(notice: &Value) -> Value {
    let of = &notice["violation"];
    let measures = notice["measures"].as_array().unwrap().iter();
    let measures: Vec<Value> = measures.map(|m| m["measure"].clone()).collect();
    let due = notice["duties"].as_array().unwrap();
    assert!(due.len() <= 1, "{notice}");
    let due = due.first().map_or(Value::Null, |duty| duty["due"].clone());
    let list = [
        notice["developer"].clone(),
        notice["app"].clone(),
        notice["month"].clone(),
        of["code"].clone(),
        of["level"].clone(),
        of["nth"].clone(),
        notice["at"].clone(),
        Value::Array(measures),
        due,
    ];
    Value::Array(list.to_vec())
}

fn sorted(all: impl IntoIterator<Item = Value>) -> Vec<String> {
    let mut all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    all.sort();
    all
}

#[test]
fn every_sanction_has_exactly_one_notice_and_no_notice_is_without_one() {
    let mut seen = (0, 0);
    for dir in cases() {
        let case = Case::load(dir);
        for ask in case.asks() {
            let mut args = vec!["--as-of", text(ask, "as_of"), "--format", "jsonl"];
            args.extend(
                ask["known_at"]
                    .as_str()
                    .iter()
                    .flat_map(|at| ["--known-at", at]),
            );
            let standings = [&["assess"], &args[..]].concat();
            let standings = case.ledger.run(&standings).good().lines();
            let notices = [&["notices"], &args[..]].concat();
            let notices = case.ledger.run(&notices).good().lines();
            let ids: BTreeSet<&str> = notices.iter().map(|notice| text(notice, "id")).collect();
            assert_eq!(ids.len(), notices.len(), "{}", case.dir.display());
            let of = |kind: &str| {
                let all = notices.iter();
                all.filter(|notice| notice["kind"] == kind)
                    .collect::<Vec<_>>()
            };
            let sanctions = of("sanction");
            assert_eq!(
                sorted(sanctions.iter().map(|notice| told(notice))),
                sorted(standings.iter().flat_map(to_tell)),
                "{} {ask}",
                case.dir.display()
            );
            let months = |wanted: &[&str]| {
                let each = standings.iter().flat_map(|standing| {
                    let months = standing["months"].as_array().unwrap().iter();
                    let outcome = |m: &&Value| wanted.contains(&text(m, "outcome"));
                    let developer = &standing["developer"];
                    let key = move |m: &Value| format!("{developer} {}", m["month"]);
                    months.filter(outcome).map(key)
                });
                each.collect::<BTreeSet<String>>()
            };
            let keys = |kind: &str| {
                let all = of(kind).into_iter();
                let key = |n: &Value| format!("{} {}", n["developer"], n["month"]);
                all.map(key).collect::<BTreeSet<String>>()
            };
            // A month that ended the cooperation had, most often, downgraded before.
            assert!(keys("downgrade").is_superset(&months(&["downgraded"])));
            assert!(months(&["downgraded", "terminated"]).is_superset(&keys("downgrade")));
            assert_eq!(keys("termination"), months(&["terminated"]));
            for notice in &notices {
                assert!(!notice["facts"].as_array().unwrap().is_empty(), "{notice}");
                assert!(!notice["events"].as_array().unwrap().is_empty(), "{notice}");
                assert!(!notice["rules"].as_array().unwrap().is_empty(), "{notice}");
                let cause = &notice["cause"];
                let events = notice["events"].as_array().unwrap();
                assert!(
                    events.iter().any(|event| &event["position"] == cause),
                    "{notice}"
                );
            }
            seen.0 += sanctions.len();
            seen.1 += notices.len() - sanctions.len();
        }
    }
    assert!(seen.0 > 100 && seen.1 > 5, "{seen:?}");
}
