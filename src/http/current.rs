//! Everybody's standing as it is now: histories in memory, tables, and the task that keeps both up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use standing_projections::Position;
use standing_projections::facts::History;
use tokio::sync::{Mutex, Notify, Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;

use super::Problem;
use super::problem::Code;
use crate::history::{self, Begun, HistoryError, Scope};
use crate::intake::ClockFn;
use crate::ledger::{Ledger, Location};
use crate::live::{Live, follow};
use crate::readmodel::{Checkpoint, Keeper, ReadModelError, Reader, State, Told};

/// How long a question waits for a position that it asks to be known.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long until it is looked anew how far the changes of the board are told, at the latest.
const STAND: Duration = Duration::from_secs(1);
/// How often tables that another instance keeps are looked at by who waits for them.
const LOOK: Duration = Duration::from_millis(20);

/// Everybody's standing as it is now.
pub struct Current {
    ledger: Arc<dyn Ledger>,
    /// Everybody's history.
    pub live: Arc<Live>,
    /// The tables.
    pub reader: Reader,
    /// Where the tables are, as far as this instance knows.
    pub tables: watch::Receiver<State>,
    /// How far the changes of the board are told, once somebody follows them.
    pub told: watch::Receiver<Told>,
    /// Told when something was appended here, so that nobody waits for the log to be looked at.
    pub appended: Arc<Notify>,
    /// Long questions are answered two at a time, so that they hold up nobody else.
    turns: Semaphore,
    /// Whether everybody's history is there.
    loaded: watch::Sender<bool>,
    end: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Current {
    /// Knows nothing yet: [`Current::load`] has still to bring everybody's history up. So many ranks of the
    /// board are told to those who follow it.
    ///
    /// # Errors
    /// Where the tables' place is none.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        at: &Location,
        clock: ClockFn,
        ranks: u32,
    ) -> Result<Self, ReadModelError> {
        let live = Arc::new(Live::new(ledger.clone(), History::default()));
        let appended = Arc::new(Notify::new());
        let keeper = Keeper::new(ledger.clone(), at, live.clone(), clock, ranks)?;
        let tables = keeper.state();
        let reader = Reader::beside(at)?;
        let (end, ended) = watch::channel(false);
        let (loaded, seen) = watch::channel(false);
        let (telling, told) = watch::channel(Told::default());
        let look = look(reader.clone(), tables.clone(), telling, ended.clone());
        let task = keep(live.clone(), appended.clone(), keeper, seen, ended);
        let task = async move {
            // Where nothing is kept up any more, nobody looks.
            tokio::select! {
                () = task => {}
                () = async { look.await; std::future::pending().await } => {}
            }
        };
        Ok(Self {
            ledger,
            live,
            reader,
            tables,
            told,
            appended,
            turns: Semaphore::new(2),
            loaded,
            end,
            task: Mutex::new(Some(tokio::spawn(task))),
        })
    }

    /// Brings everybody's history up, from a snapshot where there is one. From then on it is kept up with the
    /// log.
    ///
    /// # Errors
    /// Where the log cannot be read, or holds what this version does not understand.
    pub async fn load(&self, snapshot: Option<&Path>) -> Result<(), HistoryError> {
        let history = begin(&*self.ledger, snapshot).await?;
        self.live.begin(history);
        self.loaded.send_replace(true);
        Ok(())
    }

    /// Whether everybody's history is there.
    pub(super) fn is_loaded(&self) -> bool {
        *self.loaded.borrow()
    }

    /// Ends when nothing is kept up any more although nobody told it to end, which is a fault of this program.
    pub async fn failed(&self) {
        let mut task = self.task.lock().await;
        if let Some(keeping) = task.as_mut() {
            if let Err(error) = keeping.await {
                tracing::error!(%error, "what keeps the read model up has failed");
            }
            *task = None;
        }
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

    /// Waits for a turn at a question that takes long.
    pub(super) async fn long_question(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let busy = "others ask long questions: ask again later";
        match turn {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Problem::new(Code::Overloaded, busy).retry_after(1)),
        }
    }

    /// The version of the rules at the instant that tables are of, by what was known then; none, where there
    /// were none.
    pub(super) async fn rules_of(&self, at: &Checkpoint) -> Result<Option<String>, Problem> {
        // Somebody else may have brought the tables further than histories are here.
        self.knows(Some(at.position)).await?;
        Ok(match self.live.at(at.position) {
            Ok(ground) => Some(ground.timeline.at(at.as_of).book.version.clone()),
            Err(_) => None,
        })
    }

    /// Waits until histories know a position that was asked for.
    ///
    /// # Errors
    /// `position.unknown`, where the log has no such position: whoever was told one finds it there.
    pub(super) async fn knows(&self, position: Option<Position>) -> Result<(), Problem> {
        let Some(position) = position else {
            return Ok(());
        };
        self.in_log(position).await?;
        match self.live.reached(position, PATIENCE).await {
            true => Ok(()),
            false => Err(not_yet(position, self.live.position())),
        }
    }

    /// That the log has a position, without asking it where that is known.
    async fn in_log(&self, position: Position) -> Result<(), Problem> {
        if position <= self.live.position() {
            return Ok(());
        }
        let end = self.ledger.head().await?.position;
        if position <= end {
            return Ok(());
        }
        let detail = format!("the log ends at {end}, before {position}");
        Err(Problem::new(Code::PositionUnknown, detail).at("?min_position"))
    }

    /// Waits until the tables know a position that was asked for.
    pub(super) async fn tables_know(&self, position: Option<Position>) -> Result<(), Problem> {
        let Some(position) = position else {
            return Ok(());
        };
        self.in_log(position).await?;
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

/// That what was read of the tables knows the position that was asked for: another file may have come into the
/// place of theirs.
pub(super) fn is_known(asked: Option<Position>, read: Position) -> Result<(), Problem> {
    match asked.filter(|asked| *asked > read) {
        None => Ok(()),
        Some(asked) => Err(not_yet(asked, read)),
    }
}

fn not_yet(position: Position, known: Position) -> Problem {
    let detail = format!("position {position} is not known yet: what is known ends at {known}");
    Problem::new(Code::PositionAhead, detail)
        .at("?min_position")
        .retry_after(1)
}

/// Keeps everything up once there is something to keep up: histories in one task, so that they go on while
/// the tables are derived in another.
async fn keep(
    live: Arc<Live>,
    appended: Arc<Notify>,
    keeper: Keeper,
    mut loaded: watch::Receiver<bool>,
    mut end: watch::Receiver<bool>,
) {
    let ended = end.clone();
    tokio::select! {
        loaded = loaded.wait_for(|loaded| *loaded) => if loaded.is_err() { return },
        _ = end.wait_for(|end| *end) => return,
    }
    let mut following = tokio::spawn(follow(live, appended, ended.clone()));
    let failed = tokio::select! {
        () = keeper.run(ended) => following.await.err(),
        Err(error) = &mut following => Some(error),
    };
    if let Some(error) = failed {
        tracing::error!(%error, "what follows the log has failed");
    }
}

/// Looks how far the changes of the board are told, where somebody follows them.
async fn look(
    reader: Reader,
    mut tables: watch::Receiver<State>,
    told: watch::Sender<Told>,
    mut end: watch::Receiver<bool>,
) {
    loop {
        // Here it is known when they were refreshed; where another instance does it, they are looked at.
        let often = match tables.borrow_and_update().checkpoint {
            Some(_) => STAND,
            None => LOOK,
        };
        tokio::select! {
            _ = tables.changed() => {}
            () = tokio::time::sleep(often) => {}
            _ = end.wait_for(|end| *end) => return,
        }
        // One is kept for those who come.
        if told.receiver_count() > 1
            && let Ok(now) = reader.told().await
        {
            told.send_if_modified(|was| {
                let moved = *was != now;
                *was = now;
                moved
            });
        }
    }
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
