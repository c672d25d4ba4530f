//! A developer's grade and status, from the violations of all its apps (SPEC §5).

use crate::event::{Kind, Position};
use crate::facts::{DeveloperFacts, Fact, Names};
use crate::rulebook::Developers;
use crate::rules::{Moment, Timeline};
use crate::standing::{DeveloperMonth, MonthOutcome, Status};
use crate::tiers::Step;
use crate::time::{Instant, LocalMonth};

/// The end of a cooperation, by termination or leaving.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) at: Moment,
}

/// While a cooperation is ended: its apps are blocked and offline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) from: Moment,
    pub(crate) until: Option<Instant>,
}

/// What a developer's steps and an operator's acts come to.
#[derive(Debug)]
pub(crate) struct Cooperation<'a> {
    pub(crate) status: Status,
    pub(crate) status_since: Option<Instant>,
    pub(crate) status_cause: Position,
    pub(crate) grade: &'a str,
    pub(crate) grade_cause: Position,
    pub(crate) months: Vec<DeveloperMonth>,
    pub(crate) endings: Vec<Ending>,
    pub(crate) ended: Vec<Ended>,
    marked: bool,
}

impl<'a> Cooperation<'a> {
    /// Takes the steps of all apps and the acts in order; at equal times acts come after steps.
    pub(crate) fn of(
        developer: &DeveloperFacts,
        names: &'a Names,
        timeline: &'a Timeline,
        steps: &[Step],
        acts: &[Fact],
    ) -> Self {
        let initial = &timeline
            .at(developer.registered)
            .book
            .developers
            .initial_grade;
        let mut cooperation = Self {
            status: Status::Active,
            status_since: None,
            status_cause: developer.position,
            grade: developer.grade.map_or(initial, |grade| names.text(grade)),
            grade_cause: developer.position,
            months: Vec::new(),
            endings: Vec::new(),
            ended: Vec::new(),
            marked: false,
        };
        let mut acts = acts.iter().copied().peekable();
        for step in steps {
            while let Some(act) = acts.next_if(|act| act.time() < step.at.time) {
                cooperation.act(act, names, timeline);
            }
            cooperation.step(step, timeline);
        }
        for act in acts {
            cooperation.act(act, names, timeline);
        }
        cooperation
    }

    fn month(&mut self, month: LocalMonth) -> &mut DeveloperMonth {
        if self.months.last().is_none_or(|last| last.month != month) {
            self.months.push(DeveloperMonth {
                month,
                violations: 0,
                outcome: MonthOutcome::None,
                at: None,
                cause: None,
            });
        }
        let last = self.months.len() - 1;
        &mut self.months[last]
    }

    fn step(&mut self, step: &Step, timeline: &'a Timeline) {
        let rules = &timeline
            .version(timeline.index_of_month(step.month))
            .book
            .developers;
        let was_marked = self.marked;
        if step.begins {
            self.count(step, rules);
        }
        let serious = rules
            .serious_level
            .is_some_and(|serious| step.level <= serious);
        if serious && was_marked && self.status == Status::Active {
            self.become_status(Status::Terminable, step.at);
        }
    }

    /// SPEC §5: the first violation past a threshold downgrades or terminates at its instant.
    fn count(&mut self, step: &Step, rules: &'a Developers) {
        let month = self.month(step.month);
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
            (month.at, month.cause) = (Some(step.at.time), Some(step.at.position));
        }
        if first_past(rules.downgrade_when_more_than) {
            self.downgrade(step.at, rules);
        }
        if first_past(rules.terminate_when_more_than) {
            self.end(Status::Terminated, step.at);
        }
    }

    /// Falls one grade; a fall to the lowest marks the developer.
    fn downgrade(&mut self, at: Moment, rules: &'a Developers) {
        let place = rules.grades.iter().position(|grade| grade == self.grade);
        if let Some(lower) = place.and_then(|place| place.checked_sub(1)) {
            self.grade = &rules.grades[lower];
            self.grade_cause = at.position;
            self.marked |= lower == 0;
        }
    }

    fn act(&mut self, act: Fact, names: &'a Names, timeline: &Timeline) {
        let at = Moment::of(act);
        match act.kind() {
            Kind::DeveloperGraded => {
                let grade = act.name().map_or("", |grade| names.text(grade));
                (self.grade, self.grade_cause) = (grade, act.position());
                let lowest = timeline.at(act.time()).book.developers.grades.first();
                if lowest.is_none_or(|lowest| lowest != grade) {
                    self.marked = false;
                    if self.status == Status::Terminable {
                        self.reactivate(at);
                    }
                }
            }
            Kind::DeveloperTerminated => self.end(Status::Terminated, at),
            Kind::DeveloperLeft => {
                if matches!(self.status, Status::Active | Status::Terminable) {
                    self.end(Status::Left, at);
                }
            }
            Kind::DeveloperReinstated => {
                self.marked = false;
                if self.status != Status::Active {
                    self.reactivate(at);
                }
            }
            _ => {}
        }
    }

    /// Ends the cooperation; a repeated termination moves nothing.
    fn end(&mut self, status: Status, at: Moment) {
        if self.status == Status::Terminated {
            return;
        }
        if self.status != Status::Left {
            self.ended.push(Ended {
                from: at,
                until: None,
            });
        }
        self.become_status(status, at);
        self.endings.push(Ending { at });
    }

    fn become_status(&mut self, status: Status, at: Moment) {
        self.status = status;
        self.status_since = Some(at.time);
        self.status_cause = at.position;
    }

    fn reactivate(&mut self, at: Moment) {
        self.become_status(Status::Active, at);
        self.status_since = None;
        if let Some(ended) = self.ended.last_mut().filter(|ended| ended.until.is_none()) {
            ended.until = Some(at.time);
        }
    }
}
