//! The tree over the log, and what is private beside it.

use serde_json::{Value, json};
use standing::ledger::tree::{Edge, Hash, TreeHead, verify};
use standing::ledger::{AppendError, Condition, Ledger, NewEvent, Recorded, Replica};
use standing_projections::Position;

use super::{Store, all, append, complaint, complaints, event, of_body};

/// The tree of the log as RFC 6962 defines it, from nothing but the leaves.
async fn tree(ledger: &dyn Ledger) -> TreeHead {
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [leaf] => *leaf,
            leaves => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                Hash::of_node(root(left), root(right))
            }
        }
    }
    let log = all(ledger).await;
    let leaves: Vec<Hash> = log
        .iter()
        .map(|event| Hash::of_leaf(event.json.as_bytes()))
        .collect();
    TreeHead {
        size: leaves.len() as u64,
        root: root(&leaves),
    }
}

pub(crate) async fn every_append_is_proved_at_once_and_later(store: &impl Store) {
    let ledger = store.open().await;
    let other = store.open().await;
    let mut heads = vec![TreeHead::empty()];
    let mut from = 0;
    for (turn, count) in [1, 2, 250, 3, 1, 600, 300, 1].into_iter().enumerate() {
        let ledger = if turn % 3 == 2 { &other } else { &ledger };
        let appended = append(&**ledger, &complaints("d1-a", from..from + count)).await;
        let head = appended.tree.head();
        assert_eq!(head, tree(&**ledger).await);
        let log = all(&**ledger).await;
        for position in [appended.first, appended.last] {
            let leaf = Hash::of_leaf(log[position.0 as usize - 1].json.as_bytes());
            let path = appended.inclusion(position).unwrap();
            verify::inclusion(leaf, position.0 - 1, head, &path).unwrap();
        }
        assert_eq!(appended.inclusion(Position(appended.first.0 - 1)), None);
        assert_eq!(appended.inclusion(Position(appended.last.0 + 1)), None);
        heads.push(head);
        from += count;
    }
    let head = *heads.last().unwrap();
    let log = all(&*ledger).await;
    for index in (0..head.size).step_by(37) {
        let tiles = ledger.tiles(head.size, &[index]).await.unwrap();
        assert_eq!(tiles.head(), Some(head));
        let leaf = Hash::of_leaf(log[index as usize].json.as_bytes());
        verify::inclusion(leaf, index, head, &tiles.inclusion(index).unwrap()).unwrap();
    }
    for older in &heads[1..] {
        let tiles = ledger.tiles(head.size, &[older.size - 1]).await.unwrap();
        let path = tiles.consistency(older.size).unwrap();
        verify::consistency(*older, head, &path).unwrap();
    }
}

pub(crate) async fn the_stored_hashes_are_those_of_the_tree(store: &impl Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..1_000)).await;
    let leaves = ledger.hashes(0, 0, u64::MAX).await.unwrap();
    let rows = ledger.rows(Position(0), usize::MAX).await.unwrap();
    assert_eq!((leaves.len(), rows.len()), (1_000, 1_000));
    for ((index, leaf), row) in leaves.iter().enumerate().zip(&rows) {
        assert_eq!(row.position, index as i64 + 1);
        assert_eq!(*leaf, Hash::of_leaf(row.json.as_bytes()));
        assert_eq!(row.hash, leaf.0);
    }
    assert_eq!(ledger.hashes(0, 998, 10).await.unwrap(), leaves[998..]);
    assert_eq!(ledger.hashes(0, 5, 3).await.unwrap(), leaves[5..8]);
    assert_eq!(ledger.hashes(0, 1_000, 1).await.unwrap(), []);
    let mut edge = Edge::default();
    let entries: Vec<Hash> = edge
        .grow(&leaves)
        .entries()
        .map(|entry| entry.hash)
        .collect();
    assert_eq!(ledger.hashes(1, 0, 256).await.unwrap(), entries);
    assert_eq!(entries.len(), 3);
    assert_eq!(ledger.hashes(2, 0, 256).await.unwrap(), []);
    assert_eq!(ledger.integrity().await.unwrap(), Vec::<String>::new());
}

fn private(subject: &str, id: &str, content: Value) -> NewEvent {
    let NewEvent { mut body, .. } = complaint(subject, id);
    body.insert("private".into(), content);
    of_body(Value::Object(body))
}

fn erasure(subject: &str, id: &str, target: u64) -> NewEvent {
    let data = json!({"event": {"id": "any"}, "reason": "asked for"});
    let mut new = event("private.erased", subject, data, id);
    new.target = Some(Position(target));
    new
}

pub(crate) async fn what_is_private_is_kept_beside_the_log_until_it_is_erased(store: &impl Store) {
    let ledger = store.open().await;
    let content = json!({"name": "Li Lei", "phone": "13800000000", "a": [1, 2.50]});
    let batch = [
        private("d1-a", "1", content.clone()),
        complaint("d1-a", "2"),
        private("d1-a", "3", content.clone()),
        private("d1-a", "4", json!({})),
    ];
    append(&*ledger, &batch).await;
    let positions = [4, 1, 2, 3, 9].map(Position);
    let kept = ledger.private(&positions).await.unwrap();
    let texts = kept
        .iter()
        .map(|kept| kept.as_ref().map(|kept| kept.content.as_str()));
    let text = r#"{"a":[1,2.5],"name":"Li Lei","phone":"13800000000"}"#;
    let expected = [Some("{}"), Some(text), None, Some(text), None];
    assert_eq!(texts.collect::<Vec<_>>(), expected);

    let log = all(&*ledger).await;
    let leaf = |position: usize| serde_json::from_str::<Value>(&log[position - 1].json).unwrap();
    let (first, third) = (kept[1].clone().unwrap(), kept[3].clone().unwrap());
    assert_eq!(leaf(1)["private"], first.commitment());
    assert_eq!(leaf(3)["private"], third.commitment());
    assert_ne!(first.key, third.key);
    assert_eq!(leaf(2).get("private"), None);
    assert!(!log.iter().any(|event| event.json.contains("Li Lei")));

    // The erasure and what it erases are one: the log says it, and it is so.
    let before = tree(&*ledger).await;
    let erased = append(&*ledger, &[erasure("d1-a", "e", 1)]).await;
    let kept = ledger.private(&positions).await.unwrap();
    assert!(kept[1].is_none() && kept[3].is_some());
    let tiles = ledger.tiles(5, &[3]).await.unwrap();
    let path = tiles.consistency(before.size).unwrap();
    verify::consistency(before, erased.tree.head(), &path).unwrap();
    // Again, or where there was nothing, it is an event like any other.
    append(
        &*ledger,
        &[erasure("d1-a", "f", 1), erasure("d1-a", "g", 2)],
    )
    .await;
    ledger.scrub().await.unwrap();
    assert_eq!(ledger.head().await.unwrap().position, Position(7));
}

pub(crate) async fn a_refused_erasure_erases_nothing(store: &impl Store) {
    let ledger = store.open().await;
    append(&*ledger, &[private("d1-a", "1", json!({"name": "Li Lei"}))]).await;
    let batch = [erasure("d1-a", "2", 1), complaint("d1-a", "1")];
    let refused = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await;
    assert!(matches!(refused, Err(AppendError::KeyTaken { index: 1 })));
    assert!(ledger.private(&[Position(1)]).await.unwrap()[0].is_some());
}

pub(crate) async fn a_log_is_copied_as_it_is(store: &impl Store, target: &impl Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..300)).await;
    store.set_clock(super::at("2016-01-01T00:00:00.5Z"));
    append(&*ledger, &[private("d1-a", "p", json!({"name": "Li Lei"}))]).await;
    append(&*ledger, &[super::retraction("r", 7)]).await;
    let events = all(&*ledger).await;
    let with = ledger.private(&[Position(301)]).await.unwrap();

    let copy = target.open().await;
    let replicas = |range: std::ops::Range<usize>| -> Vec<Replica> {
        let events = events[range].iter().cloned();
        events
            .map(|event| Replica {
                private: with[0].clone().filter(|_| event.position == Position(301)),
                event,
            })
            .collect()
    };
    copy.replicate(replicas(0..100)).await.unwrap();
    for (range, head) in [(101..200, 100), (50..150, 100)] {
        let refused = copy.replicate(replicas(range)).await;
        assert!(
            matches!(&refused, Err(AppendError::ConditionFailed { head: at }) if at.position.0 == head),
            "{refused:?}"
        );
    }
    let copied = copy.replicate(replicas(100..302)).await.unwrap();
    assert_eq!(all(&*copy).await, events);
    assert_eq!(copied.tree.head(), tree(&*ledger).await);
    assert_eq!(copy.private(&[Position(301)]).await.unwrap(), with);
    assert_eq!(
        copy.rows(Position(0), 1_000).await.unwrap(),
        ledger.rows(Position(0), 1_000).await.unwrap()
    );
}

pub(crate) async fn checkpoints_are_kept(store: &impl Store) {
    let ledger = store.open().await;
    assert_eq!(ledger.checkpoints(0, 10).await.unwrap(), []);
    for size in [7, 3, 12] {
        let note = format!("note of {size}");
        ledger.keep_checkpoint(size, &note).await.unwrap();
        ledger.keep_checkpoint(size, "another").await.unwrap();
    }
    let kept = |size: u64| (size, format!("note of {size}"));
    let all = ledger.checkpoints(0, 10).await.unwrap();
    assert_eq!(all, [kept(3), kept(7), kept(12)]);
    assert_eq!(ledger.checkpoints(4, 1).await.unwrap(), [kept(7)]);
    assert_eq!(
        store.open().await.checkpoints(8, 9).await.unwrap(),
        [kept(12)]
    );
}
