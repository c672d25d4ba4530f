//! A rulebook laid out as paths and values, for comparing.

use std::collections::BTreeMap;

use crate::measure::Measure;
use crate::rulebook::{
    Certification, Clocks, Complaints, Counts, Developers, OutageCount, Outages, Ranking,
    ReportRule, Rulebook, SanctionRow, Text,
};

/// What a path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    /// Whether it judges nothing.
    pub(super) display: bool,
}

/// A rulebook's values by path.
#[derive(Default)]
pub(super) struct Flat {
    pub(super) values: BTreeMap<String, Value>,
    /// How many items of an identity there were.
    items: BTreeMap<String, usize>,
}

impl Flat {
    pub(super) fn of(book: &Rulebook) -> Self {
        let mut flat = Self::default();
        flat.put("id", &book.id);
        flat.put("version", &book.version);
        flat.put("effective_from", book.effective_from);
        flat.put("time_zone", &book.time_zone);
        flat.put("calendar", &book.calendar);
        flat.text("title", book.title.as_ref());
        flat.text("source", book.source.as_ref());
        for item in &book.violations {
            let violation = item.get_ref();
            let at = flat.item(format!("violations[code={}]", violation.code));
            flat.put(format!("{at}.level"), violation.level);
            flat.show(format!("{at}.area"), Some(&violation.area));
            flat.text(&format!("{at}.title"), violation.title.as_ref());
            flat.show(format!("{at}.clause"), violation.clause.as_ref());
        }
        flat.complaints(&book.complaints);
        flat.outages(&book.outages);
        for item in &book.sanctions {
            flat.sanction(item.get_ref());
        }
        flat.developers(&book.developers);
        book.ranking.iter().for_each(|rules| flat.ranking(rules));
        book.certification
            .iter()
            .for_each(|rules| flat.certification(rules));
        flat.obligations(book);
        flat
    }

    fn put(&mut self, path: impl Into<String>, value: impl ToString) {
        let (text, display) = (value.to_string(), false);
        self.values.insert(path.into(), Value { text, display });
    }

    fn figure(&mut self, path: impl Into<String>, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.put(path, value);
        }
    }

    /// A value that is for people only.
    fn show(&mut self, path: impl Into<String>, value: Option<&String>) {
        if let Some(text) = value {
            let (text, display) = (text.clone(), true);
            self.values.insert(path.into(), Value { text, display });
        }
    }

    fn text(&mut self, path: &str, text: Option<&Text>) {
        match text {
            None => {}
            Some(Text::One(text)) => self.show(path, Some(text)),
            Some(Text::Both(both)) => {
                self.show(format!("{path}.en"), Some(&both.en));
                self.show(format!("{path}.zh"), Some(&both.zh));
            }
        }
    }

    /// The path of an item: that of its identity, told apart where another has the same.
    fn item(&mut self, identity: String) -> String {
        let count = self.items.entry(identity.clone()).or_default();
        *count += 1;
        match *count {
            1 => identity,
            n => format!("{identity}#{n}"),
        }
    }

    fn complaints(&mut self, rules: &Complaints) {
        let reasons = rules.counted_reasons.as_ref();
        let reasons = reasons.map_or_else(|| "all".to_owned(), |reasons| set(reasons));
        self.put("complaints.counted_reasons", reasons);
        for item in &rules.tiers {
            let tier = item.get_ref();
            let at = self.item(format!("complaints.tiers[level={}]", tier.level));
            for (class, count) in &tier.more_than {
                self.put(format!("{at}.more_than.{class}"), count);
            }
            self.show(format!("{at}.clause"), tier.clause.as_ref());
        }
    }

    fn outages(&mut self, rules: &Outages) {
        self.put("outages.counted_causes", set(&rules.counted_causes));
        let count = match rules.count {
            OutageCount::Cumulative => "cumulative",
            OutageCount::Consecutive => "consecutive",
        };
        self.put("outages.count", count);
        for item in &rules.tiers {
            let tier = item.get_ref();
            let at = self.item(format!("outages.tiers[level={}]", tier.level));
            self.put(format!("{at}.days"), tier.days);
            self.show(format!("{at}.clause"), tier.clause.as_ref());
        }
    }

    fn sanction(&mut self, row: &SanctionRow) {
        let at = self.item(format!("sanctions[level={}, nth={}]", row.level, row.nth));
        self.put(format!("{at}.or_more"), row.or_more);
        // In their order: a sanction lists them so.
        self.put(format!("{at}.measures"), list(&row.measures, ", "));
        // A length means nothing to a warning, which has no interval.
        let warning = Measure::Warning.as_str();
        if row.measures.iter().any(|name| name != warning) {
            match (row.days, row.days_per_violation) {
                (None, None) => self.put(format!("{at}.days"), "until lifted"),
                (days, _) => self.put(format!("{at}.days"), days.unwrap_or(0)),
            }
            self.figure(format!("{at}.days_per_violation"), row.days_per_violation);
        }
        self.figure(format!("{at}.fix_within_hours"), row.fix_within_hours);
        self.show(format!("{at}.clause"), row.clause.as_ref());
    }

    fn developers(&mut self, rules: &Developers) {
        self.put("developers.grades", list(&rules.grades, " < "));
        self.put("developers.initial_grade", &rules.initial_grade);
        let (downgrade, terminate) = (
            rules.downgrade_when_more_than,
            rules.terminate_when_more_than,
        );
        self.figure("developers.downgrade_when_more_than", downgrade);
        self.figure("developers.terminate_when_more_than", terminate);
        self.figure("developers.serious_level", rules.serious_level);
        for (grade, limit) in rules.call_limits.iter().flatten() {
            self.put(format!("developers.call_limits.{grade}"), limit);
        }
    }

    fn ranking(&mut self, rules: &Ranking) {
        self.put("ranking.channels", set(&rules.channels));
        self.put("ranking.suspended_by", set(&rules.suspended_by));
        self.put("ranking.window_days", or_all(rules.window_days));
        for item in &rules.behaviors {
            let behavior = item.get_ref();
            let at = self.item(format!("ranking.behaviors[code={}]", behavior.code));
            self.put(format!("{at}.weight"), behavior.weight);
            let counts = match behavior.counts {
                Counts::Each => "each",
                Counts::State => "state",
            };
            self.put(format!("{at}.counts"), counts);
            self.text(&format!("{at}.title"), behavior.title.as_ref());
            self.show(format!("{at}.clause"), behavior.clause.as_ref());
        }
    }

    fn certification(&mut self, rules: &Certification) {
        self.put("certification.channels", set(&rules.channels));
        let (days, users) = (rules.listed_more_than_days, rules.average_daily_users);
        self.put("certification.listed_more_than_days", days);
        self.put("certification.average_daily_users", users);
        self.put("certification.window_days", rules.window_days);
        self.show("certification.clause", rules.clause.as_ref());
    }

    /// Review, inspections, reports, data and appeals.
    fn obligations(&mut self, book: &Rulebook) {
        let months = book.review.declaration_valid_months;
        self.figure("review.declaration_valid_months", months);
        for (channel, clocks) in &book.review.clocks {
            let Clocks {
                declaration,
                copy,
                plaza,
                recheck,
            } = *clocks;
            let at = format!("review.clocks[channel={channel}]");
            self.figure(format!("{at}.declaration"), declaration);
            self.figure(format!("{at}.copy"), copy);
            self.figure(format!("{at}.plaza"), plaza);
            self.figure(format!("{at}.recheck"), recheck);
        }
        for (channel, reasons) in &book.review.reasons {
            // A list, even an empty one, refuses every other reason.
            let at = format!("review.reasons[channel={channel}]");
            self.put(at.clone(), "those listed only");
            for reason in reasons {
                let at = self.item(format!("{at}[code={}]", reason.code));
                self.put(at.clone(), "listed");
                self.text(&format!("{at}.title"), reason.title.as_ref());
            }
        }
        let rules = &book.inspection;
        let (fix, watch) = (
            rules.fix_within_working_days,
            rules.watch_average_daily_users,
        );
        self.figure("inspection.fix_within_working_days", fix);
        self.figure("inspection.observation_days", rules.observation_days);
        self.figure("inspection.watch_average_daily_users", watch);
        for (channel, by_permission) in &book.reports {
            for (permission, rule) in by_permission {
                let ReportRule {
                    fix_within_hours,
                    hold_working_days,
                } = *rule;
                let at = format!("reports[channel={channel}, permission={permission}]");
                self.figure(format!("{at}.fix_within_hours"), fix_within_hours);
                self.figure(format!("{at}.hold_working_days"), hold_working_days);
            }
        }
        // SPEC §8: 24 hours where not given.
        let hours = book.data.delete_within_hours.unwrap_or(24);
        self.put(
            "data.delete_on_termination",
            book.data.delete_on_termination,
        );
        self.put("data.delete_within_hours", hours);
        self.figure("appeals.within_days", book.appeals.within_days);
        self.figure("appeals.tries", book.appeals.tries);
    }
}

fn or_all(value: Option<u32>) -> String {
    value.map_or_else(|| "all".to_owned(), |value| value.to_string())
}

/// What it holds, whatever its order.
fn set<T: ToString>(items: &[T]) -> String {
    let mut texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    list(&texts, ", ")
}

fn list(texts: &[String], between: &str) -> String {
    if texts.is_empty() {
        "none".to_owned()
    } else {
        texts.join(between)
    }
}
