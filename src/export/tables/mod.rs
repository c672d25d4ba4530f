//! The tables: rows, and the columns that are read from them.

mod apps;
mod developers;
mod log;
mod months;

pub(super) use apps::{AppRow, OfApp, apps, measures, obligations, plaza};
pub(super) use developers::{DeveloperMonthRow, DeveloperRow, developer_months, developers};
pub(super) use log::{EventRow, events, rulebooks};
pub(super) use months::{MonthRow, OfMonth, months, sanctions, violations};

use standing_projections::Position;

/// A position, or another count that no log exceeds, as a number with a sign.
fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn positions(all: &[Position]) -> Vec<i64> {
    all.iter().map(|position| signed(position.0)).collect()
}
