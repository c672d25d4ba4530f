//! What is refused, written down, mended and read again.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{records, told};
use crate::intake::{Form, Original, Record, RejectsWriter, Source};

fn write(path: &Path, records: &[Record]) -> u64 {
    let mut rejects = RejectsWriter::new(path);
    for record in records {
        if let Err(error) = &record.body {
            rejects
                .write(record.line, &error.refusal, &error.original)
                .unwrap();
        }
    }
    rejects.finish().unwrap()
}

fn retried(path: &Path) -> Vec<Record> {
    let source = Source::open_rejects(path).unwrap();
    assert_eq!(source.form(), Form::Rejects);
    source.map(Result::unwrap).collect()
}

#[test]
fn a_rejects_file_is_made_only_for_rejects() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(write(&dir.path().join("r"), &records("events", "{}")), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_line_has_its_keys_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let text = "{\"id\":\"1\"}\n{\"id\":\n{\"id\":\"\\u0000\"}\n";
    assert_eq!(write(&path, &records("events", text)), 2);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"line\":2,\"code\":\"event.malformed\",\"message\":\"not JSON: EOF while parsing a value, column 6\",\"pointer\":\"\",\"raw\":\"{\\\"id\\\":\"}\n\
         {\"line\":3,\"code\":\"event.malformed\",\"message\":\"a string holds U+0000\",\"pointer\":\"/id\",\"event\":{\"id\":\"\\u0000\"}}\n"
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn what_is_not_mended_is_refused_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("1"), dir.path().join("2"));
    let text = "{\"id\":\n{\"id\":\"\\u0000\"}\n{\"a\":1,\"a\":2}\n[]\n\"\u{1}\n{\"n\":1e999}\n";
    write(&first, &records("events", text));
    let again = retried(&first);
    let bodies = |records: &[Record]| -> Vec<_> {
        records
            .iter()
            .map(|record| (record.line, record.body.clone()))
            .collect()
    };
    assert_eq!(bodies(&again), bodies(&records("events", text)));
    write(&second, &again);
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn what_is_mended_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let raw =
        json!({"line": 9, "code": "c", "message": "m", "pointer": "", "raw": " {\"id\":\"1\"}\n"});
    let text = format!(
        "{raw}\n\n\
         {{\"line\":9,\"code\":\"c\",\"message\":\"{{,\\\"\",\"pointer\":\"/\",\"event\": {{\"id\" : \"3\",\"a\":[1,{{}}]}} }}\n\
         {{\"event\":{{\"id\":\"4\"}}}}\n"
    );
    fs::write(&path, text).unwrap();
    let expected = [(1, "1"), (3, "3"), (4, "4")].map(|(line, id)| (line, id.to_owned()));
    assert_eq!(told(&retried(&path)), expected);
}

#[test]
fn a_broken_line_of_a_rejects_file_is_refused_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    let lines = [
        "{\"line\":1}",
        "{}",
        "oops",
        "{\"event\":{\"id\":\"1\"},\"raw\":\"{}\"}",
        "{\"event\":{\"id\":\"1\"},\"event\":{\"id\":\"1\"}}",
        "{\"evnt\":{\"id\":\"1\"}}",
        "{\"event\":{\"id\":\"1\"},}",
        "{\"event\":{\"id\":\"1\"}",
        "{\"event\":{\"id\":\"1\"}]}",
        "{\"event\":{\"id\":\"1\"},\"line\":x}",
        "{\"raw\":{}}",
        "[{\"event\":{}}]",
    ];
    fs::write(&path, lines.join("\n")).unwrap();
    let retried = retried(&path);
    assert_eq!(retried.len(), lines.len());
    for (line, record) in lines.iter().zip(&retried) {
        let error = record.body.clone().unwrap_err();
        assert_eq!(error.original, Original::Raw((*line).to_owned()));
        assert!(
            error
                .refusal
                .message
                .starts_with("this is no line of a rejects file"),
            "{line}"
        );
    }
}

#[test]
fn a_fault_made_while_mending_is_told_by_its_place_in_the_event() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    fs::write(
        &path,
        "{\"line\":1,\"event\":{\"data\":{\"code\":1,\"code\":2}}}",
    )
    .unwrap();
    let error = retried(&path)[0].body.clone().unwrap_err();
    assert_eq!(error.refusal.pointer, "/data/code");
    assert_eq!(
        error.original,
        Original::Raw("{\"data\":{\"code\":1,\"code\":2}}".into())
    );
}

#[test]
fn the_rejects_of_a_retry_may_replace_the_file_they_come_from() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    write(
        &path,
        &records("events", "{\"id\":\n{\"id\":\"1\",\"id\":\"2\"}\n"),
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("{\\\"id\\\":\"", "{\\\"id\\\":\\\"0\\\"}\""),
    )
    .unwrap();
    let mut rejects = RejectsWriter::new(&path);
    let mut taken = 0;
    for record in Source::open_rejects(&path).unwrap() {
        let record = record.unwrap();
        match record.body {
            Ok(_) => taken += 1,
            Err(error) => rejects
                .write(record.line, &error.refusal, &error.original)
                .unwrap(),
        }
    }
    assert_eq!(
        (taken, rejects.written(), rejects.finish().unwrap()),
        (1, 1, 1)
    );
    assert_eq!(retried(&path).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (place, link) = (dir.path().join("place"), dir.path().join("link"));
    fs::write(&place, "old").unwrap();
    std::os::unix::fs::symlink(&place, &link).unwrap();
    write(&link, &records("events", "{"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(retried(&place).len(), 1);
}
