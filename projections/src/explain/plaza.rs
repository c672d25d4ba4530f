//! An app's score and its conditions of V-certification (SPEC §7).

use super::build::{Build, segment};
use super::graph::{Node, NodeKind};
use super::place::Place;
use crate::event::Position;
use crate::provenance::ScoreTerm;
use crate::review::ReviewState;
use crate::rulebook::Counts;
use crate::standing::{Condition, Value};

impl Build<'_> {
    /// The score, and why the app is on the board or not; nothing where neither is asked of it.
    pub(super) fn score(&mut self, app: usize) -> Option<String> {
        let standing = self.app_at(app);
        let ranked = self.rules(self.standing.rules).ranks(standing.channel);
        if !ranked && standing.score_terms.is_empty() {
            return None;
        }
        let mut because: Vec<String> = standing
            .score_terms
            .iter()
            .map(|term| self.behavior(app, term))
            .collect();
        let board = match standing.on_board {
            Some(since) => self.say.on_board(&self.when(since)),
            None if ranked => self.say.off_board(&self.hindered(app)),
            None => self.say.unranked(self.word(standing.channel.as_str())),
        };
        if ranked {
            because.extend(self.hindrances(app));
        }
        let points: Vec<i64> = standing.score_terms.iter().map(|t| t.points).collect();
        let text = self.say.score(standing.score, &points, &board);
        let node = Node::new(NodeKind::Score, &text)
            .with("score", standing.score)
            .with("on_board", standing.on_board.is_some())
            .at("listed_since", standing.on_board)
            .because(because);
        Some(self.add(format!("{}/score", self.app_id(app)), node))
    }

    fn behavior(&mut self, app: usize, term: &ScoreTerm) -> String {
        let rules = self.rules(term.rules);
        let (weight, counts) = rules.weight(term.behavior);
        let ranking = rules.book.ranking.as_ref();
        let behavior = ranking.and_then(|r| r.behaviors.get(term.behavior));
        let (code, title) = behavior.map_or(("", None), |b| {
            (b.get_ref().code.as_str(), b.get_ref().title.as_ref())
        });
        let title = self.titled(code, title);
        let times = term.events.len();
        let text = match counts {
            Counts::Each => self.say.each(&title, times, weight, term.points),
            Counts::State => self.say.state(&title, weight, term.points),
        };
        let mut because = self.events(&term.events);
        because.push(self.rule(term.rules, Place::Behavior(term.behavior)));
        let node = Node::new(NodeKind::Behavior, &text)
            .with("code", code)
            .with("weight", weight)
            .with("times", times)
            .with("points", term.points)
            .with("version", rules.book.version.as_str())
            .because(because);
        self.add(
            format!("{}/score/{}", self.app_id(app), segment(code)),
            node,
        )
    }

    /// What keeps an app from being shown, in words.
    fn hindered(&self, app: usize) -> String {
        let (standing, hindrances) = (self.app_at(app), self.app_at(app).hindrances);
        let mut parts = Vec::new();
        if hindrances.not_listed {
            parts.push(
                self.say
                    .not_listed(self.word(standing.review.state.as_str())),
            );
        }
        if hindrances.key_disabled {
            parts.push(self.say.key_disabled());
        }
        if hindrances.ended {
            let status = self.standing.status.as_str();
            parts.push(self.say.cooperation(self.word(status)));
        }
        let measures = hindrances.measures.lasting();
        parts.extend(measures.map(|measure| self.word(measure.as_str()).to_owned()));
        self.say.clauses(&parts)
    }

    fn hindrances(&mut self, app: usize) -> Vec<String> {
        let hindrances = self.app_at(app).hindrances;
        let mut ids = Vec::new();
        // Where it is listed, the listing itself is the reason.
        ids.push(self.review(app));
        if hindrances.ended {
            ids.push(self.status());
        }
        let measures: Vec<_> = hindrances.measures.lasting().collect();
        ids.extend(measures.into_iter().map(|m| self.measure(app, m)));
        ids
    }

    /// Whether an app may be certified; nothing where the rules certify no such app.
    pub(super) fn certification(&mut self, app: usize) -> Option<String> {
        let certification = &self.app_at(app).certification;
        if certification.conditions.is_empty() {
            return None;
        }
        let unmet = certification.conditions.iter().filter(|c| !c.met);
        let unmet: Vec<String> = unmet.map(|c| self.say.condition_name(c.name)).collect();
        let text = self.say.certification(&unmet);
        let because: Vec<String> = certification
            .conditions
            .iter()
            .map(|condition| self.condition(app, condition))
            .collect();
        let node = Node::new(NodeKind::Certification, &text)
            .with("eligible", certification.eligible)
            .because(because);
        Some(self.add(format!("{}/certification", self.app_id(app)), node))
    }

    fn condition(&mut self, app: usize, condition: &Condition) -> String {
        let standing = self.app_at(app);
        let since = self.when(standing.review.since);
        let state = self.word(standing.review.state.as_str());
        let because = match condition.name {
            "listed" => self.hindrances(app),
            "copy_approved" | "days_listed" => vec![self.review(app)],
            "average_daily_users" => self.events(&standing.certification.usage),
            _ => {
                let assessed: Vec<Position> = condition.cause.into_iter().collect();
                self.events(&assessed)
            }
        };
        let figures = (count(condition.value), count(condition.required));
        let what = match condition.name {
            "platform_related" => self.say.assessed(condition.cause.map(|at| at.0)),
            "listed" if condition.met => self.say.shown_since(&since),
            "listed" => self.hindered(app),
            "days_listed" if standing.review.state == ReviewState::Listed => {
                self.say.days_listed(figures, &since)
            }
            "days_listed" => self.say.days_listed_none(figures),
            "average_daily_users" => self
                .say
                .average(figures, standing.certification.usage.len()),
            _ => self.say.in_state(state),
        };
        let name = self.say.condition_name(condition.name);
        let text = self.say.condition(&name, condition.met, &what);
        let rule = self.rule(self.standing.rules, Place::Condition(condition.name));
        let value = |value| match value {
            Value::YesOrNo(yes) => serde_json::Value::from(yes),
            Value::Count(count) => serde_json::Value::from(count),
        };
        let version = &self.rules(self.standing.rules).book.version;
        let node = Node::new(NodeKind::Condition, &text)
            .with("name", condition.name)
            .with("met", condition.met)
            .with("value", value(condition.value))
            .with("required", value(condition.required))
            .with("version", version.as_str())
            .because(because)
            .because([rule]);
        let id = format!("{}/certification/{}", self.app_id(app), condition.name);
        self.add(id, node)
    }
}

const fn count(value: Value) -> i64 {
    match value {
        Value::Count(count) => count,
        Value::YesOrNo(_) => 0,
    }
}
