//! What holds for any events and for any bytes.

use std::io::Cursor;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use super::Chunked;
use crate::intake::{Original, ReadError, Record, Source, parse_event};

/// Any JSON that an event may hold.
fn value() -> impl Strategy<Value = Value> {
    let text = "[^\0]{0,8}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        text.prop_map(Value::from),
        r#"[\[\]{},:"\\n]{0,6}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn events() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    let event = btree_map("[^\0]{0,6}", value(), 0..6);
    vec(event.prop_map(|event| event.into_iter().collect()), 0..8)
}

fn read(name: &str, bytes: &[u8], sizes: &[usize]) -> Result<Vec<Record>, ReadError> {
    Source::from_reader(name, Chunked::new(bytes, sizes))?.collect()
}

/// What the reading looks for.
const PARTS: &[&[u8]] = &[
    b"{\"id\":\"1\"}",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\n",
    b"\r",
    b" ",
    b"\0",
    b"\\u0000",
    b"1e999",
    b"\xFF",
    b"\xEF\xBB\xBF",
    b"\x1F\x8B",
    b"\x28\xB5\x2F\xFD",
    b"id,type,data.met\n",
    b"\"event\":",
    b"\"raw\":",
];

/// Texts in which what the reading looks for is frequent.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    vec(select(PARTS), 0..24).prop_map(|parts| parts.concat())
}

/// Reads bytes every way there is; any end is right but a panic.
fn survive(bytes: &[u8], sizes: &[usize]) -> Result<(), TestCaseError> {
    let _ = parse_event(bytes);
    for name in ["a", "a.csv"] {
        let chunked = read(name, bytes, sizes);
        let whole = Source::from_reader(name, Cursor::new(bytes.to_vec()))
            .and_then(Iterator::collect::<Result<Vec<Record>, ReadError>>);
        match (chunked, whole) {
            (Ok(chunked), Ok(whole)) => prop_assert_eq!(chunked, whole),
            (Err(chunked), Err(whole)) => {
                prop_assert_eq!(chunked.to_string(), whole.to_string());
            }
            (chunked, whole) => prop_assert!(false, "{:?} or {:?}", chunked, whole),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_list_and_lines_of_the_same_events_read_the_same(
        events in events(),
        blanks in vec("[ \t\r\n]{0,3}", 1..5),
        sizes in vec(1_usize..40, 1..6),
    ) {
        let texts: Vec<String> =
            events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let lines = read("a", texts.join("\n").as_bytes(), &sizes).unwrap();
        let mut list = String::from("[");
        for (index, text) in texts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let blank = &blanks[index % blanks.len()];
            list.push_str(&format!("{comma}{blank}{text}{blank}"));
        }
        list.push(']');
        let list = read("a", list.as_bytes(), &sizes).unwrap();

        let bodies = |records: Vec<Record>| -> Vec<Map<String, Value>> {
            records.into_iter().map(|record| record.body.unwrap()).collect()
        };
        let (lines, list) = (bodies(lines), bodies(list));
        prop_assert_eq!(&lines, &events);
        prop_assert_eq!(&list, &events);
    }

    #[test]
    fn the_line_of_a_record_is_where_it_begins(
        gaps in vec(1_usize..4, 1..10),
        sizes in vec(1_usize..40, 1..4),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        let mut line = 1;
        for gap in gaps {
            expected.push(line);
            text.push_str("{}");
            text.push_str(&"\n".repeat(gap));
            line += gap as u64;
        }
        let told = |bytes: &[u8]| -> Vec<u64> {
            read("a", bytes, &sizes).unwrap().iter().map(|record| record.line).collect()
        };
        prop_assert_eq!(told(text.as_bytes()), expected.clone());
        let list = format!("[{}]", text.trim_end().replace("{}", "{},").trim_end_matches(','));
        prop_assert_eq!(told(list.as_bytes()), expected);
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), sizes in vec(1_usize..9, 1..4)) {
        survive(&bytes, &sizes)?;
    }

    #[test]
    fn hostile_bytes_are_survived(bytes in hostile(), sizes in vec(1_usize..9, 1..4)) {
        survive(&bytes, &sizes)?;
    }

    #[test]
    fn what_is_refused_is_kept_or_said_to_be_cut(bytes in hostile()) {
        if let Err(error) = parse_event(&bytes) {
            match error.original {
                Original::Raw(raw) => prop_assert_eq!(raw, String::from_utf8_lossy(&bytes)),
                Original::Event(event) => {
                    let again = parse_event(&serde_json::to_vec(&event).unwrap()).unwrap_err();
                    prop_assert_eq!(again.refusal, error.refusal);
                }
            }
        }
    }

    #[test]
    fn a_table_gives_back_any_text(
        cells in vec("[^\0]{0,9}", 1..20),
        sizes in vec(1_usize..40, 1..4),
    ) {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["id", "data.note"]).unwrap();
        for (index, text) in cells.iter().enumerate() {
            table.write_record([&index.to_string(), text]).unwrap();
        }
        let table = table.into_inner().unwrap();
        let records = read("a.csv", &table, &sizes).unwrap();
        prop_assert_eq!(records.len(), cells.len());
        for (record, text) in records.iter().zip(&cells) {
            let note = record.body.as_ref().unwrap()["data"].get("note");
            prop_assert_eq!(note.and_then(Value::as_str).unwrap_or(""), text);
        }
    }
}
