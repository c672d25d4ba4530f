//! The commands, with a snapshot and without.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::cases::{Case, cases};
use crate::common::events::*;
use crate::common::{Ledger, text};

const AS_OF: [&str; 2] = ["--as-of", "2016-09-01T00:00:00Z"];
const SNAPSHOT: [&str; 2] = ["--snapshot", "standing.snapshot"];

fn ground() -> Ledger {
    let ledger = Ledger::new();
    let history = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/history.jsonl"
    ));
    let imported = ledger.import_text(history.unwrap(), &["--trust-recorded-time"]);
    imported.counts(168, 0, 0);
    ledger
}

fn kept(ledger: &Ledger) -> Value {
    let ran = ledger.run(&["snapshot"]).good();
    serde_json::from_str(&ran.out).unwrap()
}

/// The tables of the snapshot.
fn tables(ledger: &Ledger) -> PathBuf {
    let entries = fs::read_dir(ledger.path("standing.snapshot")).unwrap();
    let mut all = entries.map(|entry| entry.unwrap().path());
    all.find(|path| path.is_dir()).unwrap()
}

/// What commands print of everybody, with more arguments.
fn printed(ledger: &Ledger, more: &[&str]) -> [(String, String); 4] {
    [
        &["recompute"][..],
        &["assess", "--format", "jsonl"],
        &["plaza"],
        &["show", "harbour-desk", "--format", "table"],
    ]
    .map(|command| {
        let ran = ledger.run(&[command, &AS_OF, more].concat()).good();
        (ran.out, ran.err)
    })
}

/// Fails where an answer with the snapshot is another, or the message is.
#[track_caller]
fn same(ledger: &Ledger, more: &[&str], message: &str) {
    let without = printed(ledger, more);
    let with = printed(ledger, &[&SNAPSHOT, more].concat());
    for ((want, _), (got, _)) in without.iter().zip(&with) {
        assert_eq!(want, got);
    }
    // A page is of everybody only where it has a rank.
    for (_, said) in &with[..3] {
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn every_case_is_answered_as_without_one() {
    for dir in cases() {
        let case = Case::load(dir);
        let ledger = &case.ledger;
        kept(ledger);
        for ask in case.asks() {
            let mut args = vec!["--as-of", text(ask, "as_of")];
            if let Some(known_at) = ask["known_at"].as_str() {
                args.extend(["--known-at", known_at]);
            }
            for command in ["assess", "plaza"] {
                let ask = [&[command], &args[..]].concat();
                let want = ledger.run(&ask).good();
                let got = ledger.run(&[&ask[..], &SNAPSHOT].concat()).good();
                assert_eq!(want.out, got.out, "{}", case.dir.display());
                assert!(
                    got.err.contains("begun with the snapshot at @"),
                    "{}",
                    got.err
                );
            }
        }
    }
}

#[test]
fn what_came_after_it_is_taken_from_the_log_and_what_was_not_known_is_left_out() {
    let ledger = ground();
    let first = kept(&ledger);
    assert_eq!(first["position"], 171);
    assert_eq!(
        (&first["developers"], &first["apps"]),
        (&json!(6), &json!(10))
    );
    same(&ledger, &[], "begun with the snapshot at @171");
    for known_at in ["@90", "@170"] {
        same(
            &ledger,
            &["--known-at", known_at],
            "begun with the snapshot at @171",
        );
    }
    let before = tables(&ledger);
    let at = "2016-08-30T00:00:00Z";
    let outage =
        |id: &str, what: &str, of: &str| with(outage(id, what, at, of), "subject", "harbour-desk");
    // The tail speaks of an outage and of an event that the snapshot has.
    ledger
        .import(&[outage("o-1", "started", "n-1")])
        .counts(1, 0, 0);
    kept(&ledger);
    ledger
        .import(&[
            with(developer("new"), "time", at),
            app("new-app", "new", "general"),
            outage("o-2", "started", "n-2"),
            outage("o-3", "ended", "n-1"),
            with(complaint("c-new"), "subject", "harbour-desk"),
            retraction("r-new", "harbour-desk", json!({"id": "o-1"})),
        ])
        .counts(6, 0, 0);
    same(&ledger, &[], "begun with the snapshot at @172");
    same(
        &ledger,
        &["--known-at", "@176"],
        "begun with the snapshot at @172",
    );
    let grown = kept(&ledger);
    assert_eq!(grown["position"], 178);
    assert!(!before.exists());
    same(&ledger, &[], "begun with the snapshot at @178");
    let again = ledger.run(&["snapshot"]).good();
    assert!(again.err.contains("it is up to date"), "{}", again.err);
    // Made at once it is the same.
    let args = ["snapshot", "-o", "other"];
    let made: Value = serde_json::from_str(&ledger.run(&args).good().out).unwrap();
    assert_eq!(
        (&made["root"], &made["facts"]),
        (&grown["root"], &grown["facts"])
    );
    let verified: Value = serde_json::from_str(&ledger.run(&["verify"]).good().out).unwrap();
    assert_eq!(made["root"], verified["root"]);
}

#[test]
fn one_that_is_of_no_use_is_not_used_and_is_made_anew() {
    let ledger = ground();
    same(&ledger, &[], "there is no snapshot in `standing.snapshot`");
    // Of another log: the same events without one.
    let other = Ledger::new();
    other.import(&[developer("d1")]).counts(1, 0, 0);
    let folder = ledger.path("standing.snapshot");
    let here = folder.display().to_string();
    other.run(&["snapshot", "-o", &here]).good();
    same(&ledger, &[], "it is of another log");
    let ran = ledger.run(&["snapshot"]).good();
    assert!(
        ran.err.contains("is not carried on: it is of another log"),
        "{}",
        ran.err
    );
    same(&ledger, &[], "begun with the snapshot at @171");
    // Newer than the log.
    let ran = other.run(&["plaza", "--snapshot", &here]).good();
    assert!(
        ran.err.contains("it is of 171 events, and the log has 4"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, other.run(&["plaza"]).good().out);
    // Damaged.
    let facts = tables(&ledger).join("facts-00001.parquet");
    let bytes = fs::read(&facts).unwrap();
    let mut damaged = bytes.clone();
    damaged[1000] ^= 1;
    fs::write(&facts, damaged).unwrap();
    same(&ledger, &[], "is damaged: it is not what was written");
    fs::remove_file(&facts).unwrap();
    same(&ledger, &[], "facts-00001.parquet`: ");
    kept(&ledger);
    same(&ledger, &[], "begun with the snapshot at @171");
    // By another version.
    let manifest = folder.join("manifest.json");
    let of_another = fs::read_to_string(&manifest).unwrap();
    let of_another = of_another.replace(r#""standing_snapshot":2"#, r#""standing_snapshot":9"#);
    fs::write(&manifest, of_another).unwrap();
    same(
        &ledger,
        &[],
        "was written by another version of this program",
    );
    fs::write(&manifest, "{}").unwrap();
    same(&ledger, &[], "manifest.json` is damaged: ");
    kept(&ledger);
    same(&ledger, &[], "begun with the snapshot at @171");
}

#[test]
fn tables_of_two_snapshots_are_no_snapshot() {
    let ledger = ground();
    let keep = |name: &str| {
        ledger.run(&["snapshot", "-o", name]).good();
        let entries = fs::read_dir(ledger.path(name)).unwrap();
        let mut all = entries.map(|entry| entry.unwrap().path());
        all.find(|path| path.is_dir()).unwrap()
    };
    let one = keep("standing.snapshot");
    ledger.import(&[developer("new")]).counts(1, 0, 0);
    let other = keep("other");
    for file in ["developers-00001.parquet", "facts-00001.parquet"] {
        fs::copy(other.join(file), one.join(file)).unwrap();
    }
    same(&ledger, &[], "is damaged: ");
}

#[test]
fn only_what_it_wrote_is_removed() {
    let ledger = ground();
    let folder = ledger.path("standing.snapshot");
    fs::create_dir_all(folder.join("tables-1-1")).unwrap();
    fs::create_dir_all(folder.join("2016")).unwrap();
    for mine in [
        "notes.txt",
        "2016/facts-00001.parquet",
        "tables-1-1/mine.csv",
    ] {
        fs::write(folder.join(mine), "mine").unwrap();
    }
    fs::write(folder.join("tables-1-1/names.parquet"), "old").unwrap();
    kept(&ledger);
    for mine in [
        "notes.txt",
        "2016/facts-00001.parquet",
        "tables-1-1/mine.csv",
    ] {
        assert_eq!(fs::read_to_string(folder.join(mine)).unwrap(), "mine");
    }
    assert!(!folder.join("tables-1-1/names.parquet").exists());
    same(&ledger, &[], "begun with the snapshot at @171");
}

#[test]
fn what_cannot_be_written_is_named_and_what_was_there_stays() {
    let ledger = ground();
    ledger.write("file", "mine");
    let refused = ledger.run(&["snapshot", "-o", "file"]).with_code(1);
    assert!(refused.err.contains("`file`: "), "{}", refused.err);
    let none = ledger
        .run(&["snapshot", "--ledger", "none.db"])
        .with_code(1);
    assert!(none.err.contains("none.db"), "{}", none.err);
    assert!(!ledger.path("standing.snapshot").exists());
    kept(&ledger);
    // Somebody else is at it.
    ledger.import(&[developer("new")]).counts(1, 0, 0);
    let lock = fs::File::create(ledger.path("standing.snapshot/lock")).unwrap();
    lock.lock().unwrap();
    let busy = ledger.run(&["snapshot"]).with_code(1);
    assert!(
        busy.err.contains("another process is writing"),
        "{}",
        busy.err
    );
    lock.unlock().unwrap();
    same(&ledger, &[], "begun with the snapshot at @171");
    kept(&ledger);
    same(&ledger, &[], "begun with the snapshot at @172");
}

#[test]
#[cfg(unix)]
fn a_disk_without_room_leaves_the_old_one() {
    use std::process::Command;
    let ledger = ground();
    kept(&ledger);
    // Texts that no compression makes short.
    let mut rng = fastrand::Rng::with_seed(1);
    let more = (0..10).map(|number| {
        let reason: String = (0..30_000).map(|_| rng.alphanumeric()).collect();
        let data = json!({"class": "normal", "reason": reason});
        let event = with(complaint(&format!("c{number}")), "data", data);
        with(event, "subject", "harbour-desk")
    });
    ledger.import(&more.collect::<Vec<_>>()).counts(10, 0, 0);
    let program = env!("CARGO_BIN_EXE_standing");
    // No file may grow longer than that, which is the error of a full disk in all but its number.
    let script = format!("trap '' XFSZ; ulimit -f 200; exec {program} snapshot");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(ledger.path(""));
    let ran: crate::common::Ran = ledger.place.name_to(&mut command).output().unwrap().into();
    let ran = ran.with_code(1);
    let message = "names.parquet`: File too large";
    assert!(ran.err.contains(message), "{}", ran.err);
    let left = fs::read_dir(ledger.path("standing.snapshot")).unwrap();
    assert_eq!(left.count(), 3);
    same(&ledger, &[], "begun with the snapshot at @171");
}

#[test]
fn a_made_up_one_needs_no_ledger_and_is_used_for_none() {
    let ledger = ground();
    let made = ledger.path("made");
    make_up(&made);
    let ask = |command: &[&str]| {
        let made = ["--snapshot", "made", "--ledger", "none.db"];
        ledger.run(&[command, &made].concat())
    };
    let all = ask(&["recompute", "--as-of", "2016-01-01T00:00:00Z"]).good();
    assert_eq!(all.out.lines().count(), 1);
    assert!(
        all.err.contains("made up: no log is behind the snapshot"),
        "{}",
        all.err
    );
    assert!(all.err.contains("known at @2"), "{}", all.err);
    let none = ask(&["recompute", "--known-at", "@1"]).good();
    assert_eq!(none.out, "");
    for (command, message) in [
        (
            &["plaza", "--known-at", "@3"][..],
            "the snapshot ends at position 2, before 3",
        ),
        (
            &["plaza", "--known-at", "2016-01-01T00:00:00Z"],
            "name a position",
        ),
        (
            &["assess", "--developer", "d1"],
            "questions of everybody only",
        ),
        (&["export", "out"], "no log is behind it"),
        (&["show", "d1"], "questions of everybody only"),
    ] {
        let refused = ask(command).with_code(1);
        assert!(refused.err.contains(message), "{}", refused.err);
    }
    assert!(!ledger.path("out").exists());
    // Where there is a ledger, that is asked.
    let asked = ledger.run(&["plaza", "--snapshot", "made"]).good();
    assert_eq!(asked.out, ledger.run(&["plaza"]).good().out);
    assert!(asked.err.contains("it is made up"), "{}", asked.err);
    let replaced = ledger.run(&["snapshot", "-o", "made"]).good();
    assert!(replaced.err.contains("it is made up"), "{}", replaced.err);
}

/// A snapshot that no log is behind, as the generator of the examples writes them.
fn make_up(folder: &Path) {
    use standing::history::snapshot::{Origin, Snapshot};
    use standing_projections::facts::History;
    use standing_projections::{Event, Position, Rulebook};
    let toml = crate::common::rulebook(crate::common::WEIBO[0]);
    let book = Rulebook::parse(&toml).unwrap();
    let event = |kind: &str, subject: &str, data: Value| {
        let event = json!({
            "specversion": "1.0", "id": kind, "source": "/made", "type": kind,
            "time": "2015-01-01T00:00:00Z", "subject": subject, "data": data,
        });
        Event::from_json(&event).unwrap()
    };
    let sha256 = "0".repeat(64);
    let data = json!({"version": book.version, "toml": toml, "sha256": sha256});
    let events = [
        event("rulebook.published", &book.id, data),
        event(
            "developer.registered",
            "d1",
            json!({"name": "D", "kind": "service"}),
        ),
    ];
    let history = History::of((1..).map(Position).zip(&events));
    Snapshot::write(folder, &history, Origin::MadeUp).unwrap();
}
