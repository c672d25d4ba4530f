//! What must hold of every explanation.

use std::collections::{BTreeMap, BTreeSet};

use standing_projections::assess;
use standing_projections::explain::{Graph, NodeKind, Subject, tree};
use standing_projections::rulebook::Lang;

use crate::case::{Case, cases};

/// Everything that a node follows from, itself included.
fn behind<'a>(graph: &'a Graph, id: &'a str) -> BTreeSet<&'a str> {
    let (mut found, mut to_do) = (BTreeSet::new(), vec![id]);
    while let Some(id) = to_do.pop() {
        if found.insert(id) {
            to_do.extend(graph.nodes[id].because.iter().map(String::as_str));
        }
    }
    found
}

/// What must hold of every explanation.
fn check(graph: &Graph) {
    for (id, node) in &graph.nodes {
        for because in &node.because {
            assert!(
                graph.nodes.contains_key(because),
                "{id} points at {because}"
            );
        }
        assert!(
            !node.text.is_empty() && !node.text.contains('\n'),
            "{id}: {}",
            node.text
        );
        assert!(!id.ends_with("/missing"), "{}", node.text);
        if matches!(
            node.kind,
            NodeKind::Incident | NodeKind::Sanction | NodeKind::Uncounted
        ) {
            let behind = behind(graph, id);
            let of = |kind| {
                behind
                    .iter()
                    .filter(move |id| graph.nodes[**id].kind == kind)
            };
            assert!(of(NodeKind::Event).next().is_some(), "{id}");
            assert!(of(NodeKind::Rule).next().is_some(), "{id}");
            for rule in of(NodeKind::Rule) {
                assert!(graph.nodes[*rule].details["version"].is_string(), "{rule}");
            }
        }
    }
    // What follows from itself explains nothing: taking away what is explained leaves nothing.
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for because in graph.nodes.values().flat_map(|node| &node.because) {
        *left.entry(because).or_default() += 1;
    }
    let mut to_do: Vec<&str> = graph.roots.iter().map(String::as_str).collect();
    let mut taken = 0;
    while let Some(id) = to_do.pop() {
        taken += 1;
        for because in &graph.nodes[id].because {
            let left = left.get_mut(because.as_str()).unwrap();
            *left -= 1;
            if *left == 0 {
                to_do.push(because);
            }
        }
    }
    assert_eq!(taken, graph.nodes.len(), "a circle");
    let all: BTreeSet<&str> = graph.nodes.keys().map(String::as_str).collect();
    let drawn = tree(graph);
    let drawn: BTreeSet<&str> = drawn.branches().iter().map(|branch| branch.id).collect();
    assert_eq!(drawn, all);
}

#[test]
fn every_explanation_reaches_events_and_clauses_and_nothing_else() {
    let mut dirs: Vec<_> = std::fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    dirs.sort();
    let mut kinds = BTreeSet::new();
    for dir in dirs {
        let case = Case::of(&dir, false);
        for ask in &case.asks {
            for developer in case.history.developers() {
                let id = &developer.id;
                let apps = developer.apps().iter().map(|app| Subject::App(&app.id));
                // An app's explanation is part of its developer's; the last ask shows enough.
                let apps = apps.filter(|_| Some(ask) == case.asks.last());
                for of in apps.chain([Subject::Developer]) {
                    let en = case.explain(id, *ask, of, None, Lang::En);
                    let Some(en) = en else { continue };
                    check(&en);
                    if of != Subject::Developer {
                        continue;
                    }
                    let zh = case.explain(id, *ask, of, None, Lang::Zh).unwrap();
                    assert!(en.nodes.keys().eq(zh.nodes.keys()));
                    for (id, node) in &zh.nodes {
                        let chinese = |c| ('\u{4e00}'..='\u{9fff}').contains(&c);
                        assert!(node.text.contains(chinese), "{id}: {}", node.text);
                        assert_eq!(node.because, en.nodes[id].because);
                    }
                    kinds.extend(en.nodes.values().map(|node| node.kind));
                }
            }
        }
    }
    let unseen: Vec<_> = NodeKind::ALL
        .iter()
        .filter(|k| !kinds.contains(k))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn every_decision_of_a_standing_has_a_node() {
    let case = Case::of(&cases().join("random-01"), false);
    let ask = *case.asks.last().unwrap();
    for developer in case.history.developers() {
        let standing = assess(developer, case.history.names(), &case.timeline, ask);
        let Some(standing) = standing else { continue };
        let graph = case
            .explain(&developer.id, ask, Subject::Developer, None, Lang::En)
            .unwrap();
        let has = |id: String| assert!(graph.nodes.contains_key(&id), "{id}");
        for month in &standing.months {
            has(format!("developer:{}/{}", standing.developer, month.month));
        }
        for app in &standing.apps {
            for month in &app.months {
                let month_id = format!("app:{}/{}", app.app, month.month);
                has(format!("{month_id}/tier"));
                (1..=month.violations.len()).for_each(|n| has(format!("{month_id}/incident:{n}")));
                (1..=month.sanctions.len()).for_each(|n| has(format!("{month_id}/sanction:{n}")));
                let (unclassified, days) = (month.unclassified.len(), month.days.len());
                (1..=unclassified).for_each(|n| has(format!("{month_id}/unclassified:{n}")));
                assert_eq!(days, month.outage_days as usize);
                for day in &month.days {
                    has(format!("{month_id}/outage-day:{}", day.date));
                }
                for position in month.violations.iter().flat_map(|v| &v.evidence) {
                    has(format!("event:{position}"));
                }
            }
            for complaint in &app.uncounted {
                has(format!("app:{}/{}/uncounted", app.app, complaint.month));
                has(format!("event:{}", complaint.position));
            }
            for measure in &app.measures {
                let node = &graph.nodes[&format!("app:{}/measure:{}", app.app, measure.measure)];
                assert_eq!(node.details["in_force"], true);
                assert_eq!(node.details["until"], serde_json::json!(measure.until));
            }
            for condition in &app.certification.conditions {
                has(format!("app:{}/certification/{}", app.app, condition.name));
            }
            (1..=app.obligations.len())
                .for_each(|n| has(format!("app:{}/obligation:{n}", app.app)));
        }
    }
}

#[test]
fn what_a_sender_wrote_cannot_break_a_line() {
    let mut case = Case::of(&cases().join("cascading-overturn"), false);
    case.events[3].id = "e4\n├─ event 5\u{1b}[2K\u{202e}".to_owned();
    let graph = case
        .explain("d1", case.asks[0], Subject::App("a1"), None, Lang::En)
        .unwrap();
    let text = &graph.nodes["event:4"].text;
    assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text}");
}
