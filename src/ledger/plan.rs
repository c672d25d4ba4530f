//! What of a group is written: each request judged on what the ones before it leave.
//!
//! Nothing here touches the database. The plan holds the head as it will be, the rows that will be
//! written with their positions and recorded times, and each request's outcome as it will be once
//! the transaction is committed.

use std::collections::HashSet;
use std::sync::Arc;

use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::group::Request;
use super::row::Row;
use super::tree::{Grown, Hash};
use super::{AppendError, Appended, Condition, Head, Key, Private, Recorded};

/// A group, as it is to be written.
pub(super) struct Plan<'a> {
    before: Head,
    head: Head,
    now: Instant,
    rows: Vec<&'a Row>,
    recordedtimes: Vec<Instant>,
    outcomes: Vec<Result<Planned, AppendError>>,
    erased: Vec<Position>,
    /// Where keys were looked up: whether each of the group's rows has one that is taken, and those
    /// that the plan takes.
    taken: Option<(Vec<bool>, HashSet<Key<'a>>)>,
    /// How many rows of the group were judged.
    judged: usize,
}

/// A request that holds: how many rows, after which position.
struct Planned {
    after: Position,
    rows: usize,
}

impl<'a> Plan<'a> {
    /// A plan for a group on a log with that head. `taken` says of each of its rows whether its key
    /// is in the log; without it, keys are left to the database.
    pub(super) fn new(head: Head, now: Instant, taken: Option<Vec<bool>>) -> Self {
        Self {
            before: head,
            head,
            now,
            rows: Vec::new(),
            recordedtimes: Vec::new(),
            outcomes: Vec::new(),
            erased: Vec::new(),
            taken: taken.map(|taken| (taken, HashSet::new())),
            judged: 0,
        }
    }

    /// Judges the next request. `newer` says whether the log had something that its condition
    /// excludes before the group.
    pub(super) fn judge(&mut self, request: &'a Request, newer: bool) {
        let first = self.judged;
        self.judged += request.rows.len();
        let outcome = self.check(request, newer, first).map(|times| {
            let planned = Planned {
                after: self.head.position,
                rows: request.rows.len(),
            };
            self.take(request, times);
            planned
        });
        self.outcomes.push(outcome);
    }

    /// The recorded times of a request that holds. `first` is the place of its first row in the
    /// group.
    fn check(
        &self,
        request: &'a Request,
        newer: bool,
        first: usize,
    ) -> Result<Vec<Instant>, AppendError> {
        if newer || self.excludes(&request.condition) {
            return Err(AppendError::ConditionFailed { head: self.head });
        }
        let times = self.recorded_times(request)?;
        self.check_rows(request, first)?;
        Ok(times)
    }

    /// Whether the group so far has what a condition excludes.
    fn excludes(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Always => false,
            Condition::NothingNewSince(since) => self.head.position > *since,
            Condition::Exactly(end) => self.head.position != *end,
            Condition::NothingNewFor {
                since,
                subjects,
                kinds,
            } => self.has_newer(*since, subjects, kinds),
        }
    }

    /// Whether the group has an event so far that the condition excludes.
    fn has_newer(&self, since: Position, subjects: &[String], kinds: &[Kind]) -> bool {
        let positions = self.before.position.0 + 1..;
        let mut after = positions
            .zip(&self.rows)
            .filter(|(position, _)| *position > since.0);
        after.any(|(_, row)| {
            row.kind == Kind::RulebookPublished
                || (subjects.contains(&row.subject)
                    && (kinds.is_empty() || kinds.contains(&row.kind)))
        })
    }

    /// When each event of the request is recorded.
    fn recorded_times(&self, request: &Request) -> Result<Vec<Instant>, AppendError> {
        let mut latest = self.head.recordedtime.unwrap_or(Instant::MIN);
        let mut times = Vec::with_capacity(request.rows.len());
        for (index, row) in request.rows.iter().enumerate() {
            let carried = match request.recorded {
                Recorded::Now => None,
                Recorded::Trusted => row.carried,
            };
            latest = match carried {
                Some(at) if at < latest => {
                    return Err(AppendError::RecordedTimeDecreases { index });
                }
                Some(at) => at,
                None => self.now.max(latest),
            };
            times.push(latest);
        }
        Ok(times)
    }

    /// That targets come before, and that keys are free as far as is known.
    fn check_rows(&self, request: &'a Request, first: usize) -> Result<(), AppendError> {
        for (index, row) in request.rows.iter().enumerate() {
            if let Some(target) = row.target
                && target.0 > self.head.position.0 + index as u64
            {
                return Err(AppendError::TargetNotBefore { index, target });
            }
        }
        let Some((taken, planned)) = &self.taken else {
            return Ok(());
        };
        let mut own = HashSet::new();
        for (index, row) in request.rows.iter().enumerate() {
            let in_log = taken.get(first + index).copied().unwrap_or(false);
            if in_log || planned.contains(&row.key()) || !own.insert(row.key()) {
                return Err(AppendError::KeyTaken { index });
            }
        }
        Ok(())
    }

    fn take(&mut self, request: &'a Request, times: Vec<Instant>) {
        for row in &request.rows {
            if let (Kind::PrivateErased, Some(target)) = (row.kind, row.target) {
                self.erased.push(target);
            }
            if let Some((_, planned)) = &mut self.taken {
                planned.insert(row.key());
            }
            self.rows.push(row);
        }
        self.head = Head {
            position: Position(self.head.position.0 + times.len() as u64),
            recordedtime: times.last().copied().or(self.head.recordedtime),
        };
        self.recordedtimes.extend(times);
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The head, once the plan is written.
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// The events whose private content is erased.
    pub(super) fn erased(&self) -> &[Position] {
        &self.erased
    }

    /// The rows, to be made ready a few at a time.
    pub(super) fn ready(&self) -> Ready<'_> {
        Ready {
            plan: self,
            next: 0,
            hashes: Vec::with_capacity(self.rows.len()),
            printed: (Instant::MIN, String::new()),
        }
    }

    /// What each caller is told, once the plan is written and the tree has grown by it.
    pub(super) fn outcomes(self, grown: &Arc<Grown>) -> Vec<Result<Appended, AppendError>> {
        let before = self.before.position.0;
        let recordedtimes = self.recordedtimes;
        let appended = |planned: Planned| {
            let from = usize::try_from(planned.after.0 - before).unwrap_or(usize::MAX);
            let times = recordedtimes.get(from..).unwrap_or_default();
            Appended {
                first: Position(planned.after.0 + 1),
                last: Position(planned.after.0 + planned.rows as u64),
                recordedtimes: times.iter().take(planned.rows).copied().collect(),
                tree: Arc::clone(grown),
            }
        };
        let outcomes = self.outcomes.into_iter();
        outcomes.map(|outcome| outcome.map(appended)).collect()
    }
}

/// The rows of a plan, made ready in order: their leaves are printed and hashed as a store takes
/// them, so that a store can write some while the next are made.
pub(super) struct Ready<'a> {
    plan: &'a Plan<'a>,
    next: usize,
    hashes: Vec<Hash>,
    /// The recorded time printed last: neighbours mostly have one, and printing costs most here.
    printed: (Instant, String),
}

/// A row with all that is stored of it.
pub(super) struct Whole<'a> {
    pub(super) position: Position,
    pub(super) recordedtime: Instant,
    pub(super) row: &'a Row,
    pub(super) json: String,
    pub(super) hash: Hash,
}

impl<'a> Ready<'a> {
    /// How many rows are left.
    pub(super) fn left(&self) -> usize {
        self.plan.rows.len() - self.next
    }

    /// All rows, ready or not.
    pub(super) fn rows(&self) -> &'a [&'a Row] {
        &self.plan.rows
    }

    /// What the rows say in private, with their positions.
    pub(super) fn private(&self) -> impl Iterator<Item = (Position, &'a Private)> {
        let positions = self.plan.before.position.0 + 1..;
        let rows = positions.zip(&self.plan.rows);
        rows.filter_map(|(position, row)| Some((Position(position), row.private.as_ref()?)))
    }

    /// The next rows, at most so many.
    pub(super) fn take(&mut self, count: usize) -> Vec<Whole<'a>> {
        let from = self.next;
        self.next += count.min(self.left());
        (from..self.next).map(|index| self.whole(index)).collect()
    }

    fn whole(&mut self, index: usize) -> Whole<'a> {
        let (row, recordedtime) = (self.plan.rows[index], self.plan.recordedtimes[index]);
        if self.printed.0 != recordedtime || self.printed.1.is_empty() {
            self.printed = (recordedtime, recordedtime.to_string());
        }
        let json = row.leaf.with_text(&self.printed.1);
        let hash = Hash::of_leaf(json.as_bytes());
        self.hashes.push(hash);
        Whole {
            position: Position(self.plan.before.position.0 + 1 + index as u64),
            recordedtime,
            row,
            json,
            hash,
        }
    }

    /// The hashes of the rows that were made ready, in order.
    pub(super) fn into_hashes(self) -> Vec<Hash> {
        self.hashes
    }
}
