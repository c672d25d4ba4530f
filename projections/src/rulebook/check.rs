//! What makes a rulebook impossible to judge by: the errors that refuse it.

use std::collections::HashSet;

use toml::Spanned;

use super::lint::{Finding, Severity};
use super::parse::distance;
use super::{Place, Rulebook};
use crate::calendar::{Calendar, toml_date};
use crate::event::RESERVED_CODES;
use crate::measure::Measure;
use crate::time::Zone;

/// Figures past this are a slip of the pen, and could carry an instant past year 9999.
const FIGURE_MAX: u32 = 100_000;

struct Errors<'a> {
    text: &'a str,
    found: Vec<Finding>,
}

impl Errors<'_> {
    fn add(&mut self, rule: &'static str, place: Place, message: String, hint: Option<String>) {
        self.found.push(Finding {
            severity: Severity::Error,
            rule,
            place,
            message,
            hint,
        });
    }

    /// The place of a top-level or section key, looked up in the text.
    fn key(&self, key: &str) -> Place {
        let line = self.text.lines().position(|line| {
            let line = line.trim_start().trim_start_matches('[');
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(['=', ']', '.']))
        });
        Place {
            line: line.map_or(1, |line| line + 1),
            column: 1,
        }
    }

    fn figure(&mut self, place: Place, name: &str, value: Option<u32>) {
        if let Some(value) = value.filter(|value| *value > FIGURE_MAX) {
            let message = format!("`{name}` is {value}; figures go up to {FIGURE_MAX}");
            self.add("figure", place, message, None);
        }
    }

    fn measures(&mut self, place: Place, names: &[String]) {
        for name in names
            .iter()
            .filter(|name| Measure::from_text(name).is_none())
        {
            let nearest = Measure::ALL
                .iter()
                .min_by_key(|m| distance(name, m.as_str()));
            let hint = nearest.map(|measure| format!("did you mean `{measure}`?"));
            self.add(
                "unknown_measure",
                place,
                format!("there is no measure `{name}`"),
                hint,
            );
        }
    }

    fn unique<'b, T>(
        &mut self,
        items: &'b [Spanned<T>],
        reserved: &[&str],
        code: impl Fn(&'b T) -> &'b str,
    ) {
        let mut seen = HashSet::new();
        for item in items {
            let (text, place) = (code(item.get_ref()), Place::start(self.text, item));
            if text.is_empty() {
                self.add("empty", place, "a code is empty".to_owned(), None);
            } else if reserved.contains(&text) {
                let message = format!("the code `{text}` is reserved for the rules themselves");
                self.add(
                    "reserved_code",
                    place,
                    message,
                    Some("choose another code".to_owned()),
                );
            } else if !seen.insert(text) {
                let message = format!("the code `{text}` is listed twice");
                self.add(
                    "duplicate_code",
                    place,
                    message,
                    Some("keep one of the two".to_owned()),
                );
            }
        }
    }
}

/// Everything that refuses a rulebook, in the order of its text.
pub(super) fn errors(book: &Rulebook) -> Vec<Finding> {
    let mut e = Errors {
        text: &book.text,
        found: Vec::new(),
    };
    for (name, value) in [("id", &book.id), ("version", &book.version)] {
        if value.is_empty() {
            e.add("empty", e.key(name), format!("`{name}` is empty"), None);
        }
    }
    let in_range = |date: chrono::NaiveDate| (1970..=9999).contains(&chrono::Datelike::year(&date));
    if !toml_date(&book.effective_from).is_some_and(in_range) {
        let hint = Some("write it without quotes and without a time: 2014-12-24".to_owned());
        let message = "`effective_from` must be a date of the years 1970 to 9999".to_owned();
        e.add("effective_from", e.key("effective_from"), message, hint);
    }
    if Zone::named(&book.time_zone).is_none() {
        let message = format!("there is no time zone `{}`", book.time_zone);
        let hint = Some("use an IANA name such as `Asia/Shanghai`".to_owned());
        e.add("time_zone", e.key("time_zone"), message, hint);
    }
    if Calendar::named(&book.calendar).is_none() {
        let message = format!("there is no calendar `{}`", book.calendar);
        e.add(
            "calendar",
            e.key("calendar"),
            message,
            Some("the calendar there is: `CN`".to_owned()),
        );
    }
    e.unique(&book.violations, &RESERVED_CODES, |violation| {
        &violation.code
    });
    sanctions(&mut e, book);
    developers(&mut e, book);
    ranking_and_certification(&mut e, book);
    clocks(&mut e, book);
    e.found.sort_by_key(|finding| finding.place);
    e.found
}

fn sanctions(e: &mut Errors<'_>, book: &Rulebook) {
    for row in &book.sanctions {
        let (place, row) = (Place::start(&book.text, row), row.get_ref());
        e.measures(place, &row.measures);
        if row.nth == 0 {
            e.add("nth", place, "`nth` counts from 1".to_owned(), None);
        }
        e.figure(place, "nth", Some(row.nth));
        e.figure(place, "days", row.days);
        e.figure(place, "days_per_violation", row.days_per_violation);
        e.figure(place, "fix_within_hours", row.fix_within_hours);
    }
}

fn developers(e: &mut Errors<'_>, book: &Rulebook) {
    let (place, rules) = (e.key("grades"), &book.developers);
    if rules.grades.is_empty() || rules.grades.iter().any(String::is_empty) {
        e.add(
            "grades",
            place,
            "`grades` must name at least one grade".to_owned(),
            None,
        );
    }
    let distinct: HashSet<&String> = rules.grades.iter().collect();
    if distinct.len() != rules.grades.len() {
        e.add("grades", place, "a grade is listed twice".to_owned(), None);
    }
    if !rules.grades.contains(&rules.initial_grade) {
        let message = format!(
            "`initial_grade` `{}` is none of `grades`",
            rules.initial_grade
        );
        e.add("initial_grade", e.key("initial_grade"), message, None);
    }
}

fn ranking_and_certification(e: &mut Errors<'_>, book: &Rulebook) {
    if let Some(ranking) = &book.ranking {
        let place = e.key("suspended_by");
        e.measures(place, &ranking.suspended_by);
        e.figure(e.key("ranking"), "window_days", ranking.window_days);
        e.unique(&ranking.behaviors, &[], |behavior| &behavior.code);
    }
    if let Some(certification) = &book.certification {
        let place = e.key("certification");
        e.figure(
            place,
            "listed_more_than_days",
            Some(certification.listed_more_than_days),
        );
        e.figure(place, "window_days", Some(certification.window_days));
        if certification.window_days == 0 {
            let message = "`window_days` must be at least 1: an average is over days".to_owned();
            e.add("window_days", place, message, None);
        }
    }
}

fn clocks(e: &mut Errors<'_>, book: &Rulebook) {
    let place = e.key("review");
    e.figure(
        place,
        "declaration_valid_months",
        book.review.declaration_valid_months,
    );
    for clocks in book.review.clocks.values() {
        for days in [
            clocks.declaration,
            clocks.copy,
            clocks.plaza,
            clocks.recheck,
        ] {
            e.figure(place, "clocks", days);
        }
    }
    let place = e.key("inspection");
    e.figure(
        place,
        "fix_within_working_days",
        book.inspection.fix_within_working_days,
    );
    e.figure(place, "observation_days", book.inspection.observation_days);
    let place = e.key("reports");
    for rule in book
        .reports
        .values()
        .flat_map(|by_permission| by_permission.values())
    {
        e.figure(place, "fix_within_hours", rule.fix_within_hours);
        e.figure(place, "hold_working_days", rule.hold_working_days);
    }
    e.figure(
        e.key("data"),
        "delete_within_hours",
        book.data.delete_within_hours,
    );
}
