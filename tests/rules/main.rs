//! `standing rules …`, as somebody who writes a platform's rules meets it: the real program, its
//! two streams and its exit codes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use server::Place;
use tempfile::TempDir;

mod checking;
mod publishing;
mod reading;
#[path = "../common/server.rs"]
mod server;

/// What a run of the program came to.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A directory with a ledger, and the program in it.
struct Desk {
    dir: TempDir,
    place: Place,
}

impl Desk {
    fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            place: Place::new(),
        }
    }

    /// With a ledger that holds the three versions of the preset `weibo`.
    fn with_weibo() -> Self {
        let desk = Self::new();
        assert_eq!(desk.run(&["init", "--preset", "weibo"]).code, 0);
        desk
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(args).current_dir(self.dir.path());
        self.place.name_to(&mut command);
        let output = command.env("NO_COLOR", "1").output().unwrap();
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
        self.dir.path().join(name)
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
