//! What must be true of a ledger whatever was done to those who wrote it.
//!
//! It is checked from outside, from the log as anybody reads it and from what was said: nothing
//! here knows how a store keeps its events.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use standing::ledger::{Key, Ledger, Query, StoredEvent};
use standing_projections::{Event, Position};

use crate::answer::{Acknowledged, Answer, Refused};
use crate::plan::{BatchName, Name, Plan, developer_of};
use crate::store::Store;

/// How many events are asked for at once.
const PAGE: usize = 700;

/// A ledger that was found right, and what was compared.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) log: Vec<StoredEvent>,
    /// How many events were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many batches were unknown and then known.
    pub(crate) settled: u64,
    /// How many batches nobody heard of again.
    pub(crate) unheard: u64,
}

/// Opens the ledger and holds it against what was said to have happened to it.
pub(crate) async fn check(store: &Store, seed: u64, said: &[Answer]) -> Result<Checked> {
    let ledger = store.open_existing().await.context("cannot be opened")?;
    let checked = check_open(&*ledger, seed, said).await;
    ledger.close().await;
    let checked = checked?;
    store.check_itself().await?;
    Ok(checked)
}

async fn check_open(ledger: &dyn Ledger, seed: u64, said: &[Answer]) -> Result<Checked> {
    let log = read_all(ledger).await?;
    check_order(&log)?;
    for event in &log {
        check_content(event).with_context(|| format!("position {}", event.position.0))?;
    }
    check_questions(ledger, &log).await?;
    let places = check_batches(&log)?;
    let against = Against {
        seed,
        log: &log,
        places: &places,
    };
    let (acknowledged, settled) = against.check(said)?;
    let heard: HashSet<BatchName> = said.iter().filter_map(batch_of).collect();
    let unheard = places.keys().filter_map(|name| match name {
        Name::Own {
            batch, index: 0, ..
        } => Some(batch),
        _ => None,
    });
    Ok(Checked {
        acknowledged,
        settled,
        unheard: unheard.filter(|batch| !heard.contains(batch)).count() as u64,
        log,
    })
}

/// The whole log, page by page.
pub(crate) async fn read_all(ledger: &dyn Ledger) -> Result<Vec<StoredEvent>> {
    let mut log: Vec<StoredEvent> = Vec::new();
    loop {
        let query = Query {
            after: log.last().map_or(Position(0), |event| event.position),
            limit: PAGE,
            ..Query::default()
        };
        let page = ledger.read(&query).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

/// No gap, no key twice, no step back in recorded time.
pub(crate) fn check_order(log: &[StoredEvent]) -> Result<()> {
    let mut keys = HashSet::new();
    for (index, event) in log.iter().enumerate() {
        let position = event.position.0;
        ensure!(position == index as u64 + 1, "a gap before {position}");
        ensure!(
            keys.insert((&event.source, &event.id)),
            "`{}` is there twice",
            event.id
        );
        ensure!(
            index == 0 || log[index - 1].recordedtime <= event.recordedtime,
            "position {position} was recorded before the one before it"
        );
    }
    Ok(())
}

/// An event is to the byte what its id says that was sent.
fn check_content(stored: &StoredEvent) -> Result<()> {
    let name = Name::from_id(&stored.id)?;
    let wanted = name.stored_at(stored.recordedtime)?;
    ensure!(stored.json == wanted, "{} is not {wanted}", stored.json);
    let event =
        Event::from_object(&name.body()).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let attributes = (
        &event.source,
        &event.id,
        event.kind,
        event.time,
        &event.subject,
    );
    let found = (
        &stored.source,
        &stored.id,
        stored.kind,
        stored.time,
        &stored.subject,
    );
    ensure!(attributes == found, "{found:?} is not {attributes:?}");
    ensure!(stored.developer == Some(developer_of(&event.subject)) && stored.target.is_none());
    Ok(())
}

/// Other ways to ask for the same events give the same events.
async fn check_questions(ledger: &dyn Ledger, log: &[StoredEvent]) -> Result<()> {
    let head = ledger.head().await?;
    ensure!(
        head.position.0 == log.len() as u64,
        "another head: {head:?}"
    );
    ensure!(head.recordedtime == log.last().map(|event| event.recordedtime));
    for part in log.chunks(PAGE) {
        let keys = part.iter().map(|event| Key {
            source: &event.source,
            id: &event.id,
        });
        let found = ledger.find(&keys.collect::<Vec<_>>()).await?;
        ensure!(
            found.iter().map(Option::as_ref).eq(part.iter().map(Some)),
            "events that are read are not found by key"
        );
    }
    let mut by_subject = Vec::new();
    for subject in 0..7 {
        let query = Query {
            subjects: vec![format!("app-{subject}")],
            limit: usize::MAX,
            ..Query::default()
        };
        by_subject.extend(ledger.read(&query).await?);
    }
    by_subject.sort_by_key(|event| event.position);
    ensure!(
        by_subject == log,
        "events that are read are not found by subject"
    );
    Ok(())
}

/// Every batch is whole and in one piece. Where each event is.
fn check_batches(log: &[StoredEvent]) -> Result<HashMap<Name, u64>> {
    let mut places = HashMap::with_capacity(log.len());
    for event in log {
        places.insert(Name::from_id(&event.id)?, event.position.0);
    }
    for (name, position) in &places {
        if let Name::Own { batch, index, size } = *name {
            for other in 0..size {
                let other_name = Name::Own {
                    batch,
                    index: other,
                    size,
                };
                let wanted = position + other - index;
                ensure!(
                    places.get(&other_name) == Some(&wanted),
                    "{batch:?} is not whole: {other_name:?} is not at {wanted}"
                );
            }
        }
    }
    Ok(places)
}

/// The log, to be held against what was said.
struct Against<'a> {
    seed: u64,
    log: &'a [StoredEvent],
    places: &'a HashMap<Name, u64>,
}

impl Against<'_> {
    /// How many events were acknowledged, and how many batches settled.
    fn check(&self, said: &[Answer]) -> Result<(u64, u64)> {
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
                    let names = Plan::of(self.seed, *batch).own(*batch);
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
                    newer: crate::plan::Newer::SameSubject,
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
