//! Where the parts of a standing come from.
//!
//! What each rule knew when it decided: which events, which place in the rulebook, what had been
//! counted. The rules write it down as they run, and nothing of it is printed; an explanation
//! reads it, so that nothing is decided a second time.

use chrono::NaiveDate;

use crate::event::{Cause, Permission, Position, Stage};
use crate::measure::{Measure, Measures};
use crate::positions::Positions;
use crate::rulebook::Level;
use crate::rules::Moment;
use crate::standing::Status;
use crate::time::{Instant, LocalMonth};

/// An incident beginning, or escalating.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Step {
    /// When, and by which event.
    pub at: Moment,
    /// In which month it counts.
    pub month: LocalMonth,
    /// The number of its incident among all of the app's.
    pub incident: usize,
    /// The level it begins at or escalates to.
    pub level: Level,
    /// Whether it begins.
    pub begins: bool,
    /// Why it has that level.
    pub basis: Basis,
}

/// Why a step has its level: the place in the month's rules, and what had been counted by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The catalogue's entry of that index.
    Catalogue(usize),
    /// The complaints' tier of that index.
    Complaints {
        /// The tier.
        tier: usize,
        /// The month's complaints so far, by class.
        counts: [u32; 3],
    },
    /// The outages' tier of that index.
    Outage {
        /// The tier.
        tier: usize,
        /// The days counted so far: all of the month, or the longest run.
        days: u32,
    },
}

/// A day block of an outage, or a recorded day.
#[derive(Clone, Copy, Debug, Hash)]
pub struct OutageDay {
    /// The local date it starts on.
    pub date: NaiveDate,
    /// When it starts, by which event, and as which of its blocks.
    pub at: Moment,
    /// Whose fault the outage is.
    pub cause: Cause,
}

/// A complaint whose reason is not among those that its month's rules count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UncountedComplaint<'a> {
    /// In which month it would count.
    pub month: LocalMonth,
    /// The index of the rules that do not count it.
    pub rules: usize,
    /// The event.
    pub position: Position,
    /// Its reason.
    pub reason: &'a str,
}

/// Something that changed a developer's grade or status.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Turn<'a> {
    /// When, and by which event.
    pub at: Moment,
    /// What it did.
    pub change: Change<'a>,
}

/// What a turn did.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Change<'a> {
    /// A month's violations passed the threshold.
    Downgraded {
        /// The month.
        month: LocalMonth,
        /// The grade before.
        from: &'a str,
        /// The grade after; none where there is no lower one, or the rules do not know `from`.
        to: Option<&'a str>,
        /// Whether the fall to the lowest grade marks the developer.
        marks: bool,
    },
    /// An operator set the grade.
    Graded(&'a str),
    /// The status began.
    Status(Status, Why),
}

/// Why a status began.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Why {
    /// By the act of an operator, or of the developer.
    Act,
    /// A month's violations passed the threshold.
    Violations {
        /// The month.
        month: LocalMonth,
    },
    /// A marked developer's incident reached a serious level.
    Serious {
        /// The incident's month.
        month: LocalMonth,
        /// The level it reached.
        level: Level,
        /// The step whose downgrade marked the developer.
        marked_at: Moment,
        /// The index of the rules that say what is serious.
        rules: usize,
    },
}

/// What a measure in force comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The app's sanction of that number, counted over all its months.
    Sanction(usize),
    /// `measure.imposed`.
    Imposed,
    /// A grave inspection or an extreme report.
    GraveFinding,
    /// A fix of an inspection that was not there when due.
    MissedFix,
    /// The end of the cooperation.
    Termination,
}

/// A measure from an instant on, until another.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Interval {
    /// Which.
    pub measure: Measure,
    /// From when on.
    pub from: Instant,
    /// The event behind it.
    pub cause: Position,
    /// Until when, by itself or by an event.
    pub until: Option<Instant>,
    /// What it comes from.
    pub origin: Origin,
    /// The lift, remedy or reinstatement that ended it.
    pub ended_by: Option<Position>,
    /// Whether it holds at the instant asked about.
    pub in_force: bool,
}

/// What keeps an app from being shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hindrances {
    /// Its review has not led to a listing.
    pub not_listed: bool,
    /// Its key does not work.
    pub key_disabled: bool,
    /// Its developer's cooperation has ended.
    pub ended: bool,
    /// The measures in force that suspend it.
    pub measures: Measures,
}

impl Hindrances {
    /// Whether nothing does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a ranked behaviour adds to a score.
#[derive(Clone, Debug, Hash)]
pub struct ScoreTerm {
    /// The index of the rules.
    pub rules: usize,
    /// The index of the behaviour in their ranking.
    pub behavior: usize,
    /// What it adds.
    pub points: i64,
    /// The events that count.
    pub events: Positions,
}

/// What keeps an app from being approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The failed inspection, the remedy that is observed, or the report.
    pub cause: Position,
    /// When it ends by itself: never for an inspection that is not remedied, unknown where the
    /// calendar lacks a year.
    pub until: Option<Instant>,
    /// What sets its length; nothing for an inspection that is not remedied.
    pub rule: Option<HoldRule>,
}

/// The figure that a hold's length comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldRule {
    /// The observation after a remedy, by the rules of that index.
    Observation(usize),
    /// What a report brings, by the rules of that index and the permission before the fall.
    Report(usize, Permission),
}

/// What a duty and its length come from, by the index of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DutyRule {
    /// The app's sanction of that number, counted over all its months.
    Sanction(usize),
    /// The working days to put right what an inspection found.
    Inspection(usize),
    /// The hours to put right what a report found, by the permission before the fall.
    Report(usize, Permission),
    /// The working days of a stage; a copy after an approved one is a recheck.
    Clock(usize, Stage, bool),
    /// The hours to delete data.
    Deletion(usize),
}
