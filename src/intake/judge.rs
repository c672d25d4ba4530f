//! Whether an event may be appended, by what the ledger knows (SPEC §2).
//!
//! The checks stand in the specification's order and the first that fails refuses. What is legal
//! of an app is not decided here but by `standing_projections::legality`.

use sha2::{Digest, Sha256};
use standing_projections::event::{Data, Kind, RESERVED_CODES, SubjectKind};
use standing_projections::measure::Measure;
use standing_projections::refusal::{Code, Refusal};
use standing_projections::{Event, Instant, Position, Rulebook};

use super::register::Register;
use crate::history::records::Subject;

/// How far a clock may be behind the sender's.
const FUTURE_MICROS_MAX: i64 = 5 * 60 * 1_000_000;

/// The event that another one refers to, as far as the log knows it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) position: Position,
    pub(crate) kind: Kind,
    pub(crate) subject: String,
}

/// When an event is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// Now, by the ledger's clock.
    Now(Instant),
    /// When it says itself, not before the one before it.
    Trusted {
        /// What it says.
        recordedtime: Instant,
        /// When the one before it was recorded.
        previous: Option<Instant>,
    },
}

/// Judges an event against the register; `target` is what its reference was found to be, and
/// `legality` whether the app's record is asked too.
pub(crate) fn judge(
    register: &Register,
    event: &Event,
    target: Option<&Target>,
    clock: Clock,
    legality: bool,
) -> Result<(), Refusal> {
    time(event, clock)?;
    subject(register, event)?;
    codes(register, event)?;
    reference(event, target)?;
    if legality && let Some(record) = register.app(&event.subject) {
        record.check(event.time, &event.data)?;
    }
    rulebook(register, event)
}

fn time(event: &Event, clock: Clock) -> Result<(), Refusal> {
    match clock {
        Clock::Now(now) if event.time.micros() > now.micros().saturating_add(FUTURE_MICROS_MAX) => {
            let message = format!("`time` is more than 5 minutes after the ledger's clock ({now})");
            Err(Refusal::new(Code::EventTimeInFuture, "/time", message))
        }
        Clock::Trusted {
            recordedtime,
            previous: Some(previous),
        } if recordedtime < previous => {
            let message = format!(
                "`recordedtime` {recordedtime} is before that of the event before it ({previous})"
            );
            Err(Refusal::new(
                Code::RecordedtimeDecreases,
                "/recordedtime",
                message,
            ))
        }
        _ => Ok(()),
    }
}

fn subject(register: &Register, event: &Event) -> Result<(), Refusal> {
    let id = &event.subject;
    let unknown =
        |pointer: &str, message: String| Err(Refusal::new(Code::SubjectUnknown, pointer, message));
    let registers = matches!(event.kind, Kind::DeveloperRegistered | Kind::AppRegistered);
    if let Data::AppRegistered { developer, .. } = &event.data
        && !matches!(register.subject(developer), Some(Subject::Developer))
    {
        return unknown(
            "/data/developer",
            format!("no developer `{developer}` is registered"),
        );
    }
    let about = match &event.data {
        Data::DecisionProposed { decision } => decision.kind.subject(),
        _ => event.kind.subject(),
    };
    match (about, register.subject(id)) {
        _ if registers && register.subject(id).is_some() => {
            let message = format!("a developer or an app is registered by the id `{id}` already");
            Err(Refusal::new(Code::SubjectExists, "/subject", message))
        }
        _ if registers => Ok(()),
        (SubjectKind::Developer, Some(Subject::Developer))
        | (SubjectKind::App, Some(Subject::App { .. }))
        | (SubjectKind::Target, Some(_))
        | (SubjectKind::Rulebook, _) => Ok(()),
        (SubjectKind::Target, None)
            if register.books.all.iter().any(|(_, book)| book.id == *id) =>
        {
            Ok(())
        }
        (SubjectKind::Developer, _) => {
            unknown("/subject", format!("no developer `{id}` is registered"))
        }
        (SubjectKind::App, _) => unknown("/subject", format!("no app `{id}` is registered")),
        (SubjectKind::Target, _) => unknown(
            "/subject",
            format!("no developer or app `{id}` is registered"),
        ),
    }
}

fn codes(register: &Register, event: &Event) -> Result<(), Refusal> {
    let books = &register.books;
    let refuse = |code, pointer: String, message: String| Err(Refusal::new(code, pointer, message));
    let rules = books
        .timeline
        .as_ref()
        .map(|timeline| &timeline.at(event.time).book);
    match &event.data {
        Data::DecisionProposed { decision } => {
            let proposed = Event {
                kind: decision.kind,
                data: decision.data.clone(),
                ..event.clone()
            };
            codes(register, &proposed).map_err(|refusal| Refusal {
                pointer: format!("/data{}", refusal.pointer),
                ..refusal
            })
        }
        Data::ViolationFound { code } if !books.violations.contains(code) => refuse(
            Code::CodeUnknown,
            "/data/code".into(),
            format!("no published rulebook has the violation code `{code}`"),
        ),
        Data::ViolationRemedied { code }
            if !books.violations.contains(code) && !RESERVED_CODES.contains(&code.as_str()) =>
        {
            refuse(
                Code::CodeUnknown,
                "/data/code".into(),
                format!("no published rulebook has the violation code `{code}`"),
            )
        }
        Data::BehaviorObserved { code } | Data::BehaviorCeased { code }
            if !books.behaviors.contains(code) =>
        {
            refuse(
                Code::CodeUnknown,
                "/data/code".into(),
                format!("no published rulebook has the behaviour code `{code}`"),
            )
        }
        Data::ReviewRejected { reasons, .. } => {
            let Some(Subject::App { channel, .. }) = register.subject(&event.subject) else {
                return Ok(());
            };
            let listed = rules.and_then(|rules| rules.review.reasons.get(channel));
            let unlisted = listed.and_then(|listed| {
                reasons
                    .iter()
                    .position(|reason| listed.iter().all(|known| known.code != *reason))
            });
            match unlisted {
                None => Ok(()),
                Some(index) => refuse(
                    Code::CodeUnknown,
                    format!("/data/reasons/{index}"),
                    format!(
                        "`{}` is no reason for a rejection that the rules at `time` list for `{channel}`",
                        reasons[index]
                    ),
                ),
            }
        }
        Data::DeveloperRegistered {
            grade: Some(grade), ..
        }
        | Data::DeveloperGraded { grade }
            if rules.is_some_and(|rules| !rules.developers.grades.contains(grade)) =>
        {
            refuse(
                Code::GradeUnknown,
                "/data/grade".into(),
                format!("the rules at `time` have no grade `{grade}`"),
            )
        }
        Data::MeasureImposed { measures, .. } | Data::MeasureLifted { measures } => {
            match measures
                .iter()
                .position(|name| Measure::from_text(name).is_none())
            {
                None => Ok(()),
                Some(index) => refuse(
                    Code::MeasureUnknown,
                    format!("/data/measures/{index}"),
                    format!("there is no measure `{}`", measures[index]),
                ),
            }
        }
        _ => Ok(()),
    }
}

fn reference(event: &Event, target: Option<&Target>) -> Result<(), Refusal> {
    let Some(wanted) = event.data.event_ref() else {
        return Ok(());
    };
    let Some(target) = target else {
        let message = format!(
            "no event `{}` of source `{}` is known",
            wanted.id, wanted.source
        );
        return Err(Refusal::new(Code::RefUnknown, "/data/event", message));
    };
    if target.subject != event.subject {
        let message = format!(
            "the subject must be that of the event it speaks of, which is `{}`",
            target.subject
        );
        return Err(Refusal::new(Code::RefUnknown, "/subject", message));
    }
    if matches!(
        event.kind,
        Kind::DecisionConfirmed | Kind::DecisionWithdrawn
    ) {
        return match target.kind {
            Kind::DecisionProposed => Ok(()),
            other => {
                let message = format!("an event of type `{other}` is no proposal");
                Err(Refusal::new(Code::RefUnknown, "/data/event", message))
            }
        };
    }
    if event.kind != Kind::PrivateErased && !target.kind.is_retractable() {
        let message = format!("an event of type `{}` cannot be taken back", target.kind);
        return Err(Refusal::new(
            Code::RefNotRetractable,
            "/data/event",
            message,
        ));
    }
    Ok(())
}

fn rulebook(register: &Register, event: &Event) -> Result<(), Refusal> {
    let Data::RulebookPublished {
        version,
        toml,
        sha256,
    } = &event.data
    else {
        if register.books.all.is_empty() {
            let message = "nothing can be judged before a rulebook is published".to_owned();
            return Err(Refusal::new(Code::RulebookNone, "", message));
        }
        return Ok(());
    };
    let invalid =
        |pointer: &str, message: String| Err(Refusal::new(Code::RulebookInvalid, pointer, message));
    if *sha256 != sha256_hex(toml) {
        return invalid("/data/sha256", "`sha256` is not that of `toml`".to_owned());
    }
    let book = match Rulebook::parse(toml) {
        Ok(book) => book,
        Err(error) => return invalid("/data/toml", error.to_string()),
    };
    if book.id != event.subject {
        return invalid(
            "/subject",
            format!("the text is of the rulebook `{}`", book.id),
        );
    }
    if book.version != *version {
        return invalid(
            "/data/version",
            format!("the text is version `{}`", book.version),
        );
    }
    if let Some((_, first)) = register.books.all.first() {
        if book.id != first.id {
            let message = format!("this ledger holds versions of `{}` alone", first.id);
            return invalid("/subject", message);
        }
        if book.time_zone != first.time_zone {
            let message = format!(
                "the versions published are of the zone `{}`",
                first.time_zone
            );
            return invalid("/data/toml", message);
        }
    }
    if register
        .books
        .all
        .iter()
        .any(|(_, known)| known.version == book.version)
    {
        return invalid(
            "/data/version",
            format!("version `{version}` was published before"),
        );
    }
    Ok(())
}

/// The SHA-256 of a text, in lower-case hexadecimal.
pub(crate) fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
