//! One event's JSON, read strictly.
//!
//! A log that is hashed and compared as JSON must not hold what two readers may take differently:
//! a key given twice, an integer that a double rounds, U+0000, nesting without end. This module
//! reads the bytes of one event and refuses all of that as `event.malformed`. It may depend on
//! `serde_json` and on [`Refusal`], on nothing else. What must stay true: there is one parser (a
//! visitor over `serde_json`'s), so nothing is accepted here that reads otherwise elsewhere; and
//! the good path allocates nothing but the value itself, a pointer being made only for a refusal.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use standing_projections::Refusal;
use standing_projections::refusal::Code;

/// The most bytes an event's JSON may have.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The most levels of objects and lists; the event itself is the first.
pub const DEPTH_MAX: usize = 32;

/// The most bytes of one refused event that are kept to be written down.
pub const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The greatest whole number that every reader of JSON keeps exactly, 2^53-1.
const WHOLE_MAX: u64 = 9_007_199_254_740_991;

/// The most values of a refused event that are kept as JSON. An event within
/// [`TEXT_BYTES_MAX`] has fewer; past it, a value can cost many times the memory of its text.
const KEPT_VALUES_MAX: usize = TEXT_BYTES_MAX;

/// What was sent, as it can be written down to be mended.
#[derive(Clone, Debug, PartialEq)]
pub enum Original {
    /// A JSON object of which nothing is lost by keeping it as one.
    Event(Map<String, Value>),
    /// Anything else, as text.
    Raw(String),
}

/// An event that cannot be read: why, and what it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{refusal}")]
pub struct Unreadable {
    /// The code (`event.malformed`), a sentence and the place.
    pub refusal: Refusal,
    /// What was sent.
    pub original: Original,
}

impl Unreadable {
    /// A refusal of a text as a whole.
    pub(crate) fn whole(message: impl Into<String>, original: Original) -> Self {
        Self {
            refusal: malformed(String::new(), message),
            original,
        }
    }

    /// The refusal of an event of `length` bytes, of which `bytes` are at hand.
    pub(crate) fn too_long(bytes: &[u8], length: u64) -> Self {
        let message = format!("the event has {length} bytes, more than {TEXT_BYTES_MAX} (64 KiB)");
        if length <= KEPT_BYTES_MAX as u64 && length == bytes.len() as u64 {
            return Self::whole(message, original(bytes));
        }
        let kept = beginning(bytes);
        let message = format!("{message}; only the first {} are kept here", kept.len());
        Self::whole(message, Original::Raw(kept))
    }
}

/// Reads the JSON of one event.
///
/// ```
/// use standing::intake::parse_event;
/// assert_eq!(parse_event(br#"{"id":"1"}"#).unwrap()["id"], "1");
/// let twice = parse_event(br#"{"data":{"code":"a","code":"b"}}"#).unwrap_err();
/// assert_eq!(twice.refusal.pointer, "/data/code");
/// ```
///
/// # Errors
/// `event.malformed`, where it is not the UTF-8 text of one JSON object of at most 64 KiB and 32
/// levels, without U+0000, duplicate keys and numbers that a double does not keep.
pub fn parse_event(bytes: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(Unreadable::too_long(bytes, bytes.len() as u64));
    }
    strictly(bytes).map_err(|refusal| Unreadable {
        refusal,
        original: original(bytes),
    })
}

/// Checks an event that was put together from other things than JSON text, by the same rules.
///
/// # Errors
/// As [`parse_event`].
pub fn check_event(event: Map<String, Value>) -> Result<Map<String, Value>, Unreadable> {
    match serde_json::to_vec(&event) {
        Ok(bytes) => parse_event(&bytes),
        Err(error) => Err(Unreadable::whole(error.to_string(), Original::Event(event))),
    }
}

/// What can be kept of a refused text: the object, if keeping it as one loses nothing.
pub(crate) fn original(bytes: &[u8]) -> Original {
    if bytes.len() > KEPT_BYTES_MAX {
        return Original::Raw(beginning(bytes));
    }
    let kept = std::str::from_utf8(bytes).ok().and_then(|text| {
        let mut walk = Walk::new(Rules::Keep);
        walk.read(text).ok()
    });
    match kept {
        Some(Value::Object(event)) => Original::Event(event),
        _ => Original::Raw(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// The first 64 KiB as text, cut between characters.
fn beginning(bytes: &[u8]) -> String {
    let mut bytes = &bytes[..bytes.len().min(TEXT_BYTES_MAX)];
    if let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        bytes = &bytes[..error.valid_up_to()];
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn malformed(pointer: String, message: impl Into<String>) -> Refusal {
    Refusal::new(Code::EventMalformed, pointer, message)
}

fn strictly(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let column = error.valid_up_to() + 1;
        malformed(String::new(), format!("not UTF-8 at column {column}"))
    })?;
    let mut walk = Walk::new(Rules::Strict);
    let what = match walk.read(text) {
        Ok(Value::Object(event)) => return Ok(event),
        Ok(Value::Array(_)) => "a list",
        Ok(Value::String(_)) => "a string",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::Bool(_)) => "true or false",
        Ok(Value::Null) => "null",
        Err(error) => return Err(walk.refusal(text, &error)),
    };
    let message = format!("an event is a JSON object, not {what}");
    Err(malformed(String::new(), message))
}

/// What a walk through a text asks of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// All that an event must keep to.
    Strict,
    /// Only that the value says all that the text says.
    Keep,
}

/// A step from a value to the one it is in.
enum Step {
    Key(String),
    Index(usize),
}

/// One reading of a text.
struct Walk {
    rules: Rules,
    /// How many values may still be made.
    values_left: usize,
    /// The place of the error, innermost step first; made while the error rises.
    path: Vec<Step>,
    /// What the rules refuse, where it was they and not the grammar.
    found: Option<String>,
}

impl Walk {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            values_left: match rules {
                Rules::Strict => usize::MAX,
                Rules::Keep => KEPT_VALUES_MAX,
            },
            path: Vec::new(),
            found: None,
        }
    }

    fn read(&mut self, text: &str) -> serde_json::Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let node = Node {
            walk: self,
            depth: 1,
        };
        let value = node.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// The refusal for the error that a strict reading of `text` ended with.
    fn refusal(self, text: &str, error: &serde_json::Error) -> Refusal {
        if let Some(message) = self.found {
            return malformed(pointer(&self.path), message);
        }
        let (line, column) = (error.line(), error.column());
        let what = error.to_string();
        let what = what
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or(&what);
        let place = match line {
            0 | 1 => format!("column {column}"),
            _ => format!("column {column} of the event's line {line}"),
        };
        // What the grammar allows has a place: a number or an escape that stands for nothing.
        if serde_json::from_str::<IgnoredAny>(text).is_ok() {
            return malformed(pointer(&self.path), format!("{what}, {place}"));
        }
        malformed(String::new(), format!("not JSON: {what}, {place}"))
    }

    fn refuse<E: de::Error>(&mut self, message: impl Into<String>) -> E {
        self.found = Some(message.into());
        E::custom("refused")
    }

    /// Counts a value, so that what is kept of a refused event is bounded.
    fn spend<E: de::Error>(&mut self) -> Result<(), E> {
        match self.values_left.checked_sub(1) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => Err(self.refuse("too many values")),
        }
    }
}

fn pointer(path: &[Step]) -> String {
    let mut pointer = String::new();
    for step in path.iter().rev() {
        pointer.push('/');
        match step {
            Step::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => pointer.push_str(&index.to_string()),
        }
    }
    pointer
}

/// A value about to be read; as an object or a list it would be of level `depth`.
struct Node<'w> {
    walk: &'w mut Walk,
    depth: usize,
}

impl Node<'_> {
    fn is_strict(&self) -> bool {
        self.walk.rules == Rules::Strict
    }

    fn inner(&mut self) -> Node<'_> {
        Node {
            walk: &mut *self.walk,
            depth: self.depth + 1,
        }
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        if self.is_strict() && self.depth > DEPTH_MAX {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            return Err(self.walk.refuse(message));
        }
        Ok(())
    }

    fn whole<E: de::Error>(self, magnitude: u64, number: Number) -> Result<Value, E> {
        if self.is_strict() && magnitude > WHOLE_MAX {
            return Err(self.walk.refuse(TOO_GREAT));
        }
        Ok(Value::Number(number))
    }
}

const TOO_GREAT: &str = "a number past 2^53-1 cannot be kept exactly; write it as a string";

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.whole(value, value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.whole(value.unsigned_abs(), value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // Doubles past 2^53 are whole numbers, and integers too long for 64 bits arrive here: in
        // both readings the text may have said something else.
        match Number::from_f64(value) {
            Some(number) if value.abs() <= WHOLE_MAX as f64 => Ok(Value::Number(number)),
            _ => Err(self.walk.refuse(TOO_GREAT)),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        if self.is_strict() && value.as_bytes().contains(&0) {
            return Err(self.walk.refuse("a string holds U+0000"));
        }
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            match list.next_element_seed(self.inner()) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => {
                    self.walk.path.push(Step::Index(items.len()));
                    return Err(error);
                }
            }
            self.walk.spend()?;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut members = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if self.is_strict() && key.as_bytes().contains(&0) {
                return Err(self.walk.refuse("a key holds U+0000"));
            }
            let value = match object.next_value_seed(self.inner()) {
                Ok(value) => value,
                Err(error) => {
                    self.walk.path.push(Step::Key(key));
                    return Err(error);
                }
            };
            match members.entry(key) {
                Entry::Vacant(entry) => entry.insert(value),
                Entry::Occupied(entry) => {
                    let key = entry.key().clone();
                    let shown: String = key.chars().take(64).collect();
                    self.walk.path.push(Step::Key(key));
                    return Err(self
                        .walk
                        .refuse(format!("the key `{shown}` is there twice")));
                }
            };
            self.walk.spend()?;
        }
        Ok(Value::Object(members))
    }
}
