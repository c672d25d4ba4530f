//! Simulations: what a change of the rules would do, asked of a service while it goes on.
//!
//! [`Simulations`] keeps what was asked and what came of it; one thread of its own asks one after the
//! other, with half of the processors and after everybody else's work, so that appending and reading go on. A
//! simulation is kept by the process that took it, until it is deleted, others come or the process ends; what
//! differs is in a file without a name, which goes with it. What is compared, and how it is told, is
//! [`crate::whatif`]'s.

mod job;
mod run;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::intake::ClockFn;
use crate::live::Live;
pub use job::{Asked, Differences, Key, Outcome, Simulation, State};

/// How many wait at most.
pub const WAITING_MAX: usize = 8;
/// How many are kept at most once they are over.
pub const KEPT_MAX: usize = 32;
/// How many bytes of differences are kept of all that are over.
const KEPT_BYTES_MAX: u64 = 2 << 30;

/// What was asked, and what came of it.
pub struct Simulations {
    shared: Arc<Shared>,
    clock: ClockFn,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is shared with the thread that asks.
#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    /// Told when there is one more to ask, or no more come.
    more: Condvar,
}

#[derive(Default)]
struct Held {
    /// In the order in which they were taken. The next one to be asked is the first that is queued.
    all: Vec<Arc<Simulation>>,
    /// Whether no more are taken.
    ended: bool,
}

/// Why a simulation is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// So many wait that it would wait for long.
    #[error("{WAITING_MAX} simulations wait already: ask again when they are over")]
    TooMany,
    /// The same key was used for another question.
    #[error("the same `Idempotency-Key` was used for another simulation")]
    OtherQuestion,
    /// The service ends.
    #[error("the service is ending")]
    Ending,
}

impl std::fmt::Debug for Simulations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulations").finish_non_exhaustive()
    }
}

impl Simulations {
    /// Begins to take simulations of a log's history. `name` is what reports call the log.
    ///
    /// # Errors
    /// Where the system has no thread for them.
    pub fn start(live: Arc<Live>, name: String, clock: ClockFn) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (asked, times) = (shared.clone(), clock.clone());
        let ask = move || ask_all(&live, &name, &times, &asked);
        let thread = std::thread::Builder::new().name("simulations".to_owned());
        let thread = thread.spawn(ask)?;
        Ok(Self {
            shared,
            clock,
            thread: Mutex::new(Some(thread)),
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.shared.held()
    }

    /// Takes a simulation, or finds the one that was taken before by the same key.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub fn take(
        &self,
        by: &str,
        key: Option<Key>,
        asked: Asked,
    ) -> Result<Arc<Simulation>, NotTaken> {
        let mut held = self.held();
        if let Some(key) = &key
            && let Some(same) = held.all.iter().find(|one| one.has_key(by, &key.text))
        {
            return match same.key.as_ref().is_some_and(|used| used == key) {
                true => Ok(same.clone()),
                false => Err(NotTaken::OtherQuestion),
            };
        }
        let waiting = held.all.iter().filter(|one| !one.state().is_over());
        if waiting.count() > WAITING_MAX {
            return Err(NotTaken::TooMany);
        }
        let taken_at = (self.clock)();
        let simulation = Arc::new(Simulation::new(by, key, asked, taken_at));
        if held.ended {
            return Err(NotTaken::Ending);
        }
        held.all.push(simulation.clone());
        held.make_room();
        self.shared.more.notify_one();
        Ok(simulation)
    }

    /// All that are kept, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Simulation>> {
        self.held().all.iter().rev().cloned().collect()
    }

    /// The one of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Simulation>> {
        self.held().all.iter().find(|one| one.id == id).cloned()
    }

    /// Cancels the one of that id where it is not over, and keeps it no longer; whether there was one.
    pub fn delete(&self, id: &str) -> bool {
        let mut held = self.held();
        let found = held.all.iter().position(|one| one.id == id);
        found.map(|place| held.all.remove(place).cancel()).is_some()
    }

    /// Cancels all, and waits until none goes on.
    pub fn end(&self) {
        let mut held = self.held();
        held.ended = true;
        held.all.drain(..).for_each(|one| one.cancel());
        drop(held);
        self.shared.more.notify_one();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(_)) = thread.take().map(JoinHandle::join) {
            tracing::error!("the thread of simulations has failed");
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one to be asked, once there is one; none, where no more come.
    fn next(&self, clock: &ClockFn) -> Option<Arc<Simulation>> {
        let mut held = self.held();
        while !held.ended {
            let mut queued = held.all.iter().filter(|one| one.state().is_queued());
            if let Some(next) = queued.next() {
                next.begin(clock());
                return Some(next.clone());
            }
            held = self.more.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

impl Held {
    /// Keeps no more than is to be kept: the oldest that are over go.
    fn make_room(&mut self) {
        let (mut count, mut bytes) = (0, 0);
        let mut kept: Vec<_> = std::mem::take(&mut self.all);
        kept.reverse();
        kept.retain(|one| {
            let state = one.state();
            if !state.is_over() {
                return true;
            }
            count += 1;
            bytes += state.outcome().map_or(0, |made| made.differences.bytes());
            count <= KEPT_MAX && bytes <= KEPT_BYTES_MAX
        });
        kept.reverse();
        self.all = kept;
    }
}

/// Asks one after the other, until no more can come.
fn ask_all(live: &Live, name: &str, clock: &ClockFn, shared: &Shared) {
    let pool = match run::pool() {
        Ok(pool) => pool,
        Err(error) => {
            tracing::error!(%error, "there are no threads for simulations");
            return;
        }
    };
    while let Some(simulation) = shared.next(clock) {
        let history = live.everybody(Clone::clone);
        let made = run::run(&simulation, &history, name, &pool);
        simulation.finish(clock(), made);
    }
}
