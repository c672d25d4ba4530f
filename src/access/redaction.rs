//! What a developer is shown of an event: what happened, not who said so.
//!
//! What may be shown is listed, and all else is left out, so that an attribute that is added one day is
//! hidden until somebody decides about it.

use serde_json::{Map, Value, json};
use standing_projections::Position;
use standing_projections::event::Kind;

/// The attributes that say nothing of who sent an event.
const SHOWN: [&str; 6] = [
    "specversion",
    "type",
    "time",
    "recordedtime",
    "subject",
    "data",
];

/// With [`SHOWN`], what names an event where its sender may be known.
const NAMES: [&str; 2] = ["id", "source"];

/// An event as the developer that it is about is shown it.
///
/// Of every event `actor`, `private` and all extension attributes are left out. Of a complaint and of a
/// report also `id` and `source`, which may lead to whoever complained, and `data.note`. Where an event
/// speaks of another, its position stands in the place of its `id` and `source`. Proofs and leaves of
/// the log hold what is left out here, so a developer gets none.
///
/// ```
/// use serde_json::json;
/// use standing::access::redacted;
/// use standing_projections::event::Kind;
/// let event = json!({
///     "specversion": "1.0", "id": "ticket-7", "source": "/users/bob", "type": "complaint.received",
///     "time": "2016-03-01T00:00:00Z", "subject": "a1", "actor": "desk-7",
///     "data": {"class": "strong", "note": "Bob says …"},
/// });
/// let shown = redacted(Kind::ComplaintReceived, None, event.as_object().unwrap().clone());
/// assert_eq!(serde_json::Value::from(shown), json!({
///     "specversion": "1.0", "type": "complaint.received",
///     "time": "2016-03-01T00:00:00Z", "subject": "a1", "data": {"class": "strong"},
/// }));
/// ```
#[must_use]
pub fn redacted(
    kind: Kind,
    target: Option<Position>,
    mut event: Map<String, Value>,
) -> Map<String, Value> {
    let hides_reporter = matches!(kind, Kind::ComplaintReceived | Kind::ReportConfirmed);
    event.retain(|key, _| {
        SHOWN.contains(&key.as_str()) || (!hides_reporter && NAMES.contains(&key.as_str()))
    });
    if let Some(Value::Object(data)) = event.get_mut("data") {
        if hides_reporter {
            data.remove("note");
        }
        if let Some(reference) = data.get_mut("event") {
            *reference = json!({ "position": target });
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, target: Option<Position>, mut event: Value) -> Value {
        event["type"] = kind.as_str().into();
        let Value::Object(event) = event else {
            panic!("an event is an object");
        };
        redacted(kind, target, event).into()
    }

    /// Everything that an event can have, each with a word that gives its sender away.
    fn telling() -> Value {
        json!({
            "specversion": "1.0", "id": "bob-1", "source": "/bob", "time": "2016-03-01T00:00:00Z",
            "recordedtime": "2016-03-01T00:00:00Z", "subject": "a1", "actor": "bob",
            "private": {"name": "bob"}, "traceparent": "bob",
            "data": {"note": "bob", "event": {"id": "bob-1", "source": "/bob"}},
        })
    }

    #[test]
    fn of_a_complaint_and_of_a_report_nothing_tells_who_made_it() {
        for kind in [Kind::ComplaintReceived, Kind::ReportConfirmed] {
            let text = shown(kind, None, telling()).to_string();
            assert!(!text.contains("bob"), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_a_complaint_does_not_tell_its_key() {
        for kind in [Kind::EventRetracted, Kind::AppealDecided, Kind::PrivateErased] {
            let found = shown(kind, Some(Position(7)), telling());
            assert_eq!(found["data"]["event"], json!({"position": 7}));
        }
    }

    #[test]
    fn of_any_event_who_acted_and_what_is_private_is_left_out() {
        for kind in Kind::ALL {
            let found = shown(*kind, None, telling());
            for key in ["actor", "private", "traceparent"] {
                assert!(found.get(key).is_none(), "{kind}: {found}");
            }
            assert_eq!(found["subject"], "a1");
        }
    }
}
