//! The read model: its tables held against what other commands print, kept up by the service, killed,
//! taken over and made anew. The real binary, a real database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../export/expected.rs"]
mod expected;
mod kept;
mod rebuilt;
mod tables;

/// Rows, as JSON objects.
mod folder {
    pub(crate) type Rows = Vec<serde_json::Map<String, serde_json::Value>>;
}

use common::events::{event, with};
