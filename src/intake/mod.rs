//! Intake: from bytes to events, and what becomes of those that are refused.
//!
//! Everything that wants to enter the log passes here first. [`json`] turns the bytes of one into a JSON object or a
//! refusal.
//!
//! It may depend on the vocabulary of `standing-projections` and on decoders of bytes, never on
//! the log or on a terminal. What must stay true: no input makes it panic, none makes it hold more
//! than a fixed amount of memory, and every byte it does not hand on is accounted for by a refusal
//! or an error that names the line.

pub mod json;

#[cfg(test)]
mod tests;

pub use json::{Original, Unreadable, parse_event};
