//! Everybody's history in memory, kept up with the log.
//!
//! One task brings it forward ([`Live::advance`]); anybody asks. What a question keeps ([`Known`]) stays
//! as it was while the log goes on, so that nobody waits for anybody. It judges nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use standing_projections::event::Kind;
use standing_projections::facts::{DeveloperFacts, History, Names};
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Event, Position};
use tokio::sync::watch;

use crate::history::{HistoryError, event_of};
use crate::ledger::{Ledger, Query, StoredEvent};

/// How many events are taken at a time.
const PAGE: usize = 10_000;

/// Everybody's history, kept up with a log.
pub struct Live {
    ledger: Arc<dyn Ledger>,
    held: RwLock<Held>,
    position: watch::Sender<Position>,
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

/// What came of the log going on.
#[derive(Clone, Debug, Default)]
pub struct Advance {
    /// Up to where the log is known now.
    pub position: Position,
    /// The developers that something came of.
    pub developers: BTreeSet<String>,
    /// Whether a rulebook came, which concerns everybody.
    pub rules: bool,
    /// Whether there may be more.
    pub more: bool,
}

impl Advance {
    /// Takes what came after it.
    pub fn merge(&mut self, later: Self) {
        self.position = later.position;
        self.developers.extend(later.developers);
        self.rules |= later.rules;
        self.more = later.more;
    }
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
        }
    }

    /// Takes what the log has more, up to a page of it. It is for one task to call: what two took at
    /// once would be taken twice.
    ///
    /// # Errors
    /// Where the log cannot be read, or holds what this version does not understand.
    pub async fn advance(self: &Arc<Self>) -> Result<Advance, HistoryError> {
        let query = Query {
            after: self.position(),
            limit: PAGE,
            ..Query::default()
        };
        let page = self.ledger.read(&query).await?;
        if page.is_empty() {
            return Ok(Advance {
                position: query.after,
                ..Advance::default()
            });
        }
        let live = self.clone();
        let taken = tokio::task::spawn_blocking(move || live.take(&page)).await;
        taken.unwrap_or_else(|error| {
            Err(HistoryError::Unreadable {
                position: query.after,
                reason: error.to_string(),
            })
        })
    }

    fn take(&self, page: &[StoredEvent]) -> Result<Advance, HistoryError> {
        let events: Vec<Event> = page.iter().map(event_of).collect::<Result<_, _>>()?;
        let mut advance = Advance {
            more: page.len() == PAGE,
            ..Advance::default()
        };
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        let names = held.history.names().len();
        for (stored, event) in page.iter().zip(&events) {
            held.history.take(stored.position, event, stored.target);
            advance.rules |= stored.kind == Kind::RulebookPublished;
            if let Some(developer) = &stored.developer
                && !advance.developers.contains(developer)
            {
                advance.developers.insert(developer.clone());
            }
        }
        held.history.settle();
        advance.position = held.history.head();
        if advance.rules {
            held.timeline = Timeline::known(&held.history, advance.position).map(Arc::new);
        } else if held.history.names().len() > names
            && let Ok(timeline) = &held.timeline
        {
            // Rules know their codes by number, and a text that is new has one they do not know.
            held.timeline = timeline.read_in(&held.history).map(Arc::new);
        }
        self.position.send_replace(advance.position);
        Ok(advance)
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

    /// Asks everybody's history, which does not go on until the answer is there.
    pub fn everybody<T>(&self, ask: impl FnOnce(&History) -> T) -> T {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        ask(&held.history)
    }
}
