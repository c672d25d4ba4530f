//! The fields of `data`, read one by one; what is left over is refused.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::EventRef;
use crate::refusal::{Code, Refusal};
use crate::time::{Instant, parse_date};

/// How a field of `data` is written, for forms that carry only text (CSV, the command line).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldForm {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list of strings.
    TextList,
    /// A string, or null.
    TextOrNull,
}

/// The form of a field of `data`, named by its path (`code`, `event.id`).
#[must_use]
pub fn field_form(path: &str) -> FieldForm {
    match path {
        "daily_users" => FieldForm::Integer,
        "met" => FieldForm::Boolean,
        "measures" | "reasons" | "findings" | "evidence" | "data.measures" => FieldForm::TextList,
        "until" | "data.until" => FieldForm::TextOrNull,
        _ => FieldForm::Text,
    }
}

/// Counts past this cannot be kept exactly as JSON numbers.
pub(crate) const COUNT_MAX: i64 = 9_007_199_254_740_991;

/// Reads the fields of `data` one by one, then refuses what is left over.
pub(super) struct Fields<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn invalid(name: &str, message: String) -> Refusal {
        let name = name.replace('~', "~0").replace('/', "~1");
        Refusal::new(Code::EventDataInvalid, format!("/data/{name}"), message)
    }

    pub(super) fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.object.get(name)
    }

    pub(super) fn required(&mut self, name: &'static str) -> Result<&'a Value, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::new(
                Code::EventDataInvalid,
                "/data",
                format!("`data.{name}` is missing"),
            )
        })
    }

    /// Any string.
    pub(super) fn text(&mut self, name: &'static str) -> Result<&'a str, Refusal> {
        self.required(name)?
            .as_str()
            .ok_or_else(|| Self::invalid(name, format!("`data.{name}` must be a string")))
    }

    /// A string that names something, so not an empty one.
    pub(super) fn name(&mut self, name: &'static str) -> Result<String, Refusal> {
        match self.text(name)? {
            "" => Err(Self::invalid(name, format!("`data.{name}` is empty"))),
            text => Ok(text.to_owned()),
        }
    }

    pub(super) fn optional_text(&mut self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    pub(super) fn optional_name(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.name(name).map(Some),
        }
    }

    pub(super) fn word<T: std::str::FromStr<Err = String>>(
        &mut self,
        name: &'static str,
    ) -> Result<T, Refusal> {
        self.text(name)?
            .parse()
            .map_err(|error| Self::invalid(name, format!("`data.{name}`: {error}")))
    }

    pub(super) fn date(&mut self, name: &'static str) -> Result<NaiveDate, Refusal> {
        let text = self.text(name)?;
        parse_date(text).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            Self::invalid(
                name,
                format!("`data.{name}`: `{shown}` is no date such as 2015-03-31"),
            )
        })
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> Result<bool, Refusal> {
        self.required(name)?
            .as_bool()
            .ok_or_else(|| Self::invalid(name, format!("`data.{name}` must be true or false")))
    }

    pub(super) fn count(&mut self, name: &'static str) -> Result<i64, Refusal> {
        self.required(name)?
            .as_i64()
            .filter(|count| (0..=COUNT_MAX).contains(count))
            .ok_or_else(|| {
                Self::invalid(
                    name,
                    format!("`data.{name}` must be a whole number from 0 to 2^53-1"),
                )
            })
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Refusal> {
        let value = self.required(name)?;
        let Value::Array(items) = value else {
            return Err(Self::invalid(
                name,
                format!("`data.{name}` must be a list of strings"),
            ));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::String(text) => Ok(text.clone()),
                _ => Err(Refusal::new(
                    Code::EventDataInvalid,
                    format!("/data/{name}/{index}"),
                    format!("`data.{name}` must be a list of strings"),
                )),
            })
            .collect()
    }

    /// A list of SHA-256 in lower-case hexadecimal, that may be missing.
    pub(super) fn hashes(&mut self, name: &'static str) -> Result<(), Refusal> {
        if !self.object.contains_key(name) {
            self.known.push(name);
            return Ok(());
        }
        let is_hash = |text: &String| {
            let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            text.len() == 64 && digits
        };
        match self.texts(name)?.iter().position(|text| !is_hash(text)) {
            None => Ok(()),
            Some(index) => Err(Refusal::new(
                Code::EventDataInvalid,
                format!("/data/{name}/{index}"),
                format!("`data.{name}` holds SHA-256 hashes: 64 digits of lower-case hexadecimal"),
            )),
        }
    }

    pub(super) fn instant_or_null(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Instant>, Refusal> {
        match self.required(name)? {
            Value::Null => Ok(None),
            Value::String(text) => text
                .parse()
                .map(Some)
                .map_err(|error| Self::invalid(name, format!("`data.{name}`: {error}"))),
            _ => Err(Self::invalid(
                name,
                format!("`data.{name}` must be an instant or null"),
            )),
        }
    }

    pub(super) fn event_ref(&mut self, source: &str) -> Result<EventRef, Refusal> {
        let at = |place: &str, message: &str| {
            Refusal::new(
                Code::EventDataInvalid,
                format!("/data/event{place}"),
                message,
            )
        };
        let Value::Object(object) = self.required("event")? else {
            return Err(at(
                "",
                "`data.event` must be an object {\"id\": …, \"source\": …}",
            ));
        };
        if let Some(unknown) = object.keys().find(|key| *key != "id" && *key != "source") {
            let unknown: String = unknown.chars().take(64).collect();
            return Err(at("", &format!("`data.event` has no key `{unknown}`")));
        }
        let part = |name: &str| match object.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            None => Ok(None),
            _ => Err(at(
                &format!("/{name}"),
                "must be a string that is not empty",
            )),
        };
        Ok(EventRef {
            id: part("id")?.ok_or_else(|| at("", "`data.event.id` is missing"))?,
            source: part("source")?.unwrap_or_else(|| source.to_owned()),
        })
    }

    pub(super) fn finish(self) -> Result<(), Refusal> {
        match self
            .object
            .keys()
            .find(|key| !self.known.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(unknown) => {
                let shown: String = unknown.chars().take(64).collect();
                Err(Self::invalid(
                    unknown,
                    format!("this type has no `data.{shown}`"),
                ))
            }
        }
    }
}
