//! What `export` leaves in a folder, and what it refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::events::*;
use crate::common::{Ledger, Ran, text};
use crate::folder::Folder;

const AS_OF: [&str; 2] = ["--as-of", "2016-03-02T00:00:00Z"];

/// A ledger with a developer, an app and a few events, one of which says something in private.
fn ground() -> Ledger {
    let ledger = Ledger::new();
    let private = json!({"complainant": "Li Lei"});
    let events = [
        with(developer("d1"), "actor", "clerk-7"),
        app("a1", "d1", "general"),
        with(complaint("c1"), "private", private),
        violation("v1", "a1", "bulk_scraping"),
        retraction("r1", "a1", json!({"id": "v1"})),
    ];
    ledger.import(&events).counts(5, 0, 0);
    ledger
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[track_caller]
fn refused(ran: Ran, message: &str) {
    let ran = ran.with_code(1);
    assert!(ran.err.contains(message), "{}", ran.err);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn the_documentation_has_the_columns_that_the_command_prints() {
    let ledger = Ledger::none();
    let printed = ledger.run(&["export", "--columns"]).good().out;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/export.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, _) = page.split_once("### events").unwrap();
    let wanted = format!("{before}{printed}");
    if std::env::var("STANDING_README").is_ok_and(|value| value == "write") {
        fs::write(&file, wanted).unwrap();
    } else {
        assert!(page == wanted, "write it anew with STANDING_README=write");
    }
    let some = ledger.run(&["export", "--columns", "--tables", "plaza"]);
    assert!(printed.ends_with(&some.good().out));
}

#[test]
fn an_export_made_again_is_the_same() {
    let ledger = ground();
    for form in ["csv", "parquet"] {
        let args = [&AS_OF[..], &["--known-at", "@8", "--format", form]].concat();
        let first = Folder::write(&ledger, &format!("{form}-1"), &args);
        // What comes later changes nothing at that position.
        ledger
            .import(&[complaint(&format!("later-{form}"))])
            .counts(1, 0, 0);
        let again = Folder::write(&ledger, &format!("{form}-2"), &args);
        assert_eq!(files(&first.path), files(&again.path));
        assert_eq!(first.manifest["known_at"], 8);
    }
}

#[test]
fn an_export_says_of_what_it_was_made() {
    let ledger = ground();
    let folder = Folder::write(&ledger, "out", &AS_OF);
    let verified: Value = serde_json::from_str(&ledger.run(&["verify"]).good().out).unwrap();
    assert_eq!(folder.manifest["root"], verified["root"]);
    assert_eq!(folder.manifest["known_at"], 8);
    assert_eq!(folder.manifest["as_of"], AS_OF[1]);
    assert_eq!(folder.manifest["time_zone"], "Asia/Shanghai");
    assert_eq!(folder.manifest["rulebook"]["version"], "2016-01-01");
    for table in folder.tables() {
        let metadata: BTreeMap<_, _> = folder.metadata(table).into_iter().collect();
        assert_eq!(metadata["standing.table"], table);
        assert_eq!(metadata["standing.known_at"], "8");
        assert_eq!(metadata["standing.as_of"], AS_OF[1]);
        assert_eq!(metadata["standing.root"], text(&folder.manifest, "root"));
        assert_eq!(metadata["standing.rulebook_version"], "2016-01-01");
    }
    // By rules of one's own: they were published nowhere.
    let rules = crate::common::rulebooks().join("weibo-2013-10-01.toml");
    let rules = ["--rules", rules.to_str().unwrap()];
    let folder = Folder::write(&ledger, "other", &[&AS_OF[..], &rules].concat());
    assert_eq!(
        folder.manifest["rulebook"]["versions"],
        json!(["2013-10-01"])
    );
    assert_eq!(folder.rows("rulebooks")[0]["position"], Value::Null);
    assert_eq!(folder.rows("months")[0]["rulebook_version"], "2013-10-01");
}

#[test]
fn what_is_private_is_in_no_table_and_what_is_taken_back_says_so() {
    let ledger = ground();
    for form in ["csv", "parquet"] {
        let folder = Folder::write(&ledger, form, &["--format", form]);
        for (name, bytes) in files(&folder.path) {
            let bytes = String::from_utf8_lossy(&bytes);
            assert!(
                !bytes.contains("Li Lei") && !bytes.contains("complainant"),
                "{name}"
            );
        }
        let events = folder.rows("events");
        assert!(!serde_json::to_string(&events).unwrap().contains("Li Lei"));
        assert_eq!(events[5]["data"], r#"{"class":"normal"}"#);
        assert_eq!(events[3]["actor"], "clerk-7");
        assert_eq!(events[4]["actor"], Value::Null);
        assert_eq!(events[6]["disregarded_by"], 8);
        assert_eq!(events[7]["target"], 7);
        assert!(folder.rows("violations").is_empty());
    }
    let before = Folder::write(&ledger, "before", &["--known-at", "@7"]);
    assert_eq!(before.rows("events")[6]["disregarded_by"], Value::Null);
    assert_eq!(before.rows("violations").len(), 1);
}

#[test]
fn texts_are_written_as_they_are() {
    let ledger = ground();
    let odd = "=1+1,\"a\"\r\nb; 中文 'x' \\";
    let note = json!({"class": "normal", "note": odd});
    ledger
        .import(&[with(complaint(odd), "data", note)])
        .counts(1, 0, 0);
    for form in ["csv", "parquet"] {
        let event = Folder::write(&ledger, form, &["--format", form])
            .rows("events")
            .pop();
        let event = event.unwrap();
        assert_eq!(event["id"], odd);
        let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
        assert_eq!(data["note"], odd);
    }
    let csv = ledger.read("csv/plaza.csv");
    assert_eq!(csv, "rank,app,developer,score,listed_since\r\n");
}

#[test]
fn only_the_tables_asked_for_are_written_and_each_once() {
    let ledger = ground();
    let args = [
        "export",
        "--tables",
        "plaza,events,plaza",
        "out",
        "--format",
        "csv",
    ];
    let ran = ledger.run(&args).good();
    let lines = [
        json!({"table": "events", "rows": 8, "file": "events.csv"}),
        json!({"table": "plaza", "rows": 0, "file": "plaza.csv"}),
    ];
    assert_eq!(ran.lines(), lines);
    let names: Vec<String> = files(&ledger.path("out")).into_keys().collect();
    assert_eq!(names, ["events.csv", "export.json", "plaza.csv"]);
    for (args, message) in [
        (
            &["--tables", "events,month"][..],
            "there is no table `month`; there are events, ",
        ),
        (&["--tables", ""], "there is no table ``"),
        (&["--format", "json"], "[possible values: parquet, csv]"),
        (&["--known-at", "@99"], "the ledger ends at position 8"),
    ] {
        refused(ledger.run(&[&["export", "no"], args].concat()), message);
        assert!(!ledger.path("no").exists(), "{args:?}");
    }
    refused(
        ledger.run(&["export", "no", "--ledger", "none.db"]),
        "none.db",
    );
    assert!(!ledger.path("no").exists());
    refused(ledger.run(&["export"]), "<DIR>");
    let global = ["--format", "json", "export", "no"];
    refused(ledger.run(&global), "`--format parquet` or `--format csv`");
    // Elsewhere there are no such forms.
    refused(
        ledger.run(&["assess", "--format", "csv"]),
        "[possible values: table, json, jsonl]",
    );
}

#[test]
fn nothing_is_replaced_unless_it_is_asked_for() {
    let ledger = ground();
    let folder = Folder::write(&ledger, "out", &["--known-at", "@6"]);
    let before = files(&folder.path);
    refused(
        ledger.run(&["export", "out"]),
        "events.parquet` is there already",
    );
    let csv = ["export", "out", "--format", "csv"];
    refused(ledger.run(&csv), "export.json` is there already");
    assert_eq!(files(&folder.path), before);
    let ran = ledger
        .run(&["export", "out", "--force", "--tables", "events"])
        .good();
    assert_eq!(ran.lines()[0]["rows"], 8);
    let folder = Folder::of(&ledger, "out");
    assert_eq!(
        (folder.tables(), folder.rows("events").len()),
        (vec!["events"], 8)
    );
    // What the manifest no longer speaks of is as it was.
    let after = files(&folder.path);
    assert_eq!(after["apps.parquet"], before["apps.parquet"]);
    assert_eq!(after.len(), before.len());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let ledger = ground();
    ledger.write("file", "mine");
    refused(
        ledger.run(&["export", "file"]),
        "`file` cannot be written: ",
    );
    refused(
        ledger.run(&["export", "file/out"]),
        "`file/out` cannot be written: ",
    );
    refused(
        ledger.run(&["export", "file", "--force"]),
        "`file` cannot be written: ",
    );
    assert_eq!(ledger.read("file"), "mine");
    fs::create_dir_all(ledger.path("taken/months.parquet")).unwrap();
    refused(
        ledger.run(&["export", "taken"]),
        "months.parquet` is there already",
    );
    // A folder has the place of a file, and cannot be replaced.
    let forced = ledger.run(&["export", "taken", "--force"]);
    refused(forced, "months.parquet` cannot be written: ");
    assert!(!ledger.path("taken/export.json").exists());
}

#[test]
#[cfg(unix)]
fn a_disk_without_room_leaves_nothing_half() {
    use std::process::Command;
    let ledger = ground();
    let note = "x".repeat(20_000);
    let more = (0..10).map(|number| {
        let data = json!({"class": "normal", "note": note});
        with(complaint(&format!("long-{number}")), "data", data)
    });
    ledger.import(&more.collect::<Vec<_>>()).counts(10, 0, 0);
    // No file may grow longer than that, which is the error of a full disk in all but its number.
    let program = env!("CARGO_BIN_EXE_standing");
    let script = format!("trap '' XFSZ; ulimit -f 200; exec {program} export out --format csv");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(ledger.path(""));
    let ran: Ran = ledger.place.name_to(&mut command).output().unwrap().into();
    refused(ran, "`out/events.csv` cannot be written: File too large");
    assert!(!ledger.path("out").exists());
    // In a folder that was there, what was in it stays, and nothing else.
    let folder = Folder::write(&ledger, "out", &["--format", "csv"]);
    let before = files(&folder.path);
    let script = script.replace("--format", "--force --format");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(ledger.path(""));
    let ran: Ran = ledger.place.name_to(&mut command).output().unwrap().into();
    refused(ran, "`out/events.csv` cannot be written: File too large");
    assert_eq!(files(&folder.path), before);
}
