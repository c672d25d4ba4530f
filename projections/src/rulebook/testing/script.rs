//! A test's facts as plain events, in the order a month would bring them.
//!
//! Complaints come first, one a minute; then outage days, on the neighbouring dates after them;
//! then violations, one a minute again. Behaviours come in the last minutes of the month, so that a
//! ranking that looks back over a few days still sees them. What does not fit is refused here: what
//! was told must be what is judged.

use chrono::NaiveDate;

use super::Given;
use crate::calendar::toml_date;
use crate::event::{Cause, Channel, Data, DeveloperKind, Event, Kind, Permission};
use crate::rulebook::parse::distance;
use crate::rulebook::{RuleTest, Rulebook};
use crate::time::{Instant, LocalMonth, Zone, plus_dates};

const DEVELOPER: &str = "developer";
const APP: &str = "app";
const MINUTE_MICROS: i64 = 60_000_000;
/// Every month has so many days.
const OUTAGE_DAYS_MAX: u32 = 28;
/// So many minutes has the shortest month, a day spared.
const FACTS_MAX: u64 = 27 * 24 * 60;

/// The month that tests are about: the first that the rulebook judges as a whole.
pub(super) struct TestMonth {
    zone: Zone,
    pub(super) month: LocalMonth,
    start: Instant,
    end: Instant,
}

impl TestMonth {
    pub(super) fn of(book: &Rulebook) -> Result<Self, String> {
        let zone = Zone::named(&book.time_zone)
            .ok_or_else(|| format!("there is no time zone `{}`", book.time_zone))?;
        let from = toml_date(&book.effective_from)
            .ok_or_else(|| "`effective_from` is no date".to_owned())?;
        let month = LocalMonth::beginning_from(from);
        let (start, end) = (zone.month_start(month), zone.month_start(month.next()));
        if end.micros() - start.micros() < i64::from(OUTAGE_DAYS_MAX - 1) * 24 * 60 * MINUTE_MICROS
        {
            return Err(format!("no full month follows {from}: years end with 9999"));
        }
        Ok(Self {
            zone,
            month,
            start,
            end,
        })
    }

    /// The instant that a test is judged at: everything of the month is in.
    pub(super) const fn last_instant(&self) -> Instant {
        self.end.plus_micros(-1)
    }

    fn does_not_fit(&self, what: &str) -> String {
        format!("{what} do not fit into the month, {}", self.month)
    }
}

/// A test's events as they are told.
pub(super) struct Script<'a> {
    month: &'a TestMonth,
    pub(super) events: Vec<Event>,
    /// When the latest event was.
    clock: Instant,
}

impl<'a> Script<'a> {
    /// The events of a test's facts, or why they cannot be told.
    pub(super) fn of(
        book: &Rulebook,
        test: &RuleTest,
        month: &'a TestMonth,
    ) -> Result<Self, String> {
        let given = &test.given;
        check(book, given)?;
        let mut script = Self {
            month,
            events: Vec::new(),
            clock: month.start,
        };
        script.register(channel(book, test));
        for (class, count) in &given.complaints {
            for _ in 0..*count {
                let (class, reason) = (*class, None);
                script.next_minute(APP, Data::ComplaintReceived { class, reason })?;
            }
        }
        script.outage_days(given.outage_days)?;
        for code in &given.violations {
            let code = code.clone();
            script.next_minute(APP, Data::ViolationFound { code })?;
        }
        script.behaviors(given)?;
        Ok(script)
    }

    fn register(&mut self, channel: Channel) {
        let at = self.month.start;
        let (kind, grade) = (DeveloperKind::Service, None);
        let name = DEVELOPER.to_owned();
        let data = Data::DeveloperRegistered { name, kind, grade };
        self.tell(at, DEVELOPER, data);
        let data = Data::AppRegistered {
            developer: DEVELOPER.to_owned(),
            name: APP.to_owned(),
            channel,
            permission: Permission::Ordinary,
        };
        self.tell(at, APP, data);
    }

    /// Neighbouring dates, the first of them after whatever was told before.
    fn outage_days(&mut self, days: u32) -> Result<(), String> {
        let zone = &self.month.zone;
        let today = zone.date(self.clock);
        let first = if self.clock == self.month.start {
            self.month.month.first_date()
        } else {
            plus_dates(today, 1)
        };
        let dates: Vec<NaiveDate> = (0..u64::from(days)).map(|n| plus_dates(first, n)).collect();
        for date in dates {
            if LocalMonth::of(date) != self.month.month {
                let what = format!("{days} outage days, on the dates after the complaints,");
                return Err(self.month.does_not_fit(&what));
            }
            let cause = Cause::Developer;
            let at = self.month.zone.midnight(date);
            self.tell(at, APP, Data::OutageDayRecorded { date, cause });
        }
        Ok(())
    }

    /// Their order judges nothing; the last is a minute before the month's end.
    fn behaviors(&mut self, given: &Given) -> Result<(), String> {
        let observed = given.behaviors.iter();
        let codes: Vec<&String> = observed
            .flat_map(|(code, times)| (0..*times).map(move |_| code))
            .collect();
        let back = i64::try_from(codes.len()).unwrap_or(i64::MAX);
        let first = self
            .month
            .end
            .plus_micros(back.saturating_mul(-MINUTE_MICROS));
        if !codes.is_empty() && first <= self.clock {
            return Err(self.month.does_not_fit("so many facts, one a minute,"));
        }
        for (code, minute) in codes.into_iter().zip(0i64..) {
            let code = code.clone();
            let at = first.plus_micros(minute * MINUTE_MICROS);
            self.tell(at, APP, Data::BehaviorObserved { code });
        }
        Ok(())
    }

    fn next_minute(&mut self, subject: &str, data: Data) -> Result<(), String> {
        let at = self.clock.plus_micros(MINUTE_MICROS);
        if at >= self.month.end {
            return Err(self.month.does_not_fit("so many facts, one a minute,"));
        }
        self.tell(at, subject, data);
        Ok(())
    }

    fn tell(&mut self, time: Instant, subject: &str, data: Data) {
        self.clock = time;
        self.events.push(Event {
            id: (self.events.len() + 1).to_string(),
            source: "/rules/test".to_owned(),
            kind: kind(&data),
            time,
            subject: subject.to_owned(),
            data,
            recordedtime: None,
            actor: None,
        });
    }
}

/// The type of the events that a test is told in.
const fn kind(data: &Data) -> Kind {
    match data {
        Data::DeveloperRegistered { .. } => Kind::DeveloperRegistered,
        Data::AppRegistered { .. } => Kind::AppRegistered,
        Data::ComplaintReceived { .. } => Kind::ComplaintReceived,
        Data::OutageDayRecorded { .. } => Kind::OutageDayRecorded,
        Data::BehaviorObserved { .. } => Kind::BehaviorObserved,
        _ => Kind::ViolationFound,
    }
}

/// A score is asked of an app that can be on the board.
fn channel(book: &Rulebook, test: &RuleTest) -> Channel {
    let ranked = book
        .ranking
        .as_ref()
        .filter(|_| test.expect.score.is_some());
    let first = ranked.and_then(|ranking| ranking.channels.first().copied());
    first.unwrap_or(Channel::General)
}

/// Refuses facts that no month holds, and codes that this rulebook does not judge.
fn check(book: &Rulebook, given: &Given) -> Result<(), String> {
    if given.outage_days > OUTAGE_DAYS_MAX {
        return Err(format!(
            "{} outage days are given; a test has {OUTAGE_DAYS_MAX} at most, which every month has",
            given.outage_days
        ));
    }
    let complaints = given.complaints.values().map(|count| u64::from(*count));
    let behaviors = given.behaviors.values().map(|times| u64::from(*times));
    let facts = complaints.chain(behaviors).sum::<u64>() + given.violations.len() as u64;
    if facts > FACTS_MAX {
        return Err(format!(
            "{facts} complaints, violations and behaviours are given; a test has {FACTS_MAX} at most"
        ));
    }
    let catalogue: Vec<&str> = book
        .violations
        .iter()
        .map(|violation| violation.get_ref().code.as_str())
        .collect();
    for code in &given.violations {
        known(code, &catalogue, "the catalogue has no violation")?;
    }
    let ranked: Vec<&str> = book
        .ranking
        .iter()
        .flat_map(|ranking| &ranking.behaviors)
        .map(|behavior| behavior.get_ref().code.as_str())
        .collect();
    for code in given.behaviors.keys() {
        known(code, &ranked, "the ranking has no behaviour")?;
    }
    Ok(())
}

fn known(code: &str, codes: &[&str], lacks: &str) -> Result<(), String> {
    if codes.contains(&code) {
        return Ok(());
    }
    // A far longer text is no slip of the pen, and measuring it would take its time.
    let nearest = codes
        .iter()
        .filter(|known| known.len().abs_diff(code.len()) <= known.len() / 2)
        .min_by_key(|known| distance(code, known))
        .filter(|nearest| distance(code, nearest) * 2 <= nearest.len().max(2));
    Err(match nearest {
        Some(nearest) => format!("{lacks} `{code}`; did you mean `{nearest}`?"),
        None => format!("{lacks} `{code}`"),
    })
}
