//! Cutting a stream of plain bytes into pieces, without holding more than a piece.
//!
//! Lines, elements of a list and rows of a table differ only in which byte ends one. [`Stream`]
//! does what they share: it looks at each byte once, counts lines, and keeps a bounded beginning
//! of the piece in hand. It may depend on [`super::json`] for what a piece becomes. What must stay
//! true: a piece never holds more than its limit, however long it is, and how the bytes arrive in
//! chunks makes no difference.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::input::Plain;
use super::json::{KEPT_BYTES_MAX, Original, Unreadable, original, parse_event};

/// Room that a piece keeps for the next one.
const SPARE_BYTES_MAX: usize = 256 * 1024;

/// The piece in hand.
pub(crate) struct Piece {
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// Its beginning, or all of it.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes it has.
    length: u64,
    kept_max: usize,
}

impl Piece {
    /// How many bytes it has, kept or not.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// A place for pieces of which at most `kept_max` bytes are kept.
    pub(crate) fn new(kept_max: usize) -> Self {
        Self {
            line: 1,
            bytes: Vec::new(),
            length: 0,
            kept_max,
        }
    }

    /// Takes a text as the piece in hand.
    pub(crate) fn set(&mut self, line: u64, bytes: &[u8]) {
        self.begin(line);
        self.push(bytes);
    }

    fn begin(&mut self, line: u64) {
        self.line = line;
        self.length = 0;
        if self.bytes.capacity() > SPARE_BYTES_MAX {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = self.kept_max - self.bytes.len();
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Whether `bytes` is all of it.
    pub(crate) fn is_whole(&self) -> bool {
        self.length == self.bytes.len() as u64
    }

    /// Whether it is all blank.
    pub(crate) fn is_blank(&self) -> bool {
        self.is_whole() && self.bytes.iter().all(|byte| is_blank(*byte))
    }

    /// Drops blanks at the end, which are no part of a JSON text.
    pub(crate) fn trim_end(&mut self) {
        if self.is_whole() {
            let blanks = self.bytes.iter().rev().take_while(|byte| is_blank(**byte));
            self.bytes.truncate(self.bytes.len() - blanks.count());
            self.length = self.bytes.len() as u64;
        }
    }

    /// Reads it as the JSON of one event.
    pub(crate) fn parse(&self) -> Result<Map<String, Value>, Unreadable> {
        if self.is_whole() {
            parse_event(&self.bytes)
        } else {
            Err(Unreadable::too_long(&self.bytes, self.length))
        }
    }

    /// Refuses it, whatever it is.
    pub(crate) fn refuse(&self, message: impl Into<String>) -> Unreadable {
        let message = message.into();
        if self.is_whole() {
            return Unreadable::whole(message, original(&self.bytes));
        }
        let mut error = Unreadable::too_long(&self.bytes, self.length);
        error.refusal.message = format!("{message}; {}", error.refusal.message);
        error
    }

    /// Refuses it as text, where its form is not JSON.
    pub(crate) fn refuse_text(&self, message: impl Into<String>) -> Unreadable {
        let mut error = self.refuse(message);
        if self.is_whole() && self.bytes.len() <= KEPT_BYTES_MAX {
            let text = String::from_utf8_lossy(&self.bytes).into_owned();
            error.original = Original::Raw(text);
        }
        error
    }
}

/// Plain bytes and the line they have come to.
pub(crate) struct Stream {
    plain: Plain,
    /// The line of the next byte, from 1.
    pub(crate) line: u64,
}

impl Stream {
    pub(crate) fn new(plain: Plain) -> Self {
        Self { plain, line: 1 }
    }

    /// Passes over blanks; the byte after them, which is not taken.
    pub(crate) fn skip_blanks(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.plain.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let blanks = chunk.iter().take_while(|byte| is_blank(**byte)).count();
            let next = chunk.get(blanks).copied();
            let lines = count_lines(&chunk[..blanks]);
            self.line += lines;
            self.plain.consume(blanks);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Takes the next byte, which is known to be no line's end.
    pub(crate) fn take_one(&mut self) {
        self.plain.consume(1);
    }

    /// Reads the next piece: what is before the first byte that `ends` it. Takes that byte too
    /// and tells it; none where the stream ended first.
    pub(crate) fn read_piece(
        &mut self,
        piece: &mut Piece,
        mut ends: impl FnMut(u8) -> bool,
    ) -> io::Result<Option<u8>> {
        piece.begin(self.line);
        loop {
            let chunk = self.plain.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| ends(*byte));
            let taken = end.unwrap_or(chunk.len());
            piece.push(&chunk[..taken]);
            let last = end.map(|end| chunk[end]);
            let used = taken + usize::from(last.is_some());
            let lines = count_lines(&chunk[..used]);
            self.line += lines;
            self.plain.consume(used);
            if last.is_some() {
                return Ok(last);
            }
        }
    }
}

/// Whether JSON takes the byte for a blank.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
