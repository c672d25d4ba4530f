//! The tests inside a rulebook: facts of one app in one month, and what they must come to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Level;
use crate::event::ComplaintClass;

/// The facts of a test, all of one app in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Complaints without a reason, by class; strong ones first, then normal, then celebrity.
    #[serde(default)]
    pub complaints: BTreeMap<ComplaintClass, u32>,
    /// Outage days by the developer's fault, on neighbouring dates.
    #[serde(default)]
    pub outage_days: u32,
    /// Violations found, in order.
    #[serde(default)]
    pub violations: Vec<String>,
    /// How often a behaviour is observed.
    #[serde(default)]
    pub behaviors: BTreeMap<String, u32>,
}

/// What the facts of a test must come to; what is left out is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The month's tier.
    pub tier: Option<OrNone<Level>>,
    /// The last sanction of the month.
    pub sanction: Option<OrNone<ExpectedSanction>>,
    /// What the month does to the developer.
    pub outcome: Option<String>,
    /// The score.
    pub score: Option<i64>,
}

/// Something, or the word `none`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OrNone<T> {
    /// Something.
    Some(T),
    /// The word `none`.
    None(NoneWord),
}

/// The word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoneWord {
    /// `none`
    None,
}

/// A sanction that a test expects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedSanction {
    /// The level of its step.
    pub level: Level,
    /// The how-manieth of that level.
    pub nth: u32,
    /// What is done, by name.
    pub measures: Vec<String>,
    /// For how many days of 24 h; missing for open-ended ones and for a warning alone.
    pub days: Option<u32>,
    /// Within how many hours it is to be put right.
    pub fix_within_hours: Option<u32>,
}
