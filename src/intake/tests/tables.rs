//! Events as rows of a table.

use std::io::Cursor;

use serde_json::{Map, Value, json};

use super::{records, told};
use crate::intake::csv::{HeaderError, PathError, cell, set_path};
use crate::intake::{Original, ReadError, Source};

fn bodies(text: &str) -> Vec<Value> {
    let records = records("events.csv", text);
    records
        .into_iter()
        .map(|record| record.body.unwrap().into())
        .collect()
}

#[test]
fn a_row_becomes_the_event_its_header_names() {
    let text = "id,source,type,time,subject,actor,data.code,data.note,data.evidence\r\n\
                1,/desk,violation.found,2014-05-03T03:00:00Z,a1,,bulk,\"said \"\"no\"\",\nthen left\",x; y\r\n\
                \r\n\
                2,/desk,app.delisted,2014-05-03T03:00:00Z,a1,p1,,,\r\n";
    let expected = [
        json!({"specversion": "1.0", "id": "1", "source": "/desk", "type": "violation.found",
            "time": "2014-05-03T03:00:00Z", "subject": "a1",
            "data": {"code": "bulk", "note": "said \"no\",\nthen left", "evidence": ["x", "y"]}}),
        json!({"specversion": "1.0", "id": "2", "source": "/desk", "type": "app.delisted",
            "time": "2014-05-03T03:00:00Z", "subject": "a1", "actor": "p1", "data": {}}),
    ];
    assert_eq!(bodies(text), expected);
    let lines: Vec<u64> = records("events.csv", text)
        .iter()
        .map(|record| record.line)
        .collect();
    assert_eq!(lines, [2, 5]);
}

#[test]
fn fields_of_data_nest_and_convert_and_data_is_always_there() {
    let text = "specversion,id,data.event.id,data.event.source,data.until,data.met,data.daily_users\n\
                0.3,1,e1,/desk,null,true,12\n,2,,,2015-01-01T00:00:00Z,yes,1.5\n";
    let expected = [
        json!({"specversion": "0.3", "id": "1", "data": {"event": {"id": "e1", "source": "/desk"},
            "until": null, "met": true, "daily_users": 12}}),
        json!({"specversion": "1.0", "id": "2",
            "data": {"until": "2015-01-01T00:00:00Z", "met": "yes", "daily_users": "1.5"}}),
    ];
    assert_eq!(bodies(text), expected);
    assert_eq!(
        bodies("id\n1"),
        [json!({"specversion": "1.0", "id": "1", "data": {}})]
    );
    // Lines ended as they once were.
    assert_eq!(bodies("id\r1\r2\r").len(), 2);
}

#[test]
fn a_cell_becomes_what_its_field_holds_or_stays_text() {
    let cases = [
        ("daily_users", "0", json!(0)),
        ("daily_users", "-7", json!(-7)),
        (
            "daily_users",
            "9007199254740991",
            json!(9_007_199_254_740_991_i64),
        ),
        ("daily_users", "9007199254740992", json!("9007199254740992")),
        ("daily_users", "+7", json!("+7")),
        ("daily_users", "007", json!("007")),
        ("daily_users", "-0", json!(0)),
        ("daily_users", "1e3", json!("1e3")),
        ("daily_users", "", json!("")),
        ("met", "true", json!(true)),
        ("met", "True", json!("True")),
        ("measures", "", json!([])),
        ("measures", " a ;; b;", json!(["a", "b"])),
        ("measures", "[\"a;b\", \"\"]", json!(["a;b", ""])),
        ("measures", "[a]", json!("[a]")),
        ("measures", "[1]", json!("[1]")),
        ("until", "null", json!(null)),
        ("code", "null", json!("null")),
        ("code", " 12 ", json!(" 12 ")),
        ("event.id", "12", json!("12")),
    ];
    for (path, text, expected) in cases {
        assert_eq!(cell(path, text), expected, "{path}={text}");
    }
}

#[test]
fn a_path_is_set_once() {
    let mut data = Map::new();
    set_path(&mut data, "code", "c".into()).unwrap();
    set_path(&mut data, "event.id", "e".into()).unwrap();
    set_path(&mut data, "event.source", "s".into()).unwrap();
    for taken in ["code", "code.x", "event", "event.id"] {
        assert_eq!(
            set_path(&mut data, taken, 1.into()),
            Err(PathError::Taken),
            "{taken}"
        );
    }
    for empty in ["", ".", "a.", ".a", "a..b"] {
        assert_eq!(
            set_path(&mut Map::new(), empty, 1.into()),
            Err(PathError::Empty),
            "{empty}"
        );
    }
    let deep = vec!["a"; 100_000].join(".");
    assert_eq!(
        set_path(&mut data, &deep, 1.into()),
        Err(PathError::TooDeep)
    );
    assert_eq!(
        Value::from(data),
        json!({"code": "c", "event": {"id": "e", "source": "s"}})
    );
}

#[test]
fn a_row_that_does_not_fit_costs_no_other() {
    let text = b"id,data.code\n1,a,b\n2\n3,\xFF\n4,\0\n5,ok\n";
    let records = records("events.csv", text);
    let expected = [
        (2, "refused: the row has 3 cells, the header 2"),
        (3, "refused: the row has 1 cells, the header 2"),
        (4, "refused: the cell is not UTF-8"),
        (5, "refused: a string holds U+0000"),
        (6, "5"),
    ];
    assert_eq!(
        told(&records),
        expected.map(|(line, text)| (line, text.to_owned()))
    );
    let error = |index: usize| records[index].body.clone().unwrap_err();
    assert_eq!(error(0).original, Original::Raw("1,a,b".into()));
    assert_eq!(error(2).refusal.pointer, "/data/code");
    assert_eq!(error(3).refusal.pointer, "/data/code");
    assert!(matches!(error(3).original, Original::Event(_)));
}

#[test]
fn a_quote_that_is_never_closed_is_refused_with_all_behind_it() {
    let records = records("events.csv", "id,data.note\n1,\"a\n2,b\n3,c\n");
    let error = records[0].body.clone().unwrap_err();
    assert_eq!(records.len(), 1);
    assert_eq!(
        error.refusal.message,
        "a quote opens in this row and is never closed"
    );
    assert_eq!(error.original, Original::Raw("1,\"a\n2,b\n3,c\n".into()));
}

#[test]
fn a_row_of_more_than_64_kib_of_json_is_refused() {
    let text = format!("id,data.note\n1,{}\n2,b\n", "x".repeat(70_000));
    let records = records("events.csv", &text);
    let error = records[0].body.clone().unwrap_err();
    assert!(error.refusal.message.ends_with("more than 65536 (64 KiB)"));
    assert!(matches!(error.original, Original::Event(_)));
    assert!(records[1].body.is_ok());
}

#[test]
fn a_header_that_is_not_understood_stops_the_file() {
    let name = |name: &str| name.to_owned();
    let deep = format!("data.{}", vec!["a"; 31].join("."));
    let cases = [
        ("", HeaderError::Missing),
        ("\n \n", HeaderError::Missing),
        ("id,\"type\nx\",a", HeaderError::Unreadable),
        ("id,,type", HeaderError::Empty { column: 2 }),
        (
            "id;source;type",
            HeaderError::Unknown {
                column: 1,
                name: name("id;source;type"),
            },
        ),
        (
            "id,Type",
            HeaderError::Unknown {
                column: 2,
                name: name("Type"),
            },
        ),
        (
            "id,data",
            HeaderError::Unknown {
                column: 2,
                name: name("data"),
            },
        ),
        (
            "id,data.",
            HeaderError::Unknown {
                column: 2,
                name: name("data."),
            },
        ),
        (
            "id,data..x",
            HeaderError::Unknown {
                column: 2,
                name: name("data..x"),
            },
        ),
        (
            "id,private",
            HeaderError::Unknown {
                column: 2,
                name: name("private"),
            },
        ),
        (
            &deep,
            HeaderError::Unknown {
                column: 1,
                name: deep[..64].to_owned(),
            },
        ),
        (
            "id,type,id",
            HeaderError::Duplicate {
                column: 3,
                name: name("id"),
            },
        ),
        (
            "data.event.id,data.event",
            HeaderError::Duplicate {
                column: 2,
                name: name("data.event"),
            },
        ),
        (
            "data.event,data.event.id",
            HeaderError::Duplicate {
                column: 2,
                name: name("data.event.id"),
            },
        ),
    ];
    for (header, expected) in cases {
        let bytes = Cursor::new(header.as_bytes().to_vec());
        let Err(error) = Source::from_reader("events.csv", bytes) else {
            panic!("{header}");
        };
        assert!(error.hint().is_some());
        let ReadError::Header { source, .. } = error else {
            panic!("{header}: {error}");
        };
        assert_eq!(source, expected, "{header}");
    }
}
