//! When what was not taken is tried again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use standing_projections::Instant;

/// How long to wait after each attempt; after the last one a change is given up.
///
/// ```
/// use standing::webhooks::Schedule;
/// let schedule: Schedule = "5s,5m,2h".parse().unwrap();
/// assert_eq!(schedule.to_string(), "5s,5m,2h");
/// assert_eq!(Schedule::default().to_string(), "5s,5m,30m,2h,5h,10h,14h,20h,24h");
/// assert!("5 seconds".parse::<Schedule>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule(Vec<u32>);

/// The longest wait, and the most of them.
const LONGEST: u32 = 7 * 24 * 3_600;
const MOST: usize = 32;

/// The units of a wait, in seconds, the longest first.
const UNITS: [(char, u32); 3] = [('h', 3_600), ('m', 60), ('s', 1)];

impl Schedule {
    /// When the next attempt is due after so many; none, where there is none.
    pub(super) fn next(&self, tried: u32, now: Instant) -> Option<Instant> {
        let place = usize::try_from(tried).ok()?.checked_sub(1)?;
        let seconds = i64::from(*self.0.get(place)?);
        let due = now.micros().saturating_add(seconds * 1_000_000);
        Some(Instant::from_micros_clamped(due))
    }
}

impl Default for Schedule {
    /// What the specification recommends: three days and three hours.
    fn default() -> Self {
        let (minute, hour) = (60, 3_600);
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| hours * hour);
        Self([&[5, 5 * minute, 30 * minute], &hours[..]].concat())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, wait) in self.0.iter().enumerate() {
            let unit = UNITS.iter().find(|(_, unit)| wait % unit == 0 && *wait > 0);
            let (name, unit) = unit.unwrap_or(&('s', 1));
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}{name}", wait / unit)?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wait = |text: &str| {
            let (name, unit) = *UNITS.iter().find(|(name, _)| text.ends_with(*name))?;
            let number: u32 = text.strip_suffix(name)?.parse().ok()?;
            let wait = number.checked_mul(unit)?;
            (wait <= LONGEST).then_some(wait)
        };
        let waits: Option<Vec<u32>> = text.split(',').map(|one| wait(one.trim())).collect();
        match waits {
            Some(waits) if waits.len() <= MOST => Ok(Self(waits)),
            _ => Err(format!(
                "a schedule is waits such as `5s,5m,2h`, at most {MOST} of them and of at most {} h",
                LONGEST / 3_600
            )),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_wait_there_is_none() {
        let schedule: Schedule = "1s,2m".parse().unwrap();
        let now = Instant::from_micros_clamped(0);
        let after = |tried| {
            schedule
                .next(tried, now)
                .map(|due| due.micros() / 1_000_000)
        };
        assert_eq!(
            [after(0), after(1), after(2), after(3)],
            [None, Some(1), Some(120), None]
        );
        for wrong in ["", "1", "s", "-1s", "1s,", "169h", "1d", &"1s,".repeat(40)] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
