//! The log: what was accepted, in the order in which it was, once and for ever.
//!
//! A [`Ledger`] is a store of events behind one trait, so that everything above it (intake, history,
//! proofs, the command line) is written once. It depends on the vocabulary of
//! `standing-projections` and on a database, and knows no rule: whether an event is acceptable was
//! decided before it came here.
//!
//! What must stay true of every implementation:
//! - Positions start at 1, have no gaps and become visible in order: a reader that has seen
//!   position n has seen all before it.
//! - `recordedtime` never decreases with position.
//! - A (`source`, `id`) is in the log once at most.
//! - A batch is appended whole or not at all, and is durable when [`Ledger::append`] returns.
//! - Nothing is ever changed or removed, and the database itself refuses updates and deletions.
//! - Texts compare by bytes.

mod error;
mod group;
mod leaf;
mod location;
mod plan;
pub mod postgres;
mod private;
mod row;
pub mod sqlite;
pub mod tree;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use standing_projections::event::Kind;
use standing_projections::{Event, Instant, Position};
use tree::{Grown, Hash, TILE_WIDTH, Tiles};

pub use error::{AppendError, OpenError, StoreError};
pub use leaf::Leaf;
pub use location::Location;
pub use postgres::PostgresLedger;
pub use private::Private;
pub use sqlite::SqliteLedger;

/// What to do where there is no ledger yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Refuse.
    Existing,
    /// Make one. A ledger that is there is opened as it is.
    Create,
}

/// Where the ledger's own time comes from.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How a ledger is opened, beside where.
#[derive(Clone)]
pub struct Options {
    /// The clock that recorded times are read from.
    pub clock: Clock,
    /// How long to wait while another process writes.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(|| Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros())),
            busy_timeout: Duration::from_secs(10),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

/// An event that was accepted and is to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event, checked.
    pub event: Event,
    /// The event's JSON as it was sent; a `recordedtime` in it is not looked at, and a `private` is
    /// kept beside the log.
    pub body: Map<String, Value>,
    /// The developer that the subject is or belongs to; none for a rulebook.
    pub developer: Option<String>,
    /// The position that the event speaks of (`data.event`). Where that is a position of the same
    /// batch it is a guess, which only [`Condition::NothingNewSince`] makes safe.
    pub target: Option<Position>,
}

impl NewEvent {
    /// The event's idempotency key.
    #[must_use]
    pub fn key(&self) -> Key<'_> {
        Key {
            source: &self.event.source,
            id: &self.event.id,
        }
    }
}

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the log.
    pub position: Position,
    /// When the ledger took it.
    pub recordedtime: Instant,
    /// When it happened.
    pub time: Instant,
    /// Its type.
    pub kind: Kind,
    /// Who sent it.
    pub source: String,
    /// With `source`, the idempotency key.
    pub id: String,
    /// What it is about.
    pub subject: String,
    /// The developer that the subject is or belongs to; none for a rulebook.
    pub developer: Option<String>,
    /// The position that it speaks of.
    pub target: Option<Position>,
    /// The leaf: its canonical JSON (RFC 8785) with `recordedtime` in it.
    pub json: String,
}

/// The end of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 when the log is empty.
    pub position: Position,
    /// When the last event was recorded.
    pub recordedtime: Option<Instant>,
}

/// An idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a> {
    /// Who sends the event.
    pub source: &'a str,
    /// The event's id there.
    pub id: &'a str,
}

/// What must hold of the log for a batch to be appended, checked under the appender's lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// No event came after that position.
    NothingNewSince(Position),
    /// The log ends at that position.
    Exactly(Position),
    /// No event that could change the decision came after that position: none of these kinds about
    /// these subjects, and no rulebook.
    NothingNewFor {
        /// The position up to which the decision knew the log.
        since: Position,
        /// The subjects that it depends on.
        subjects: Vec<String>,
        /// The kinds that it depends on; all, where empty.
        kinds: Vec<Kind>,
    },
}

impl Condition {
    /// Whether it takes a look into a log that ends there to tell if it holds: the end alone does
    /// not say.
    fn asks(&self, head: Position) -> bool {
        matches!(self, Self::NothingNewFor { since, .. } if *since < head)
    }
}

/// Where a batch's recorded times come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// The ledger's clock, or the head's recorded time where that is later.
    #[default]
    Now,
    /// Each event's own `recordedtime`, refused where it would decrease; an event without one is
    /// recorded as by [`Recorded::Now`].
    Trusted,
}

/// An event of another log, to be appended as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The event.
    pub event: StoredEvent,
    /// What it says in private, where that is to be had.
    pub private: Option<Private>,
}

/// A row of the log, column by column, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// Its position.
    pub position: i64,
    /// When the ledger took it, in microseconds since 1970.
    pub recordedtime: i64,
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Its type.
    pub kind: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// The developer that the subject is or belongs to.
    pub developer: Option<Arc<str>>,
    /// The position that it speaks of.
    pub target: Option<i64>,
    /// Who sent it.
    pub source: Arc<str>,
    /// Its id there.
    pub id: String,
    /// The leaf.
    pub json: String,
    /// The leaf's hash.
    pub hash: Vec<u8>,
}

/// A batch was appended, and is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event; for an empty batch the head, which is before `first`.
    pub last: Position,
    /// The events' recorded times, in order.
    pub recordedtimes: Vec<Instant>,
    /// The tree that its transaction made: its head, and proofs of what was appended.
    pub tree: Arc<Grown>,
}

impl Appended {
    /// The proof that the event at a position of the batch is in the tree ([`Grown::head`]); none
    /// for other positions.
    #[must_use]
    pub fn inclusion(&self, position: Position) -> Option<Vec<Hash>> {
        let own = (self.first..=self.last).contains(&position);
        self.tree
            .inclusion(position.0.checked_sub(1).filter(|_| own)?)
    }
}

/// Which events to read. The default is the first [`Query::LIMIT`] of the log.
///
/// ```
/// use standing::ledger::Query;
/// use standing_projections::Position;
/// let query = Query { after: Position(7), subjects: vec!["a1".into()], ..Query::default() };
/// assert_eq!(query.limit, Query::LIMIT);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Only events after that position.
    pub after: Position,
    /// Only events up to that position, itself included.
    pub up_to: Option<Position>,
    /// Only events about one of these; any, where empty.
    pub subjects: Vec<String>,
    /// Only events about that developer or one of its apps.
    pub developer: Option<String>,
    /// Only events of these kinds; any, where empty.
    pub kinds: Vec<Kind>,
    /// Only events that happened at that instant or later.
    pub from: Option<Instant>,
    /// Only events that happened before that instant.
    pub to: Option<Instant>,
    /// Only events recorded at that instant or later.
    pub recorded_from: Option<Instant>,
    /// Only events recorded before that instant.
    pub recorded_to: Option<Instant>,
    /// At most so many.
    pub limit: usize,
}

impl Query {
    /// How many events are read where no limit is given.
    pub const LIMIT: usize = 1_000;

    /// Whether one key of an index leads to all that is asked for.
    pub(crate) fn by_one_key(&self) -> bool {
        let keys = (self.subjects.len(), self.kinds.len());
        self.developer.is_none() && matches!(keys, (1, _) | (0, 1))
    }
}

impl Default for Query {
    fn default() -> Self {
        Self {
            after: Position(0),
            up_to: None,
            subjects: Vec::new(),
            developer: None,
            kinds: Vec::new(),
            from: None,
            to: None,
            recorded_from: None,
            recorded_to: None,
            limit: Self::LIMIT,
        }
    }
}

/// A store of the log.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Appends a batch, whole or not at all, and returns when it is durable.
    ///
    /// The condition is checked first, then the recorded times, the targets and the keys; the error
    /// is of the first that fails. An empty batch appends nothing, under the condition all the same.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing was appended, but for [`AppendError::Unknown`].
    async fn append(
        &self,
        batch: &[NewEvent],
        recorded: Recorded,
        condition: &Condition,
    ) -> Result<Appended, AppendError>;

    /// The events of these keys, in the order of the keys.
    ///
    /// # Errors
    /// What the store says.
    async fn find(&self, keys: &[Key<'_>]) -> Result<Vec<Option<StoredEvent>>, StoreError>;

    /// The events that the query asks for, ascending by position.
    ///
    /// # Errors
    /// What the store says.
    async fn read(&self, query: &Query) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events at these positions, ascending by position; none for a position that there is not.
    ///
    /// # Errors
    /// What the store says.
    async fn events(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events that speak of one of these positions, ascending by position.
    ///
    /// # Errors
    /// What the store says.
    async fn targeting(&self, targets: &[Position]) -> Result<Vec<StoredEvent>, StoreError>;

    /// The position of the last event recorded at that instant or earlier; 0, where there is none.
    ///
    /// # Errors
    /// What the store says.
    async fn position_at(&self, known_at: Instant) -> Result<Position, StoreError>;

    /// The end of the log.
    ///
    /// # Errors
    /// What the store says.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Appends events of another log as they are there, recorded times and commitments included,
    /// whole or not at all. The first must be at the next position.
    ///
    /// # Errors
    /// As [`Ledger::append`]; [`AppendError::ConditionFailed`] where the log's end is elsewhere.
    async fn replicate(&self, events: Vec<Replica>) -> Result<Appended, AppendError>;

    /// The entries of a level of the tree from that one on, at most so many; fewer, where there are
    /// no more. Level 0 are the hashes of the events.
    ///
    /// # Errors
    /// What the store says.
    async fn hashes(&self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError>;

    /// The tiles that proofs about these leaves need in the tree over the first `size` events: for
    /// an inclusion the leaf's index, for the consistency with a smaller tree its last leaf's. For
    /// the root alone, none.
    ///
    /// # Errors
    /// What the store says. Where the store lacks a hash, what is made of the tiles is none.
    async fn tiles(&self, size: u64, leaves: &[u64]) -> Result<Tiles, StoreError> {
        let mut tiles = Tiles::new(size);
        for id in Tiles::needed(size, leaves) {
            let (from, count) = (id.number * TILE_WIDTH, id.width(size));
            tiles.insert(id, self.hashes(id.level, from, count).await?);
        }
        Ok(tiles)
    }

    /// The rows after a position as they are stored, for those who check them.
    ///
    /// # Errors
    /// What the store says.
    async fn rows(&self, after: Position, limit: usize) -> Result<Vec<StoredRow>, StoreError>;

    /// What the database itself finds wrong with what it keeps; nothing, where all is well.
    ///
    /// # Errors
    /// What the store says.
    async fn integrity(&self) -> Result<Vec<String>, StoreError>;

    /// What the events at these positions say in private; none, where they say nothing, or no
    /// longer.
    ///
    /// # Errors
    /// What the store says.
    async fn private(&self, positions: &[Position]) -> Result<Vec<Option<Private>>, StoreError>;

    /// Makes sure that what was deleted leaves no trace in the store's files, as far as it can.
    ///
    /// # Errors
    /// What the store says, [`StoreError::Busy`] where a reader holds on to what was there before:
    /// it is done the next time that this is asked.
    async fn scrub(&self) -> Result<(), StoreError>;

    /// Keeps a signed checkpoint of the tree of that size. One that is there for that size stays.
    ///
    /// # Errors
    /// What the store says.
    async fn keep_checkpoint(&self, tree_size: u64, note: &str) -> Result<(), StoreError>;

    /// The checkpoints that are kept, by the size of their trees, of trees of at least that size, at
    /// most so many.
    ///
    /// # Errors
    /// What the store says.
    async fn checkpoints(
        &self,
        at_least: u64,
        limit: usize,
    ) -> Result<Vec<(u64, String)>, StoreError>;

    /// Ends the connections. What was appended is durable before; a store may tidy up.
    async fn close(&self);
}
