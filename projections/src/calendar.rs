//! Working-day calendars (SPEC §8): dated data files, one a year, with the notices they come from.
//!
//! A calendar answers one question, which date is the n-th working day after another, and answers
//! nothing at all where a year it needs has no published notice: a due date is never guessed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;

use crate::rulebook::Text;
use crate::time::plus_dates;

/// Days off and make-up days of the years that a calendar has.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    years: BTreeSet<i32>,
    off: BTreeSet<NaiveDate>,
    make_up: BTreeSet<NaiveDate>,
    /// The working days of those years, ascending.
    working: Vec<NaiveDate>,
}

/// One year's data file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarYear {
    /// The year that the notice arranges.
    pub year: i32,
    /// The notices that set its days.
    pub notices: Vec<Notice>,
    /// Its holidays.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
}

/// A published notice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its title.
    pub title: String,
    /// Its number.
    pub number: Option<String>,
    /// The date signed on it.
    pub issued: Option<toml::value::Datetime>,
}

/// A holiday: a run of days off and the weekend days worked instead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// Its name.
    pub name: Text,
    /// The first and the last day off.
    pub off: Run,
    /// Weekend days that are worked.
    #[serde(default)]
    pub make_up: Vec<toml::value::Datetime>,
}

/// A run of dates, both ends in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The first.
    pub from: toml::value::Datetime,
    /// The last.
    pub to: toml::value::Datetime,
}

/// The date of a TOML local date (none where it carries a time).
pub(crate) fn toml_date(value: &toml::value::Datetime) -> Option<NaiveDate> {
    if value.time.is_some() || value.offset.is_some() {
        return None;
    }
    let date = value.date?;
    NaiveDate::from_ymd_opt(i32::from(date.year), date.month.into(), date.day.into())
}

impl Calendar {
    /// The calendar of that name: `CN`, the working days of the People's Republic of China.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Calendar> {
        static CN: LazyLock<Calendar> = LazyLock::new(|| Calendar::from_files(CN_FILES));
        (name == "CN").then(|| &*CN)
    }

    /// The data files of the calendar of that name, each with its year, ascending: what an edition of it
    /// is told by.
    pub fn files_named(name: &str) -> impl Iterator<Item = (i32, &'static str)> + use<> {
        let years = Self::named(name).into_iter().flat_map(Self::years);
        years.zip(CN_FILES.iter().copied())
    }

    /// Reads data files; what does not read as one is left out (the tests see that none is).
    fn from_files(files: &[&str]) -> Self {
        let mut calendar = Self::default();
        for year in files
            .iter()
            .filter_map(|text| toml::from_str::<CalendarYear>(text).ok())
        {
            calendar.add(&year);
        }
        calendar
    }

    /// Adds a year's days. Days of a neighbouring year count, but do not make it a known year.
    pub fn add(&mut self, year: &CalendarYear) {
        self.years.insert(year.year);
        for holiday in &year.holidays {
            if let (Some(from), Some(to)) =
                (toml_date(&holiday.off.from), toml_date(&holiday.off.to))
            {
                self.off
                    .extend(from.iter_days().take_while(|date| *date <= to));
            }
            self.make_up
                .extend(holiday.make_up.iter().filter_map(toml_date));
        }
        let dates = self.years.iter().flat_map(|year| {
            let first = NaiveDate::from_yo_opt(*year, 1).into_iter();
            first.flat_map(move |first| first.iter_days().take_while(move |d| d.year() == *year))
        });
        let working = dates.filter(|date| self.is_working_day(*date) == Some(true));
        self.working = working.collect();
    }

    /// The years that have a published notice.
    pub fn years(&self) -> impl Iterator<Item = i32> + '_ {
        self.years.iter().copied()
    }

    /// Whether people work on that date; unknown in a year without a notice.
    #[must_use]
    pub fn is_working_day(&self, date: NaiveDate) -> Option<bool> {
        if !self.years.contains(&date.year()) {
            return None;
        }
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        Some(self.make_up.contains(&date) || !(weekend || self.off.contains(&date)))
    }

    /// The n-th working day after a date; unknown where a year on the way has no notice.
    ///
    /// ```
    /// use standing_projections::{calendar::Calendar, time::parse_date};
    /// let cn = Calendar::named("CN").unwrap();
    /// // Across the May holiday of 2014, with 4 May worked.
    /// let due = cn.working_day_after(parse_date("2014-04-28").unwrap(), 3);
    /// assert_eq!(due, parse_date("2014-05-04"));
    /// ```
    #[must_use]
    pub fn working_day_after(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        let Some(more) = n.checked_sub(1) else {
            return Some(date);
        };
        let after = self.working.partition_point(|day| *day <= date);
        let day = *self.working.get(after + usize::try_from(more).ok()?)?;
        let mut on_the_way = plus_dates(date, 1).year()..=day.year();
        on_the_way
            .all(|year| self.years.contains(&year))
            .then_some(day)
    }
}

macro_rules! files {
    ($($year:literal)+) => { &[$(include_str!(concat!("../calendars/cn/", $year, ".toml")),)+] };
}

/// The data files of `CN`.
pub const CN_FILES: &[&str] = files!(
    "2010" "2011" "2012" "2013" "2014" "2015" "2016" "2017" "2018" "2019" "2020" "2021" "2022"
    "2023" "2024" "2025" "2026"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn every_data_file_reads_and_has_its_year_and_a_dated_notice() {
        for (index, text) in CN_FILES.iter().enumerate() {
            let year: CalendarYear = toml::from_str(text).unwrap();
            assert_eq!(year.year, 2010 + i32::try_from(index).unwrap());
            assert!(!year.notices.is_empty() && year.notices.iter().all(|n| n.issued.is_some()));
            assert!(
                year.holidays
                    .iter()
                    .all(|h| toml_date(&h.off.from).is_some()
                        && toml_date(&h.off.to).is_some()
                        && h.make_up.iter().all(|day| toml_date(day).is_some()))
            );
        }
    }

    #[test]
    fn a_year_without_a_notice_is_never_guessed() {
        let cn = Calendar::named("CN").unwrap();
        let last = cn.years().max().unwrap();
        let date = |month_day: &str| parse_date(&format!("{last}-{month_day}")).unwrap();
        assert!(cn.working_day_after(date("12-20"), 3).is_some());
        assert_eq!(cn.working_day_after(date("12-20"), 30), None);
        assert_eq!(cn.working_day_after(date("12-20"), u32::MAX), None);
        assert_eq!(
            cn.working_day_after(parse_date("2009-12-30").unwrap(), 1),
            None
        );
        assert_eq!(
            cn.working_day_after(parse_date("2009-12-30").unwrap(), 0),
            parse_date("2009-12-30")
        );
    }
}
