//! What the property tests are made of: rulebooks of every shape, accepted histories, asks.

#![allow(dead_code)] // Each test file takes what it needs.

pub(crate) mod books;
pub(crate) mod desk;
pub(crate) mod junk;
pub(crate) mod ledger;
