//! What the plaza is told: every change of the board, in a sequence of its own.
//!
//! A change is written in the transaction that writes the tables it follows from, and what was told stays
//! told: `plaza_told` has the board as whoever follows the changes has it, and a rebuild tells the difference.
//! The sequence has an epoch, by which one is told from another that was begun anew where its file was lost.

mod tell;

use standing_projections::{Instant, Position};

use super::changes::Cells;
use super::schema::{Dialect, Kept};

pub(super) use tell::{Of, tell};

/// How many ranks are told, from the first, where nothing else was said.
pub const RANKS: u32 = 100;

/// How far the sequence is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Which sequence it is: one that had to be begun anew is another.
    pub epoch: String,
    /// The number of the latest change; 0 where there was none.
    pub last: u64,
}

impl std::fmt::Display for Told {
    /// `epoch:number`, as others are told it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.epoch, self.last)
    }
}

impl std::str::FromStr for Told {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a place in the sequence is written as `epoch:number`";
        let (epoch, last) = text.split_once(':').ok_or(wrong)?;
        let is_epoch = epoch.len() == 32 && epoch.bytes().all(|byte| byte.is_ascii_hexdigit());
        let last = last.parse().ok().filter(|_| is_epoch).ok_or(wrong)?;
        let epoch = epoch.to_owned();
        Ok(Self { epoch, last })
    }
}

/// What changed on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It came onto the board, or its listing began anew.
    Listed,
    /// It is not listed any more.
    Delisted,
    /// It is listed, and not shown.
    Suspended,
    /// It is shown again.
    Resumed,
    /// Its score.
    Score,
    /// It may be certified now.
    Eligible,
    /// It may not be certified any more.
    Ineligible,
    /// Its rank, among the first ones.
    Rank,
}

impl Change {
    const ALL: [Self; 8] = [
        Self::Listed,
        Self::Delisted,
        Self::Suspended,
        Self::Resumed,
        Self::Score,
        Self::Eligible,
        Self::Ineligible,
        Self::Rank,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Delisted => "delisted",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Score => "score",
            Self::Eligible => "eligible",
            Self::Ineligible => "ineligible",
            Self::Rank => "rank",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// A change of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardChange {
    /// Its number in the sequence, from 1 and without gaps.
    pub sequence: u64,
    /// Up to where the log was known.
    pub position: Position,
    /// The instant that the board is of.
    pub as_of: Instant,
    /// The event behind it; none, where time or other rules made it.
    pub event: Option<Position>,
    /// What changed.
    pub change: Change,
    /// The app.
    pub app: String,
    /// Its entry from now on; none, where it is not on the board.
    pub entry: Option<Shown>,
    /// Its rank among the first ones from now on; none, where it is not among them.
    pub rank: Option<u64>,
}

/// An entry of the board, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Whose the app is.
    pub developer: String,
    /// Its score.
    pub score: i64,
    /// When its listing began.
    pub listed_since: Instant,
    /// Whether it may be certified.
    pub eligible: bool,
}

/// The columns of a change after its sequence.
const COLUMNS: &str =
    "position, as_of, event, change, app, developer, score, listed_since, eligible, rank";

/// The statement that says how many ranks are told from now on.
pub(super) fn set_ranks(ranks: u32) -> String {
    format!("UPDATE plaza_feed SET ranks = {ranks} WHERE ranks <> {ranks}")
}

/// How a row of [`COLUMNS`] is kept, its sequence before it.
pub(super) const KEPT: [Kept; 11] = [
    Kept::Integer,
    Kept::Integer,
    Kept::Integer,
    Kept::Integer,
    Kept::Text,
    Kept::Text,
    Kept::Text,
    Kept::Integer,
    Kept::Integer,
    Kept::Boolean,
    Kept::Integer,
];

/// The statement that reads the changes after one, in their order; the first value is that one's number.
pub(super) fn after(limit: usize) -> String {
    format!(
        "SELECT sequence, {COLUMNS} FROM plaza_changes WHERE sequence > $1 ORDER BY sequence LIMIT {limit}"
    )
}

/// The statements that make what is kept for the feed, where it is not there yet. Neither a rebuild nor another
/// version of the tables takes it away.
pub(super) fn create(dialect: Dialect) -> Vec<String> {
    let [integer, text, boolean] =
        [Kept::Integer, Kept::Text, Kept::Boolean].map(|kept| dialect.of(kept));
    let strict = dialect.strict();
    let shown = format!(
        "developer {text}, score {integer}, listed_since {integer}, eligible {boolean}, rank {integer}"
    );
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS plaza_feed (one {integer} PRIMARY KEY CHECK (one = 1), \
             epoch {text} NOT NULL, last {integer} NOT NULL, ranks {integer} NOT NULL){strict}"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS plaza_changes (sequence {integer} PRIMARY KEY, \
             position {integer} NOT NULL, as_of {integer} NOT NULL, event {integer}, \
             change {text} NOT NULL, app {text} NOT NULL, {shown}){strict}"
        ),
        format!("CREATE TABLE IF NOT EXISTS plaza_told (app {text} PRIMARY KEY, {shown}){strict}"),
        "CREATE INDEX IF NOT EXISTS plaza_told_by_rank ON plaza_told (rank) WHERE rank IS NOT NULL"
            .to_owned(),
        // An epoch is never used twice.
        format!(
            "INSERT INTO plaza_feed VALUES (1, '{}', 0, {RANKS}) ON CONFLICT DO NOTHING",
            uuid::Uuid::now_v7().simple()
        ),
    ]
}

impl Cells {
    fn shown(&mut self) -> Option<Shown> {
        let developer = self.optional_text();
        let (score, listed_since) = (self.integer(), self.instant());
        let eligible = self.boolean();
        developer.map(|developer| Shown {
            developer,
            score,
            listed_since,
            eligible,
        })
    }

    fn optional_position(&mut self) -> Option<Position> {
        self.optional_integer()
            .map(|at| Position(at.cast_unsigned()))
    }

    /// A row of [`KEPT`].
    pub(super) fn change(&mut self) -> Option<BoardChange> {
        Some(BoardChange {
            sequence: self.integer().cast_unsigned(),
            position: self.optional_position()?,
            as_of: self.instant(),
            event: self.optional_position(),
            change: Change::of(&self.text())?,
            app: self.text(),
            entry: self.shown(),
            rank: self.optional_integer().map(i64::cast_unsigned),
        })
    }
}
