//! The ledger, from outside: what every store must do, and what each does in its own way.

// In tests a failure should stop the test where it happens.
#![allow(clippy::unwrap_used, clippy::panic)]

mod conformance;
mod postgres;
#[path = "../common/server.rs"]
mod server;
mod sqlite;
