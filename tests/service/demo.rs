//! `standing serve --demo`, by what it says may be tried: the commands that it prints, run by a shell.

use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::common::serving::Server;

/// A demo that is being served, and what it prints.
struct Demo {
    service: Server,
    guide: String,
    /// Where the demo has what is temporary, and where its commands are tried.
    temporary: TempDir,
    desk: TempDir,
}

fn standing(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.current_dir(folder).env_remove("STANDING_LEDGER");
    command
}

impl Demo {
    fn begin() -> Self {
        let (temporary, desk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = standing(desk.path());
        command
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped());
        let mut service = Server::begin(&mut command);
        let mut guide = String::new();
        for line in service.printed().lines() {
            guide.push_str(&line.unwrap());
            guide.push('\n');
            if guide.contains(" verify own.tlog-proof ") {
                break;
            }
        }
        Self {
            service,
            guide,
            temporary,
            desk,
        }
    }

    /// A token that it has printed.
    fn token(&self, name: &str) -> &str {
        let export = format!("export {name}=");
        let mut lines = self.guide.lines();
        lines
            .find_map(|line| line.strip_prefix(export.as_str()))
            .unwrap()
    }

    /// The first event of the log after a position, once there is one.
    fn wait_for_event_after(&self, position: u64) -> serde_json::Value {
        let path = format!("/v1/events?after={position}&limit=1");
        loop {
            let page = self.service.json_with(&path, self.token("AUDITOR"));
            match page["events"].get(0) {
                Some(event) => return event.clone(),
                None => std::thread::sleep(std::time::Duration::from_millis(100)),
            }
        }
    }
}

#[test]
fn what_a_newcomer_is_told_to_try_works_and_nothing_is_left_behind() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: there is no curl; `scripts/test` installs it");
        return;
    }
    let demo = Demo::begin();
    let script = demo.guide.replace("in 1 2 3 4 5 6 7 8 9 10", "in 1");
    assert_ne!(script, demo.guide);
    let shell = ["-e", "-u", "-c", &script];
    let mut sh = Command::new("sh");
    let ran = sh.args(shell).current_dir(demo.desk.path()).output();
    let ran = ran.unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{said}");
    assert_eq!(said, "");
    let out = String::from_utf8(ran.stdout).unwrap();
    for part in [
        // The plaza.
        "\"rank\":1,\"app\":",
        "\"developer\":\"harbour\",\"score\":",
        // A developer, and why.
        "{\"developer\":\"willow\",\"status\":\"active\"",
        "developer willow: active, grade ordinary, as of ",
        // An own event, what came of it, and its proof.
        "{\"outcome\":\"appended\",\"position\":",
        "app orchard-mail of developer orchard (enterprise, permission ordinary), as of ",
        "Data leaked (data_leak), level 1, found on ",
        "not on the board: app closed, API blocked",
        "obligation of the developer to fix the violation (data_leak), due ",
        "{\"actor\":\"demo-recorder\",\"data\":{\"code\":\"data_leak\"},",
    ] {
        assert!(out.contains(part), "`{part}` is missing:\n{out}");
    }
    demo.service.signal("INT");
    assert_eq!(demo.service.wait(), Some(0));
    assert_eq!(demo.temporary.path().read_dir().unwrap().count(), 0);
}

#[test]
fn something_goes_on_happening() {
    let demo = Demo::begin();
    let (mut position, mut kinds) = (171, std::collections::BTreeSet::new());
    let mut stories = 0;
    while stories < 5 {
        let event = demo.wait_for_event_after(position);
        position = event["position"].as_u64().unwrap();
        let id = event["id"].as_str().unwrap();
        stories += usize::from(id.starts_with("story-"));
        kinds.insert(event["type"].to_string());
    }
    assert!(kinds.len() > 5, "{kinds:?}");
}

#[test]
fn every_role_has_a_token() {
    let demo = Demo::begin();
    for (name, path, status) in [
        ("RECORDER", "/v1/log/checkpoint", 200),
        ("REVIEWER", "/v1/developers/orchard", 200),
        ("APPROVER", "/v1/developers/orchard", 200),
        ("RULE_MAKER", "/v1/rulebooks", 200),
        ("AUDITOR", "/v1/access/refusals", 200),
        ("CONSUMER", "/metrics", 200),
        ("DEVELOPER", "/v1/developers/orchard", 200),
        ("DEVELOPER", "/v1/developers/willow", 403),
    ] {
        let answer = demo.service.ask_with("GET", path, Some(demo.token(name)));
        assert_eq!(answer.status, status, "{name} {path}: {answer:?}");
    }
}

#[test]
fn a_demo_touches_no_ledger_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.toml"), "ledger = \"mine.db\"\n").unwrap();
    let refused = |command: &mut Command| {
        let ran = command.output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        let why = "error: the demo has a ledger of its own, and another one is named\nhint: leave ";
        assert!(said.starts_with(why), "{said}");
    };
    refused(standing(folder.path()).args(["serve", "--demo", "--ledger", "mine.db"]));
    refused(standing(folder.path()).args(["serve", "--demo", "--config", "c.toml"]));
    let variable = ("STANDING_LEDGER", "mine.db");
    refused(
        standing(folder.path())
            .args(["serve", "--demo"])
            .env(variable.0, variable.1),
    );
    assert!(!folder.path().join("mine.db").exists());
}
