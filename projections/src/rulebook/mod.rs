//! Rulebooks (SPEC §3): typed TOML, unknown keys refused, nothing guessed.
//!
//! [`Rulebook::parse`] gives a rulebook that can be judged by, or a [`RulebookError`] with line,
//! column and a hint. What is merely doubtful is left to [`lint`]. The
//! words of display (titles, clauses) are kept beside the figures and never judge anything.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::event::{Cause, Channel, ComplaintClass, Permission, Stage};

mod check;
pub mod diff;
pub mod lint;
mod parse;
pub mod preset;
pub mod testing;

pub use parse::{Place, RulebookError};

/// A text to show: one for everybody, or one a language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum Text {
    /// In whatever language it is.
    One(String),
    /// In English and in Chinese.
    Both(Bilingual),
}

/// A text in English and in Chinese.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A language to show texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Text {
    /// The text in that language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match (self, lang) {
            (Self::One(text), _) => text,
            (Self::Both(both), Lang::En) => &both.en,
            (Self::Both(both), Lang::Zh) => &both.zh,
        }
    }
}

/// How grave: 1 is the most severe, 3 the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Level(u8);

impl Level {
    /// All levels, the most severe first.
    pub const ALL: [Level; 3] = [Level(1), Level(2), Level(3)];

    /// The level of that number, 1 to 3.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=3 => Some(Self(number)),
            _ => None,
        }
    }

    /// 1, 2 or 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// 0, 1 or 2: a place in an array by level.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u8::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| serde::de::Error::custom(format!("a level is 1, 2 or 3, not {number}")))
    }
}

/// One version of a rulebook.
///
/// ```
/// use standing_projections::rulebook::{Rulebook, preset};
/// let rules = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// assert_eq!((rules.id.as_str(), rules.version.as_str()), ("weibo", "2013-10-01"));
///
/// let error = Rulebook::parse("id = \"x\"\nversoin = \"1\"").unwrap_err();
/// assert_eq!((error.place.line, error.place.column), (2, 1));
/// assert_eq!(error.hint.as_deref(), Some("did you mean `version`?"));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// What the platform calls it.
    pub id: String,
    /// Which version of it.
    pub version: String,
    /// The local date from whose midnight on it holds.
    pub effective_from: toml::value::Datetime,
    /// The IANA name of the zone of its dates and months.
    pub time_zone: String,
    /// The name of its working-day calendar.
    pub calendar: String,
    /// What it is, for people.
    pub title: Option<Text>,
    /// Where it comes from, for people.
    pub source: Option<Text>,
    /// The catalogue.
    pub violations: Vec<Spanned<Violation>>,
    /// How complaints become an incident.
    pub complaints: Complaints,
    /// How outage days become an incident.
    pub outages: Outages,
    /// The ladder.
    pub sanctions: Vec<Spanned<SanctionRow>>,
    /// Grades, downgrade, termination.
    pub developers: Developers,
    /// The plaza's order.
    pub ranking: Option<Ranking>,
    /// The conditions of V-certification.
    pub certification: Option<Certification>,
    /// Review clocks and rejection reasons.
    #[serde(default)]
    pub review: Review,
    /// What a failed inspection asks for.
    #[serde(default)]
    pub inspection: Inspection,
    /// What a confirmed report asks for.
    #[serde(default)]
    pub reports: BTreeMap<Channel, BTreeMap<Permission, ReportRule>>,
    /// When data is to be deleted.
    #[serde(default)]
    pub data: DataRules,
    /// How an appeal may be filed.
    #[serde(default)]
    pub appeals: Appeals,
    /// What `rules test` runs.
    #[serde(default)]
    pub tests: Vec<Spanned<RuleTest>>,
    /// The text it was read from.
    #[serde(skip)]
    pub text: String,
}

/// A code of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// The code.
    pub code: String,
    /// How grave.
    pub level: Level,
    /// Which part of the source it belongs to.
    pub area: String,
    /// For people.
    pub title: Option<Text>,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// How complaints become an incident.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaints {
    /// The reasons that count; all, where the list is missing.
    pub counted_reasons: Option<Vec<String>>,
    /// What must be passed for which level.
    pub tiers: Vec<Spanned<ComplaintTier>>,
}

/// A level and the counts one of which must be passed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplaintTier {
    /// The level reached.
    pub level: Level,
    /// Per class, the count of a month that must be strictly passed.
    pub more_than: BTreeMap<ComplaintClass, u32>,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// How outage days become an incident.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outages {
    /// The causes that count.
    #[serde(default = "developer_only")]
    pub counted_causes: Vec<Cause>,
    /// Whether all days of the month count, or its longest run.
    #[serde(default)]
    pub count: OutageCount,
    /// How many days make which level.
    pub tiers: Vec<Spanned<OutageTier>>,
}

fn developer_only() -> Vec<Cause> {
    vec![Cause::Developer]
}

/// What of a month's outage days is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutageCount {
    /// All of them.
    #[default]
    Cumulative,
    /// The longest run of neighbouring dates.
    Consecutive,
}

/// A level and the days that make it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageTier {
    /// The level reached.
    pub level: Level,
    /// The days of a month it takes, at least.
    pub days: u32,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// A row of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanctionRow {
    /// For steps of this level,
    pub level: Level,
    /// the nth in a month,
    pub nth: u32,
    /// and, of the last row, every later one.
    #[serde(default)]
    pub or_more: bool,
    /// What is done, by name.
    pub measures: Vec<String>,
    /// For how many days of 24 h; until lifted, where neither figure is given.
    pub days: Option<u32>,
    /// Days more for each of the app's steps of that level in the month.
    pub days_per_violation: Option<u32>,
    /// By when it is to be put right.
    pub fix_within_hours: Option<u32>,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// Grades, downgrade, termination.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Developers {
    /// Low to high.
    pub grades: Vec<String>,
    /// Of a developer registered without one.
    pub initial_grade: String,
    /// A month's violations that must be strictly passed.
    pub downgrade_when_more_than: Option<u32>,
    /// A month's violations that must be strictly passed.
    pub terminate_when_more_than: Option<u32>,
    /// From which level on a violation of a marked developer is serious.
    pub serious_level: Option<Level>,
    /// Calls per IP and hour, by grade.
    pub call_limits: Option<BTreeMap<String, u32>>,
}

/// The plaza's order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// Whose apps are on the board.
    pub channels: Vec<Channel>,
    /// The measures that take an app from it, by name.
    pub suspended_by: Vec<String>,
    /// How many days back behaviours count; all, where it is missing.
    pub window_days: Option<u32>,
    /// What weighs how much.
    pub behaviors: Vec<Spanned<Behavior>>,
}

/// A ranked behaviour.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// The code.
    pub code: String,
    /// Added to the score.
    pub weight: i32,
    /// Each time, or while it lasts.
    pub counts: Counts,
    /// For people.
    pub title: Option<Text>,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// How a behaviour is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// Once for each observation.
    Each,
    /// Once, while the latest word is that it is observed.
    State,
}

/// The conditions of V-certification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certification {
    /// Whose apps can be certified.
    pub channels: Vec<Channel>,
    /// Days of 24 h on the board that must be strictly passed.
    pub listed_more_than_days: u32,
    /// Users a day, at least.
    pub average_daily_users: u32,
    /// Over how many complete local dates.
    pub window_days: u32,
    /// Where the source says so.
    pub clause: Option<String>,
}

/// Review clocks and rejection reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// How long after its approval a declaration holds.
    pub declaration_valid_months: Option<u32>,
    /// Working days, by channel and stage.
    pub clocks: BTreeMap<Channel, Clocks>,
    /// What may be given as a reason, by channel.
    #[serde(default)]
    pub reasons: BTreeMap<Channel, Vec<Reason>>,
}

/// Working days that the platform gives itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// For a declaration.
    pub declaration: Option<u32>,
    /// For a first copy.
    pub copy: Option<u32>,
    /// For the plaza.
    pub plaza: Option<u32>,
    /// For a copy after an approved one.
    pub recheck: Option<u32>,
}

impl Clocks {
    /// The working days of a stage; a copy after an approved one is a recheck.
    #[must_use]
    pub const fn of(&self, stage: Stage, recheck: bool) -> Option<u32> {
        match stage {
            Stage::Declaration => self.declaration,
            Stage::Copy if recheck => self.recheck,
            Stage::Copy => self.copy,
            Stage::Plaza => self.plaza,
        }
    }
}

/// A reason for a rejection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code.
    pub code: String,
    /// For people.
    pub title: Option<Text>,
}

/// What a failed inspection asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Working days to put it right.
    pub fix_within_working_days: Option<u32>,
    /// Days of 24 h on hold after that.
    pub observation_days: Option<u32>,
    /// From how many users a day on an app is inspected at any time.
    pub watch_average_daily_users: Option<u32>,
}

/// What a confirmed report asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRule {
    /// Hours to put it right.
    pub fix_within_hours: Option<u32>,
    /// Working days without an approval.
    pub hold_working_days: Option<u32>,
}

/// When data is to be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRules {
    /// Whether the end of a cooperation orders it.
    #[serde(default)]
    pub delete_on_termination: bool,
    /// Within how many hours; 24 where not given.
    pub delete_within_hours: Option<u32>,
}

/// How an appeal may be filed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appeals {
    /// Within how many days of the event.
    pub within_days: Option<u32>,
    /// How often.
    pub tries: Option<u32>,
}

/// A test inside a rulebook: facts of one app in one month, and what they must come to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// What it says.
    pub name: String,
    /// The clause it holds the rules to.
    pub clause: Option<String>,
    /// The facts.
    #[serde(default)]
    pub given: testing::Given,
    /// What must come of them.
    pub expect: testing::Expect,
}
