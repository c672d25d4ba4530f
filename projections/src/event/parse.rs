//! From JSON to an [`Event`]: attributes, type and data, each with its refusal.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::{Data, Event, Kind, Permission, Proposed};
use crate::refusal::{Code, Refusal};
use crate::time::Instant;

/// How many bytes an `id`, a `source` or a `subject` may have. SPEC says nothing of it; databases
/// bound what an index holds (PostgreSQL's to 2,704 bytes for two of them), and an event that one
/// store takes must not be one that another cannot.
pub(super) const NAME_BYTES_MAX: usize = 1_024;

impl Event {
    /// Checks an event's attributes, type and data.
    ///
    /// # Errors
    /// `event.malformed`, `event.type_unknown` or `event.data_invalid`.
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
        // The first of the malformed attributes is told, and this one is looked at last.
        let event = Self::from_leaf(object);
        match (object.get("private"), &event) {
            (None | Some(Value::Object(_)), _) => event,
            (Some(_), Err(refusal)) if refusal.code == Code::EventMalformed => event,
            (Some(_), _) => Err(malformed("/private", "`private` must be an object")),
        }
    }

    /// As [`Event::from_object`], of an event that a ledger holds: in the place of what was private
    /// it has a commitment (SPEC §10).
    ///
    /// # Errors
    /// As there.
    pub fn from_leaf(object: &Map<String, Value>) -> Result<Self, Refusal> {
        if attribute(object, "specversion")? != "1.0" {
            return Err(malformed("/specversion", "`specversion` must be \"1.0\""));
        }
        let id = bounded(object, "id")?.to_owned();
        let source = bounded(object, "source")?.to_owned();
        let kind_text = attribute(object, "type")?;
        let time = instant_attribute(object, "time")?
            .ok_or_else(|| malformed("/time", "`time` is missing"))?;
        let subject = bounded(object, "subject")?.to_owned();
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

/// An attribute by which events are found.
fn bounded<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    let text = attribute(object, name)?;
    if text.len() > NAME_BYTES_MAX {
        let message = format!("`{name}` has more than {NAME_BYTES_MAX} bytes");
        return Err(malformed(&format!("/{name}"), &message));
    }
    Ok(text)
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
        Kind::EventRetracted | Kind::PrivateErased | Kind::DecisionWithdrawn => {
            let event = f.event_ref(source)?;
            f.text("reason")?;
            match kind {
                Kind::EventRetracted => Data::EventRetracted { event },
                Kind::PrivateErased => Data::PrivateErased { event },
                _ => Data::DecisionWithdrawn { event },
            }
        }
        Kind::DecisionProposed => {
            let decision = Box::new(proposed(&mut f, source)?);
            f.text("reason")?;
            Data::DecisionProposed { decision }
        }
        Kind::DecisionConfirmed => Data::DecisionConfirmed {
            event: f.event_ref(source)?,
        },
        Kind::AppealFiled => {
            let event = f.event_ref(source)?;
            f.text("statement")?;
            f.hashes("evidence")?;
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

/// The event that a proposal carries, checked as it will be when it is sent.
fn proposed(f: &mut Fields<'_>, source: &str) -> Result<Proposed, Refusal> {
    let kind: Kind = f.word("type")?;
    if !Proposed::KINDS.contains(&kind) {
        let all = Proposed::KINDS.map(Kind::as_str).join(", ");
        let message = format!("`data.type`: `{kind}` is not proposed; these are: {all}");
        return Err(Fields::invalid("type", message));
    }
    let Value::Object(data) = f.required("data")? else {
        let message = "`data.data` must be an object: what the event will carry";
        return Err(Fields::invalid("data", message.to_owned()));
    };
    let data = parse_data(kind, data, source).map_err(|refusal| {
        Refusal::new(
            refusal.code,
            format!("/data{}", refusal.pointer),
            refusal.message,
        )
    })?;
    let time = match f.get("time") {
        None => None,
        Some(_) => f.instant_or_null("time")?,
    };
    Ok(Proposed { kind, data, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that fits a field as [`Kind::fields`] describes it.
    fn sample(name: &str, values: &str) -> Value {
        match (name, values) {
            ("date", _) => "2015-03-31".into(),
            (_, "what that type carries") => {
                serde_json::json!({"measures": ["x"], "until": null, "reason": "x"})
            }
            (_, "an instant") => "2015-03-31T00:00:00Z".into(),
            (_, "SHA-256 list") => Value::Array(vec!["0a".repeat(32).into()]),
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
