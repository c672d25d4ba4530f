//! Kept up by the service, through kills, takeovers, rebuilds and changes of rules.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::common::events::{self, app, developer};
use crate::common::{Ledger, lines};
use crate::tables::{are_what_is_printed, status, wait};
use crate::{event, with};

/// The made history of the demo.
const HISTORY: &str = include_str!("../../examples/history.jsonl");

/// `standing serve`, until it is dropped.
pub(crate) struct Service(Child);

impl Service {
    pub(crate) fn start(ledger: &Ledger) -> Self {
        let mut command = ledger.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ready: ") {
            line.clear();
            assert!(
                said.read_line(&mut line).unwrap() > 0,
                "the service has ended"
            );
        }
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self(child)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it as a kill or a power cut does.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Tells it to end, and waits.
    pub(crate) fn end(mut self) {
        let id = self.0.id().to_string();
        let told = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(told.unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the log ends.
fn head(ledger: &Ledger) -> u64 {
    let trail = ledger.audit(&[]);
    trail.last().unwrap()["position"].as_u64().unwrap()
}

/// Waits until the tables know all of the log.
#[track_caller]
pub(crate) fn caught_up(ledger: &Ledger) {
    let head = head(ledger);
    wait(ledger, |(position, ..)| position >= head);
}

pub(crate) fn made_events(count: usize, seed: u64) -> Vec<String> {
    // Histories of many kinds, in parts, each with subjects and ids of its own.
    let copies = count.div_ceil(HISTORY.lines().count());
    let mut all = Vec::new();
    for copy in 0..copies {
        for line in HISTORY.lines() {
            let mut event: Value = serde_json::from_str(line).unwrap();
            let renamed = |text: &str| format!("{text}-{seed}-{copy}");
            event["subject"] = renamed(event["subject"].as_str().unwrap()).into();
            event["id"] = renamed(event["id"].as_str().unwrap()).into();
            if let Some(developer) = event["data"].get("developer").and_then(Value::as_str) {
                event["data"]["developer"] = renamed(developer).into();
            }
            if let Some(id) = event["data"]["event"].get("id").and_then(Value::as_str) {
                event["data"]["event"]["id"] = renamed(id).into();
            }
            event.as_object_mut().unwrap().remove("recordedtime");
            all.push(event.to_string());
        }
    }
    all
}

#[test]
fn what_is_made_is_what_other_commands_print() {
    let ledger = Ledger::new();
    let none = ledger.run(&["readmodel", "status"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there is no read model"), "{}", none.err);
    ledger.run(&["readmodel", "rebuild"]).good();
    are_what_is_printed(&ledger);
    ledger.import_text(HISTORY, &["--trust-recorded-time"]);
    // It is of the moment at which it was made.
    are_what_is_printed(&ledger);
    ledger.run(&["readmodel", "rebuild"]).good();
    assert_eq!(status(&ledger).0, head(&ledger));
    assert_eq!(status(&ledger).2, 2);
    are_what_is_printed(&ledger);
}

#[test]
fn the_service_keeps_up_with_the_log_with_rules_and_with_time() {
    let ledger = Ledger::none();
    // By the oldest version alone, at first.
    let oldest = crate::common::rulebooks().join("weibo-2013-10-01.toml");
    let oldest = oldest.display().to_string();
    ledger.run(&["init", "--rules", &oldest]).good();
    let service = Service::start(&ledger);
    for part in made_events(300, 1).chunks(60) {
        ledger.import_text(part.join("\n"), &[]);
        caught_up(&ledger);
        are_what_is_printed(&ledger);
    }
    // Versions that concern everybody.
    for version in ["weibo-2014-12-24.toml", "weibo-2016-01-01.toml"] {
        let file = crate::common::rulebooks().join(version);
        let file = file.display().to_string();
        ledger.run(&["rules", "publish", &file]).good();
        caught_up(&ledger);
        are_what_is_printed(&ledger);
    }
    // A measure ends without an event.
    let now = chrono::Utc::now();
    let until =
        (now + chrono::Duration::seconds(3)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let now = now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let data = json!({"measures": ["close_app"], "until": until, "reason": "x"});
    ledger.import(&[
        developer("d1"),
        app("a1", "d1", "general"),
        event("m1", "measure.imposed", &now, "a1", data),
    ]);
    caught_up(&ledger);
    let measures = |ledger: &Ledger| {
        let (position, as_of, _) = status(ledger);
        let known_at = format!("@{position}");
        let args = [
            "assess",
            "--format",
            "jsonl",
            "--as-of",
            &as_of,
            "--known-at",
            &known_at,
        ];
        let all = ledger.run(&args).good().lines();
        let d1 = all.iter().find(|one| one["developer"] == "d1").unwrap();
        d1["apps"][0]["measures"].as_array().unwrap().len()
    };
    wait(&ledger, |(_, as_of, _)| as_of >= until);
    are_what_is_printed(&ledger);
    assert_eq!(measures(&ledger), 0);
    // Ended, the tables stay as they are, and are gone on with.
    service.end();
    ledger.import(&[with(events::complaint("c1"), "subject", "a1")]);
    are_what_is_printed(&ledger);
    let service = Service::start(&ledger);
    caught_up(&ledger);
    are_what_is_printed(&ledger);
    drop(service);
}

#[test]
fn whenever_it_is_killed_the_tables_are_those_of_their_checkpoint() {
    let ledger = Ledger::new();
    for (round, part) in made_events(1_600, 2).chunks(200).enumerate() {
        let service = Service::start(&ledger);
        let mut command = ledger.command(&["import", "-"]);
        let mut import = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut to = import.stdin.take().unwrap();
        let lines = part.to_vec();
        let sends = std::thread::spawn(move || {
            use std::io::Write;
            for part in lines.chunks(20) {
                let _ = to.write_all((part.join("\n") + "\n").as_bytes());
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        });
        std::thread::sleep(std::time::Duration::from_millis(40 + 30 * round as u64));
        service.kill();
        sends.join().unwrap();
        import.wait().unwrap();
        if ledger.run(&["readmodel", "status"]).code == 0 {
            are_what_is_printed(&ledger);
        }
    }
    let service = Service::start(&ledger);
    caught_up(&ledger);
    are_what_is_printed(&ledger);
    drop(service);
}

#[test]
fn one_of_two_refreshes_and_the_other_takes_over_when_it_is_gone() {
    let ledger = Ledger::new();
    let first = Service::start(&ledger);
    ledger.import_text(made_events(100, 3).join("\n"), &[]);
    caught_up(&ledger);
    let second = Service::start(&ledger);
    ledger.import_text(made_events(100, 4).join("\n"), &[]);
    caught_up(&ledger);
    first.kill();
    ledger.import_text(made_events(100, 5).join("\n"), &[]);
    caught_up(&ledger);
    are_what_is_printed(&ledger);
    assert_eq!(status(&ledger).2, 1, "nobody made the tables anew");
    drop(second);
}

#[test]
fn tables_are_made_anew_beside_those_that_are_read() {
    let ledger = Ledger::new();
    let service = Service::start(&ledger);
    ledger.import_text(made_events(100, 6).join("\n"), &[]);
    caught_up(&ledger);
    let was = status(&ledger);
    ledger.run(&["readmodel", "rebuild"]).good();
    let is = status(&ledger);
    assert!(is.0 >= was.0 && is.2 == was.2 + 1, "{was:?} {is:?}");
    // The service goes on with them.
    ledger.import_text(made_events(100, 7).join("\n"), &[]);
    caught_up(&ledger);
    are_what_is_printed(&ledger);
    assert_eq!(status(&ledger).2, is.2);
    drop(service);
}

#[test]
fn tables_of_another_log_are_made_anew() {
    let ledger = Ledger::new();
    ledger.import_text(made_events(100, 8).join("\n"), &[]);
    ledger.run(&["readmodel", "rebuild"]).good();
    // Another log takes the place of this one: its events are others.
    match ledger.place.database() {
        Some(database) => {
            database.execute("DROP SCHEMA public CASCADE");
            database.execute("CREATE SCHEMA public");
        }
        None => std::fs::remove_file(ledger.path("standing.db")).unwrap(),
    }
    ledger.run(&["init", "--preset", "weibo"]).good();
    ledger.import_text(made_events(200, 9).join("\n"), &[]);
    let service = Service::start(&ledger);
    let head = head(&ledger);
    wait(&ledger, |(position, _, generation)| {
        position == head && generation == 2
    });
    are_what_is_printed(&ledger);
    drop(service);
}

#[test]
fn a_row_that_somebody_changed_is_found() {
    let ledger = Ledger::new();
    ledger.import_text(made_events(100, 10).join("\n"), &[]);
    ledger.run(&["readmodel", "rebuild"]).good();
    let sql = "UPDATE apps SET score = score + 1 WHERE app = 'lantern-photo-10-0'";
    match ledger.place.database() {
        Some(database) => database.execute(&sql.replace("apps", "readmodel.apps")),
        None => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                use sqlx::ConnectOptions;
                let file = ledger.path("standing.readmodel.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
                let mut conn = options.connect().await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
            });
        }
    }
    let ran = ledger.run(&["readmodel", "check"]).with_code(1);
    assert_eq!(lines(&ran.out)[0]["differences"], 1);
    assert!(ran.err.contains("lantern-photo-10-0"), "{}", ran.err);
    ledger.run(&["readmodel", "rebuild"]).good();
    are_what_is_printed(&ledger);
}

#[test]
fn every_column_is_documented() {
    let page = include_str!("../../docs/readmodel.md");
    let printed = Ledger::none().run(&["readmodel", "columns"]).good().out;
    assert!(
        page.contains(printed.trim_end()),
        "write what `standing readmodel columns` prints into the page"
    );
}

#[test]
fn tables_that_are_deleted_under_a_service_are_made_anew() {
    let ledger = Ledger::new();
    ledger.import_text(made_events(100, 30).join("\n"), &[]);
    let server = ledger.serve(&[]);
    let token = ledger.token("auditor", &[]);
    caught_up(&ledger);
    server.json_with("/v1/plaza", &token);
    match ledger.place.database() {
        Some(database) => database.execute("DROP SCHEMA readmodel CASCADE"),
        None => {
            for ending in ["", "-wal", "-shm"] {
                let file = format!("standing.readmodel.db{ending}");
                std::fs::remove_file(ledger.path(&file)).unwrap();
            }
        }
    }
    ledger.import_text(made_events(100, 31).join("\n"), &[]);
    caught_up(&ledger);
    let path = format!("/v1/plaza?min_position={}", head(&ledger));
    let begun = std::time::Instant::now();
    while server.ask_with("GET", &path, Some(&token)).status != 200 {
        assert!(begun.elapsed().as_secs() < 60, "readers see no new tables");
    }
    drop(server);
    are_what_is_printed(&ledger);
}
