//! Which events a query chooses.

use serde_json::json;
use standing::ledger::Query;
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::{Store, append, at, at_time, complaint, event, positions};

pub(crate) async fn filters_choose_events(store: &dyn Store) {
    let ledger = store.open().await;
    for (day, new) in [
        (1, complaint("d1", "1")),
        (2, complaint("d1-a", "2")),
        (
            3,
            event("app.delisted", "d1-b", json!({"reason": "r"}), "3"),
        ),
        (4, complaint("d2-a", "4")),
        (
            4,
            event(
                "rulebook.published",
                "d1",
                json!({"version": "1", "toml": "", "sha256": ""}),
                "5",
            ),
        ),
        (6, complaint("d1-b", "6")),
    ] {
        store.set_clock(at(&format!("2016-01-0{day}T00:00:00Z")));
        // Things are recorded in the opposite order of their happening.
        let new = at_time(new, &format!("2015-01-0{}T00:00:00Z", 9 - day));
        append(&*ledger, &[new]).await;
    }
    let query = Query::default;
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|&t| t.to_owned()).collect() };
    for (query, expected) in [
        (query(), vec![1, 2, 3, 4, 5, 6]),
        (
            Query {
                after: Position(4),
                ..query()
            },
            vec![5, 6],
        ),
        (
            Query {
                after: Position(6),
                ..query()
            },
            vec![],
        ),
        (
            Query {
                after: Position(u64::MAX),
                ..query()
            },
            vec![],
        ),
        (
            Query {
                up_to: Some(Position(2)),
                ..query()
            },
            vec![1, 2],
        ),
        (
            Query {
                up_to: Some(Position(0)),
                ..query()
            },
            vec![],
        ),
        (
            Query {
                up_to: Some(Position(u64::MAX)),
                ..query()
            },
            vec![1, 2, 3, 4, 5, 6],
        ),
        (
            Query {
                after: Position(1),
                up_to: Some(Position(5)),
                limit: 2,
                ..query()
            },
            vec![2, 3],
        ),
        (
            Query {
                limit: 0,
                ..query()
            },
            vec![],
        ),
        (
            Query {
                subjects: texts(&["d1-b", "d2-a", "none"]),
                ..query()
            },
            vec![3, 4, 6],
        ),
        (
            Query {
                subjects: texts(&["d1"]),
                ..query()
            },
            vec![1, 5],
        ),
        (
            Query {
                subjects: texts(&["d1-b"]),
                limit: 1,
                ..query()
            },
            vec![3],
        ),
        (
            Query {
                developer: Some("d1".into()),
                ..query()
            },
            vec![1, 2, 3, 6],
        ),
        (
            Query {
                developer: Some("d1".into()),
                after: Position(2),
                up_to: Some(Position(5)),
                ..query()
            },
            vec![3],
        ),
        (
            Query {
                developer: Some("d1-a".into()),
                ..query()
            },
            vec![],
        ),
        (
            Query {
                developer: Some("d1".into()),
                subjects: texts(&["d1-b", "d2-a"]),
                ..query()
            },
            vec![3, 6],
        ),
        (
            Query {
                kinds: vec![Kind::AppDelisted, Kind::RulebookPublished],
                ..query()
            },
            vec![3, 5],
        ),
        (
            Query {
                kinds: vec![Kind::ViolationFound],
                ..query()
            },
            vec![],
        ),
        (
            Query {
                kinds: vec![Kind::ComplaintReceived],
                developer: Some("d1".into()),
                ..query()
            },
            vec![1, 2, 6],
        ),
        (
            Query {
                from: Some(at("2015-01-06T00:00:00Z")),
                ..query()
            },
            vec![1, 2, 3],
        ),
        (
            Query {
                from: Some(at("2015-01-06T00:00:00.000001Z")),
                ..query()
            },
            vec![1, 2],
        ),
        (
            Query {
                to: Some(at("2015-01-06T00:00:00Z")),
                ..query()
            },
            vec![4, 5, 6],
        ),
        (
            Query {
                from: Some(at("2015-01-05T00:00:00Z")),
                to: Some(at("2015-01-07T00:00:00Z")),
                developer: Some("d1".into()),
                ..query()
            },
            vec![3],
        ),
        (
            Query {
                recorded_from: Some(at("2016-01-04T00:00:00Z")),
                ..query()
            },
            vec![4, 5, 6],
        ),
        (
            Query {
                recorded_from: Some(at("2016-01-04T00:00:00.000001Z")),
                ..query()
            },
            vec![6],
        ),
        (
            Query {
                recorded_from: Some(Instant::MIN),
                recorded_to: Some(Instant::MIN),
                ..query()
            },
            vec![],
        ),
        (
            Query {
                recorded_to: Some(at("2016-01-04T00:00:00Z")),
                ..query()
            },
            vec![1, 2, 3],
        ),
        (
            Query {
                recorded_to: Some(at("2016-01-04T00:00:00.000001Z")),
                kinds: vec![Kind::ComplaintReceived],
                ..query()
            },
            vec![1, 2, 4],
        ),
    ] {
        assert_eq!(
            positions(&*ledger, query.clone()).await,
            expected,
            "{query:?}"
        );
    }
}
