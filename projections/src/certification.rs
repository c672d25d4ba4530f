//! The conditions of V-certification (SPEC §7).

use chrono::{Days, NaiveDate};

use crate::event::Position;
use crate::facts::{AppFacts, Usage};
use crate::horizon::Horizon;
use crate::positions::Positions;
use crate::review::Lifecycle;
use crate::rulebook;
use crate::rules::{Rules, Timeline};
use crate::standing::{Certification, Condition, Value};
use crate::time::{DAY_MICROS, Instant, plus_dates};

/// The local date of the instant asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Today {
    date: NaiveDate,
    ends: Instant,
}

impl Today {
    pub(crate) fn of(timeline: &Timeline, as_of: Instant) -> Self {
        let zone = timeline.zone();
        let date = zone.date(as_of);
        let ends = zone.midnight(plus_dates(date, 1));
        Self { date, ends }
    }
}

/// What the conditions are asked of.
pub(crate) struct Grounds<'a> {
    pub(crate) app: &'a AppFacts,
    pub(crate) lifecycle: &'a Lifecycle,
    pub(crate) presentable: bool,
    /// The latest assessment of `platform_related`: what it says, and which event it is.
    pub(crate) platform_related: Option<(bool, Position)>,
    pub(crate) today: Today,
}

/// Whether an app may be certified.
#[derive(Debug, Default)]
pub(crate) struct Certified {
    /// Nothing without conditions or for another channel.
    pub(crate) conditions: Option<[Condition; 5]>,
    /// The reports of usage that the average is of, by date.
    usage: Vec<Position>,
}

impl Certified {
    pub(crate) fn eligible(&self) -> bool {
        let all = |conditions: &[Condition; 5]| conditions.iter().all(|condition| condition.met);
        self.conditions.as_ref().is_some_and(all)
    }

    pub(crate) fn printed(&self) -> Certification {
        Certification {
            eligible: self.eligible(),
            conditions: self.conditions.iter().flatten().cloned().collect(),
            usage: Positions::of(&self.usage),
        }
    }

    /// Looks at each condition, by the rules at the instant asked about.
    pub(crate) fn derive(
        &mut self,
        rules: &Rules,
        grounds: &Grounds<'_>,
        counts: impl Fn(&Usage) -> bool,
        horizon: &mut Horizon,
    ) {
        self.usage.clear();
        let asked = rules.book.certification.as_ref();
        let asked = asked.filter(|asked| asked.channels.contains(&grounds.app.channel));
        self.conditions =
            asked.map(|asked| conditions(asked, grounds, counts, &mut self.usage, horizon));
    }
}

/// The conditions of the channels that are asked, of which are met and two values.
pub(crate) fn unpacked(
    asked: &rulebook::Certification,
    met: [bool; 5],
    [days_listed, average_daily_users]: [i64; 2],
) -> [Condition; 5] {
    let count = |name, met, value, required: u32| Condition {
        name,
        met,
        value: Value::Count(value),
        required: Value::Count(required.into()),
        cause: None,
    };
    let (days, users) = (asked.listed_more_than_days, asked.average_daily_users);
    [
        Condition::yes_or_no("platform_related", met[0]),
        Condition::yes_or_no("copy_approved", met[1]),
        Condition::yes_or_no("listed", met[2]),
        count("days_listed", met[3], days_listed, days),
        count("average_daily_users", met[4], average_daily_users, users),
    ]
}

fn conditions(
    asked: &rulebook::Certification,
    grounds: &Grounds<'_>,
    counts: impl Fn(&Usage) -> bool,
    usage: &mut Vec<Position>,
    horizon: &mut Horizon,
) -> [Condition; 5] {
    let lifecycle = grounds.lifecycle;
    let related = grounds.platform_related;
    let average = average_daily_users(grounds, asked, counts, usage, horizon);
    let mut conditions = [
        Condition::yes_or_no("platform_related", related.is_some_and(|(met, _)| met)),
        Condition::yes_or_no("copy_approved", lifecycle.state().copy_approved()),
        Condition::yes_or_no("listed", grounds.presentable),
        days_listed(lifecycle, asked.listed_more_than_days, horizon),
        average,
    ];
    conditions[0].cause = related.map(|(_, position)| position);
    conditions[1].cause = Some(lifecycle.state_event());
    conditions[2].cause = Some(lifecycle.state_event());
    conditions
}

fn days_listed(lifecycle: &Lifecycle, more_than: u32, horizon: &mut Horizon) -> Condition {
    let (mut days, mut met) = (0, false);
    if let Some(since) = lifecycle.listed_since() {
        let listed = horizon.as_of().micros() - since.micros();
        days = listed / DAY_MICROS;
        met = listed > i64::from(more_than) * DAY_MICROS;
        // The count of whole days moves at the day, the condition just after it.
        horizon.see(since.plus_days(days + 1));
        horizon.see(since.plus_days(more_than.into()).next());
    }
    let cause = (days > 0).then(|| lifecycle.state_event());
    Condition {
        name: "days_listed",
        met,
        value: Value::Count(days),
        required: Value::Count(more_than.into()),
        cause,
    }
}

fn average_daily_users(
    grounds: &Grounds<'_>,
    asked: &rulebook::Certification,
    counts: impl Fn(&Usage) -> bool,
    events: &mut Vec<Position>,
    horizon: &mut Horizon,
) -> Condition {
    let (app, today) = (grounds.app, grounds.today.date);
    let first = today.checked_sub_days(Days::new(asked.window_days.into()));
    let before = |usage: &Usage| first.is_some_and(|first| usage.date < first);
    // Of most apps the window has nothing, and their last report says so.
    let usage = match app.usage().last() {
        Some(last) if !before(last) => &app.usage()[app.usage().partition_point(before)..],
        _ => &[],
    };
    let of_window = &usage[..usage.partition_point(|usage| usage.date < today)];
    if !usage.is_empty() {
        horizon.see(grounds.today.ends);
    }
    let dates = of_window.chunk_by(|a, b| a.date == b.date);
    // Of one date the highest position wins, and the slice is ordered by it.
    let latest = dates.filter_map(|of_date| of_date.iter().rev().find(|usage| counts(usage)));
    let mut sum = 0i128;
    for usage in latest {
        sum += i128::from(usage.daily_users);
        events.push(usage.position);
    }
    let window = i128::from(asked.window_days.max(1));
    Condition {
        name: "average_daily_users",
        met: sum >= i128::from(asked.average_daily_users) * window,
        value: Value::Count(i64::try_from(sum / window).unwrap_or(i64::MAX)),
        required: Value::Count(asked.average_daily_users.into()),
        cause: None,
    }
}
