//! Questions about standing over time: since when, what next, what changed.
//!
//! Each is [`assess`](crate::assess) at other arguments (other instants, other positions, a history
//! with one more event) and a comparison of its answers. No rule is known here. A standing can
//! change at the instant of an event and at the instants that `next_change` names, and at no other:
//! so a [`Walk`] over those leaves nothing out, and needs no guess that a change is for good.

mod behind;
mod bisect;
mod board;
mod changes;
mod condition;
mod effect;
mod forecast;
mod knowledge;
mod named;
mod parse;
mod view;
mod walk;
pub mod whatif;

pub use behind::{Cause, EventAt};
pub use bisect::{Bisected, Turn, by_time, by_time_with_ranks};
pub use changes::{Change, changes};
pub use condition::{Condition, ConditionError, Place};
pub use effect::{Effect, Moved};
pub use forecast::{Coming, Forecast, Hypothesis, WhatIf, forecast};
pub use knowledge::{Rulebooks, by_knowledge, by_knowledge_with_ranks};
pub use view::{Facet, Field, Key, Value, differences, view};
pub use walk::Walk;

pub use crate::explain::Subject;
