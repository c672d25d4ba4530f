//! The sanctions that an app's steps bring (SPEC §4).

use crate::event::Position;
use crate::provenance::Step;
use crate::rulebook::Level;
use crate::rules::{Moment, Row, Timeline};
use crate::tiers::{Incident, Source};
use crate::time::{Instant, LocalMonth};

/// What the ladder does about a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sanction {
    pub(crate) at: Moment,
    pub(crate) month: LocalMonth,
    pub(crate) source: Source,
    /// The step's place among the app's.
    pub(crate) step: usize,
    pub(crate) level: Level,
    pub(crate) nth: u32,
    /// The index of the rules and of their ladder's row.
    pub(crate) rules: usize,
    pub(crate) row: usize,
    pub(crate) until: Option<Instant>,
    pub(crate) fix_by: Option<Instant>,
}

impl Sanction {
    pub(crate) const fn cause(&self) -> Position {
        self.at.position
    }
}

/// For each step, in their order, the row of its level and of how many of that level the app has
/// had in the month, itself included; without a row, nothing.
pub(crate) fn sanctions(
    timeline: &Timeline,
    steps: &[Step],
    incidents: &[Incident],
    sanctions: &mut Vec<Sanction>,
) {
    sanctions.clear();
    let mut counted = [0u32; 3];
    let (mut month, mut index) = (None, 0);
    for (place, step) in steps.iter().enumerate() {
        if month != Some(step.month) {
            (month, counted) = (Some(step.month), [0; 3]);
            index = timeline.index_of_month(step.month);
        }
        let nth = &mut counted[step.level.index()];
        *nth += 1;
        let rules = timeline.version(index);
        let Some(row) = rules.ladder_row(step.level, *nth) else {
            continue;
        };
        let (until, fix_by) = terms(rules.figures(row), *nth, step.at.time);
        sanctions.push(Sanction {
            at: step.at,
            month: step.month,
            source: incidents[step.incident].source,
            step: place,
            level: step.level,
            nth: *nth,
            rules: index,
            row,
            until,
            fix_by,
        });
    }
}

/// Until when the nth sanction of a row runs that begins at an instant, and by when it is to be put right.
pub(crate) fn terms(row: &Row, nth: u32, from: Instant) -> (Option<Instant>, Option<Instant>) {
    let until = row.days.map(|(days, each)| {
        let each = each.saturating_mul(i64::from(nth));
        from.plus_days(days.saturating_add(each))
    });
    let fix_by = row.fix_within_hours.map(|hours| from.plus_hours(hours));
    (until, fix_by)
}
