//! What a developer's standing is, as it is printed (SPEC §9).
//!
//! The fields that are serialized, and their order, are the document's. The others say where each
//! part comes from, so that an explanation needs no second run of any rule.

use serde::Serialize;

use crate::assess::Ask;
use crate::event::{Channel, Permission, Position};
use crate::facts::Retraction;
use crate::measure::Measure;
use crate::obligations::DutyKind;
use crate::positions::Positions;
use crate::provenance::{
    DutyRule, Hindrances, Hold, Interval, Origin, OutageDay, ScoreTerm, Step, Turn,
    UncountedComplaint,
};
use crate::review::ReviewState;
use crate::rulebook::Level;
use crate::rules::Moment;

use crate::time::{Instant, LocalMonth};
use crate::words::words;

words! {
    /// How a developer stands with the platform.
    Status {
        /// It cooperates.
        Active = "active",
        /// It cooperates, and the platform has the right to end that.
        Terminable = "terminable",
        /// The platform ended the cooperation.
        Terminated = "terminated",
        /// The developer ended the cooperation.
        Left = "left",
    }
}

words! {
    /// What a month's violations did to a developer, the gravest last.
    MonthOutcome {
        /// Nothing.
        None = "none",
        /// It fell a grade.
        Downgraded = "downgraded",
        /// The cooperation ended.
        Terminated = "terminated",
    }
}

words! {
    /// Who owes something.
    Owner {
        /// The developer.
        Developer = "developer",
        /// The platform.
        Platform = "platform",
    }
}

words! {
    /// Where an obligation stands.
    ObligationState {
        /// It was met, in time or late.
        Met = "met",
        /// It fell away.
        Withdrawn = "withdrawn",
        /// Its due instant has passed.
        Overdue = "overdue",
        /// It is not due yet.
        Open = "open",
    }
}

/// A developer's standing at an instant.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Standing<'a> {
    /// Who.
    pub developer: &'a str,
    /// How it stands.
    pub status: Status,
    /// Since when, where it is not active.
    pub status_since: Option<Instant>,
    /// Its grade.
    pub grade: &'a str,
    /// The months with a violation.
    pub months: Vec<DeveloperMonth>,
    /// Its apps, by id.
    pub apps: Vec<AppStanding<'a>>,
    /// The event behind the status.
    #[serde(skip)]
    pub status_cause: Position,
    /// The event behind the grade.
    #[serde(skip)]
    pub grade_cause: Position,
    /// The index of the rules that gave the first grade, where its registration names none.
    #[serde(skip)]
    pub initial_grade: Option<usize>,
    /// What changed its grade and status, in order.
    #[serde(skip)]
    pub turns: Vec<Turn<'a>>,
    /// The events that do not count, each with the one that took it back, by position.
    #[serde(skip)]
    pub disregarded: Vec<Retraction>,
    /// What was asked.
    #[serde(skip)]
    pub ask: Ask,
    /// The index of the rules at the instant asked about.
    #[serde(skip)]
    pub rules: usize,
    /// The next instant at which any of this can change without a new event.
    #[serde(skip)]
    pub next_change: Option<Instant>,
}

/// A month of a developer.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct DeveloperMonth {
    /// Which.
    pub month: LocalMonth,
    /// How many incidents began in it, of all apps.
    pub violations: u32,
    /// What they did.
    pub outcome: MonthOutcome,
    /// When.
    pub at: Option<Instant>,
    /// The event that did it.
    #[serde(skip)]
    pub cause: Option<Position>,
    /// The steps at which its incidents began, in order.
    #[serde(skip)]
    pub counted: Vec<Moment>,
    /// The index of the rules it is judged by.
    #[serde(skip)]
    pub rules: usize,
}

/// An app's standing.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct AppStanding<'a> {
    /// Which.
    pub app: &'a str,
    /// Where it lives.
    pub channel: Channel,
    /// What it may call.
    pub permission: Permission,
    /// Where it is in its review.
    pub review: Review,
    /// The months with anything that counts.
    pub months: Box<[AppMonth<'a>]>,
    /// The measures in force, by name.
    pub measures: Box<[MeasureInForce]>,
    /// The sum of its ranked behaviours.
    pub score: i64,
    /// Whether it may be certified.
    pub certification: Certification,
    /// Who owes what.
    pub obligations: Box<[Obligation<'a>]>,
    /// What the score is the sum of.
    #[serde(skip)]
    pub score_terms: Box<[ScoreTerm]>,
    /// Since when it is listed, where it is on the board.
    #[serde(skip)]
    pub on_board: Option<Instant>,
    /// What keeps it from being shown.
    #[serde(skip)]
    pub hindrances: Hindrances,
    /// The beginnings and escalations of its incidents, in order.
    #[serde(skip)]
    pub steps: Box<[Step]>,
    /// Every interval of a measure that has begun.
    #[serde(skip)]
    pub intervals: Box<[Interval]>,
    /// The complaints whose reasons do not count, by month and in order.
    #[serde(skip)]
    pub uncounted: Box<[UncountedComplaint<'a>]>,
}

/// Where an app is in its review.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Review {
    /// The state.
    pub state: ReviewState,
    /// When it began.
    pub since: Instant,
    /// Whether the key does not work.
    pub key_disabled: bool,
    /// When the running clock ends.
    pub due: Option<Instant>,
    /// The greatest end of a hold set so far.
    pub hold_until: Option<Instant>,
    /// Whether no approval is accepted now.
    pub on_hold: bool,
    /// The event that began the state.
    #[serde(skip)]
    pub cause: Position,
    /// The latest event about the key.
    #[serde(skip)]
    pub key_cause: Option<Position>,
    /// What keeps the app from being approved, or has done so.
    #[serde(skip)]
    pub holds: Box<[Hold]>,
}

/// A month of an app.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct AppMonth<'a> {
    /// Which.
    pub month: LocalMonth,
    /// The most severe level of any incident.
    pub tier: Option<Level>,
    /// The complaints that count.
    pub complaints: ComplaintCounts,
    /// The outage days.
    pub outage_days: u32,
    /// The incidents, in the order of their beginning.
    pub violations: Box<[Violation<'a>]>,
    /// The sanctions, in the order of their steps.
    pub sanctions: Box<[Sanction<'a>]>,
    /// The codes found that the month's catalogue lacks.
    #[serde(skip_serializing_if = "is_empty")]
    pub unclassified: Box<[&'a str]>,
    /// The index of the rules it is judged by.
    #[serde(skip)]
    pub rules: usize,
    /// The events behind `unclassified`.
    #[serde(skip)]
    pub unclassified_events: Positions,
    /// The complaints that count, where they make no incident.
    #[serde(skip)]
    pub complaint_events: Positions,
    /// The outage days.
    #[serde(skip)]
    pub days: Box<[OutageDay]>,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

/// The complaints of a month that count, by class.
#[derive(Clone, Copy, Debug, Default, Hash, Serialize)]
pub struct ComplaintCounts {
    /// Strong ones.
    pub strong: u32,
    /// Normal ones.
    pub normal: u32,
    /// By celebrities and certified institutions.
    pub celebrity: u32,
}

/// An incident.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Violation<'a> {
    /// Of what.
    pub code: &'a str,
    /// How grave.
    pub level: Level,
    /// When it began.
    pub since: Instant,
    /// When it reached its level.
    pub at: Instant,
    /// The events that count for it.
    pub evidence: Positions,
    /// Its number among all of the app's, as steps name it.
    #[serde(skip)]
    pub incident: usize,
}

/// What the ladder did about a step.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Sanction<'a> {
    /// Of which incident.
    pub code: &'a str,
    /// The level of the step.
    pub level: Level,
    /// The how-manieth of that level in the month.
    pub nth: u32,
    /// What is done, in the rulebook's order.
    pub measures: &'a [String],
    /// From when on.
    pub from: Instant,
    /// Until when; until lifted, or a warning alone, where there is none.
    pub until: Option<Instant>,
    /// By when it is to be put right.
    pub fix_by: Option<Instant>,
    /// The event behind the step.
    #[serde(skip)]
    pub cause: Position,
    /// The row of the ladder of the month's rules.
    #[serde(skip)]
    pub row: usize,
    /// The step's place among the app's.
    #[serde(skip)]
    pub step: usize,
}

/// A measure in force.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct MeasureInForce {
    /// Which.
    pub measure: Measure,
    /// The latest of its ends; none is the latest.
    pub until: Option<Instant>,
    /// What brings it, that which lasts longest first.
    #[serde(skip)]
    pub causes: Vec<(Origin, Position)>,
}

/// Whether an app may be certified.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Certification {
    /// Whether every condition is met.
    pub eligible: bool,
    /// The conditions.
    pub conditions: Box<[Condition]>,
    /// The reports of usage that the average is of, by date.
    #[serde(skip)]
    pub usage: Positions,
}

/// A condition of certification.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Condition {
    /// Which.
    pub name: &'static str,
    /// Whether it is met.
    pub met: bool,
    /// What it is.
    pub value: Value,
    /// What it must be.
    pub required: Value,
    /// The event that decides it, where one does.
    #[serde(skip)]
    pub cause: Option<Position>,
}

impl Condition {
    pub(crate) const fn yes_or_no(name: &'static str, met: bool) -> Self {
        let (value, required) = (Value::YesOrNo(met), Value::YesOrNo(true));
        Self {
            name,
            met,
            value,
            required,
            cause: None,
        }
    }
}

/// The value of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// It is so, or not.
    YesOrNo(bool),
    /// So many.
    Count(i64),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::YesOrNo(yes) => f.pad(if *yes { "yes" } else { "no" }),
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// Something owed.
#[derive(Clone, Debug, Hash, Serialize)]
pub struct Obligation<'a> {
    /// By whom.
    pub owner: Owner,
    /// What.
    pub kind: DutyKind,
    /// Of which violation.
    pub code: Option<&'a str>,
    /// The event behind it.
    pub cause: Position,
    /// Since when.
    pub since: Instant,
    /// By when; unknown where the calendar lacks a year.
    pub due: Option<Instant>,
    /// When it was met.
    pub met_at: Option<Instant>,
    /// Whether it was met, or fell away, after it was due.
    pub late: bool,
    /// Where it stands.
    pub state: ObligationState,
    /// What it and its length come from.
    #[serde(skip)]
    pub rule: DutyRule,
    /// When it was met or fell away, and by which event.
    #[serde(skip)]
    pub ended: Option<(Instant, Position)>,
}
