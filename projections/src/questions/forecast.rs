//! What is next: what one more event would do now, and what time brings by itself.
//!
//! A hypothetical event is appended to the history at the instant asked about, past the last
//! position; the answer with it is held against the answer without it. What is known to have
//! happened after that instant is left out of both.

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use super::behind::Events;
use super::changes::{Change, between};
use super::view::apps;
use super::walk::Walk;
use crate::assess::{Ask, assess};
use crate::event::{Cause, ComplaintClass, Data, Event, Kind, Position};
use crate::explain::Subject;
use crate::facts::{DeveloperFacts, History};
use crate::rulebook::Level;
use crate::rules::{RulesError, Timeline};
use crate::standing::Standing;
use crate::time::{Instant, LocalMonth, plus_dates};

/// One more of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hypothesis {
    /// A complaint of a class, without a reason.
    Complaint(ComplaintClass),
    /// An outage day of a counted cause: today, or where today is one already, tomorrow.
    OutageDay {
        /// The local date.
        date: NaiveDate,
        /// Whose fault.
        cause: Cause,
    },
    /// A violation of a level: the first of that level in the catalogue of the month.
    Violation {
        /// The level.
        level: Level,
        /// The code.
        code: String,
    },
}

impl Hypothesis {
    fn data(&self) -> (Kind, Data) {
        match self {
            Self::Complaint(class) => (
                Kind::ComplaintReceived,
                Data::ComplaintReceived {
                    class: *class,
                    reason: None,
                },
            ),
            Self::OutageDay { date, cause } => (
                Kind::OutageDayRecorded,
                Data::OutageDayRecorded {
                    date: *date,
                    cause: *cause,
                },
            ),
            Self::Violation { code, .. } => (
                Kind::ViolationFound,
                Data::ViolationFound { code: code.clone() },
            ),
        }
    }

    /// The type of the event that is imagined.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.data().0
    }
}

impl fmt::Display for Hypothesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complaint(class) => write!(f, "complaint, {class}"),
            Self::OutageDay { date, .. } => write!(f, "outage day, {date}"),
            Self::Violation { level, code } => write!(f, "violation of level {level}, {code}"),
        }
    }
}

/// A hypothesis with the history in which it is true.
#[derive(Debug)]
pub struct WhatIf {
    /// Of which app.
    pub app: String,
    /// What is imagined.
    pub hypothesis: Hypothesis,
    /// The instant at which its effect is seen: now, or where the outage day is tomorrow, then.
    pub at: Instant,
    history: History,
    timeline: Timeline,
    position: Position,
}

impl WhatIf {
    /// What it changes.
    #[must_use]
    pub fn changes(&self) -> Vec<Change<'_>> {
        let Some((developer, _)) = self.history.subject(&self.app) else {
            return Vec::new();
        };
        let answer = |known_at| {
            let as_of = self.at;
            let ask = Ask { as_of, known_at };
            assess(developer, self.history.names(), &self.timeline, ask)
        };
        let without = answer(Position(self.position.0.saturating_sub(1)));
        let Some(with) = answer(self.position) else {
            return Vec::new();
        };
        let events = Events::new(developer, self.history.names(), &self.timeline);
        between(&events, without.as_ref(), &with, Subject::Developer)
    }
}

/// Something that comes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Coming<'a> {
    /// A month begins, and with it new counts.
    Month {
        /// When.
        time: Instant,
        /// Which.
        month: LocalMonth,
    },
    /// A change of standing.
    Change(Box<Change<'a>>),
}

impl Coming<'_> {
    /// When it comes.
    #[must_use]
    pub const fn time(&self) -> Instant {
        match self {
            Self::Month { time, .. } => *time,
            Self::Change(change) => change.time,
        }
    }
}

/// A developer's history up to an instant, to look forward from.
#[derive(Debug)]
pub struct Forecast {
    history: History,
    timeline: Timeline,
    ask: Ask,
}

/// Prepares a forecast from an instant, as known at a position, by rulebooks as they are known.
///
/// # Errors
/// Where the rulebooks do not fit together, which the timeline given rules out.
pub fn forecast(history: &History, timeline: &Timeline, ask: Ask) -> Result<Forecast, RulesError> {
    let history = history.until(ask.as_of);
    let timeline = timeline.read_in(&history)?;
    Ok(Forecast {
        history,
        timeline,
        ask,
    })
}

impl Forecast {
    fn developer(&self, id: &str) -> Option<&DeveloperFacts> {
        self.history.subject(id).map(|(developer, _)| developer)
    }

    fn now(&self, developer: &DeveloperFacts) -> Option<Standing<'_>> {
        let developer = self.developer(&developer.id)?;
        assess(developer, self.history.names(), &self.timeline, self.ask)
    }

    /// The levels of which the rules of the month have no violation.
    #[must_use]
    pub fn levels_without_code(&self) -> Vec<Level> {
        let levels = Level::ALL.into_iter();
        levels.filter(|level| self.code(*level).is_none()).collect()
    }

    /// The rules' version that judges this month.
    #[must_use]
    pub fn rules_of_month(&self) -> &str {
        &self.rules().book.version
    }

    fn rules(&self) -> &crate::rules::Rules {
        let month = self.timeline.zone().month(self.ask.as_of);
        self.timeline.version(self.timeline.index_of_month(month))
    }

    fn code(&self, level: Level) -> Option<String> {
        let listed = self.rules().book.violations.iter().map(|v| v.get_ref());
        let mut of_level = listed.filter(|violation| violation.level == level);
        of_level.next().map(|violation| violation.code.clone())
    }

    /// What one more of each thing would do to each app of a subject.
    ///
    /// # Errors
    /// Where the rulebooks do not fit together, which this forecast rules out.
    pub fn what_if(&self, id: &str) -> Result<Vec<WhatIf>, RulesError> {
        let Some(developer) = self.developer(id) else {
            return Ok(Vec::new());
        };
        let subject = subject_of(developer, id);
        let Some(now) = self.now(developer) else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for app in apps(&now, subject) {
            let classes = ComplaintClass::ALL.iter().copied();
            let mut hypotheses: Vec<Hypothesis> = classes.map(Hypothesis::Complaint).collect();
            let zone = self.timeline.zone();
            let today = zone.date(self.ask.as_of);
            let mut days = app.months.iter().flat_map(|month| &month.days);
            let is_one = days.any(|day| day.date == today);
            let date = plus_dates(today, is_one.into());
            let causes = &self.rules().book.outages.counted_causes;
            let cause = *causes.first().unwrap_or(&Cause::Developer);
            hypotheses.push(Hypothesis::OutageDay { date, cause });
            for level in Level::ALL {
                let code = self.code(level);
                hypotheses.extend(code.map(|code| Hypothesis::Violation { level, code }));
            }
            for hypothesis in hypotheses {
                let tomorrow = is_one && matches!(hypothesis, Hypothesis::OutageDay { .. });
                let at = if tomorrow {
                    zone.midnight(date)
                } else {
                    self.ask.as_of
                };
                all.push(self.imagine(app.app, hypothesis, at)?);
            }
        }
        Ok(all)
    }

    fn imagine(
        &self,
        app: &str,
        hypothesis: Hypothesis,
        at: Instant,
    ) -> Result<WhatIf, RulesError> {
        let (kind, data) = hypothesis.data();
        let event = Event {
            id: String::new(),
            source: String::new(),
            kind,
            time: self.ask.as_of,
            subject: app.to_owned(),
            data,
            recordedtime: None,
            actor: None,
        };
        let position = Position(self.ask.known_at.0.saturating_add(1));
        let mut history = self.history.clone();
        history.add(position, &event, None);
        let timeline = self.timeline.read_in(&history)?;
        Ok(WhatIf {
            app: app.to_owned(),
            hypothesis,
            at,
            history,
            timeline,
            position,
        })
    }

    /// What comes by itself to a subject, up to an instant, in order of time.
    #[must_use]
    pub fn coming(&self, id: &str, until: Instant) -> Vec<Coming<'_>> {
        let Some(developer) = self.developer(id) else {
            return Vec::new();
        };
        let subject = subject_of(developer, id);
        let ask = Ask {
            as_of: until,
            ..self.ask
        };
        let walk = Walk::new(developer, self.history.names(), &self.timeline, ask)
            .from(self.ask.as_of)
            .with_months();
        let zone = self.timeline.zone();
        let events = Events::new(developer, self.history.names(), &self.timeline);
        let mut all = Vec::new();
        let mut before: Option<Standing<'_>> = None;
        for after in walk {
            if let Some(before) = &before {
                let time = after.ask.as_of;
                let month = zone.month(time);
                if month != zone.month(before.ask.as_of) {
                    all.push(Coming::Month { time, month });
                }
                let changes = between(&events, Some(before), &after, subject);
                all.extend(
                    changes
                        .into_iter()
                        .map(|change| Coming::Change(Box::new(change))),
                );
            }
            before = Some(after);
        }
        all
    }
}

fn subject_of<'a>(developer: &DeveloperFacts, id: &'a str) -> Subject<'a> {
    if &*developer.id == id {
        Subject::Developer
    } else {
        Subject::App(id)
    }
}
