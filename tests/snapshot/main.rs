//! `standing snapshot`: questions that begin with one are answered as by the log alone, whatever
//! became of it, and nobody who is ended while writing one leaves anything half.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod commands;
#[path = "../common/mod.rs"]
mod common;
mod drawn;
mod duckdb;
#[path = "../../projections/tests/common/mod.rs"]
mod histories;
#[cfg(unix)]
mod kills;
