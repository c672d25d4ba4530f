//! The incidents of an app, month by month, and the tiers they make (SPEC §4).
//!
//! Violations found are incidents as they come; complaints and outage days make at most one each
//! a month, which begins when a level is first reached and escalates when a graver one is. Every
//! beginning and escalation is a [`Step`]; sanctions and developers' outcomes follow from those.

use std::ops::Range;

use crate::event::{COMPLAINTS, Cause, Kind, OUTAGE, Position};
use crate::facts::{Fact, NameId, Names};
use crate::horizon::Horizon;
use crate::order::{Runs, sort_nearly};
use crate::outage_dates::Dates;
use crate::outages::{Outages, Span};
use crate::provenance::{Basis, OutageDay, Step};
use crate::rulebook::Level;
use crate::rules::{Moment, MonthRules, Timeline};
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
    /// The places of its evidence among the events that count.
    evidence: Range<usize>,
}

/// What a month of an app has beside its incidents.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) month: LocalMonth,
    /// The index of the rules it is judged by.
    pub(crate) rules: usize,
    pub(crate) counts: [u32; 3],
    /// The places of its unclassified violations among the app's.
    unclassified: Range<usize>,
    /// The places of its counted complaints among the events that count.
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

/// The incidents of an app. Its facts are taken group by group: complaints, violations, outages.
#[derive(Debug)]
pub(crate) struct Tiers<'a> {
    timeline: &'a Timeline,
    /// The month of the fact before.
    current: MonthRules,
    /// Each has something that counts.
    months: Vec<Month>,
    /// The place of the month that was asked for last.
    place: usize,
    pub(crate) incidents: Vec<Incident>,
    steps: Runs<Step>,
    /// Beside the months: one with nothing else is none.
    pub(crate) uncounted: Vec<Uncounted>,
    unclassified: Vec<(NameId, Position)>,
    /// The events that count: the complaints, month after month, and what else is evidence.
    counting: Vec<Position>,
    outages: Outages<(Position, Cause)>,
    explained: Vec<u32>,
    dates: Dates,
    /// The outage days, month after month.
    days: Vec<OutageDay>,
}

impl<'a> Tiers<'a> {
    pub(crate) fn new(timeline: &'a Timeline) -> Self {
        Self {
            timeline,
            current: timeline.month_rules(Instant::MIN),
            months: Vec::new(),
            place: 0,
            incidents: Vec::new(),
            steps: Runs::new(),
            uncounted: Vec::new(),
            unclassified: Vec::new(),
            counting: Vec::new(),
            outages: Outages::default(),
            explained: Vec::new(),
            dates: Dates::default(),
            days: Vec::new(),
        }
    }

    /// Begins with another app, and with other rules.
    pub(crate) fn reset(&mut self, timeline: &'a Timeline) {
        self.timeline = timeline;
        self.current = timeline.month_rules(Instant::MIN);
        self.months.clear();
        self.incidents.clear();
        self.steps.clear();
        self.uncounted.clear();
        self.unclassified.clear();
        self.counting.clear();
        self.outages.clear();
        self.explained.clear();
        self.dates.clear();
        self.days.clear();
    }

    /// The steps, in order.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps.all
    }

    /// The months, ascending.
    pub(crate) fn months(&self) -> &[Month] {
        &self.months
    }

    /// The outage days of a month.
    pub(crate) fn days(&self, month: &Month) -> &[OutageDay] {
        &self.days[month.days.clone()]
    }

    /// The codes found in a month that its catalogue lacks, each with its event.
    pub(crate) fn unclassified(&self, month: &Month) -> &[(NameId, Position)] {
        &self.unclassified[month.unclassified.clone()]
    }

    /// The counted complaints of a month that make no incident.
    pub(crate) fn loose_complaints(&self, month: &Month) -> &[Position] {
        match month.complaint_incident {
            Some(_) => &[],
            None => &self.counting[month.complaints.clone()],
        }
    }

    /// The events that count for an incident, ascending.
    pub(crate) fn evidence(&self, incident: &Incident) -> &[Position] {
        &self.counting[incident.evidence.clone()]
    }

    /// The month and its rules at an instant. Facts come in order of time, so mostly they are those of
    /// the fact before.
    fn month_at(&mut self, at: Instant) -> MonthRules {
        if !self.current.holds(at) {
            self.current = self.timeline.month_rules(at);
        }
        self.current
    }

    /// The place of a month, which is not before the one asked for last.
    fn month(&mut self, month: LocalMonth, rules: usize) -> usize {
        loop {
            match self.months.get(self.place) {
                Some(other) if other.month == month => return self.place,
                Some(other) if other.month < month => self.place += 1,
                _ => break,
            }
        }
        let complaints = self.counting.len();
        let month = Month {
            month,
            rules,
            counts: [0; 3],
            unclassified: 0..0,
            complaints: complaints..complaints,
            days: 0..0,
            complaint_incident: None,
        };
        self.months.insert(self.place, month);
        self.place
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
            evidence: 0..0,
        });
        self.steps.all.push(Step {
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
            self.steps.all.push(Step {
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
    pub(crate) fn violations(&mut self, facts: impl Iterator<Item = Fact>) {
        self.place = 0;
        for fact in facts {
            let Some(code) = fact.name() else { continue };
            let MonthRules { month, rules, .. } = self.month_at(fact.time());
            let place = self.month(month, rules);
            match self.timeline.version(rules).catalogued(code) {
                Some((level, entry)) => {
                    let reached = (level, Basis::Catalogue(entry));
                    let found = Source::Found(code);
                    let incident = self.begin(found, month, reached, Moment::of(fact));
                    let evidence = self.counting.len();
                    self.counting.push(fact.position());
                    self.incidents[incident].evidence = evidence..evidence + 1;
                }
                None => {
                    let all = &mut self.unclassified;
                    let own = &mut self.months[place].unclassified;
                    if own.start == own.end {
                        own.start = all.len();
                    }
                    all.push((code, fact.position()));
                    own.end = all.len();
                }
            }
        }
        self.steps.end_run(|step| step.at);
    }

    /// SPEC §4, 2: each counted complaint may begin the month's incident, or escalate it.
    pub(crate) fn complaints(&mut self, facts: impl Iterator<Item = Fact>) {
        self.place = 0;
        self.counting
            .reserve(facts.size_hint().1.unwrap_or_default());
        for fact in facts {
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
                continue;
            }
            let place = self.month(month, current.rules);
            self.counting.push(position);
            let state = &mut self.months[place];
            state.complaints.end = self.counting.len();
            let class = fact.class();
            let count = &mut state.counts[class as usize];
            *count += 1;
            if rules.is_below_tiers(class, *count) {
                continue;
            }
            let (known, counts) = (state.complaint_incident, state.counts);
            // What the other classes have reached, they reached before.
            if let Some((level, tier)) = rules.complaint_level(class, counts[class as usize]) {
                let at = Moment::of(fact);
                let reached = (level, Basis::Complaints { tier, counts });
                let incident = self.reach(known, Source::Complaints, month, reached, at);
                self.months[place].complaint_incident = Some(incident);
            }
        }
        self.steps.end_run(|step| step.at);
    }

    /// Takes the outages and the recorded outage days; they are counted at the end.
    pub(crate) fn outages(&mut self, facts: impl Iterator<Item = Fact>, horizon: &mut Horizon) {
        for fact in facts {
            match fact.kind() {
                Kind::OutageStarted => {
                    let of = (fact.position(), fact.cause());
                    self.outages.start(fact.outage(), fact.time(), of);
                }
                Kind::OutageEnded => self.outages.end(fact.outage(), fact.time()),
                // It takes back every day of the outage, from the first.
                Kind::OutageExplained => self.explained.push(fact.outage()),
                _ => self.outage_day(fact, horizon),
            }
        }
    }

    /// A date recorded as an outage day is a block from its local midnight.
    fn outage_day(&mut self, fact: Fact, horizon: &mut Horizon) {
        let start = self.timeline.zone().midnight(fact.date());
        horizon.see(start);
        if start <= horizon.as_of() {
            let at = Moment {
                time: start,
                position: fact.position(),
                block: 0,
            };
            let day = OutageDay {
                date: fact.date(),
                at,
                cause: fact.cause(),
            };
            self.dates.take(day, self.timeline);
        }
    }

    /// Once all facts are in: cuts the outages into days, hands each month's complaints to its incident,
    /// and puts the steps in order.
    pub(crate) fn finish(&mut self, horizon: &mut Horizon) {
        self.outage_days(horizon);
        for month in &self.months {
            if let Some(incident) = month.complaint_incident {
                // They come in order of time, and mostly that is the order of the log.
                sort_nearly(&mut self.counting[month.complaints.clone()], |position| {
                    *position
                });
                self.incidents[incident].evidence = month.complaints.clone();
            }
        }
        self.steps.finish(|step| step.at);
    }

    /// SPEC §4, 3: cuts the outages into day blocks, of which the first on each local date makes
    /// it an outage day, and takes the days of each month in their order.
    fn outage_days(&mut self, horizon: &mut Horizon) {
        for number in self.explained.drain(..) {
            self.outages.explain(number);
        }
        let outages = std::mem::take(&mut self.outages);
        for outage in outages.unexplained() {
            self.cut(outage, horizon);
        }
        self.outages = outages;
        self.place = 0;
        let first = self.steps.all.len();
        let dates = std::mem::take(&mut self.dates);
        for month in dates.months() {
            let from = self.days.len();
            self.days.extend(dates.of(month));
            self.outage_month(month.month, month.rules, from);
        }
        self.dates = dates;
        // Where a clock goes back over midnight, a later date's first block may be the earlier.
        sort_nearly(&mut self.steps.all[first..], |step| step.at);
        self.steps.end_run(|step| step.at);
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
            let day = OutageDay { date, at, cause };
            self.dates.take(day, self.timeline);
            start = start.plus_days(1);
        }
    }

    /// Takes the outage days of a month, those from a place on.
    fn outage_month(&mut self, month: LocalMonth, index: usize, from: usize) {
        let rules = self.timeline.version(index);
        let place = self.month(month, index);
        self.months[place].days = from..self.days.len();
        let (mut incident, mut run, mut longest) = (None, 0u32, 0u32);
        let mut last = None;
        for (all, place) in (1..).zip(from..self.days.len()) {
            let day = self.days[place];
            run = if last == Some(day.date) { run + 1 } else { 1 };
            last = day.date.succ_opt();
            longest = longest.max(run);
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
            let start = self.counting.len();
            let days = self.days[from..].iter();
            self.counting.extend(days.map(|day| day.at.position));
            self.counting[start..].sort_unstable();
            // An outage of several days is one event.
            let mut end = start;
            for place in start..self.counting.len() {
                if end == start || self.counting[end - 1] != self.counting[place] {
                    self.counting[end] = self.counting[place];
                    end += 1;
                }
            }
            self.counting.truncate(end);
            self.incidents[incident].evidence = start..end;
        }
    }
}
