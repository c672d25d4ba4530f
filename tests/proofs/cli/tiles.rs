//! `standing tiles`.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::{checkpoint, complain, ground, is_file, tamper};
use crate::common::events::{complaint, with};
use crate::common::{Ledger, Ran};

fn tiles(ledger: &Ledger) -> Ran {
    ledger.run(&["tiles", "out"])
}

/// The files of a folder with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let file = entry.file_name().into_string().unwrap();
            let name = if name.is_empty() {
                file
            } else {
                format!("{name}/{file}")
            };
            if entry.path().is_dir() {
                walk(&entry.path(), &name, files);
            } else {
                files.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(folder, "", &mut all);
    all
}

fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

/// The leaves of a bundle.
fn leaves(mut bundle: &[u8]) -> Vec<&[u8]> {
    let mut leaves = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (leaf, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        leaves.push(leaf);
        bundle = rest;
    }
    leaves
}

#[test]
fn a_log_is_tiles_bundles_and_a_checkpoint() {
    let ledger = ground(600);
    let written = tiles(&ledger).good();
    assert_eq!(
        written.lines()[0],
        json!({"tree_size": 606, "files_written": 8, "files_kept": 0})
    );
    let files = files(&ledger.path("out"));
    assert_eq!(
        names(&files),
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/94",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/94",
        ]
    );
    assert_eq!(files["checkpoint"], checkpoint(&ledger).into_bytes());
    assert_eq!(
        (files["tile/0/000"].len(), files["tile/1/000.p/2"].len()),
        (8_192, 64)
    );
    let bundle = leaves(&files["tile/entries/002.p/94"]);
    assert_eq!(bundle.len(), 94);
    assert!(bundle[93].starts_with(b"{\"data\":"));
    // Anybody may read them.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(ledger.path("out/tile/0/000")).unwrap();
        assert_ne!(metadata.permissions().mode() & 0o044, 0);
    }
}

#[test]
fn only_what_is_missing_is_written() {
    let ledger = ground(600);
    tiles(&ledger).good();
    let before = files(&ledger.path("out"));
    let again = tiles(&ledger).good();
    assert_eq!(
        again.lines()[0],
        json!({"tree_size": 606, "files_written": 0, "files_kept": 8})
    );
    assert_eq!(files(&ledger.path("out")), before);
    // A file that is lost or cut off comes back.
    for damage in [
        "tile/0/000",
        "tile/entries/001",
        "tile/1/000.p/2",
        "tile/0/002.p/94",
    ] {
        std::fs::remove_file(ledger.path("out").join(damage)).unwrap();
        tiles(&ledger).good();
        assert_eq!(files(&ledger.path("out")), before, "{damage}");
    }
    std::fs::write(ledger.path("out/tile/0/001"), b"short").unwrap();
    tiles(&ledger).good();
    assert_eq!(files(&ledger.path("out")), before);
    // Without the checkpoint nothing is taken for granted.
    std::fs::remove_file(ledger.path("out/checkpoint")).unwrap();
    std::fs::write(ledger.path("out/tile/entries/000"), b"other").unwrap();
    let again = tiles(&ledger).good();
    assert_eq!(
        again.lines()[0],
        json!({"tree_size": 606, "files_written": 2, "files_kept": 6})
    );
    assert_eq!(files(&ledger.path("out")), before);
}

#[test]
fn parts_stay_until_their_tile_is_whole() {
    let ledger = ground(100);
    checkpoint(&ledger);
    sleep(Duration::from_millis(1_100));
    complain(&ledger, 100..200);
    tiles(&ledger).good();
    // What the first checkpoint speaks of is there too, though nothing was written then.
    let parts = [
        "tile/0/000.p/106",
        "tile/0/000.p/206",
        "tile/entries/000.p/106",
        "tile/entries/000.p/206",
    ];
    assert_eq!(names(&files(&ledger.path("out")))[1..], parts);
    sleep(Duration::from_millis(1_100));
    complain(&ledger, 200..300);
    tiles(&ledger).good();
    assert_eq!(
        names(&files(&ledger.path("out"))),
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001.p/50",
            "tile/1/000.p/1",
            "tile/entries/000",
            "tile/entries/001.p/50"
        ]
    );
}

#[test]
fn a_folder_holds_one_log() {
    let ledger = ground(10);
    tiles(&ledger).good();
    let before = files(&ledger.path("out"));
    let out = ledger.path("out").display().to_string();
    // Another log by another name.
    let other = ground(20);
    other
        .run(&["keys", "new", "example.com/other", "-o", "other.key"])
        .good();
    let refused = other
        .run(&["tiles", &out, "--key", "other.key"])
        .with_code(1);
    assert!(
        refused.err.contains(
            "the folder holds the log `example.com/log`, and this one is `example.com/other`"
        ),
        "{}",
        refused.err
    );
    assert!(
        refused
            .err
            .contains("hint: name a folder for this log alone")
    );
    // Another log by the same name.
    let refused = other.run(&["tiles", &out]).with_code(1);
    assert!(
        refused
            .err
            .contains("the log was rewritten: its first 16 events"),
        "{}",
        refused.err
    );
    // The same log as it was before.
    let shorter = ground(3);
    let refused = shorter.run(&["tiles", &out]).with_code(1);
    assert!(
        refused.err.contains("events were taken out of the log"),
        "{}",
        refused.err
    );
    assert_eq!(files(&ledger.path("out")), before);
    // Something else.
    ledger.write("out/checkpoint", "hello");
    let refused = tiles(&ledger).with_code(1);
    assert!(
        refused.err.contains("out/checkpoint` is no checkpoint"),
        "{}",
        refused.err
    );
    let refused = ledger.run(&["tiles", "standing.key"]).with_code(1);
    assert!(
        refused.err.contains("error: `standing.key"),
        "{}",
        refused.err
    );
}

#[test]
fn without_a_key_the_newest_kept_checkpoint_is_published() {
    let ledger = ground(10);
    let key = std::fs::read(ledger.path("standing.key")).unwrap();
    std::fs::remove_file(ledger.path("standing.key")).unwrap();
    let refused = tiles(&ledger).with_code(1);
    assert!(
        refused.err.contains("the ledger keeps no checkpoint"),
        "{}",
        refused.err
    );
    assert!(!ledger.path("out").exists());
    ledger.write("away.key", key);
    let note = ledger.run(&["checkpoint", "--key", "away.key"]).good().out;
    complain(&ledger, 10..20);
    assert_eq!(tiles(&ledger).good().lines()[0]["tree_size"], 16);
    assert_eq!(files(&ledger.path("out"))["checkpoint"], note.into_bytes());
}

#[test]
fn nothing_private_is_ever_published() {
    let ledger = ground(300);
    let private = |id: &str| with(complaint(id), "private", json!({"name": "Han Meimei"}));
    ledger
        .import(&[private("p1"), private("p2")])
        .counts(2, 0, 0);
    ledger
        .run(&["erase", "308", "--reason", "asked for"])
        .good();
    tiles(&ledger).good();
    for (name, content) in files(&ledger.path("out")) {
        let held = content.windows(10).any(|bytes| bytes == b"Han Meimei");
        assert!(!held, "{name}");
    }
}

#[test]
fn a_damaged_log_is_not_published() {
    if !is_file() {
        return;
    }
    for sql in [
        "UPDATE events SET json = replace(json, 'normal', 'strong') WHERE position = 300",
        "UPDATE events SET json = replace(json, 'normal', 'strong') WHERE position = 600",
        "DELETE FROM tree WHERE number = 0",
    ] {
        let ledger = ground(600);
        checkpoint(&ledger);
        tamper(&ledger, sql);
        let refused = tiles(&ledger).with_code(1);
        assert!(
            refused.err.contains("the ledger is damaged"),
            "{}",
            refused.err
        );
        assert!(!ledger.path("out/checkpoint").exists());
    }
}

#[test]
fn an_event_that_is_too_long_for_a_file_is_named() {
    if !is_file() {
        return;
    }
    // No intake takes one, but a ledger may have one from elsewhere.
    let ledger = ground(3);
    let leaf = json!({"x": "y".repeat(65_536)}).to_string();
    let hash = standing::ledger::tree::Hash::of_leaf(leaf.as_bytes());
    tamper(
        &ledger,
        &format!("UPDATE events SET json = '{leaf}', hash = x'{hash}' WHERE position = 8"),
    );
    let refused = tiles(&ledger).with_code(1);
    assert!(
        refused.err.contains(
            "the event at position 8 has 65544 bytes, and a file of the log holds at most 65535"
        ),
        "{}",
        refused.err
    );
}
