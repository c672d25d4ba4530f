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

/// Every interval that has begun or will, with the event that ends it.
pub(crate) fn intervals(
    timeline: &Timeline,
    grounds: &Grounds<'_>,
    as_of: Instant,
) -> impl Iterator<Item = Interval> {
    let interval = move |from, cause, (until, ended_by), origin| {
        move |measure| Interval {
            measure,
            from,
            cause,
            until,
            origin,
            ended_by,
            in_force: false,
        }
    };
    let sanctions = grounds.sanctions.iter().enumerate();
    let sanctions = sanctions.flat_map(move |(index, sanction)| {
        let rules = timeline.version(sanction.rules);
        let (end, origin) = ((sanction.until, None), Origin::Sanction(index));
        let interval = interval(sanction.at.time, sanction.cause(), end, origin);
        rules.figures(sanction.row).measures.lasting().map(interval)
    });
    let imposed = grounds.imposed.iter().flat_map(move |fact| {
        let (end, origin) = ((fact.until(), None), Origin::Imposed);
        let interval = interval(fact.time(), fact.position(), end, origin);
        fact.measures().lasting().map(interval)
    });
    let blocks = grounds.lifecycle.blocks().map(move |block| {
        let origin = match block.kind {
            BlockKind::Grave => Origin::GraveFinding,
            BlockKind::Missed => Origin::MissedFix,
        };
        let end = ended_at(block.until);
        interval(block.from, block.cause, end, origin)(Measure::BlockApi)
    });
    let ended = grounds.ended.iter().flat_map(move |ended| {
        let (from, end) = (ended.from, ended_at(ended.until));
        let interval = interval(from.time, from.position, end, Origin::Termination);
        Measures::TERMINATION.lasting().map(interval)
    });
    let all = sanctions.chain(imposed).chain(blocks).chain(ended);
    all.map(move |mut interval| {
        let lift = interval.lift(grounds.lifts);
        if let Some(lift) = lift.filter(|l| interval.until.is_none_or(|until| l.time() < until)) {
            interval.until = Some(lift.time());
            interval.ended_by = Some(lift.position());
        }
        interval.in_force = interval.holds(as_of);
        interval
    })
}

/// The end of an interval that an event ends, and which event.
fn ended_at(until: Option<Moment>) -> (Option<Instant>, Option<Position>) {
    (until.map(|end| end.time), until.map(|end| end.position))
}

/// The measures in force: by name, and of one measure the latest end first.
#[derive(Debug, Default)]
pub(crate) struct Running(Vec<Interval>);

impl Running {
    /// Takes those of another app.
    pub(crate) fn derive(
        &mut self,
        timeline: &Timeline,
        grounds: &Grounds<'_>,
        horizon: &mut Horizon,
    ) {
        self.0.clear();
        for interval in intervals(timeline, grounds, horizon.as_of()) {
            horizon.see(interval.from);
            if let Some(until) = interval.until {
                horizon.see(until);
            }
            if interval.in_force {
                self.0.push(interval);
            }
        }
        // Null is the latest end.
        self.0.sort_by_key(|interval| {
            let until = interval.until.unwrap_or(Instant::MAX);
            (
                interval.measure.as_str(),
                interval.until.is_some(),
                std::cmp::Reverse(until),
            )
        });
    }

    /// Each measure in force, with its latest end.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Interval> {
        self.by_measure().filter_map(<[Interval]>::first)
    }

    /// As they are printed, with what brings each.
    pub(crate) fn printed(&self) -> Box<[MeasureInForce]> {
        let of_one = self.by_measure().filter_map(|all| {
            let latest = all.first()?;
            let causes = all.iter().map(|interval| (interval.origin, interval.cause));
            Some(MeasureInForce {
                measure: latest.measure,
                until: latest.until,
                causes: causes.collect(),
            })
        });
        of_one.collect()
    }

    fn by_measure(&self) -> impl Iterator<Item = &[Interval]> {
        self.0.chunk_by(|a, b| a.measure == b.measure)
    }

    /// Those in force, as a set.
    pub(crate) fn as_set(&self) -> Measures {
        self.0.iter().map(|interval| interval.measure).collect()
    }
}
