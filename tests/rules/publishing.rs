//! Putting rulebooks into force: `publish`, and what `init` has of it.

use super::{Desk, json_lines};

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
fn a_version_whose_own_tests_fail_is_not_published() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["init"]).code, 0);
    desk.write("failing.toml", &[("nth = 2", "nth = 20")]);
    let ran = desk.rules(&["publish", "failing.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("tests inside `failing.toml` fail"),
        "{}",
        ran.err
    );
    assert_eq!(desk.rules(&["list", "--format", "jsonl"]).out, "");
}

#[test]
fn publish_says_how_many_warnings_there_are() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["init"]).code, 0);
    desk.write("gap.toml", &[("or_more = true\n", "")]);
    let ran = desk.rules(&["publish", "gap.toml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1\n"));
    assert!(
        ran.err
            .starts_with("`gap.toml` has 1 warning and 0 notes\nhint: "),
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
