//! What the black-box tests share: a temporary folder with a ledger, and the program itself. The
//! ledger is a file in the folder, or with `STANDING_TEST_STORE=postgres` a database of the test's own.
//!
//! Nothing here calls the library: what a test learns, it learns from files, streams and exit
//! codes, as a person or a script would.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod cases;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod server;
pub(crate) mod serving;
pub(crate) mod stricter;

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use server::Place;
use tempfile::TempDir;

/// The three versions that most tests judge by; their folder is `tests/rulebooks`.
pub(crate) const WEIBO: [&str; 3] = [
    "weibo-2013-10-01.toml",
    "weibo-2014-12-24.toml",
    "weibo-2016-01-01.toml",
];

/// The text of a rulebook of `tests/rulebooks`.
pub(crate) fn rulebook(name: &str) -> String {
    std::fs::read_to_string(rulebooks().join(name)).unwrap()
}

/// The folder of the rulebooks.
pub(crate) fn rulebooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rulebooks")
}

/// What a command came to.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The same, once it is known to have gone well.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        self.with_code(0)
    }

    /// The same, once it is known to have ended with that code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self
    }

    /// Stdout, a JSON document a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        lines(&self.out)
    }
}

/// The JSON documents of a text, one a line.
#[track_caller]
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What an import came to, with the rejects file that it left.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) ran: Ran,
    pub(crate) appended: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) rejects: Vec<Value>,
    pub(crate) rejects_text: String,
}

impl Imported {
    /// The code and the pointer of each refusal, in the order of the file.
    pub(crate) fn codes(&self) -> Vec<(&str, &str)> {
        let each = self.rejects.iter();
        each.map(|line| (text(line, "code"), text(line, "pointer")))
            .collect()
    }

    /// Fails with the rejects where the counts are others.
    #[track_caller]
    pub(crate) fn counts(&self, appended: u64, duplicates: u64, refused: u64) {
        assert_eq!(
            (self.appended, self.duplicates, self.refused),
            (appended, duplicates, refused),
            "{:#?}\n{}",
            self.rejects,
            self.ran.err
        );
        assert_eq!(self.ran.code, if refused > 0 { 2 } else { 0 });
        assert_eq!(self.rejects.len() as u64, refused);
    }
}

/// A member that is a string.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    match value[key].as_str() {
        Some(text) => text,
        None => panic!("no `{key}` in {value}"),
    }
}

/// A folder with, most often, a ledger in it.
pub(crate) struct Ledger {
    dir: TempDir,
    pub(crate) place: Place,
}

impl Ledger {
    /// A folder without a ledger.
    pub(crate) fn none() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            place: Place::new(),
        }
    }

    /// A ledger without a rulebook.
    pub(crate) fn bare() -> Self {
        let ledger = Self::none();
        ledger.run(&["init"]).good();
        ledger
    }

    /// A ledger with the three versions, recorded before anything that tests import.
    pub(crate) fn new() -> Self {
        let ledger = Self::none();
        let books = WEIBO.map(|name| rulebooks().join(name).display().to_string());
        let mut args = vec!["init", "--recorded-time", "1970-01-01T00:00:00Z", "--rules"];
        args.extend(books.iter().map(String::as_str));
        ledger.run(&args).good();
        ledger
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, about to run in the folder with the ledger of the fixture as its default.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(args).current_dir(self.dir.path());
        for name in [
            "STANDING_KEY",
            "STANDING_SNAPSHOT",
            "STANDING_CONFIG",
            "NO_COLOR",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        self.place.name_to(&mut command);
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs with that on standard input.
    pub(crate) fn feed(&self, args: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }

    /// Imports lines from standard input and reads the rejects.
    pub(crate) fn import_text(&self, input: impl AsRef<[u8]>, more: &[&str]) -> Imported {
        let mut args = vec!["import", "-", "--rejects", "refused.jsonl"];
        args.extend(more);
        let _ = std::fs::remove_file(self.path("refused.jsonl"));
        let ran = self.feed(&args, input);
        self.imported(ran, "refused.jsonl")
    }

    /// Imports events.
    pub(crate) fn import(&self, events: &[Value]) -> Imported {
        self.import_text(events::jsonl(events), &[])
    }

    /// Imports events with their own recorded times.
    pub(crate) fn import_trusted(&self, events: &[Value]) -> Imported {
        self.import_text(events::jsonl(events), &["--trust-recorded-time"])
    }

    /// What an import printed and wrote.
    #[track_caller]
    pub(crate) fn imported(&self, ran: Ran, rejects: &str) -> Imported {
        let rejects_text = std::fs::read_to_string(self.path(rejects)).unwrap_or_default();
        let tally: Value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|_| panic!("no tally: {} {}", ran.out, ran.err));
        let count = |key: &str| tally[key].as_u64().unwrap();
        Imported {
            appended: count("appended"),
            duplicates: count("duplicates"),
            refused: count("refused"),
            rejects: lines(&rejects_text),
            rejects_text,
            ran,
        }
    }

    /// The trail.
    pub(crate) fn audit(&self, args: &[&str]) -> Vec<Value> {
        let mut all = vec!["audit"];
        all.extend(args);
        self.run(&all).good().lines()
    }

    /// The ids of the trail without those of the rulebooks.
    pub(crate) fn ids(&self) -> Vec<String> {
        let trail = self.audit(&[]);
        let events = trail
            .iter()
            .filter(|line| line["type"] != "rulebook.published");
        events.map(|line| text(line, "id").to_owned()).collect()
    }
}

/// The members of a JSON object, in the order in which they are written.
pub(crate) fn members(object: &str) -> Vec<(String, Value)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    serde::Deserializer::deserialize_map(&mut deserializer, Members).unwrap()
}

/// The keys of a JSON object, in the order in which they are written.
pub(crate) fn keys(object: &str) -> Vec<String> {
    members(object).into_iter().map(|(key, _)| key).collect()
}
