//! The rules of Standing.
//!
//! Everything a platform may say of a developer's standing is a pure function of accepted events,
//! rulebooks and two instants; this crate is that function and the vocabulary it is written in.
//! It reads no clock, opens no file and starts no task: the same input gives the same bytes.

pub mod calendar;
pub mod event;
pub mod measure;
pub mod refusal;
pub mod rulebook;
pub mod time;
mod words;

pub use event::{Event, Position};
pub use refusal::Refusal;
pub use rulebook::{Level, Rulebook};
pub use time::{Instant, LocalMonth, Zone};
