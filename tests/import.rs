//! `standing import`: whatever the events come as and whatever happens on the way, the log holds
//! each of them once, and the exit code and the rejects file say what became of the others.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "import/broken.rs"]
mod broken;
mod common;

use std::io::Write;

use common::events::*;
use common::{Ledger, text};
use serde_json::{Value, json};

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Events of every form of field, and the same as a table.
fn forms() -> (Vec<Value>, String) {
    let on = |kind: &str, subject: &str, data: Value| {
        event(&format!("{kind}-1"), kind, T, subject, data)
    };
    let events = vec![
        on(
            "developer.registered",
            "d1",
            json!({"name": "甲, \"乙\"\n丙", "kind": "connection"}),
        ),
        on(
            "app.registered",
            "a1",
            json!({"developer": "d1", "name": "n", "channel": "general"}),
        ),
        with(
            on(
                "violation.found",
                "a1",
                json!({"code": "bulk_scraping", "evidence": ["1", "a;b"]}),
            ),
            "actor",
            "somebody",
        ),
        on(
            "usage.reported",
            "a1",
            json!({"date": "2016-02-29", "daily_users": 120}),
        ),
        on(
            "certification.assessed",
            "a1",
            json!({"condition": "platform_related", "met": true}),
        ),
        on(
            "measure.imposed",
            "a1",
            json!({"measures": ["warning", "block_api"], "until": null, "reason": ""}),
        ),
        on(
            "event.retracted",
            "a1",
            json!({"event": {"id": "violation.found-1"}, "reason": "wrong"}),
        ),
    ];
    let table = "\
id,source,type,time,subject,actor,data.name,data.kind,data.developer,data.channel,data.code,\
data.evidence,data.date,data.daily_users,data.condition,data.met,data.measures,data.until,\
data.reason,data.event.id\r
developer.registered-1,/test,developer.registered,T,d1,,\"甲, \"\"乙\"\"\n丙\",connection,,,,,,,,,,,,\r
app.registered-1,/test,app.registered,T,a1,,n,,d1,general,,,,,,,,,,\r
violation.found-1,/test,violation.found,T,a1,somebody,,,,,bulk_scraping,\"[\"\"1\"\",\"\"a;b\"\"]\",,,,,,,,\r
usage.reported-1,/test,usage.reported,T,a1,,,,,,,,2016-02-29,120,,,,,,\r
certification.assessed-1,/test,certification.assessed,T,a1,,,,,,,,,,platform_related,true,,,,\r
event.retracted-1,/test,event.retracted,T,a1,,,,,,,,,,,,,,wrong,violation.found-1\r
"
    .replace(",T,", &format!(",{T},"));
    (events, table)
}

#[test]
fn every_form_and_compression_gives_the_same_events() {
    let (events, table) = forms();
    let lines = jsonl(&events);
    let list = serde_json::to_string_pretty(&events).unwrap();
    let ledger = Ledger::new();
    // A table has no way to say that a `reason` is empty: an empty cell is no field.
    let rows = events.len() as u64 - 1;
    let mut names = Vec::new();
    for (form, content) in [("jsonl", &lines), ("json", &list), ("csv", &table)] {
        let plain = content.as_bytes();
        let marked = [b"\xEF\xBB\xBF", plain].concat();
        for (end, bytes) in [
            ("", plain.to_vec()),
            (".gz", gz(plain)),
            (".zst", zst(plain)),
            // Several members, and a name that lies.
            ("-2.gz", [gz(&plain[..100]), gz(&plain[100..])].concat()),
            ("-2.zst", [zst(&plain[..100]), zst(&plain[100..])].concat()),
            ("-bom", marked.clone()),
            ("-bom.gz", gz(&marked)),
            ("-plain.zst", plain.to_vec()),
        ] {
            let name = match end.strip_prefix('-') {
                Some(end) => format!("events-{end}.{form}"),
                None => format!("events.{form}{end}"),
            };
            ledger.write(&name, bytes);
            names.push((name, if form == "csv" { rows } else { rows + 1 }));
        }
    }
    let first = ["import", "events.jsonl"];
    ledger
        .imported(ledger.run(&first), "rejects.jsonl")
        .counts(rows + 1, 0, 0);
    let mut args = vec!["import"];
    args.extend(names.iter().map(|(name, _)| name.as_str()));
    let all: u64 = names.iter().map(|(_, events)| events).sum();
    ledger
        .imported(ledger.run(&args), "rejects.jsonl")
        .counts(0, all, 0);
    for (content, events) in [
        (lines.as_bytes(), rows + 1),
        (list.as_bytes(), rows + 1),
        (table.as_bytes(), rows),
        (&gz(table.as_bytes()), rows),
        (&zst(list.as_bytes()), rows + 1),
    ] {
        ledger.import_text(content, &[]).counts(0, events, 0);
    }
    // And the table alone makes what the lines make.
    let other = Ledger::new();
    other.write("t.csv", &table);
    other
        .imported(other.run(&["import", "t.csv"]), "rejects.jsonl")
        .counts(rows, 0, 0);
    let data = |ledger: &Ledger, kind: &str| ledger.audit(&["--type", kind])[0]["data"].clone();
    for event in events
        .iter()
        .filter(|event| event["type"] != "measure.imposed")
    {
        assert_eq!(data(&other, text(event, "type")), event["data"]);
    }
}

#[test]
fn the_exit_code_says_what_became_of_the_events() {
    let ledger = Ledger::new();
    let nothing = ledger.import_text("", &[]);
    nothing.counts(0, 0, 0);
    ledger.import_text("\n \r\n\t\n", &[]).counts(0, 0, 0);
    ledger.import_text("[]", &[]).counts(0, 0, 0);
    assert!(
        !ledger.path("refused.jsonl").exists(),
        "nothing was refused"
    );
    ledger.import(&[developer("d1")]).counts(1, 0, 0);
    ledger.import(&[developer("d1")]).counts(0, 1, 0);
    ledger
        .import(&[developer("d1"), complaint("c")])
        .counts(0, 1, 1);
    ledger.write("good.jsonl", jsonl(&[developer("d2")]));
    ledger.write("empty.jsonl", "");
    std::fs::create_dir(ledger.path("folder")).unwrap();
    let failures: [(&[&str], &str); 9] = [
        (&["import"], "required"),
        (&["import", "folder"], "`folder` cannot be opened"),
        (&["import", "none.jsonl"], "`none.jsonl` cannot be opened"),
        (
            &["import", "--retry", "none.jsonl"],
            "`none.jsonl` cannot be opened",
        ),
        (&["import", "--trusted", "good.jsonl"], "--trusted"),
        (
            &["--ledger", "none.db", "import", "good.jsonl"],
            "there is no ledger at `none.db`",
        ),
        (
            &["--ledger", "folder", "import", "good.jsonl"],
            "`folder` is a directory",
        ),
        (
            &["--ledger", "good.jsonl", "import", "good.jsonl"],
            "`good.jsonl` is not a ledger",
        ),
        (
            &[
                "--ledger",
                "postgres://127.0.0.1:1/y",
                "import",
                "good.jsonl",
            ],
            "no PostgreSQL server answers at `postgres://127.0.0.1:1/y`",
        ),
    ];
    for (args, message) in failures {
        let ran = ledger.run(args).with_code(1);
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(message),
            "{args:?}: {}",
            ran.err
        );
        assert!(ran.out.is_empty() && !ran.err.contains("panicked"));
    }
    assert_eq!(
        ledger.read("good.jsonl"),
        jsonl(&[developer("d2")]),
        "left as it is"
    );
    // A table without a header, or with one that no event has.
    for (table, message) in [
        ("", "there is no header"),
        ("id,type,data", "column 3, `data`"),
        ("id,id", "column 2"),
    ] {
        ledger.write("table.csv", table);
        let ran = ledger.run(&["import", "table.csv"]).with_code(1);
        assert!(
            ran.err.contains("`table.csv`, line 1") && ran.err.contains(message),
            "{}",
            ran.err
        );
    }
    assert_eq!(ledger.ids(), ["reg-d1"]);
}

#[test]
fn a_file_that_is_no_ledger_is_left_as_it_is() {
    let ledger = Ledger::none();
    ledger.write("events.jsonl", jsonl(&[developer("d1")]));
    let path = ledger.path("other.db");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let mut conn = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE letters (letter TEXT)")
            .execute(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
    });
    let before = std::fs::read(&path).unwrap();
    for args in [
        &["import", "events.jsonl"][..],
        &["init"],
        &["assess"],
        &["audit"],
    ] {
        let args: Vec<&str> = ["--ledger", "other.db"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        let ran = ledger.run(&args).with_code(1);
        assert!(
            ran.err
                .contains("`other.db` is not a ledger; it is left as it is"),
            "{}",
            ran.err
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_ledger_is_named_by_flag_or_environment() {
    let ledger = Ledger::none();
    let run = |env: &str, args: &[&str]| -> common::Ran {
        let mut command = ledger.command(args);
        command.env("STANDING_LEDGER", env).output().unwrap().into()
    };
    run("one.db", &["init", "--preset", "weibo"]).good();
    run(
        "one.db",
        &["--ledger", "sqlite:two.db", "init", "--preset", "weibo"],
    )
    .good();
    assert!(ledger.path("one.db").exists() && ledger.path("two.db").exists());
    ledger.write("events.jsonl", jsonl(&[developer("d1")]));
    run("sqlite://one.db", &["import", "events.jsonl"]).good();
    let events = |name: &str| run(name, &["audit", "--after", "3"]).good().lines().len();
    assert_eq!((events("one.db"), events("two.db")), (1, 0));
    let ran = ledger.run(&["audit"]).with_code(1);
    let missing = format!("there is no ledger at `{}`", ledger.place.shown());
    assert!(
        ran.err.contains(&missing) && ran.err.contains("hint: "),
        "{}",
        ran.err
    );
}

#[test]
fn rejects_are_by_line_of_their_file_and_can_be_imported_until_none_is_left() {
    let ledger = Ledger::new();
    ledger.write(
        "1.jsonl",
        format!("{}\n\n{}\n{{\n", developer("d1"), complaint("c1")),
    );
    ledger.write(
        "2.json",
        format!(
            "[\n{},\n\n7,\n{}\n]",
            app("a1", "d9", "general"),
            complaint("c2")
        ),
    );
    ledger.write(
        "3.csv",
        format!("id,source,type,time,subject,data.class,note\nx,/test,complaint.received,{T},a1,\"nor\nmal\",\ny,/test\n"),
    );
    let ran = ledger.run(&["import", "1.jsonl", "2.json", "3.csv"]);
    let imported = ledger.imported(ran, "rejects.jsonl");
    imported.counts(1, 0, 7);
    let lines: Vec<u64> = imported
        .rejects
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 2, 4, 5, 2, 4]);
    assert!(imported.ran.err.contains("rejects.jsonl") && imported.ran.err.contains("--retry"));

    // As it is, all of it is refused again, now by the lines of the rejects file; which is the
    // one that is written.
    let retry = ["import", "--retry", "rejects.jsonl"];
    let same = ledger.imported(ledger.run(&retry), "rejects.jsonl");
    same.counts(0, 0, 7);
    let parts = |of: &common::Imported| -> Vec<Value> {
        let each = of.rejects.iter().cloned();
        each.map(|mut line| {
            // What is text is told as text: its place in a table is gone.
            for key in ["line", "message"] {
                line.as_object_mut().unwrap().remove(key);
            }
            line
        })
        .collect()
    };
    assert_eq!(parts(&same), parts(&imported));
    let lines: Vec<u64> = same
        .rejects
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7]);

    // The app's developer is mended: the complaints about the app are good by then. A line that
    // is not wanted is deleted, one is spoilt, and one is no line of a rejects file at all.
    let text_of = ledger.read("rejects.jsonl");
    let mended: Vec<String> = text_of
        .lines()
        .enumerate()
        .filter(|(index, _)| ![1, 3].contains(index))
        .map(|(index, line)| match index {
            2 => line.replace("d9", "d1"),
            5 => line.replace("nor\\nmal", "normal"),
            6 => format!(
                "{}\n{{\"line\":1,\"event\":{{}},\"raw\":\"\"}}\n[]",
                &line[1..]
            ),
            _ => line.to_owned(),
        })
        .collect();
    // The app first.
    ledger.write(
        "rejects.jsonl",
        [&mended[1], &mended[0], &mended[2], &mended[3], &mended[4]]
            .map(|line| format!("{line}\n"))
            .concat(),
    );
    let left = ledger.imported(ledger.run(&retry), "rejects.jsonl");
    left.counts(4, 0, 3);
    assert!(
        left.rejects
            .iter()
            .all(|line| text(line, "code") == "event.malformed" && line["raw"].is_string())
    );
    let lines: Vec<u64> = left
        .rejects
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [5, 6, 7]);
    assert_eq!(ledger.ids(), ["reg-d1", "reg-a1", "c1", "c2", "x"]);
    assert!(!ledger.path("rejects.jsonl.partial").exists());
}
