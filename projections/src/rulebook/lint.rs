//! What is doubtful in a rulebook that can be judged by.
//!
//! [`lint`] reads one text and tells everything at once, where [`Rulebook::parse`] stops at the
//! first error; [`lint_versions`] looks at the versions of one rulebook side by side. Nothing here
//! judges, and nothing here changes what [`Rulebook::parse`] takes.
//!
//! An [error](Severity::Error) is what refuses a rulebook (or a version beside the others), a
//! [warning](Severity::Warning) is a rule that can hardly mean what it says (never reached, never
//! used, without an effect), and a [note](Severity::Note) leaves every judgement as it is (a
//! title, a clause, an order). The names of rules are stable. Errors: `unreadable` and those of
//! the parser. The rest:
//!
//! | about | warnings | notes |
//! | --- | --- | --- |
//! | tiers | `tier_empty`, `tier_unreachable`, `tier_level_twice`, `threshold_order`, `outage_days` | `tier_order` |
//! | ladder | `ladder_gap`, `ladder_open_end`, `ladder_row_twice`, `ladder_or_more_early`, `ladder_missing_level`, `ladder_unused_level` | |
//! | a row of it | `measures_empty`, `length_without_days`, `length_zero`, `warning_with_length` | `measures_empty` (with a time to fix) |
//! | developers | `terminate_before_downgrade`, `serious_level_idle`, `call_limits_unknown_grade`, `call_limits_missing_grade` | |
//! | ranking | `weight_zero`, `window_zero`, `suspended_by_warning`, `channel_never_listed` | |
//! | review | `clock_unused`, `clocks_empty`, `declaration_without_clock`, `reason_twice`, `reasons_empty`, `report_empty` | |
//! | words | `test_expects_nothing` | `clause_missing`, `title_missing`, `title_one_language`, `tests_missing` |
//! | versions | `same_effective_from`, `dropped_violation`, `dropped_behavior`, `dropped_grade` | |
//!
//! A rulebook may have no ladder on purpose. It says so by `sanctions = []` and by having no tiers
//! at all; then `ladder_missing_level` is silent.

use toml::Spanned;

use super::parse::deserialize;
use super::{Place, Rulebook, check};

mod developers;
mod display;
mod ladder;
mod review;
mod source;
#[cfg(test)]
mod tests;
mod tiers;
mod versions;

use source::Source;
pub use versions::{VersionFinding, lint_versions};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be judged by it.
    Error,
    /// It can, but hardly as it is meant.
    Warning,
    /// It can, as it is meant; people would like to have more.
    Note,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// Something found in a rulebook.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The stable name of what was looked for.
    pub rule: &'static str,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything found in a text: the errors, then the warnings, then the notes, each by place.
///
/// A text that is no rulebook at all (no TOML, a key missing or unknown) gives one error.
///
/// ```
/// use standing_projections::rulebook::{lint::{Severity, lint}, preset};
/// let text = preset::named("weibo").unwrap()[0];
/// assert_eq!(lint(text), []);
///
/// let slip = text.replacen("nth = 2", "nth = 20", 1);
/// let found = lint(&slip);
/// assert_eq!((found[0].severity, found[0].rule), (Severity::Warning, "ladder_gap"));
/// ```
#[must_use]
pub fn lint(text: &str) -> Vec<Finding> {
    let book = match deserialize(text) {
        Ok(book) => book,
        Err(error) => {
            return vec![Finding {
                severity: Severity::Error,
                rule: "unreadable",
                place: error.place,
                message: error.message,
                hint: error.hint,
            }];
        }
    };
    let mut linter = Linter {
        book: &book,
        source: Source::of(text),
        found: check::errors(&book),
    };
    tiers::look(&mut linter);
    ladder::look(&mut linter);
    developers::look(&mut linter);
    review::look(&mut linter);
    display::look(&mut linter);
    linter
        .found
        .sort_by_key(|found| (found.severity, found.place));
    linter.found
}

/// A rulebook being looked at, and what was found in it so far.
struct Linter<'a> {
    book: &'a Rulebook,
    source: Source<'a>,
    found: Vec<Finding>,
}

impl Linter<'_> {
    fn warn(&mut self, rule: &'static str, place: Place, message: String, hint: impl Into<String>) {
        self.add(Severity::Warning, rule, place, message, hint.into());
    }

    fn note(&mut self, rule: &'static str, place: Place, message: String, hint: impl Into<String>) {
        self.add(Severity::Note, rule, place, message, hint.into());
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        place: Place,
        message: String,
        hint: String,
    ) {
        self.found.push(Finding {
            severity,
            rule,
            place,
            message,
            hint: Some(hint),
        });
    }

    /// The place of an item that knows its own.
    fn item<T>(&self, item: &Spanned<T>) -> Place {
        Place::start(&self.book.text, item)
    }

    /// The place of a key, or of the nearest thing around it that is written.
    fn key(&self, path: &[&str]) -> Place {
        self.source.place(path)
    }
}
