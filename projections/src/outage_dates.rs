//! Which block makes a date an outage day (SPEC §4, 3): of those of counted causes that start on it, the
//! first. What is held grows with the dates, however many outages lie over them.

use std::num::NonZeroU32;

use chrono::Datelike;

use crate::provenance::OutageDay;
use crate::rules::Timeline;
use crate::time::LocalMonth;

/// Of all blocks of counted causes that start on one local date, the first.
#[derive(Debug, Default)]
pub(crate) struct Dates {
    months: Vec<MonthDates>,
    /// The place of the month that a block was in last.
    place: usize,
    blocks: Vec<OutageDay>,
}

/// The dates of a month.
#[derive(Debug)]
pub(crate) struct MonthDates {
    pub(crate) month: LocalMonth,
    /// The index of its rules.
    pub(crate) rules: usize,
    /// The place of each date's block.
    blocks: [Option<NonZeroU32>; 31],
}

impl Dates {
    pub(crate) fn clear(&mut self) {
        self.months.clear();
        self.place = 0;
        self.blocks.clear();
    }

    /// Takes the next block.
    pub(crate) fn take(&mut self, day: OutageDay, timeline: &Timeline) {
        let month = LocalMonth::of(day.date);
        let last = self.months.get(self.place);
        if last.is_none_or(|last| last.month != month) {
            self.place = self.months.partition_point(|other| other.month < month);
        }
        let known = self.months.get(self.place);
        if known.is_none_or(|known| known.month != month) {
            let dates = MonthDates {
                month,
                rules: timeline.index_of_month(month),
                blocks: [None; 31],
            };
            self.months.insert(self.place, dates);
        }
        let dates = &mut self.months[self.place];
        if !timeline.version(dates.rules).counts_cause(day.cause) {
            return;
        }
        let block = &mut dates.blocks[day.date.day0() as usize];
        match block {
            Some(place) => {
                let first = &mut self.blocks[place.get() as usize - 1];
                if day.at < first.at {
                    *first = day;
                }
            }
            None => {
                self.blocks.push(day);
                *block = u32::try_from(self.blocks.len())
                    .ok()
                    .and_then(NonZeroU32::new);
            }
        }
    }

    /// The months with a counted block, ascending.
    pub(crate) fn months(&self) -> impl Iterator<Item = &MonthDates> {
        let months = self.months.iter();
        months.filter(|month| month.blocks.iter().any(Option::is_some))
    }

    /// The blocks of a month, by date.
    pub(crate) fn of(&self, month: &MonthDates) -> impl Iterator<Item = OutageDay> {
        let blocks = month.blocks.iter().flatten();
        blocks.map(|place| self.blocks[place.get() as usize - 1])
    }
}
