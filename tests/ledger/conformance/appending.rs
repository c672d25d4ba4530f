//! What may be appended, where it comes to stand, and what is refused.

use std::sync::Arc;

use serde_json::json;
use standing::ledger::{AppendError, Condition, NewEvent, Query, Recorded};
use standing_projections::Position;
use standing_projections::event::Kind;

use super::{
    Store, all, append, at, complaint, complaints, event, ids, positions, recorded, retraction,
};

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
