//! The rules one by one: each boundary and each reading of SPEC §2 to §9 has its history.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod case;
mod developers;
mod duties;
#[path = "../common/everybody.rs"]
mod everybody;
mod findings;
mod incidents;
mod known;
mod measures;
mod next_change;
mod plaza;
mod printed;
mod review;
mod sanctions;
mod versions;
