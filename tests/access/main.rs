//! Who may do what, from outside: the real service, asked over sockets by those who may and by those
//! who may not.

// In tests a failure should stop the test where it happens.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod limits;
mod matrix;
mod page;
mod settings;
mod stores;
mod tls;
mod tokens;
