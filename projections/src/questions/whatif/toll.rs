//! What flips mean to a developer, so that the hardest hit can be told first.
//!
//! There are no weights. A [`Toll`] counts what was lost, in the order in which it matters, and of two tolls
//! the one that is higher in the first count that differs is the heavier: somebody whose cooperation ends
//! comes before everybody whose does not, whatever else happens to them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::behind::Sides;
use super::flips::Flip;
use crate::questions::view::{Field, Value};
use crate::standing::{MonthOutcome, ObligationState, Standing, Status};
use crate::time::Instant;

/// What is lost, or gained, in the order in which it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Toll {
    /// How far the status moves: active, terminable, left, terminated.
    pub status: u32,
    /// How many grades.
    pub grade: u32,
    /// Months with another outcome.
    pub outcomes: u32,
    /// Apps off the board, or on it.
    pub board: u32,
    /// Apps that may not be certified any more, or may now.
    pub eligible: u32,
    /// Months of apps with a graver, or a lighter, tier.
    pub tiers: u32,
    /// Steps that bring a sanction, a graver or a longer one; none, a lighter or a shorter one.
    pub sanctions: u32,
    /// Measures in force that begin or last longer; end or last shorter. They come after what brings them, for a
    /// short measure ends where a grave one takes its place.
    pub measures: u32,
    /// Duties and holds more, due earlier or overdue; fewer, due later or no more overdue.
    pub duties: u32,
    /// Points of score.
    pub score: u64,
}

/// Both sides of what flips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What is lost.
    pub harm: Toll,
    /// What is gained.
    pub relief: Toll,
}

/// Which side is the heavier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// More is lost.
    Harmed,
    /// More is gained.
    Relieved,
    /// Neither: what flips is neither a loss nor a gain, or both weigh the same.
    Neither,
}

impl Effect {
    /// Which side is the heavier.
    #[must_use]
    pub fn side(&self) -> Side {
        match self.harm.cmp(&self.relief) {
            std::cmp::Ordering::Greater => Side::Harmed,
            std::cmp::Ordering::Less => Side::Relieved,
            std::cmp::Ordering::Equal => Side::Neither,
        }
    }

    pub(super) fn of(sides: &Sides<'_>, flips: &[Flip<'_>], after: &Standing<'_>) -> Self {
        let mut effect = Self::default();
        // Grades are held against each other by the rules that hold in the end.
        let grades = &sides.after.version(after.rules).book.developers.grades;
        let place = |grade: &str| grades.iter().position(|one| one == grade);
        for flip in flips {
            effect.add(flip, place);
        }
        effect.add_sanctions(flips);
        effect
    }

    /// A sanction is held against that of the same step on the other side, whatever number it has there.
    fn add_sanctions(&mut self, flips: &[Flip<'_>]) {
        let side = |flip: &Flip<'_>, value: Option<Value<'_>>| match (flip.key.field, value) {
            (Field::Sanction(_, level, _), Some(Value::Sanction { until, .. })) => {
                Some((std::cmp::Reverse(level), until.unwrap_or(Instant::MAX)))
            }
            _ => None,
        };
        let mut steps = BTreeMap::new();
        for flip in flips {
            for (after, value) in [(false, flip.from), (true, flip.to)] {
                if let Some(Value::Sanction { code, from, .. }) = value {
                    let step = (flip.key.app, from, code);
                    let sides: &mut [Option<_>; 2] = steps.entry(step).or_default();
                    sides[usize::from(after)] = side(flip, value);
                }
            }
        }
        for [was, is] in steps.into_values() {
            let (harm, relief) = (&mut self.harm.sanctions, &mut self.relief.sanctions);
            one(is > was, is < was, harm, relief);
        }
    }

    fn add(&mut self, flip: &Flip<'_>, place: impl Fn(&str) -> Option<usize>) {
        let Self { harm, relief } = self;
        let (from, to) = (flip.from, flip.to);
        let begins = from.is_none() && to.is_some();
        let ends = from.is_some() && to.is_none();
        match flip.key.field {
            Field::Status => {
                let moved = gravity(to) - gravity(from);
                count(moved, &mut harm.status, &mut relief.status);
            }
            Field::Grade => {
                let grade = |value| match value {
                    Some(Value::Word(grade)) => place(grade),
                    _ => None,
                };
                if let (Some(from), Some(to)) = (grade(from), grade(to)) {
                    let fallen = from as i64 - to as i64;
                    count(fallen, &mut harm.grade, &mut relief.grade);
                }
            }
            Field::Outcome(_) => {
                let moved = outcome(to) - outcome(from);
                count(moved.signum(), &mut harm.outcomes, &mut relief.outcomes);
            }
            Field::OnBoard => one(ends, begins, &mut harm.board, &mut relief.board),
            Field::Eligible => one(ends, begins, &mut harm.eligible, &mut relief.eligible),
            Field::Measure(_) => {
                let later = longer(from, to);
                let (more, less) = (begins || later == Some(true), ends || later == Some(false));
                one(more, less, &mut harm.measures, &mut relief.measures);
            }
            Field::Tier(_) => {
                let moved = i64::from(gravity_of_tier(to)) - i64::from(gravity_of_tier(from));
                count(moved.signum(), &mut harm.tiers, &mut relief.tiers);
            }
            Field::OnHold => one(begins, ends, &mut harm.duties, &mut relief.duties),
            Field::Obligation(..) => {
                let more = begins || heavier(from, to);
                let less = ends || heavier(to, from);
                one(more, less, &mut harm.duties, &mut relief.duties);
            }
            Field::Score => {
                let points = |value| match value {
                    Some(Value::Number(points)) => points,
                    _ => 0,
                };
                let lost = points(from).saturating_sub(points(to));
                let side = if lost > 0 { harm } else { relief };
                side.score = side.score.saturating_add(lost.unsigned_abs());
            }
            Field::Sanction(..)
            | Field::Permission
            | Field::Review
            | Field::KeyDisabled
            | Field::Condition(_) => {}
        }
    }
}

/// Counts a move: up is a loss, down a gain.
fn count(moved: i64, harm: &mut u32, relief: &mut u32) {
    let steps = u32::try_from(moved.unsigned_abs()).unwrap_or(u32::MAX);
    let side = if moved > 0 { harm } else { relief };
    *side = side.saturating_add(steps);
}

fn one(lost: bool, gained: bool, harm: &mut u32, relief: &mut u32) {
    *harm += u32::from(lost);
    *relief += u32::from(gained);
}

fn gravity(status: Option<Value<'_>>) -> i64 {
    match status {
        Some(Value::Word(word)) => Status::from_text(word).map_or(0, |status| match status {
            Status::Active => 0,
            Status::Terminable => 1,
            Status::Left => 2,
            Status::Terminated => 3,
        }),
        _ => 0,
    }
}

fn outcome(value: Option<Value<'_>>) -> i64 {
    match value {
        Some(Value::Word(word)) => {
            MonthOutcome::from_text(word).map_or(0, |outcome| outcome as i64)
        }
        _ => 0,
    }
}

/// 0 for no tier, 3 for the gravest.
fn gravity_of_tier(value: Option<Value<'_>>) -> u8 {
    match value {
        Some(Value::Number(level)) => u8::try_from(4 - level).unwrap_or(0),
        _ => 0,
    }
}

/// Whether something that is on both sides lasts longer, or shorter; until lifted is longest.
fn longer(from: Option<Value<'_>>, to: Option<Value<'_>>) -> Option<bool> {
    let end = |value| match value {
        Some(Value::Until(until)) => Some(until.unwrap_or(Instant::MAX)),
        _ => None,
    };
    let (was, is) = (end(from)?, end(to)?);
    (was != is).then_some(is > was)
}

/// Whether a duty weighs more on the second side: it is overdue there only, or is due earlier.
fn heavier(a: Option<Value<'_>>, b: Option<Value<'_>>) -> bool {
    let duty = |value| match value {
        Some(Value::Duty { state, due, .. }) => Some((
            state == ObligationState::Overdue,
            std::cmp::Reverse(due.unwrap_or(Instant::MAX)),
        )),
        _ => None,
    };
    match (duty(a), duty(b)) {
        (Some(a), Some(b)) => b > a,
        _ => false,
    }
}
