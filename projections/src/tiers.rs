//! The incidents of an app, month by month, and the tiers they make (SPEC §4).
//!
//! Violations found are incidents as they come; complaints and outage days make at most one each
//! a month, which begins when a level is first reached and escalates when a graver one is. Every
//! beginning and escalation is a [`Step`]; sanctions and developers' outcomes follow from those.

use chrono::NaiveDate;

use crate::event::{COMPLAINTS, Cause, OUTAGE, Position};
use crate::facts::{Fact, NameId, Names};
use crate::horizon::Horizon;
use crate::outages::{Outages, Span};
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
    pub(crate) evidence: Vec<Position>,
}

/// What a month of an app has beside its incidents.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) month: LocalMonth,
    /// The index of the rules it is judged by.
    pub(crate) rules: usize,
    pub(crate) complaints: [u32; 3],
    pub(crate) outage_days: u32,
    pub(crate) unclassified: Vec<(NameId, Position)>,
    pub(crate) days: Vec<OutageDay>,
    /// The complaints that count, until an incident takes them as its evidence.
    pub(crate) complaint_evidence: Vec<Position>,
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

/// The incidents of an app as its facts come in.
#[derive(Debug)]
pub(crate) struct Tiers<'a> {
    timeline: &'a Timeline,
    pub(crate) months: Vec<Month>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) steps: Vec<Step>,
    /// Beside the months: one with nothing else is none.
    pub(crate) uncounted: Vec<Uncounted>,
    outages: Outages<u32, (Position, Cause)>,
    explained: Vec<u32>,
    days: Vec<OutageDay>,
    /// The month of the fact before, from its first instant to that of the next one.
    current: (Instant, Instant, LocalMonth),
}

impl<'a> Tiers<'a> {
    pub(crate) fn new(timeline: &'a Timeline) -> Self {
        Self {
            timeline,
            months: Vec::new(),
            incidents: Vec::new(),
            steps: Vec::new(),
            uncounted: Vec::new(),
            outages: Outages::default(),
            explained: Vec::new(),
            days: Vec::new(),
            current: (Instant::MAX, Instant::MIN, LocalMonth::of(NaiveDate::MIN)),
        }
    }

    /// The local month of an instant. Facts come in order of time, so mostly it is the last one.
    fn month_of(&mut self, at: Instant) -> LocalMonth {
        let (from, until, month) = self.current;
        if from <= at && at < until {
            return month;
        }
        let zone = self.timeline.zone();
        let month = zone.month(at);
        self.current = (
            zone.month_start(month),
            zone.month_start(month.next()),
            month,
        );
        month
    }

    fn month(&mut self, month: LocalMonth) -> usize {
        if self.months.last().is_some_and(|last| last.month == month) {
            return self.months.len() - 1;
        }
        let place = self.months.partition_point(|other| other.month < month);
        if self
            .months
            .get(place)
            .is_none_or(|other| other.month != month)
        {
            self.months.insert(
                place,
                Month {
                    month,
                    rules: self.timeline.index_of_month(month),
                    complaints: [0; 3],
                    outage_days: 0,
                    unclassified: Vec::new(),
                    days: Vec::new(),
                    complaint_evidence: Vec::new(),
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
        let (since, evidence) = (at.time, Vec::new());
        self.incidents.push(Incident {
            source,
            level,
            since,
            at: at.time,
            evidence,
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
        let month = self.month_of(fact.time());
        let index = self.month(month);
        match self
            .timeline
            .version(self.months[index].rules)
            .catalogued(code)
        {
            Some((level, entry)) => {
                let reached = (level, Basis::Catalogue(entry));
                let incident = self.begin(Source::Found(code), month, reached, Moment::of(fact));
                self.incidents[incident].evidence.push(fact.position());
            }
            None => self.months[index]
                .unclassified
                .push((code, fact.position())),
        }
    }

    /// SPEC §4, 2: each counted complaint may begin the month's incident, or escalate it.
    pub(crate) fn complaint(&mut self, fact: Fact) {
        let month = self.month_of(fact.time());
        let version = match self.months.last() {
            Some(last) if last.month == month => last.rules,
            _ => self.timeline.index_of_month(month),
        };
        let rules = self.timeline.version(version);
        if !rules.counts_reason(fact.name()) {
            self.uncounted.extend(fact.name().map(|reason| Uncounted {
                month,
                rules: version,
                position: fact.position(),
                reason,
            }));
            return;
        }
        let index = self.month(month);
        let state = &mut self.months[index];
        state.complaints[fact.class() as usize] += 1;
        state.complaint_evidence.push(fact.position());
        let (known, counts) = (state.complaint_incident, state.complaints);
        if let Some((level, tier)) = rules.complaint_level(&counts) {
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
        self.outages.end(&fact.outage(), fact.time());
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

    /// SPEC §4, 3: cuts the outages into day blocks, of which the first on each local date makes
    /// it an outage day, and takes the days of each month in their order.
    pub(crate) fn finish(&mut self, horizon: &mut Horizon) {
        // Many outages may lie over the same dates; what is held grows with the dates alone.
        let mut dense = 10_000;
        let explained = std::mem::take(&mut self.explained);
        for outage in std::mem::take(&mut self.outages).without(&explained) {
            self.cut(&outage, horizon);
            if self.days.len() > dense {
                self.first_of_each_date();
                dense = 2 * self.days.len() + 10_000;
            }
        }
        self.first_of_each_date();
        let days = std::mem::take(&mut self.days);
        for month in days.chunk_by(|a, b| LocalMonth::of(a.date) == LocalMonth::of(b.date)) {
            self.outage_month(month);
        }
        self.steps.sort_by_key(|step| step.at);
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

    fn outage_month(&mut self, days: &[OutageDay]) {
        let month = LocalMonth::of(days[0].date);
        let index = self.month(month);
        let timeline = self.timeline;
        let rules = timeline.version(self.months[index].rules);
        self.months[index].outage_days = u32::try_from(days.len()).unwrap_or(u32::MAX);
        self.months[index].days = days.to_vec();
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
            self.incidents[incident].evidence = evidence;
        }
    }

    /// For each step, the next of its incident.
    pub(crate) fn escalations(&self) -> Vec<Option<Moment>> {
        let mut next: Vec<Option<Moment>> = vec![None; self.incidents.len()];
        let mut of_steps: Vec<Option<Moment>> = self
            .steps
            .iter()
            .rev()
            .map(|step| next[step.incident].replace(step.at))
            .collect();
        of_steps.reverse();
        of_steps
    }

    /// Hands each month's counted complaints to its incident, once all are in.
    pub(crate) fn settle_evidence(&mut self) {
        for month in &mut self.months {
            if let Some(incident) = month.complaint_incident {
                let mut evidence = std::mem::take(&mut month.complaint_evidence);
                evidence.sort_unstable();
                self.incidents[incident].evidence = evidence;
            }
        }
        self.months.retain(|month| {
            month.complaints != [0; 3]
                || month.outage_days > 0
                || !month.unclassified.is_empty()
                || self
                    .steps
                    .binary_search_by_key(&month.month, |step| step.month)
                    .is_ok()
        });
    }
}
