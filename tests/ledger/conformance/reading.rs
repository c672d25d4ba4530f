//! What comes back, and in which order.

use serde_json::json;
use standing::ledger::{Head, Key, NewEvent, Query, StoredEvent};
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::{
    Store, all, append, at, complaint, complaints, event, ids, of_body, positions, retraction,
};

pub(crate) async fn an_empty_log_has_nothing(store: &dyn Store) {
    let ledger = store.open().await;
    assert_eq!(ledger.head().await.unwrap(), Head::default());
    assert_eq!(all(&*ledger).await, []);
    assert_eq!(ledger.position_at(Instant::MAX).await.unwrap(), Position(0));
    let key = Key {
        source: "/test",
        id: "1",
    };
    assert_eq!(ledger.find(&[key]).await.unwrap(), [None]);
    assert_eq!(ledger.find(&[]).await.unwrap(), []);
    assert_eq!(ledger.targeting(&[Position(1)]).await.unwrap(), []);
    let nothing = append(&*ledger, &[]).await;
    assert_eq!((nothing.first, nothing.last), (Position(1), Position(0)));
}

pub(crate) async fn a_stored_event_is_what_was_sent_with_its_recorded_time(store: &dyn Store) {
    store.set_clock(at("2015-03-02T00:00:00.5Z"));
    let ledger = store.open().await;
    let body = json!({
        "type": "violation.found", "specversion": "1.0", "id": "é\"\n🙂", "source": "/Test",
        "time": "2015-03-01T08:00:00.25+08:00", "subject": "D1-a", "actor": "p1", "extra": 1.0,
        "data": {"note": "z", "code": "x"},
    });
    append(&*ledger, &[of_body(body)]).await;
    let expected = StoredEvent {
        position: Position(1),
        recordedtime: at("2015-03-02T00:00:00.5Z"),
        time: at("2015-03-01T00:00:00.25Z"),
        kind: Kind::ViolationFound,
        source: "/Test".into(),
        id: "é\"\n🙂".into(),
        subject: "D1-a".into(),
        developer: Some("D1".into()),
        target: None,
        json: concat!(
            r#"{"actor":"p1","data":{"code":"x","note":"z"},"extra":1,"id":"é\"\n🙂","#,
            r#""recordedtime":"2015-03-02T00:00:00.5Z","source":"/Test","specversion":"1.0","#,
            r#""subject":"D1-a","time":"2015-03-01T08:00:00.25+08:00","type":"violation.found"}"#
        )
        .into(),
    };
    assert_eq!(all(&*ledger).await, std::slice::from_ref(&expected));
    // Texts compare by bytes: another case or another composition is another key.
    let keys = ["é\"\n🙂", "É\"\n🙂", "e\u{301}\"\n🙂"].map(|id| Key {
        source: "/Test",
        id,
    });
    assert_eq!(
        ledger.find(&keys).await.unwrap(),
        [Some(expected), None, None]
    );
}

pub(crate) async fn pages_join_up(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..1_000)).await;
    append(&*ledger, &complaints("d2-a", 0..1_000)).await;
    append(&*ledger, &complaints("d1-b", 0..1_000)).await;
    let mut query = Query {
        developer: Some("d1".into()),
        limit: 300,
        ..Query::default()
    };
    let mut read = Vec::new();
    loop {
        let page = positions(&*ledger, query.clone()).await;
        let Some(last) = page.last() else { break };
        query.after = Position(*last);
        read.extend(page);
    }
    assert!(read.into_iter().eq((1..=1_000).chain(2_001..=3_000)));
}

pub(crate) async fn many_kinds_and_subjects_come_in_order_of_position(store: &dyn Store) {
    let ledger = store.open().await;
    let kinds = [
        ("app.delisted", json!({"reason": "r"})),
        ("complaint.received", json!({"class": "strong"})),
        ("violation.found", json!({"code": "c"})),
    ];
    let batch: Vec<NewEvent> = (0..3_000)
        .map(|n| {
            let (kind, data) = &kinds[n % 3];
            event(
                kind,
                &format!("d{}-a", n * 7 % 11),
                data.clone(),
                &n.to_string(),
            )
        })
        .collect();
    append(&*ledger, &batch).await;
    let query = Query {
        kinds: vec![Kind::ViolationFound, Kind::AppDelisted],
        limit: 500,
        ..Query::default()
    };
    let expected = (1..=3_000_u64).filter(|position| position % 3 != 2);
    assert!(
        positions(&*ledger, query)
            .await
            .into_iter()
            .eq(expected.take(500))
    );
    let query = Query {
        subjects: vec!["d3-a".into(), "d1-a".into()],
        ..Query::default()
    };
    let expected = (0..3_000_u64)
        .filter(|n| matches!(n * 7 % 11, 1 | 3))
        .map(|n| n + 1);
    assert!(positions(&*ledger, query).await.into_iter().eq(expected));
}

pub(crate) async fn find_answers_in_the_order_of_the_keys(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..2_000)).await;
    let wanted: Vec<String> = (0..3_000)
        .rev()
        .step_by(3)
        .map(|n| format!("d1-a/{n}"))
        .collect();
    let mut keys: Vec<Key<'_>> = wanted
        .iter()
        .map(|id| Key {
            source: "/test",
            id,
        })
        .collect();
    keys.push(Key {
        source: "/other",
        id: "d1-a/0",
    });
    keys.push(keys[500]);
    let found = ledger.find(&keys).await.unwrap();
    assert_eq!(found.len(), keys.len());
    for (key, found) in keys.iter().zip(&found) {
        let number: u64 = key.id["d1-a/".len()..].parse().unwrap();
        let expected = (number < 2_000 && key.source == "/test").then_some(Position(number + 1));
        assert_eq!(
            found.as_ref().map(|event| event.position),
            expected,
            "{key:?}"
        );
        assert!(found.as_ref().is_none_or(|event| event.id == key.id));
    }
}

pub(crate) async fn events_are_found_by_their_positions(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..5)).await;
    let all = ledger.read(&Query::default()).await.unwrap();
    let events = async |positions: &[u64]| {
        let positions: Vec<Position> = positions.iter().copied().map(Position).collect();
        ledger.events(&positions).await.unwrap()
    };
    assert_eq!(events(&[]).await, []);
    let wanted = [all[1].clone(), all[4].clone()];
    assert_eq!(events(&[5, 2, 99, 0, 5, u64::MAX]).await, wanted);
}

pub(crate) async fn targeting_finds_what_speaks_of_a_position(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..3)).await;
    append(
        &*ledger,
        &[
            retraction("r1", 2),
            retraction("r2", 1),
            retraction("r3", 2),
            retraction("r4", 4),
        ],
    )
    .await;
    let targeting = async |targets: &[u64]| {
        let targets: Vec<Position> = targets.iter().map(|&target| Position(target)).collect();
        ledger.targeting(&targets).await.unwrap()
    };
    assert_eq!(ids(&targeting(&[2, 1]).await), ["r1", "r2", "r3"]);
    assert_eq!(ids(&targeting(&[4]).await), ["r4"]);
    assert_eq!(targeting(&[4]).await[0].target, Some(Position(4)));
    assert_eq!(targeting(&[3, 99]).await, []);
}

pub(crate) async fn position_at_is_the_last_recorded_by_then(store: &dyn Store) {
    let ledger = store.open().await;
    let times = [1, 2, 2, 2, 5, 7, 7];
    for (index, second) in times.into_iter().enumerate() {
        store.set_clock(at(&format!("2016-01-01T00:00:0{second}Z")));
        append(&*ledger, &[complaint("d1-a", &index.to_string())]).await;
    }
    for (known_at, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2016-01-01T00:00:00.999999Z", 0),
        ("2016-01-01T00:00:01Z", 1),
        ("2016-01-01T00:00:01.999999Z", 1),
        ("2016-01-01T00:00:02Z", 4),
        ("2016-01-01T00:00:04Z", 4),
        ("2016-01-01T00:00:05Z", 5),
        ("2016-01-01T00:00:06.999999Z", 5),
        ("2016-01-01T00:00:07Z", 7),
        ("9999-12-31T23:59:59.999999Z", 7),
    ] {
        assert_eq!(
            ledger.position_at(at(known_at)).await.unwrap(),
            Position(expected),
            "{known_at}"
        );
    }
}
