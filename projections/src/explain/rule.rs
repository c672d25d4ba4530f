//! The places of a rulebook that decisions point at: what each says, with its version and clause.

use toml::Spanned;

use super::build::{Build, segment};
use super::graph::{Node, NodeKind};
use super::words::{list, word};
use crate::event::{Channel, ComplaintClass, Permission, Stage};
use crate::rulebook::{Counts, Rulebook, Text};

/// A place in a version of the rulebook.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// An entry of the catalogue.
    Violation(usize),
    /// A tier of complaints.
    ComplaintTier(usize),
    /// Which reasons of complaints count.
    CountedReasons,
    /// A tier of outages.
    OutageTier(usize),
    /// A row of the ladder.
    Row(usize),
    /// What a month must pass for a downgrade.
    Downgrade,
    /// What a month must pass for the end of the cooperation.
    Terminate,
    /// Which level is serious.
    Serious,
    /// The first grade.
    InitialGrade,
    /// A ranked behaviour.
    Behavior(usize),
    /// A condition of certification, by its name.
    Condition(&'static str),
    /// A clock of review: of which channel, for which stage, and whether it is a recheck.
    Clock(Channel, Stage, bool),
    /// The time to put right what an inspection found.
    FixInspection,
    /// The time an app is watched after that.
    Observation,
    /// The time to put right what a report found.
    FixReport(Channel, Permission),
    /// How long a report holds an app.
    HoldReport(Channel, Permission),
    /// The time to delete data.
    Deletion,
}

/// Where a place is, what it says, and the clause behind it.
struct Entry<'a> {
    path: String,
    clause: Option<&'a str>,
    says: String,
}

/// What tells an entry from those before it with the same key: nothing, where there are none.
fn twin<T, K: PartialEq>(all: &[Spanned<T>], index: usize, key: impl Fn(&T) -> K) -> String {
    let mine = key(all[index].get_ref());
    let before = all[..index].iter().filter(|e| key(e.get_ref()) == mine);
    match before.count() {
        0 => String::new(),
        n => format!("~{}", n + 1),
    }
}

impl<'a> Build<'a> {
    /// The node of a place in the version of that index.
    pub(super) fn rule(&mut self, index: usize, place: Place) -> String {
        let book = &self.rules(index).book;
        let entry = self.entry(book, place).unwrap_or_else(|| Entry {
            path: "missing".to_owned(),
            clause: None,
            says: String::new(),
        });
        let id = format!(
            "rule:{}@{}/{}",
            segment(&book.id),
            segment(&book.version),
            entry.path
        );
        if self.has(&id) {
            return id;
        }
        let reference = entry.clause.unwrap_or(&entry.path);
        let text = self
            .say
            .rule(&book.id, &book.version, reference, &entry.says);
        let node = Node::new(NodeKind::Rule, &text)
            .with("rulebook", book.id.as_str())
            .with("version", book.version.as_str())
            .with("path", entry.path)
            .with("clause", entry.clause)
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

    fn entry(&self, book: &'a Rulebook, place: Place) -> Option<Entry<'a>> {
        Some(match place {
            Place::Violation(index) => {
                let found = book.violations.get(index)?.get_ref();
                let title = self.titled(&found.code, found.title.as_ref());
                Entry {
                    path: format!("violations.{}", segment(&found.code)),
                    clause: found.clause.as_deref(),
                    says: self.say.rule_violation(&title, found.level),
                }
            }
            Place::ComplaintTier(index) => {
                let tier = book.complaints.tiers.get(index)?.get_ref();
                let limits = tier.more_than.iter();
                let limits: Vec<(ComplaintClass, u32)> = limits.map(|(c, n)| (*c, *n)).collect();
                Entry {
                    path: format!(
                        "complaints.tiers[level={}]{}",
                        tier.level,
                        twin(&book.complaints.tiers, index, |t| t.level)
                    ),
                    clause: tier.clause.as_deref(),
                    says: self.say.rule_complaints(tier.level, &limits),
                }
            }
            Place::CountedReasons => {
                let reasons = book.complaints.counted_reasons.as_ref()?;
                Entry {
                    path: "complaints.counted_reasons".to_owned(),
                    clause: None,
                    says: self.say.rule_counted_reasons(reasons),
                }
            }
            Place::OutageTier(index) => {
                let tier = book.outages.tiers.get(index)?.get_ref();
                let causes = book.outages.counted_causes.iter();
                let causes = list(self.lang, causes.map(|c| word(self.lang, c.as_str())));
                Entry {
                    path: format!(
                        "outages.tiers[level={}]{}",
                        tier.level,
                        twin(&book.outages.tiers, index, |t| t.level)
                    ),
                    clause: tier.clause.as_deref(),
                    says: self
                        .say
                        .rule_outage(tier.level, tier.days, book.outages.count, &causes),
                }
            }
            Place::Row(index) => {
                let row = book.sanctions.get(index)?.get_ref();
                let measures = row.measures.iter().map(|m| word(self.lang, m));
                let measures = list(self.lang, measures);
                Entry {
                    path: format!(
                        "sanctions[level={},nth={}]{}",
                        row.level,
                        row.nth,
                        twin(&book.sanctions, index, |r| (r.level, r.nth))
                    ),
                    clause: row.clause.as_deref(),
                    says: self.say.rule_row(row, &measures),
                }
            }
            Place::Behavior(index) => {
                let ranking = book.ranking.as_ref()?;
                let behavior = ranking.behaviors.get(index)?.get_ref();
                let title = self.titled(&behavior.code, behavior.title.as_ref());
                let each = behavior.counts == Counts::Each;
                Entry {
                    path: format!("ranking.behaviors.{}", segment(&behavior.code)),
                    clause: behavior.clause.as_deref(),
                    says: self.say.rule_behavior(
                        &title,
                        behavior.weight,
                        each,
                        ranking.window_days,
                    ),
                }
            }
            Place::Condition(name) => self.condition_entry(book, name)?,
            Place::Downgrade | Place::Terminate | Place::Serious | Place::InitialGrade => {
                self.developers_entry(book, place)?
            }
            _ => self.duty_entry(book, place)?,
        })
    }

    fn developers_entry(&self, book: &'a Rulebook, place: Place) -> Option<Entry<'a>> {
        let rules = &book.developers;
        let (key, says) = match place {
            Place::Downgrade => (
                "downgrade_when_more_than",
                self.say.rule_downgrade(rules.downgrade_when_more_than?),
            ),
            Place::Terminate => (
                "terminate_when_more_than",
                self.say.rule_terminate(rules.terminate_when_more_than?),
            ),
            Place::Serious => ("serious_level", self.say.rule_serious(rules.serious_level?)),
            _ => (
                "initial_grade",
                self.say.rule_initial_grade(&rules.initial_grade),
            ),
        };
        Some(Entry {
            path: format!("developers.{key}"),
            clause: None,
            says,
        })
    }

    fn condition_entry(&self, book: &'a Rulebook, name: &'static str) -> Option<Entry<'a>> {
        let asked = book.certification.as_ref()?;
        let (path, says) = match name {
            "days_listed" => (
                "certification.listed_more_than_days",
                self.say.rule_days_listed(asked.listed_more_than_days),
            ),
            "average_daily_users" => (
                "certification.average_daily_users",
                self.say
                    .rule_users(asked.average_daily_users, asked.window_days),
            ),
            _ => ("certification", self.say.rule_certification()),
        };
        Some(Entry {
            path: path.to_owned(),
            clause: asked.clause.as_deref(),
            says,
        })
    }

    fn duty_entry(&self, book: &'a Rulebook, place: Place) -> Option<Entry<'a>> {
        let named = |text: &'static str| word(self.lang, text);
        let report = |channel, permission| book.reports.get(&channel)?.get(&permission);
        let (path, says) = match place {
            Place::Clock(channel, stage, recheck) => {
                let days = book.review.clocks.get(&channel)?.of(stage, recheck)?;
                let recheck = recheck && stage == Stage::Copy;
                let key = if recheck { "recheck" } else { stage.as_str() };
                let (where_, what) = (named(channel.as_str()), named(stage.as_str()));
                (
                    format!("review.clocks.{channel}.{key}"),
                    self.say.rule_clock(where_, what, recheck, days),
                )
            }
            Place::FixInspection => (
                "inspection.fix_within_working_days".to_owned(),
                self.say
                    .rule_fix_inspection(book.inspection.fix_within_working_days?),
            ),
            Place::Observation => (
                "inspection.observation_days".to_owned(),
                self.say
                    .rule_observation(book.inspection.observation_days.unwrap_or(0)),
            ),
            Place::FixReport(channel, permission) => (
                format!("reports.{channel}.{permission}.fix_within_hours"),
                self.say
                    .rule_fix_report(report(channel, permission)?.fix_within_hours?),
            ),
            Place::HoldReport(channel, permission) => (
                format!("reports.{channel}.{permission}.hold_working_days"),
                self.say
                    .rule_hold_report(report(channel, permission)?.hold_working_days?),
            ),
            _ => (
                "data.delete_within_hours".to_owned(),
                self.say
                    .rule_deletion(book.data.delete_within_hours.unwrap_or(24)),
            ),
        };
        Some(Entry {
            path,
            clause: None,
            says,
        })
    }
}
