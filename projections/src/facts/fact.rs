//! One event in 24 bytes.

use chrono::NaiveDate;

use super::NameId;
use crate::event::{
    Cause, ComplaintClass, Data, InspectionSeverity, Kind, Permission, Position, ReportSeverity,
    Stage,
};
use crate::measure::Measures;
use crate::time::Instant;

/// One event as the rules read it: when, where in the log, of which type, and a small word and a
/// code or a value, whose meaning the type gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    time: Instant,
    /// The position, the kind and a small word, in this order from the highest bit.
    place: u64,
    /// A code, -1 where there is none; or a value, as -2 and less.
    detail: i64,
}

/// A fact as plain numbers, as it is kept outside of this program.
/// [`AppFacts::push_fact`](super::AppFacts::push_fact) and
/// [`DeveloperFacts::push_act`](super::DeveloperFacts::push_act) take them back, where they are those
/// of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainFact {
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Where in the log it is.
    pub position: u64,
    /// Its type.
    pub kind: Kind,
    /// A class, cause, stage, severity or permission by its place among all of them, measures as
    /// bits, or whether a condition is met.
    pub word: u8,
    /// The number of a name, or of an outage of the app.
    pub code: Option<u32>,
    /// The days from the year 1 to a date, the microseconds from 1970 to an end, or -1 for none.
    pub value: i64,
}

impl Fact {
    pub(super) fn new(time: Instant, position: Position, kind: Kind) -> Self {
        let place = (position.0 << 16) | ((kind as u64) << 8);
        Self {
            time,
            place,
            detail: -1,
        }
    }

    pub(super) const fn small(self, small: u8) -> Self {
        Self {
            place: self.place | small as u64,
            ..self
        }
    }

    /// With a value from -1, in the place of a code.
    pub(super) const fn value(self, value: i64) -> Self {
        let detail = -2 - value;
        Self { detail, ..self }
    }

    pub(super) const fn code(self, code: NameId) -> Self {
        let detail = code.0 as i64;
        Self { detail, ..self }
    }

    const fn kept_value(self) -> i64 {
        -2 - self.detail
    }

    const fn word(self) -> usize {
        (self.place & 0xff) as usize
    }

    /// Its place among others: by time, then position.
    pub(super) const fn order(&self) -> (Instant, u64) {
        (self.time, self.place)
    }

    /// Its numbers.
    #[must_use]
    pub fn plain(self) -> PlainFact {
        PlainFact {
            time: self.time.micros(),
            position: self.position().0,
            kind: self.kind(),
            word: (self.place & 0xff) as u8,
            code: self.name().map(|code| code.0),
            value: match has_value(self.kind()) {
                true => self.kept_value(),
                false => 0,
            },
        }
    }

    /// When it happened.
    #[must_use]
    pub const fn time(self) -> Instant {
        self.time
    }

    /// Where in the log it is.
    #[must_use]
    pub const fn position(self) -> Position {
        Position(self.place >> 16)
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> Kind {
        Kind::ALL[((self.place >> 8) & 0xff) as usize]
    }

    /// The code of a violation or behaviour, a grade, a complaint's reason.
    #[must_use]
    pub fn name(self) -> Option<NameId> {
        u32::try_from(self.detail).ok().map(NameId)
    }

    /// The class of a complaint.
    #[must_use]
    pub fn class(self) -> ComplaintClass {
        ComplaintClass::ALL[self.word()]
    }

    /// The cause of an outage or an outage day.
    #[must_use]
    pub fn cause(self) -> Cause {
        Cause::ALL[self.word()]
    }

    /// Which of its app's outages, for the events of one.
    #[must_use]
    pub fn outage(self) -> u32 {
        self.name().map_or(u32::MAX, NameId::number)
    }

    /// The date of an outage day.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        i32::try_from(self.kept_value())
            .ok()
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .unwrap_or_default()
    }

    /// Whether a condition is met.
    #[must_use]
    pub const fn met(self) -> bool {
        self.word() != 0
    }

    /// The stage of a review step.
    #[must_use]
    pub fn stage(self) -> Stage {
        Stage::ALL[self.word()]
    }

    /// How grave a failed inspection is.
    #[must_use]
    pub fn inspection(self) -> InspectionSeverity {
        InspectionSeverity::ALL[self.word()]
    }

    /// How grave a confirmed report is.
    #[must_use]
    pub fn report(self) -> ReportSeverity {
        ReportSeverity::ALL[self.word()]
    }

    /// The permission an app is given.
    #[must_use]
    pub fn permission(self) -> Permission {
        Permission::ALL[self.word()]
    }

    /// The measures imposed or lifted.
    #[must_use]
    pub const fn measures(self) -> Measures {
        Measures::from_bits((self.place & 0xff) as u8)
    }

    /// Until when measures are imposed; until lifted, where there is none.
    #[must_use]
    pub fn until(self) -> Option<Instant> {
        Instant::from_micros(self.kept_value())
    }

    /// The fact of an event that moves an app's review state or its permission (SPEC §8), which
    /// needs no interned text; none for any other.
    #[must_use]
    pub fn of_lifecycle(position: Position, time: Instant, data: &Data) -> Option<Self> {
        let fact = |kind| Some(Self::new(time, position, kind));
        match data {
            Data::AppPermissionChanged { permission } => {
                Some(fact(Kind::AppPermissionChanged)?.small(*permission as u8))
            }
            Data::AppDelisted => fact(Kind::AppDelisted),
            Data::AppKeyDisabled => fact(Kind::AppKeyDisabled),
            Data::AppKeyEnabled => fact(Kind::AppKeyEnabled),
            Data::ReviewSubmitted { stage } => {
                Some(fact(Kind::ReviewSubmitted)?.small(*stage as u8))
            }
            Data::ReviewApproved { stage } => Some(fact(Kind::ReviewApproved)?.small(*stage as u8)),
            Data::ReviewRejected { stage, .. } => {
                Some(fact(Kind::ReviewRejected)?.small(*stage as u8))
            }
            Data::InspectionFailed { severity } => {
                Some(fact(Kind::InspectionFailed)?.small(*severity as u8))
            }
            Data::InspectionRemedied => fact(Kind::InspectionRemedied),
            Data::ReportConfirmed { severity } => {
                Some(fact(Kind::ReportConfirmed)?.small(*severity as u8))
            }
            Data::ReportRemedied => fact(Kind::ReportRemedied),
            _ => None,
        }
    }
}

/// Whether facts of a kind have a value, and then no code.
pub(super) const fn has_value(kind: Kind) -> bool {
    matches!(kind, Kind::OutageDayRecorded | Kind::MeasureImposed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fact_takes_24_bytes() {
        assert_eq!(size_of::<super::Fact>(), 24);
    }
}
