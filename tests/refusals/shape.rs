//! Events that are no events.

use serde_json::{Value, json};
use standing_projections::refusal::Code::*;

use super::{Row, raw, row};
use crate::common::events::{complaint as good, with};

/// What is refused by itself, whatever the ledger knows.
pub(super) fn rows() -> Vec<Row> {
    let text_of = |event: &Value| event.to_string();
    let without = |event: Value, key: &str| {
        let mut event = event;
        event.as_object_mut().unwrap().remove(key);
        event
    };
    let data = |event: Value, data: Value| with(event, "data", data);
    vec![
        // event.malformed
        raw("{\"id\":", EventMalformed, "", good("m1")),
        raw("[1]", EventMalformed, "", good("m2")),
        raw("null", EventMalformed, "", good("m3")),
        raw(
            &text_of(&good("m4")).replace("\"class\":", "\"class\":\"strong\",\"class\":"),
            EventMalformed,
            "/data/class",
            good("m4"),
        ),
        raw(
            &text_of(&with(good("m5"), "x", "a~b")).replace("a~b", "a\\u0000b"),
            EventMalformed,
            "/x",
            good("m5"),
        ),
        raw(
            &text_of(&good("m6")).replace("\"class\"", "\"cl\\u0000ass\""),
            EventMalformed,
            "/data",
            good("m6"),
        ),
        raw(
            &text_of(&with(good("m7"), "x", "X")).replace("\"X\"", "9007199254740993"),
            EventMalformed,
            "/x",
            good("m7"),
        ),
        raw(
            &text_of(&with(good("m8"), "x", "X")).replace("\"X\"", "\"\\ud800\""),
            EventMalformed,
            "/x",
            good("m8"),
        ),
        row(
            &with(good("m9"), "specversion", "0.3"),
            EventMalformed,
            "/specversion",
            good("m9"),
        ),
        row(
            &with(good("m10"), "id", 10),
            EventMalformed,
            "/id",
            good("m10"),
        ),
        row(
            &with(good("m11"), "subject", ""),
            EventMalformed,
            "/subject",
            good("m11"),
        ),
        row(
            &with(good("m12"), "source", Value::Null),
            EventMalformed,
            "/source",
            good("m12"),
        ),
        row(
            &without(good("m13"), "type"),
            EventMalformed,
            "",
            good("m13"),
        ),
        row(
            &without(good("m14"), "data"),
            EventMalformed,
            "",
            good("m14"),
        ),
        row(
            &data(good("m15"), json!([])),
            EventMalformed,
            "/data",
            good("m15"),
        ),
        row(
            &with(good("m16"), "recordedtime", "now"),
            EventMalformed,
            "/recordedtime",
            good("m16"),
        ),
        row(
            &with(good("m17"), "actor", ""),
            EventMalformed,
            "/actor",
            good("m17"),
        ),
        row(
            &with(good("m18"), "x", "y".repeat(64 * 1024)),
            EventMalformed,
            "",
            good("m18"),
        ),
        row(
            &with(good("p1"), "private", "hmac-sha256:00"),
            EventMalformed,
            "/private",
            good("p1"),
        ),
        // event.type_unknown
        row(
            &with(good("t1"), "type", "complaint.recieved"),
            EventTypeUnknown,
            "/type",
            good("t1"),
        ),
        // event.data_invalid
        row(
            &data(good("d1"), json!({})),
            EventDataInvalid,
            "/data",
            good("d1"),
        ),
        row(
            &data(good("d2"), json!({"class": "normal", "a/b~c": 1})),
            EventDataInvalid,
            "/data/a~1b~0c",
            good("d2"),
        ),
        row(
            &data(good("d3"), json!({"class": "grave"})),
            EventDataInvalid,
            "/data/class",
            good("d3"),
        ),
        row(
            &data(good("d4"), json!({"class": null})),
            EventDataInvalid,
            "/data/class",
            good("d4"),
        ),
    ]
}
