//! `standing export`: what is in the tables is what `assess`, `plaza` and `audit` print of the same
//! ledger, in both forms, and DuckDB reads it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "../common/mod.rs"]
mod common;
mod duckdb;
mod expected;
mod files;
mod folder;
mod values;
