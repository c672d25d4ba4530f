//! Review clocks, rejection reasons and reports (SPEC §8): those that can never come to bear.

use std::collections::HashSet;

use super::Linter;
use crate::event::Channel;
use crate::rulebook::{Clocks, ReportRule};

pub(super) fn look(l: &mut Linter<'_>) {
    let book = l.book;
    for (channel, clocks) in &book.review.clocks {
        self::clocks(l, *channel, *clocks);
    }
    let declaration = book.review.clocks.get(&Channel::Enterprise);
    let has_clock = declaration.is_some_and(|clocks| clocks.declaration.is_some());
    if book.review.declaration_valid_months.is_some() && !has_clock {
        l.warn(
            "declaration_without_clock",
            l.key(&["review", "declaration_valid_months"]),
            "declarations run out, but their review has no clock".to_owned(),
            "give `[review.clocks.enterprise]` a `declaration`, or leave the months out",
        );
    }
    reasons(l);
    for (channel, rules) in &book.reports {
        let channel = channel.as_str();
        if rules.is_empty() {
            report_empty(l, &["reports", channel]);
        }
        for (permission, rule) in rules {
            if *rule == ReportRule::default() {
                report_empty(l, &["reports", channel, permission.as_str()]);
            }
        }
    }
}

fn clocks(l: &mut Linter<'_>, channel: Channel, clocks: Clocks) {
    let key = |l: &Linter<'_>, stage| l.key(&["review", "clocks", channel.as_str(), stage]);
    if clocks == Clocks::default() {
        l.warn(
            "clocks_empty",
            l.key(&["review", "clocks", channel.as_str()]),
            format!("the clocks of `{channel}` are empty: no review of it has one"),
            "give a stage its working days, or remove the table",
        );
    }
    if channel == Channel::Website && clocks.plaza.is_some() {
        l.warn(
            "clock_unused",
            key(l, "plaza"),
            "the clock is never used: web sites never enter the plaza".to_owned(),
            "remove it",
        );
    }
    if channel != Channel::Enterprise && clocks.declaration.is_some() {
        l.warn(
            "clock_unused",
            key(l, "declaration"),
            format!("the clock is never used: an app of `{channel}` is not declared"),
            "remove it; only `enterprise` has declarations",
        );
    }
}

fn reasons(l: &mut Linter<'_>) {
    for (channel, reasons) in &l.book.review.reasons {
        if reasons.is_empty() {
            l.warn(
                "reasons_empty",
                l.key(&["review", "reasons", channel.as_str()]),
                format!(
                    "the list of reasons for `{channel}` is empty: no rejection has one to give"
                ),
                "list reasons, or leave the channel out to take any",
            );
        }
        let mut seen = HashSet::new();
        for (index, reason) in reasons.iter().enumerate() {
            if !seen.insert(&reason.code) {
                l.warn(
                    "reason_twice",
                    l.key(&["review", "reasons", channel.as_str(), &index.to_string()]),
                    format!(
                        "the reason `{}` is listed twice for `{channel}`",
                        reason.code
                    ),
                    "keep one of the two",
                );
            }
        }
    }
}

fn report_empty(l: &mut Linter<'_>, path: &[&str]) {
    l.warn(
        "report_empty",
        l.key(path),
        format!("`{}` asks for nothing", path.join(".")),
        "give it `fix_within_hours` or `hold_working_days`, or remove it",
    );
}
