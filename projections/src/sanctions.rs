//! The sanctions that an app's steps bring (SPEC §4).

use crate::event::Position;
use crate::measure::is_warning_alone;
use crate::provenance::Step;
use crate::rulebook::Level;
use crate::rules::{Moment, Timeline};
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
    /// When its incident escalates next.
    pub(crate) escalates: Option<Moment>,
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
) -> Vec<Sanction> {
    let mut sanctions = Vec::with_capacity(steps.len());
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
        let (figures, _) = rules.row(row);
        let from = step.at.time;
        let days = match (figures.days, figures.days_per_violation) {
            (None, None) => None,
            (days, each) => {
                let each = i64::from(each.unwrap_or(0)).saturating_mul(i64::from(*nth));
                Some(i64::from(days.unwrap_or(0)).saturating_add(each))
            }
        };
        // A warning has no interval, and alone no end either.
        let until = days.filter(|_| !is_warning_alone(&figures.measures));
        sanctions.push(Sanction {
            at: step.at,
            month: step.month,
            source: incidents[step.incident].source,
            step: place,
            escalates: None,
            level: step.level,
            nth: *nth,
            rules: index,
            row,
            until: until.map(|days| from.plus_days(days)),
            fix_by: figures
                .fix_within_hours
                .map(|hours| from.plus_hours(hours.into())),
        });
    }
    escalate(&mut sanctions, steps, incidents.len());
    sanctions
}

/// Tells each sanction when its incident escalates next.
fn escalate(sanctions: &mut [Sanction], steps: &[Step], incidents: usize) {
    if steps.iter().all(|step| step.begins) {
        return;
    }
    let mut next: Vec<Option<Moment>> = vec![None; incidents];
    let mut left = sanctions.iter_mut().rev().peekable();
    for (place, step) in steps.iter().enumerate().rev() {
        let later = next[step.incident].replace(step.at);
        if let Some(sanction) = left.next_if(|sanction| sanction.step == place) {
            sanction.escalates = later;
        }
    }
}
