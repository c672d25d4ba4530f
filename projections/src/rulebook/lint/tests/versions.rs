//! Versions side by side.

use super::*;

/// The version found in, the rule, and the text at the place.
fn beside(later: &[(&str, &str)]) -> Vec<(usize, &'static str, Severity, String)> {
    let mut text = CLEAN.to_owned();
    for (from, to) in later {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let books = [CLEAN, &text].map(|text| Rulebook::parse(text).unwrap());
    lint_versions(&books)
        .into_iter()
        .map(|found| {
            let lines: Vec<&str> = books[found.index].text.lines().collect();
            let (place, rule) = (found.finding.place, found.finding.rule);
            let line = lines[place.line - 1][place.column - 1..].to_owned();
            (found.index, rule, found.finding.severity, line)
        })
        .collect()
}

#[test]
fn versions_that_a_ledger_refuses_or_that_never_hold_are_found() {
    let (two, later) = (
        ("version = \"1\"", "version = \"2\""),
        ("2020-01-01", "2021-01-01"),
    );
    let error = Severity::Error;
    assert_eq!(beside(&[two, later]), []);
    assert_eq!(
        beside(&[later]),
        [(1, "same_version", error, "version = \"1\"".to_owned())]
    );
    assert_eq!(
        beside(&[two]),
        [(
            1,
            "same_effective_from",
            Severity::Warning,
            "effective_from = 2020-01-01".to_owned()
        )]
    );
    assert_eq!(
        beside(&[two, later, ("id = \"r\"", "id = \"s\"")]),
        [(1, "other_id", error, "id = \"s\"".to_owned())]
    );
    assert_eq!(
        beside(&[two, later, ("Asia/Shanghai", "Asia/Tokyo")]),
        [(
            1,
            "other_time_zone",
            error,
            "time_zone = \"Asia/Tokyo\"".to_owned()
        )]
    );
    // The earlier of the two stands second: it is the one the other is compared with.
    assert_eq!(
        beside(&[("2020-01-01", "2019-01-01")]),
        [(0, "same_version", error, "version = \"1\"".to_owned())]
    );
}

#[test]
fn what_a_later_version_drops_is_found_unless_a_comment_names_it() {
    let new = [
        ("version = \"1\"", "version = \"2\""),
        ("2020-01-01", "2021-01-01"),
    ];
    let dropped = |from: &'static str, to: &'static str| {
        let found = beside(&[new[0], new[1], (from, to)]);
        found
            .into_iter()
            .map(|(_, rule, ..)| rule)
            .collect::<Vec<_>>()
    };
    for (from, to, wanted) in [
        (
            "code = \"scraping\"",
            "code = \"x\"",
            &["dropped_violation"][..],
        ),
        ("code = \"scraping\"", "code = \"x\" # was scraping", &[]),
        (
            "code = \"scraping\"",
            "# scraping: gone\r\ncode = \"x\"",
            &[],
        ),
        // A part of a longer word, or a text that is no comment, names nothing.
        (
            "code = \"scraping\"",
            "code = \"x\" # not bulk_scraping",
            &["dropped_violation"],
        ),
        (
            "code = \"scraping\"",
            "code = 'a # scraping'",
            &["dropped_violation"],
        ),
        (
            "code = \"scraping\"",
            "code = \"\"\"a\n# scraping\"\"\"",
            &["dropped_violation"],
        ),
        ("code = \"hosted\"", "code = \"x\"", &["dropped_behavior"]),
        ("code = \"hosted\"", "code = \"x\" # hosted", &[]),
        ("\"high\"]", "\"top\"]", &["dropped_grade"]),
        ("\"high\"]", "\"top\"] # `high` is `top` now", &[]),
    ] {
        assert_eq!(dropped(from, to), wanted, "{to}");
    }
}
