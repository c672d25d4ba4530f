//! Whether an event's leaf is short enough to be published.
//!
//! The log can be written out as files in which a leaf stands after its length in two bytes
//! (`proof::tiles`). An event that did not fit could never be published, nor any checkpoint after it,
//! so it is refused while its sender is there to shorten it. The leaf is the canonical text, which
//! can be longer than the one that was sent (`1e20` has 21 digits), with the recorded time in it and
//! without what is private.

use serde_json::{Map, Value};
use standing_projections::Instant;
use standing_projections::refusal::{Code, Refusal};

use crate::ledger::Leaf;
use crate::proof::tiles::LEAF_BYTES_MAX;

/// The bytes of a commitment, which stands in the leaf for what is private.
const COMMITMENT_BYTES: usize = "hmac-sha256:".len() + 64;

/// The most bytes of a number's canonical text.
const NUMBER_BYTES_MAX: usize = 32;

/// Checks that the event's leaf fits, whenever it is recorded.
///
/// # Errors
/// `event.malformed`, of the event as a whole.
pub(super) fn check(body: &Map<String, Value>) -> Result<(), Refusal> {
    // Nearly every event is far from the limit, which costs less to see than to make its leaf.
    let recordedtime = 64;
    if at_most(body.values()) + names(body) + recordedtime <= LEAF_BYTES_MAX {
        return Ok(());
    }
    let commitment = body.get("private").map(|_| "0".repeat(COMMITMENT_BYTES));
    let leaf = Leaf::with_commitment(body, commitment.as_deref());
    let bytes = leaf.recorded_at(Instant::MAX).len();
    if bytes <= LEAF_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the event takes up to {bytes} bytes in the log, its recorded time included, and at most \
         {LEAF_BYTES_MAX} fit"
    );
    Err(Refusal::new(Code::EventMalformed, "", message))
}

/// No fewer bytes than the canonical texts of these values have.
fn at_most<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    values.map(|value| 1 + bytes_at_most(value)).sum()
}

fn bytes_at_most(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => NUMBER_BYTES_MAX,
        Value::String(text) => text_at_most(text),
        Value::Array(items) => 2 + at_most(items.iter()),
        Value::Object(members) => 2 + names(members) + at_most(members.values()),
    }
}

/// No fewer bytes than an object's names have, with what stands around them.
fn names(members: &Map<String, Value>) -> usize {
    members.keys().map(|name| 1 + text_at_most(name)).sum()
}

/// A control character takes six bytes.
fn text_at_most(text: &str) -> usize {
    2 + 6 * text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: &Value) -> bool {
        check(body.as_object().unwrap()).is_err()
    }

    /// The leaf's length, of an event with that filling, when it is recorded last of all.
    fn leaf_bytes(body: &Value) -> usize {
        Leaf::new(body.as_object().unwrap())
            .recorded_at(Instant::MAX)
            .len()
    }

    #[test]
    fn a_leaf_may_have_65_535_bytes_and_no_more() {
        let empty = leaf_bytes(&json!({"x": ""}));
        let room = LEAF_BYTES_MAX - empty;
        for (filling, bytes) in [("a", 1), ("é", 2), ("\u{1}", 6), ("\\", 2)] {
            let fits = json!({"x": filling.repeat(room / bytes)});
            assert!(
                leaf_bytes(&fits) <= LEAF_BYTES_MAX && !refused(&fits),
                "{filling}"
            );
            let too_long = json!({"x": filling.repeat(room / bytes + 1)});
            assert!(
                leaf_bytes(&too_long) > LEAF_BYTES_MAX && refused(&too_long),
                "{filling}"
            );
        }
    }

    #[test]
    fn numbers_count_as_they_are_written_in_the_log() {
        let short = vec![json!(1e20); 2_900];
        assert!(!refused(&json!({"x": short})));
        let sent: Value =
            serde_json::from_str(&format!("[{}1e20]", "1e20,".repeat(2_999))).unwrap();
        assert!(refused(&json!({"x": sent})));
    }

    #[test]
    fn what_is_private_does_not_count() {
        let private = json!({"note": "a".repeat(65_000)});
        assert!(!refused(
            &json!({"private": private, "x": "b".repeat(60_000)})
        ));
        assert!(refused(
            &json!({"private": private, "x": "b".repeat(65_500)})
        ));
    }

    #[test]
    fn the_bound_is_one() {
        for value in [
            json!({"a": [null, true, false, 0, -1.5e-7, 1e300, u64::MAX, i64::MIN], "é\u{1}": {}}),
            json!({"": {"": [[], {}, ""]}, "x": "\u{1f600}\u{7f}\n\t\"\\"}),
        ] {
            let body = value.as_object().unwrap();
            let bound = at_most(body.values()) + names(body) + 64;
            assert!(leaf_bytes(&value) <= bound, "{value}");
        }
    }
}
