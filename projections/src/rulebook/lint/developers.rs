//! Developers, ranking and certification (SPEC §5, §7): figures that can never come to bear.

use super::Linter;
use super::ladder::producer;
use crate::event::Channel;
use crate::measure::Measure;
use crate::rulebook::Level;
use crate::rulebook::parse::distance;

pub(super) fn look(l: &mut Linter<'_>) {
    let rules = &l.book.developers;
    if let (Some(downgrade), Some(terminate)) = (
        rules.downgrade_when_more_than,
        rules.terminate_when_more_than,
    ) && terminate <= downgrade
    {
        l.warn(
            "terminate_before_downgrade",
            l.key(&["developers", "terminate_when_more_than"]),
            format!(
                "cooperation ends after {terminate} violations of a month, a downgrade comes \
                 after {downgrade}: never before the end"
            ),
            "the end should take more violations than a downgrade",
        );
    }
    if let Some(level) = rules.serious_level {
        serious_level(l, level);
    }
    call_limits(l);
    ranking(l);
    if let Some(certification) = &l.book.certification {
        never_listed(l, "certification", &certification.channels);
    }
}

fn serious_level(l: &mut Linter<'_>, level: Level) {
    let rules = &l.book.developers;
    let grave_enough = || Level::ALL.into_iter().filter(|other| *other <= level);
    let why = if rules.grades.len() < 2 {
        "with one grade nobody can fall to the lowest"
    } else if rules.downgrade_when_more_than.is_none() {
        "without `downgrade_when_more_than` nobody falls to the lowest grade"
    } else if grave_enough().all(|level| producer(l, level).is_none()) {
        "nothing makes a violation so grave"
    } else if l.book.sanctions.is_empty() {
        "there is no ladder for a level to mean anything on"
    } else {
        return;
    };
    l.warn(
        "serious_level_idle",
        l.key(&["developers", "serious_level"]),
        format!("`serious_level` has no effect: {why}"),
        "remove it, or give the rules what it needs",
    );
}

fn call_limits(l: &mut Linter<'_>) {
    let rules = &l.book.developers;
    let Some(limits) = &rules.call_limits else {
        return;
    };
    for grade in limits.keys().filter(|grade| !rules.grades.contains(grade)) {
        // Half its letters wrong is another word, not a slip.
        let slip = |known: &&String| distance(grade, known) * 2 <= known.chars().count();
        let hint = rules
            .grades
            .iter()
            .filter(slip)
            .min_by_key(|known| distance(grade, known))
            .map_or_else(
                || "list the grade in `grades`, or remove its figure".to_owned(),
                |known| format!("did you mean `{known}`?"),
            );
        let place = l.key(&["developers", "call_limits", grade]);
        let message = format!("`call_limits` names `{grade}`, which is none of `grades`");
        l.warn("call_limits_unknown_grade", place, message, hint);
    }
    for grade in rules
        .grades
        .iter()
        .filter(|grade| !limits.contains_key(*grade))
    {
        l.warn(
            "call_limits_missing_grade",
            l.key(&["developers", "call_limits"]),
            format!("`call_limits` has no figure for the grade `{grade}`"),
            "give every grade a figure, or leave `call_limits` out",
        );
    }
}

fn ranking(l: &mut Linter<'_>) {
    let Some(ranking) = &l.book.ranking else {
        return;
    };
    never_listed(l, "ranking", &ranking.channels);
    if ranking.window_days == Some(0) {
        l.warn(
            "window_zero",
            l.key(&["ranking", "window_days"]),
            "a window of 0 days holds no behaviour: every score is 0".to_owned(),
            "without `window_days` all behaviours count",
        );
    }
    let warning = Measure::Warning.as_str();
    if let Some(index) = ranking.suspended_by.iter().position(|name| name == warning) {
        l.warn(
            "suspended_by_warning",
            l.key(&["ranking", "suspended_by", &index.to_string()]),
            format!("`{warning}` has no interval: it takes no app from the board"),
            "remove it",
        );
    }
    for (index, behavior) in ranking.behaviors.iter().enumerate() {
        let behavior = behavior.get_ref();
        if behavior.weight == 0 {
            l.warn(
                "weight_zero",
                l.key(&["ranking", "behaviors", &index.to_string(), "weight"]),
                format!(
                    "the behaviour `{}` weighs 0: it changes no score",
                    behavior.code
                ),
                "give it a weight, or remove it",
            );
        }
    }
}

/// Web sites never enter the plaza (SPEC §8), and only what is listed is ranked or certified.
fn never_listed(l: &mut Linter<'_>, section: &str, channels: &[Channel]) {
    let website = channels
        .iter()
        .position(|channel| *channel == Channel::Website);
    if let Some(index) = website {
        l.warn(
            "channel_never_listed",
            l.key(&[section, "channels", &index.to_string()]),
            format!("`{section}` names `website`, whose apps never enter the plaza"),
            "remove it",
        );
    }
}
