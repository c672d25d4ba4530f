//! The tree made anew, and what it is compared with: the entries that are stored, and the
//! checkpoints that were signed.

use std::collections::VecDeque;

use standing_projections::Position;

use super::finding::{Finding, Findings, Problem};
use super::{HeldTo, covered};
use crate::ledger::tree::{Edge, Entry, Hash, LEVELS, TreeHead, entries};
use crate::ledger::{Ledger, StoreError};
use crate::proof::log::Rewritten;
use crate::proof::note::{Note, NoteError};
use crate::proof::{Checkpoint, CheckpointError};

/// How far past the end entries are looked for: as far as their numbers can go.
const PAST_END: u64 = i64::MAX.cast_unsigned();

/// How many checkpoints are read at a time.
const CHECKPOINTS: usize = 256;

/// The tree as far as it was made.
pub(super) struct Tree<'a> {
    held_to: &'a HeldTo,
    edge: Edge,
    /// Checkpoints of larger trees than this, ascending.
    ahead: VecDeque<(u64, String)>,
    /// From which size on checkpoints were not read yet; none, where all were.
    unread: Option<u64>,
    checkpoints: u64,
    signatures: u64,
}

impl<'a> Tree<'a> {
    pub(super) fn new(held_to: &'a HeldTo) -> Self {
        Self {
            held_to,
            edge: Edge::default(),
            ahead: VecDeque::new(),
            unread: Some(0),
            checkpoints: 0,
            signatures: 0,
        }
    }

    pub(super) fn head(&self) -> TreeHead {
        self.edge.head()
    }

    pub(super) const fn checkpoints(&self) -> u64 {
        self.checkpoints
    }

    pub(super) const fn signatures(&self) -> u64 {
        self.signatures
    }

    /// Adds leaves, and compares what comes of them.
    pub(super) async fn grow(
        &mut self,
        ledger: &dyn Ledger,
        mut leaves: &[Hash],
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_heads(ledger, findings).await?;
        while !leaves.is_empty() {
            let to_go = self
                .next_size(ledger)
                .await?
                .map(|size| size - self.edge.size());
            let to_go = to_go.and_then(|to_go| usize::try_from(to_go).ok());
            let (now, later) = leaves.split_at(to_go.unwrap_or(usize::MAX).min(leaves.len()));
            leaves = later;
            let grown = self.edge.grow(now);
            let new: Vec<Entry> = grown.entries().collect();
            compare_entries(ledger, &new, findings).await?;
            self.compare_heads(ledger, findings).await?;
        }
        Ok(())
    }

    /// The size of the next tree that there is something to compare with.
    async fn next_size(&mut self, ledger: &dyn Ledger) -> Result<Option<u64>, StoreError> {
        if self.ahead.is_empty()
            && let Some(from) = self.unread
        {
            self.ahead = ledger.checkpoints(from, CHECKPOINTS).await?.into();
            self.unread = match self.ahead.back() {
                Some((size, _)) if self.ahead.len() == CHECKPOINTS => size.checked_add(1),
                _ => None,
            };
        }
        let size = self.edge.size();
        let against = self
            .held_to
            .against
            .as_ref()
            .map(|against| against.head.size);
        let kept = self.ahead.front().map(|(size, _)| *size);
        Ok(kept
            .into_iter()
            .chain(against.filter(|next| *next > size))
            .min())
    }

    /// Compares the tree as it is now with the checkpoints of its size.
    async fn compare_heads(
        &mut self,
        ledger: &dyn Ledger,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let head = self.edge.head();
        if let Some(against) = &self.held_to.against
            && against.head.size == head.size
            && against.head.root != head.root
        {
            let finding = Problem::Rewritten(rewritten(against.clone(), head.root));
            findings.add(Finding::of_all(finding));
        }
        loop {
            self.next_size(ledger).await?;
            let due = self.ahead.pop_front_if(|(size, _)| *size <= head.size);
            let Some((size, note)) = due else {
                return Ok(());
            };
            if let Some(checkpoint) = self.kept(size, &note, findings) {
                self.checkpoints += 1;
                if checkpoint.head.root != head.root {
                    let problem = Problem::Rewritten(rewritten(checkpoint, head.root));
                    findings.add(Finding::of_all(problem));
                }
            }
        }
    }

    /// The checkpoint of a note that is kept for a size; none, where it is none, which is said.
    fn kept(&mut self, size: u64, note: &str, findings: &mut Findings) -> Option<Checkpoint> {
        let note = note.as_bytes();
        let mut wrong = |error| findings.add(Finding::of_all(Problem::Checkpoint { size, error }));
        let checkpoint = match Checkpoint::claimed(note) {
            Ok(checkpoint) if checkpoint.head.size == size => checkpoint,
            Ok(_) => {
                wrong(CheckpointError::Malformed { what: "size" });
                return None;
            }
            Err(error) => {
                wrong(error);
                return None;
            }
        };
        if self.held_to.keys.is_empty() {
            return Some(checkpoint);
        }
        match Checkpoint::open(note, &self.held_to.keys) {
            Ok(_) => self.signatures += 1,
            // Of another key, with which this log was signed before or elsewhere: whoever it is, a
            // log is named after its key.
            Err(CheckpointError::Note(NoteError::UnknownKeys { .. }))
                if !self.held_to.all_signed
                    && Note::parse(note)
                        .is_ok_and(|note| note.claims_to_be_signed_by(&checkpoint.origin)) => {}
            Err(error) => wrong(error),
        }
        Some(checkpoint)
    }

    /// Compares what is left: checkpoints of larger trees, and entries that no events make.
    pub(super) async fn finish(
        &mut self,
        ledger: &dyn Ledger,
        whole: bool,
        end: Position,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_heads(ledger, findings).await?;
        // The log may have grown, and have been signed, while it was read.
        let now = ledger.head().await?.position.0;
        if let Some(against) = &self.held_to.against
            && against.head.size > self.edge.size()
            && let Some(problem) = beyond(against.clone(), end.0, end, whole)
        {
            findings.add(Finding::of_all(problem));
        }
        while self.next_size(ledger).await?.is_some()
            && let Some((size, note)) = self.ahead.pop_front()
        {
            let checkpoint = self.kept(size, &note, findings);
            let problem = checkpoint.and_then(|checkpoint| beyond(checkpoint, now, end, whole));
            if let Some(problem) = problem {
                findings.add(Finding::of_all(problem));
            }
        }
        // An entry anywhere past the end is in the way of the one that comes there one day.
        for level in 1..=u8::MAX {
            let number = match level < LEVELS {
                true => entries(now, level),
                false => 0,
            };
            if !ledger.hashes(level, number, PAST_END).await?.is_empty()
                && (level >= LEVELS || entries(ledger.head().await?.position.0, level) == number)
            {
                let problem = Problem::TreeTooLarge { level, number };
                findings.add(Finding::of_all(problem));
            }
        }
        Ok(())
    }
}

/// What is wrong with a checkpoint of a larger tree than could be made of a log that had `end` events
/// when it was begun to be read, and has `now`.
fn beyond(checkpoint: Checkpoint, now: u64, end: Position, whole: bool) -> Option<Problem> {
    let Checkpoint {
        origin,
        head: signed,
    } = checkpoint;
    let (size, found) = (signed.size, end.0);
    if size > now {
        return Some(
            Rewritten::Shorter {
                origin,
                signed,
                found,
            }
            .into(),
        );
    }
    (!whole).then_some(Problem::Incomparable { size })
}

fn rewritten(checkpoint: Checkpoint, found: Hash) -> Rewritten {
    let Checkpoint {
        origin,
        head: signed,
    } = checkpoint;
    Rewritten::Other {
        origin,
        signed,
        found,
    }
}

/// Compares entries of the tree with those that are stored.
async fn compare_entries(
    ledger: &dyn Ledger,
    new: &[Entry],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for run in new.chunk_by(|one, next| one.level == next.level && one.number + 1 == next.number) {
        let Some(Entry { level, number, .. }) = run.first().copied() else {
            continue;
        };
        let stored = match ledger.hashes(level, number, run.len() as u64).await {
            Err(StoreError::Damaged { .. }) => Vec::new(),
            stored => stored?,
        };
        if stored.iter().eq(run.iter().map(|entry| &entry.hash)) {
            continue;
        }
        for entry in run {
            let Entry {
                level,
                number,
                hash,
            } = *entry;
            let stored = match ledger.hashes(level, number, 1).await {
                Err(StoreError::Damaged { .. }) => Some(Hash::default()),
                stored => stored?.pop(),
            };
            if stored != Some(hash) {
                let (first, to) = covered(level, number);
                let missing = stored.is_none();
                let problem = Problem::Tree {
                    level,
                    number,
                    to,
                    missing,
                };
                findings.add(Finding::at(first, problem));
            }
        }
    }
    Ok(())
}
