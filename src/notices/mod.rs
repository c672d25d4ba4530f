//! What a developer is told of what followed from the log: notices, and statements of their reasons.
//!
//! A [`Notice`] is of one sanction, one downgrade or one termination by a month's incidents: what happened,
//! by which events and clauses, which measures follow and until when, what is to be done by when, and how
//! to appeal. [`notices`] reads all of it off a standing and its explanation, so that no rule is here; it
//! names events by type, time and position, and nobody who complained. [`letter`](Notice::letter) is the
//! text for the developer, [`Statement`] the same in the fields of the European Union's transparency
//! database, and [`told_since`] and [`corrections`] find what is new and what fell away between two states of
//! the log.
//!
//! A notice has an [`id`](Notice::id) made of what it is about, so that it is the same whenever it is asked
//! for. One of a decision by a person will have the position of its event in it.

mod compare;
mod from_log;
mod index;
mod letter;
mod phrases;
mod read;
mod statement;

use serde::Serialize;
use standing_projections::Zone;
use standing_projections::event::Kind as EventKind;
use standing_projections::measure::Measure;
use standing_projections::obligations::DutyKind;
use standing_projections::rulebook::Lang;
use standing_projections::standing::ObligationState;
use standing_projections::{Instant, Level, LocalMonth, Position};

pub use compare::{Correction, TakenBack, corrections, told_since};
pub use from_log::{Asked, OfDeveloper, earlier};
pub use read::notices;
pub use statement::{BATCH_MAX, Batch, Statement, batches};

/// What a notice tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What the ladder did about a violation of an app.
    Sanction,
    /// A developer's fall by a grade.
    Downgrade,
    /// The end of a cooperation.
    Termination,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Sanction => "sanction",
            Self::Downgrade => "downgrade",
            Self::Termination => "termination",
        })
    }
}

/// One thing that a developer is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// What it is about, as one text: the same whenever it is asked for.
    pub id: String,
    /// Of what kind it is.
    pub kind: Kind,
    /// Who is told.
    pub developer: String,
    /// About which app, where it is about one.
    pub app: Option<String>,
    /// The local month that is judged.
    pub month: LocalMonth,
    /// When it took effect.
    pub at: Instant,
    /// The event at which it did.
    pub cause: Position,
    /// The violation that a sanction is for.
    pub violation: Option<Violation>,
    /// The grades of a downgrade.
    pub grade: Option<Fall>,
    /// What happened, in sentences.
    pub facts: Vec<String>,
    /// The events it follows from, by position.
    pub events: Vec<Event>,
    /// The places of the rulebook it follows from.
    pub rules: Vec<Clause>,
    /// What is done, from when until when.
    pub measures: Vec<Applied>,
    /// What the developer has to do by when.
    pub duties: Vec<Duty>,
    /// The edition of the rules in effect when it took effect.
    pub edition: String,
    /// How it may appeal; none, where the rulebook provides for no appeal.
    pub appeal: Option<Appeal>,
    /// How many incidents were counted by the month's end of a downgrade or termination.
    #[serde(skip)]
    counted: usize,
    /// Who saw what it is for.
    #[serde(skip)]
    seen_by: SeenBy,
    /// The local date on which what it is for began.
    #[serde(skip)]
    began: Instant,
}

/// Who saw what a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeenBy {
    /// The platform's people found every violation.
    People,
    /// People who complained, and a count of them.
    Complaints,
    /// A count of outage days.
    Count,
    /// A count of incidents, and people found some of those.
    CountOfFound,
}

/// The violation that a sanction is for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// Its code.
    pub code: String,
    /// What the rulebook calls it.
    pub title: Option<String>,
    /// The level it reached.
    pub level: Level,
    /// The how-manieth step of that level in the app's month it was.
    pub nth: u32,
}

/// A fall by a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fall {
    /// The grade before.
    pub from: String,
    /// The grade after; none where there is no lower one.
    pub to: Option<String>,
    /// Whether a serious violation from now on lets the platform end the cooperation.
    pub marks: bool,
}

/// An event, without anything that somebody wrote in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Where it is in the log.
    pub position: Position,
    /// Its type, where the log was asked for it.
    #[serde(rename = "type")]
    pub kind: Option<EventKind>,
    /// When it happened, likewise.
    pub time: Option<Instant>,
}

/// A place of a rulebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// Of which rulebook.
    pub rulebook: String,
    /// Of which edition of it.
    pub version: String,
    /// Where in the file.
    pub path: String,
    /// Where in the document that the rulebook is of, where it says so.
    pub clause: Option<String>,
    /// What it says.
    pub text: String,
}

/// A measure that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// On which app.
    pub app: String,
    /// What is done.
    pub measure: Measure,
    /// From when on.
    pub from: Instant,
    /// Until when; none for a warning, and for what lasts until it is lifted.
    pub until: Option<Instant>,
    /// When an event ended it before, and which one.
    pub ended: Option<Ended>,
}

/// How a measure ended by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// When.
    pub at: Instant,
    /// By which event.
    pub by: Position,
}

/// What a developer has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duty {
    /// With which app.
    pub app: String,
    /// What.
    pub kind: DutyKind,
    /// By when; unknown where the calendar lacks a year.
    pub due: Option<Instant>,
    /// Where it stands at the instant asked about.
    pub state: ObligationState,
    /// When it was done.
    pub met_at: Option<Instant>,
}

/// How a developer may appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appeal {
    /// Within how many days of the event that is disputed.
    pub within_days: Option<u32>,
    /// How often.
    pub tries: Option<u32>,
}

/// A notice or a correction with its letter, as it is printed and sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told<'a, T: Serialize> {
    /// What is told.
    #[serde(flatten)]
    pub told: &'a T,
    /// The letter.
    pub text: String,
}

impl<'a> Told<'a, Notice> {
    /// A notice with its letter.
    #[must_use]
    pub fn of_notice(notice: &'a Notice, zone: &Zone, lang: Lang) -> Self {
        Self {
            text: notice.letter(zone, lang),
            told: notice,
        }
    }
}
