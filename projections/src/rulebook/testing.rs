//! The tests inside a rulebook: facts of one app in one month, and what they must come to.
//!
//! [`run`] tells each test's facts as plain events and asks [`assess`] what they come to, so that a
//! test holds the very rules that judge and no copy of them. What is asked for is compared field by
//! field; a test that cannot be told (a code the rulebook lacks, more than a month holds) fails
//! with its reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Level, Place, RuleTest, Rulebook};
use crate::assess::{Ask, assess};
use crate::event::{ComplaintClass, Position};
use crate::facts::History;
use crate::measure::Measure;
use crate::rules::Timeline;
use crate::standing::{MonthOutcome, Sanction, Standing};
use crate::time::{DAY_MICROS, HOUR_MICROS, LocalMonth};

mod script;
#[cfg(test)]
mod tests;

use script::{Script, TestMonth};

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

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// What the test says.
    pub name: String,
    /// The clause it holds the rules to.
    pub clause: Option<String>,
    /// Where it stands in the text.
    pub place: Place,
    /// Why it could not be run, where it could not.
    pub problem: Option<String>,
    /// What came otherwise than expected.
    pub mismatches: Vec<Mismatch>,
}

impl TestResult {
    /// Whether it was run and everything came as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problem.is_none() && self.mismatches.is_empty()
    }
}

/// A field of [`Expect`] that came otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Which, as it is written: `tier`, `sanction.days`.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

/// Runs the tests of a rulebook, in their order.
///
/// ```
/// use standing_projections::rulebook::{Rulebook, preset, testing::run};
/// let text = preset::named("weibo").unwrap()[0];
/// assert!(run(&Rulebook::parse(text).unwrap()).iter().all(|result| result.passed()));
///
/// let slip = text.replacen("more_than = { strong = 3,", "more_than = { strong = 4,", 1);
/// let results = run(&Rulebook::parse(&slip).unwrap());
/// let failed = results.iter().find(|result| !result.passed()).unwrap();
/// assert_eq!(failed.name, "four strong complaints are level 1");
/// assert_eq!((failed.mismatches[0].field, &*failed.mismatches[0].got), ("tier", "2"));
/// ```
#[must_use]
pub fn run(book: &Rulebook) -> Vec<TestResult> {
    let month = TestMonth::of(book);
    let results = book.tests.iter().map(|spanned| {
        let test = spanned.get_ref();
        let came = month
            .as_ref()
            .map_err(String::clone)
            .and_then(|month| judge(book, test, month));
        let (problem, mismatches) = match came {
            Ok(mismatches) => (None, mismatches),
            Err(problem) => (Some(problem), Vec::new()),
        };
        TestResult {
            name: test.name.clone(),
            clause: test.clause.clone(),
            place: Place::start(&book.text, spanned),
            problem,
            mismatches,
        }
    });
    results.collect()
}

/// What came otherwise than a test expects, or why it cannot be run.
fn judge(book: &Rulebook, test: &RuleTest, month: &TestMonth) -> Result<Vec<Mismatch>, String> {
    check_expected(&test.expect)?;
    let events = Script::of(book, test, month)?.events;
    let history = History::of((1..).map(Position).zip(&events));
    let timeline = Timeline::new(vec![(Position(0), book.clone())], history.names())
        .map_err(|error| error.to_string())?;
    let ask = Ask {
        as_of: month.last_instant(),
        known_at: history.head(),
    };
    let standing = history
        .developers()
        .first()
        .and_then(|developer| assess(developer, history.names(), &timeline, ask))
        .ok_or_else(|| "the test's developer was not judged".to_owned())?;
    Ok(compare(&test.expect, &standing, month.month))
}

/// Refuses an expectation that nothing can meet, or that everything does.
fn check_expected(expect: &Expect) -> Result<(), String> {
    if *expect == Expect::default() {
        return Err(
            "it expects nothing: name a tier, a sanction, an outcome or a score".to_owned(),
        );
    }
    if let Some(outcome) = &expect.outcome
        && MonthOutcome::from_text(outcome).is_none()
    {
        return Err(format!(
            "`{outcome}` is no outcome: `none`, `downgraded` or `terminated`"
        ));
    }
    if let Some(OrNone::Some(sanction)) = &expect.sanction
        && let Some(name) = sanction
            .measures
            .iter()
            .find(|name| Measure::from_text(name).is_none())
    {
        return Err(format!("there is no measure `{name}`"));
    }
    Ok(())
}

fn compare(expect: &Expect, standing: &Standing<'_>, month: LocalMonth) -> Vec<Mismatch> {
    let mut found = Mismatches::default();
    let app = standing.apps.first();
    let judged = app.and_then(|app| app.months.iter().find(|m| m.month == month));
    if let Some(tier) = &expect.tier {
        let text = |level: Option<Level>| level.map_or_else(none, |level| level.to_string());
        let got = judged.and_then(|month| month.tier);
        found.unless_same("tier", text(tier.as_option().copied()), text(got));
    }
    if let Some(sanction) = &expect.sanction {
        // Of all the month's sanctions the last one says how far up the ladder the app has come.
        let last = judged.and_then(|month| month.sanctions.last());
        found.sanction(sanction.as_option(), last.map(ExpectedSanction::of));
    }
    if let Some(outcome) = &expect.outcome {
        let of_month = standing.months.iter().find(|m| m.month == month);
        let got = of_month.map_or(MonthOutcome::None, |month| month.outcome);
        found.unless_same("outcome", outcome.clone(), got.to_string());
    }
    if let Some(score) = expect.score {
        let got = app.map_or(0, |app| app.score);
        found.unless_same("score", score.to_string(), got.to_string());
    }
    found.0
}

fn none() -> String {
    "none".to_owned()
}

impl<T> OrNone<T> {
    const fn as_option(&self) -> Option<&T> {
        match self {
            Self::Some(some) => Some(some),
            Self::None(_) => None,
        }
    }
}

impl ExpectedSanction {
    /// The sanction that came, in the words of one that is expected.
    fn of(came: &Sanction<'_>) -> Self {
        let from = came.from.micros();
        let whole = |micros: i64, unit: i64| u32::try_from(micros / unit).unwrap_or(u32::MAX);
        Self {
            level: came.level,
            nth: came.nth,
            measures: came.measures.to_vec(),
            days: came
                .until
                .map(|until| whole(until.micros() - from, DAY_MICROS)),
            fix_within_hours: came.fix_by.map(|by| whole(by.micros() - from, HOUR_MICROS)),
        }
    }

    fn measures_text(&self) -> String {
        // Their order does nothing, so it is not compared.
        let mut measures: Vec<&str> = self.measures.iter().map(String::as_str).collect();
        measures.sort_unstable();
        measures.dedup();
        measures.join(", ")
    }
}

impl std::fmt::Display for ExpectedSanction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (level, nth, measures) = (self.level, self.nth, self.measures_text());
        write!(f, "level {level}, nth {nth}: {measures}")?;
        if let Some(days) = self.days {
            write!(f, ", {days} days")?;
        }
        match self.fix_within_hours {
            Some(hours) => write!(f, ", to fix within {hours} hours"),
            None => Ok(()),
        }
    }
}

/// What came otherwise, as it is found.
#[derive(Default)]
struct Mismatches(Vec<Mismatch>);

impl Mismatches {
    fn unless_same(&mut self, field: &'static str, expected: String, got: String) {
        if expected != got {
            self.0.push(Mismatch {
                field,
                expected,
                got,
            });
        }
    }

    /// Two sanctions are compared field by field; one and none, as a whole.
    fn sanction(&mut self, expected: Option<&ExpectedSanction>, got: Option<ExpectedSanction>) {
        let (Some(expected), Some(got)) = (expected, &got) else {
            let text = |s: Option<&ExpectedSanction>| s.map_or_else(none, |s| s.to_string());
            self.unless_same("sanction", text(expected), text(got.as_ref()));
            return;
        };
        let count = |count: Option<u32>| count.map_or_else(none, |count| count.to_string());
        let (level, nth) = (expected.level.to_string(), expected.nth.to_string());
        self.unless_same("sanction.level", level, got.level.to_string());
        self.unless_same("sanction.nth", nth, got.nth.to_string());
        let (want, came) = (expected.measures_text(), got.measures_text());
        self.unless_same("sanction.measures", want, came);
        self.unless_same("sanction.days", count(expected.days), count(got.days));
        let (want, came) = (expected.fix_within_hours, got.fix_within_hours);
        self.unless_same("sanction.fix_within_hours", count(want), count(came));
    }
}
