//! How often a token is good for a request: so many a second, and a burst of some more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many tokens are kept count of before those that have all again are let go.
const COUNTED_MAX: usize = 4_096;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Times a second, in the long run.
    pub per_second: u32,
    /// Times at once.
    pub burst: u32,
}

/// What each token has left.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<String, Bucket>>);

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    full_at: Instant,
}

impl Rates {
    /// Takes one of what a token has left, or says how long it takes until there is one.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use standing::access::{Rate, Rates};
    /// let (rates, now) = (Rates::default(), Instant::now());
    /// let rate = Rate { per_second: 10, burst: 2 };
    /// assert!(rates.take("t1", rate, now).is_ok() && rates.take("t1", rate, now).is_ok());
    /// assert_eq!(rates.take("t1", rate, now), Err(Duration::from_millis(100)));
    /// assert!(rates.take("t1", rate, now + Duration::from_millis(100)).is_ok());
    /// ```
    ///
    /// # Errors
    /// How long it takes until there is one, where there is none now.
    pub fn take(&self, token: &str, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= COUNTED_MAX {
            buckets.retain(|_, bucket| now < bucket.full_at);
        }
        let each = f64::from(rate.per_second.max(1));
        let full = f64::from(rate.burst.max(1));
        let until = |missing: f64| Duration::from_secs_f64(missing.max(0.0) / each);
        if !buckets.contains_key(token) {
            let bucket = Bucket {
                left: full,
                at: now,
                full_at: now,
            };
            buckets.insert(token.to_owned(), bucket);
        }
        let Some(bucket) = buckets.get_mut(token) else {
            return Ok(());
        };
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * each).min(full);
        bucket.at = now;
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        bucket.full_at = now + until(full - bucket.left);
        match enough {
            true => Ok(()),
            false => Err(until(1.0 - bucket.left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_takes_nothing_from_another() {
        let (rates, now) = (Rates::default(), Instant::now());
        let rate = Rate {
            per_second: 1,
            burst: 1,
        };
        rates.take("a", rate, now).unwrap();
        rates.take("a", rate, now).unwrap_err();
        rates.take("b", rate, now).unwrap();
    }

    #[test]
    fn in_the_long_run_it_is_so_many_a_second() {
        let (rates, start) = (Rates::default(), Instant::now());
        let rate = Rate {
            per_second: 100,
            burst: 50,
        };
        let times = (0..10_000).map(|n| start + Duration::from_millis(n));
        let taken = times
            .filter(|now| rates.take("a", rate, *now).is_ok())
            .count();
        assert!((1_048..=1_050).contains(&taken), "{taken}");
    }

    #[test]
    fn those_that_have_all_again_are_forgotten() {
        let (rates, start) = (Rates::default(), Instant::now());
        let rate = Rate {
            per_second: 1,
            burst: 1,
        };
        for n in 0..COUNTED_MAX {
            rates.take(&n.to_string(), rate, start).unwrap();
        }
        rates
            .take("more", rate, start + Duration::from_secs(2))
            .unwrap();
        assert_eq!(rates.0.lock().unwrap().len(), 1);
    }
}
