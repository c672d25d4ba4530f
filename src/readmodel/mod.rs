//! What everybody's standing is now, as SQL tables that anybody can read: psql, `sqlite3`, BI tools.
//!
//! One instance keeps them up with the log ([`Keeper`]): of developers that something came of, or whose
//! standing time has changed, the standing is derived again, and the rows that are otherwise are written,
//! with the checkpoint in the same transaction. What must stay true: at every moment the rows are those
//! that `assess` gives at the position and the as-of instant of the checkpoint. They can be deleted at any
//! time; the log is the truth. No rule is here.

mod changes;
mod check;
mod feed;
mod keeper;
mod page;
mod reader;
mod refresh;
mod rights;
mod rows;
mod schema;
mod store;
mod swap;
mod write;

use standing_projections::rules::RulesError;
use standing_projections::{Instant, Position};

pub use check::{Difference, check};
pub use feed::{BoardChange, Change, RANKS, Shown, Told};
pub use keeper::{Keeper, State};
pub use page::markdown;
pub use reader::{Entry, Owed, OwedAfter, Reader, Which};
pub use refresh::rebuild;
pub use schema::Table;

use crate::history::HistoryError;
use crate::ledger::StoreError;

/// The version of the tables; of another one they are made anew.
const FORMAT: i64 = 2;

/// Up to where the tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last event that they know.
    pub position: Position,
    /// The instant that they are of.
    pub as_of: Instant,
    /// The hash of that event's leaf, which tells logs apart.
    pub leaf: String,
    /// Which of the sets of tables it is, counted from their first making.
    pub generation: i64,
}

/// Why the tables could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log could not be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// There are no rules to judge by.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Somebody else wrote.
    #[error("somebody else has written the tables")]
    Overtaken,
    /// Somebody else makes them anew.
    #[error("the read model is being rebuilt by somebody else already")]
    Rebuilding,
    /// Transactions of others kept the tables from being replaced.
    #[error(
        "the tables of the read model are in use: for {} s others have held locks on them, so that those \
         made anew could not take their place; they are as they were",
        .waited.as_secs()
    )]
    Held {
        /// How long it was tried.
        waited: std::time::Duration,
    },
    /// There are no tables.
    #[error("there is no read model")]
    Missing,
}
