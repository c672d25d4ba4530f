//! A developer: its status and grade, and what each month's incidents did to them (SPEC §5).

use super::build::{Build, segment};
use super::developer_month_id;
use super::graph::{Node, NodeKind};
use super::place::Place;
use crate::provenance::{Change, Turn, Why};
use crate::rules::Moment;
use crate::standing::{DeveloperMonth, MonthOutcome};
use crate::time::LocalMonth;

impl<'a> Build<'a> {
    fn developer_id(&self) -> String {
        format!("developer:{}", segment(self.standing.developer))
    }

    /// The root for a developer.
    pub(super) fn developer(&mut self) -> String {
        let standing = self.standing;
        let mut because = Vec::new();
        if self.month.is_none() {
            because = vec![self.status(), self.grade()];
        }
        for month in &standing.months {
            if self.is_asked(month.month) {
                because.push(self.developer_month(month));
            }
        }
        because.extend(self.disregarded(None));
        because.extend((0..standing.apps.len()).map(|app| self.app(app, false)));
        let (status, asked) = (standing.status.as_str(), self.asked_of());
        let text = self.say.developer(
            standing.developer,
            self.word(status),
            standing.grade,
            &asked,
        );
        let node = Node::new(NodeKind::Developer, &text)
            .with("developer", standing.developer)
            .with("status", status)
            .with("grade", standing.grade)
            .with("known_at", standing.ask.known_at.0)
            .at("as_of", standing.ask.as_of)
            .because(because);
        self.add(self.developer_id(), node)
    }

    pub(super) fn status(&mut self) -> String {
        let (standing, id) = (self.standing, format!("{}/status", self.developer_id()));
        if self.has(&id) {
            return id;
        }
        let turn = standing
            .turns
            .iter()
            .rev()
            .find_map(|turn| match turn.change {
                Change::Status(_, why) => Some((turn.at, why)),
                _ => None,
            });
        let status = standing.status.as_str();
        let (text, because) = match turn {
            None => (
                self.say.status_untouched(self.word(status)),
                vec![self.event(standing.status_cause)],
            ),
            Some((at, why)) => {
                let why_text = match why {
                    Why::Act => self.say.by_act(at.position.0),
                    Why::Violations { month } => {
                        let (nth, limit) = self.passed(month, at, Place::Terminate);
                        self.say.by_count(nth, &month.to_string(), limit)
                    }
                    Why::Serious {
                        level, marked_at, ..
                    } => self.say.by_serious(level, &self.when(marked_at.time)),
                };
                let text = self
                    .say
                    .status(self.word(status), &self.when(at.time), &why_text);
                (text, self.why(at, why))
            }
        };
        let node = Node::new(NodeKind::Status, &text)
            .with("status", status)
            .at("since", standing.status_since)
            .because(because);
        self.add(id, node)
    }

    /// What a change of status follows from.
    pub(super) fn why(&mut self, at: Moment, why: Why) -> Vec<String> {
        match why {
            Why::Act => vec![self.event(at.position)],
            Why::Violations { month } => vec![self.termination(month, at)],
            Why::Serious {
                month,
                marked_at,
                rules,
                ..
            } => {
                let mut ids: Vec<String> = self.step_at(month, at).into_iter().collect();
                let downgrade = self.downgrades().find(|(at, _)| *at == marked_at);
                ids.extend(downgrade.map(|(at, change)| self.downgrade(at, change)));
                ids.push(self.rule(rules, Place::Serious));
                ids
            }
        }
    }

    fn downgrades(&self) -> impl Iterator<Item = (Moment, Change<'a>)> {
        let turns = self.standing.turns.iter();
        let downgraded = |turn: &&Turn<'_>| matches!(turn.change, Change::Downgraded { .. });
        turns.filter(downgraded).map(|turn| (turn.at, turn.change))
    }

    fn grade(&mut self) -> String {
        let standing = self.standing;
        let turn = standing.turns.iter().rev().find(|turn| {
            matches!(
                turn.change,
                Change::Graded(_) | Change::Downgraded { to: Some(_), .. }
            )
        });
        let (text, because) = match turn {
            None => {
                let mut because = vec![self.event(standing.grade_cause)];
                let initial = standing.initial_grade;
                because.extend(initial.map(|rules| self.rule(rules, Place::InitialGrade)));
                (self.say.grade_untouched(standing.grade), because)
            }
            Some(turn) => {
                let at = self.when(turn.at.time);
                let (why, because) = match turn.change {
                    Change::Downgraded { .. } => (
                        self.say.by_downgrade(),
                        self.downgrade(turn.at, turn.change),
                    ),
                    _ => (
                        self.say.by_act(turn.at.position.0),
                        self.event(turn.at.position),
                    ),
                };
                (self.say.grade(standing.grade, &at, &why), vec![because])
            }
        };
        let node = Node::new(NodeKind::Grade, &text)
            .with("grade", standing.grade)
            .at("since", turn.map(|turn| turn.at.time))
            .because(because);
        self.add(format!("{}/grade", self.developer_id()), node)
    }

    fn developer_month(&mut self, month: &DeveloperMonth) -> String {
        let name = month.month.to_string();
        let rules = &self.rules(month.rules).book.developers;
        let mut because = Vec::new();
        // A month may downgrade first and end the cooperation later; the graver one leads.
        if month.outcome == MonthOutcome::Terminated {
            let mut counted = month.counted.iter();
            let at = counted.find(|at| Some((at.time, at.position)) == month.at.zip(month.cause));
            because.extend(at.map(|at| self.termination(month.month, *at)));
        }
        let of_month = |change: &Change<'_>| matches!(change, Change::Downgraded { month: m, .. } if *m == month.month);
        let downgrade = self.downgrades().find(|(_, change)| of_month(change));
        because.extend(downgrade.map(|(at, change)| self.downgrade(at, change)));
        for at in &month.counted {
            because.extend(self.incident_at(month.month, *at));
        }
        if month.outcome == MonthOutcome::None {
            let limits = [
                (rules.downgrade_when_more_than, Place::Downgrade),
                (rules.terminate_when_more_than, Place::Terminate),
            ];
            let limits = limits.into_iter().filter(|(limit, _)| limit.is_some());
            because.extend(limits.map(|(_, place)| self.rule(month.rules, place)));
        }
        let at = month.at.map(|at| self.when(at));
        let text = self
            .say
            .developer_month(&name, month.violations, month.outcome, at.as_deref());
        let node = Node::new(NodeKind::Month, &text)
            .with("month", name)
            .with("violations", month.violations)
            .with("outcome", month.outcome.as_str())
            .with("version", self.rules(month.rules).book.version.as_str())
            .at("at", month.at)
            .because(because);
        self.add(self.developer_month_id(month.month), node)
    }

    fn developer_month_id(&self, month: LocalMonth) -> String {
        developer_month_id(self.standing.developer, month)
    }

    fn month_of(&self, month: LocalMonth) -> Option<&'a DeveloperMonth> {
        self.standing.months.iter().find(|m| m.month == month)
    }

    /// The how-manieth incident of the month the one at a moment is, and the threshold it passes.
    fn passed(&self, month: LocalMonth, at: Moment, place: Place) -> (usize, u32) {
        let Some(month) = self.month_of(month) else {
            return (0, 0);
        };
        let rules = &self.rules(month.rules).book.developers;
        let limit = match place {
            Place::Terminate => rules.terminate_when_more_than,
            _ => rules.downgrade_when_more_than,
        };
        let nth = month.counted.iter().position(|counted| *counted == at);
        (nth.map_or(0, |place| place + 1), limit.unwrap_or(0))
    }

    fn downgrade(&mut self, at: Moment, change: Change<'_>) -> String {
        let Change::Downgraded {
            month,
            from,
            to,
            marks,
        } = change
        else {
            return self.event(at.position);
        };
        let id = format!("{}/downgrade", self.developer_month_id(month));
        if self.has(&id) {
            return id;
        }
        let (nth, limit) = self.passed(month, at, Place::Downgrade);
        let why = self.say.by_count(nth, &month.to_string(), limit);
        let text = self
            .say
            .downgrade((from, to), &self.when(at.time), &why, marks);
        let node = Node::new(NodeKind::Downgrade, &text)
            .with("from", from)
            .with("to", to)
            .with("marks", marks);
        self.outcome(id, node, (month, at), (nth, limit), Place::Downgrade)
    }

    fn termination(&mut self, month: LocalMonth, at: Moment) -> String {
        let id = format!("{}/termination", self.developer_month_id(month));
        if self.has(&id) {
            return id;
        }
        let (nth, limit) = self.passed(month, at, Place::Terminate);
        let why = self.say.by_count(nth, &month.to_string(), limit);
        let text = self.say.termination(&self.when(at.time), &why);
        let node = Node::new(NodeKind::Termination, &text);
        self.outcome(id, node, (month, at), (nth, limit), Place::Terminate)
    }

    fn outcome(
        &mut self,
        id: String,
        node: Node,
        (month, at): (LocalMonth, Moment),
        (nth, limit): (usize, u32),
        place: Place,
    ) -> String {
        let mut because: Vec<String> = self.incident_at(month, at).into_iter().collect();
        if let Some(rules) = self.month_of(month).map(|month| month.rules) {
            because.push(self.rule(rules, place));
        }
        let node = node
            .with("month", month.to_string())
            .with("nth", nth)
            .with("more_than", limit)
            .at("at", at.time)
            .because(because);
        self.add(id, node)
    }
}
