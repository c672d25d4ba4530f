//! Keeping the tables up: one of all instances refreshes, another takes over when it is gone.

use std::sync::Arc;
use std::time::Duration;

use standing_projections::{Instant, Position};
use tokio::sync::watch;
use tokio::time::{Instant as Moment, sleep_until};

use super::refresh::Refresher;
use super::rights::{Lease, Right};
use super::store::Place;
use super::{Checkpoint, ReadModelError};
use crate::intake::ClockFn;
use crate::ledger::{Ledger, Location};
use crate::live::{Live, News};

/// How long at most until the tables are of another instant, where nothing changes.
const STAND: Duration = Duration::from_secs(1);
/// How long until it is tried again to refresh, where somebody else does or something failed.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked whether a rebuild that was ended has left something.
const LOOK: Duration = Duration::from_secs(10);

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

/// Brings the tables forward with the history in memory, which somebody else brings forward with the log.
pub struct Keeper {
    ledger: Arc<dyn Ledger>,
    place: Place,
    live: Arc<Live>,
    clock: ClockFn,
    ranks: u32,
    state: watch::Sender<State>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// For that ledger; so many ranks of the board are told.
    ///
    /// # Errors
    /// Where the ledger's place is none.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        at: &Location,
        live: Arc<Live>,
        clock: ClockFn,
        ranks: u32,
    ) -> Result<Self, ReadModelError> {
        Ok(Self {
            place: Place::beside(at)?,
            ledger,
            live,
            clock,
            ranks,
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
        let mut positions = self.live.positions();
        let mut try_again = Moment::now();
        let mut stood = Moment::now();
        let mut looked = Moment::now();
        let mut waiting = News::default();
        let mut file = None;
        loop {
            let now = (self.clock)();
            let due = refresher.as_ref().and_then(|(_, one)| one.next());
            let wake = match refresher {
                Some(_) => Moment::now() + until(due, now).min(STAND),
                None => try_again,
            };
            tokio::select! {
                _ = positions.changed() => {}
                () = sleep_until(wake) => {}
                _ = end.wait_for(|end| *end) => break,
            }
            waiting.merge(self.live.news());
            if refresher.is_none() && Moment::now() >= try_again {
                try_again = Moment::now() + AGAIN;
                match self.begin().await {
                    Ok(begun) => refresher = begun,
                    Err(error) => self.failed(&error),
                }
                if let Some((_, one)) = &refresher {
                    file = self.place.file();
                    waiting = one.behind();
                    self.refreshed(Some(&one.checkpoint), None);
                }
            }
            if refresher.is_some() && self.place.file() != file {
                self.failed(&"the file of the tables is gone, or is another");
                refresher = None;
                try_again = Moment::now();
            }
            let Some((_, one)) = &mut refresher else {
                // Whoever takes over finds out what came after the tables.
                waiting = News::default();
                continue;
            };
            let now = (self.clock)();
            let changed = waiting.position > one.checkpoint.position;
            let due = one.next().is_some_and(|at| at <= now);
            if !changed && !due && stood.elapsed() < STAND {
                continue;
            }
            let begun = Moment::now();
            let news = std::mem::take(&mut waiting);
            let mut refreshed = one.refresh(&*self.ledger, &news, now).await;
            stood = Moment::now();
            if refreshed.is_ok() && looked.elapsed() >= LOOK {
                looked = stood;
                refreshed = one.clear_up(&self.place).await;
            }
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
        let Some(lease) = self.place.lease(&mut store, Right::Refresh).await? else {
            store.close().await;
            return Ok(None);
        };
        let now = || (self.clock)();
        let resumed = Refresher::resume(store, self.live.clone(), &*self.ledger).await?;
        let refresher = match resumed {
            Ok(mut refresher) => {
                refresher.clear_up(&self.place).await?;
                refresher
            }
            Err(store) => {
                tracing::info!("the read model is made");
                let (place, live) = (&self.place, self.live.clone());
                Refresher::make(place, store, live, &*self.ledger, now).await?
            }
        };
        let mut refresher = refresher;
        refresher.tell_ranks(self.ranks).await?;
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
