//! Somebody who reads the log while all this goes on, as a projection does: page after page, from
//! where the last one ended.
//!
//! A position that was skipped here would be an event that a read model never hears of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use standing::ledger::{Ledger, Query, StoredEvent};
use standing_projections::Position;

use crate::store::{Store, wait_for};

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With the ledger open all the time, so that it outlives its writers.
    Stays,
    /// Opening and closing it, so that now and then a dead writer's traces are found by a reader.
    ComesAndGoes,
}

/// A reader under way.
pub(crate) struct Reading {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<StoredEvent>>>,
}

impl Reading {
    pub(crate) fn start(store: &Store, manner: Manner, rng: fastrand::Rng) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, store) = (Arc::clone(&stop), store.for_reader());
        let tail = Tail {
            rng,
            seen: Vec::new(),
        };
        let thread = std::thread::spawn(move || wait_for(tail.follow(&store, manner, &stopped)));
        Self { stop, thread }
    }

    /// Ends the reading and holds what was read against the log as it is now.
    pub(crate) fn end(self, log: &[StoredEvent]) -> Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        let seen = self.thread.join();
        let seen = seen.map_err(|_| anyhow::anyhow!("the reader panicked"))??;
        ensure!(seen.len() <= log.len(), "events that were read are gone");
        ensure!(
            seen == log[..seen.len()],
            "events that were read have changed"
        );
        Ok(())
    }
}

struct Tail {
    rng: fastrand::Rng,
    /// All that was read, which position n is at index n - 1 of.
    seen: Vec<StoredEvent>,
}

impl Tail {
    async fn follow(
        mut self,
        store: &Store,
        manner: Manner,
        stop: &AtomicBool,
    ) -> Result<Vec<StoredEvent>> {
        let Some(mut ledger) = first_open(store, stop).await else {
            return Ok(self.seen);
        };
        while !stop.load(Ordering::SeqCst) {
            if manner == Manner::ComesAndGoes && self.rng.u32(..8) == 0 {
                ledger.close().await;
                drop(ledger);
                self.rest().await;
                ledger = store.open_existing().await.context("the reader, again")?;
            }
            self.read_on(&*ledger).await?;
            self.read_again(&*ledger).await?;
            self.rest().await;
        }
        ledger.close().await;
        Ok(self.seen)
    }

    async fn rest(&mut self) {
        tokio::time::sleep(Duration::from_micros(self.rng.u64(..4_000))).await;
    }

    /// Reads what is new.
    async fn read_on(&mut self, ledger: &dyn Ledger) -> Result<()> {
        let head = ledger.head().await.context("the reader, of the head")?;
        let known = self.seen.len() as u64;
        ensure!(
            head.position.0 >= known,
            "the log went back from {known} to {head:?}"
        );
        let query = Query {
            after: Position(known),
            limit: self.rng.usize(1..200),
            ..Query::default()
        };
        let page = ledger.read(&query).await.context("the reader")?;
        let due = query.limit.min((head.position.0 - known) as usize);
        ensure!(
            page.len() >= due,
            "fewer events than there are up to the head"
        );
        for event in page {
            let next = self.seen.len() as u64 + 1;
            ensure!(
                event.position.0 == next,
                "after {} came {}",
                next - 1,
                event.position.0
            );
            let last = self.seen.last();
            ensure!(
                last.is_none_or(|last| last.recordedtime <= event.recordedtime),
                "recorded time went back at {next}"
            );
            self.seen.push(event);
        }
        Ok(())
    }

    /// Reads anew what was read before.
    async fn read_again(&mut self, ledger: &dyn Ledger) -> Result<()> {
        let from = self.rng.usize(..=self.seen.len());
        let until = self.seen.len().min(from + 20);
        let query = Query {
            after: Position(from as u64),
            up_to: Some(Position(until as u64)),
            ..Query::default()
        };
        let page = ledger.read(&query).await.context("the reader, again")?;
        ensure!(page == self.seen[from..until], "what was read has changed");
        Ok(())
    }
}

/// The ledger, once there is one. While it is being made it may look like anything.
async fn first_open(store: &Store, stop: &AtomicBool) -> Option<Arc<dyn Ledger>> {
    while !stop.load(Ordering::SeqCst) {
        if let Ok(ledger) = store.open_existing().await {
            return Some(ledger);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}
