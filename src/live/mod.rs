//! Everybody's history in memory, kept up with the log.
//!
//! One task brings it forward ([`follow`]); anybody asks. What a question keeps ([`Known`]) stays
//! as it was while the log goes on, so that nobody waits for anybody. It judges nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use standing_projections::event::Kind;
use standing_projections::facts::{DeveloperFacts, History, Names, Published};
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Event, Position};
use tokio::sync::watch;

use crate::history::{HistoryError, event_of};
use crate::ledger::{Ledger, Query, StoredEvent};

mod follow;

pub use follow::follow;

/// How many events are taken at a time.
const PAGE: usize = 10_000;

/// Everybody's history, kept up with a log.
pub struct Live {
    ledger: Arc<dyn Ledger>,
    held: RwLock<Held>,
    position: watch::Sender<Position>,
    /// Whoever takes what the log has more holds it.
    advancing: tokio::sync::Mutex<()>,
    news: Mutex<News>,
}

struct Held {
    history: History,
    /// By every rulebook known, in the history's names; none before one is published.
    timeline: Result<Arc<Timeline>, RulesError>,
}

/// What is known of a developer, to ask of.
#[derive(Clone, Debug)]
pub struct Known {
    /// The developer's facts.
    pub developer: Arc<DeveloperFacts>,
    /// The texts they are written in.
    pub names: Arc<Names>,
    /// Every rulebook known, in these names.
    pub timeline: Arc<Timeline>,
    /// Up to where the log is known.
    pub position: Position,
}

/// What has come since somebody asked for it.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Up to where the log was known when it came.
    pub position: Position,
    /// The developers that something came of.
    pub developers: BTreeSet<String>,
    /// Whether a rulebook came, which concerns everybody.
    pub rules: bool,
}

impl News {
    /// Takes others with it.
    pub fn merge(&mut self, others: Self) {
        self.position = self.position.max(others.position);
        self.developers.extend(others.developers);
        self.rules |= others.rules;
    }
}

/// What everybody is judged with.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The texts that facts are written in.
    pub names: Arc<Names>,
    /// The rules, in these names.
    pub timeline: Arc<Timeline>,
}

/// Why a subject is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// Nobody is registered by that id.
    #[error("nobody is registered by the id `{0}`")]
    Subject(String),
    /// The rules do not hold together, or there are none.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl Live {
    /// Begins with a history of that log.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, history: History) -> Self {
        let position = watch::Sender::new(history.head());
        let timeline = Timeline::known(&history, history.head()).map(Arc::new);
        let held = RwLock::new(Held { history, timeline });
        Self {
            ledger,
            held,
            position,
            advancing: tokio::sync::Mutex::default(),
            news: Mutex::default(),
        }
    }

    /// Begins anew with a history of the log, for whoever could not wait for it: there is nothing in it until
    /// then.
    pub fn begin(&self, history: History) {
        let position = history.head();
        let timeline = Timeline::known(&history, position).map(Arc::new);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held { history, timeline };
        self.position.send_replace(position);
    }

    /// Takes what the log has more, up to a page of it; whether there was anything.
    ///
    /// # Errors
    /// Where the log cannot be read, or holds what this version does not understand.
    pub async fn advance(self: &Arc<Self>) -> Result<bool, HistoryError> {
        let _alone = self.advancing.lock().await;
        let query = Query {
            after: self.position(),
            limit: PAGE,
            ..Query::default()
        };
        let page = self.ledger.read(&query).await?;
        if page.is_empty() {
            return Ok(false);
        }
        let live = self.clone();
        let taken = tokio::task::spawn_blocking(move || live.take(&page)).await;
        taken.unwrap_or_else(|error| {
            Err(HistoryError::Unreadable {
                position: query.after,
                reason: error.to_string(),
            })
        })?;
        Ok(true)
    }

    fn take(&self, page: &[StoredEvent]) -> Result<(), HistoryError> {
        let events: Vec<Event> = page.iter().map(event_of).collect::<Result<_, _>>()?;
        let mut news = News::default();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        let names = held.history.names().len();
        for (stored, event) in page.iter().zip(&events) {
            held.history.take(stored.position, event, stored.target);
            news.rules |= stored.kind == Kind::RulebookPublished;
            if let Some(developer) = &stored.developer
                && !news.developers.contains(developer)
            {
                news.developers.insert(developer.clone());
            }
        }
        held.history.settle();
        news.position = held.history.head();
        if news.rules {
            held.timeline = Timeline::known(&held.history, news.position).map(Arc::new);
        } else if held.history.names().len() > names
            && let Ok(timeline) = &held.timeline
        {
            // Rules know their codes by number, and a text that is new has one they do not know.
            held.timeline = timeline.read_in(&held.history).map(Arc::new);
        }
        let position = news.position;
        self.heard().merge(news);
        self.position.send_replace(position);
        Ok(())
    }

    fn heard(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has come since this was asked before. It is for one task to ask.
    #[must_use]
    pub fn news(&self) -> News {
        std::mem::take(&mut self.heard())
    }

    /// Tells when the log is known further.
    #[must_use]
    pub fn positions(&self) -> watch::Receiver<Position> {
        self.position.subscribe()
    }

    /// Up to where the log is known.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.position.borrow()
    }

    /// Waits until the log is known up to a position; false, where that takes longer than given.
    pub async fn reached(&self, position: Position, within: Duration) -> bool {
        let mut seen = self.position.subscribe();
        let reached = seen.wait_for(|known| *known >= position);
        matches!(tokio::time::timeout(within, reached).await, Ok(Ok(_)))
    }

    /// What is known of the developer of that id, or of the one whose app it is.
    ///
    /// # Errors
    /// Where nobody has the id, or there are no rules.
    pub fn of(&self, subject: &str) -> Result<Known, Unknown> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let developer = held.history.shared(subject);
        Ok(Known {
            developer: developer.ok_or_else(|| Unknown::Subject(subject.to_owned()))?,
            names: held.history.shared_names(),
            timeline: held.timeline.clone()?,
            position: held.history.head(),
        })
    }

    /// Every rulebook known.
    ///
    /// # Errors
    /// Where there is none.
    pub fn timeline(&self) -> Result<Arc<Timeline>, RulesError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.timeline.clone()
    }

    /// Everybody as they are known now, and by which rules they were judged at a position: to be asked while the
    /// history goes on.
    ///
    /// # Errors
    /// Where there was no rulebook by then.
    pub fn at(&self, position: Position) -> Result<Ground, RulesError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let newer = |book: &Published| book.position > position;
        let timeline = match held.history.rulebooks().iter().any(newer) {
            true => Arc::new(Timeline::known(&held.history, position)?),
            false => held.timeline.clone()?,
        };
        Ok(Ground {
            names: held.history.shared_names(),
            timeline,
        })
    }

    /// Asks everybody's history, which does not go on until the answer is there.
    pub fn everybody<T>(&self, ask: impl FnOnce(&History) -> T) -> T {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        ask(&held.history)
    }
}
