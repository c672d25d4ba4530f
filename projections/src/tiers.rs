//! The incidents of an app, month by month, and the tiers they make (SPEC §4).
//!
//! Violations found are incidents as they come; complaints and outage days make at most one each
//! a month, which begins when a level is first reached and escalates when a graver one is. Every
//! beginning and escalation is a [`Step`]; sanctions and developers' outcomes follow from those.

use std::ops::Range;

use crate::event::{COMPLAINTS, Cause, OUTAGE, Position};
use crate::facts::{Fact, NameId, Names};
use crate::horizon::Horizon;
use crate::outages::{Outages, Span};
use crate::positions::Positions;
use crate::provenance::{Basis, OutageDay, Step};
use crate::rulebook::Level;
use crate::rules::{Moment, Timeline};
use crate::time::{DAY_MICROS, Instant, LocalMonth};

/// What an incident is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A violation found, of this code.
    Found(NameId),
    /// The month's complaints.
    Complaints,
    /// The month's outage days.
    Outage,
}

impl Source {
    /// The code it is printed under.
    #[must_use]
    pub fn code(self, names: &Names) -> &str {
        match self {
            Self::Found(code) => names.text(code),
            Self::Complaints => COMPLAINTS,
            Self::Outage => OUTAGE,
        }
    }
}

/// A violation of an app in a month.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) source: Source,
    pub(crate) level: Level,
    pub(crate) since: Instant,
    pub(crate) at: Instant,
    pub(crate) evidence: Positions,
}

/// What a month of an app has beside its incidents.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) month: LocalMonth,
    /// The index of the rules it is judged by.
    pub(crate) rules: usize,
    pub(crate) counts: [u32; 3],
    pub(crate) unclassified: Vec<(NameId, Position)>,
    /// The places of its counted complaints among the app's.
    complaints: Range<usize>,
    /// The places of its outage days among the app's.
    days: Range<usize>,
    complaint_incident: Option<usize>,
}

/// A complaint that does not count, and the index of the rules that say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uncounted {
    pub(crate) month: LocalMonth,
    pub(crate) rules: usize,
    pub(crate) position: Position,
    pub(crate) reason: NameId,
}

/// The month of the fact before: from its first instant to that of the next one, and its rules.
#[derive(Clone, Copy, Debug)]
struct Current {
    from: Instant,
    until: Instant,
    month: LocalMonth,
    rules: usize,
}

/// The incidents of an app as its facts come in.
#[derive(Debug)]
pub(crate) struct Tiers<'a> {
    timeline: &'a Timeline,
    current: Option<Current>,
    /// Each has something that counts.
    pub(crate) months: Vec<Month>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) steps: Vec<Step>,
    /// Beside the months: one with nothing else is none.
    pub(crate) uncounted: Vec<Uncounted>,
    /// The complaints that count, month after month.
    complaints: Vec<Position>,
    outages: Outages<(Position, Cause)>,
    explained: Vec<u32>,
    /// The outage days, month after month.
    days: Vec<OutageDay>,
}

impl<'a> Tiers<'a> {
    pub(crate) fn new(timeline: &'a Timeline) -> Self {
        Self {
            timeline,
            current: None,
            months: Vec::new(),
            incidents: Vec::new(),
            steps: Vec::new(),
            uncounted: Vec::new(),
            complaints: Vec::new(),
            outages: Outages::default(),
            explained: Vec::new(),
            days: Vec::new(),
        }
    }

    /// Makes ready for the next app.
    pub(crate) fn clear(&mut self) {
        self.months.clear();
        self.incidents.clear();
        self.steps.clear();
        self.uncounted.clear();
        self.complaints.clear();
        self.outages.clear();
        self.explained.clear();
        self.days.clear();
    }

    /// The month and its rules at an instant. Facts come in order of time, so mostly they are those of
    /// the fact before.
    fn month_at(&mut self, at: Instant) -> Current {
        if let Some(current) = self.current
            && current.from <= at
            && at < current.until
        {
            return current;
        }
        let zone = self.timeline.zone();
        let month = zone.month(at);
        let from = zone.month_start(month);
        let current = Current {
            from,
            until: zone.month_start(month.next()),
            month,
            rules: self.timeline.index_at(from),
        };
        self.current = Some(current);
        current
    }

    /// The outage days of a month.
    pub(crate) fn days(&self, month: &Month) -> &[OutageDay] {
        &self.days[month.days.clone()]
    }

    /// The counted complaints of a month that make no incident.
    pub(crate) fn loose_complaints(&self, month: &Month) -> &[Position] {
        match month.complaint_incident {
            Some(_) => &[],
            None => &self.complaints[month.complaints.clone()],
        }
    }

    fn month(&mut self, month: LocalMonth, rules: usize) -> usize {
        let place = match self.months.last() {
            Some(last) if last.month == month => return self.months.len() - 1,
            Some(last) if last.month > month => {
                self.months.partition_point(|other| other.month < month)
            }
            _ => self.months.len(),
        };
        if self
            .months
            .get(place)
            .is_none_or(|other| other.month != month)
        {
            let complaints = self.complaints.len();
            self.months.insert(
                place,
                Month {
                    month,
                    rules,
                    counts: [0; 3],
                    unclassified: Vec::new(),
                    complaints: complaints..complaints,
                    days: 0..0,
                    complaint_incident: None,
                },
            );
        }
        place
    }

    fn begin(
        &mut self,
        source: Source,
        month: LocalMonth,
        (level, basis): (Level, Basis),
        at: Moment,
    ) -> usize {
        let incident = self.incidents.len();
        self.incidents.push(Incident {
            source,
            level,
            since: at.time,
            at: at.time,
            evidence: Positions::default(),
        });
        self.steps.push(Step {
            at,
            month,
            incident,
            level,
            begins: true,
            basis,
        });
        incident
    }

    /// An incident that has reached a level: begun, or escalated, or as it was.
    fn reach(
        &mut self,
        known: Option<usize>,
        source: Source,
        month: LocalMonth,
        (level, basis): (Level, Basis),
        at: Moment,
    ) -> usize {
        let Some(incident) = known else {
            return self.begin(source, month, (level, basis), at);
        };
        if level < self.incidents[incident].level {
            self.incidents[incident].level = level;
            self.incidents[incident].at = at.time;
            self.steps.push(Step {
                at,
                month,
                incident,
                level,
                begins: false,
                basis,
            });
        }
        incident
    }

    /// SPEC §4, 1: a code of that month's catalogue is an incident, another is unclassified.
    pub(crate) fn violation(&mut self, fact: Fact) {
        let Some(code) = fact.name() else { return };
        let Current { month, rules, .. } = self.month_at(fact.time());
        let index = self.month(month, rules);
        match self.timeline.version(rules).catalogued(code) {
            Some((level, entry)) => {
                let reached = (level, Basis::Catalogue(entry));
                let incident = self.begin(Source::Found(code), month, reached, Moment::of(fact));
                self.incidents[incident].evidence = Positions::of(&[fact.position()]);
            }
            None => self.months[index]
                .unclassified
                .push((code, fact.position())),
        }
    }

    /// SPEC §4, 2: each counted complaint may begin the month's incident, or escalate it.
    pub(crate) fn complaint(&mut self, fact: Fact) {
        let current = self.month_at(fact.time());
        let (month, position) = (current.month, fact.position());
        let rules = self.timeline.version(current.rules);
        if !rules.counts_reason(fact.name()) {
            self.uncounted.extend(fact.name().map(|reason| Uncounted {
                month,
                rules: current.rules,
                position,
                reason,
            }));
            return;
        }
        let index = self.month(month, current.rules);
        self.complaints.push(position);
        let state = &mut self.months[index];
        state.complaints.end = self.complaints.len();
        let class = fact.class();
        state.counts[class as usize] += 1;
        let (known, counts) = (state.complaint_incident, state.counts);
        // What the other classes have reached, they reached before.
        if let Some((level, tier)) = rules.complaint_level(class, counts[class as usize]) {
            let at = Moment::of(fact);
            let reached = (level, Basis::Complaints { tier, counts });
            let incident = self.reach(known, Source::Complaints, month, reached, at);
            self.months[index].complaint_incident = Some(incident);
        }
    }

    pub(crate) fn outage_started(&mut self, fact: Fact) {
        let of = (fact.position(), fact.cause());
        self.outages.start(fact.outage(), fact.time(), of);
    }

    pub(crate) fn outage_ended(&mut self, fact: Fact) {
        self.outages.end(fact.outage(), fact.time());
    }

    /// An explanation takes back every day of the outage, from the first.
    pub(crate) fn outage_explained(&mut self, fact: Fact) {
        self.explained.push(fact.outage());
    }

    /// A date recorded as an outage day is a block from its local midnight.
    pub(crate) fn outage_day(&mut self, fact: Fact, horizon: &mut Horizon) {
        let start = self.timeline.zone().midnight(fact.date());
        horizon.see(start);
        if start <= horizon.as_of() {
            let at = Moment {
                time: start,
                position: fact.position(),
                block: 0,
            };
            self.days.push(OutageDay {
                date: fact.date(),
                at,
                cause: fact.cause(),
            });
        }
    }

    /// Once all facts are in: cuts the outages into days, hands each month's complaints to its incident,
    /// and puts the steps in order.
    pub(crate) fn finish(&mut self, horizon: &mut Horizon) {
        self.outage_days(horizon);
        for month in &self.months {
            if let Some(incident) = month.complaint_incident {
                let complaints = &mut self.complaints[month.complaints.clone()];
                complaints.sort_unstable();
                self.incidents[incident].evidence = Positions::of(complaints);
            }
        }
        self.steps.sort_by_key(|step| step.at);
    }

    /// SPEC §4, 3: cuts the outages into day blocks, of which the first on each local date makes
    /// it an outage day, and takes the days of each month in their order.
    fn outage_days(&mut self, horizon: &mut Horizon) {
        for number in self.explained.drain(..) {
            self.outages.explain(number);
        }
        // Many outages may lie over the same dates; what is held grows with the dates alone.
        let mut dense = 10_000;
        let outages = std::mem::take(&mut self.outages);
        for outage in outages.unexplained() {
            self.cut(outage, horizon);
            if self.days.len() > dense {
                self.first_of_each_date();
                dense = 2 * self.days.len() + 10_000;
            }
        }
        self.outages = outages;
        self.first_of_each_date();
        let days = std::mem::take(&mut self.days);
        let mut from = 0;
        for month in days.chunk_by(|a, b| LocalMonth::of(a.date) == LocalMonth::of(b.date)) {
            self.outage_month(month, from);
            from += month.len();
        }
        self.days = days;
    }

    /// Of all blocks of counted causes that start on one local date, leaves the first.
    fn first_of_each_date(&mut self) {
        let timeline = self.timeline;
        self.days.retain(|day| {
            let month = LocalMonth::of(day.date);
            timeline
                .version(timeline.index_of_month(month))
                .counts_cause(day.cause)
        });
        self.days.sort_unstable_by_key(|day| (day.date, day.at));
        self.days.dedup_by_key(|day| day.date);
    }

    fn cut(&mut self, outage: &Span<(Position, Cause)>, horizon: &mut Horizon) {
        let (position, cause) = outage.of;
        let lasted_until = outage.ended.unwrap_or(horizon.as_of());
        let lasted = lasted_until
            .micros()
            .saturating_sub(outage.started.micros());
        let mut start = outage.started;
        for block in 0u32.. {
            if block > 0 && lasted <= i64::from(block) * DAY_MICROS {
                if outage.ended.is_none() {
                    // It grows by a block as soon as it has lasted strictly longer.
                    horizon.see(start.next());
                }
                break;
            }
            let at = Moment {
                time: start,
                position,
                block,
            };
            let date = self.timeline.zone().date(start);
            self.days.push(OutageDay { date, at, cause });
            start = start.plus_days(1);
        }
    }

    fn outage_month(&mut self, days: &[OutageDay], from: usize) {
        let month = LocalMonth::of(days[0].date);
        let timeline = self.timeline;
        let index = timeline.index_of_month(month);
        let place = self.month(month, index);
        self.months[place].days = from..from + days.len();
        let rules = timeline.version(index);
        let (mut incident, mut run, mut longest) = (None, 0u32, 0u32);
        for (seen, day) in days.iter().enumerate() {
            let follows = seen > 0 && days[seen - 1].date.succ_opt() == Some(day.date);
            run = if follows { run + 1 } else { 1 };
            longest = longest.max(run);
            let all = u32::try_from(seen + 1).unwrap_or(u32::MAX);
            let count = if rules.counts_consecutive_days() {
                longest
            } else {
                all
            };
            if let Some((level, tier)) = rules.outage_level(count) {
                let reached = (level, Basis::Outage { tier, days: count });
                incident = Some(self.reach(incident, Source::Outage, month, reached, day.at));
            }
        }
        if let Some(incident) = incident {
            let mut evidence: Vec<Position> = days.iter().map(|day| day.at.position).collect();
            evidence.sort_unstable();
            evidence.dedup();
            self.incidents[incident].evidence = Positions::of(&evidence);
        }
    }
}
