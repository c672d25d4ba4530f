//! Input of any size, within a fixed amount of memory.

use std::io::{self, Cursor, Read};

use crate::intake::input;
use crate::intake::json::KEPT_BYTES_MAX;
use crate::intake::split::{Piece, Stream};
use crate::intake::{Original, Source};

/// A string of `length` bytes between two texts, made as it is read.
fn huge(before: &'static str, length: u64, after: &'static str) -> impl Read + Send + 'static {
    let string = io::repeat(b'x').take(length);
    Cursor::new(before).chain(string).chain(Cursor::new(after))
}

#[test]
fn a_string_of_200_mb_costs_no_more_than_what_is_kept() {
    let plain = input::unwrap(huge("{\"a\":\"", 200_000_000, "\"}\n"), Default::default());
    let mut stream = Stream::new(plain.unwrap());
    let mut piece = Piece::new(KEPT_BYTES_MAX);
    stream.read_piece(&mut piece, |byte| byte == b'\n').unwrap();
    assert_eq!(piece.bytes.len(), KEPT_BYTES_MAX);
    assert!(piece.bytes.capacity() <= 2 * KEPT_BYTES_MAX);
    let error = piece.parse().unwrap_err();
    assert_eq!(
        error.refusal.message,
        "the event has 200000008 bytes, more than 65536 (64 KiB); only the first 65536 are kept here"
    );
    stream.read_piece(&mut piece, |byte| byte == b'\n').unwrap();
    assert!(
        piece.bytes.capacity() <= KEPT_BYTES_MAX / 16,
        "room is given back"
    );
}

#[test]
fn every_form_goes_on_behind_a_string_that_is_cut() {
    let length = KEPT_BYTES_MAX as u64 + 1000;
    let forms = [
        (
            "a.jsonl",
            "{\"id\":\"1\"}\n{\"a\":\"",
            "\"}\n{\"id\":\"2\"}\n",
            3,
        ),
        (
            "a.json",
            "[{\"id\":\"1\"},\n{\"a\":\"",
            "\"},\n{\"id\":\"2\"}]\n",
            3,
        ),
        ("a.csv", "id\n1\n\"", "\"\n2\n", 4),
    ];
    for (name, before, after, last) in forms {
        let source = Source::from_reader(name, huge(before, length, after)).unwrap();
        let records: Vec<_> = source.map(Result::unwrap).collect();
        assert_eq!(records.len(), 3, "{name}");
        let error = records[1].body.clone().unwrap_err();
        assert!(
            error.refusal.message.contains("65536 are kept here"),
            "{name}: {error}"
        );
        let Original::Raw(raw) = error.original else {
            panic!("{name}");
        };
        assert_eq!(raw.len(), 65_536);
        assert_eq!(records[2].line, last);
        assert_eq!(records[2].body.as_ref().unwrap()["id"], "2");
    }
}

#[test]
fn brackets_without_end_cost_neither_memory_nor_stack() {
    let brackets = io::repeat(b'[').take(20_000_000);
    let source = Source::from_reader("a", brackets).unwrap();
    let records: Vec<_> = source.map(Result::unwrap).collect();
    assert_eq!(records.len(), 1);
}
