//! Notices as statements of reasons, in the fields of the European Union's transparency database.
//!
//! `docs/notices.md` says which measure becomes which restriction, and why. A statement holds no personal
//! data: neither the app nor the developer is named, and nothing that somebody wrote in an event.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};
use standing_projections::explain::word;
use standing_projections::measure::Measure;
use standing_projections::rulebook::Lang;
use standing_projections::text::{one_line, ordinal};
use standing_projections::{Instant, Zone};

use super::{Applied, Correction, Kind, Notice, SeenBy};

/// How many statements the database takes at once.
pub const BATCH_MAX: usize = 100;

const FACTS_CHARS_MAX: usize = 5_000;
const GROUND_CHARS_MAX: usize = 500;
const EXPLANATION_CHARS_MAX: usize = 2_000;
/// What stands where a text was cut.
const CUT: &str = " […]";
/// How many hexadecimal digits of the digest of a notice's id are its statement's.
const PUID_DIGITS: usize = 32;

/// A statement of reasons. The fields have the names and the values of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    decision_visibility: BTreeSet<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_visibility_restriction: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_provision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_service_restriction: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_account: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_account_restriction: Option<Date>,
    decision_ground: &'static str,
    incompatible_content_ground: String,
    incompatible_content_explanation: String,
    content_type: [&'static str; 1],
    category: &'static str,
    content_date: Date,
    application_date: Date,
    decision_facts: String,
    source_type: &'static str,
    automated_detection: &'static str,
    automated_decision: &'static str,
    puid: String,
}

/// A local date of the rulebook's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Date(NaiveDate);

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// As many statements as the database takes at once, as it takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// At most [`BATCH_MAX`].
    pub statements: Vec<Statement>,
}

/// Statements in batches.
#[must_use]
pub fn batches(statements: &[Statement]) -> Vec<Batch> {
    let batches = statements.chunks(BATCH_MAX).map(|statements| Batch {
        statements: statements.to_vec(),
    });
    batches.collect()
}

impl Notice {
    /// The statement of a notice that was read in English; none, where nothing is restricted: a warning
    /// alone, or a downgrade of who is at the lowest grade.
    #[must_use]
    pub fn statement(&self, zone: &Zone) -> Option<Statement> {
        let date = |at: Instant| Date(zone.date(at));
        let mut statement = Statement {
            decision_visibility: BTreeSet::new(),
            end_date_visibility_restriction: None,
            decision_provision: None,
            end_date_service_restriction: None,
            decision_account: None,
            end_date_account_restriction: None,
            decision_ground: "DECISION_GROUND_INCOMPATIBLE_CONTENT",
            incompatible_content_ground: cut(&self.ground(), GROUND_CHARS_MAX),
            incompatible_content_explanation: cut(&self.explanation(), EXPLANATION_CHARS_MAX),
            content_type: ["CONTENT_TYPE_APP"],
            category: "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
            content_date: date(self.began),
            application_date: date(self.at),
            decision_facts: cut(&self.told_facts(zone), FACTS_CHARS_MAX),
            source_type: match self.seen_by {
                SeenBy::Complaints => "SOURCE_TYPE_OTHER_NOTIFICATION",
                _ => "SOURCE_VOLUNTARY",
            },
            automated_detection: match self.seen_by {
                SeenBy::People => "No",
                _ => "Yes",
            },
            automated_decision: match self.seen_by {
                SeenBy::People | SeenBy::CountOfFound => "AUTOMATED_DECISION_PARTIALLY",
                SeenBy::Complaints | SeenBy::Count => "AUTOMATED_DECISION_FULLY",
            },
            puid: self.puid(),
        };
        let restricted: Vec<&Applied> = self.measures.iter().collect();
        let visible = |applied: &Applied| visibility(applied.measure);
        statement.decision_visibility = restricted.iter().copied().filter_map(visible).collect();
        let of_visibility = restricted.iter().copied().filter(|a| visible(a).is_some());
        statement.end_date_visibility_restriction = latest_end(of_visibility).map(date);
        match self.kind {
            Kind::Sanction => {
                let provision = |applied: &Applied| provision(applied.measure);
                let each = restricted.iter().copied();
                statement.decision_provision = each.clone().filter_map(provision).max();
                let of_service = each.filter(|a| provision(a).is_some());
                statement.end_date_service_restriction = latest_end(of_service).map(date);
            }
            Kind::Downgrade => {
                let falls = self.grade.as_ref().is_some_and(|fall| fall.to.is_some());
                let partial = "DECISION_PROVISION_PARTIAL_TERMINATION";
                statement.decision_provision = falls.then_some(partial);
            }
            Kind::Termination => {
                statement.decision_provision = Some("DECISION_PROVISION_TOTAL_TERMINATION");
                statement.decision_account = Some("DECISION_ACCOUNT_TERMINATED");
            }
        }
        let restricts = !statement.decision_visibility.is_empty()
            || statement.decision_provision.is_some()
            || statement.decision_account.is_some();
        restricts.then_some(statement)
    }

    /// The platform's own number of the statement: it says nothing of whom it is about.
    fn puid(&self) -> String {
        let digest = Sha256::digest(&self.id);
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("standing-{}", &digits[..PUID_DIGITS])
    }

    fn ground(&self) -> String {
        let places = self.rules.iter().map(|rule| {
            let place = rule.clause.as_deref().unwrap_or(&rule.path);
            format!("{} {}: {place}", rule.rulebook, rule.version)
        });
        // A rule without a place cannot be: each notice follows from one.
        places.collect::<Vec<_>>().join("; ")
    }

    fn explanation(&self) -> String {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.text.as_str()).collect();
        format!("The platform's rules say: {}.", rules.join("; "))
    }

    fn told_facts(&self, zone: &Zone) -> String {
        let mut facts = Vec::new();
        let month = self.month;
        if let Some(violation) = &self.violation {
            let code = word(Lang::En, &violation.code);
            let what = match &violation.title {
                Some(title) => format!("{title} ({code})"),
                None => code.to_owned(),
            };
            let nth = ordinal(violation.nth);
            facts.push(format!(
                "In {month}, an app reached level {} (1 is the gravest, 3 the least grave) for the {nth} time, by: {}.",
                violation.level,
                one_line(&what),
            ));
        }
        if self.kind != Kind::Sanction {
            facts.push(format!(
                "In {month}, {} violations of a developer's apps were counted.",
                self.counted
            ));
        }
        if let Some(fall) = &self.grade {
            let to = fall.to.as_deref().unwrap_or(&fall.from);
            let (from, to) = (one_line(&fall.from), one_line(to));
            facts.push(format!("The developer's grade falls from {from} to {to}."));
        }
        if self.kind == Kind::Termination {
            facts.push("The cooperation with the developer ended.".to_owned());
        }
        let measures = self.measures.iter().map(|applied| {
            let what = word(Lang::En, applied.measure.as_str());
            let from = zone.date(applied.from);
            match end(applied) {
                _ if applied.measure == Measure::Warning => format!("{what} on {from}"),
                Some(until) => format!("{what} from {from} until {}", zone.date(until)),
                None => format!("{what} from {from} until it is lifted"),
            }
        });
        let measures: BTreeSet<String> = measures.collect();
        if !measures.is_empty() {
            let measures: Vec<String> = measures.into_iter().collect();
            facts.push(format!("Measures: {}.", measures.join("; ")));
        }
        let events = self.events.iter().map(|event| {
            let what = event.kind.map(|kind| word(Lang::En, kind.as_str()));
            match what.zip(event.time) {
                Some((what, at)) => {
                    format!("{what} on {} (event {})", zone.date(at), event.position)
                }
                None => format!("event {}", event.position),
            }
        });
        let events: Vec<String> = events.collect();
        facts.push(format!(
            "Recorded in the platform's log: {}.",
            events.join("; ")
        ));
        facts.join(" ")
    }
}

impl Correction {
    /// The statement that corrects the one of the notice, of notices that were read in English; none,
    /// where nothing was or is restricted.
    ///
    /// One that is withdrawn is stated again with its restrictions ended on the day of the correction. A
    /// correction has a number of its own, since the database keeps what it was given.
    #[must_use]
    pub fn statement(&self, zone: &Zone) -> Option<Statement> {
        let told = self.told.statement(zone);
        let now = self.now.as_ref().and_then(|now| now.statement(zone));
        let (told, now) = match (told, now) {
            (None, now) => return now,
            (Some(told), now) => (told, now),
        };
        let by = self.because.iter().map(|taken_back| taken_back.by);
        let by = by.max().unwrap_or(self.since);
        let (puid, corrected) = (format!("{}-c{by}", told.puid), told.puid.clone());
        let (mut statement, why) = match now {
            Some(now) => (now, "The restrictions are now those stated here"),
            None => {
                let why = "It no longer holds, and what it restricted is free again";
                (told.ended(Date(zone.date(self.at))), why)
            }
        };
        let facts = format!(
            "Correction of the statement {corrected}. {why}. {}",
            statement.decision_facts
        );
        statement.decision_facts = cut(&facts, FACTS_CHARS_MAX);
        statement.puid = puid;
        Some(statement)
    }
}

impl Statement {
    /// The same, with every restriction ended on a day or before.
    fn ended(mut self, on: Date) -> Self {
        let by_then = |end: Option<Date>| Some(end.map_or(on, |end| end.min(on)));
        if !self.decision_visibility.is_empty() {
            self.end_date_visibility_restriction = by_then(self.end_date_visibility_restriction);
        }
        if self.decision_provision.is_some() {
            self.end_date_service_restriction = by_then(self.end_date_service_restriction);
        }
        if self.decision_account.is_some() {
            self.end_date_account_restriction = by_then(self.end_date_account_restriction);
        }
        self
    }
}

/// What a measure does to who sees the app.
const fn visibility(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::CloseApp => Some("DECISION_VISIBILITY_CONTENT_DISABLED"),
        Measure::TakeOffline => Some("DECISION_VISIBILITY_CONTENT_REMOVED"),
        Measure::Warning | Measure::StopNewAuthorizations | Measure::BlockApi => None,
    }
}

/// What a measure does to the service that the platform provides to the app; the greater text is the
/// graver restriction.
const fn provision(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::StopNewAuthorizations => Some("DECISION_PROVISION_PARTIAL_SUSPENSION"),
        Measure::BlockApi => Some("DECISION_PROVISION_TOTAL_SUSPENSION"),
        Measure::Warning | Measure::CloseApp | Measure::TakeOffline => None,
    }
}

/// When a measure ends, by itself or by an event.
fn end(applied: &Applied) -> Option<Instant> {
    applied.ended.map(|ended| ended.at).or(applied.until)
}

/// The latest end of measures; none, where one has none.
fn latest_end<'a>(measures: impl Iterator<Item = &'a Applied>) -> Option<Instant> {
    let mut latest = None;
    for applied in measures {
        latest = latest.max(Some(end(applied)?));
    }
    latest
}

/// A text of at most so many characters, with a mark where it was cut.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept = max - CUT.chars().count();
    text.chars().take(kept).chain(CUT.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_with_a_mark() {
        assert_eq!(cut("违规违规", 4), "违规违规");
        assert_eq!(cut("违规违规违规", 5), "违 […]");
        assert_eq!(cut(&"违".repeat(6_000), 5_000).chars().count(), 5_000);
    }
}
