//! The plaza's feed: whoever takes the board at some place of the sequence and applies what follows has the board,
//! whatever happens meanwhile. The real binary, a real database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod consumer;
mod followed;
mod made;
mod receiver;
mod stream;
mod webhooks;
