//! Trying rulebooks before they judge: `check`, `test`.

use serde_json::Value;

use super::{Desk, json_lines};

#[test]
fn check_of_good_rulebooks_is_silent_on_stdout() {
    let ran = Desk::new().rules(&["check", "preset:weibo", "preset:wechat-official-accounts"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(ran.err, "4 rulebooks: 0 errors, 0 warnings, 0 notes\n");
}

#[test]
fn check_tells_errors_with_line_column_and_hint() {
    let desk = Desk::new();
    desk.write("bad.toml", &[("[complaints]", "[complains]")]);
    let ran = desk.rules(&["check", "bad.toml"]);
    assert_eq!(ran.code, 1);
    let mut lines = ran.out.lines();
    let first = lines.next().unwrap();
    let at = desk.line_of("bad.toml", "[complains]");
    let wanted = format!("bad.toml:{at}:2: error[unreadable]: unknown field `complains`");
    assert!(first.starts_with(&wanted), "{first}");
    assert_eq!(lines.next(), Some("  hint: did you mean `complaints`?"));
    assert_eq!(ran.err, "1 rulebook: 1 error, 0 warnings, 0 notes\n");
}

#[test]
fn check_fails_on_warnings_only_where_they_are_denied() {
    let desk = Desk::new();
    desk.write("gap.toml", &[("nth = 2", "nth = 20")]);
    let ran = desk.rules(&["check", "gap.toml"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(": warning[ladder_gap]: "), "{}", ran.out);
    assert_eq!(
        desk.rules(&["check", "gap.toml", "--deny-warnings"]).code,
        1
    );
    assert_eq!(desk.rules(&["check", "-q", "gap.toml"]).err, "");
}

#[test]
fn check_looks_at_versions_beside_each_other() {
    let desk = Desk::new();
    desk.write("a.toml", &[]);
    desk.write_version("b.toml", "next", "2014-02-10");
    let text = std::fs::read_to_string(desk.path("b.toml")).unwrap();
    let text = text.replace("bulk_scraping", "mass_scraping");
    std::fs::write(desk.path("b.toml"), text).unwrap();
    assert_eq!(desk.rules(&["check", "b.toml"]).out, "");
    let ran = desk.rules(&["check", "b.toml", "a.toml", "--format", "jsonl"]);
    let found = json_lines(&ran.out);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["file"], "b.toml");
    assert_eq!(found[0]["rule"], "dropped_violation");
    assert!(found[0]["place"]["line"].as_u64().unwrap() > 1);
    assert_eq!(ran.code, 0);
    let twice = desk.rules(&["check", "a.toml", "a.toml"]);
    assert!(twice.out.contains("error[same_version]"), "{}", twice.out);
    assert_eq!(twice.code, 1);
}

#[test]
fn test_tells_each_test_and_what_came_otherwise() {
    let desk = Desk::new();
    desk.write("good.toml", &[]);
    let good = desk.rules(&["test", "good.toml"]);
    assert_eq!(good.code, 0, "{}", good.out);
    assert!(
        good.out
            .lines()
            .all(|line| line.starts_with("ok     good.toml:"))
    );
    assert!(good.err.ends_with(" tests: all passed\n"), "{}", good.err);

    desk.write(
        "slip.toml",
        &[("more_than = { strong = 3,", "more_than = { strong = 4,")],
    );
    let slip = desk.rules(&["test", "good.toml", "slip.toml"]);
    assert_eq!(slip.code, 1);
    // A test's place is its `[[tests]]`, a line above its name.
    let at = desk.line_of("slip.toml", "\"four strong complaints are level 1\"") - 1;
    let failed = format!(
        "FAILED slip.toml:{at}: four strong complaints are level 1\n         \
         tier: expected 1, got 2\n         sanction.level: expected 1, got 2\n"
    );
    assert!(slip.out.contains(&failed), "{}", slip.out);
    assert!(
        slip.out
            .contains("\n         clause: ops, operations, level 1, item 11\n")
    );
    let ran = desk.rules(&["test", "slip.toml", "--format", "jsonl"]);
    let failed: Vec<Value> = json_lines(&ran.out)
        .into_iter()
        .filter(|ran| ran["passed"] == false)
        .collect();
    assert_eq!(failed[0]["mismatches"][0]["field"], "tier");
    assert_eq!(failed[0]["place"]["line"], at);
}

#[test]
fn test_fails_where_a_test_cannot_be_run_or_there_is_none() {
    let desk = Desk::new();
    desk.write(
        "bogus.toml",
        &[(
            "given = { outage_days = 1 }",
            "given = { outage_days = 31 }",
        )],
    );
    let bogus = desk.rules(&["test", "bogus.toml"]);
    assert_eq!(bogus.code, 1);
    let reason = "31 outage days are given; a test has 28 at most, which every month has";
    assert!(bogus.out.contains(reason), "{}", bogus.out);

    desk.write("untested.toml", &[]);
    let text = std::fs::read_to_string(desk.path("untested.toml")).unwrap();
    let rules = text.split_once("[[tests]]").unwrap().0;
    std::fs::write(desk.path("untested.toml"), rules).unwrap();
    let ran = desk.rules(&["test", "untested.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("error: there is no test to run\nhint: "),
        "{}",
        ran.err
    );
}
