//! Appends that come at once: each has its own outcome.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use standing::ledger::{AppendError, Condition, Ledger, NewEvent, Recorded};
use standing::proof::check::{Finding, HeldTo, Problem, check};
use standing_projections::Position;

use super::{Store, all, append, complaint, complaints, event, recorded, retraction};

type Asked = (Vec<NewEvent>, Recorded, Condition);

/// Asks for all at once, each in a task of its own.
async fn at_once(
    ledger: &Arc<dyn Ledger>,
    asked: Vec<Asked>,
) -> Vec<Result<standing::ledger::Appended, AppendError>> {
    let tasks: Vec<_> = asked
        .into_iter()
        .map(|(batch, recorded, condition)| {
            let ledger = Arc::clone(ledger);
            tokio::spawn(async move { ledger.append(&batch, recorded, &condition).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

pub(crate) async fn appends_at_once_have_each_its_own_outcome(store: &impl Store) {
    let ledger = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..10)).await;
    let good = |n: usize| {
        let batch = complaints("d2-a", n * 3..n * 3 + 1 + n % 3);
        (batch, Recorded::Now, Condition::Always)
    };
    let taken = |n: usize| {
        let batch = vec![
            complaint("d1-a", &format!("new/{n}")),
            complaint("d1-a", "d1-a/3"),
        ];
        (batch, Recorded::Now, Condition::Always)
    };
    let late = |n: usize| {
        let batch = vec![complaint("d1-b", &format!("late/{n}"))];
        (
            batch,
            Recorded::Now,
            Condition::NothingNewSince(Position(9)),
        )
    };
    let early = |n: usize| {
        let batch = vec![recorded(
            complaint("d1-b", &format!("early/{n}")),
            "1999-01-01T00:00:00Z",
        )];
        (batch, Recorded::Trusted, Condition::Always)
    };
    let ahead = |n: usize| {
        let batch = vec![retraction(&format!("ahead/{n}"), 1_000_000)];
        (batch, Recorded::Now, Condition::Always)
    };
    let asked = (0..60).flat_map(|n| [good(n), taken(n), late(n), early(n), ahead(n)]);
    let asked: Vec<Asked> = asked.collect();
    let outcomes = at_once(&ledger, asked.clone()).await;

    let log = all(&*ledger).await;
    let mut next = BTreeSet::from_iter(11..=log.len() as u64);
    for ((batch, ..), outcome) in asked.iter().zip(outcomes) {
        match (batch[0].event.id.split('/').next().unwrap(), outcome) {
            ("d2-a", Ok(appended)) => {
                let positions = appended.first.0..=appended.last.0;
                assert_eq!(positions.clone().count(), batch.len());
                for (position, new) in positions.zip(batch) {
                    assert!(next.remove(&position), "{position} twice");
                    assert_eq!(log[position as usize - 1].id, new.event.id);
                }
            }
            ("new", Err(AppendError::KeyTaken { index: 1 }))
            | ("late", Err(AppendError::ConditionFailed { .. }))
            | ("early", Err(AppendError::RecordedTimeDecreases { index: 0 }))
            | ("ahead", Err(AppendError::TargetNotBefore { index: 0, .. })) => {}
            (what, outcome) => panic!("{what}: {outcome:?}"),
        }
    }
    assert!(next.is_empty(), "in the log and nobody's: {next:?}");
}

pub(crate) async fn of_appends_at_once_with_one_key_one_is_taken(store: &impl Store) {
    let ledger = store.open().await;
    let other = store.open().await;
    for round in 0..20 {
        let one = complaint("d1-a", &format!("the same/{round}"));
        let asked = |_| (vec![one.clone()], Recorded::Now, Condition::Always);
        let here: Vec<Asked> = (0..8).map(asked).collect();
        let there: Vec<Asked> = (0..8).map(asked).collect();
        let (here, there) = tokio::join!(at_once(&ledger, here), at_once(&other, there));
        let (appended, refused): (Vec<_>, Vec<_>) =
            here.into_iter().chain(there).partition(Result::is_ok);
        assert_eq!(appended.len(), 1);
        for refused in refused {
            assert!(matches!(refused, Err(AppendError::KeyTaken { index: 0 })));
        }
    }
    assert_eq!(all(&*ledger).await.len(), 20);
}

pub(crate) async fn of_decisions_at_once_on_one_state_one_is_taken(store: &impl Store) {
    let ledger = store.open().await;
    let other = store.open().await;
    append(&*ledger, &complaints("d1-a", 0..3)).await;
    let step = |n: usize, subject: &str| {
        let new = event(
            "review.submitted",
            subject,
            json!({"stage": "copy"}),
            &format!("{subject}/{n}"),
        );
        let condition = Condition::NothingNewFor {
            since: Position(3),
            subjects: vec![subject.to_owned()],
            kinds: vec![new.event.kind],
        };
        (vec![new], Recorded::Now, condition)
    };
    let asked = |from: usize| -> Vec<Asked> {
        (from..from + 20)
            .flat_map(|n| [step(n, "d1-a"), step(n, "d1-b")])
            .collect()
    };
    let (here, there) = tokio::join!(at_once(&ledger, asked(0)), at_once(&other, asked(20)));
    let appended = here.iter().chain(&there).filter(|outcome| outcome.is_ok());
    assert_eq!(appended.count(), 2);
    let log = all(&*ledger).await;
    let subjects: BTreeSet<_> = log[3..]
        .iter()
        .map(|event| event.subject.as_str())
        .collect();
    assert_eq!(subjects, BTreeSet::from(["d1-a", "d1-b"]));
}

pub(crate) async fn an_append_whose_caller_has_gone_harms_nobody(store: &impl Store) {
    let ledger = store.open().await;
    let mut tasks = Vec::new();
    for n in 0..200 {
        let ledger = Arc::clone(&ledger);
        tasks.push(tokio::spawn(async move {
            let batch = complaints("d1-a", n * 2..n * 2 + 2);
            ledger
                .append(&batch, Recorded::Now, &Condition::Always)
                .await
        }));
    }
    for gone in tasks.iter().step_by(2) {
        gone.abort();
    }
    for kept in tasks.into_iter().skip(1).step_by(2) {
        kept.await.unwrap().unwrap();
    }
    append(&*ledger, &complaints("d2-a", 0..2)).await;
    let log = all(&*ledger).await;
    let ids: BTreeSet<&str> = log.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), log.len());
    // Whole or not at all.
    for n in 0..200 {
        let [first, second] =
            [n * 2, n * 2 + 1].map(|n| ids.contains(format!("d1-a/{n}").as_str()));
        assert_eq!(first, second);
        assert!(first || n % 2 == 0);
    }
}

pub(crate) async fn what_was_asked_for_before_the_end_is_answered(store: &impl Store) {
    let ledger = store.open().await;
    let asked = (0..50).map(|n| {
        let batch = vec![complaint("d1-a", &format!("{n}"))];
        (batch, Recorded::Now, Condition::Always)
    });
    let outcomes = at_once(&ledger, asked.collect());
    let (outcomes, ()) = tokio::join!(outcomes, async {
        tokio::task::yield_now().await;
        ledger.close().await;
    });
    let appended = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    for outcome in &outcomes {
        assert!(
            matches!(outcome, Ok(_) | Err(AppendError::Store(_))),
            "{outcome:?}"
        );
    }
    let again = store.open().await;
    assert_eq!(all(&*again).await.len(), appended);
}

/// A handle that has been alone appends without asking first where the log ends.
pub(crate) async fn who_writes_alone_notices_that_another_does(store: &impl Store) {
    let ledger = store.open().await;
    let other = store.open().await;
    let mut expected = Vec::new();
    for round in 0..6 {
        // Long enough to be alone, and past the end of a tile.
        for n in 0..50 {
            let id = format!("here/{round}/{n}");
            append(&*ledger, &[complaint("d1-a", &id)]).await;
            expected.push(id);
        }
        let id = format!("there/{round}");
        append(&*other, &[complaint("d1-b", &id)]).await;
        expected.push(id);

        let refused = |condition, id: &str| (vec![complaint("d1-a", id)], Recorded::Now, condition);
        let head = Position(expected.len() as u64);
        let before = Position(head.0 - 1);
        let asked = match round % 3 {
            // Each is judged by the log as it is, not as this handle has left it.
            0 => refused(Condition::Exactly(before), "refused"),
            1 => refused(Condition::NothingNewSince(before), "refused"),
            _ => refused(Condition::Always, &format!("there/{round}")),
        };
        let outcome = at_once(&ledger, vec![asked]).await.remove(0);
        match outcome {
            Err(AppendError::ConditionFailed { head: found }) if round % 3 < 2 => {
                assert_eq!(found.position, head);
            }
            Err(AppendError::KeyTaken { index: 0 }) if round % 3 == 2 => {}
            outcome => panic!("{round}: {outcome:?}"),
        }
        let id = format!("exactly/{round}");
        let asked = refused(Condition::Exactly(head), &id);
        at_once(&ledger, vec![asked]).await.remove(0).unwrap();
        expected.push(id);
    }
    let log = all(&*other).await;
    assert!(log.iter().map(|event| &event.id).eq(&expected));
    assert!(
        log.iter()
            .map(|event| event.position.0)
            .eq(1..=log.len() as u64)
    );
    let checked = check(&other, &HeldTo::default(), |_| {}).await.unwrap();
    // The apps are nobody's, so no event says whose they are.
    let stray = |found: &&Finding| !matches!(&found.problem, Problem::Column { column, .. } if *column == "developer");
    assert_eq!(checked.findings.kept().iter().find(stray), None);
    assert_eq!(
        checked.tree.map(|tree| tree.size),
        Some(expected.len() as u64)
    );
}

/// The queue has room for 64 MiB. One batch that alone has more is taken, and so is all that waits
/// behind it.
pub(crate) async fn more_than_the_queue_holds_is_appended(store: &impl Store) {
    let ledger = store.open().await;
    let long = "x".repeat(60_000);
    let large = |from: usize, count: usize| -> Vec<NewEvent> {
        let new = |n| {
            let data = json!({"class": "normal", "reason": long});
            event("complaint.received", "d1-a", data, &format!("large/{n}"))
        };
        (from..from + count).map(new).collect()
    };
    let always = |batch| (batch, Recorded::Now, Condition::Always);
    let mut asked = vec![always(large(0, 1_200))];
    asked.extend((0..8).map(|n| always(large(1_200 + n * 150, 150))));
    asked.extend((0..20).map(|n| always(vec![complaint("d1-b", &format!("small/{n}"))])));
    let outcomes = at_once(&ledger, asked).await;
    let events: u64 = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().unwrap())
        .map(|appended| appended.last.0 - appended.first.0 + 1)
        .sum();
    assert_eq!(events, 2_420);
    assert_eq!(ledger.head().await.unwrap().position, Position(2_420));
}
