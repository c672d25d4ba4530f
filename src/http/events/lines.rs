//! The lines of a body, as they come in.

use axum::body::{Body, BodyDataStream, Bytes};
use tokio_stream::StreamExt;

use crate::intake::json::TEXT_BYTES_MAX;

/// How many lines are handed on together at most.
const LINES: usize = 1_000;

/// A line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its text, or how many bytes it has where these are too many.
    pub(super) text: Result<Vec<u8>, u64>,
}

/// The lines of a body. What is held of it is one chunk and one line of bounded length.
pub(super) struct Lines {
    body: BodyDataStream,
    split: Split,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            split: Split::default(),
        }
    }

    /// The next lines: those that are there, without waiting for more; none at the end.
    ///
    /// # Errors
    /// Where the body ends early.
    pub(super) async fn next(&mut self) -> Result<Vec<Line>, axum::Error> {
        loop {
            let lines = self.split.lines(LINES);
            if !lines.is_empty() {
                return Ok(lines);
            }
            match self.body.next().await {
                Some(chunk) => self.split.chunk = chunk?,
                None => return Ok(self.split.last().into_iter().collect()),
            }
        }
    }
}

/// Cuts chunks into lines.
#[derive(Default)]
struct Split {
    chunk: Bytes,
    /// The beginning of the line in hand.
    begun: Vec<u8>,
    /// How many bytes it has, kept or not.
    length: u64,
    /// How many lines have ended.
    ended: u64,
}

impl Split {
    /// Lines that end in the chunk, at most so many; none, once it is used up.
    fn lines(&mut self, most: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while !self.chunk.is_empty() && lines.len() < most {
            let end = self.chunk.iter().position(|byte| *byte == b'\n');
            let part = self.chunk.split_to(end.unwrap_or(self.chunk.len()));
            self.length += part.len() as u64;
            // One more than is taken, so that what is too long shows.
            let room = (TEXT_BYTES_MAX + 1).saturating_sub(self.begun.len());
            self.begun.extend_from_slice(&part[..part.len().min(room)]);
            if end.is_some() {
                let _ = self.chunk.split_to(1);
                self.ended += 1;
                lines.extend(self.taken(self.ended));
            }
        }
        lines
    }

    /// What follows the last end of a line.
    fn last(&mut self) -> Option<Line> {
        self.taken(self.ended + 1)
    }

    /// The line in hand, unless it is blank.
    fn taken(&mut self, number: u64) -> Option<Line> {
        let (text, length) = (
            std::mem::take(&mut self.begun),
            std::mem::take(&mut self.length),
        );
        let trimmed = text.trim_ascii();
        if length > text.len() as u64 || trimmed.len() > TEXT_BYTES_MAX {
            return Some(Line {
                number,
                text: Err(length),
            });
        }
        let text = trimmed.to_vec();
        (!text.is_empty()).then_some(Line {
            number,
            text: Ok(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &[u8], size: usize) -> Vec<Line> {
        let mut split = Split::default();
        let mut all = Vec::new();
        for chunk in text.chunks(size) {
            split.chunk = Bytes::copy_from_slice(chunk);
            loop {
                let lines = split.lines(2);
                if lines.is_empty() {
                    break;
                }
                all.extend(lines);
            }
        }
        all.extend(split.last());
        all
    }

    #[test]
    fn how_the_bytes_arrive_makes_no_difference() {
        let long = "x".repeat(TEXT_BYTES_MAX + 7);
        let text = format!("a\n\n  b \r\n{long}\n\nc");
        let expected = [
            (1, Ok(b"a".to_vec())),
            (3, Ok(b"b".to_vec())),
            (4, Err(long.len() as u64)),
            (6, Ok(b"c".to_vec())),
        ];
        for size in [1, 2, 3, 5, 1_000, text.len()] {
            let found = split(text.as_bytes(), size);
            let found: Vec<_> = found
                .into_iter()
                .map(|line| (line.number, line.text))
                .collect();
            assert_eq!(found, expected, "chunks of {size}");
        }
    }
}
