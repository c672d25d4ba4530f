//! The rules of Standing.
//!
//! Everything a platform may say of a developer's standing is a pure function of accepted events,
//! rulebooks and two instants; this crate is that function, [`assess`], and the vocabulary it is
//! written in. It reads no clock, opens no file and starts no task: the same input gives the same
//! bytes.

pub mod calendar;
pub mod decisions;
pub mod event;
pub mod explain;
pub mod facts;
pub mod legality;
pub mod measure;
pub mod obligations;
pub mod packed;
pub mod plaza;
pub mod positions;
pub mod provenance;
pub mod questions;
pub mod refusal;
pub mod retraction;
pub mod review;
pub mod rulebook;
pub mod rules;
pub mod standing;
pub mod text;
pub mod tiers;
pub mod time;

mod app;
mod assess;
mod certification;
mod developers;
mod horizon;
mod measures;
mod months;
mod order;
mod outage_dates;
mod outages;
mod recall;
mod sanctions;
mod words;

pub use assess::{Ask, Assessor, assess};
pub use event::{Event, Position};
pub use recall::{Again, Recall};
pub use refusal::Refusal;
pub use rulebook::{Level, Rulebook};
pub use standing::Standing;
pub use time::{Instant, LocalMonth, Zone};
