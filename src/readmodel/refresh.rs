//! Bringing the tables up to a position and an instant.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Ask, Assessor, Instant, Position};

use super::changes::Changes;
use super::rows::{Digest, Writer};
use super::schema::Set;
use super::store::{Place, Store};
use super::{Checkpoint, ReadModelError};
use crate::ledger::{Ledger, StoreError};
use crate::live::{Advance, Live};
use crate::proof::hash_to_text;

/// How many facts are judged before what came of them is written: what waits for that is in memory.
const PORTION: usize = 400_000;

/// What was written of a developer, and when that can change by itself.
struct Written {
    digest: Digest,
    next: Option<Instant>,
}

/// Everybody's digests, as of a checkpoint.
pub(super) struct Refresher {
    live: Arc<Live>,
    store: Store,
    set: Set,
    keys: RandomState,
    written: HashMap<Arc<str>, Written>,
    timers: BTreeSet<(Instant, Arc<str>)>,
    pub(super) checkpoint: Checkpoint,
}

/// What came of judging some.
#[derive(Default)]
struct Judged {
    changes: Changes,
    written: Vec<(Arc<str>, Option<Written>)>,
}

impl Refresher {
    /// Goes on from where the tables are; none, where they are not of this log, or not there.
    pub(super) async fn resume(
        mut store: Store,
        live: Arc<Live>,
        ledger: &dyn Ledger,
    ) -> Result<Result<Self, Store>, ReadModelError> {
        let Some(checkpoint) = store.checkpoint(Set::Live).await? else {
            return Ok(Err(store));
        };
        let known = live.position() >= checkpoint.position;
        if !known || leaf(ledger, checkpoint.position).await? != checkpoint.leaf {
            return Ok(Err(store));
        }
        let mut refresher = Self::new(store, live, Set::Live, checkpoint);
        refresher.recall()?;
        Ok(Ok(refresher))
    }

    fn new(store: Store, live: Arc<Live>, set: Set, checkpoint: Checkpoint) -> Self {
        Self {
            live,
            store,
            set,
            keys: RandomState::default(),
            written: HashMap::new(),
            timers: BTreeSet::new(),
            checkpoint,
        }
    }

    /// Derives again what was written: the rows are those of the checkpoint.
    fn recall(&mut self) -> Result<(), ReadModelError> {
        let live = self.live.clone();
        let at = &self.checkpoint;
        let ask = Ask {
            as_of: at.as_of,
            known_at: at.position,
        };
        let written = tokio::task::block_in_place(|| {
            live.everybody(|history| {
                if !history
                    .rulebooks()
                    .iter()
                    .any(|book| book.position <= at.position)
                {
                    return Ok(Vec::new());
                }
                let timeline = Timeline::known(history, at.position)?;
                let all: Vec<_> = history.developers().iter().collect();
                let judged = self.judge(history, &timeline, ask, &all);
                Ok::<_, ReadModelError>(judged.written)
            })
        })?;
        self.remember(written);
        Ok(())
    }

    /// What came after the checkpoint, of what is known.
    pub(super) fn behind(&self) -> Advance {
        let at = self.checkpoint.position;
        self.live.everybody(|history| {
            let developers = history.developers().iter();
            let developers = developers.filter(|developer| developer.last() > at);
            Advance {
                position: history.head(),
                developers: developers.map(|one| one.id.to_string()).collect(),
                rules: history.rulebooks().iter().any(|book| book.position > at),
                more: false,
            }
        })
    }

    /// When something changes without an event.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Brings the tables to what is known now, and to that instant. `advance` is what came since the last
    /// time.
    pub(super) async fn refresh(
        &mut self,
        ledger: &dyn Ledger,
        advance: &Advance,
        now: Instant,
    ) -> Result<(), ReadModelError> {
        let as_of = now.max(self.checkpoint.as_of);
        let position = self.live.position();
        let mut is = Checkpoint {
            position,
            as_of,
            ..self.checkpoint.clone()
        };
        if position != self.checkpoint.position {
            is.leaf = leaf(ledger, position).await?;
        }
        let begun = std::time::Instant::now();
        let waiting = self.waiting(advance, as_of);
        let mut portions = waiting.chunk_by_weight();
        let first = self.portion(portions.next(), &is)?;
        let judged = begun.elapsed();
        let mut rows = first.changes.len();
        self.store.begin().await?;
        if !self.store.move_on(self.set, &self.checkpoint, &is).await? {
            return Err(ReadModelError::Overtaken);
        }
        self.store.fill(self.set, &first.changes).await?;
        let mut written = first.written;
        for portion in portions {
            let judged = self.portion(Some(portion), &is)?;
            self.store.fill(self.set, &judged.changes).await?;
            rows += judged.changes.len();
            written.extend(judged.written);
        }
        self.store.commit().await?;
        let developers = written.len();
        self.remember(written);
        self.checkpoint = is;
        tracing::debug!(
            %position,
            developers,
            rows,
            judged_us = judged.as_micros(),
            took_us = begun.elapsed().as_micros(),
            "refreshed the read model"
        );
        Ok(())
    }

    /// Those whose standing may be another.
    fn waiting(&self, advance: &Advance, as_of: Instant) -> Waiting {
        self.live.everybody(|history| {
            if advance.rules {
                return Waiting(history.developers().to_vec());
            }
            let due = self.timers.iter().take_while(|(at, _)| *at <= as_of);
            let due = due.map(|(_, developer)| &**developer);
            let touched = advance.developers.iter().map(String::as_str);
            let ids: BTreeSet<&str> = due.chain(touched).collect();
            Waiting(
                ids.into_iter()
                    .filter_map(|id| history.shared(id))
                    .collect(),
            )
        })
    }

    fn portion(
        &self,
        developers: Option<&[Arc<DeveloperFacts>]>,
        at: &Checkpoint,
    ) -> Result<Judged, ReadModelError> {
        let Some(developers) = developers else {
            return Ok(Judged::default());
        };
        let ask = Ask {
            as_of: at.as_of,
            known_at: at.position,
        };
        let timeline = match self.live.timeline() {
            // Nobody stands anywhere before there are rules.
            Err(RulesError::None) => return Ok(Judged::default()),
            timeline => timeline?,
        };
        let developers: Vec<_> = developers.iter().collect();
        let judge = || {
            let judged = |history: &History| self.judge(history, &timeline, ask, &developers);
            self.live.everybody(judged)
        };
        Ok(tokio::task::block_in_place(judge))
    }

    fn judge(
        &self,
        history: &History,
        timeline: &Timeline,
        ask: Ask,
        developers: &[&Arc<DeveloperFacts>],
    ) -> Judged {
        let room = || Assessor::new(history.names(), timeline, ask);
        let each = developers.par_iter().map_init(room, |assessor, facts| {
            let mut changes = Changes::default();
            let id: Arc<str> = (*facts.id).into();
            let was = self.written.get(&id).map(|written| &written.digest);
            let Some(standing) = assessor.as_printed(facts) else {
                if let Some(was) = was {
                    changes.developer_gone(&id, was.apps());
                }
                let next = (facts.registered > ask.as_of).then_some(facts.registered);
                let digest = Digest::default();
                return (
                    id,
                    next.map(|at| Written {
                        digest,
                        next: Some(at),
                    }),
                    changes,
                );
            };
            let writer = Writer::new(&self.keys, timeline);
            let digest = writer.digest(&standing, facts);
            let none = Digest::default();
            let was = was.unwrap_or(&none);
            if *was != digest {
                writer.changes(was, (&digest, &standing), facts, &mut changes);
            }
            let next = standing.next_change;
            (id, Some(Written { digest, next }), changes)
        });
        let mut judged = Judged::default();
        for (id, written, changes) in each.collect::<Vec<_>>() {
            judged.changes.append(changes);
            judged.written.push((id, written));
        }
        judged
    }

    /// Keeps what was written.
    fn remember(&mut self, written: Vec<(Arc<str>, Option<Written>)>) {
        for (id, written) in written {
            let next = written.as_ref().and_then(|written| written.next);
            let before = match written {
                Some(written) => self.written.insert(id.clone(), written),
                None => self.written.remove(&id),
            };
            if let Some(at) = before.and_then(|before| before.next) {
                self.timers.remove(&(at, id.clone()));
            }
            if let Some(at) = next {
                self.timers.insert((at, id));
            }
        }
    }
}

/// Those who are to be judged.
struct Waiting(Vec<Arc<DeveloperFacts>>);

impl Waiting {
    /// In portions of about the same number of facts.
    fn chunk_by_weight(&self) -> impl Iterator<Item = &[Arc<DeveloperFacts>]> {
        let mut left = &self.0[..];
        std::iter::from_fn(move || {
            let mut facts = 0;
            let heavy = left.iter().position(|developer| {
                facts += developer.len();
                facts >= PORTION
            });
            let (portion, rest) = left.split_at(heavy.map_or(left.len(), |place| place + 1));
            left = rest;
            (!portion.is_empty()).then_some(portion)
        })
    }
}

/// The hash of the leaf at a position, as text.
async fn leaf(ledger: &dyn Ledger, position: Position) -> Result<String, StoreError> {
    let Some(index) = position.0.checked_sub(1) else {
        return Ok(String::new());
    };
    let hashes = ledger.hashes(0, index, 1).await?;
    Ok(hashes
        .first()
        .copied()
        .map(hash_to_text)
        .unwrap_or_default())
}

/// Makes the tables anew beside those that are read, and puts them in their place.
///
/// # Errors
/// See [`ReadModelError`]; the tables that are read are as they were.
pub async fn rebuild(
    ledger: &dyn Ledger,
    at: &crate::ledger::Location,
    live: &Arc<Live>,
    now: impl Fn() -> Instant,
) -> Result<Checkpoint, ReadModelError> {
    let store = Place::beside(at)?.write().await?;
    let refresher = Refresher::make(store, live.clone(), ledger, now).await?;
    let checkpoint = refresher.checkpoint.clone();
    refresher.close().await;
    Ok(checkpoint)
}

impl Refresher {
    /// Makes the tables anew, and goes on with them.
    pub(super) async fn make(
        mut store: Store,
        live: Arc<Live>,
        ledger: &dyn Ledger,
        now: impl Fn() -> Instant,
    ) -> Result<Self, ReadModelError> {
        let before = store.checkpoint(Set::Live).await?;
        let position = live.position();
        let begun = Checkpoint {
            position,
            as_of: before
                .as_ref()
                .map_or_else(&now, |before| before.as_of.max(now())),
            leaf: leaf(ledger, position).await?,
            generation: before.map_or(1, |before| before.generation + 1),
        };
        store.make(Set::Next, &begun).await?;
        let mut refresher = Self::new(store, live, Set::Next, begun.clone());
        let all = Waiting(
            refresher
                .live
                .everybody(|history| history.developers().to_vec()),
        );
        for portion in all.chunk_by_weight() {
            let judged = refresher.portion(Some(portion), &begun)?;
            refresher.store.put(Set::Next, &judged.changes).await?;
            refresher.remember(judged.written);
        }
        refresher.store.index(Set::Next, begun.generation).await?;
        loop {
            // Those that are read may have gone on, and nobody is to see them go back.
            let live = refresher.store.checkpoint(Set::Live).await?;
            let mut advance = Advance::default();
            while live
                .as_ref()
                .is_some_and(|live| refresher.live.position() < live.position)
            {
                advance.merge(refresher.live.advance().await?);
            }
            let as_of = live
                .as_ref()
                .map_or_else(&now, |live| live.as_of.max(now()));
            refresher.refresh(ledger, &advance, as_of).await?;
            let at = refresher.checkpoint.clone();
            let live = live.filter(|live| live.position <= at.position);
            if refresher.store.take_place(&at, live.as_ref()).await? {
                refresher.set = Set::Live;
                return Ok(refresher);
            }
        }
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}
