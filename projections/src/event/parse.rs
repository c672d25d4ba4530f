//! From JSON to an [`Event`]: attributes, type and data, each with its refusal.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{Data, Event, EventRef, Kind, Permission};
use crate::refusal::{Code, Refusal};
use crate::time::{Instant, parse_date};

impl Event {
    /// Checks an event's attributes, type and data.
    ///
    /// # Errors
    /// `event.malformed`, `private.unsupported`, `event.type_unknown` or `event.data_invalid`.
    pub fn from_json(value: &Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(object) => Self::from_object(object),
            _ => Err(malformed("", "an event is a JSON object")),
        }
    }

    /// As [`Event::from_json`], of an object.
    ///
    /// # Errors
    /// As there.
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, Refusal> {
        if attribute(object, "specversion")? != "1.0" {
            return Err(malformed("/specversion", "`specversion` must be \"1.0\""));
        }
        let id = attribute(object, "id")?.to_owned();
        let source = attribute(object, "source")?.to_owned();
        let kind_text = attribute(object, "type")?;
        let time = instant_attribute(object, "time")?
            .ok_or_else(|| malformed("/time", "`time` is missing"))?;
        let subject = attribute(object, "subject")?.to_owned();
        let recordedtime = instant_attribute(object, "recordedtime")?;
        let actor = match object.get("actor") {
            None => None,
            Some(_) => Some(attribute(object, "actor")?.to_owned()),
        };
        let data = match object.get("data") {
            Some(Value::Object(data)) => data,
            Some(_) => return Err(malformed("/data", "`data` must be an object")),
            None => return Err(malformed("", "`data` is missing")),
        };
        if object.contains_key("private") {
            return Err(Refusal::new(
                Code::PrivateUnsupported,
                "/private",
                "this version does not keep `private` yet; send the event without it",
            ));
        }
        let Some(kind) = Kind::from_text(kind_text) else {
            let shown: String = kind_text.chars().take(64).collect();
            return Err(Refusal::new(
                Code::EventTypeUnknown,
                "/type",
                format!("there is no event type `{shown}`"),
            ));
        };
        let data = parse_data(kind, data, &source)?;
        Ok(Self {
            id,
            source,
            kind,
            time,
            subject,
            data,
            recordedtime,
            actor,
        })
    }
}

fn malformed(pointer: &str, message: &str) -> Refusal {
    Refusal::new(Code::EventMalformed, pointer, message)
}

fn attribute<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match object.get(name) {
        Some(Value::String(text)) if text.is_empty() => Err(malformed(
            &format!("/{name}"),
            &format!("`{name}` is empty"),
        )),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(malformed(
            &format!("/{name}"),
            &format!("`{name}` must be a string"),
        )),
        None => Err(malformed("", &format!("`{name}` is missing"))),
    }
}

fn instant_attribute(object: &Map<String, Value>, name: &str) -> Result<Option<Instant>, Refusal> {
    if !object.contains_key(name) {
        return Ok(None);
    }
    let text = attribute(object, name)?;
    let at = text
        .parse()
        .map_err(|error| malformed(&format!("/{name}"), &format!("`{name}`: {error}")))?;
    Ok(Some(at))
}

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
        "measures" | "reasons" | "findings" | "evidence" => FieldForm::TextList,
        "until" => FieldForm::TextOrNull,
        _ => FieldForm::Text,
    }
}

/// Counts past this cannot be kept exactly as JSON numbers.
const COUNT_MAX: i64 = 9_007_199_254_740_991;

/// Reads the fields of `data` one by one, then refuses what is left over.
struct Fields<'a> {
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn invalid(name: &str, message: String) -> Refusal {
        let name = name.replace('~', "~0").replace('/', "~1");
        Refusal::new(Code::EventDataInvalid, format!("/data/{name}"), message)
    }

    fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.object.get(name)
    }

    fn required(&mut self, name: &'static str) -> Result<&'a Value, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::new(
                Code::EventDataInvalid,
                "/data",
                format!("`data.{name}` is missing"),
            )
        })
    }

    /// Any string.
    fn text(&mut self, name: &'static str) -> Result<&'a str, Refusal> {
        self.required(name)?
            .as_str()
            .ok_or_else(|| Self::invalid(name, format!("`data.{name}` must be a string")))
    }

    /// A string that names something, so not an empty one.
    fn name(&mut self, name: &'static str) -> Result<String, Refusal> {
        match self.text(name)? {
            "" => Err(Self::invalid(name, format!("`data.{name}` is empty"))),
            text => Ok(text.to_owned()),
        }
    }

    fn optional_text(&mut self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    fn optional_name(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(_) => self.name(name).map(Some),
        }
    }

    fn word<T: std::str::FromStr<Err = String>>(
        &mut self,
        name: &'static str,
    ) -> Result<T, Refusal> {
        self.text(name)?
            .parse()
            .map_err(|error| Self::invalid(name, format!("`data.{name}`: {error}")))
    }

    fn date(&mut self, name: &'static str) -> Result<NaiveDate, Refusal> {
        let text = self.text(name)?;
        parse_date(text).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            Self::invalid(
                name,
                format!("`data.{name}`: `{shown}` is no date such as 2015-03-31"),
            )
        })
    }

    fn boolean(&mut self, name: &'static str) -> Result<bool, Refusal> {
        self.required(name)?
            .as_bool()
            .ok_or_else(|| Self::invalid(name, format!("`data.{name}` must be true or false")))
    }

    fn count(&mut self, name: &'static str) -> Result<i64, Refusal> {
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

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Refusal> {
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

    fn instant_or_null(&mut self, name: &'static str) -> Result<Option<Instant>, Refusal> {
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

    fn event_ref(&mut self, source: &str) -> Result<EventRef, Refusal> {
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

    fn finish(self) -> Result<(), Refusal> {
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

fn parse_data(kind: Kind, object: &Map<String, Value>, source: &str) -> Result<Data, Refusal> {
    let mut f = Fields {
        object,
        known: Vec::with_capacity(4),
    };
    let data = match kind {
        Kind::DeveloperRegistered => Data::DeveloperRegistered {
            name: f.text("name")?.to_owned(),
            kind: f.word("kind")?,
            grade: f.optional_name("grade")?,
        },
        Kind::DeveloperGraded => {
            let grade = f.name("grade")?;
            f.optional_text("reason")?;
            Data::DeveloperGraded { grade }
        }
        Kind::DeveloperTerminated => f.text("reason").map(|_| Data::DeveloperTerminated)?,
        Kind::DeveloperLeft => f.optional_text("reason").map(|_| Data::DeveloperLeft)?,
        Kind::DeveloperReinstated => f.text("reason").map(|_| Data::DeveloperReinstated)?,
        Kind::AppRegistered => Data::AppRegistered {
            developer: f.name("developer")?,
            name: f.text("name")?.to_owned(),
            channel: f.word("channel")?,
            permission: match f.get("permission") {
                None => Permission::Ordinary,
                Some(_) => f.word("permission")?,
            },
        },
        Kind::AppPermissionChanged => Data::AppPermissionChanged {
            permission: f.word("permission")?,
        },
        Kind::AppDelisted => f.text("reason").map(|_| Data::AppDelisted)?,
        Kind::AppKeyDisabled => f.text("reason").map(|_| Data::AppKeyDisabled)?,
        Kind::AppKeyEnabled => f.text("reason").map(|_| Data::AppKeyEnabled)?,
        Kind::ViolationFound => {
            let code = f.name("code")?;
            if f.get("evidence").is_some() {
                f.texts("evidence")?;
            }
            f.optional_text("note")?;
            Data::ViolationFound { code }
        }
        Kind::ViolationRemedied => Data::ViolationRemedied {
            code: f.name("code")?,
        },
        Kind::ComplaintReceived => {
            let class = f.word("class")?;
            let reason = f.optional_name("reason")?;
            f.optional_text("note")?;
            Data::ComplaintReceived { class, reason }
        }
        Kind::OutageStarted => Data::OutageStarted {
            outage: f.name("outage")?,
            cause: f.word("cause")?,
        },
        Kind::OutageEnded | Kind::OutageExplained => {
            let outage = f.name("outage")?;
            f.optional_text("note")?;
            if kind == Kind::OutageEnded {
                Data::OutageEnded { outage }
            } else {
                Data::OutageExplained { outage }
            }
        }
        Kind::OutageDayRecorded => Data::OutageDayRecorded {
            date: f.date("date")?,
            cause: f.word("cause")?,
        },
        Kind::BehaviorObserved | Kind::BehaviorCeased => {
            let code = f.name("code")?;
            f.optional_text("note")?;
            if kind == Kind::BehaviorObserved {
                Data::BehaviorObserved { code }
            } else {
                Data::BehaviorCeased { code }
            }
        }
        Kind::UsageReported => Data::UsageReported {
            date: f.date("date")?,
            daily_users: f.count("daily_users")?,
        },
        Kind::CertificationAssessed => {
            if f.text("condition")? != "platform_related" {
                return Err(Fields::invalid(
                    "condition",
                    "`data.condition`: only `platform_related` is assessed by a person".into(),
                ));
            }
            Data::CertificationAssessed {
                met: f.boolean("met")?,
            }
        }
        Kind::ReviewSubmitted => Data::ReviewSubmitted {
            stage: f.word("stage")?,
        },
        Kind::ReviewApproved => Data::ReviewApproved {
            stage: f.word("stage")?,
        },
        Kind::ReviewRejected => Data::ReviewRejected {
            stage: f.word("stage")?,
            reasons: f.texts("reasons")?,
        },
        Kind::InspectionFailed => {
            let severity = f.word("severity")?;
            f.texts("findings")?;
            Data::InspectionFailed { severity }
        }
        Kind::InspectionRemedied => f.optional_text("note").map(|_| Data::InspectionRemedied)?,
        Kind::ReportConfirmed => {
            let severity = f.word("severity")?;
            f.optional_text("note")?;
            Data::ReportConfirmed { severity }
        }
        Kind::ReportRemedied => f.optional_text("note").map(|_| Data::ReportRemedied)?,
        Kind::MeasureImposed => {
            let (measures, until) = (f.texts("measures")?, f.instant_or_null("until")?);
            f.text("reason")?;
            Data::MeasureImposed { measures, until }
        }
        Kind::MeasureLifted => {
            let measures = f.texts("measures")?;
            f.text("reason")?;
            Data::MeasureLifted { measures }
        }
        Kind::DataDeletionOrdered | Kind::DataDeletionConfirmed => {
            f.text("scope")?;
            f.optional_text("note")?;
            if kind == Kind::DataDeletionOrdered {
                Data::DataDeletionOrdered
            } else {
                Data::DataDeletionConfirmed
            }
        }
        Kind::EventRetracted | Kind::PrivateErased => {
            let event = f.event_ref(source)?;
            f.text("reason")?;
            if kind == Kind::EventRetracted {
                Data::EventRetracted { event }
            } else {
                Data::PrivateErased { event }
            }
        }
        Kind::AppealFiled => {
            let event = f.event_ref(source)?;
            f.text("statement")?;
            Data::AppealFiled { event }
        }
        Kind::AppealDecided => {
            let (event, outcome) = (f.event_ref(source)?, f.word("outcome")?);
            f.text("reason")?;
            Data::AppealDecided { event, outcome }
        }
        Kind::RulebookPublished => Data::RulebookPublished {
            version: f.name("version")?,
            toml: f.text("toml")?.to_owned(),
            sha256: f.text("sha256")?.to_owned(),
        },
    };
    f.finish()?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that fits a field as [`Kind::fields`] describes it.
    fn sample(name: &str, values: &str) -> Value {
        match (name, values) {
            ("date", _) => "2015-03-31".into(),
            (_, "list") => Value::Array(vec!["x".into()]),
            (_, "a whole number") => 7.into(),
            (_, values) if values.starts_with("true") => true.into(),
            (_, values) if values.ends_with("null") => Value::Null,
            (_, "") => "x".into(),
            (_, values) => values.split(" | ").next().into(),
        }
    }

    fn data(fields: &str, without: Option<&str>) -> Map<String, Value> {
        let mut data = Map::new();
        for field in fields.split(", ").filter(|field| !field.is_empty()) {
            let (name, values) = field.split_once(": ").unwrap_or((field, ""));
            let name = name.trim_end_matches('?');
            if without == Some(name) {
                continue;
            }
            match name.split_once('.') {
                Some((outer, inner)) => {
                    let object = data.entry(outer).or_insert_with(|| Map::new().into());
                    object[inner] = sample(name, values);
                }
                None => {
                    data.insert(name.to_owned(), sample(name, values));
                }
            }
        }
        data
    }

    #[test]
    fn the_fields_that_are_told_are_those_that_are_read() {
        for kind in Kind::ALL {
            let fields = kind.fields();
            let whole = parse_data(*kind, &data(fields, None), "/s");
            assert!(whole.is_ok(), "{kind}: {whole:?}");
            for field in fields.split(", ") {
                let name = field.split(": ").next().unwrap_or(field);
                let left_out = name.trim_end_matches('?');
                let read = parse_data(*kind, &data(fields, Some(left_out)), "/s");
                assert_eq!(
                    read.is_ok(),
                    name.ends_with('?'),
                    "{kind} without {left_out}"
                );
            }
        }
    }
}
