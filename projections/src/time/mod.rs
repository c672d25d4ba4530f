//! Instants, local dates and months (SPEC §1).
//!
//! An [`Instant`] is an integer of microseconds, so that sorting and storing are exact. What is
//! *local* (dates, months, midnights) goes through a [`Zone`], which keeps the first instants of
//! its months in a table: asking a time-zone library for every event costs more than every rule
//! together. Nothing here reads a clock.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike};

mod zone;

pub use zone::Zone;

/// Microseconds in a day as a length: 24 h (SPEC §1).
pub const DAY_MICROS: i64 = 86_400_000_000;
/// Microseconds in an hour.
pub const HOUR_MICROS: i64 = 3_600_000_000;
/// 9999-12-31T23:59:59.999999Z.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// A moment in UTC, in microseconds since 1970, within the years 1970 to 9999. An `Option` of one takes
/// no more room.
///
/// ```
/// use standing_projections::Instant;
/// let at: Instant = "2015-03-03T09:00:00.250+08:00".parse().unwrap();
/// assert_eq!(at.to_string(), "2015-03-03T01:00:00.25Z");
/// assert!("2016-12-31T23:59:60Z".parse::<Instant>().is_err()); // a leap second has no place
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

/// Why a text is no [`Instant`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no RFC 3339 instant of the years 1970 to 9999, such as 2016-09-01T00:00:00Z")]
pub struct NotAnInstant(String);

impl Instant {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Instant = Self::from_micros_clamped(0);
    /// 9999-12-31T23:59:59.999999Z; sums that would pass it stay at it.
    pub const MAX: Instant = Self::from_micros_clamped(LAST_MICROS);

    /// The instant that many microseconds after 1970, if it lies within the years 1970 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (0..=LAST_MICROS)
            .contains(&micros)
            .then(|| Self::from_micros_clamped(micros))
    }

    /// As [`Instant::from_micros`], taking what lies outside to the nearer end.
    #[must_use]
    pub const fn from_micros_clamped(micros: i64) -> Self {
        let kept = if micros < 0 {
            0
        } else if micros > LAST_MICROS {
            LAST_MICROS
        } else {
            micros
        };
        // One more than the microseconds is kept, which is never 0.
        match NonZeroU64::new(kept.cast_unsigned() + 1) {
            Some(next) => Self(next),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        (self.0.get() - 1).cast_signed()
    }

    /// As a word that is not 0.
    pub(crate) const fn word(self) -> u64 {
        self.0.get()
    }

    /// The instant of a word; none where that is 0.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        NonZeroU64::new(word).map(Self)
    }

    /// This instant and `micros` more, kept within the years 1970 to 9999.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros_clamped(self.micros().saturating_add(micros))
    }

    /// `days` of 24 h later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_micros(days.saturating_mul(DAY_MICROS))
    }

    /// `hours` later.
    #[must_use]
    pub const fn plus_hours(self, hours: i64) -> Self {
        self.plus_micros(hours.saturating_mul(HOUR_MICROS))
    }

    /// The smallest step later: what is asked *strictly after* an instant holds from here.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus_micros(1)
    }

    fn utc(self) -> NaiveDateTime {
        DateTime::from_timestamp_micros(self.micros())
            .unwrap_or_default()
            .naive_utc()
    }

    fn from_utc(naive: NaiveDateTime) -> Self {
        Self::from_micros_clamped(naive.and_utc().timestamp_micros())
    }
}

impl fmt::Display for Instant {
    /// Digit by digit: an instant is printed for every event stored, and format strings cost more
    /// there than everything else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn put(buffer: &mut [u8], at: usize, digits: usize, mut number: u32) {
            for place in (at..at + digits).rev() {
                buffer[place] = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        }
        let utc = self.utc();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text, 0, 4, utc.year().cast_unsigned());
        put(&mut text, 5, 2, utc.month());
        put(&mut text, 8, 2, utc.day());
        put(&mut text, 11, 2, utc.hour());
        put(&mut text, 14, 2, utc.minute());
        put(&mut text, 17, 2, utc.second());
        put(&mut text, 20, 6, utc.and_utc().timestamp_subsec_micros());
        let mut end = text.len() - 1;
        while text[end - 1] == b'0' && end > 20 {
            end -= 1;
        }
        if end == 20 {
            end = 19;
        }
        text[end] = b'Z';
        f.pad(std::str::from_utf8(&text[..=end]).unwrap_or_default())
    }
}

impl FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        parse_rfc3339(text).ok_or_else(|| NotAnInstant(text.chars().take(64).collect()))
    }
}

impl serde::Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads the RFC 3339 grammar and nothing looser; digits past the microsecond are cut off.
fn parse_rfc3339(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        bytes.get(range)?.iter().try_fold(0u32, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let literal = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    if !(literal(4, b"-") && literal(7, b"-") && literal(10, b"Tt")) {
        return None;
    }
    if !(literal(13, b":") && literal(16, b":")) {
        return None;
    }
    let year = i32::try_from(number(0..4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)?;
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let mut at = 19;
    let mut micros = 0u32;
    if literal(at, b".") {
        let digits = bytes[at + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        for place in 0..6 {
            let digit = if place < digits {
                bytes[at + 1 + place] - b'0'
            } else {
                0
            };
            micros = micros * 10 + u32::from(digit);
        }
        at += 1 + digits;
    }
    let local = date.and_hms_micro_opt(hour, minute, second, micros)?;
    let offset_minutes = if literal(at, b"Zz") {
        at += 1;
        0
    } else {
        let sign = match bytes.get(at)? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = (number(at + 1..at + 3)?, number(at + 4..at + 6)?);
        if !literal(at + 3, b":") || hours > 23 || minutes > 59 {
            return None;
        }
        at += 6;
        sign * i64::from(hours * 60 + minutes)
    };
    if at != bytes.len() {
        return None;
    }
    Instant::from_micros(local.and_utc().timestamp_micros() - offset_minutes * 60_000_000)
}

/// A calendar month of a zone, such as `2015-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalMonth(i32);

impl LocalMonth {
    /// The month a date lies in.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self(date.year() * 12 + date.month0().cast_signed())
    }

    /// The first month that begins on a date or after it.
    #[must_use]
    pub fn beginning_from(date: NaiveDate) -> Self {
        let month = Self::of(date);
        if date == month.first_date() {
            month
        } else {
            month.next()
        }
    }

    /// The first date of the month.
    #[must_use]
    pub fn first_date(self) -> NaiveDate {
        let month = self.0.rem_euclid(12).cast_unsigned() + 1;
        NaiveDate::from_ymd_opt(self.0.div_euclid(12), month, 1).unwrap_or(NaiveDate::MAX)
    }

    /// Which of the year's months, 1 to 12.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0.rem_euclid(12) + 1
    }

    /// How many months it is after January of the year 0.
    pub(crate) const fn word(self) -> u32 {
        self.0.cast_unsigned()
    }

    pub(crate) const fn from_word(word: u32) -> Self {
        Self(word.cast_signed())
    }

    /// The month before this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0 - 1)
    }

    /// The month after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for LocalMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl FromStr for LocalMonth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_date(&format!("{text}-01"))
            .map(Self::of)
            .ok_or_else(|| format!("`{text}` is no month such as 2015-03"))
    }
}

impl<'de> serde::Deserialize<'de> for LocalMonth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for LocalMonth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A date written `YYYY-MM-DD`, of the years 1970 to 9999.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let year: i32 = text[..4].parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, text[5..7].parse().ok()?, text[8..].parse().ok()?)?;
    (1970..=9999).contains(&date.year()).then_some(date)
}

/// The date `days` after another (the last date chrono knows, where that would be passed).
#[must_use]
pub fn plus_dates(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days))
        .unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_without_trailing_zeros_and_refuse_absurd_ones() {
        let ok = [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2015-03-03T01:00:00.250000Z", "2015-03-03T01:00:00.25Z"),
            (
                "2015-03-03T01:00:00.1234567Z",
                "2015-03-03T01:00:00.123456Z",
            ),
            ("2015-03-03T01:00:10.000010Z", "2015-03-03T01:00:10.00001Z"),
            ("2015-03-03t09:00:00+08:00", "2015-03-03T01:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ];
        for (text, printed) in ok {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), printed);
        }
        for text in [
            "",
            "2015-03-03",
            "2015-03-03T01:00:00",
            "2015-02-30T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "1970-01-01T00:00:00+00:01",
            "2016-12-31T23:59:60Z",
            "2015-03-03T01:00:00.Z",
            "2015-03-03T01:00:00+0800",
            "2015-03-03T24:00:00Z",
            "2015-03-03 01:00:00Z",
            "２015-03-03T01:00:00Z",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }
}
