//! Words for people: titles, clauses, and the tests that hold the figures to their source.
//! None of them judges, so all but a test that asks nothing are notes.

use super::Linter;
use crate::rulebook::testing::Expect;
use crate::rulebook::{Place, Text};

pub(super) fn look(l: &mut Linter<'_>) {
    let book = l.book;
    for item in &book.violations {
        let (place, violation) = (l.item(item), item.get_ref());
        let what = format!("the code `{}`", violation.code);
        title(l, place, &what, violation.title.as_ref());
        clause(l, place, &what, violation.clause.as_ref());
    }
    for item in &book.complaints.tiers {
        let what = format!("the complaint tier of level {}", item.get_ref().level);
        clause(l, l.item(item), &what, item.get_ref().clause.as_ref());
    }
    for item in &book.outages.tiers {
        let what = format!("the outage tier of level {}", item.get_ref().level);
        clause(l, l.item(item), &what, item.get_ref().clause.as_ref());
    }
    for item in &book.sanctions {
        let row = item.get_ref();
        let what = format!("row {} of level {}", row.nth, row.level);
        clause(l, l.item(item), &what, row.clause.as_ref());
    }
    for item in book.ranking.iter().flat_map(|ranking| &ranking.behaviors) {
        let (place, behavior) = (l.item(item), item.get_ref());
        let what = format!("the behaviour `{}`", behavior.code);
        title(l, place, &what, behavior.title.as_ref());
        clause(l, place, &what, behavior.clause.as_ref());
    }
    if let Some(certification) = &book.certification {
        let place = l.key(&["certification"]);
        clause(l, place, "`certification`", certification.clause.as_ref());
    }
    for (channel, reasons) in &book.review.reasons {
        for (index, reason) in reasons.iter().enumerate() {
            let place = l.key(&["review", "reasons", channel.as_str(), &index.to_string()]);
            let what = format!("the reason `{}` for `{channel}`", reason.code);
            title(l, place, &what, reason.title.as_ref());
        }
    }
    tests(l);
}

fn title(l: &mut Linter<'_>, place: Place, what: &str, title: Option<&Text>) {
    let hint = "write `title = { en = \"…\", zh = \"…\" }`";
    match title {
        None => l.note("title_missing", place, format!("{what} has no title"), hint),
        Some(Text::One(text)) if text.trim().is_empty() => {
            l.note(
                "title_missing",
                place,
                format!("{what} has an empty title"),
                hint,
            );
        }
        Some(Text::Both(both)) if both.en.trim().is_empty() && both.zh.trim().is_empty() => {
            l.note(
                "title_missing",
                place,
                format!("{what} has an empty title"),
                hint,
            );
        }
        Some(Text::Both(both)) if !both.en.trim().is_empty() && !both.zh.trim().is_empty() => {}
        Some(_) => {
            let message = format!("the title of {what} is in one language only");
            l.note("title_one_language", place, message, hint);
        }
    }
}

fn clause(l: &mut Linter<'_>, place: Place, what: &str, clause: Option<&String>) {
    if clause.is_none_or(|clause| clause.trim().is_empty()) {
        l.note(
            "clause_missing",
            place,
            format!("{what} does not say where it comes from"),
            "write `clause`: the document, the section and the item",
        );
    }
}

fn tests(l: &mut Linter<'_>) {
    let book = l.book;
    if book.tests.is_empty() {
        l.note(
            "tests_missing",
            l.key(&[]),
            "the rulebook has no tests: nothing holds its figures to their source".to_owned(),
            "add `[[tests]]` with `name`, `clause`, `given` and `expect`",
        );
    }
    for item in &book.tests {
        let (place, test) = (l.item(item), item.get_ref());
        let what = format!("the test `{}`", test.name);
        clause(l, place, &what, test.clause.as_ref());
        if test.expect == Expect::default() {
            l.warn(
                "test_expects_nothing",
                place,
                format!("{what} expects nothing: it passes whatever the rules say"),
                "say what must come of it: `tier`, `sanction`, `outcome` or `score`",
            );
        }
    }
}
