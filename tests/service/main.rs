//! The service, from outside: the real binary, a real database, and clients of every kind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;

mod append;
mod demo;
mod described;
mod log;
mod read;
mod rulebooks;
mod simulations;
mod starting;
mod stream;
