//! What every handler works with.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::history::{self, Begun, HistoryError, Scope};
use crate::intake::ClockFn;
use crate::ledger::{Ledger, Location};
use crate::live::Live;
use crate::readmodel::{Keeper, ReadModelError, Reader, State};

/// What every handler works with.
pub struct Service {
    /// The log.
    pub ledger: Arc<dyn Ledger>,
    /// Everybody's history, kept up with the log.
    pub live: Arc<Live>,
    /// The tables.
    pub reader: Reader,
    /// Where the tables are, as far as this instance knows.
    pub tables: watch::Receiver<State>,
    /// Told when something was appended here, so that nobody waits for the log to be looked at.
    pub appended: Arc<Notify>,
    /// The clock.
    pub clock: ClockFn,
    keeper: Keeping,
}

/// The task that keeps histories and tables up.
struct Keeping {
    end: watch::Sender<bool>,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// Brings everybody's history up, from a snapshot where there is one, and begins to keep up with the
    /// log.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn start(
        ledger: Arc<dyn Ledger>,
        at: &Location,
        snapshot: Option<&Path>,
        clock: ClockFn,
    ) -> Result<Self, ReadModelError> {
        let history = begin(&*ledger, snapshot).await?;
        let live = Arc::new(Live::new(ledger.clone(), history));
        let appended = Arc::new(Notify::new());
        let (poke, now) = (appended.clone(), clock.clone());
        let keeper = Keeper::new(ledger.clone(), at, live.clone(), now, poke)?;
        let tables = keeper.state();
        let (end, ended) = watch::channel(false);
        let task = tokio::sync::Mutex::new(Some(tokio::spawn(keeper.run(ended))));
        Ok(Self {
            reader: Reader::beside(at)?,
            ledger,
            live,
            tables,
            appended,
            clock,
            keeper: Keeping { end, task },
        })
    }

    /// Ends what runs beside the handlers.
    pub async fn end(&self) {
        self.keeper.end.send_replace(true);
        if let Some(task) = self.keeper.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "what keeps the read model up has failed");
        }
        self.reader.close().await;
    }
}

/// Everybody's history.
async fn begin(
    ledger: &dyn Ledger,
    snapshot: Option<&Path>,
) -> Result<standing_projections::facts::History, HistoryError> {
    let head = ledger.head().await?.position;
    let Some(folder) = snapshot else {
        return history::load(ledger, &Scope::All, head).await;
    };
    let (history, begun) = history::load_everybody(ledger, folder, head, |_| ()).await?;
    match begun {
        Begun::Snapshot(position) => tracing::info!(%position, "begun with the snapshot"),
        Begun::Log(unused) => tracing::warn!(%unused, "the log is read and not the snapshot"),
    }
    Ok(history)
}
