//! Every worked example through the command line: imported with its recorded times, and asked.
//!
//! The examples count positions without rulebooks, which a ledger holds as its first events, so
//! positions in the answers are moved by as many before they are compared to the byte.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::path::Path;

use common::cases::{Case, cases, init, read};
use common::text;
use serde_json::Value;

impl Case {
    /// The answer to an ask, its positions moved to the example's.
    fn answer(&self, command: &str, ask: &Value, known_at: Option<&str>) -> String {
        let mut args = vec![command, "--format", "jsonl", "--as-of", text(ask, "as_of")];
        args.extend(known_at.iter().flat_map(|at| ["--known-at", at]));
        moved(&self.ledger.run(&args).good().out, self.books)
    }

    #[track_caller]
    fn compare(&self, command: &str, ask: &Value, got: &str) {
        let file = self.dir.join(text(ask, command));
        let wanted = read(&file);
        for (index, (wanted, got)) in wanted.lines().zip(got.lines()).enumerate() {
            let same = wanted
                .bytes()
                .zip(got.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            assert!(
                wanted == got,
                "{}:{}\n  wanted …{}\n  got    …{}",
                file.display(),
                index + 1,
                String::from_utf8_lossy(&wanted.as_bytes()[same.saturating_sub(150)..]),
                String::from_utf8_lossy(&got.as_bytes()[same.saturating_sub(150)..]),
            );
        }
        assert_eq!(
            wanted.lines().count(),
            got.lines().count(),
            "{}",
            file.display()
        );
    }
}

/// The text with every position of `evidence` and `cause` so much lower, and nothing else changed.
fn moved(text: &str, by: u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let keys = ["\"evidence\":[", "\"cause\":"];
    while let Some((at, key)) = keys
        .iter()
        .filter_map(|key| Some((rest.find(key)?, key)))
        .min()
    {
        let (before, after) = rest.split_at(at + key.len());
        out.push_str(before);
        let list = key.ends_with('[');
        let end = after.find(if list { ']' } else { ',' }).unwrap();
        let moved: Vec<String> = after[..end]
            .split(',')
            .filter(|number| !number.is_empty())
            .map(|number| (number.parse::<u64>().unwrap() - by).to_string())
            .collect();
        out.push_str(&moved.join(","));
        rest = &after[end..];
    }
    out + rest
}

#[test]
fn every_case_is_answered_to_the_byte() {
    let dirs = cases();
    assert!(dirs.len() >= 18);
    for dir in dirs {
        let case = Case::load(dir);
        for ask in case.asks() {
            let known_at = ask["known_at"].as_str();
            for command in ["assess", "plaza"] {
                case.compare(command, ask, &case.answer(command, ask, known_at));
            }
        }
        // The last ask once more: at the position that the answer was given at, and of one
        // developer at a time.
        let ask = case.asks().last().unwrap();
        let known = |event: &&Value| match ask["known_at"].as_str() {
            Some(at) => text(event, "recordedtime") <= at,
            None => true,
        };
        let known = case.events.iter().filter(known).count() as u64;
        let position = format!("@{}", case.books + known);
        let whole = case.answer("assess", ask, Some(&position));
        case.compare("assess", ask, &whole);
        let mut args = vec![
            "assess",
            "--as-of",
            text(ask, "as_of"),
            "--known-at",
            &position,
        ];
        let standing = common::lines(&whole);
        args.push("--developer");
        args.extend(standing.iter().rev().map(|line| text(line, "developer")));
        let apart = case.ledger.run(&args).good().out;
        case.compare("assess", ask, &moved(&apart, case.books));
        // By the same rules from files.
        let first = args.iter().position(|arg| *arg == "--developer").unwrap();
        let files = case.case["rulebooks"].as_array().unwrap().iter();
        let files: Vec<String> = files
            .map(|file| case.dir.join(file.as_str().unwrap()).display().to_string())
            .collect();
        let mut args = args[..first].to_vec();
        args.push("--rules");
        args.extend(files.iter().map(String::as_str));
        let by_files = case.ledger.run(&args).good().out;
        case.compare("assess", ask, &moved(&by_files, case.books));
    }
}

#[test]
fn events_that_come_one_at_a_time_stand_as_those_that_come_together() {
    for name in ["page-example", "late-evidence", "cascading-overturn"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cases")
            .join(name);
        let case: Value = serde_json::from_str(&read(&dir.join("case.json"))).unwrap();
        let lines = read(&dir.join("events.jsonl"));
        let (ledger, books) = init(&dir, &case, None, None);
        for line in lines.lines() {
            ledger.import_text(line, &[]).counts(1, 0, 0);
        }
        // What was known when is another question here: all of it, now.
        let asks = case["asks"].as_array().unwrap();
        let mut asked = 0;
        for ask in asks.iter().filter(|ask| ask["known_at"].is_null()) {
            let args = ["assess", "--as-of", text(ask, "as_of")];
            let got = moved(&ledger.run(&args).good().out, books);
            assert_eq!(got, read(&dir.join(text(ask, "assess"))), "{name}");
            asked += 1;
        }
        assert!(asked > 0);
    }
}
