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
//! - Nothing is ever changed or removed, and the database itself refuses it.
//! - Texts compare by bytes.

mod error;
mod leaf;
pub mod sqlite;
pub mod tree;

use async_trait::async_trait;
use serde_json::{Map, Value};
use standing_projections::event::Kind;
use standing_projections::{Event, Instant, Position};

pub use error::{AppendError, OpenError, StoreError};
pub use leaf::Leaf;
pub use sqlite::{OpenMode, SqliteLedger};

/// An event that was accepted and is to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event, checked.
    pub event: Event,
    /// The event's JSON as it was sent; a `recordedtime` in it is not looked at.
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

/// A batch was appended, and is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event; for an empty batch the head, which is before `first`.
    pub last: Position,
    /// The events' recorded times, in order.
    pub recordedtimes: Vec<Instant>,
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

    /// Ends the connections. What was appended is durable before; a store may tidy up.
    async fn close(&self);
}
