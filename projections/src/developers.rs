//! A developer's grade and status, from the violations of all its apps (SPEC §5).

use crate::event::{Kind, Position};
use crate::facts::{DeveloperFacts, Fact, Names};
use crate::provenance::{Change, Step, Turn, Why};
use crate::rulebook::{Developers, Level};
use crate::rules::{Moment, Timeline};
use crate::standing::{DeveloperMonth, MonthOutcome, Status};
use crate::time::{Instant, LocalMonth};

/// The end of a cooperation, by termination or leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) at: Moment,
}

/// While a cooperation is ended: its apps are blocked and offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) from: Moment,
    pub(crate) until: Option<Moment>,
}

/// What a developer looks at in a step of one of its apps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeveloperStep {
    pub(crate) at: Moment,
    pub(crate) month: LocalMonth,
    pub(crate) level: Level,
    pub(crate) begins: bool,
}

impl From<&Step> for DeveloperStep {
    fn from(step: &Step) -> Self {
        Self {
            at: step.at,
            month: step.month,
            level: step.level,
            begins: step.begins,
        }
    }
}

/// A month with a violation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Month {
    pub(crate) month: LocalMonth,
    pub(crate) violations: u32,
    pub(crate) outcome: MonthOutcome,
    pub(crate) at: Option<Moment>,
    /// The index of the rules it is judged by.
    rules: usize,
    /// The place of the first of its steps among those counted.
    first: usize,
}

/// What a developer's steps and an operator's acts come to.
#[derive(Debug)]
pub(crate) struct Cooperation<'a> {
    pub(crate) status: Status,
    pub(crate) status_since: Option<Instant>,
    pub(crate) status_cause: Position,
    pub(crate) grade: &'a str,
    pub(crate) grade_cause: Position,
    /// The index of the rules that gave the first grade, where its registration names none.
    pub(crate) initial_grade: Option<usize>,
    pub(crate) months: Vec<Month>,
    /// The steps at which incidents began, month after month.
    counted: Vec<Moment>,
    pub(crate) endings: Vec<Ending>,
    pub(crate) ended: Vec<Ended>,
    pub(crate) turns: Vec<Turn<'a>>,
    /// The step whose downgrade marks it.
    marked: Option<Moment>,
}

impl<'a> Cooperation<'a> {
    pub(crate) const fn new() -> Self {
        Self {
            status: Status::Active,
            status_since: None,
            status_cause: Position(0),
            grade: "",
            grade_cause: Position(0),
            initial_grade: None,
            months: Vec::new(),
            counted: Vec::new(),
            endings: Vec::new(),
            ended: Vec::new(),
            turns: Vec::new(),
            marked: None,
        }
    }

    /// Takes the steps of all apps and the acts of a developer in order; at equal times acts come after
    /// steps.
    pub(crate) fn derive(
        &mut self,
        developer: &DeveloperFacts,
        (names, timeline): (&'a Names, &'a Timeline),
        steps: &[DeveloperStep],
        acts: &[Fact],
    ) {
        let index = timeline.index_at(developer.registered);
        let initial = &timeline.version(index).book.developers.initial_grade;
        self.status = Status::Active;
        self.status_since = None;
        self.status_cause = developer.position;
        self.grade = developer.grade.map_or(initial, |grade| names.text(grade));
        self.grade_cause = developer.position;
        self.initial_grade = developer.grade.is_none().then_some(index);
        self.months.clear();
        self.counted.clear();
        self.endings.clear();
        self.ended.clear();
        self.turns.clear();
        self.marked = None;
        let mut acts = acts.iter().copied().peekable();
        for step in steps {
            while let Some(act) = acts.next_if(|act| act.time() < step.at.time) {
                self.act(act, names, timeline);
            }
            self.step(step, timeline);
        }
        for act in acts {
            self.act(act, names, timeline);
        }
    }

    /// The months as they are printed.
    pub(crate) fn printed(&self) -> Vec<DeveloperMonth> {
        let months = self.months.iter().map(|month| DeveloperMonth {
            month: month.month,
            violations: month.violations,
            outcome: month.outcome,
            at: month.at.map(|at| at.time),
            cause: month.at.map(|at| at.position),
            counted: self.counted[month.first..][..month.violations as usize].to_vec(),
            rules: month.rules,
        });
        months.collect()
    }

    fn month(&mut self, month: LocalMonth, rules: usize) -> &mut Month {
        if self.months.last().is_none_or(|last| last.month != month) {
            self.months.push(Month {
                month,
                violations: 0,
                outcome: MonthOutcome::None,
                at: None,
                rules,
                first: self.counted.len(),
            });
        }
        let last = self.months.len() - 1;
        &mut self.months[last]
    }

    fn step(&mut self, step: &DeveloperStep, timeline: &'a Timeline) {
        let last = self.months.last();
        let index = match last.filter(|last| last.month == step.month) {
            Some(last) => last.rules,
            None => timeline.index_of_month(step.month),
        };
        let rules = &timeline.version(index).book.developers;
        let was_marked = self.marked;
        if step.begins {
            self.count(step, rules, index);
        }
        let serious = rules
            .serious_level
            .is_some_and(|serious| step.level <= serious);
        if let Some(marked_at) = was_marked.filter(|_| serious && self.status == Status::Active) {
            let (month, level, rules) = (step.month, step.level, index);
            let why = Why::Serious {
                month,
                level,
                marked_at,
                rules,
            };
            self.become_status(Status::Terminable, step.at, why);
        }
    }

    /// SPEC §5: the first violation past a threshold downgrades or terminates at its instant.
    fn count(&mut self, step: &DeveloperStep, rules: &'a Developers, index: usize) {
        let month = self.month(step.month, index);
        month.violations += 1;
        let count = month.violations;
        let first_past =
            |limit: Option<u32>| limit.is_some_and(|limit| count == limit.saturating_add(1));
        let outcome = if first_past(rules.terminate_when_more_than) {
            Some(MonthOutcome::Terminated)
        } else if first_past(rules.downgrade_when_more_than) {
            Some(MonthOutcome::Downgraded)
        } else {
            None
        };
        if let Some(outcome) = outcome.filter(|outcome| *outcome > month.outcome) {
            month.outcome = outcome;
            month.at = Some(step.at);
        }
        self.counted.push(step.at);
        if first_past(rules.downgrade_when_more_than) {
            self.downgrade(step.at, step.month, rules);
        }
        if first_past(rules.terminate_when_more_than) {
            let why = Why::Violations { month: step.month };
            self.end(Status::Terminated, step.at, why);
        }
    }

    /// Falls one grade; a fall to the lowest marks the developer.
    fn downgrade(&mut self, at: Moment, month: LocalMonth, rules: &'a Developers) {
        let place = rules.grades.iter().position(|grade| grade == self.grade);
        let lower = place.and_then(|place| place.checked_sub(1));
        let (from, to) = (self.grade, lower.map(|lower| rules.grades[lower].as_str()));
        let marks = lower == Some(0);
        if let Some(to) = to {
            (self.grade, self.grade_cause) = (to, at.position);
        }
        if marks {
            self.marked = Some(at);
        }
        let change = Change::Downgraded {
            month,
            from,
            to,
            marks,
        };
        self.turns.push(Turn { at, change });
    }

    fn act(&mut self, act: Fact, names: &'a Names, timeline: &Timeline) {
        let at = Moment::of(act);
        match act.kind() {
            Kind::DeveloperGraded => {
                let grade = act.name().map_or("", |grade| names.text(grade));
                (self.grade, self.grade_cause) = (grade, act.position());
                self.turns.push(Turn {
                    at,
                    change: Change::Graded(grade),
                });
                let lowest = timeline.at(act.time()).book.developers.grades.first();
                if lowest.is_none_or(|lowest| lowest != grade) {
                    self.marked = None;
                    if self.status == Status::Terminable {
                        self.reactivate(at);
                    }
                }
            }
            Kind::DeveloperTerminated => self.end(Status::Terminated, at, Why::Act),
            Kind::DeveloperLeft => {
                if matches!(self.status, Status::Active | Status::Terminable) {
                    self.end(Status::Left, at, Why::Act);
                }
            }
            Kind::DeveloperReinstated => {
                self.marked = None;
                if self.status != Status::Active {
                    self.reactivate(at);
                }
            }
            _ => {}
        }
    }

    /// Ends the cooperation; a repeated termination moves nothing.
    fn end(&mut self, status: Status, at: Moment, why: Why) {
        if self.status == Status::Terminated {
            return;
        }
        if self.status != Status::Left {
            self.ended.push(Ended {
                from: at,
                until: None,
            });
        }
        self.become_status(status, at, why);
        self.endings.push(Ending { at });
    }

    fn become_status(&mut self, status: Status, at: Moment, why: Why) {
        let change = Change::Status(status, why);
        self.turns.push(Turn { at, change });
        self.status = status;
        self.status_since = Some(at.time);
        self.status_cause = at.position;
    }

    fn reactivate(&mut self, at: Moment) {
        self.become_status(Status::Active, at, Why::Act);
        self.status_since = None;
        if let Some(ended) = self.ended.last_mut().filter(|ended| ended.until.is_none()) {
            ended.until = Some(at);
        }
    }
}
