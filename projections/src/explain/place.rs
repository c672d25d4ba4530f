//! The places of a rulebook that decisions point at: how each is written, and the clause behind it.

use toml::Spanned;

use super::build::segment;
use crate::event::{Channel, Permission, Stage};
use crate::provenance::{Basis, DutyRule};
use crate::rulebook::Rulebook;

/// A place in a version of the rulebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
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
    /// Whose apps are on the board.
    Channels,
    /// The measures that take an app from it.
    SuspendedBy,
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

/// How a place is written, and the clause behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) path: String,
    pub(crate) clause: Option<&'a str>,
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

impl Place {
    /// What gave a step its level.
    pub(crate) const fn of_step(basis: Basis) -> Self {
        match basis {
            Basis::Catalogue(entry) => Self::Violation(entry),
            Basis::Complaints { tier, .. } => Self::ComplaintTier(tier),
            Basis::Outage { tier, .. } => Self::OutageTier(tier),
        }
    }

    /// What gives a duty its length, with the index of the rules; nothing for one that a sanction
    /// brings, whose row it is.
    pub(crate) const fn of_duty(rule: DutyRule, channel: Channel) -> Option<(usize, Self)> {
        match rule {
            DutyRule::Sanction(_) => None,
            DutyRule::Inspection(rules) => Some((rules, Self::FixInspection)),
            DutyRule::Report(rules, permission) => {
                Some((rules, Self::FixReport(channel, permission)))
            }
            DutyRule::Clock(rules, stage, recheck) => {
                Some((rules, Self::Clock(channel, stage, recheck)))
            }
            DutyRule::Deletion(rules) => Some((rules, Self::Deletion)),
        }
    }

    /// Where it is in a version; none where that has no such place.
    pub(crate) fn reference(self, book: &Rulebook) -> Option<Reference<'_>> {
        let (path, clause) = match self {
            Self::Violation(index) => {
                let found = book.violations.get(index)?.get_ref();
                let path = format!("violations.{}", segment(&found.code));
                (path, found.clause.as_deref())
            }
            Self::ComplaintTier(index) => {
                let tiers = &book.complaints.tiers;
                let tier = tiers.get(index)?.get_ref();
                let twin = twin(tiers, index, |tier| tier.level);
                let path = format!("complaints.tiers[level={}]{twin}", tier.level);
                (path, tier.clause.as_deref())
            }
            Self::OutageTier(index) => {
                let tiers = &book.outages.tiers;
                let tier = tiers.get(index)?.get_ref();
                let twin = twin(tiers, index, |tier| tier.level);
                let path = format!("outages.tiers[level={}]{twin}", tier.level);
                (path, tier.clause.as_deref())
            }
            Self::Row(index) => {
                let row = book.sanctions.get(index)?.get_ref();
                let twin = twin(&book.sanctions, index, |row| (row.level, row.nth));
                let path = format!("sanctions[level={},nth={}]{twin}", row.level, row.nth);
                (path, row.clause.as_deref())
            }
            Self::Behavior(index) => {
                let ranking = book.ranking.as_ref()?;
                let behavior = ranking.behaviors.get(index)?.get_ref();
                let path = format!("ranking.behaviors.{}", segment(&behavior.code));
                (path, behavior.clause.as_deref())
            }
            Self::Condition(name) => {
                let asked = book.certification.as_ref()?;
                let path = match name {
                    "days_listed" => "certification.listed_more_than_days",
                    "average_daily_users" => "certification.average_daily_users",
                    _ => "certification",
                };
                (path.to_owned(), asked.clause.as_deref())
            }
            Self::Clock(channel, stage, recheck) => {
                let recheck = recheck && stage == Stage::Copy;
                let key = if recheck { "recheck" } else { stage.as_str() };
                (format!("review.clocks.{channel}.{key}"), None)
            }
            Self::FixReport(channel, permission) => {
                let path = format!("reports.{channel}.{permission}.fix_within_hours");
                (path, None)
            }
            Self::HoldReport(channel, permission) => {
                let path = format!("reports.{channel}.{permission}.hold_working_days");
                (path, None)
            }
            fixed => (fixed.key().to_owned(), None),
        };
        Some(Reference { path, clause })
    }

    /// How a place is written that every version has at most one of.
    const fn key(self) -> &'static str {
        match self {
            Self::CountedReasons => "complaints.counted_reasons",
            Self::Downgrade => "developers.downgrade_when_more_than",
            Self::Terminate => "developers.terminate_when_more_than",
            Self::Serious => "developers.serious_level",
            Self::InitialGrade => "developers.initial_grade",
            Self::Channels => "ranking.channels",
            Self::SuspendedBy => "ranking.suspended_by",
            Self::FixInspection => "inspection.fix_within_working_days",
            Self::Observation => "inspection.observation_days",
            _ => "data.delete_within_hours",
        }
    }
}
