//! What a source makes of lines, lists and compressed bytes.

use std::io::{Cursor, Write};
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{records, told};
use crate::intake::{Form, Original, ReadError, Source};

fn form(name: &str, text: &str) -> Form {
    let bytes = Cursor::new(text.as_bytes().to_vec());
    Source::from_reader(name, bytes).unwrap().form()
}

fn owned(told: &[(u64, &str)]) -> Vec<(u64, String)> {
    told.iter()
        .map(|(line, text)| (*line, (*text).to_owned()))
        .collect()
}

#[track_caller]
fn reads(text: &str, expected: &[(u64, &str)]) {
    assert_eq!(told(&records("events", text)), owned(expected), "{text}");
}

#[test]
fn the_form_is_told_by_the_first_byte_and_the_header() {
    assert_eq!(form("events", ""), Form::Lines);
    assert_eq!(form("events", " \n\n{\"id\":"), Form::Lines);
    assert_eq!(form("events.csv", "{\"id\":"), Form::Lines);
    assert_eq!(form("events", "\u{FEFF}\n ["), Form::List);
    assert_eq!(form("events.jsonl", "["), Form::List);
    assert_eq!(form("events.CSV", "id\n"), Form::Csv);
    assert_eq!(form("events.csv.gz", "id\n"), Form::Csv);
    assert_eq!(form("events", "\u{FEFF}type,id,data.code\r\n"), Form::Csv);
    assert_eq!(form("events", "nothing\n"), Form::Lines);
}

#[test]
fn lines_are_read_past_blank_and_broken_ones() {
    reads(
        "\u{FEFF}{\"id\":\"1\"}\r\n\n  \t\r\n{\"id\":\"4\"\n{\"id\":\"5\"} \n[1]\n{\"id\":\"7\"}",
        &[
            (1, "1"),
            (
                4,
                "refused: not JSON: EOF while parsing an object, column 9",
            ),
            (5, "5"),
            (6, "refused: an event is a JSON object, not a list"),
            (7, "7"),
        ],
    );
    reads(
        "oops\n{\"id\":\"2\"}",
        &[(1, "refused: not JSON: expected value, column 1"), (2, "2")],
    );
    reads(" \n \n", &[]);
}

#[test]
fn a_list_is_read_element_by_element() {
    reads("[]", &[]);
    reads(" [ \n ] \n ", &[]);
    reads("[{\"id\":\"1\"}]\n", &[(1, "1")]);
    reads(
        "[\n {\"id\":\"2\",\n \"a\":[1,{\"b\":\"]},\\\"\\\\\"}]},\n\n {\"id\":\"5\"} \n,{\"id\":\"6\"}]",
        &[(2, "2"), (5, "5"), (6, "6")],
    );
}

#[test]
fn a_broken_element_costs_no_other() {
    reads(
        "[{\"id\":\"1\"},\n7,\n{\"id\":tru},\n{\"id\":\"4\",\"id\":\"4\"},\n{\"id\":\"5\"}]",
        &[
            (1, "1"),
            (2, "refused: an event is a JSON object, not a number"),
            (3, "refused: not JSON: expected ident, column 10"),
            (4, "refused: the key `id` is there twice"),
            (5, "5"),
        ],
    );
    // A line break inside a string is no JSON, but its end is plain.
    reads(
        "[{\"id\":\"1\n\"},{\"id\":\"2\"}]",
        &[
            (
                1,
                "refused: not JSON: control character (\\u0000-\\u001F) found while parsing a string, column 0 of the event's line 2",
            ),
            (2, "2"),
        ],
    );
}

#[test]
fn elements_are_parted_by_one_comma() {
    reads(
        "[{\"id\":\"1\"} {\"id\":\"2\"},\n{\"id\":\"3\"},,\n{\"id\":\"4\"},]",
        &[
            (1, "refused: not JSON: trailing characters, column 12"),
            (2, "3"),
            (2, "refused: there is no element before this comma"),
            (3, "4"),
            (
                3,
                "refused: there is no element after the list's last comma",
            ),
        ],
    );
    let both = &records("events", "[{\"id\":\"1\"} {\"id\":\"2\"}]")[0];
    let raw = Original::Raw("{\"id\":\"1\"} {\"id\":\"2\"}".into());
    assert_eq!(both.body.as_ref().unwrap_err().original, raw);
}

#[test]
fn a_list_that_does_not_end_is_refused_from_there_on() {
    reads(
        "[",
        &[(
            1,
            "refused: the list ends without its `]`: is it cut short?",
        )],
    );
    reads(
        "[{\"id\":\"1\"},\n",
        &[
            (1, "1"),
            (
                2,
                "refused: the list ends without its `]`: is it cut short?",
            ),
        ],
    );
    reads(
        "[{\"id\":\"1\"},\n{\"id\":\"2\"}\n",
        &[
            (1, "1"),
            (
                2,
                "refused: the list ends after this without its `]`: is it cut short?",
            ),
        ],
    );
    reads(
        "[{\"id\":\"1\"},\n{\"id\":[,\n{\"id\":\"3\"}]",
        &[
            (1, "1"),
            (
                2,
                "refused: from here on the list is cut short, or its nesting is broken",
            ),
        ],
    );
}

#[test]
fn what_follows_a_list_is_read_as_lines_from_the_next_line_on() {
    reads(
        "[{\"id\":\"1\"}] {\"id\":\"x\"}\n{\"id\":\"2\"}\n",
        &[
            (1, "1"),
            (1, "refused: something follows the end of the list"),
            (2, "2"),
        ],
    );
    reads(
        "[1,2]\n{\"id\":\"2\"}\n",
        &[
            (1, "refused: an event is a JSON object, not a number"),
            (1, "refused: an event is a JSON object, not a number"),
            (2, "2"),
        ],
    );
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_bytes_are_told_by_their_beginning() {
    let text = "\u{FEFF}{\"id\":\"1\"}\n".as_bytes();
    let expected = owned(&[(1, "1"), (2, "2")]);
    let more = b"{\"id\":\"2\"}\n";
    let gz = [gzip(text), gzip(more)].concat();
    assert_eq!(told(&records("events.jsonl", &gz)), expected);
    let frame = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    let skipped = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9];
    let zst = [&skipped[..], &frame(text), &frame(more)].concat();
    assert_eq!(told(&records("events", &zst)), expected);
}

#[test]
fn bytes_that_end_early_are_an_error_with_the_line_reached() {
    let text: String = (0..9999)
        .map(|id| format!("{{\"id\":\"{id}\"}}\n"))
        .collect();
    let (mut damaged, zst) = (
        gzip(text.as_bytes()),
        zstd::encode_all(text.as_bytes(), 1).unwrap(),
    );
    let cut = damaged[..damaged.len() - 9].to_vec();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xFF);
    let tailed = [gzip(text.as_bytes()), b"tail".to_vec()].concat();
    let cut_zst = zst[..zst.len() - 9].to_vec();
    for bytes in [cut, damaged, tailed, cut_zst] {
        let source = Source::from_reader("events", Cursor::new(bytes)).unwrap();
        let mut told: Vec<_> = source.collect();
        let Some(Err(error)) = told.pop() else {
            panic!("what is damaged passed for whole");
        };
        let last = told.into_iter().map(|record| record.unwrap().line).last();
        assert!(error.hint().is_some(), "{error:?}");
        assert!(matches!(error, ReadError::Broken { line, .. } if line > last.unwrap_or(0)));
    }
}

#[test]
fn files_are_opened_by_path_and_count_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.gz");
    let packed = gzip(b"{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    std::fs::write(&path, &packed).unwrap();
    let mut source = Source::open(&path).unwrap();
    let read = source.bytes_read();
    assert_eq!(source.bytes_total(), Some(packed.len() as u64));
    assert_eq!(source.by_ref().count(), 2);
    assert_eq!(read.load(Ordering::Relaxed), packed.len() as u64);

    for path in [dir.path(), &dir.path().join("none")] {
        assert!(matches!(Source::open(path), Err(ReadError::Open { .. })));
    }
}
