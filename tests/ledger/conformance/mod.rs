//! What every store of the log must do, written against the trait alone.
//!
//! A store's tests say `conformance::suite!(Some(a store))` and get one test for each behaviour
//! here; without a store, each is skipped.

mod appending;
mod filters;
mod grouping;
mod proving;
mod reading;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use standing::ledger::{Appended, Condition, Ledger, NewEvent, Query, Recorded, StoredEvent};
use standing_projections::event::Kind;
use standing_projections::{Event, Instant, Position};

pub(crate) use appending::*;
pub(crate) use filters::*;
pub(crate) use grouping::*;
pub(crate) use proving::*;
pub(crate) use reading::*;

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
            let Some(store) = $store else { return };
            $crate::conformance::$behaviour(&store).await;
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
            events_are_found_by_their_positions
            targeting_finds_what_speaks_of_a_position
            position_at_is_the_last_recorded_by_then
            two_handles_append_at_once_without_loss_or_gap
            a_log_that_is_opened_again_has_everything
            appends_at_once_have_each_its_own_outcome
            of_appends_at_once_with_one_key_one_is_taken
            of_decisions_at_once_on_one_state_one_is_taken
            who_writes_alone_notices_that_another_does
            more_than_the_queue_holds_is_appended
            an_append_whose_caller_has_gone_harms_nobody
            what_was_asked_for_before_the_end_is_answered
            every_append_is_proved_at_once_and_later
            the_stored_hashes_are_those_of_the_tree
            what_is_private_is_kept_beside_the_log_until_it_is_erased
            a_refused_erasure_erases_nothing
            checkpoints_are_kept
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn a_log_is_copied_as_it_is() {
            let (Some(from), Some(to)) = ($store, $store) else {
                return;
            };
            $crate::conformance::a_log_is_copied_as_it_is(&from, &to).await;
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

fn retraction(id: &str, target: u64) -> NewEvent {
    let data = json!({"event": {"id": "any"}, "reason": "r"});
    let mut new = event("event.retracted", "d1-a", data, id);
    new.target = Some(Position(target));
    new
}
