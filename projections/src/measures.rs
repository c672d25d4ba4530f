//! The measures in force on an app (SPEC §6).

use crate::developers::Ended;
use crate::event::Position;
use crate::facts::Fact;
use crate::horizon::Horizon;
use crate::measure::{Measure, Measures};
use crate::provenance::{Interval, Origin};
use crate::review::{BlockKind, Lifecycle};
use crate::rules::{Moment, Timeline};
use crate::sanctions::Sanction;
use crate::standing::MeasureInForce;
use crate::time::Instant;

impl Interval {
    /// The lift that ends it: the first of this measure that comes after the interval's beginning,
    /// and for a block that began at a missed due instant, strictly after that instant.
    fn lift<'a>(&self, lifts: &'a [Fact]) -> Option<&'a Fact> {
        if lifts.is_empty() {
            return None;
        }
        let later = match self.origin {
            Origin::Termination => lifts.len(),
            Origin::MissedFix => lifts.partition_point(|lift| lift.time() <= self.from),
            _ => lifts
                .partition_point(|lift| (lift.time(), lift.position()) <= (self.from, self.cause)),
        };
        lifts[later..]
            .iter()
            .find(|lift| lift.measures().contains(self.measure))
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
    pub(crate) lifecycle: &'a Lifecycle,
    pub(crate) ended: &'a [Ended],
}

fn intervals(timeline: &Timeline, grounds: &Grounds<'_>) -> Vec<Interval> {
    let mut all = Vec::with_capacity(2 * grounds.sanctions.len());
    let mut add = |measures: Measures, from, cause, (until, ended_by), origin| {
        all.extend(measures.lasting().map(|measure| Interval {
            measure,
            from,
            cause,
            until,
            origin,
            ended_by,
            in_force: false,
        }));
    };
    for (index, sanction) in grounds.sanctions.iter().enumerate() {
        let (_, measures) = timeline.version(sanction.rules).row(sanction.row);
        let origin = Origin::Sanction(index);
        add(
            measures,
            sanction.at.time,
            sanction.cause(),
            (sanction.until, None),
            origin,
        );
    }
    for fact in grounds.imposed {
        add(
            fact.measures(),
            fact.time(),
            fact.position(),
            (fact.until(), None),
            Origin::Imposed,
        );
    }
    for block in grounds.lifecycle.blocks() {
        let origin = match block.kind {
            BlockKind::Grave => Origin::GraveFinding,
            BlockKind::Missed => Origin::MissedFix,
        };
        let measures = Measures::only(Measure::BlockApi);
        add(
            measures,
            block.from,
            block.cause,
            ended_at(block.until),
            origin,
        );
    }
    for ended in grounds.ended {
        let from = ended.from;
        add(
            Measures::TERMINATION,
            from.time,
            from.position,
            ended_at(ended.until),
            Origin::Termination,
        );
    }
    all
}

/// The end of an interval that an event ends, and which event.
fn ended_at(until: Option<Moment>) -> (Option<Instant>, Option<Position>) {
    (until.map(|end| end.time), until.map(|end| end.position))
}

/// The measures in force, by name, each with its latest end; and every interval that has begun.
pub(crate) fn in_force(
    timeline: &Timeline,
    grounds: &Grounds<'_>,
    horizon: &mut Horizon,
) -> (Box<[MeasureInForce]>, Box<[Interval]>) {
    let at = horizon.as_of();
    let mut intervals = intervals(timeline, grounds);
    for interval in &mut intervals {
        let lift = interval.lift(grounds.lifts);
        if let Some(lift) = lift.filter(|l| interval.until.is_none_or(|until| l.time() < until)) {
            interval.until = Some(lift.time());
            interval.ended_by = Some(lift.position());
        }
        horizon.see(interval.from);
        if let Some(until) = interval.until {
            horizon.see(until);
        }
        interval.in_force = interval.holds(at);
    }
    intervals.retain(|interval| interval.from <= at);
    let running = intervals.iter().filter(|interval| interval.in_force);
    let mut running: Vec<&Interval> = running.collect();
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
    (in_force.into(), intervals.into())
}

/// Those in force, as a set.
pub(crate) fn as_set(in_force: &[MeasureInForce]) -> Measures {
    in_force.iter().map(|running| running.measure).collect()
}
