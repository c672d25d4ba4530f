//! What writers, readers and troubles know of each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::events::Name;

/// How long anybody goes on trying before the service counts as gone.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long somebody who was not answered waits.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// How many events are known to be in the log.
    pub(crate) appended: AtomicU64,
    /// How many of them were sent again, since it was not told what had become of each.
    pub(crate) unknown: AtomicU64,
    /// How many answers were read and found right.
    pub(crate) read: AtomicU64,
    /// Events that were told to be in the log, and where: the last one of each request.
    told: Mutex<Vec<(Name, u64)>>,
    /// Somebody has found something wrong.
    failed: AtomicBool,
}

impl Shared {
    pub(crate) fn tell(&self, name: Name, position: u64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((name, position));
    }

    /// An event that was told to be in the log: as often one of the newest as any.
    pub(crate) fn any(&self, rng: &mut fastrand::Rng) -> Option<(Name, u64)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let from = match rng.bool() {
            true => told.len().saturating_sub(10),
            false => 0,
        };
        rng.choice(&told[from..]).copied()
    }

    /// Does work that others end where it fails.
    pub(crate) fn watch<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let done = work();
        if done.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        done
    }

    /// Waits a moment, as often as there is hope.
    pub(crate) fn pause(&self, since: Instant) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            bail!("somebody else has failed");
        }
        if since.elapsed() > PATIENCE {
            bail!("nothing has come of it for {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }
}
