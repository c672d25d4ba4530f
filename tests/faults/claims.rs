//! What writers said, held against the log.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use standing::ledger::StoredEvent;

use crate::answer::{Acknowledged, Answer, Refused};
use crate::plan::{BatchName, Name, Newer, Plan};
use crate::tree;

/// The log, to be held against what was said.
pub(crate) struct Claims<'a> {
    pub(crate) seed: u64,
    pub(crate) log: &'a [StoredEvent],
    /// The hash of each event.
    pub(crate) leaves: &'a [tree::Hash],
    /// Where each event is.
    pub(crate) places: &'a HashMap<Name, u64>,
}

impl Claims<'_> {
    /// How many events were acknowledged, and how many batches settled.
    pub(crate) fn check(&self, said: &[Answer]) -> Result<(u64, u64)> {
        let mut counts = (0, 0);
        let mut positions = HashSet::new();
        let mut appended: HashSet<BatchName> = HashSet::new();
        for answer in said {
            match answer {
                Answer::Acknowledged(acknowledged) => {
                    self.check_acknowledged(acknowledged)
                        .with_context(|| format!("{answer:?}"))?;
                    for position in acknowledged.first..=acknowledged.last {
                        ensure!(positions.insert(position), "{position} was given twice");
                    }
                    appended.insert(acknowledged.batch);
                    counts.0 += acknowledged.last + 1 - acknowledged.first;
                }
                Answer::Settled { batch, .. } => {
                    let names = Plan::of(self.seed, *batch).again(self.seed, *batch);
                    ensure!(
                        names.iter().all(|name| self.places.contains_key(name)),
                        "settled and not there: {batch:?}"
                    );
                    appended.insert(*batch);
                    counts.1 += 1;
                }
                _ => {}
            }
        }
        self.check_trees(said)?;
        for answer in said {
            self.check_not_appended(answer, &appended)
                .with_context(|| format!("{answer:?}"))?;
        }
        Ok(counts)
    }

    fn check_acknowledged(&self, acknowledged: &Acknowledged) -> Result<()> {
        let Acknowledged {
            batch, first, last, ..
        } = *acknowledged;
        let range = (first as usize).wrapping_sub(1)..last as usize;
        let events = self
            .log
            .get(range)
            .context("lost: acknowledged and not there")?;
        let ids = events.iter().map(|event| event.id.clone());
        let plan = Plan::of(self.seed, batch);
        let sent = match plan {
            // Acknowledged, it was sent without the event that is taken.
            Plan::Taken { .. } => plan.own(batch),
            _ => plan.events(self.seed, batch),
        };
        ensure!(
            ids.eq(sent.iter().map(|name| name.id())),
            "other events are there"
        );
        let recordedtimes = events.iter().map(|event| event.recordedtime.micros());
        ensure!(
            recordedtimes.eq(acknowledged.recordedtimes.iter().copied()),
            "recorded at other times"
        );
        if let Some(since) = acknowledged.since {
            let between = &self.log[since as usize..first as usize - 1];
            let excluded = match plan {
                Plan::Unless {
                    newer: Newer::SameSubject,
                    ..
                } => between
                    .iter()
                    .any(|event| event.subject == events[0].subject),
                _ => !between.is_empty(),
            };
            ensure!(!excluded, "the condition did not hold");
        }
        Ok(())
    }

    /// The trees that were told of are those over the log's beginnings, and the proofs prove.
    fn check_trees(&self, said: &[Answer]) -> Result<()> {
        let mut told: Vec<&Acknowledged> = said.iter().filter_map(Answer::acknowledged).collect();
        told.sort_by_key(|acknowledged| acknowledged.tree_size);
        let mut growing = tree::Growing::default();
        let mut leaves = self.leaves.iter();
        let mut size = 0;
        for acknowledged in told {
            while size < acknowledged.tree_size {
                let leaf = leaves.next().context("a tree larger than the log")?;
                growing.push(*leaf);
                size += 1;
            }
            let root = growing.root();
            ensure!(
                acknowledged.last <= size && tree::hex(&root) == acknowledged.root,
                "another root: {acknowledged:?}"
            );
            let proof = acknowledged.proof.iter().map(|hash| tree::from_hex(hash));
            let proof = proof.collect::<Result<Vec<tree::Hash>>>()?;
            let index = acknowledged.first as usize - 1;
            let proved = tree::proved(self.leaves[index], index, size as usize, &proof)?;
            ensure!(
                proved == root,
                "the proof leads elsewhere: {acknowledged:?}"
            );
        }
        ensure!(size < 2 || tree::root(&self.leaves[..size as usize]) == growing.root());
        Ok(())
    }

    /// What was said not to be appended is not there, unless it was sent again.
    fn check_not_appended(&self, answer: &Answer, appended: &HashSet<BatchName>) -> Result<()> {
        let batch = match answer {
            Answer::Refused { batch, .. } | Answer::Failed { batch, .. } => *batch,
            _ => return Ok(()),
        };
        let plan = Plan::of(self.seed, batch);
        if let Answer::Refused { why, .. } = answer {
            match *why {
                Refused::KeyTaken(index) => {
                    let names = plan.events(self.seed, batch);
                    let taken = names.get(index).context("no such event")?;
                    ensure!(self.places.contains_key(taken), "the key is not taken");
                }
                Refused::ConditionFailed { head } => {
                    ensure!(head as usize <= self.log.len(), "no such head");
                }
            }
        }
        ensure!(
            appended.contains(&batch)
                || !plan
                    .own(batch)
                    .iter()
                    .any(|name| self.places.contains_key(name)),
            "said not to be appended, and there"
        );
        Ok(())
    }
}

/// Of which batch that was said.
pub(crate) fn batch_of(answer: &Answer) -> Option<BatchName> {
    match answer {
        Answer::Acknowledged(Acknowledged { batch, .. })
        | Answer::Refused { batch, .. }
        | Answer::Failed { batch, .. }
        | Answer::Unknown { batch, .. }
        | Answer::Settled { batch, .. } => Some(*batch),
        Answer::Opened | Answer::NotOpened { .. } | Answer::Done => None,
    }
}

/// The batches of which it is not known whether they are in the log.
pub(crate) fn unknown(said: &[Answer]) -> Vec<BatchName> {
    let mut unknown = BTreeSet::new();
    for answer in said {
        match (answer, batch_of(answer)) {
            (Answer::Unknown { batch, .. }, _) => {
                unknown.insert(*batch);
            }
            (_, Some(batch)) => {
                unknown.remove(&batch);
            }
            _ => {}
        }
    }
    unknown.into_iter().collect()
}
