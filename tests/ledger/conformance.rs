//! What every store of the log must do, written against the trait alone.
//!
//! A store's tests say `conformance::suite!(a store)` and get one test for each behaviour here.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use standing::ledger::{
    AppendError, Appended, Condition, Head, Key, Ledger, NewEvent, Query, Recorded, StoredEvent,
};
use standing_projections::event::Kind;
use standing_projections::{Event, Instant, Position};

/// A store to be tested, empty at first, with a clock that tests can set.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// Another handle on the same log.
    async fn open(&self) -> Arc<dyn Ledger>;
    /// Sets the clock of all handles.
    fn set_clock(&self, at: Instant);
}

macro_rules! suite {
    ($store:expr; $($behaviour:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $behaviour() {
            $crate::conformance::$behaviour(&$store).await;
        }
    )+};
    ($store:expr) => {
        $crate::conformance::suite! { $store;
            an_empty_log_has_nothing
            positions_start_at_one_and_have_no_gaps
            a_stored_event_is_what_was_sent_with_its_recorded_time
            a_taken_key_refuses_the_whole_batch
            a_key_twice_in_a_batch_refuses_the_whole_batch
            nothing_new_since_looks_at_every_event
            nothing_new_for_looks_at_subjects_kinds_and_rulebooks
            recorded_times_never_decrease_when_the_clock_goes_back
            trusted_recorded_times_are_kept_and_refused_where_they_decrease
            a_target_must_come_before
            filters_choose_events
            pages_join_up
            many_kinds_and_subjects_come_in_order_of_position
            find_answers_in_the_order_of_the_keys
            targeting_finds_what_speaks_of_a_position
            position_at_is_the_last_recorded_by_then
            two_handles_append_at_once_without_loss_or_gap
            a_log_that_is_opened_again_has_everything
        }
    };
}
pub(crate) use suite;

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// An event from its type, subject, `data` and id.
pub(crate) fn event(kind: &str, subject: &str, data: Value, id: &str) -> NewEvent {
    let body = json!({
        "specversion": "1.0", "type": kind, "source": "/test", "id": id,
        "time": "2015-03-01T08:00:00+08:00", "subject": subject, "data": data,
    });
    of_body(body)
}

pub(crate) fn of_body(body: Value) -> NewEvent {
    let event = Event::from_json(&body).unwrap();
    let Value::Object(body) = body else {
        panic!("an event is an object")
    };
    // In these tests the apps of `d1` are `d1-a`, `d1-b` and so on.
    let developer = match event.kind {
        Kind::RulebookPublished => None,
        _ => event.subject.split('-').next().map(str::to_owned),
    };
    NewEvent {
        event,
        body,
        developer,
        target: None,
    }
}

/// An event that needs no more than an id.
pub(crate) fn complaint(subject: &str, id: &str) -> NewEvent {
    event(
        "complaint.received",
        subject,
        json!({"class": "normal"}),
        id,
    )
}

fn complaints(subject: &str, ids: std::ops::Range<usize>) -> Vec<NewEvent> {
    ids.map(|id| complaint(subject, &format!("{subject}/{id}")))
        .collect()
}

fn at_time(mut new: NewEvent, time: &str) -> NewEvent {
    new.body["time"] = json!(time);
    new.event.time = at(time);
    new
}

fn recorded(mut new: NewEvent, time: &str) -> NewEvent {
    new.body.insert("recordedtime".into(), json!(time));
    new.event.recordedtime = Some(at(time));
    new
}

async fn append(ledger: &dyn Ledger, batch: &[NewEvent]) -> Appended {
    ledger
        .append(batch, Recorded::Now, &Condition::Always)
        .await
        .unwrap()
}

async fn all(ledger: &dyn Ledger) -> Vec<StoredEvent> {
    let query = Query {
        limit: usize::MAX,
        ..Query::default()
    };
    ledger.read(&query).await.unwrap()
}

async fn positions(ledger: &dyn Ledger, query: Query) -> Vec<u64> {
    let events = ledger.read(&query).await.unwrap();
    events.iter().map(|event| event.position.0).collect()
}

fn ids(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

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

pub(crate) async fn positions_start_at_one_and_have_no_gaps(store: &dyn Store) {
    let ledger = store.open().await;
    let mut next = 1;
    // Sizes on both sides of every size in which a store may cut a batch up.
    for (round, size) in [1, 7, 8, 9, 49, 51, 499, 501, 1_237]
        .into_iter()
        .enumerate()
    {
        let appended = append(&*ledger, &complaints(&format!("d{round}-a"), 0..size)).await;
        assert_eq!(appended.first, Position(next));
        next += size as u64;
        assert_eq!(appended.last, Position(next - 1));
        assert_eq!(appended.recordedtimes.len(), size);
        assert_eq!(ledger.head().await.unwrap().position, appended.last);
    }
    let events = all(&*ledger).await;
    assert!(events.iter().map(|event| event.position.0).eq(1..next));
    assert!(
        events[1..8]
            .iter()
            .map(|event| event.id.clone())
            .eq((0..7).map(|n| format!("d1-a/{n}")))
    );
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

pub(crate) async fn a_taken_key_refuses_the_whole_batch(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..3)).await;
    let mut batch = complaints("d2-a", 0..1_200);
    batch[1_001] = complaint("d2-a", "d1-a/2");
    batch[1_100] = complaint("d2-a", "d1-a/0");
    let refused = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await;
    assert!(
        matches!(refused, Err(AppendError::KeyTaken { index: 1_001 })),
        "{refused:?}"
    );
    assert_eq!(all(&*ledger).await.len(), 3);
    // Of another source the same ids are other keys, and nothing of the refused batch is left.
    for new in &mut batch {
        new.body["source"] = json!("/other");
        new.event.source = "/other".into();
    }
    assert_eq!(append(&*ledger, &batch).await.first, Position(4));
    assert_eq!(
        positions(
            &*ledger,
            Query {
                developer: Some("d2".into()),
                limit: 1,
                ..Query::default()
            }
        )
        .await,
        [4]
    );
}

pub(crate) async fn a_key_twice_in_a_batch_refuses_the_whole_batch(store: &dyn Store) {
    let ledger = store.open().await;
    let mut batch = complaints("d1-a", 0..900);
    batch[700] = complaint("d1-b", "d1-a/3");
    let refused = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await;
    assert!(
        matches!(refused, Err(AppendError::KeyTaken { index: 700 })),
        "{refused:?}"
    );
    assert_eq!(ledger.head().await.unwrap().position, Position(0));
}

pub(crate) async fn nothing_new_since_looks_at_every_event(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..2)).await;
    let one = [complaint("d2-a", "1")];
    let refused = ledger
        .append(
            &one,
            Recorded::Now,
            &Condition::NothingNewSince(Position(1)),
        )
        .await;
    let Err(AppendError::ConditionFailed { head }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(head, ledger.head().await.unwrap());
    let condition = Condition::NothingNewSince(head.position);
    let appended = ledger
        .append(&one, Recorded::Now, &condition)
        .await
        .unwrap();
    assert_eq!(appended.first, Position(3));
}

pub(crate) async fn nothing_new_for_looks_at_subjects_kinds_and_rulebooks(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..2)).await;
    append(
        &*ledger,
        &[event("app.delisted", "d2-a", json!({"reason": "r"}), "3")],
    )
    .await;
    let holds = async |since: u64, subjects: &[&str], kinds: &[Kind]| {
        let condition = Condition::NothingNewFor {
            since: Position(since),
            subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(),
            kinds: kinds.to_vec(),
        };
        match ledger.append(&[], Recorded::Now, &condition).await {
            Ok(_) => true,
            Err(AppendError::ConditionFailed { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    };
    for (since, subjects, kinds, expected) in [
        (0, vec!["d1-a"], vec![], false),
        (1, vec!["d1-a"], vec![], false),
        (2, vec!["d1-a"], vec![], true),
        (2, vec!["d1-a", "d2-a"], vec![], false),
        (3, vec!["d1-a", "d2-a"], vec![], true),
        (0, vec!["d3-a"], vec![], true),
        (0, vec![], vec![], true),
        (0, vec!["d1-a"], vec![Kind::AppDelisted], true),
        (0, vec!["d1-a", "d2-a"], vec![Kind::AppDelisted], false),
        (
            0,
            vec!["d2-a"],
            vec![Kind::ViolationFound, Kind::AppDelisted],
            false,
        ),
        (0, vec!["d2-a"], vec![Kind::ViolationFound], true),
    ] {
        assert_eq!(
            holds(since, &subjects, &kinds).await,
            expected,
            "{since} {subjects:?} {kinds:?}"
        );
    }
    let rulebook = json!({"version": "1", "toml": "", "sha256": ""});
    append(
        &*ledger,
        &[event("rulebook.published", "rules", rulebook, "4")],
    )
    .await;
    assert!(!holds(3, &["d3-a"], &[Kind::AppDelisted]).await);
    assert!(holds(4, &["d3-a"], &[Kind::AppDelisted]).await);
}

pub(crate) async fn recorded_times_never_decrease_when_the_clock_goes_back(store: &dyn Store) {
    let ledger = store.open().await;
    let (early, late) = (at("2015-03-01T00:00:00Z"), at("2015-03-02T00:00:00Z"));
    for (id, clock, expected) in [
        ("1", late, late),
        ("2", early, late),
        ("3", late.next(), late.next()),
    ] {
        store.set_clock(clock);
        let appended = append(&*ledger, &[complaint("d1-a", id)]).await;
        assert_eq!(appended.recordedtimes, [expected]);
        assert_eq!(ledger.head().await.unwrap().recordedtime, Some(expected));
    }
}

pub(crate) async fn trusted_recorded_times_are_kept_and_refused_where_they_decrease(
    store: &dyn Store,
) {
    store.set_clock(at("2020-01-01T00:00:00Z"));
    let ledger = store.open().await;
    let batch = |times: &[&str]| -> Vec<NewEvent> {
        let one = |time: &&str| recorded(complaint("d1-a", time), time);
        times.iter().map(one).collect()
    };
    let trusted = async |batch: Vec<NewEvent>| {
        ledger
            .append(&batch, Recorded::Trusted, &Condition::Always)
            .await
    };
    let first = batch(&[
        "2014-01-01T00:00:00Z",
        "2014-01-02T00:00:00Z",
        "2014-01-02T00:00:00.000000Z",
    ]);
    let times = trusted(first).await.unwrap().recordedtimes;
    assert_eq!(
        times,
        [
            "2014-01-01T00:00:00Z",
            "2014-01-02T00:00:00Z",
            "2014-01-02T00:00:00Z"
        ]
        .map(at)
    );
    // The instant is printed as the ledger prints instants, however it was sent.
    assert!(
        all(&*ledger).await[2]
            .json
            .contains(r#""recordedtime":"2014-01-02T00:00:00Z""#)
    );

    let back = trusted(batch(&[
        "2014-01-03T00:00:00Z",
        "2014-01-02T23:59:59.999999Z",
    ]))
    .await;
    assert!(
        matches!(back, Err(AppendError::RecordedTimeDecreases { index: 1 })),
        "{back:?}"
    );
    let back = trusted(batch(&["2014-01-01T23:59:59Z"])).await;
    assert!(
        matches!(back, Err(AppendError::RecordedTimeDecreases { index: 0 })),
        "{back:?}"
    );
    assert_eq!(ledger.head().await.unwrap().position, Position(3));

    // An event that brings none takes the clock's; an ordinary append does not look at what is brought.
    let times = trusted(vec![complaint("d1-a", "none")])
        .await
        .unwrap()
        .recordedtimes;
    assert_eq!(times, [at("2020-01-01T00:00:00Z")]);
    let times = append(&*ledger, &batch(&["2013-01-01T00:00:00Z"]))
        .await
        .recordedtimes;
    assert_eq!(times, [at("2020-01-01T00:00:00Z")]);
}

pub(crate) async fn a_target_must_come_before(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..2)).await;
    let batch = [complaint("d1-a", "x"), retraction("y", 4)];
    let refused = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await;
    assert!(
        matches!(
            refused,
            Err(AppendError::TargetNotBefore {
                index: 1,
                target: Position(4)
            })
        ),
        "{refused:?}"
    );
    append(&*ledger, &[complaint("d1-a", "x"), retraction("y", 3)]).await;
}

fn retraction(id: &str, target: u64) -> NewEvent {
    let data = json!({"event": {"id": "any"}, "reason": "r"});
    let mut new = event("event.retracted", "d1-a", data, id);
    new.target = Some(Position(target));
    new
}

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

pub(crate) async fn two_handles_append_at_once_without_loss_or_gap(store: &dyn Store) {
    let handles = [store.open().await, store.open().await];
    let tasks: Vec<_> = (0..8)
        .map(|task: usize| {
            let ledger = Arc::clone(&handles[task % 2]);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for round in 0..10 {
                    let batch = complaints(&format!("d{task}-{round}"), 0..3);
                    let appended = append(&*ledger, &batch).await;
                    taken.push((appended.first.0, appended.last.0));
                    // Who appends sees it at once, and everything before it.
                    let head = ledger.head().await.unwrap().position;
                    assert!(head >= appended.last);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    taken.sort_unstable();
    assert!(
        taken
            .into_iter()
            .eq((0..80).map(|n| (n * 3 + 1, n * 3 + 3)))
    );
    let events = all(&*handles[1]).await;
    assert!(events.iter().map(|event| event.position.0).eq(1..=240));
    assert!(events.is_sorted_by_key(|event| event.recordedtime));
    let mut ids = ids(&events);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 240);
}

pub(crate) async fn a_log_that_is_opened_again_has_everything(store: &dyn Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..100)).await;
    append(&*ledger, &[retraction("r", 7)]).await;
    let before = all(&*ledger).await;
    drop(ledger);
    let ledger = store.open().await;
    assert_eq!(all(&*ledger).await, before);
    let appended = append(&*ledger, &complaints("d1-b", 0..1)).await;
    assert_eq!(appended.first, Position(102));
    assert!(appended.recordedtimes[0] >= before[100].recordedtime);
}
