use super::*;
use crate::rulebook::preset;

const BASE: &str = r#"
id = "r"
version = "1"
effective_from = 2020-01-01
time_zone = "Asia/Shanghai"
calendar = "CN"
title = "R"
[developers]
grades = ["low", "high"]
initial_grade = "low"
terminate_when_more_than = 10
call_limits = { low = 1 }
[complaints]
tiers = [{ level = 1, more_than = { strong = 3 } }, { level = 2, more_than = { strong = 2 } }]
[outages]
tiers = [{ level = 1, days = 3 }]
[[sanctions]]
level = 1
nth = 1
measures = ["block_api", "close_app"]
days = 3
[[sanctions]]
level = 2
nth = 1
measures = ["warning"]
[ranking]
channels = ["enterprise", "general"]
suspended_by = ["block_api"]
behaviors = [{ code = "hosted", weight = 30, counts = "state" }]
[certification]
channels = ["enterprise"]
listed_more_than_days = 30
average_daily_users = 5000
window_days = 30
[review.clocks.general]
copy = 3
[review.reasons]
general = [{ code = "icon" }]
[reports.general]
partner = { fix_within_hours = 48 }
[data]
[appeals]
tries = 1
[[violations]]
code = "scraping"
level = 1
area = "technical"
title = { en = "Scraping", zh = "抓取" }
[[violations]]
code = "spam"
level = 2
area = "technical"
[[tests]]
name = "t"
expect = { tier = 1 }
"#;

fn changes(edits: &[(&str, &str)]) -> Vec<Change> {
    let mut text = BASE.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{from} is not there once");
        text = text.replace(from, to);
    }
    diff(
        &Rulebook::parse(BASE).unwrap(),
        &Rulebook::parse(&text).unwrap(),
    )
}

#[test]
fn each_change_of_what_judges_is_one_line() {
    for (from, to, wanted) in [
        (
            "code = \"spam\"\nlevel = 2",
            "code = \"spam\"\nlevel = 3",
            "~ violations[code spam].level: 2 → 3",
        ),
        (
            "strong = 3",
            "strong = 6",
            "~ complaints.tiers[level 1].more_than.strong: 3 → 6",
        ),
        (
            "strong = 3",
            "strong = 3, normal = 9",
            "+ complaints.tiers[level 1].more_than.normal: 9",
        ),
        (
            "[complaints]",
            "[complaints]\ncounted_reasons = [\"b\", \"a\"]",
            "~ complaints.counted_reasons: all → a, b",
        ),
        (
            "{ level = 1, days = 3 }",
            "",
            "- outages.tiers[level 1].days: 3",
        ),
        (
            "[outages]",
            "[outages]\ncounted_causes = []",
            "~ outages.counted_causes: developer → none",
        ),
        (
            "[outages]",
            "[outages]\ncount = \"consecutive\"",
            "~ outages.count: cumulative → consecutive",
        ),
        (
            "\ndays = 3\n",
            "\n",
            "~ sanctions[level 1, nth 1].days: 3 → until lifted",
        ),
        (
            "\ndays = 3\n",
            "\ndays = 3\nor_more = true\n",
            "~ sanctions[level 1, nth 1].or_more: false → true",
        ),
        (
            "[\"block_api\", \"close_app\"]",
            "[\"close_app\"]",
            "~ sanctions[level 1, nth 1].measures: block_api, close_app → close_app",
        ),
        (
            "[\"low\", \"high\"]",
            "[\"high\", \"low\"]",
            "~ developers.grades: low < high → high < low",
        ),
        (
            "terminate_when_more_than = 10",
            "",
            "- developers.terminate_when_more_than: 10",
        ),
        (
            "low = 1 }",
            "low = 1, high = 2 }",
            "+ developers.call_limits.high: 2",
        ),
        (
            "weight = 30",
            "weight = -3",
            "~ ranking.behaviors[code hosted].weight: 30 → -3",
        ),
        (
            "\"state\"",
            "\"each\"",
            "~ ranking.behaviors[code hosted].counts: state → each",
        ),
        (
            "[ranking]",
            "[ranking]\nwindow_days = 90",
            "~ ranking.window_days: all → 90",
        ),
        (
            "listed_more_than_days = 30",
            "listed_more_than_days = 60",
            "~ certification.listed_more_than_days: 30 → 60",
        ),
        (
            "copy = 3",
            "copy = 3\nplaza = 7",
            "+ review.clocks[channel general].plaza: 7",
        ),
        (
            "{ code = \"icon\" }",
            "{ code = \"icon\" }, { code = \"name\" }",
            "+ review.reasons[channel general][code name]: listed",
        ),
        (
            "[review.reasons]",
            "[review.reasons]\nwebsite = []",
            "+ review.reasons[channel website]: those listed only",
        ),
        (
            "fix_within_hours = 48",
            "fix_within_hours = 24",
            "~ reports[channel general, permission partner].fix_within_hours: 48 → 24",
        ),
        (
            "[data]",
            "[data]\ndelete_within_hours = 12",
            "~ data.delete_within_hours: 24 → 12",
        ),
        ("tries = 1", "", "- appeals.tries: 1"),
        (
            "[appeals]",
            "[inspection]\nobservation_days = 7\n[appeals]",
            "+ inspection.observation_days: 7",
        ),
    ] {
        let found = changes(&[(from, to)]);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(lines, [wanted], "{from} → {to}");
        assert!(!found[0].display_only, "{wanted}");
    }
}

#[test]
fn what_judges_the_same_is_no_change() {
    for (from, to) in [
        (
            "[data]",
            "# said anew\n[data]\ndelete_within_hours = 24\ndelete_on_termination = false",
        ),
        (
            "[outages]",
            "[outages]\ncounted_causes = [\"developer\"]\ncount = \"cumulative\"",
        ),
        ("\"enterprise\", \"general\"", "\"general\", \"enterprise\""),
        (
            "{ level = 1, more_than = { strong = 3 } }, { level = 2, more_than = { strong = 2 } }",
            "{ level = 2, more_than = { strong = 2 } }, { level = 1, more_than = { strong = 3 } }",
        ),
        (
            "measures = [\"warning\"]",
            "measures = [\"warning\"]\ndays = 3",
        ),
        ("name = \"t\"", "name = \"another\""),
    ] {
        assert_eq!(changes(&[(from, to)]), [], "{to}");
    }
}

#[test]
fn a_change_for_people_only_is_marked_so() {
    let found = changes(&[
        ("title = \"R\"", "title = \"S\\n\\u001b[1m\""),
        ("zh = \"抓取\"", "zh = \"批量抓取\""),
        ("strong = 3 }", "strong = 3 }, clause = \"c\""),
        ("weight = 30", "weight = 31"),
    ]);
    let lines: Vec<(bool, String)> = found
        .iter()
        .map(|change| (change.display_only, change.to_string()))
        .collect();
    assert_eq!(
        lines,
        [
            (true, "+ complaints.tiers[level 1].clause: c".to_owned()),
            (
                false,
                "~ ranking.behaviors[code hosted].weight: 30 → 31".to_owned()
            ),
            (true, "~ title: R → S\\n\\u{1b}[1m".to_owned()),
            (
                true,
                "~ violations[code scraping].title.zh: 抓取 → 批量抓取".to_owned()
            ),
        ]
    );
}

#[test]
fn two_items_of_one_identity_are_told_apart() {
    let found = changes(&[(
        "{ level = 1, days = 3 }",
        "{ level = 1, days = 3 }, { level = 1, days = 4 }",
    )]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "+ outages.tiers[level 1]#2.days: 4");
}

#[test]
fn the_later_edition_of_the_weibo_rules_adds_four_codes_and_changes_no_figure() {
    let books: Vec<Rulebook> = preset::named("weibo")
        .unwrap()
        .iter()
        .map(|text| Rulebook::parse(text).unwrap())
        .collect();
    let judging = |a: usize, b: usize| -> Vec<String> {
        let changes = diff(&books[a], &books[b]).into_iter();
        changes
            .filter(|change| !change.display_only)
            .map(|change| change.to_string())
            .collect()
    };
    assert_eq!(
        judging(1, 2),
        [
            "~ effective_from: 2014-12-24 → 2016-01-01",
            "~ version: 2014-12-24 → 2016-01-01",
            "+ violations[code data_leak].level: 1",
            "+ violations[code prize_forwarding_tool].level: 1",
            "+ violations[code unauthorized_brand_activity].level: 1",
            "+ violations[code unofficial_payment].level: 1",
        ]
    );
    let backwards = judging(2, 1);
    assert_eq!(backwards[2], "- violations[code data_leak].level: 1");
    let enterprise = judging(0, 1);
    for line in [
        "~ ranking.channels: none → enterprise",
        "+ certification.average_daily_users: 5000",
        "+ review.clocks[channel enterprise].copy: 1",
    ] {
        assert!(enterprise.iter().any(|found| found == line), "{line}");
    }
    for book in &books {
        assert_eq!(diff(book, book), []);
    }
}

#[test]
fn a_change_is_serialized_by_its_fields() {
    let found = changes(&[("tries = 1", "")]);
    let json = serde_json::to_value(&found[0]).unwrap();
    let wanted = serde_json::json!({
        "path": "appeals.tries", "before": "1", "after": null, "display_only": false
    });
    assert_eq!(json, wanted);
}
