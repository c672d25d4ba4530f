//! Proofs against those who would have them say something else: every byte and every line of keys,
//! checkpoints and proof files changed, cut, moved and put in from elsewhere. Nothing that says
//! something else may be believed, and nothing may panic. And the
//! commands, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod anything;
mod checkpoints;
mod cli;
#[path = "../common/mod.rs"]
mod common;
mod event_proofs;
mod independent;
mod keys;
mod log;
mod mutations;
