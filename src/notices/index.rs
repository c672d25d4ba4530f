//! What an app's sanctions brought, found without a search: measures and duties.

use std::collections::BTreeMap;

use standing_projections::Instant;
use standing_projections::measure::Measure;
use standing_projections::provenance::{DutyRule, Interval, Origin};
use standing_projections::standing::{AppStanding, Obligation, Sanction};

use super::{Applied, Duty, Ended};

/// What an app's sanctions brought, by their number.
pub(super) struct Index<'a> {
    pub(super) app: &'a AppStanding<'a>,
    /// Of each incident, its place in its month.
    pub(super) incidents: BTreeMap<usize, usize>,
    intervals: BTreeMap<usize, Vec<&'a Interval>>,
    duties: BTreeMap<usize, Vec<&'a Obligation<'a>>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(app: &'a AppStanding<'a>) -> Self {
        let mut index = Self {
            app,
            incidents: BTreeMap::new(),
            intervals: BTreeMap::new(),
            duties: BTreeMap::new(),
        };
        for month in &app.months {
            let each = month.violations.iter().zip(0..);
            index
                .incidents
                .extend(each.map(|(v, place)| (v.incident, place)));
        }
        for interval in &app.intervals {
            if let Origin::Sanction(number) = interval.origin {
                index.intervals.entry(number).or_default().push(interval);
            }
        }
        for duty in &app.obligations {
            if let DutyRule::Sanction(number) = duty.rule {
                index.duties.entry(number).or_default().push(duty);
            }
        }
        index
    }

    /// What a sanction does, in the rulebook's order.
    pub(super) fn measures(&self, sanction: &Sanction<'_>, number: usize) -> Vec<Applied> {
        let intervals = self.intervals.get(&number);
        let names = sanction.measures.iter();
        let measures = names.filter_map(|name| Measure::from_text(name));
        let each = measures.map(|measure| {
            let mut intervals = intervals.into_iter().flatten();
            match intervals.find(|interval| interval.measure == measure) {
                Some(interval) => applied(self.app, interval, sanction.until),
                // A warning has no interval.
                None => Applied {
                    app: self.app.app.to_owned(),
                    measure,
                    from: sanction.from,
                    until: None,
                    ended: None,
                },
            }
        });
        each.collect()
    }

    pub(super) fn duties(&self, number: usize) -> Vec<Duty> {
        let owed = self.duties.get(&number).into_iter().flatten();
        owed.map(|duty| duty_of(self.app, duty)).collect()
    }
}

pub(super) fn applied(
    app: &AppStanding<'_>,
    interval: &Interval,
    until: Option<Instant>,
) -> Applied {
    let ended = interval.until.zip(interval.ended_by);
    Applied {
        app: app.app.to_owned(),
        measure: interval.measure,
        from: interval.from,
        until,
        ended: ended.map(|(at, by)| Ended { at, by }),
    }
}

pub(super) fn duty_of(app: &AppStanding<'_>, duty: &Obligation<'_>) -> Duty {
    Duty {
        app: app.app.to_owned(),
        kind: duty.kind,
        due: duty.due,
        state: duty.state,
        met_at: duty.met_at,
    }
}
