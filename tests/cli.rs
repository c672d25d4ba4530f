//! The command line as it is typed: what is printed where, in which form, with which exit code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "cli/audit.rs"]
mod audit;
mod common;
#[path = "cli/record.rs"]
mod record;

use std::io::Read;
use std::process::Stdio;

use common::events::*;
use common::{Ledger, keys, text};
use serde_json::Value;

/// A ledger with two developers, an app each, and something of both.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let on_a2 = |event: Value| with(event, "subject", "a2");
    let late = |event: Value| with(event, "time", "2016-04-01T00:00:00Z");
    let events = [
        developer("d1"),
        app("a1", "d1", "in_site"),
        developer("d2"),
        app("a2", "d2", "enterprise"),
        violation("v1", "a1", "bulk_scraping"),
        on_a2(complaint("c1")),
        late(complaint("c2")),
        late(on_a2(complaint("c3"))),
    ];
    ledger.import(&events).counts(8, 0, 0);
    ledger
}

#[test]
fn assess_and_plaza_print_a_line_a_list_or_a_table() {
    let ledger = ground();
    let at = "2016-03-10T00:00:00Z";
    for stage in ["declaration", "copy", "plaza"] {
        for kind in ["review.submitted", "review.approved"] {
            let stage = format!("stage={stage}");
            ledger
                .run(&["record", kind, "a2", &stage, "--time", at])
                .good();
        }
    }
    for command in ["assess", "plaza"] {
        let run = |format: &str| {
            ledger
                .run(&[command, "--as-of", at, "--format", format])
                .good()
        };
        let (lines, list, table) = (run("jsonl"), run("json"), run("table"));
        let standing = ledger.run(&[command, "--as-of", at]).good();
        assert_eq!(
            standing.out, lines.out,
            "not on a terminal, lines are what is printed"
        );
        let list: Value = serde_json::from_str(&list.out).unwrap();
        assert_eq!(list.as_array().unwrap(), &lines.lines());
        let count = lines.lines().len();
        assert_eq!(count, if command == "assess" { 2 } else { 1 });
        assert_eq!(table.out.lines().count(), count + 1, "{}", table.out);
        assert!(table.out.lines().all(|line| line == line.trim_end()) && table.out.contains("a2"));
        assert_eq!(lines.err, format!("as of {at}, known at @17\n"));
        assert!(ledger.run(&[command, "-q"]).good().err.is_empty());
        // What was said is asked again to the byte.
        let again = ledger
            .run(&[command, "--as-of", at, "--known-at", "@17"])
            .good();
        assert_eq!(again.out, lines.out);
        let ran = ledger.run(&[command, "--known-at", "@18"]).with_code(1);
        assert_eq!(
            ran.err,
            "error: the ledger ends at position 17, before 18\n"
        );
        for wrong in ["@", "@x", "@-1", "17", "yesterday", "2016-02-30T00:00:00Z"] {
            let ran = ledger.run(&[command, "--known-at", wrong]).with_code(1);
            assert!(ran.err.starts_with("error: invalid value"), "{}", ran.err);
        }
        ledger
            .run(&[command, "--as-of", "10000-01-01T00:00:00Z"])
            .with_code(1);
    }
    let line = &ledger.run(&["plaza", "--as-of", at]).good().out;
    assert_eq!(
        keys(line),
        ["rank", "app", "developer", "score", "listed_since"]
    );
    assert!(
        ledger
            .run(&["plaza", "--top", "0", "--format", "json"])
            .good()
            .out
            .starts_with("[]")
    );
    let developers = |args: &[&str]| -> Vec<String> {
        let args: Vec<&str> = ["assess"].iter().chain(args).copied().collect();
        let lines = ledger.run(&args).good().lines();
        lines
            .iter()
            .map(|line| text(line, "developer").to_owned())
            .collect()
    };
    assert_eq!(developers(&["--developer", "d2", "d1"]), ["d1", "d2"]);
    assert_eq!(
        developers(&["--developer", "d2", "--developer", "d2"]),
        ["d2"]
    );
}

#[test]
fn questions_at_the_ends_of_time_have_answers() {
    let ledger = ground();
    let known = |at: &str| ledger.run(&["assess", "--known-at", at]);
    // The rulebooks are recorded in the first instant there is, everybody else later.
    assert_eq!(known("1970-01-01T00:00:00Z").good().out, "");
    assert_eq!(known("@3").good().out, "");
    assert_eq!(known("9999-12-31T23:59:59.999999Z").good().lines().len(), 2);
    let ran = known("@0").with_code(1);
    assert!(
        ran.err
            .contains("no rulebook was published up to position 0")
            && ran.err.contains("hint: "),
        "{}",
        ran.err
    );
    let book = common::rulebooks()
        .join(common::WEIBO[0])
        .display()
        .to_string();
    let args = ["assess", "--known-at", "@0", "--rules", &book];
    assert_eq!(ledger.run(&args).good().out, "");
    let of = |as_of: &str| ledger.run(&["assess", "--as-of", as_of]).good().lines();
    assert_eq!(of("9999-12-31T23:59:59.999999Z").len(), 2);
    assert!(
        of("1970-01-01T00:00:00Z").is_empty(),
        "nobody is registered yet"
    );
    assert_eq!(
        ledger
            .run(&["plaza", "--as-of", "1970-01-01T00:00:00Z"])
            .good()
            .out,
        ""
    );
    assert_eq!(
        ledger
            .run(&["plaza", "--as-of", "9999-12-31T23:59:59.999999Z"])
            .good()
            .out,
        ""
    );
    // Without any rulebook there is nothing to judge by, and it is said how there would be.
    let ran = Ledger::bare().run(&["assess"]).with_code(1);
    assert!(
        ran.err.contains("no rulebook is published") && ran.err.contains("hint: "),
        "{}",
        ran.err
    );
}

#[test]
fn colour_is_where_it_is_wanted_and_messages_are_not_data() {
    let ledger = ground();
    let coloured = |args: &[&str], env: Option<&str>| {
        let mut command = ledger.command(args);
        command.envs(env.map(|value| ("NO_COLOR", value)));
        let output = command.output().unwrap();
        (output.stdout.contains(&0x1B), output.stderr.contains(&0x1B))
    };
    let failing = ["record", "violation.found", "a1", "code=none"];
    let with = |more: &[&'static str]| [&failing[..], more].concat();
    assert_eq!(coloured(&failing, None), (false, false), "no terminal");
    assert_eq!(coloured(&with(&["--color", "always"]), None), (false, true));
    assert_eq!(
        coloured(&with(&["--color", "always"]), Some("1")),
        (false, true),
        "the flag wins"
    );
    assert_eq!(coloured(&with(&["--color", "never"]), None), (false, false));
    assert_eq!(coloured(&failing, Some("1")), (false, false));
    for command in ["assess", "audit", "plaza"] {
        let lines = coloured(&[command, "--color", "always", "--format", "jsonl"], None);
        assert!(!lines.0, "data is never coloured: {command}");
    }
    ledger.run(&["--color", "sometimes", "assess"]).with_code(1);
    // Errors are told to those who want no messages, too.
    let quiet = ledger
        .run(&["-q", "retract", "99", "--reason", ""])
        .with_code(1);
    assert!(quiet.err.starts_with("error: "));
}

#[test]
fn help_and_completions_know_every_command_and_flag() {
    let ledger = Ledger::none();
    let help = |command: &str| ledger.run(&[command, "--help"]).good().out;
    let top = ledger.run(&["--help"]).good().out;
    let rows: [(&str, &[&str]); 8] = [
        ("init", &["--preset", "--rules", "--recorded-time"]),
        (
            "import",
            &["FILE", "--trust-recorded-time", "--rejects", "--retry"],
        ),
        (
            "record",
            &["TYPE", "SUBJECT", "--time", "--id", "--source", "--actor"],
        ),
        ("retract", &["POSITION", "--reason", "--actor"]),
        (
            "assess",
            &["--as-of", "--known-at", "--rules", "--developer"],
        ),
        ("plaza", &["--as-of", "--known-at", "--rules", "--top"]),
        (
            "audit",
            &[
                "--subject",
                "--developer",
                "--type",
                "--from",
                "--to",
                "--recorded-from",
                "--recorded-to",
                "--after",
                "--limit",
            ],
        ),
        ("completions", &["bash", "zsh", "fish"]),
    ];
    for (command, words) in rows {
        let help = help(command);
        for word in words.iter().chain(&[
            "--ledger",
            "--format",
            "--color",
            "--quiet",
            "STANDING_LEDGER",
        ]) {
            assert!(
                help.contains(word),
                "`{word}` is missing from the help of `{command}`"
            );
        }
        assert!(top.contains(command), "{top}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = ledger.run(&["completions", shell]).good().out;
        for word in ["standing", "known-at", "trust-recorded-time", "retract"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(
        ledger
            .run(&["--version"])
            .good()
            .out
            .starts_with("standing ")
    );
    for args in [
        &[][..],
        &["asses"],
        &["assess", "--asof", T],
        &["completions", "csh"],
        &["retract", "x"],
    ] {
        let ran = ledger.run(args).with_code(1);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    let ledger = ground();
    let complaints: Vec<Value> = (0..3_000)
        .map(|n| complaint(&format!("many-{n}")))
        .collect();
    ledger.import(&complaints).counts(3_000, 0, 0);
    let commands: [&[&str]; 9] = [
        &["audit"],
        &["audit", "--format", "json"],
        &["audit", "--format", "table"],
        &["assess"],
        &["assess", "--format", "table"],
        &["plaza", "--format", "json"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["--help"],
    ];
    for args in commands {
        // At once, and after the first bytes.
        for taken in [0, 1] {
            let mut command = ledger.command(args);
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut out = child.stdout.take().unwrap();
            out.read_exact(&mut vec![0; taken]).unwrap();
            drop(out);
            let output = child.wait_with_output().unwrap();
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(0), "{args:?}: {message}");
            assert!(
                !message.contains("error") && !message.contains("panicked"),
                "{args:?}: {message}"
            );
        }
    }
}
