//! Everybody's standing as it is now: histories in memory, tables, and the task that keeps both up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use standing_projections::Position;
use standing_projections::facts::History;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;

use super::Problem;
use super::problem::Code;
use crate::history::{self, Begun, HistoryError, Scope};
use crate::intake::ClockFn;
use crate::ledger::{Ledger, Location};
use crate::live::Live;
use crate::readmodel::{Keeper, ReadModelError, Reader, State};

/// How long a question waits for a position that it asks to be known.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often tables that another instance keeps are looked at by who waits for them.
const LOOK: Duration = Duration::from_millis(20);

/// Everybody's standing as it is now.
pub struct Current {
    /// Everybody's history.
    pub live: Arc<Live>,
    /// The tables.
    pub reader: Reader,
    /// Where the tables are, as far as this instance knows.
    pub tables: watch::Receiver<State>,
    /// Told when something was appended here, so that nobody waits for the log to be looked at.
    pub appended: Arc<Notify>,
    end: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Current {
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
        let keeper = Keeper::new(ledger, at, live.clone(), clock, appended.clone())?;
        let tables = keeper.state();
        let (end, ended) = watch::channel(false);
        Ok(Self {
            live,
            reader: Reader::beside(at)?,
            tables,
            appended,
            end,
            task: Mutex::new(Some(tokio::spawn(keeper.run(ended)))),
        })
    }

    /// Ends the task, when it has done what it does.
    pub async fn end(&self) {
        self.end.send_replace(true);
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "what keeps the read model up has failed");
        }
        self.reader.close().await;
    }

    /// Waits until histories know a position that was asked for.
    pub(super) async fn knows(&self, position: Option<Position>) -> Result<(), Problem> {
        match position {
            Some(position) if !self.live.reached(position, PATIENCE).await => {
                Err(not_yet(position, self.live.position()))
            }
            _ => Ok(()),
        }
    }

    /// Waits until the tables know a position that was asked for.
    pub(super) async fn tables_know(&self, position: Option<Position>) -> Result<(), Problem> {
        let Some(position) = position else {
            return Ok(());
        };
        let begun = tokio::time::Instant::now();
        let mut tables = self.tables.clone();
        loop {
            let here = tables.borrow_and_update().checkpoint.is_some();
            let known = if here {
                let reached = tables.wait_for(|state| state.knows(position));
                let _ = tokio::time::timeout(LOOK, reached).await;
                let state = self.tables.borrow();
                state.checkpoint.as_ref().map(|at| at.position)
            } else {
                let at = self.reader.checkpoint().await.ok();
                at.map(|at| at.position)
            };
            if known >= Some(position) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(not_yet(position, known.unwrap_or_default()));
            }
            if !here {
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

fn not_yet(position: Position, known: Position) -> Problem {
    let detail = format!("position {position} is not known yet: what is known ends at {known}");
    Problem::new(Code::PositionAhead, detail)
        .at("?min_position")
        .retry_after(1)
}

/// Everybody's history.
async fn begin(ledger: &dyn Ledger, snapshot: Option<&Path>) -> Result<History, HistoryError> {
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
