//! What a developer is shown of an event: what happened, not who said so.
//!
//! Proofs and leaves of the log hold all of it, so a developer is given none (`read the log's leaves` in
//! the table of the [policy](super::policy)); nor `actor`, `private` and extension attributes of any event.

use serde_json::Value;
use standing_projections::event::Kind;

/// Whether the key of such an event (its `id` and `source`) may lead to whoever complained or reported.
#[must_use]
pub const fn hides_reporter(kind: Kind) -> bool {
    matches!(kind, Kind::ComplaintReceived | Kind::ReportConfirmed)
}

/// The data of an event as the developer that it is about is shown it: of a complaint and of a report
/// without the `note`, and of what speaks of another event without that one's key. Which event it is
/// can be seen there: it names who made it disregarded by position.
///
/// ```
/// use serde_json::json;
/// use standing::access::redacted;
/// use standing_projections::event::Kind;
/// let data = json!({"class": "strong", "note": "Bob says …"});
/// assert_eq!(redacted(Kind::ComplaintReceived, data), json!({"class": "strong"}));
/// let data = json!({"event": {"id": "ticket-7", "source": "/users/bob"}, "reason": "a mistake"});
/// assert_eq!(redacted(Kind::EventRetracted, data), json!({"reason": "a mistake"}));
/// ```
#[must_use]
pub fn redacted(kind: Kind, mut data: Value) -> Value {
    if let Value::Object(data) = &mut data {
        if hides_reporter(kind) {
            data.remove("note");
        }
        data.remove("event");
    }
    data
}
