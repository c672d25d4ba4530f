//! The walk through the README, command by command: what it prints is what the README says. And the
//! service as the README begins it.
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

/// The blocks of shell commands under a heading.
fn blocks(readme: &str, heading: &str) -> Vec<String> {
    let section = readme.split("\n## ").find(|part| part.starts_with(heading));
    let mut blocks = section.unwrap().split("\n```sh\n").skip(1);
    let mut found = Vec::new();
    while let Some((block, _)) = blocks.next().and_then(|block| block.split_once("```")) {
        found.push(block.to_owned());
    }
    found
}

#[test]
fn the_service_is_watched_with_the_commands_that_it_prints() {
    let readme = include_str!("../README.md");
    let guide = include_str!("../src/cli/serve/demo/guide.rs");
    let (_, steps) = guide.split_once("STEPS: &str = r#\"").unwrap();
    let (steps, _) = steps.split_once("\"#;").unwrap();
    let commands = &blocks(readme, "Watch it live")[1];
    assert!(commands.starts_with(steps), "{commands}");
    let last = commands[steps.len()..].trim();
    assert_eq!(
        last,
        "standing verify own.tlog-proof --key \"$LOG_KEY\" --format table"
    );
}

#[test]
fn a_ledger_of_your_own_is_served_as_the_readme_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: there is no curl; `scripts/test` installs it");
        return;
    }
    let blocks = blocks(include_str!("../README.md"), "Watch it live");
    let (_, steps) = blocks[1].split_once("# 3. ").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let own = blocks[2].replace("127.0.0.1:8080", &address);
    // A service that ends at once is not waited for.
    let own = own.replace("do sleep", "do kill -0 $!; sleep");
    let folder = tempfile::tempdir().unwrap();
    // Whatever happens, the service ends with the shell.
    let script = format!("set -eu\ntrap 'kill $!' EXIT\n{own}\n# 3. {steps}");
    let out = run(&script, folder.path(), &Place::new());
    for part in [
        "ready\n",
        "\"outcome\":\"appended\",\"position\":4,",
        "\"outcome\":\"appended\",\"position\":5,",
        "{\"outcome\":\"appended\",\"position\":6,",
        "app orchard-mail of developer orchard (general, permission ordinary), as of ",
        "obligation of the developer to fix the violation (data_leak), due ",
        " violation.found  orchard-mail  example.com/log  6",
    ] {
        assert!(out.contains(part), "`{part}` is missing:\n{out}");
    }
}
