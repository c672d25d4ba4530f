//! One simulation: what was asked, how far it is, and what came of it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use standing_projections::{Instant, LocalMonth, Position, Rulebook};

/// What is asked, all of it fixed, so that the answer is the same whenever it is made.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The rules before.
    pub baseline: Vec<(Position, Rulebook)>,
    /// Those that are published beside them.
    pub others: Vec<Rulebook>,
    /// From which month on these are taken to hold, where that is asked.
    pub from: Option<LocalMonth>,
    /// The instants asked about.
    pub as_of: Vec<Instant>,
    /// What is known.
    pub known_at: Position,
    /// How many of those who are hit hardest, and of those who gain most, are told with all that flips.
    pub top: usize,
}

/// What makes asking again safe: the key, and a digest of what was asked with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// As it was sent.
    pub text: String,
    /// Of the request.
    pub digest: [u8; 32],
}

/// One simulation.
#[derive(Debug)]
pub struct Simulation {
    /// Its name.
    pub id: String,
    /// Who asked.
    pub by: String,
    /// What is asked.
    pub asked: Asked,
    /// When it was taken.
    pub taken_at: Instant,
    pub(super) key: Option<Key>,
    judged: AtomicU64,
    all: AtomicU64,
    cancelled: AtomicBool,
    state: Mutex<State>,
}

/// How far it is.
#[derive(Clone, Debug)]
pub enum State {
    /// Others are before it.
    Queued,
    /// It is asked since then.
    Running(Instant),
    /// It is over.
    Over {
        /// When it began.
        since: Instant,
        /// When it ended.
        until: Instant,
        /// What came of it, or why nothing did.
        made: Result<Arc<Outcome>, String>,
    },
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The summary at each instant, as JSON.
    pub summary: Box<RawValue>,
    /// The SHA-256 of all lines of what differs.
    pub sha256: String,
    /// The report for people, a page that stands alone.
    pub page: String,
    /// What differs.
    pub differences: Differences,
}

/// What differs, as lines of a file that has no name.
#[derive(Debug)]
pub struct Differences {
    pub(super) file: File,
    pub(super) bytes: u64,
    pub(super) kept: u64,
    pub(super) all: u64,
}

impl Simulation {
    pub(super) fn new(by: &str, key: Option<Key>, asked: Asked, taken_at: Instant) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            by: by.to_owned(),
            asked,
            taken_at,
            key,
            judged: AtomicU64::new(0),
            all: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            state: Mutex::new(State::Queued),
        }
    }

    pub(super) fn has_key(&self, by: &str, text: &str) -> bool {
        self.by == by && self.key.as_ref().is_some_and(|key| key.text == text)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().clone()
    }

    /// How many facts are judged, and of how many; nothing of nothing before it begins.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let all = self.all.load(Ordering::Relaxed);
        (self.judged.load(Ordering::Relaxed).min(all), all)
    }

    pub(super) fn judges(&self, all: u64) {
        self.all.store(all, Ordering::Relaxed);
    }

    pub(super) fn judged(&self, facts: u64) {
        self.judged.fetch_add(facts, Ordering::Relaxed);
    }

    pub(super) fn begin(&self, at: Instant) {
        *self.lock() = State::Running(at);
    }

    pub(super) fn finish(&self, at: Instant, made: Result<Outcome, String>) {
        let mut state = self.lock();
        let since = match *state {
            State::Running(since) => since,
            _ => at,
        };
        *state = State::Over {
            since,
            until: at,
            made: made.map(Arc::new),
        };
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl State {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running(_) => "running",
            Self::Over { made: Ok(_), .. } => "done",
            Self::Over { made: Err(_), .. } => "failed",
        }
    }

    pub(super) fn is_queued(&self) -> bool {
        matches!(self, Self::Queued)
    }

    /// Whether nothing more comes of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Over { .. })
    }

    /// What came of it, where it is over and something did.
    #[must_use]
    pub fn outcome(&self) -> Option<&Arc<Outcome>> {
        match self {
            Self::Over { made, .. } => made.as_ref().ok(),
            _ => None,
        }
    }
}

impl Differences {
    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.all
    }

    /// How many of them, the first, are kept and can be read.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lines from a byte on: `most` at most, and no more once they have `bytes_most` bytes; with the byte at
    /// which the next ones begin, where there are more.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn page(
        &self,
        from: u64,
        most: usize,
        bytes_most: u64,
    ) -> io::Result<(Vec<Box<RawValue>>, Option<u64>)> {
        let mut reader = BufReader::with_capacity(1 << 16, At(&self.file, from));
        let (mut lines, mut at) = (Vec::new(), from);
        while at < self.bytes && lines.len() < most && at - from < bytes_most {
            let mut line = String::new();
            at += reader.read_line(&mut line)? as u64;
            line.truncate(line.trim_end().len());
            lines.push(RawValue::from_string(line)?);
        }
        Ok((lines, (at < self.bytes).then_some(at)))
    }
}

/// A file from some byte on, whatever else is read of it meanwhile.
struct At<'a>(&'a File, u64);

impl io::Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(buffer, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
}
