//! The walk through the README, command by command: what it prints is what the README says.
//!
//! Where an output has changed for good, `STANDING_README=write cargo test --test readme` writes
//! the new one into the README.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]
#![cfg(unix)]

#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::Command;

use server::Place;

/// What the walk finds in the folder it is taken in.
const FOLDERS: [&str; 2] = ["examples", "projections/rulebooks"];

/// What a command prints, on both streams as a terminal shows them.
fn run(command: &str, folder: &Path, place: &Place) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_standing"));
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env_remove("STANDING_KEY")
        .env_remove("STANDING_SNAPSHOT")
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        );
    let output = place.name_to(&mut shell).output().unwrap();
    // A ledger elsewhere has another name, and that is all.
    String::from_utf8(output.stdout)
        .unwrap()
        .replace(&place.shown(), "standing.db")
}

/// The README with the outputs of its commands as they are now.
fn walked(readme: &str, folder: &Path) -> String {
    let place = Place::new();
    let mut text = String::new();
    let mut walking = false;
    for line in readme.lines() {
        match line {
            "```console" => walking = true,
            "```" => walking = false,
            _ => {}
        }
        match line.strip_prefix("$ ").filter(|_| walking) {
            Some(command) => text.push_str(&format!("{line}\n{}", run(command, folder, &place))),
            None if walking && line != "```console" => {}
            None => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

#[test]
fn the_walk_prints_what_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for from in FOLDERS {
        let to = folder.path().join(from);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(root.join(from)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let walked = walked(&readme, folder.path());
    if std::env::var("STANDING_README").is_ok_and(|value| value == "write") {
        fs::write(root.join("README.md"), walked).unwrap();
        return;
    }
    for (number, (says, prints)) in (1..).zip(readme.lines().zip(walked.lines())) {
        assert_eq!(says, prints, "line {number} of the README");
    }
    assert_eq!(readme, walked);
}
