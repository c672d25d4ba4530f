//! Intake: from bytes to events, and what becomes of those that are refused.
//!
//! Everything that wants to enter the log passes here first. Reading ([`reader`], and below it
//! [`json`] and [`csv`]) turns bytes of any origin into JSON objects or refusals; [`rejects`]
//! writes the refused ones down so that they can be mended and read again. [`admit`] judges events
//! by what the ledger knows, which its register holds, and appends those that are accepted.
//!
//! It may depend on `standing-projections`, on decoders of bytes, on the ledger and the desk, never
//! on a terminal; reading knows nothing of the log. What must stay true: no input makes it panic, none makes it hold more
//! than a fixed amount of memory, and every byte it does not hand on is accounted for by a refusal
//! or an error that names the line.

pub mod admit;
mod ahead;
mod array;
pub mod csv;
mod input;
pub mod json;
pub(crate) mod judge;
mod leaf_size;
mod parts;
mod publish;
pub mod queue;
pub mod reader;
pub(crate) mod register;
pub mod rejects;
mod split;

#[cfg(test)]
mod tests;

pub use admit::{
    AdmitError, Admitted, Candidate, ClockFn, Concluded, Intake, Outcome, Rejected, Trust,
};
pub use ahead::{Batch, Read, ahead};
pub(crate) use input::unpacked;
pub use json::{Original, Unreadable, check_event, parse_event};
pub(crate) use judge::sha256_hex;
pub use publish::{PublishError, publication, publish, publish_at};
pub use queue::{Queue, QueueError, Told};
pub use reader::{Form, ReadError, Record, Source};
pub use rejects::RejectsWriter;
