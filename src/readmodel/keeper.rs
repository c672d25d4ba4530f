//! Keeping the tables up: one of all instances refreshes, another takes over when it is gone.

use std::sync::Arc;
use std::time::Duration;

use standing_projections::{Instant, Position};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant as Moment, sleep_until};

use super::refresh::Refresher;
use super::store::{Lease, Place};
use super::{Checkpoint, ReadModelError};
use crate::intake::ClockFn;
use crate::ledger::{Ledger, Location};
use crate::live::{Advance, Live};

/// How long at most until the log is looked at again, for events that others append.
const LOOK: Duration = Duration::from_millis(25);
/// How long at most until the tables are of another instant, where nothing changes.
const STAND: Duration = Duration::from_secs(1);
/// How long until it is tried again to refresh, where somebody else does or something failed.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of the tables, for those who wait and those who watch.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where the tables are, where this instance refreshes them.
    pub checkpoint: Option<Checkpoint>,
    /// Why they are not refreshed here, where something failed.
    pub failure: Option<String>,
    /// How long the last refresh took.
    pub took: Duration,
    /// How many refreshes there were.
    pub refreshes: u64,
}

/// Brings the history in memory and the tables forward with the log.
pub struct Keeper {
    ledger: Arc<dyn Ledger>,
    place: Place,
    live: Arc<Live>,
    clock: ClockFn,
    poke: Arc<Notify>,
    state: watch::Sender<State>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// For that ledger. It looks at the log at once when it is poked.
    ///
    /// # Errors
    /// Where the ledger's place is none.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        at: &Location,
        live: Arc<Live>,
        clock: ClockFn,
        poke: Arc<Notify>,
    ) -> Result<Self, ReadModelError> {
        Ok(Self {
            place: Place::beside(at)?,
            ledger,
            live,
            clock,
            poke,
            state: watch::Sender::default(),
        })
    }

    /// What is known of the tables.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Keeps them up until told to end.
    pub async fn run(self, mut end: watch::Receiver<bool>) {
        let mut refresher: Option<(Lease, Refresher)> = None;
        let mut try_again = Moment::now();
        let mut stood = Moment::now();
        let mut waiting = Advance::default();
        loop {
            let now = (self.clock)();
            let due = refresher.as_ref().and_then(|(_, one)| one.next());
            let wake = Moment::now() + until(due, now).min(LOOK);
            if !waiting.more {
                tokio::select! {
                    () = self.poke.notified() => {}
                    () = sleep_until(wake) => {}
                    _ = end.wait_for(|end| *end) => break,
                }
            }
            match self.live.advance().await {
                Ok(advance) => waiting.merge(advance),
                Err(error) => {
                    self.failed(&error);
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
            if refresher.is_none() && Moment::now() >= try_again && !waiting.more {
                try_again = Moment::now() + AGAIN;
                match self.begin().await {
                    Ok(begun) => refresher = begun,
                    Err(error) => self.failed(&error),
                }
                if let Some((_, one)) = &refresher {
                    waiting = one.behind();
                    self.refreshed(Some(&one.checkpoint), None);
                }
            }
            let Some((_, one)) = &mut refresher else {
                // Whoever takes over derives everything again.
                waiting.developers.clear();
                continue;
            };
            let now = (self.clock)();
            let changed = waiting.position > one.checkpoint.position;
            let due = one.next().is_some_and(|at| at <= now);
            if !changed && !due && stood.elapsed() < STAND {
                continue;
            }
            let begun = Moment::now();
            let advance = std::mem::take(&mut waiting);
            let refreshed = one.refresh(&*self.ledger, &advance, now).await;
            waiting.more = advance.more;
            stood = Moment::now();
            match refreshed {
                Ok(()) => self.refreshed(Some(&one.checkpoint), Some(begun.elapsed())),
                Err(error) => {
                    self.failed(&error);
                    // What was written is found out anew.
                    refresher = None;
                }
            }
        }
        if let Some((_, one)) = refresher {
            one.close().await;
        }
    }

    /// Begins to refresh, where nobody else does.
    async fn begin(&self) -> Result<Option<(Lease, Refresher)>, ReadModelError> {
        let mut store = self.place.write().await?;
        let Some(lease) = self.place.lease(&mut store).await? else {
            store.close().await;
            return Ok(None);
        };
        let now = || (self.clock)();
        let resumed = Refresher::resume(store, self.live.clone(), &*self.ledger).await?;
        let refresher = match resumed {
            Ok(refresher) => refresher,
            Err(store) => {
                tracing::info!("the read model is made");
                Refresher::make(store, self.live.clone(), &*self.ledger, now).await?
            }
        };
        Ok(Some((lease, refresher)))
    }

    fn refreshed(&self, checkpoint: Option<&Checkpoint>, took: Option<Duration>) {
        self.state.send_modify(|state| {
            state.checkpoint = checkpoint.cloned();
            state.failure = None;
            if let Some(took) = took {
                state.took = took;
                state.refreshes += 1;
            }
        });
    }

    fn failed(&self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "the read model is not refreshed");
        self.state.send_modify(|state| {
            state.checkpoint = None;
            state.failure = Some(error.to_string());
        });
    }
}

/// How long until then; for ever, where there is no such instant.
fn until(then: Option<Instant>, now: Instant) -> Duration {
    then.map_or(Duration::MAX, |then| {
        Duration::from_micros(
            then.micros()
                .saturating_sub(now.micros())
                .max(0)
                .cast_unsigned(),
        )
    })
}

impl State {
    /// Whether the tables know a position, as far as this instance has seen.
    #[must_use]
    pub fn knows(&self, position: Position) -> bool {
        let at = self.checkpoint.as_ref();
        at.is_some_and(|at| at.position >= position)
    }
}
