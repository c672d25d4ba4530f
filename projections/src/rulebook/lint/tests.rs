//! Each rule by a slip that it should find, in a rulebook that is otherwise without findings.

use super::*;
use crate::rulebook::preset;

mod mutations;
mod slips;
mod versions;

/// A rulebook without findings that has something for every rule to look at.
const CLEAN: &str = include_str!("tests/clean.toml");

#[test]
fn every_slip_is_found_where_it_is_and_nothing_else_is() {
    assert_eq!(lint(CLEAN), []);
    for (from, to, wanted) in slips::ALL.into_iter().flatten() {
        assert_eq!(CLEAN.matches(from).count(), 1, "{from} is not there once");
        let text = CLEAN.replace(from, to);
        let mut wanted: Vec<(String, Place)> = wanted
            .iter()
            .map(|wanted| {
                let (rule, at) = wanted.split_once(" @ ").unwrap();
                let place = Place::of(&text, text.find(at).expect(at));
                (rule.to_owned(), place)
            })
            .collect();
        let mut found = Vec::new();
        for Finding {
            severity,
            rule,
            place,
            hint,
            ..
        } in lint(&text)
        {
            assert!(severity == Severity::Error || hint.is_some(), "{rule}");
            found.push((format!("{severity} {rule}"), place));
        }
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{from:?} → {to:?}");
    }
}

#[test]
fn errors_come_first_then_warnings_then_notes_each_by_place() {
    let text = CLEAN
        .replace("clause = \"c1\"\n", "")
        .replace("weight = 30", "weight = 0")
        .replace("days = 2\n", "days = 0\n")
        .replace("\"take_offline\"", "\"offline\"")
        .replace("\"Asia/Shanghai\"", "\"Asia/Shangai\"");
    let found: Vec<&str> = lint(&text).iter().map(|finding| finding.rule).collect();
    assert_eq!(
        found,
        [
            "time_zone",
            "unknown_measure",
            "outage_days",
            "weight_zero",
            "clause_missing"
        ]
    );
}

#[test]
fn a_text_that_does_not_read_gives_one_error_with_its_place_and_hint() {
    let found = lint(&CLEAN.replace("weight =", "wieght ="));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule, found[0].severity),
        ("unreadable", Severity::Error)
    );
    let place = Place::of(CLEAN, CLEAN.find("weight").unwrap());
    assert_eq!(found[0].place, place);
    assert_eq!(found[0].hint.as_deref(), Some("did you mean `weight`?"));
    assert_eq!(lint("id = ")[0].place, Place { line: 1, column: 6 });
}

#[test]
fn a_serious_level_that_nothing_reaches_is_idle() {
    let text = CLEAN
        .replace("level = 1\n", "level = 3\n")
        .replace("serious_level = 3", "serious_level = 1");
    assert!(
        lint(&text)
            .iter()
            .any(|finding| finding.rule == "serious_level_idle")
    );
}

#[test]
fn a_rulebook_without_a_ladder_may_not_have_tiers() {
    let text = preset::named("wechat-official-accounts").unwrap()[0];
    let tiers = "[complaints]\ntiers = [{ level = 2, more_than = { strong = 1 }, clause = \"c\" }]";
    for (text, wanted) in [
        (text.to_owned(), 0),
        (text.replace("[complaints]\ntiers = []", tiers), 2),
    ] {
        let found = lint(&text);
        assert_eq!(found.len(), wanted, "{found:?}");
        assert!(
            found
                .iter()
                .all(|finding| finding.rule == "ladder_missing_level")
        );
    }
}

#[test]
fn the_presets_have_no_findings_alone_or_together() {
    for name in preset::NAMES {
        let texts = preset::named(name).unwrap();
        for text in texts {
            assert_eq!(lint(text), [], "{name}");
        }
        let books: Vec<Rulebook> = texts
            .iter()
            .map(|text| Rulebook::parse(text).unwrap())
            .collect();
        assert_eq!(lint_versions(&books), [], "{name}");
    }
}
