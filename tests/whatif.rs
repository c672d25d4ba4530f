//! `standing whatif` and `standing rules publish --plan`: what a change of the rules would do, told to people
//! and to programs, and published only as it was reviewed.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::events::{app, developer, sha256};
use common::stricter::{found, ground, stricter};
use common::{Ledger, Ran, rulebook, rulebooks, text};
use serde_json::{Value, json};

const AS_OF: [&str; 2] = ["--as-of", "2016-09-01T00:00:00Z"];

fn ask(ledger: &Ledger, more: &[&str]) -> Ran {
    ledger.run(&[&["whatif", "--rules", "strict.toml"], &AS_OF[..], more].concat())
}

fn of<'a>(lines: &'a [Value], what: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["what"] == what).collect()
}

#[test]
fn a_line_for_each_who_is_hit_and_a_summary() {
    let ledger = ground();
    let ran = ask(&ledger, &["--format", "jsonl"]).good();
    let lines = ran.lines();
    let (hit, summary) = (of(&lines, "developer"), of(&lines, "summary"));
    let names: Vec<&str> = hit.iter().map(|line| text(line, "developer")).collect();
    assert_eq!(names, ["d1", "d2"]);
    let flip = &hit[0]["flips"][0];
    assert_eq!(
        (text(flip, "subject"), text(flip, "field"), text(flip, "of")),
        ("a1", "tier", "2016-03")
    );
    assert_eq!((&flip["from"], &flip["to"]), (&json!(2), &json!(1)));
    let rule = &flip["rule"];
    assert_eq!(text(rule, "path"), "violations.bulk_scraping");
    assert_eq!(text(rule, "version"), "strict");
    assert_eq!(rule["proposed"], true);
    let summary = summary[0];
    assert_eq!(
        (&summary["developers"], &summary["hit"], &summary["harmed"]),
        (&json!(3), &json!(2), &json!(2))
    );
    let moved = json!([{"from": "2", "to": "1", "count": 3}, {"from": "2", "to": "2", "count": 1}]);
    let mut tiers = summary["tiers"].as_array().unwrap().clone();
    tiers.sort_by_key(|cell| cell["to"].to_string());
    assert_eq!(json!(tiers), moved);
    // The digest is that of the other lines.
    let digested = ran
        .out
        .lines()
        .filter(|line| !line.contains("\"what\":\"summary\""));
    let digested: String = digested.map(|line| format!("{line}\n")).collect();
    assert_eq!(text(summary, "sha256"), sha256(&digested));
}

#[test]
fn every_form_tells_the_same_whatever_the_threads() {
    let ledger = ground();
    for format in ["table", "json", "jsonl"] {
        let one = ask(&ledger, &["--format", format, "--threads", "1"]).good();
        for threads in ["2", "7"] {
            let other = ask(&ledger, &["--format", format, "--threads", threads]).good();
            assert_eq!(one.out, other.out);
        }
    }
    let table = ask(&ledger, &["--format", "table"]).good().out;
    for said in [
        "Of 3 developers 2 are hit: 2 would be worse off, 0 better off.",
        "In 3 app-months the tier is graver, in 0 lighter.",
        "in force: block_api",
        "hit hardest:",
        "(strict)",
    ] {
        assert!(table.contains(said), "{said}\n{table}");
    }
    let printed = ask(&ledger, &["--format", "json", "--top", "1"]).good().out;
    let document: Value = serde_json::from_str(&printed).unwrap();
    let hit = document[0]["hit_hardest"].as_array().unwrap();
    // A measure is in force on the app of one of them.
    assert_eq!((hit.len(), text(&hit[0], "developer")), (1, "d1"));
    assert_eq!(document[0]["gain_most"], json!([]));
    assert_eq!(document[0]["harmed"], json!(2));
    // No member is there twice.
    let summary = printed.trim().trim_start_matches('[').trim_end_matches(']');
    let mut keys = common::keys(summary);
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn several_instants_are_told_one_after_the_other() {
    let ledger = ground();
    let args = [
        "whatif",
        "--rules",
        "strict.toml",
        "--format",
        "jsonl",
        "--as-of",
    ];
    let instants = [
        "2016-09-01T00:00:00Z",
        "2015-06-01T00:00:00Z",
        "2016-03-01T12:00:00Z",
    ];
    let lines = ledger.run(&[&args[..], &instants].concat()).good().lines();
    let summaries = of(&lines, "summary");
    let hit: Vec<(&str, u64)> = summaries
        .iter()
        .map(|line| (text(line, "as_of"), line["hit"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        hit,
        [
            ("2015-06-01T00:00:00Z", 0),
            ("2016-03-01T12:00:00Z", 1),
            ("2016-09-01T00:00:00Z", 2)
        ]
    );
}

#[test]
fn a_change_can_be_asked_of_as_from_a_month() {
    let ledger = ground();
    let lines = ask(&ledger, &["--from", "2015-01", "--format", "jsonl"])
        .good()
        .lines();
    let tiers = |lines: &[Value]| -> Vec<String> {
        let flips = of(lines, "developer")
            .into_iter()
            .flat_map(|line| line["flips"].as_array().unwrap());
        let tiers = flips.filter(|flip| flip["field"] == "tier");
        tiers
            .map(|flip| format!("{} {}", text(flip, "subject"), text(flip, "of")))
            .collect()
    };
    assert_eq!(
        tiers(&lines),
        ["a1 2016-03", "a1 2016-08", "a2 2015-03", "a2 2016-03"]
    );
    let after = of(&lines, "question")[0]["after"].as_array().unwrap();
    let after: Vec<&str> = after
        .iter()
        .map(|one| text(one, "effective_from"))
        .collect();
    assert_eq!(after, ["2013-10-01", "2014-12-24", "2015-01-01"]);
    let later = ask(&ledger, &["--from", "2016-04", "--format", "jsonl"])
        .good()
        .lines();
    assert_eq!(tiers(&later), ["a1 2016-08"]);
    // What holds already changes nothing, unless it is taken to have begun elsewhere.
    let book = rulebooks()
        .join("weibo-2014-12-24.toml")
        .display()
        .to_string();
    let same = ledger
        .run(&["whatif", "--rules", &book, "--format", "table"])
        .good();
    assert!(
        same.err.contains("`weibo@2014-12-24` holds already"),
        "{}",
        same.err
    );
    assert!(same.out.contains("nobody is hit"), "{}", same.out);
    let args = [
        "whatif",
        "--rules",
        "strict.toml",
        "--as-of",
        "2015-06-01T00:00:00Z",
    ];
    let early = ledger.run(&args).good();
    assert!(
        early.err.contains("it takes effect after that"),
        "{}",
        early.err
    );
}

#[test]
fn other_rules_can_be_compared_with() {
    let ledger = ground();
    let args = ["--baseline", "strict.toml", "--format", "jsonl"];
    let book = rulebooks()
        .join("weibo-2013-10-01.toml")
        .display()
        .to_string();
    let ran = ledger
        .run(&[&["whatif", "--rules", &book], &AS_OF[..], &args].concat())
        .good();
    // The rules of 2013 are the older ones there, and judge what came before 2016.
    let lines = ran.lines();
    let relieved = of(&lines, "developer");
    assert_eq!(relieved.len(), 1);
    assert_eq!(text(relieved[0], "side"), "relieved");
    let refused = ask(&ledger, &["--baseline", "strict.toml", "-o", "plan.json"]).with_code(1);
    assert!(
        refused.err.contains("cannot be used with"),
        "{}",
        refused.err
    );
}

#[test]
fn versions_that_do_not_go_together_are_refused_as_publishing_does() {
    let ledger = ground();
    let changed = rulebook("weibo-2014-12-24.toml").replace("more_than = 5", "more_than = 6");
    for (name, text, said) in [
        (
            "changed.toml",
            changed,
            "the version `weibo@2014-12-24` is published, with another text",
        ),
        (
            "other.toml",
            stricter().replace("id = \"weibo\"", "id = \"x\""),
            "different rulebooks",
        ),
        (
            "zone.toml",
            stricter().replace("Asia/Shanghai", "Asia/Tokyo"),
            "the time zones",
        ),
        ("bad.toml", "id = 1".to_owned(), "bad.toml:1:6"),
    ] {
        ledger.write(name, text);
        let ran = ledger.run(&["whatif", "--rules", name]).with_code(1);
        assert!(ran.err.contains(said), "{name}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
    let bare = Ledger::bare();
    bare.write("strict.toml", stricter());
    let ran = bare.run(&["whatif", "--rules", "strict.toml"]).with_code(1);
    assert!(
        ran.err.contains("there is nothing to compare with"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("--baseline"), "{}", ran.err);
}

#[test]
fn the_page_stands_alone_and_escapes_what_it_tells() {
    let ledger = ground();
    let hostile = "<script>alert(1)</script>\"'&";
    let events = [
        developer(hostile),
        app("<img src=x>", hostile, "general"),
        found("v9", "<img src=x>", "2016-08-31T00:00:00Z"),
    ];
    ledger.import(&events).counts(3, 0, 0);
    let ran = ask(&ledger, &["--html", "page.html", "-q"]).good();
    assert_eq!(ran.err, "");
    let page = ledger.read("page.html");
    assert!(page.starts_with("<!doctype html>"));
    for outside in [
        "http:", "https:", "//", "<script", "<img", "<link", "@import", "url(", "src=",
    ] {
        assert!(
            !page.replace("src=x&gt;", "").contains(outside),
            "{outside}"
        );
    }
    for said in [
        "What if weibo strict held?",
        "Of 4 developers 3 are hit",
        "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;",
        "&lt;img src=x&gt;",
        "sha256 ",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // A page that is there is not written over.
    let again = ask(&ledger, &["--html", "page.html"]).with_code(1);
    assert!(again.err.contains("is there already"), "{}", again.err);
}

fn planned(ledger: &Ledger) -> Value {
    let ran = ask(ledger, &["-o", "plan.json", "-q"]).good();
    assert_eq!(ran.err, "");
    serde_json::from_str(&ledger.read("plan.json")).unwrap()
}

fn publish(ledger: &Ledger) -> Ran {
    ledger.run(&["rules", "publish", "--plan", "plan.json"])
}

fn versions(ledger: &Ledger) -> usize {
    let listed = ledger.run(&["rules", "list", "--format", "jsonl"]).good();
    listed.lines().len()
}

#[test]
fn a_plan_is_published_as_it_was_reviewed_and_once() {
    let ledger = ground();
    let plan = planned(&ledger);
    assert_eq!(text(&plan, "format"), "standing-plan/1");
    assert_eq!(plan["log"]["known_at"], 12);
    assert_eq!(text(&plan["rulebooks"][0], "toml"), stricter());
    assert_eq!(plan["outcome"]["summary"][0]["hit"], 2);
    // What does not change the answer does no harm: another developer, and what comes after the instant.
    let events = [developer("d4"), found("v5", "a3", "2016-10-01T00:00:00Z")];
    ledger.import(&events).counts(2, 0, 0);
    let ran = publish(&ledger).good();
    assert_eq!(ran.out, "15\n");
    assert!(
        ran.err
            .contains("the answer at @14 is the one reviewed at @12"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains(text(&plan, "sha256")), "{}", ran.err);
    let shown = ledger.audit(&["--type", "rulebook.published"]);
    assert_eq!(shown.len(), 3);
    let again = publish(&ledger).with_code(1);
    assert!(
        again
            .err
            .contains("`weibo@strict` was published already, at position 15"),
        "{}",
        again.err
    );
    assert_eq!(versions(&ledger), 3);
    let refused = ask(&ledger, &["-o", "second.json"]).with_code(1);
    assert!(
        refused.err.contains("is published already"),
        "{}",
        refused.err
    );
    assert!(!ledger.path("second.json").exists());
}

#[test]
fn a_late_record_that_changes_the_answer_refuses_the_plan() {
    let ledger = ground();
    planned(&ledger);
    let late = found("v6", "a3", "2016-08-29T00:00:00Z");
    ledger.import(&[late]).counts(1, 0, 0);
    let ran = publish(&ledger).with_code(1);
    for said in [
        "the log went on from @12 to @13, and the answer is not the one that was reviewed",
        "developers hit: 2 → 3",
        "tier of an app's month 2 → 1: 3 → 4",
        "`d3` is hit otherwise",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
    assert_eq!(versions(&ledger), 2);
    // Taken back, it is as if it had never been.
    ledger.run(&["retract", "13", "--reason", "wrong"]).good();
    assert_eq!(publish(&ledger).good().out, "15\n");
}

#[test]
fn a_plan_is_refused_where_another_version_came_since() {
    let ledger = ground();
    planned(&ledger);
    let other = stricter().replace("\"strict\"", "\"other\"");
    ledger.write("other.toml", other);
    ledger.run(&["rules", "publish", "other.toml"]).good();
    let ran = publish(&ledger).with_code(1);
    assert!(
        ran.err
            .contains("`weibo@other` was published since, at position 13"),
        "{}",
        ran.err
    );
    assert_eq!(versions(&ledger), 3);
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    let ledger = ground();
    let plan = planned(&ledger);
    let good = ledger.read("plan.json");
    let with = |pointer: &str, value: Value| {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer).unwrap() = value;
        plan.to_string()
    };
    let mut more = plan.clone();
    more["note"] = json!("x");
    let text_of = |toml: &str| json!(toml.replace("level = 1", "level = 2"));
    let other = sha256("x");
    let cases = [
        (
            with("/format", json!("standing-plan/9")),
            "its format is `standing-plan/9`",
        ),
        (more.to_string(), "unknown field `note`"),
        ("{".to_owned(), "it is no plan"),
        ("[]".to_owned(), "it is no plan"),
        (
            with("/rulebooks/0/toml", text_of(&stricter())),
            "the rulebook `weibo@strict` is not what its sha256 says",
        ),
        (
            with("/rulebooks/0/version", json!("lax")),
            "calls itself `weibo@strict`",
        ),
        (with("/rulebooks", json!([])), "it has no rulebook"),
        (with("/question/as_of", json!([])), "it asks of no instant"),
        (
            with("/question/as_of/0", json!("2015-01-01T00:00:00Z")),
            "it was changed after it was written",
        ),
        (
            with("/outcome/sha256", json!(other)),
            "it was changed after it was written",
        ),
        (
            with("/outcome/summary/0/hit", json!(1)),
            "it was changed after it was written",
        ),
        (
            with("/log/known_at", json!(11)),
            "it was changed after it was written",
        ),
        (
            with("/sha256", json!(other)),
            "it was changed after it was written",
        ),
        (
            good.replacen("\"from\"", "\"from\": null, \"from\"", 1),
            "duplicate field",
        ),
    ];
    for (text, said) in cases {
        ledger.write("plan.json", &text);
        let ran = publish(&ledger).with_code(1);
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
        assert_eq!(ran.out, "");
    }
    assert_eq!(versions(&ledger), 2);
    ledger.write("plan.json", good);
    publish(&ledger).good();
}

#[test]
fn a_plan_of_another_log_is_refused() {
    let (ledger, other) = (ground(), ground());
    planned(&ledger);
    other.write("plan.json", ledger.read("plan.json"));
    // The same events recorded at other times are another log.
    let ran = publish(&other).with_code(1);
    assert!(
        ran.err.contains("the plan was made on another log"),
        "{}",
        ran.err
    );
    let short = Ledger::bare();
    short.write("plan.json", ledger.read("plan.json"));
    let ran = publish(&short).with_code(1);
    assert!(ran.err.contains("this one ends at 0"), "{}", ran.err);
    let none = ledger
        .run(&["rules", "publish", "--plan", "none.json"])
        .with_code(1);
    assert!(
        none.err.contains("`none.json` cannot be read"),
        "{}",
        none.err
    );
    let both = ledger.run(&["rules", "publish", "strict.toml", "--plan", "plan.json"]);
    both.with_code(1);
}

#[test]
fn files_are_written_also_where_nobody_reads_the_lines_to_their_end() {
    let ledger = ground();
    for format in ["jsonl", "json", "table"] {
        let (page, plan) = (format!("{format}.html"), format!("{format}.plan"));
        let files = ["--format", format, "--html", &page, "-o", &plan];
        let asked = [&["whatif", "--rules", "strict.toml"], &AS_OF[..], &files].concat();
        let mut child = ledger
            .command(&asked)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        child.wait().unwrap();
        for file in [page, plan] {
            assert!(ledger.path(&file).exists(), "{file}");
        }
    }
}
