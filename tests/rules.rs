//! `standing rules …`, as somebody who writes a platform's rules meets it: the real program, its
//! two streams and its exit codes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What a run of the program came to.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A directory with a ledger named `standing.db`, and the program in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With a ledger that holds the three versions of the preset `weibo`.
    fn with_weibo() -> Self {
        let desk = Self::new();
        assert_eq!(desk.run(&["init", "--preset", "weibo"]).code, 0);
        desk
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_standing"))
            .args(args)
            .current_dir(self.0.path())
            .env_remove("STANDING_LEDGER")
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn rules(&self, args: &[&str]) -> Ran {
        let args: Vec<&str> = std::iter::once("rules")
            .chain(args.iter().copied())
            .collect();
        self.run(&args)
    }

    /// The line of a file, from 1, on which a text is.
    fn line_of(&self, name: &str, text: &str) -> usize {
        let file = std::fs::read_to_string(self.path(name)).unwrap();
        file.lines().position(|line| line.contains(text)).unwrap() + 1
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Writes the first version of `weibo` under that name, with words of it replaced.
    fn write(&self, name: &str, replace: &[(&str, &str)]) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("projections/rulebooks/weibo-2013-10-01.toml");
        let mut text = std::fs::read_to_string(file).unwrap();
        for (old, new) in replace {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes a version of another name and date.
    fn write_version(&self, name: &str, version: &str, from: &str) {
        self.write(
            name,
            &[
                (
                    "version = \"2013-10-01\"",
                    &format!("version = \"{version}\""),
                ),
                (
                    "effective_from = 2013-10-01",
                    &format!("effective_from = {from}"),
                ),
            ],
        );
    }
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

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

#[test]
fn publish_prints_positions_and_says_what_of_the_past_is_judged_anew() {
    let desk = Desk::with_weibo();
    desk.write_version("past.toml", "past", "2015-02-10");
    let ran = desk.rules(&["publish", "past.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "4\n"));
    let said = "`weibo@past` is effective from 2015-02-10, which is past: \
                months from 2015-03 until `weibo@2016-01-01` takes over are judged by it now\n";
    assert!(ran.err.contains(said), "{}", ran.err);
    // What only the versions together show is said when they come together.
    assert!(ran.err.contains("past.toml:1"), "{}", ran.err);
    assert!(ran.err.contains("warning[dropped_behavior]"), "{}", ran.err);
    assert_eq!(json_lines(&desk.rules(&["list"]).out).len(), 4);

    let again = desk.rules(&["publish", "past.toml", "--format", "jsonl"]);
    let line = &json_lines(&again.out)[0];
    assert_eq!(
        (&line["position"], &line["duplicate"]),
        (&4.into(), &true.into())
    );
    assert!(again.err.contains("published already, at position 4"));

    desk.write_version("future.toml", "future", "9000-01-01");
    let ran = desk.rules(&["publish", "future.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "5\n"));
    assert!(!ran.err.contains("is past"), "{}", ran.err);
    let listed = json_lines(&desk.rules(&["list"]).out);
    assert_eq!(listed[2]["in_force"], true);
}

#[test]
fn publish_says_how_many_warnings_there_are() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["init"]).code, 0);
    desk.write("gap.toml", &[("nth = 2", "nth = 20")]);
    let ran = desk.rules(&["publish", "gap.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1\n"));
    assert!(
        ran.err
            .starts_with("`gap.toml` has 4 warnings and 0 notes\nhint: "),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("as the oldest version, also all before it"),
        "{}",
        ran.err
    );
}

#[test]
fn publish_takes_all_or_none() {
    let desk = Desk::with_weibo();
    desk.write_version("new.toml", "new", "2030-01-01");
    desk.write_version("changed.toml", "2016-01-01", "2030-02-01");
    desk.write_version("same.toml", "new", "2030-03-01");
    desk.write(
        "zone.toml",
        &[("Asia/Shanghai", "Asia/Tokyo"), ("\"2013-10-01\"", "\"z\"")],
    );
    desk.write(
        "other.toml",
        &[
            ("id = \"weibo\"", "id = \"other\""),
            ("\"2013-10-01\"", "\"o\""),
        ],
    );
    desk.write(
        "bad.toml",
        &[("time_zone = \"Asia/Shanghai\"", "time_zone = \"Mars\"")],
    );
    for (file, message) in [
        (
            "changed.toml",
            "the version `weibo@2016-01-01` is published, with another text",
        ),
        ("same.toml", "the version `weibo@new` is given twice"),
        (
            "zone.toml",
            "the time zones `Asia/Shanghai` and `Asia/Tokyo` differ",
        ),
        ("other.toml", "`weibo` and `other` are different rulebooks"),
        ("bad.toml", "bad.toml:7:1: there is no time zone `Mars`"),
        ("none.toml", "`none.toml` cannot be read"),
    ] {
        let ran = desk.rules(&["publish", "new.toml", file]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{file}");
        assert!(
            ran.err.contains(&format!("error: {message}")),
            "{}",
            ran.err
        );
    }
    assert_eq!(json_lines(&desk.rules(&["list"]).out).len(), 3);
    // A new ledger is not left half made either.
    let ran = desk.run(&[
        "init",
        "--ledger",
        "half.db",
        "--rules",
        "new.toml",
        "same.toml",
    ]);
    assert_eq!(ran.code, 1);
    assert!(!desk.path("half.db").exists());
}
