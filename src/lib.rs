//! Standing: an event-sourced reputation ledger for the developers of an open platform.
//!
//! This crate is what surrounds the rules of `standing-projections`: the log they read, the intake
//! that decides what enters it, and the command line. No rule lives here.

pub mod access;
pub mod bundle;
pub mod cli;
pub mod desk;
pub mod export;
pub mod history;
pub mod http;
pub mod intake;
pub mod ledger;
pub mod live;
pub mod notices;
pub mod proof;
pub mod readmodel;
pub mod recompute;
pub mod simulations;
pub mod transfer;
pub mod webhooks;
pub mod whatif;

mod in_order;
mod tables;
mod words;
