//! An app: its months, the measures on it, its review and what holds it back (SPEC §6, §8).

use std::collections::BTreeMap;

use super::build::{Build, segment};
use super::graph::{Node, NodeKind};
use super::place::Place;
use super::state_phrases::Source;
use super::words::word;
use crate::measure::Measure;
use crate::obligations::DutyKind;
use crate::provenance::{Change, Hold, HoldRule, Interval, Origin};
use crate::standing::{ObligationState, Status};
use crate::time::LocalMonth;

impl Build<'_> {
    pub(super) fn app_id(&self, app: usize) -> String {
        format!("app:{}", segment(self.app_at(app).app))
    }

    /// The node of an app; as the root it says what was asked.
    pub(super) fn app(&mut self, app: usize, root: bool) -> String {
        let (standing, id) = (self.app_at(app), self.app_id(app));
        let mut because = Vec::new();
        // By month: its place in the standing, or none where nothing in it counts.
        let mut months: BTreeMap<LocalMonth, Option<usize>> = BTreeMap::new();
        months.extend(self.month.map(|month| (month, None)));
        months.extend(standing.uncounted.iter().map(|c| (c.month, None)));
        let counting = standing.months.iter().zip(0..);
        months.extend(counting.map(|(month, m)| (month.month, Some(m))));
        for (month, place) in months {
            if self.is_asked(month) {
                because.push(match place {
                    Some(m) => self.app_month(app, m),
                    None => self.month_empty(app, month),
                });
            }
        }
        if self.month.is_none() {
            because.extend(self.present(app));
        }
        because.extend(self.disregarded(Some(app)));
        let asked = if root { self.asked_of() } else { String::new() };
        let lives = (standing.channel.as_str(), standing.permission.as_str());
        let words = (self.word(lives.0), self.word(lives.1));
        let developer = self.standing.developer;
        let text = self.say.app(standing.app, developer, words, &asked);
        let node = Node::new(NodeKind::App, &text)
            .with("app", standing.app)
            .with("developer", developer)
            .with("channel", lives.0)
            .with("permission", lives.1)
            .with("known_at", self.standing.ask.known_at.0)
            .at("as_of", self.standing.ask.as_of)
            .because(because);
        self.add(id, node)
    }

    /// What is so at the instant asked about, of no month.
    fn present(&mut self, app: usize) -> Vec<String> {
        let mut ids = self.measures(app);
        ids.push(self.review(app));
        ids.extend(self.hold(app));
        ids.extend(self.score(app));
        ids.extend(self.certification(app));
        let obligations = 0..self.app_at(app).obligations.len();
        ids.extend(obligations.map(|o| self.obligation(app, o)));
        ids
    }

    fn measures(&mut self, app: usize) -> Vec<String> {
        let mut by_name: Vec<Measure> = Measure::ALL.to_vec();
        by_name.sort_by_key(|measure| measure.as_str());
        let intervals = &self.app_at(app).intervals;
        by_name.retain(|measure| intervals.iter().any(|i| i.measure == *measure));
        by_name
            .into_iter()
            .map(|measure| self.measure(app, measure))
            .collect()
    }

    /// A measure that is or was in force, and each of its intervals.
    pub(super) fn measure(&mut self, app: usize, measure: Measure) -> String {
        let (standing, id) = (
            self.app_at(app),
            format!("{}/measure:{measure}", self.app_id(app)),
        );
        if self.has(&id) {
            return id;
        }
        let mut running = standing.measures.iter();
        let running = running.find(|running| running.measure == measure);
        let name = self.word(measure.as_str());
        let until = running.map(|running| running.until.map(|until| self.when(until)));
        let text = self
            .say
            .measure(name, until.as_ref().map(|until| until.as_deref()));
        let mine = standing.intervals.iter().filter(|i| i.measure == measure);
        let because: Vec<String> = mine
            .zip(1..)
            .map(|(interval, n)| self.interval(app, interval, format!("{id}/{n}")))
            .collect();
        let node = Node::new(NodeKind::Measure, &text)
            .with("measure", measure.as_str())
            .with("in_force", running.is_some())
            .at("until", running.and_then(|running| running.until))
            .because(because);
        self.add(id, node)
    }

    fn interval(&mut self, app: usize, interval: &Interval, id: String) -> String {
        let obligations = self.app_at(app).obligations.iter();
        let (mut because, source, origin) = match interval.origin {
            Origin::Sanction(number) => {
                let (m, s) = self.index[app].sanctions[number];
                let month = self.app_at(app).months[m].month.to_string();
                let sanction = self.sanction_of(app, number);
                (
                    sanction.into_iter().collect(),
                    Source::Sanction(s + 1, month),
                    "sanction",
                )
            }
            Origin::Imposed => (Vec::new(), Source::Imposed(interval.cause.0), "imposed"),
            Origin::GraveFinding => (Vec::new(), Source::Grave(interval.cause.0), "grave_finding"),
            Origin::MissedFix => {
                let mut missed = obligations.enumerate().filter(|(_, o)| {
                    o.kind == DutyKind::FixInspection && o.cause == interval.cause
                });
                let missed = missed.next().map(|(o, _)| self.obligation(app, o));
                (
                    missed.into_iter().collect(),
                    Source::MissedFix,
                    "missed_fix",
                )
            }
            Origin::Termination => (
                self.ending(interval).into_iter().collect(),
                Source::Ended,
                "termination",
            ),
        };
        if because.is_empty() {
            because.push(self.event(interval.cause));
        }
        because.extend(interval.ended_by.map(|by| self.event(by)));
        let until = interval.until.map(|until| self.when(until));
        let from = self.when(interval.from);
        let ended_by = interval.ended_by.map(|by| by.0);
        let text = self.say.interval(
            &source,
            (&from, until.as_deref()),
            ended_by,
            interval.in_force,
        );
        let node = Node::new(NodeKind::Measure, &text)
            .with("measure", interval.measure.as_str())
            .with("origin", origin)
            .with("in_force", interval.in_force)
            .with("ended_by", ended_by)
            .at("from", interval.from)
            .at("until", interval.until)
            .because(because);
        self.add(id, node)
    }

    /// What tells the end of the cooperation that an interval comes from.
    fn ending(&mut self, interval: &Interval) -> Option<String> {
        let mut turns = self.standing.turns.iter();
        let turn = turns.find(|turn| {
            let ends = matches!(
                turn.change,
                Change::Status(Status::Terminated | Status::Left, _)
            );
            ends && (turn.at.time, turn.at.position) == (interval.from, interval.cause)
        })?;
        match turn.change {
            Change::Status(_, why) => self.why(turn.at, why).into_iter().next(),
            _ => None,
        }
    }

    pub(super) fn review(&mut self, app: usize) -> String {
        let id = format!("{}/review", self.app_id(app));
        if self.has(&id) {
            return id;
        }
        let review = &self.app_at(app).review;
        let (since, due) = (
            self.when(review.since),
            review.due.map(|due| self.when(due)),
        );
        let state = self.word(review.state.as_str());
        let text = self
            .say
            .review(state, &since, due.as_deref(), review.key_disabled);
        let mut because = vec![self.event(review.cause)];
        if review.key_disabled {
            because.extend(review.key_cause.map(|at| self.event(at)));
        }
        if review.due.is_some() {
            let mut obligations = self.app_at(app).obligations.iter();
            let running = obligations.position(|o| {
                o.kind == DutyKind::Review
                    && matches!(o.state, ObligationState::Open | ObligationState::Overdue)
            });
            because.extend(running.map(|o| self.obligation(app, o)));
        }
        let node = Node::new(NodeKind::Review, &text)
            .with("state", review.state.as_str())
            .with("key_disabled", review.key_disabled)
            .at("since", review.since)
            .at("due", review.due)
            .because(because);
        self.add(id, node)
    }

    /// What keeps an app from being approved, or has done so; nothing where nothing ever did.
    fn hold(&mut self, app: usize) -> Option<String> {
        let (standing, id) = (self.app_at(app), format!("{}/hold", self.app_id(app)));
        let review = &standing.review;
        if review.holds.is_empty() {
            return None;
        }
        // Held without an end of its own: by what is not remedied, or by an unknown end.
        let ends = review.holds.iter().all(|hold| hold.until.is_some());
        let until = review.hold_until.map(|until| self.when(until));
        let text = self
            .say
            .hold(review.on_hold, until.as_deref().filter(|_| ends));
        let holds = review.holds.iter().zip(1..);
        let because: Vec<String> = holds
            .map(|(hold, n)| self.held_by(app, *hold, format!("{id}/{n}")))
            .collect();
        let node = Node::new(NodeKind::Hold, &text)
            .with("on_hold", review.on_hold)
            .at("hold_until", review.hold_until)
            .because(because);
        Some(self.add(id, node))
    }

    fn held_by(&mut self, app: usize, hold: Hold, id: String) -> String {
        let channel = self.app_at(app).channel;
        let until = hold.until.map(|until| self.when(until));
        let mut because = vec![self.event(hold.cause)];
        let (what, rule) = match hold.rule {
            None => ("inspection.failed", None),
            Some(HoldRule::Observation(rules)) => {
                ("inspection.remedied", Some((rules, Place::Observation)))
            }
            Some(HoldRule::Report(rules, permission)) => (
                "report.confirmed",
                Some((rules, Place::HoldReport(channel, permission))),
            ),
        };
        because.extend(rule.map(|(rules, place)| self.rule(rules, place)));
        let text = self
            .say
            .held_by(word(self.lang, what), hold.rule.is_some(), until.as_deref());
        let node = Node::new(NodeKind::Hold, &text)
            .at("until", hold.until)
            .because(because);
        self.add(id, node)
    }
}
