//! Where the elements of a JSON list begin and end.
//!
//! A list of any length is read element by element, so the bounds of one are found before it is
//! parsed: [`Bounds`] follows strings and nesting and leaves every other question to the parser.
//! It may depend on [`super::split`] only. What must stay true: an element reaches the parser as
//! the whole text between two commas, so that a missing comma makes it two values, which the
//! parser refuses; and bounds are never guessed. Where nesting or a string does not close, all
//! that is left is one piece.

use std::io;

use super::split::{Piece, Stream};

/// Follows a JSON text byte by byte to the comma or bracket that ends an element.
#[derive(Default)]
pub(crate) struct Bounds {
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl Bounds {
    /// Whether the byte is the one after the element.
    pub(crate) fn ends(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b',' | b']' if self.depth == 0 => return true,
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            // One too many is the parser's to refuse.
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }

    /// Whether the text may end here.
    pub(crate) fn is_closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }
}

/// How far a list has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elements {
    /// Behind the opening bracket.
    Opened,
    /// Behind a comma.
    AfterComma,
    /// Behind the closing bracket, or where the stream ended without one.
    Over,
}

/// What comes next in a list.
pub(crate) enum Next {
    /// An element, in the piece.
    Element,
    /// Something else, in the piece, with what is wrong with it.
    Fault(&'static str),
    /// Nothing more.
    End,
}

impl Elements {
    /// Reads on to the next element.
    pub(crate) fn next(&mut self, stream: &mut Stream, piece: &mut Piece) -> io::Result<Next> {
        if *self == Self::Over {
            return Ok(Next::End);
        }
        let first = stream.skip_blanks()?;
        match first {
            None => {
                *self = Self::Over;
                piece.set(stream.line, b"");
                return Ok(Next::Fault(
                    "the list ends without its `]`: is it cut short?",
                ));
            }
            Some(b',') => {
                *self = Self::AfterComma;
                piece.set(stream.line, b",");
                stream.take_one();
                return Ok(Next::Fault("there is no element before this comma"));
            }
            Some(b']') => {
                let fault = *self == Self::AfterComma;
                *self = Self::Over;
                piece.set(stream.line, b",");
                stream.take_one();
                return Ok(match fault {
                    true => Next::Fault("there is no element after the list's last comma"),
                    false => Next::End,
                });
            }
            Some(_) => {}
        }
        let mut bounds = Bounds::default();
        let end = stream.read_piece(piece, |byte| bounds.ends(byte))?;
        piece.trim_end();
        *self = match end {
            Some(b',') => Self::AfterComma,
            _ => Self::Over,
        };
        Ok(match end {
            Some(_) => Next::Element,
            None if bounds.is_closed() => {
                Next::Fault("the list ends after this without its `]`: is it cut short?")
            }
            None => Next::Fault("from here on the list is cut short, or its nesting is broken"),
        })
    }
}
