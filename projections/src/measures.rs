//! The measures in force on an app (SPEC §6).

use crate::developers::Ended;
use crate::event::Position;
use crate::facts::Fact;
use crate::horizon::Horizon;
use crate::measure::{Measure, Measures};
use crate::review::{Block, BlockKind};
use crate::rules::Timeline;
use crate::sanctions::Sanction;
use crate::standing::{MeasureInForce, Origin};
use crate::time::Instant;

/// A measure from an instant on, until another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub(crate) measure: Measure,
    pub(crate) from: Instant,
    pub(crate) cause: Position,
    pub(crate) until: Option<Instant>,
    pub(crate) origin: Origin,
}

impl Interval {
    /// Whether a lift ends it: one of this measure that comes after the interval's beginning, and
    /// for a block that began at a missed due instant, strictly after that instant.
    fn is_lifted_by(&self, lift: Fact) -> bool {
        let after = match self.origin {
            Origin::Termination => false,
            Origin::MissedFix => lift.time() > self.from,
            _ => (lift.time(), lift.position()) > (self.from, self.cause),
        };
        after && lift.measures().contains(self.measure)
    }

    fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What measures on an app follow from.
pub(crate) struct Grounds<'a> {
    pub(crate) sanctions: &'a [Sanction],
    pub(crate) imposed: &'a [Fact],
    pub(crate) lifts: &'a [Fact],
    pub(crate) blocks: &'a [Block],
    pub(crate) ended: &'a [Ended],
}

fn intervals(timeline: &Timeline, grounds: &Grounds<'_>) -> Vec<Interval> {
    let mut all = Vec::new();
    let mut add = |measures: Measures, from, cause, until, origin| {
        all.extend(measures.lasting().map(|measure| Interval {
            measure,
            from,
            cause,
            until,
            origin,
        }));
    };
    for (index, sanction) in grounds.sanctions.iter().enumerate() {
        let (_, measures) = timeline.version(sanction.rules).row(sanction.row);
        let origin = Origin::Sanction(index);
        add(
            measures,
            sanction.at.time,
            sanction.cause(),
            sanction.until,
            origin,
        );
    }
    for fact in grounds.imposed {
        add(
            fact.measures(),
            fact.time(),
            fact.position(),
            fact.until(),
            Origin::Imposed,
        );
    }
    for block in grounds.blocks {
        let origin = match block.kind {
            BlockKind::Grave => Origin::GraveFinding,
            BlockKind::Missed => Origin::MissedFix,
        };
        let measures = Measures::only(Measure::BlockApi);
        add(measures, block.from, block.cause, block.until, origin);
    }
    for ended in grounds.ended {
        let from = ended.from;
        add(
            Measures::TERMINATION,
            from.time,
            from.position,
            ended.until,
            Origin::Termination,
        );
    }
    all
}

/// The measures in force, by name, each with its latest end.
pub(crate) fn in_force(
    timeline: &Timeline,
    grounds: &Grounds<'_>,
    horizon: &mut Horizon,
) -> Vec<MeasureInForce> {
    let mut running = intervals(timeline, grounds);
    for interval in &mut running {
        let lift = grounds
            .lifts
            .iter()
            .find(|lift| interval.is_lifted_by(**lift));
        if let Some(lift) = lift.filter(|l| interval.until.is_none_or(|until| l.time() < until)) {
            interval.until = Some(lift.time());
        }
        horizon.see(interval.from);
        if let Some(until) = interval.until {
            horizon.see(until);
        }
    }
    let at = horizon.as_of();
    running.retain(|interval| interval.holds(at));
    // By name, and of one measure the latest end first; null is the latest.
    running.sort_by_key(|interval| {
        let until = interval.until.unwrap_or(Instant::MAX);
        (
            interval.measure.as_str(),
            interval.until.is_some(),
            std::cmp::Reverse(until),
        )
    });
    let mut in_force: Vec<MeasureInForce> = Vec::new();
    for interval in running {
        match in_force.last_mut() {
            Some(last) if last.measure == interval.measure => {
                last.causes.push((interval.origin, interval.cause));
            }
            _ => in_force.push(MeasureInForce {
                measure: interval.measure,
                until: interval.until,
                causes: vec![(interval.origin, interval.cause)],
            }),
        }
    }
    in_force
}

/// Those in force, as a set.
pub(crate) fn as_set(in_force: &[MeasureInForce]) -> Measures {
    in_force.iter().map(|running| running.measure).collect()
}
