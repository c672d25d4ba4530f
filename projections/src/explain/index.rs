//! Where in an app's standing its steps, incidents and sanctions are, found without a search.

use std::collections::BTreeMap;

use crate::rulebook::Level;
use crate::standing::AppStanding;
use crate::time::LocalMonth;

/// Places in the standing of an app.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Of an incident, by its number: its month's place, and its own in the month.
    pub(super) incidents: BTreeMap<usize, (usize, usize)>,
    /// Of an incident's steps, by its number.
    pub(super) steps: BTreeMap<usize, Vec<usize>>,
    /// Of a sanction, by its number over all months: its month's place, and its own in the month.
    pub(super) sanctions: Vec<(usize, usize)>,
    /// The number of the sanction that a step brought.
    pub(super) brought: BTreeMap<usize, usize>,
    /// For each step, the one before it of the same level and month.
    pub(super) previous: Vec<Option<usize>>,
}

impl Index {
    pub(super) fn of(app: &AppStanding<'_>) -> Self {
        let mut index = Self::default();
        for (m, month) in app.months.iter().enumerate() {
            for (v, violation) in month.violations.iter().enumerate() {
                index.incidents.insert(violation.incident, (m, v));
            }
            for (s, sanction) in month.sanctions.iter().enumerate() {
                index.brought.insert(sanction.step, index.sanctions.len());
                index.sanctions.push((m, s));
            }
        }
        let mut latest: BTreeMap<(LocalMonth, Level), usize> = BTreeMap::new();
        for (place, step) in app.steps.iter().enumerate() {
            index.steps.entry(step.incident).or_default().push(place);
            let previous = latest.insert((step.month, step.level), place);
            index.previous.push(previous);
        }
        index
    }
}
