//! Looking at rulebooks: `list`, `show`, `diff`.

use serde_json::Value;

use super::{Desk, json_lines};

#[test]
fn list_tells_the_versions_and_which_is_in_force() {
    let desk = Desk::with_weibo();
    let listed = json_lines(&desk.rules(&["list"]).out);
    let told: Vec<(&str, u64, bool)> = listed
        .iter()
        .map(|one| {
            (
                one["version"].as_str().unwrap(),
                one["position"].as_u64().unwrap(),
                one["in_force"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("2013-10-01", 1, false),
            ("2014-12-24", 2, false),
            ("2016-01-01", 3, true)
        ]
    );
    let table = desk.rules(&["list", "--format", "table"]).out;
    assert!(
        table.starts_with(" ID     VERSION     EFFECTIVE FROM  POSITION"),
        "{table}"
    );
    assert!(table.lines().nth(3).unwrap().ends_with("now"), "{table}");
}

#[test]
fn list_tells_the_presets_in_the_language_asked_for() {
    let ran = Desk::new().rules(&["list", "--presets", "--lang", "zh", "--format", "table"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 5));
    assert!(ran.out.contains("微信公众号"), "{}", ran.out);
}

#[test]
fn list_of_a_ledger_without_rules_is_empty_and_says_what_to_do() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["init"]).code, 0);
    let ran = desk.rules(&["list"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("hint: publish one"), "{}", ran.err);
}

#[test]
fn show_is_of_the_version_in_force_unless_another_is_named() {
    let desk = Desk::with_weibo();
    let now = desk.rules(&["show"]);
    assert!(
        now.out
            .contains("weibo 2016-01-01, effective from 2016-01-01")
    );
    assert!(now.out.contains("in force now"));
    let older = desk.rules(&["show", "2013-10-01", "--lang", "zh"]);
    assert!(older.out.contains("目前不生效"), "{}", older.out);
    assert!(older.out.contains("留存用户的账号密码"), "{}", older.out);
    let same = desk.rules(&["show", "weibo@2013-10-01", "--toml"]);
    let preset = desk.rules(&["show", "preset:weibo@2013-10-01", "--toml"]);
    assert_eq!(same.out, preset.out);
    desk.write("mine.toml", &[]);
    assert_eq!(desk.rules(&["show", "mine.toml", "--toml"]).out, same.out);
}

#[test]
fn show_prints_the_figures_with_their_clauses() {
    let out = Desk::new().rules(&["show", "preset:weibo@2013-10-01"]).out;
    // How wide a column is does not matter here.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "1 3 30 1 ops, operations, level 1",
        "2 3 or more stop_new_authorizations, close_app 7 + 2 × n days 24 hours \
         ops, sanctions for one app, level 2, third or more",
        "falls a grade: more than 5 violations in a month",
        "general 3 3 7",
        "2 bulk_scraping Users and posts scraped in bulk ops, technical, level 2, item 2",
    ] {
        assert!(
            out.lines().any(|line| words(line) == wanted),
            "{wanted}\n{out}"
        );
    }
}

#[test]
fn show_gives_machines_the_rulebook_and_its_place() {
    let desk = Desk::with_weibo();
    let shown: Value =
        serde_json::from_str(&desk.rules(&["show", "--format", "json"]).out).unwrap();
    assert_eq!(
        (&shown["position"], &shown["in_force"]),
        (&3.into(), &true.into())
    );
    assert_eq!(shown["rulebook"]["effective_from"], "2016-01-01");
    let of_preset = desk.rules(&["show", "preset:weibo", "--format", "jsonl"]);
    let of_preset: Value = serde_json::from_str(&of_preset.out).unwrap();
    assert_eq!(of_preset["rulebook"], shown["rulebook"]);
    assert_eq!(of_preset.get("position"), None);
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let desk = Desk::with_weibo();
    for (name, message, hint) in [
        (
            "2019",
            "`2019` is no file, and the ledger",
            "hint: `standing rules list`",
        ),
        ("no.toml", "error: `no.toml` cannot be read", ""),
        (
            "preset:x",
            "there is no preset `x`",
            "hint: the presets are weibo, ",
        ),
        (
            "preset:weibo@7",
            "the preset `weibo` has no version `7`",
            "hint: it has 2013-10-01, ",
        ),
    ] {
        let ran = desk.rules(&["show", name]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(
            ran.err.contains(message) && ran.err.contains(hint),
            "{}",
            ran.err
        );
    }
}

#[test]
fn diff_tells_changes_between_files_presets_and_the_ledger() {
    let desk = Desk::with_weibo();
    desk.write("mine.toml", &[("strong = 3,", "strong = 6,")]);
    let ran = desk.rules(&["diff", "2013-10-01", "mine.toml"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        "~ complaints.tiers[level 1].more_than.strong: 3 → 6\n"
    );
    assert_eq!(
        ran.err,
        "from weibo@2013-10-01 (effective 2013-10-01) to mine.toml (effective 2013-10-01)\n\
         1 difference\n"
    );
    let same = desk.rules(&["diff", "preset:weibo", "2016-01-01"]);
    assert_eq!((same.code, same.out.as_str()), (0, ""));
    assert!(same.err.ends_with("no difference\n"));
    let ran = desk.rules(&["diff", "2013-10-01", "2014-12-24", "--format", "json"]);
    let changes: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    assert!(
        changes
            .iter()
            .any(|change| change["path"] == "effective_from")
    );
}
