//! What one event's JSON may be.

use crate::intake::json::{DEPTH_MAX, TEXT_BYTES_MAX};
use crate::intake::{Original, Unreadable, parse_event};

fn refused(text: impl AsRef<[u8]>) -> Unreadable {
    let error = parse_event(text.as_ref()).unwrap_err();
    assert_eq!(error.refusal.code.as_str(), "event.malformed");
    error
}

/// A text, the pointer and message it is refused with, and whether it is kept as an object.
type Case = (&'static str, &'static str, &'static str, bool);

const REFUSED: &[Case] = &[
    (
        "",
        "",
        "not JSON: EOF while parsing a value, column 0",
        false,
    ),
    (
        "{",
        "",
        "not JSON: EOF while parsing an object, column 1",
        false,
    ),
    (
        "{\"id\":\"1\"",
        "",
        "not JSON: EOF while parsing an object, column 9",
        false,
    ),
    (
        "{\"id\" \"1\"}",
        "",
        "not JSON: expected `:`, column 7",
        false,
    ),
    (
        "{\"id\":1,}",
        "",
        "not JSON: trailing comma, column 9",
        false,
    ),
    (
        "{\"id\":01}",
        "",
        "not JSON: invalid number, column 8",
        false,
    ),
    (
        "{\"id\":NaN}",
        "",
        "not JSON: expected value, column 7",
        false,
    ),
    (
        "{'id':1}",
        "",
        "not JSON: key must be a string, column 2",
        false,
    ),
    (
        "{\"id\":1} {}",
        "",
        "not JSON: trailing characters, column 10",
        false,
    ),
    (
        "{\"id\":\n1,\n x}",
        "",
        "not JSON: key must be a string, column 2 of the event's line 3",
        false,
    ),
    (
        "{\"a\":\"\u{1}\"}",
        "",
        "not JSON: control character (\\u0000-\\u001F) found while parsing a string, column 7",
        false,
    ),
    ("[1,2]", "", "an event is a JSON object, not a list", false),
    (
        "\"text\"",
        "",
        "an event is a JSON object, not a string",
        false,
    ),
    ("12", "", "an event is a JSON object, not a number", false),
    (
        "true",
        "",
        "an event is a JSON object, not true or false",
        false,
    ),
    ("null", "", "an event is a JSON object, not null", false),
    (
        "{\"id\":1,\"id\":1}",
        "/id",
        "the key `id` is there twice",
        false,
    ),
    (
        "{\"id\":1,\"i\\u0064\":1}",
        "/id",
        "the key `id` is there twice",
        false,
    ),
    (
        "{\"a\":[0,{\"b/~\":{},\"b/~\":1}]}",
        "/a/1/b~1~0",
        "the key `b/~` is there twice",
        false,
    ),
    (
        "{\"a\":[\"\\u0000\"]}",
        "/a/0",
        "a string holds U+0000",
        true,
    ),
    ("{\"a\":{\"x\\u0000\":1}}", "/a", "a key holds U+0000", true),
    (
        "{\"n\":9007199254740992}",
        "/n",
        "a number past 2^53-1 cannot be kept exactly; write it as a string",
        true,
    ),
    (
        "{\"n\":-9007199254740992}",
        "/n",
        "a number past 2^53-1 cannot be kept exactly; write it as a string",
        true,
    ),
    (
        "{\"n\":18446744073709551616}",
        "/n",
        "a number past 2^53-1 cannot be kept exactly; write it as a string",
        false,
    ),
    (
        "{\"n\":[1e300]}",
        "/n/0",
        "a number past 2^53-1 cannot be kept exactly; write it as a string",
        false,
    ),
    (
        "{\"n\":[1e999]}",
        "/n/0",
        "number out of range, column 11",
        false,
    ),
    (
        "{\"a\":\"\\ud800\"}",
        "/a",
        "unexpected end of hex escape, column 13",
        false,
    ),
];

#[test]
fn what_an_event_may_not_be_is_refused_with_its_place() {
    for (text, pointer, message, is_object) in REFUSED {
        let error = refused(text);
        assert_eq!(
            (&*error.refusal.pointer, &*error.refusal.message),
            (*pointer, *message),
            "{text}"
        );
        match error.original {
            Original::Event(event) => {
                assert!(is_object, "{text}");
                assert_eq!(serde_json::to_string(&event).unwrap(), *text);
            }
            Original::Raw(raw) => {
                assert!(!is_object, "{text}");
                assert_eq!(raw, *text);
            }
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_and_kept_as_text() {
    let error = refused(b"{\"id\":\"\xFF\"}");
    assert_eq!(error.refusal.message, "not UTF-8 at column 8");
    assert_eq!(
        error.original,
        Original::Raw("{\"id\":\"\u{FFFD}\"}".into())
    );
    // The same character, written as what it is not.
    refused(b"{\"id\":\"\xC0\xAF\"}");
    refused(b"{\"id\":\"\xED\xA0\x80\"}");
    refused(b"\0");
}

#[test]
fn numbers_that_a_double_keeps_are_taken_as_they_are() {
    let text = r#"{"a":9007199254740991,"b":-9007199254740991,"c":0.1,"d":-2.5e-7,"e":0}"#;
    let event = parse_event(text.as_bytes()).unwrap();
    assert_eq!(event["a"], 9_007_199_254_740_991_u64);
    assert_eq!(event["b"], -9_007_199_254_740_991_i64);
    assert_eq!(event["c"].as_f64(), Some(0.1));
    assert_eq!(event["e"], 0);
}

fn nested(levels: usize) -> String {
    let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
    format!("{{\"a\":{open}{close}}}")
}

#[test]
fn the_event_is_the_first_of_at_most_32_levels() {
    parse_event(nested(DEPTH_MAX).as_bytes()).unwrap();
    let error = refused(nested(DEPTH_MAX + 1));
    assert_eq!(error.refusal.message, "nested deeper than 32 levels");
    assert_eq!(error.refusal.pointer, format!("/a{}", "/0".repeat(31)));
    assert!(matches!(error.original, Original::Event(_)));
    // Too deep even to be kept as JSON; and deeper than any stack.
    assert!(matches!(refused(nested(1000)).original, Original::Raw(_)));
    refused("[".repeat(TEXT_BYTES_MAX));
    refused("[".repeat(10_000_000));
    refused("{\"a\":".repeat(2_000_000));
}

#[test]
fn an_event_has_at_most_64_kib() {
    let text = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    parse_event(text(TEXT_BYTES_MAX).as_bytes()).unwrap();
    let error = refused(text(TEXT_BYTES_MAX + 1));
    assert_eq!(
        error.refusal.message,
        "the event has 65537 bytes, more than 65536 (64 KiB)"
    );
    assert_eq!(error.refusal.pointer, "");
}

#[test]
fn a_string_of_10_mb_is_kept_whole_and_a_longer_text_by_its_beginning() {
    let text = |length: usize| format!("{{\"ab\":\"{}\"}}", "ü".repeat(length / 2));
    let Original::Event(event) = refused(text(10_000_000)).original else {
        panic!("an object");
    };
    assert_eq!(event["ab"].as_str().unwrap().len(), 10_000_000);

    let error = refused(text(20_000_000));
    assert_eq!(
        error.refusal.message,
        "the event has 20000009 bytes, more than 65536 (64 KiB); only the first 65535 are kept here"
    );
    let Original::Raw(raw) = error.original else {
        panic!("a text");
    };
    assert!(raw.ends_with('ü'), "cut between characters");
}

#[test]
fn an_object_of_more_values_than_an_event_could_have_is_kept_as_text() {
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(1_000_000));
    assert!(matches!(refused(many).original, Original::Raw(_)));
}
