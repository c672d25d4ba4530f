//! The conditions of V-certification (SPEC §7).

use chrono::{Days, NaiveDate};

use crate::event::Position;
use crate::facts::{AppFacts, Usage};
use crate::horizon::Horizon;
use crate::positions::Positions;
use crate::review::Lifecycle;
use crate::rules::Timeline;
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

/// Whether an app may be certified, and each condition with its value; nothing without conditions
/// or for another channel.
pub(crate) fn certification(
    timeline: &Timeline,
    grounds: &Grounds<'_>,
    counts: impl Fn(&Usage) -> bool,
    horizon: &mut Horizon,
) -> Certification {
    let rules = &timeline.at(horizon.as_of()).book;
    let asked = rules.certification.as_ref();
    let Some(asked) = asked.filter(|asked| asked.channels.contains(&grounds.app.channel)) else {
        return Certification {
            eligible: false,
            conditions: Box::default(),
            usage: Positions::default(),
        };
    };
    let lifecycle = grounds.lifecycle;
    let related = grounds.platform_related;
    let (average, usage) = average_daily_users(grounds, asked, counts, horizon);
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
    Certification {
        eligible: conditions.iter().all(|condition| condition.met),
        conditions: conditions.into(),
        usage,
    }
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
    asked: &crate::rulebook::Certification,
    counts: impl Fn(&Usage) -> bool,
    horizon: &mut Horizon,
) -> (Condition, Positions) {
    let (app, today) = (grounds.app, grounds.today.date);
    let first = today.checked_sub_days(Days::new(asked.window_days.into()));
    let start = app
        .usage()
        .partition_point(|usage| first.is_some_and(|first| usage.date < first));
    let usage = &app.usage()[start..];
    let of_window = &usage[..usage.partition_point(|usage| usage.date < today)];
    if !usage.is_empty() {
        horizon.see(grounds.today.ends);
    }
    let dates = of_window.chunk_by(|a, b| a.date == b.date);
    // Of one date the highest position wins, and the slice is ordered by it.
    let latest = dates.filter_map(|of_date| of_date.iter().rev().find(|usage| counts(usage)));
    let (mut sum, mut events) = (0i128, Vec::new());
    for usage in latest {
        sum += i128::from(usage.daily_users);
        events.push(usage.position);
    }
    let window = i128::from(asked.window_days.max(1));
    let condition = Condition {
        name: "average_daily_users",
        met: sum >= i128::from(asked.average_daily_users) * window,
        value: Value::Count(i64::try_from(sum / window).unwrap_or(i64::MAX)),
        required: Value::Count(asked.average_daily_users.into()),
        cause: None,
    };
    (condition, Positions::of(&events))
}
