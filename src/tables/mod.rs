//! What follows from a log, as tables: rows, and the columns that are read from them.
//!
//! A column is a name, a type, a line of documentation and the reading of a row, in one place, so that
//! what is written and what is documented are the same, in files and in databases.

mod apps;
pub(crate) mod column;
mod developers;
mod log;
mod months;

pub(crate) use apps::{
    AppRow, OfApp, apps, certification, measures, obligation_number, obligations, plaza,
};
pub(crate) use developers::{DeveloperMonthRow, DeveloperRow, developer_months, developers};
pub(crate) use log::{EventRow, events, rulebooks};
pub(crate) use months::{MonthRow, OfMonth, months, sanctions, violations};

use standing_projections::Position;

/// A position, or another count that no log exceeds, as a number with a sign.
fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn positions(all: &[Position]) -> Vec<i64> {
    all.iter().map(|position| signed(position.0)).collect()
}
