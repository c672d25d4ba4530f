//! Intake: from bytes to events, and what becomes of those that are refused.
//!
//! Everything that wants to enter the log passes here first. Reading ([`reader`], and below it
//! [`json`] and [`csv`]) turns bytes of any origin into JSON objects or refusals; [`rejects`]
//! writes the refused ones down so that they can be mended and read again.
//!
//! It may depend on the vocabulary of `standing-projections` and on decoders of bytes, never on
//! the log or on a terminal. What must stay true: no input makes it panic, none makes it hold more
//! than a fixed amount of memory, and every byte it does not hand on is accounted for by a refusal
//! or an error that names the line.

mod array;
pub mod csv;
mod input;
pub mod json;
pub mod reader;
pub mod rejects;
mod split;

#[cfg(test)]
mod tests;

pub use json::{Original, Unreadable, parse_event};
pub use reader::{Form, ReadError, Record, Source};
pub use rejects::RejectsWriter;
