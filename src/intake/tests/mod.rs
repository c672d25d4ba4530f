//! Reading, tried with what is good, what is broken and what is hostile.

mod bounds;
mod forms;
mod json;
mod properties;
mod rejects;
mod tables;

use std::io::{self, Read};

use super::{Record, Source};

/// Every record of a text that is called `name`.
fn records(name: &str, bytes: impl AsRef<[u8]>) -> Vec<Record> {
    let bytes = io::Cursor::new(bytes.as_ref().to_vec());
    let source = Source::from_reader(name, bytes).unwrap();
    source.map(Result::unwrap).collect()
}

/// Where each record begins, and its `id`, its refusal's message or `?`.
fn told(records: &[Record]) -> Vec<(u64, String)> {
    let tell = |record: &Record| match &record.body {
        Ok(event) => event["id"].as_str().unwrap_or("?").to_owned(),
        Err(error) => {
            assert_eq!(error.refusal.code.as_str(), "event.malformed");
            format!("refused: {}", error.refusal.message)
        }
    };
    records
        .iter()
        .map(|record| (record.line, tell(record)))
        .collect()
}

/// Gives bytes in chunks of the sizes told, over and over.
struct Chunked {
    bytes: Vec<u8>,
    given: usize,
    sizes: Vec<usize>,
    turn: usize,
}

impl Chunked {
    fn new(bytes: &[u8], sizes: &[usize]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            given: 0,
            sizes: sizes.to_vec(),
            turn: 0,
        }
    }
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()].max(1);
        self.turn += 1;
        // Now and then a signal comes between.
        if self.turn.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let left = &self.bytes[self.given..];
        let length = size.min(buffer.len()).min(left.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.given += length;
        Ok(length)
    }
}
