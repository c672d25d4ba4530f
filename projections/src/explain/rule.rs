//! What the places of a rulebook say, with their version and clause.

use super::build::{Build, segment};
use super::graph::{Node, NodeKind};
use super::place::Place;
use super::words::{list, word};
use crate::event::{ComplaintClass, Stage};
use crate::rulebook::{Counts, Rulebook, Text};

impl<'a> Build<'a> {
    /// The node of a place in the version of that index.
    pub(super) fn rule(&mut self, index: usize, place: Place) -> String {
        let book = &self.rules(index).book;
        let (path, clause) = place
            .reference(book)
            .map_or(("missing".to_owned(), None), |found| {
                (found.path, found.clause)
            });
        let id = format!(
            "rule:{}@{}/{path}",
            segment(&book.id),
            segment(&book.version)
        );
        if self.has(&id) {
            return id;
        }
        let says = self.says(book, place).unwrap_or_default();
        let reference = clause.unwrap_or(&path);
        let text = self.say.rule(&book.id, &book.version, reference, &says);
        let node = Node::new(NodeKind::Rule, &text)
            .with("rulebook", book.id.as_str())
            .with("version", book.version.as_str())
            .with("path", path)
            .with("clause", clause)
            .because([self.rulebook(index)]);
        self.add(id, node)
    }

    /// A title for people, or the code where there is none.
    pub(super) fn titled(&self, code: &str, title: Option<&Text>) -> String {
        match title {
            Some(title) => self.say.titled(title.get(self.lang), code),
            None => code.to_owned(),
        }
    }

    fn says(&self, book: &'a Rulebook, place: Place) -> Option<String> {
        Some(match place {
            Place::Violation(index) => {
                let found = book.violations.get(index)?.get_ref();
                let title = self.titled(&found.code, found.title.as_ref());
                self.say.rule_violation(&title, found.level)
            }
            Place::ComplaintTier(index) => {
                let tier = book.complaints.tiers.get(index)?.get_ref();
                let limits = tier.more_than.iter();
                let limits: Vec<(ComplaintClass, u32)> = limits.map(|(c, n)| (*c, *n)).collect();
                self.say.rule_complaints(tier.level, &limits)
            }
            Place::CountedReasons => {
                let reasons = book.complaints.counted_reasons.as_ref()?;
                self.say.rule_counted_reasons(reasons)
            }
            Place::OutageTier(index) => {
                let tier = book.outages.tiers.get(index)?.get_ref();
                let causes = book.outages.counted_causes.iter();
                let causes = list(self.lang, causes.map(|c| word(self.lang, c.as_str())));
                self.say
                    .rule_outage(tier.level, tier.days, book.outages.count, &causes)
            }
            Place::Row(index) => {
                let row = book.sanctions.get(index)?.get_ref();
                let measures = row.measures.iter().map(|m| word(self.lang, m));
                let measures = list(self.lang, measures);
                self.say.rule_row(row, &measures)
            }
            Place::Behavior(index) => {
                let ranking = book.ranking.as_ref()?;
                let behavior = ranking.behaviors.get(index)?.get_ref();
                let title = self.titled(&behavior.code, behavior.title.as_ref());
                let each = behavior.counts == Counts::Each;
                self.say
                    .rule_behavior(&title, behavior.weight, each, ranking.window_days)
            }
            Place::Condition(name) => {
                let asked = book.certification.as_ref()?;
                match name {
                    "days_listed" => self.say.rule_days_listed(asked.listed_more_than_days),
                    "average_daily_users" => self
                        .say
                        .rule_users(asked.average_daily_users, asked.window_days),
                    _ => self.say.rule_certification(),
                }
            }
            Place::Downgrade => {
                let limit = book.developers.downgrade_when_more_than?;
                self.say.rule_downgrade(limit)
            }
            Place::Terminate => {
                let limit = book.developers.terminate_when_more_than?;
                self.say.rule_terminate(limit)
            }
            Place::Serious => self.say.rule_serious(book.developers.serious_level?),
            Place::InitialGrade => self.say.rule_initial_grade(&book.developers.initial_grade),
            // Nothing that is explained points at these alone.
            Place::Channels | Place::SuspendedBy => return None,
            _ => self.says_of_duty(book, place)?,
        })
    }

    fn says_of_duty(&self, book: &'a Rulebook, place: Place) -> Option<String> {
        let named = |text: &'static str| word(self.lang, text);
        let report = |channel, permission| book.reports.get(&channel)?.get(&permission);
        Some(match place {
            Place::Clock(channel, stage, recheck) => {
                let days = book.review.clocks.get(&channel)?.of(stage, recheck)?;
                let recheck = recheck && stage == Stage::Copy;
                let (where_, what) = (named(channel.as_str()), named(stage.as_str()));
                self.say.rule_clock(where_, what, recheck, days)
            }
            Place::FixInspection => self
                .say
                .rule_fix_inspection(book.inspection.fix_within_working_days?),
            Place::Observation => self
                .say
                .rule_observation(book.inspection.observation_days.unwrap_or(0)),
            Place::FixReport(channel, permission) => self
                .say
                .rule_fix_report(report(channel, permission)?.fix_within_hours?),
            Place::HoldReport(channel, permission) => self
                .say
                .rule_hold_report(report(channel, permission)?.hold_working_days?),
            _ => self
                .say
                .rule_deletion(book.data.delete_within_hours.unwrap_or(24)),
        })
    }
}
