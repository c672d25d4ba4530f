//! Local time: dates, months and midnights of a zone, with the first instants of its months at hand.

use std::sync::OnceLock;

use chrono::{Months, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::{DAY_MICROS, Instant, LocalMonth};

/// How many months the table of a [`Zone`] spans: 1970 to 2149.
const TABLE_MONTHS: usize = 180 * 12;

/// A month on average.
const MONTH_MICROS: i64 = 2_629_746_000_000;

/// A time zone with the first instants of its months at hand.
#[derive(Clone, Debug)]
pub struct Zone {
    tz: Tz,
    month_starts: Vec<Instant>,
    /// For each month that was asked for, the offset in microseconds, where the clocks do not change in it.
    offsets: Vec<OnceLock<Option<i64>>>,
}

impl Zone {
    /// The zone of that IANA name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let tz: Tz = name.parse().ok()?;
        let mut zone = Self {
            tz,
            month_starts: Vec::new(),
            offsets: vec![OnceLock::new(); TABLE_MONTHS],
        };
        let first = LocalMonth(1970 * 12);
        zone.month_starts = (0..TABLE_MONTHS)
            .scan(first, |month, _| {
                let start = zone.midnight(month.first_date());
                *month = month.next();
                Some(start)
            })
            .collect();
        Some(zone)
    }

    /// The zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.tz.name()
    }

    /// The local date of an instant.
    #[must_use]
    pub fn date(&self, at: Instant) -> NaiveDate {
        let offset = self.place(at).and_then(|place| self.offset(place));
        let days = offset.and_then(|offset| {
            let days = (at.micros() + offset).div_euclid(DAY_MICROS);
            NaiveDate::from_epoch_days(i32::try_from(days).ok()?)
        });
        days.unwrap_or_else(|| self.local(at).date())
    }

    /// The local month of an instant: the one whose first instant is the latest not after it. A later
    /// instant's month is never an earlier one.
    #[must_use]
    pub fn month(&self, at: Instant) -> LocalMonth {
        match self.place(at) {
            Some(place) => Self::tabled(place),
            None => LocalMonth::of(self.local(at).date()),
        }
    }

    /// The place of an instant's month in the table; nothing before the first and in the last.
    fn place(&self, at: Instant) -> Option<usize> {
        let starts = &self.month_starts;
        // No month is far from where it would be if all were as long as each other.
        let guess = usize::try_from(at.micros() / MONTH_MICROS).ok()?;
        let mut next = (guess + 1).min(starts.len());
        while next > 0 && starts[next - 1] > at {
            next -= 1;
        }
        while next < starts.len() && starts[next] <= at {
            next += 1;
        }
        (next < starts.len()).then_some(next.checked_sub(1)?)
    }

    /// The offset in microseconds of a month of the table, if the clocks do not change in it. They are looked
    /// at for every hour.
    fn offset(&self, place: usize) -> Option<i64> {
        *self.offsets[place].get_or_init(|| {
            let (start, end) = (self.month_starts[place], *self.month_starts.get(place + 1)?);
            let offset = |at: Instant| {
                let offset = self.tz.offset_from_utc_datetime(&at.utc()).fix();
                i64::from(offset.local_minus_utc()) * 1_000_000
            };
            let first = offset(start);
            let hours = std::iter::successors(Some(start), |at| Some(at.plus_hours(1)));
            let mut hours = hours.take_while(|at| *at < end);
            hours.all(|at| offset(at) == first).then_some(first)
        })
    }

    /// The first instants of the months that are at hand, from that of January 1970 on.
    pub(crate) fn month_starts(&self) -> &[Instant] {
        &self.month_starts
    }

    /// The place that a month has in the table, if the table is long enough.
    pub(crate) fn table_place(month: LocalMonth) -> Option<usize> {
        usize::try_from(month.0 - 1970 * 12).ok()
    }

    fn tabled(index: usize) -> LocalMonth {
        LocalMonth(1970 * 12 + i32::try_from(index).unwrap_or(0))
    }

    /// The first instant of a local month.
    #[must_use]
    pub fn month_start(&self, month: LocalMonth) -> Instant {
        Self::table_place(month)
            .and_then(|index| self.month_starts.get(index).copied())
            .unwrap_or_else(|| self.midnight(month.first_date()))
    }

    /// The first instant of a local date (where a clock change skips midnight, the change).
    #[must_use]
    pub fn midnight(&self, date: NaiveDate) -> Instant {
        let place = Self::table_place(LocalMonth::of(date));
        let place = place.filter(|place| *place + 1 < self.month_starts.len());
        let known = place.and_then(|place| Some((self.month_starts[place], self.offset(place)?)));
        match known {
            Some((first, offset)) => {
                let local = i64::from(date.to_epoch_days()) * DAY_MICROS;
                // A change may skip the midnight at which the month would begin.
                Instant::from_micros_clamped(local - offset).max(first)
            }
            None => self.resolve(date.and_time(chrono::NaiveTime::MIN)),
        }
    }

    /// The same local wall time `months` calendar months on, the day clamped to the month's end.
    #[must_use]
    pub fn plus_months(&self, at: Instant, months: u32) -> Instant {
        self.local(at)
            .checked_add_months(Months::new(months))
            .map_or(Instant::MAX, |local| self.resolve(local))
    }

    /// The local wall time of an instant.
    #[must_use]
    pub fn local(&self, at: Instant) -> NaiveDateTime {
        let utc = at.utc();
        utc + self.tz.offset_from_utc_datetime(&utc).fix()
    }

    /// An instant as people of the zone write it, with the zone's offset then:
    /// `2015-03-03 09:00 +08:00`. Seconds are shown where there are any.
    #[must_use]
    pub fn show(&self, at: Instant) -> String {
        let local = self.tz.from_utc_datetime(&at.utc());
        let seconds = match at.micros() % 60_000_000 {
            0 => "%H:%M",
            whole if whole % 1_000_000 == 0 => "%H:%M:%S",
            _ => "%H:%M:%S%.6f",
        };
        let time = local.format(seconds).to_string();
        let time = match time.contains('.') {
            true => time.trim_end_matches('0'),
            false => &time,
        };
        format!(
            "{} {time} {}",
            local.format("%Y-%m-%d"),
            local.format("%:z")
        )
    }

    fn resolve(&self, local: NaiveDateTime) -> Instant {
        match self.tz.from_local_datetime(&local) {
            chrono::LocalResult::Single(at) | chrono::LocalResult::Ambiguous(at, _) => {
                Instant::from_utc(at.naive_utc())
            }
            chrono::LocalResult::None => {
                // A wall time that a clock change skips: read by the offset before the change.
                let before = local - chrono::TimeDelta::days(1);
                let offset = self.tz.offset_from_utc_datetime(&before).fix();
                Instant::from_utc(local - offset)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn local_months_and_midnights_follow_the_zone() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let before: Instant = "2014-03-31T15:59:59.999999Z".parse().unwrap();
        assert_eq!(zone.month(before).to_string(), "2014-03");
        assert_eq!(zone.month(before.next()).to_string(), "2014-04");
        assert_eq!(zone.month_start(zone.month(before.next())), before.next());
        assert_eq!(zone.month(Instant::MAX).to_string(), "10000-01");
    }

    #[test]
    fn the_tables_and_the_time_zone_library_agree() {
        // Clocks that change at midnight, within a month and back, and over a whole day.
        for name in [
            "America/Sao_Paulo",
            "Africa/Casablanca",
            "Pacific/Apia",
            "Asia/Gaza",
            "Asia/Shanghai",
        ] {
            let zone = Zone::named(name).unwrap();
            for step in 0..60_000 {
                let at = Instant::MIN.plus_hours(step * 7);
                let date = zone.local(at).date();
                assert_eq!(zone.date(at), date, "{name} {at}");
                assert_eq!(zone.month(at), LocalMonth::of(date), "{name} {at}");
                let midnight = zone.resolve(date.and_time(chrono::NaiveTime::MIN));
                assert_eq!(zone.midnight(date), midnight, "{name} {at}");
            }
        }
    }

    #[test]
    fn instants_show_in_local_time_with_its_offset() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let show = |text: &str| zone.show(text.parse().unwrap());
        assert_eq!(show("2015-03-03T01:00:00Z"), "2015-03-03 09:00 +08:00");
        assert_eq!(show("2014-03-31T15:59:59Z"), "2014-03-31 23:59:59 +08:00");
        assert_eq!(
            show("2015-03-03T01:00:00.25Z"),
            "2015-03-03 09:00:00.25 +08:00"
        );
    }

    #[test]
    fn a_midnight_that_a_clock_change_skips_is_the_change() {
        let zone = Zone::named("America/Sao_Paulo").unwrap();
        let midnight = zone.midnight(parse_date("2018-11-04").unwrap());
        assert_eq!(midnight.to_string(), "2018-11-04T03:00:00Z");
        assert_eq!(zone.local(midnight).to_string(), "2018-11-04 01:00:00");
    }

    #[test]
    fn months_later_is_the_same_wall_time_clamped() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let at: Instant = "2015-08-31T01:00:00Z".parse().unwrap();
        assert_eq!(zone.plus_months(at, 18).to_string(), "2017-02-28T01:00:00Z");
        assert_eq!(zone.plus_months(at, u32::MAX), Instant::MAX);
    }
}
