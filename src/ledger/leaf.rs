//! An event's canonical JSON (RFC 8785), with a place for `recordedtime` in it.
//!
//! The log's leaf is the event as it was sent plus the instant at which the ledger took it, and
//! that instant is known only under the appender's lock. So the text is made before the lock is
//! taken, in two parts, and the instant is put between them inside. Nothing else may make a leaf:
//! its bytes are what the tree over the log is built from.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Display;

use serde::Deserialize;
use serde_json::{Map, Value};
use standing_projections::{Instant, Position};

use super::StoredEvent;

/// The attribute that the ledger sets.
const RECORDEDTIME: &str = "recordedtime";

/// The attribute whose content is kept beside the log.
const PRIVATE: &str = "private";

/// An event's canonical JSON, waiting for its `recordedtime`.
///
/// ```
/// use standing::ledger::Leaf;
/// let body = serde_json::json!({"time": "…", "data": {"b": 1.0, "a": 2}});
/// let leaf = Leaf::new(body.as_object().unwrap());
/// let at = "2015-03-03T01:00:00Z".parse().unwrap();
/// assert_eq!(
///     leaf.recorded_at(at),
///     r#"{"data":{"a":2,"b":1},"recordedtime":"2015-03-03T01:00:00Z","time":"…"}"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// What comes before the recorded time, and what comes after.
    Open(String, String),
    /// A leaf of another log, which has its recorded time.
    Whole(String),
}

impl Leaf {
    /// The leaf of an event as it was sent; a `recordedtime` in it is left out.
    #[must_use]
    pub fn new(body: &Map<String, Value>) -> Self {
        Self::with_commitment(body, None)
    }

    /// As [`Leaf::new`], with a commitment in the place of what is private.
    #[must_use]
    pub fn with_commitment(body: &Map<String, Value>, commitment: Option<&str>) -> Self {
        let mut before = String::with_capacity(256);
        let mut after = String::with_capacity(192);
        before.push('{');
        for (name, value) in in_order(body) {
            let member = |out: &mut String| match commitment {
                Some(commitment) if name == PRIVATE => {
                    write_text(out, name);
                    out.push(':');
                    write_text(out, commitment);
                }
                _ => write_member(out, name, value),
            };
            match utf16_order(name, RECORDEDTIME) {
                Ordering::Less => {
                    member(&mut before);
                    before.push(',');
                }
                Ordering::Equal => {}
                Ordering::Greater => {
                    after.push(',');
                    member(&mut after);
                }
            }
        }
        before.push_str("\"recordedtime\":\"");
        after.insert(0, '"');
        after.push('}');
        Self(Form::Open(before, after))
    }

    /// A leaf of another log, which stays as it is whatever the recorded time.
    pub(super) fn whole(json: String) -> Self {
        Self(Form::Whole(json))
    }

    /// The leaf of the event recorded at that instant.
    #[must_use]
    pub fn recorded_at(&self, at: Instant) -> String {
        self.with_text(&at.to_string())
    }

    /// As [`Leaf::recorded_at`], of an instant that is printed already.
    pub(super) fn with_text(&self, recordedtime: &str) -> String {
        match &self.0 {
            Form::Whole(json) => json.clone(),
            Form::Open(before, after) => {
                let length = before.len() + recordedtime.len() + after.len();
                let mut text = String::with_capacity(length);
                text.push_str(before);
                text.push_str(recordedtime);
                text.push_str(after);
                text
            }
        }
    }

    /// How many bytes it has so far.
    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Form::Open(before, after) => before.len() + after.len(),
            Form::Whole(json) => json.len(),
        }
    }
}

/// A value's canonical JSON.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// The attributes that are read back from a leaf.
#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    recordedtime: Cow<'a, str>,
}

impl StoredEvent {
    /// The event of a leaf, and what the store knows of it beside.
    ///
    /// # Errors
    /// A sentence, where the leaf is none.
    pub(crate) fn from_leaf(
        position: Position,
        target: Option<Position>,
        developer: Option<String>,
        json: String,
    ) -> Result<Self, String> {
        let damaged = |error: &dyn Display| format!("the event at position {position}: {error}");
        let leaf: Attributes<'_> = serde_json::from_str(&json).map_err(|e| damaged(&e))?;
        Ok(Self {
            position,
            recordedtime: leaf.recordedtime.parse().map_err(|e| damaged(&e))?,
            time: leaf.time.parse().map_err(|e| damaged(&e))?,
            kind: leaf.kind.parse().map_err(|e| damaged(&e))?,
            source: leaf.source.into_owned(),
            id: leaf.id.into_owned(),
            subject: leaf.subject.into_owned(),
            developer,
            target,
            json,
        })
    }
}

/// RFC 8785 sorts names by UTF-16 code units, which differs from the order of bytes only where
/// characters past U+FFFF meet those from U+E000 on.
fn utf16_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

/// An object's members in the canonical order, which is mostly the one that they are in.
fn in_order(object: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let ordered = object.keys().is_sorted() && object.keys().all(|name| name.is_ascii());
    let sorted = (!ordered).then(|| {
        let mut members: Vec<_> = object.iter().collect();
        members.sort_by(|(a, _), (b, _)| utf16_order(a, b));
        members
    });
    let as_they_are = ordered.then(|| object.iter());
    let sorted = sorted.into_iter().flatten();
    as_they_are.into_iter().flatten().chain(sorted)
}

fn write_member(out: &mut String, name: &str, value: &Value) {
    write_text(out, name);
    out.push(':');
    write_value(out, value);
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (name, value)) in in_order(object).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_member(out, name, value);
            }
            out.push('}');
        }
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x09 => "\\t",
            0x0A => "\\n",
            0x0C => "\\f",
            0x0D => "\\r",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[written..at]);
        match escape {
            "" => out.push_str(&format!("\\u{byte:04x}")),
            escape => out.push_str(escape),
        }
        written = at + 1;
    }
    out.push_str(&text[written..]);
    out.push('"');
}

fn write_number(out: &mut String, number: &serde_json::Number) {
    // To RFC 8785 every number is a double; whole ones up to 2^53 print as they are.
    let exact = number.as_i64().filter(|n| n.unsigned_abs() <= 1 << 53);
    match exact {
        Some(whole) => out.push_str(&whole.to_string()),
        None => match serde_json_canonicalizer::to_string(number) {
            Ok(text) => out.push_str(&text),
            // A JSON number is finite, which is all that the canonical form asks of it.
            Err(_) => out.push_str(&number.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What the reference implementation makes of the same event.
    fn reference(body: &Value, at: &str) -> String {
        let mut body = body.clone();
        body[RECORDEDTIME] = json!(at);
        serde_json_canonicalizer::to_string(&body).unwrap()
    }

    #[test]
    fn a_leaf_is_what_the_reference_implementation_makes() {
        let at = "2015-03-03T01:00:00.25Z";
        let all: String = (1..0x250u32).filter_map(char::from_u32).collect();
        for body in [
            json!({}),
            json!({"a": 1}),
            json!({"z": 1}),
            json!({"recordedtime": "1999-01-01T00:00:00Z", "recordedtim": 1, "recordedtime2": 2}),
            json!({"specversion": "1.0", "data": {"note": all, "b": [1, {"y": null, "x": true}]}}),
            json!({"n": [0, -0.0, 1e21, 1e-7, 0.1, -5, 9_007_199_254_740_993_u64, 1.5e300, -12.0]}),
            json!({"n": [u64::MAX, i64::MIN, 1_u64 << 53, 333_333_333.333_333_3]}),
            json!({"\u{fb33}": 1, "\u{1f600}": 2, "é": 3, "\r": 4, "1": 5, "\u{80}": 6, "ö": {"\u{fb33}": 1, "\u{1f600}": 2}}),
        ] {
            let leaf = Leaf::new(body.as_object().unwrap());
            assert_eq!(leaf.recorded_at(at.parse().unwrap()), reference(&body, at));
        }
    }
}
