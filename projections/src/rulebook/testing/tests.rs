//! What the runner tells, and what it says of tests that fail or cannot be run.

use super::*;
use crate::event::{Data, Kind};
use crate::rulebook::preset;

/// A preset's version with other tests than its own.
fn book(name: &str, version: usize, tests: &str) -> Rulebook {
    let text = preset::named(name).unwrap()[version];
    let rules = text.split_once("[[tests]]").unwrap().0;
    Rulebook::parse(&format!("{rules}\n{tests}")).unwrap()
}

fn weibo(given: &str, expect: &str) -> Rulebook {
    let test =
        format!("[[tests]]\nname = \"it\"\nclause = \"c\"\ngiven = {given}\nexpect = {expect}\n");
    book("weibo", 2, &test)
}

fn one(given: &str, expect: &str) -> TestResult {
    let mut results = run(&weibo(given, expect));
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn mismatches(given: &str, expect: &str) -> Vec<String> {
    let result = one(given, expect);
    assert_eq!(result.problem, None);
    let text = |m: &Mismatch| format!("{}: {} / {}", m.field, m.expected, m.got);
    result.mismatches.iter().map(text).collect()
}

#[test]
fn the_tests_of_every_preset_pass() {
    let mut count = 0;
    for text in preset::NAMES
        .iter()
        .flat_map(|name| preset::named(name).unwrap())
    {
        for result in run(&Rulebook::parse(text).unwrap()) {
            assert!(result.passed(), "{result:?}");
            count += 1;
        }
    }
    assert!(count > 50);
}

#[test]
fn a_mismatch_names_the_field_and_both_values() {
    let lottery = "{ violations = [\"paid_lottery\"] }";
    let cases = [
        ("{ tier = 2 }", vec![]),
        ("{ tier = 1 }", vec!["tier: 1 / 2"]),
        ("{ tier = \"none\" }", vec!["tier: none / 2"]),
        (
            "{ outcome = \"downgraded\" }",
            vec!["outcome: downgraded / none"],
        ),
        ("{ score = 5 }", vec!["score: 5 / 0"]),
        (
            "{ sanction = \"none\" }",
            vec![
                "sanction: none / level 2, nth 1: stop_new_authorizations, 3 days, to fix within 24 hours",
            ],
        ),
        (
            "{ sanction = { level = 1, nth = 2, measures = [\"warning\"] } }",
            vec![
                "sanction.level: 1 / 2",
                "sanction.nth: 2 / 1",
                "sanction.measures: warning / stop_new_authorizations",
                "sanction.days: none / 3",
                "sanction.fix_within_hours: none / 24",
            ],
        ),
    ];
    for (expect, found) in cases {
        assert_eq!(mismatches(lottery, expect), found, "{expect}");
    }
    let nothing = "{ sanction = { level = 3, nth = 1, measures = [\"warning\"] } }";
    assert_eq!(
        mismatches("{}", nothing),
        ["sanction: level 3, nth 1: warning / none"]
    );
}

#[test]
fn the_order_of_measures_is_not_compared() {
    let given = "{ violations = [\"stored_credentials\"] }";
    let expect = "{ sanction = { level = 1, nth = 1, measures = [\"close_app\", \"block_api\", \"stop_new_authorizations\"], days = 3, fix_within_hours = 24 } }";
    assert_eq!(mismatches(given, expect), Vec::<String>::new());
}

#[test]
fn a_result_says_where_the_test_is_and_which_clause_it_holds() {
    let book = weibo("{}", "{ tier = \"none\" }");
    let line = book.text.lines().position(|line| line == "[[tests]]");
    let result = &run(&book)[0];
    assert_eq!(result.place.line, line.unwrap() + 1);
    assert_eq!(result.clause.as_deref(), Some("c"));
    assert!(result.passed());
}

#[test]
fn a_test_that_cannot_be_run_fails_with_its_reason() {
    let cases = [
        (
            "{ violations = [\"paid_lotery\"] }",
            "{ tier = 2 }",
            "the catalogue has no violation `paid_lotery`; did you mean `paid_lottery`?",
        ),
        (
            "{ violations = [\"outage\"] }",
            "{ tier = 2 }",
            "the catalogue has no violation `outage`",
        ),
        (
            "{ behaviors = { sings = 1 } }",
            "{ score = 2 }",
            "the ranking has no behaviour `sings`",
        ),
        (
            "{ outage_days = 29 }",
            "{ tier = 1 }",
            "29 outage days are given; a test has 28 at most, which every month has",
        ),
        (
            "{ complaints = { normal = 4294967295 } }",
            "{ tier = 1 }",
            "4294967295 complaints, violations and behaviours are given; a test has 38880 at most",
        ),
        (
            "{ complaints = { normal = 7200 }, outage_days = 27 }",
            "{ tier = 1 }",
            "27 outage days, on the dates after the complaints, do not fit into the month, 2016-01",
        ),
        (
            "{ outage_days = 28, violations = [\"paid_lottery\"], behaviors = { server_down = 20000 } }",
            "{ tier = 1 }",
            "so many facts, one a minute, do not fit into the month, 2016-01",
        ),
        (
            "{ outage_days = 1 }",
            "{}",
            "it expects nothing: name a tier, a sanction, an outcome or a score",
        ),
        (
            "{}",
            "{ outcome = \"fired\" }",
            "`fired` is no outcome: `none`, `downgraded` or `terminated`",
        ),
        (
            "{}",
            "{ sanction = { level = 1, nth = 1, measures = [\"shame\"] } }",
            "there is no measure `shame`",
        ),
    ];
    for (given, expect, problem) in cases {
        let result = one(given, expect);
        assert_eq!(result.problem.as_deref(), Some(problem), "{given}");
        assert!(!result.passed());
    }
}

#[test]
fn the_facts_are_told_in_time_order_within_the_first_full_month() {
    // Weibo's second version begins on 2014-12-24; January 2015 is the first it judges.
    let tests = "[[tests]]\nname = \"it\"\nexpect = { score = 0 }\n\
        given = { complaints = { celebrity = 1, strong = 1 }, outage_days = 2, \
        violations = [\"paid_lottery\"], behaviors = { server_down = 2 } }\n";
    let book = book("weibo", 1, tests);
    let month = TestMonth::of(&book).unwrap();
    let events = Script::of(&book, book.tests[0].get_ref(), &month)
        .unwrap()
        .events;
    let told: Vec<(Kind, String)> = events
        .iter()
        .map(|event| (event.kind, event.time.to_string()))
        .collect();
    let expected = [
        (Kind::DeveloperRegistered, "2014-12-31T16:00:00Z"),
        (Kind::AppRegistered, "2014-12-31T16:00:00Z"),
        (Kind::ComplaintReceived, "2014-12-31T16:01:00Z"),
        (Kind::ComplaintReceived, "2014-12-31T16:02:00Z"),
        (Kind::OutageDayRecorded, "2015-01-01T16:00:00Z"),
        (Kind::OutageDayRecorded, "2015-01-02T16:00:00Z"),
        (Kind::ViolationFound, "2015-01-02T16:01:00Z"),
        (Kind::BehaviorObserved, "2015-01-31T15:58:00Z"),
        (Kind::BehaviorObserved, "2015-01-31T15:59:00Z"),
    ];
    assert_eq!(told, expected.map(|(kind, at)| (kind, at.to_owned())));
    let class = |event: &crate::Event| match event.data {
        Data::ComplaintReceived { class, .. } => class,
        _ => panic!("a complaint"),
    };
    assert_eq!(class(&events[2]), ComplaintClass::Strong);
    assert_eq!(class(&events[3]), ComplaintClass::Celebrity);
}

#[test]
fn every_month_has_room_for_28_outage_days() {
    let book = weibo("{ outage_days = 28 }", "{ tier = 1 }");
    let text = book
        .text
        .replace("effective_from = 2016-01-01", "effective_from = 2015-02-01");
    assert_ne!(text, book.text);
    assert!(run(&Rulebook::parse(&text).unwrap())[0].passed());
}

#[test]
fn behaviors_count_however_short_the_window_is() {
    let book = weibo("{ behaviors = { server_down = 3 } }", "{ score = -15 }");
    let text = book
        .text
        .replacen("[ranking]\n", "[ranking]\nwindow_days = 1\n", 1);
    assert_ne!(text, book.text);
    let without = run(&book);
    let results = run(&Rulebook::parse(&text).unwrap());
    assert_eq!(results[0].mismatches, without[0].mismatches);
}

#[test]
fn a_rulebook_of_the_last_month_there_is_can_be_tested_or_says_why_not() {
    let book = weibo("{ outage_days = 28 }", "{ tier = 1 }");
    let from = |date: &str| {
        let text = book.text.replace(
            "effective_from = 2016-01-01",
            &format!("effective_from = {date}"),
        );
        run(&Rulebook::parse(&text).unwrap()).remove(0)
    };
    assert!(from("9999-12-01").passed());
    assert_eq!(
        from("9999-12-02").problem.as_deref(),
        Some("no full month follows 9999-12-02: years end with 9999")
    );
    assert!(from("1970-01-01").passed());
}
