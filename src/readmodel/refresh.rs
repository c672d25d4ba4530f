//! Bringing the tables up to a position and an instant.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use standing_projections::facts::DeveloperFacts;
use standing_projections::rules::RulesError;
use standing_projections::{Ask, Assessor, Instant, Position};

use super::changes::Changes;
use super::rights::Right;
use super::rows::{Digest, Writer};
use super::schema::Set;
use super::store::{Place, Store};
use super::{Checkpoint, ReadModelError, feed};
use crate::ledger::{Ledger, StoreError};
use crate::live::{Ground, Live, News};
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
        // Whoever wrote them last may have seen more of the log.
        while live.position() < checkpoint.position {
            if !live.advance().await? && live.position() < checkpoint.position {
                // The log does not go that far: it is another.
                return Ok(Err(store));
            }
            store.ping().await?;
        }
        if leaf(ledger, checkpoint.position).await? != checkpoint.leaf {
            return Ok(Err(store));
        }
        let mut refresher = Self::new(store, live, Set::Live, checkpoint);
        refresher.recall().await?;
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
    async fn recall(&mut self) -> Result<(), ReadModelError> {
        let all = Waiting(self.live.everybody(|history| history.developers().to_vec()));
        for portion in all.chunk_by_weight() {
            let judged = self.portion(Some(portion), &self.checkpoint)?;
            self.remember(judged.written);
            // It is long until the tables are written.
            self.store.ping().await?;
        }
        Ok(())
    }

    /// What came after the checkpoint, of what is known.
    pub(super) fn behind(&self) -> News {
        let at = self.checkpoint.position;
        self.live.everybody(|history| {
            let developers = history.developers().iter();
            let developers = developers.filter(|developer| developer.last() > at);
            News {
                position: history.head(),
                developers: developers.map(|one| one.id.to_string()).collect(),
                rules: history.rulebooks().iter().any(|book| book.position > at),
            }
        })
    }

    /// When something changes without an event.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Brings the tables to what was known when the news came, and to that instant. The news are all that
    /// came since the last time.
    pub(super) async fn refresh(
        &mut self,
        ledger: &dyn Ledger,
        news: &News,
        now: Instant,
    ) -> Result<(), ReadModelError> {
        let as_of = now.max(self.checkpoint.as_of);
        let position = news.position.max(self.checkpoint.position);
        let mut is = Checkpoint {
            position,
            as_of,
            ..self.checkpoint.clone()
        };
        if position != self.checkpoint.position {
            is.leaf = leaf(ledger, position).await?;
        }
        let begun = std::time::Instant::now();
        let waiting = self.waiting(news, as_of);
        let mut portions = waiting.chunk_by_weight();
        let first = self.portion(portions.next(), &is)?;
        let judged = begun.elapsed();
        let mut rows = first.changes.len();
        let mut apps: BTreeSet<String> = first.changes.apps().map(str::to_owned).collect();
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
            apps.extend(judged.changes.apps().map(str::to_owned));
            written.extend(judged.written);
        }
        // What a rebuild makes is told when it takes its place.
        if self.set == Set::Live && !apps.is_empty() {
            let events = waiting.events_after(self.checkpoint.position);
            feed::tell(&mut self.store, feed::Of::Apps(&apps), &is, &events).await?;
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
    fn waiting(&self, news: &News, as_of: Instant) -> Waiting {
        self.live.everybody(|history| {
            if news.rules {
                return Waiting(history.developers().to_vec());
            }
            let due = self.timers.iter().take_while(|(at, _)| *at <= as_of);
            let due = due.map(|(_, developer)| &**developer);
            let touched = news.developers.iter().map(String::as_str);
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
        let ground = match self.live.at(at.position) {
            // Nobody stands anywhere before there are rules.
            Err(RulesError::None) => return Ok(Judged::default()),
            ground => ground?,
        };
        Ok(tokio::task::block_in_place(|| {
            self.judge(&ground, ask, developers)
        }))
    }

    fn judge(&self, ground: &Ground, ask: Ask, developers: &[Arc<DeveloperFacts>]) -> Judged {
        let Ground { names, timeline } = ground;
        let room = || Assessor::new(names, timeline, ask);
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
    /// The newest event of each of whom one came after a position.
    fn events_after(&self, position: Position) -> HashMap<String, Position> {
        let newest = self.0.iter().map(|one| (one.id.to_string(), one.last()));
        newest.filter(|(_, last)| *last > position).collect()
    }

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
    let place = Place::beside(at)?;
    let store = place.write().await?;
    let refresher = Refresher::make(&place, store, live.clone(), ledger, now).await?;
    let checkpoint = refresher.checkpoint.clone();
    refresher.close().await;
    Ok(checkpoint)
}

impl Refresher {
    /// Makes the tables anew, and goes on with them. One does so at a time; where it fails, nothing is left
    /// of what was made.
    pub(super) async fn make(
        place: &Place,
        mut store: Store,
        live: Arc<Live>,
        ledger: &dyn Ledger,
        now: impl Fn() -> Instant,
    ) -> Result<Self, ReadModelError> {
        let Some(right) = place.lease(&mut store, Right::Rebuild).await? else {
            store.close().await;
            return Err(ReadModelError::Rebuilding);
        };
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
        let mut refresher = Self::new(store, live, Set::Next, begun);
        let made = refresher.make_next(ledger, now).await;
        // What another made meanwhile is not this one's to take away.
        if made.is_err() && !matches!(made, Err(ReadModelError::Overtaken)) {
            refresher.store.drop_next().await;
        }
        let given_back = place.give_back(&mut refresher.store, right).await;
        made?;
        given_back?;
        Ok(refresher)
    }

    /// Makes tables beside those that are read, and puts them in their place.
    async fn make_next(
        &mut self,
        ledger: &dyn Ledger,
        now: impl Fn() -> Instant,
    ) -> Result<(), ReadModelError> {
        let begun = self.checkpoint.clone();
        self.store.make(Set::Next, &begun).await?;
        let all = Waiting(self.live.everybody(|history| history.developers().to_vec()));
        for portion in all.chunk_by_weight() {
            let judged = self.portion(Some(portion), &begun)?;
            if !self.store.put(Set::Next, &begun, &judged.changes).await? {
                return Err(ReadModelError::Overtaken);
            }
            self.remember(judged.written);
        }
        if !self.store.index(Set::Next, &begun).await? {
            return Err(ReadModelError::Overtaken);
        }
        loop {
            // Those that are read may have gone on, and nobody is to see them go back.
            let live = self.store.checkpoint(Set::Live).await?;
            while live
                .as_ref()
                .is_some_and(|live| self.live.position() < live.position)
            {
                self.live.advance().await?;
                self.store.ping().await?;
            }
            let news = self.behind();
            let as_of = live
                .as_ref()
                .map_or_else(&now, |live| live.as_of.max(now()));
            self.refresh(ledger, &news, as_of).await?;
            let at = self.checkpoint.clone();
            let live = live.filter(|live| live.position <= at.position);
            if self.store.take_place(&at, live.as_ref()).await? {
                self.set = Set::Live;
                return Ok(());
            }
        }
    }

    /// Says how many ranks of the board are told from now on.
    pub(super) async fn tell_ranks(&mut self, ranks: u32) -> Result<(), ReadModelError> {
        Ok(self.store.run(feed::set_ranks(ranks)).await?)
    }

    /// Takes away what is left of a rebuild that was ended.
    pub(super) async fn clear_up(&mut self, place: &Place) -> Result<(), ReadModelError> {
        Ok(place.clear_up(&mut self.store).await?)
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}
