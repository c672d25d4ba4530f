//! `standing backup`, `restore` and `copy`: the same log elsewhere.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::events::*;
use common::{Ledger, text};
use serde_json::{Value, json};

/// A ledger with some of everything: a retraction, something private and something erased.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let history = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/history.jsonl"
    ));
    ledger.import_text(history.unwrap(), &["--trust-recorded-time"]);
    let private = |id: &str, name: &str| {
        let data = json!({"class": "normal"});
        let complaint = event(id, "complaint.received", T, "maple-crm", data);
        with(complaint, "private", json!({"name": name}))
    };
    ledger
        .import(&[private("p1", "Li Lei"), private("p2", "Han Meimei")])
        .counts(2, 0, 0);
    let head = ledger.audit(&[]).len().to_string();
    ledger
        .run(&["erase", &head, "--reason", "asked for"])
        .good();
    ledger
}

/// What a ledger says of its log, its standing and what is private in it.
fn all(ledger: &Ledger, path: Option<&str>) -> [String; 3] {
    let run = |args: &[&str]| {
        let mut all = args.to_vec();
        if let Some(path) = path {
            all.extend(["--ledger", path]);
        }
        ledger.run(&all).good().out
    };
    [
        run(&["audit", "--format", "jsonl"]),
        run(&[
            "assess",
            "--as-of",
            "2016-09-01T00:00:00Z",
            "--format",
            "jsonl",
        ]),
        run(&["audit", "--private", "--format", "jsonl"]),
    ]
}

#[test]
fn a_backup_is_the_same_log_without_what_is_private() {
    let ledger = ground();
    let [log, standing, private] = all(&ledger, None);
    assert!(private.contains("Li Lei") && !private.contains("Han Meimei"));
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.db"] {
        let made = ledger.run(&["backup", name]).good();
        assert_eq!(made.out, "");
        assert!(
            made.err
                .contains(&format!("`{name}` holds 174 events; the root is ")),
            "{}",
            made.err
        );
        let back = format!("{name}.back.db");
        let restored = ledger.run(&["restore", name, "--ledger", &back]).good();
        assert_eq!(
            made.err.split("the root is ").nth(1),
            restored.err.split("the root is ").nth(1)
        );
        let [its_log, its_standing, its_private] = all(&ledger, Some(&back));
        assert_eq!((&its_log, &its_standing), (&log, &standing));
        assert_eq!(its_private, its_log);
        let bytes = std::fs::read(ledger.path(&back)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"Li Lei"));
    }
}

#[test]
fn what_is_private_is_taken_along_where_that_is_asked() {
    let ledger = ground();
    for name in ["a.jsonl", "a.db"] {
        ledger.run(&["backup", name, "--with-private"]).good();
        let back = format!("{name}.back.db");
        ledger.run(&["restore", name, "--ledger", &back]).good();
        assert_eq!(all(&ledger, Some(&back)), all(&ledger, None));
    }
    ledger
        .run(&["copy", "--to", "c.db", "--with-private"])
        .good();
    assert_eq!(all(&ledger, Some("c.db")), all(&ledger, None));
    // It can still be erased there.
    let erase = [
        "erase",
        "--subject",
        "maple-crm",
        "--reason",
        "asked for",
        "--ledger",
        "c.db",
    ];
    assert_eq!(ledger.run(&erase).good().lines().len(), 1);
}

#[test]
fn a_copy_goes_on_where_it_stopped() {
    let ledger = ground();
    let archive = {
        ledger.run(&["backup", "a.jsonl"]).good();
        ledger.read("a.jsonl")
    };
    // A backup that breaks off can be restored whole later.
    let cut: Vec<&str> = archive.lines().take(101).collect();
    ledger.write("cut.jsonl", format!("{}\n", cut.join("\n")));
    let ran = ledger.feed(
        &["restore", "-", "--ledger", "b.db"],
        ledger.read("cut.jsonl"),
    );
    assert_eq!(ran.code, 1);
    assert!(
        ran.err
            .contains("line 102 of the archive: the archive ends before event 101"),
        "{}",
        ran.err
    );
    ledger
        .run(&["restore", "a.jsonl", "--ledger", "b.db"])
        .good();
    // Later events come with the next one.
    ledger.run(&["copy", "--to", "c.db"]).good();
    let name = ledger.place.name();
    let record = ["record", "complaint.received", "maple-crm", "class=normal"];
    ledger.run(&record).good();
    for (args, before) in [
        (vec!["copy", "--to", "c.db"], 174),
        (vec!["copy", "--from", &name, "--to", "c.db"], 175),
    ] {
        let ran = ledger.run(&args).good();
        let said = format!("`c.db` holds 175 events, {before} of them there before; the root is ");
        assert!(ran.err.contains(&said), "{}", ran.err);
    }
    assert_eq!(all(&ledger, Some("c.db"))[0], all(&ledger, None)[0]);
    // The archive holds the first 174.
    let ran = ledger
        .run(&["restore", "a.jsonl", "--ledger", "c.db"])
        .with_code(1);
    assert!(
        ran.err
            .contains("the target has 175 events, more than the 174"),
        "{}",
        ran.err
    );
}

#[test]
fn a_copy_is_a_ledger_like_any_other() {
    let ledger = ground();
    ledger.run(&["copy", "--to", "c.db"]).good();
    let record = [
        "record",
        "complaint.received",
        "maple-crm",
        "class=normal",
        "--ledger",
        "c.db",
    ];
    assert_eq!(ledger.run(&record).good().out, "175\n");
    // And from then on a log of its own.
    ledger.run(&record[..4]).good();
    let ran = ledger.run(&["copy", "--to", "c.db"]).with_code(1);
    assert!(
        ran.err
            .contains("the target holds another log: its 175 events are not the first"),
        "{}",
        ran.err
    );
}

#[test]
fn an_archive_has_each_event_as_it_is_hashed() {
    let ledger = ground();
    let ran = ledger.run(&["backup", "-"]).good();
    let lines: Vec<&str> = ran.out.lines().collect();
    let header: Value = serde_json::from_str(lines[0]).unwrap();
    let header = &header["standing_archive"];
    assert_eq!(
        (&header["version"], &header["size"]),
        (&json!(1), &json!(174))
    );
    assert_eq!(header["private"], json!(false));
    assert_eq!(lines.len(), 175);
    let trail = ledger.audit(&[]);
    for (line, event) in lines[1..].iter().zip(trail) {
        let leaf: Value = serde_json::from_str(line).unwrap();
        assert_eq!(leaf["recordedtime"], event["recordedtime"]);
        assert_eq!(text(&leaf, "id"), text(&event, "id"));
    }
}

#[test]
fn a_damaged_archive_is_found() {
    let ledger = ground();
    ledger.run(&["backup", "a.jsonl", "--with-private"]).good();
    let good = ledger.read("a.jsonl");
    let lines: Vec<String> = good.lines().map(str::to_owned).collect();
    let change = |line: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        assert!(lines[line].contains(from), "{}", lines[line]);
        lines[line] = lines[line].replacen(from, to, 1);
        lines
    };
    let mut swapped = lines.clone();
    swapped.swap(60, 61);
    let mut twice = lines.clone();
    twice.insert(50, lines[49].clone());
    let mut missing = lines.clone();
    missing.remove(80);
    let private = lines
        .iter()
        .position(|line| line.starts_with("{\"private\""))
        .unwrap();
    for (what, lines, message) in [
        (
            "header",
            change(0, "standing_archive", "standing_archives"),
            "is no backup of a ledger",
        ),
        (
            "version",
            change(0, "\"version\":1", "\"version\":2"),
            "use a newer program",
        ),
        (
            "root",
            change(0, "\"root\":\"", "\"root\":\"0"),
            "`root` is no hash",
        ),
        (
            "size",
            change(0, "\"size\":174", "\"size\":173"),
            "where the source says",
        ),
        (
            "larger",
            change(0, "\"size\":174", "\"size\":175"),
            "the archive ends before event 175",
        ),
        (
            "an event",
            change(70, "\"type\":\"", "\"type\":\"x"),
            "line 71",
        ),
        (
            "an id",
            change(70, "\"id\":\"demo", "\"id\":\"demu"),
            "where the source says",
        ),
        (
            "private",
            change(private, "\"position\":172", "\"position\":171"),
            "no private content of the next event",
        ),
        (
            "the key",
            change(private, "\"key\":\"", "\"key\":\"z"),
            "`key` is no key",
        ),
        ("an order", swapped, "where the source says"),
        ("a repetition", twice, "line 174"),
        ("a gap", missing, "line 172"),
        ("no JSON", change(70, "{", ""), "line 71"),
    ] {
        ledger.write("bad.jsonl", lines.join("\n") + "\n");
        let ran = ledger.run(&["restore", "bad.jsonl", "--ledger", &format!("{what}.db")]);
        assert_eq!(ran.code, 1, "{what}: {}", ran.err);
        assert!(ran.err.contains(message), "{what}: {}", ran.err);
        assert!(!ledger.path(&format!("{what}.db")).exists(), "{what}");
        // What comes on standard input is read but once, and still no damage goes unseen.
        let other = format!("{what}.2.db");
        let ran = ledger.feed(
            &["restore", "-", "--ledger", &other],
            lines.join("\n") + "\n",
        );
        assert_eq!(ran.code, 1, "{what}: {}", ran.err);
    }
    ledger.write("cut.jsonl", good.trim_end());
    let ran = ledger
        .run(&["restore", "cut.jsonl", "--ledger", "cut.db"])
        .with_code(1);
    assert!(ran.err.contains("cut off"), "{}", ran.err);
    ledger.write("none.jsonl", "");
    let ran = ledger
        .run(&["restore", "none.jsonl", "--ledger", "none.db"])
        .with_code(1);
    assert!(ran.err.contains("is no backup of a ledger"), "{}", ran.err);
    assert!(!ledger.path("none.db").exists());
}

#[test]
fn a_backup_takes_no_file_that_is_there() {
    let ledger = ground();
    ledger.write("a.jsonl", "mine");
    let ran = ledger.run(&["backup", "a.jsonl"]).with_code(1);
    assert!(
        ran.err.contains("`a.jsonl` is there already"),
        "{}",
        ran.err
    );
    assert_eq!(ledger.read("a.jsonl"), "mine");
    let ran = ledger.run(&["backup", "no/such/folder.jsonl"]).with_code(1);
    assert!(ran.err.contains("cannot be written"), "{}", ran.err);
    let ran = ledger
        .run(&["restore", "nothing.jsonl", "--ledger", "n.db"])
        .with_code(1);
    assert!(
        ran.err.contains("`nothing.jsonl` cannot be read"),
        "{}",
        ran.err
    );
    let ran = ledger
        .run(&["copy", "--from", "nothing.db", "--to", "n.db"])
        .with_code(1);
    assert!(
        ran.err.contains("there is no ledger at `nothing.db`"),
        "{}",
        ran.err
    );
    assert!(!ledger.path("n.db").exists());
}

#[test]
fn a_whole_log_is_not_taken_for_events() {
    let ledger = ground();
    ledger.run(&["backup", "all.jsonl"]).good();
    ledger.run(&["backup", "all.jsonl.zst"]).good();
    ledger.run(&["backup", "all.db"]).good();
    let before = ledger.audit(&[]).len();
    for file in ["all.jsonl", "all.jsonl.zst", "all.db"] {
        let refused = ledger.run(&["import", file]).with_code(1);
        assert!(refused.err.contains("is a whole log"), "{}", refused.err);
        assert!(refused.err.contains("standing restore"), "{}", refused.err);
    }
    assert_eq!(ledger.audit(&[]).len(), before);
}

#[test]
fn a_log_is_not_copied_onto_itself() {
    let ledger = ground();
    let shown = ledger.place.name();
    let refused = ledger.run(&["copy", "--to", &shown]).with_code(1);
    assert!(
        refused.err.contains("is the ledger itself"),
        "{}",
        refused.err
    );
}
