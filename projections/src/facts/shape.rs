//! What a fact of each kind holds, and numbers taken back as a fact only where they fit it.

use chrono::{Datelike, NaiveDate};

use super::fact::has_value;
use super::{Bounds, Fact, NameId, PartError, PlainFact};
use crate::event::{
    Cause, ComplaintClass, InspectionSeverity, Kind, Permission, Position, ReportSeverity, Stage,
};
use crate::measure::Measures;
use crate::time::Instant;

/// A position takes 48 bits of a fact.
pub(super) const POSITION_MAX: u64 = (1 << 48) - 1;

/// Whose fact it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Developer,
    App,
}

/// What a kind's small word is.
enum Word {
    None,
    Below(usize),
    Measures,
}

/// What a kind's code is the number of.
#[derive(PartialEq, Eq)]
enum Code {
    None,
    Name,
    NameOrNone,
    Outage,
}

/// What a kind's value is.
enum Value {
    None,
    Date,
    Until,
}

type Shape = (Of, Word, Code, Value);

/// The shape of the facts of a kind; none for kinds that are kept otherwise or not at all.
fn shape(kind: Kind) -> Option<Shape> {
    let app = |word, code, value| Some((Of::App, word, code, value));
    let bare = || app(Word::None, Code::None, Value::None);
    let word = |all: usize| app(Word::Below(all), Code::None, Value::None);
    let act = |code| Some((Of::Developer, Word::None, code, Value::None));
    let causes = Word::Below(Cause::ALL.len());
    match kind {
        Kind::DeveloperGraded => act(Code::Name),
        Kind::DeveloperTerminated | Kind::DeveloperLeft | Kind::DeveloperReinstated => {
            act(Code::None)
        }
        Kind::ViolationFound
        | Kind::ViolationRemedied
        | Kind::BehaviorObserved
        | Kind::BehaviorCeased => app(Word::None, Code::Name, Value::None),
        Kind::ComplaintReceived => {
            let classes = Word::Below(ComplaintClass::ALL.len());
            app(classes, Code::NameOrNone, Value::None)
        }
        Kind::OutageStarted => app(causes, Code::Outage, Value::None),
        Kind::OutageEnded | Kind::OutageExplained => app(Word::None, Code::Outage, Value::None),
        Kind::OutageDayRecorded => app(causes, Code::None, Value::Date),
        Kind::CertificationAssessed => word(2),
        Kind::MeasureImposed => app(Word::Measures, Code::None, Value::Until),
        Kind::MeasureLifted => app(Word::Measures, Code::None, Value::None),
        Kind::AppPermissionChanged => word(Permission::ALL.len()),
        Kind::ReviewSubmitted | Kind::ReviewApproved | Kind::ReviewRejected => {
            word(Stage::ALL.len())
        }
        Kind::InspectionFailed => word(InspectionSeverity::ALL.len()),
        Kind::ReportConfirmed => word(ReportSeverity::ALL.len()),
        Kind::AppDelisted
        | Kind::AppKeyDisabled
        | Kind::AppKeyEnabled
        | Kind::InspectionRemedied
        | Kind::ReportRemedied
        | Kind::DataDeletionOrdered
        | Kind::DataDeletionConfirmed => bare(),
        _ => None,
    }
}

impl PlainFact {
    /// The fact of these numbers, `outages` being how many ids the app has.
    ///
    /// # Errors
    /// [`PartError::Fact`], where they are those of no fact of that kind, or it is not one of `of`.
    pub(super) fn pack(self, of: Of, bounds: Bounds, outages: usize) -> Result<Fact, PartError> {
        let unfit = |what| PartError::Fact {
            position: self.position,
            kind: self.kind,
            what,
        };
        let (owner, word, code, value) = shape(self.kind).ok_or_else(|| unfit("kind"))?;
        let time = Instant::from_micros(self.time).ok_or_else(|| unfit("time"))?;
        let word = match word {
            Word::None => self.word == 0,
            Word::Below(all) => usize::from(self.word) < all,
            Word::Measures => Measures::from_bits(self.word).bits() == self.word,
        };
        let code = match (code, self.code) {
            (Code::None | Code::NameOrNone, None) => true,
            (Code::Name | Code::NameOrNone, Some(name)) => (name as usize) < bounds.names,
            (Code::Outage, Some(outage)) => (outage as usize) < outages,
            (Code::None, Some(_)) | (Code::Name | Code::Outage, None) => false,
        };
        let value = match value {
            Value::None => self.value == 0,
            Value::Date => i32::try_from(self.value)
                .ok()
                .and_then(NaiveDate::from_num_days_from_ce_opt)
                .is_some_and(is_date),
            Value::Until => self.value == -1 || Instant::from_micros(self.value).is_some(),
        };
        let position = bounds.position(self.position);
        for (fits, what) in [
            (owner == of, "kind"),
            (word, "word"),
            (code, "code"),
            (value, "value"),
            (position.is_ok(), "position"),
        ] {
            if !fits {
                return Err(unfit(what));
            }
        }
        let fact = Fact::new(time, Position(self.position), self.kind).small(self.word);
        Ok(match self.code {
            Some(code) => fact.code(NameId(code)),
            None if has_value(self.kind) => fact.value(self.value),
            None => fact,
        })
    }
}

/// Whether it is a date that events can have.
pub(super) fn is_date(date: NaiveDate) -> bool {
    (1970..=9999).contains(&date.year())
}
