//! What was sent: from the bodies that CloudEvents 1.0 knows to events that can be admitted.
//!
//! An event carries the `actor` of whoever sent it. One that names another is refused rather than
//! corrected: whoever wrote it was of another opinion, and the log is no place to find that out. A
//! `recordedtime` is passed over, as everywhere but in a trusted import, so that what was read here can be
//! sent again.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::{HeaderMap, header};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use standing_projections::Refusal;
use standing_projections::refusal::Code as RefusalCode;

use super::outcome::Refused;
use crate::access::Caller;
use crate::http::Problem;
use crate::http::problem::Code;
use crate::intake::{Candidate, check_event, parse_event};

/// The types of bodies that are taken, as `Accept-Post` lists them.
pub(super) const ACCEPTED: &str = "application/cloudevents+json, application/cloudevents-batch+json, \
     application/x-ndjson, application/json";

/// The most events of a list.
const BATCH_MAX: usize = 10_000;

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One event, as JSON.
    Structured,
    /// One event: its attributes in headers, its data in the body.
    Binary,
    /// A JSON list of events.
    Batch,
    /// JSON: a list, or an event.
    Json,
    /// An event a line.
    Lines,
}

impl Form {
    /// What the headers say that the body is.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(header::CONTENT_TYPE);
        let given = given.map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
        let mut parts = given.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let charset = name.trim().eq_ignore_ascii_case("charset");
            if charset && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
                return Err(unsupported("the body's text must be UTF-8"));
            }
        }
        let attributes = headers.keys().any(|name| name.as_str().starts_with("ce-"));
        match essence.as_str() {
            "application/cloudevents+json" => Ok(Self::Structured),
            "application/cloudevents-batch+json" => Ok(Self::Batch),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines),
            "application/json" if attributes => Ok(Self::Binary),
            "application/json" => Ok(Self::Json),
            "" => Err(unsupported("`Content-Type` does not say what the body is")),
            other => Err(unsupported(&format!(
                "a body of type `{other}` is not taken"
            ))),
        }
    }
}

fn unsupported(message: &str) -> Problem {
    Problem::new(
        Code::MediaTypeUnsupported,
        format!("{message}; these are: {ACCEPTED}"),
    )
}

/// An event that was sent, as far as it can be judged by itself.
#[derive(Debug)]
pub(super) enum Entry {
    /// To be admitted, with the bytes of its text.
    Event(Box<Candidate>, usize),
    /// It is not taken.
    Refused(Refused),
}

impl Entry {
    /// An event by its text.
    pub(super) fn of_text(caller: &Caller, text: &[u8]) -> Self {
        match parse_event(text) {
            Ok(event) => Self::of_event(caller, event, text.len()),
            Err(unreadable) => Self::Refused(unreadable.refusal.into()),
        }
    }

    fn of_event(caller: &Caller, mut event: Map<String, Value>, bytes: usize) -> Self {
        match event.get("actor") {
            None => {
                event.insert("actor".to_owned(), caller.actor().into());
            }
            Some(Value::String(actor)) if actor != caller.actor() => {
                let message = format!(
                    "the token's actor is `{}`: leave `actor` out, or send with the token of `{actor}`",
                    caller.actor()
                );
                return Self::Refused(Refused::new(Code::ActorMismatch, "/actor", message));
            }
            Some(_) => {}
        }
        let candidate = Candidate::new(event);
        match candidate.event().map(|event| event.kind) {
            Some(kind) if !caller.may_append(kind) => {
                let message = format!("the role `{}` may not append `{kind}`", caller.role());
                Self::Refused(Refused::new(Code::AccessDenied, "/type", message))
            }
            _ => Self::Event(Box::new(candidate), bytes),
        }
    }
}

/// The one event of a structured body.
pub(super) fn structured(caller: &Caller, body: &[u8]) -> Entry {
    Entry::of_text(caller, body.trim_ascii())
}

/// The texts of the events of a list.
///
/// # Errors
/// `body.invalid`, where the body as a whole is no JSON list, and `body.too_large`, where there are too many:
/// then none of it is taken.
pub(super) fn batch(body: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let invalid = |message: String| Problem::new(Code::BodyInvalid, message);
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    let Texts(texts) = serde_json::from_str(text)
        .map_err(|error| invalid(format!("the body is no JSON list of events: {error}")))?;
    texts.ok_or_else(|| {
        let message = format!(
            "a list has at most {BATCH_MAX} events: send a stream of lines (`application/x-ndjson`), \
             which may have any number"
        );
        Problem::new(Code::BodyTooLarge, message)
    })
}

/// The elements of a list; none where there are too many. An element can be two bytes long, and what is
/// made of it and answered is hundreds.
struct Texts<'a>(Option<Vec<&'a RawValue>>);

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    if texts.len() == BATCH_MAX {
                        while list.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Texts(None));
                    }
                    texts.push(text);
                }
                Ok(Texts(Some(texts)))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// Whether a JSON text is a list.
pub(super) fn is_list(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}

/// The event whose attributes are in headers (CloudEvents' HTTP binding, 3.1).
pub(super) fn binary(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Entry {
    match of_headers(headers, body) {
        Ok(event) => Entry::of_event(caller, event, body.len()),
        Err(refusal) => Entry::Refused(refusal.into()),
    }
}

fn of_headers(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let malformed = |pointer: String, message: String| {
        Refusal::new(RefusalCode::EventMalformed, pointer, message)
    };
    let mut attributes: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        let pointer = || format!("/{name}");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let message = format!("`{name}` is no name of an attribute: letters and digits are");
            return Err(malformed(String::new(), message));
        }
        let text = value.to_str().ok().and_then(decoded).ok_or_else(|| {
            let message = format!("`ce-{name}` is no percent-encoded UTF-8 text");
            malformed(pointer(), message)
        })?;
        if attributes.insert(name, text).is_some() {
            return Err(malformed(pointer(), format!("`ce-{name}` is given twice")));
        }
    }
    if attributes.contains_key("data") {
        return Err(malformed(
            "/data".to_owned(),
            "`data` is the body".to_owned(),
        ));
    }
    // Wrapped, so that one reader of JSON judges it, with its place.
    let body = body.trim_ascii();
    let mut event = match body {
        [] => Map::new(),
        body => {
            let wrapped = [b"{\"data\":", body, b"}"].concat();
            parse_event(&wrapped).map_err(|unreadable| unreadable.refusal)?
        }
    };
    if event.len() > usize::from(!body.is_empty()) {
        return Err(malformed(
            "/data".to_owned(),
            "the body is more than one value".to_owned(),
        ));
    }
    event.extend(
        attributes
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.into())),
    );
    check_event(event).map_err(|unreadable| unreadable.refusal)
}

/// A header's value as the text it stands for; none where what is decoded is no UTF-8.
fn decoded(value: &str) -> Option<String> {
    let value = value.trim();
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let unquoted = match inner {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    };
    let mut bytes = Vec::with_capacity(unquoted.len());
    let mut rest = unquoted.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (hex, after) = more.split_at_checked(2)?;
        let hex = std::str::from_utf8(hex).ok()?;
        let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(digits.then(|| u8::from_str_radix(hex, 16).ok())??);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(content_type: &str) -> Result<Form, Problem> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(content_type).unwrap();
        headers.insert(header::CONTENT_TYPE, value);
        Form::of(&headers)
    }

    #[test]
    fn the_type_says_what_the_body_is() {
        for (given, expected) in [
            ("application/cloudevents+json", Form::Structured),
            (
                "Application/CloudEvents+JSON; charset=UTF-8",
                Form::Structured,
            ),
            (
                "application/cloudevents-batch+json;charset=\"utf-8\"",
                Form::Batch,
            ),
            ("application/x-ndjson", Form::Lines),
            ("application/json", Form::Json),
        ] {
            assert_eq!(form(given).unwrap(), expected, "{given}");
        }
        for given in [
            "",
            "text/plain",
            "application/xml",
            "application/json; charset=latin1",
        ] {
            form(given).unwrap_err();
        }
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert("ce-id", HeaderValue::from_static("1"));
        assert_eq!(Form::of(&headers).unwrap(), Form::Binary);
    }

    #[test]
    fn a_header_is_decoded_as_the_binding_says() {
        for (given, expected) in [
            ("plain", Some("plain")),
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", Some("Euro € 😀")),
            ("\"with \\\"quotes\\\"\"", Some("with \"quotes\"")),
            ("100%25", Some("100%")),
            ("%", None),
            ("%4", None),
            ("%+4", None),
            ("%FF", None),
        ] {
            assert_eq!(decoded(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn data_is_the_whole_body_and_nothing_else() {
        let headers = HeaderMap::new();
        let read = |body: &str| of_headers(&headers, body.as_bytes());
        assert_eq!(read("{\"code\":\"a\"}").unwrap()["data"]["code"], "a");
        assert!(read("").unwrap().is_empty());
        for body in ["{},\"id\":\"1\"", "{}}", "{", "1,2", "{\"a\":1,\"a\":2}"] {
            assert_eq!(
                read(body).unwrap_err().code,
                RefusalCode::EventMalformed,
                "{body}"
            );
        }
    }
}
