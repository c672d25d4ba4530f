//! Writers that are killed (SIGKILL) at any moment.
//!
//! The power stays on, so this is about what a process leaves behind: half a transaction in the
//! WAL, locks, an index of the WAL that nobody finished.

use anyhow::{Result, ensure};

use crate::answer::Answer;
use crate::arguments::Wanted;
use crate::check::{Checked, check};
use crate::claims::batch_of;
use crate::plan::{BatchName, Plan, numbers};
use crate::process::{Ended, Moment, Writing, writer};
use crate::reader::{Manner, Reading};
use crate::round::round;
use crate::store::{Store, wait_for};
use crate::writer::Orders;

/// How many writers of a ledger are killed one after the other.
pub(crate) const LIVES: u64 = 12;

/// What rounds came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    ledgers: u64,
    killed: u64,
    acknowledged: u64,
    settled: u64,
    unheard: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, (checked, killed): &(Checked, u64)) {
        self.killed += killed;
        self.ledgers += 1;
        self.acknowledged += checked.acknowledged;
        self.settled += checked.settled;
        self.unheard += checked.unheard;
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ledgers, {} writers killed, {} events acknowledged, losses: 0; {} batches sent \
             again and found or appended, {} appended without an answer",
            self.ledgers, self.killed, self.acknowledged, self.settled, self.unheard
        )
    }
}

pub(crate) fn one_ledger_again_and_again(case: &'static str, wanted: Wanted) -> Result<String> {
    let mut figures = Figures::default();
    for number in 0..(wanted.kills / 2).div_ceil(LIVES) {
        let seed = wanted.seed + number;
        figures.add(&round(case, seed, |folder| {
            killed_again(&Store::in_folder(folder), seed)
        })?);
    }
    Ok(figures.to_string())
}

/// Kills the writers of one ledger one after the other; each sends again what was under way when
/// the one before it was killed.
pub(crate) fn killed_again(store: &Store, seed: u64) -> Result<(Checked, u64)> {
    let mut rng = numbers(seed, &[0]);
    let reading = match rng.u32(..3) {
        0 => None,
        1 => Some(Manner::Stays),
        _ => Some(Manner::ComesAndGoes),
    };
    let reading = reading.map(|manner| Reading::start(store, manner, numbers(seed, &[1])));
    let mut said: Vec<Answer> = Vec::new();
    let mut killed = 0;
    let mut checked = Checked::default();
    for life in 0..LIVES {
        let orders = Orders {
            settle: in_flight(seed, &said),
            ..orders(store, seed, life, rng.u64(1..=8))
        };
        let ended = Writing::start(writer(&orders)?)?.kill_at(Moment::any(&mut rng))?;
        killed += u64::from(ended.was_killed()?);
        said.extend(ended.said);
        // A ledger that was killed before it was made is none yet.
        if said.contains(&Answer::Opened) {
            checked = wait_for(check(store, seed, &said))?;
        }
    }
    if let Some(reading) = reading {
        reading.end(&checked.log)?;
    }
    Ok((checked, killed))
}

fn orders(store: &Store, seed: u64, life: u64, producers: u64) -> Orders {
    Orders::new(store.clone(), seed, life, producers, u64::MAX)
}

/// The batches that the last life's producers had under way, as far as they are to be sent again.
fn in_flight(seed: u64, said: &[Answer]) -> Vec<BatchName> {
    let Some(last) = said.iter().rev().filter_map(batch_of).next() else {
        return Vec::new();
    };
    let heard = said
        .iter()
        .filter_map(batch_of)
        .filter(|batch| batch.life == last.life);
    let mut latest = std::collections::BTreeMap::new();
    for batch in heard {
        let number = latest.entry(batch.producer).or_insert(batch.number);
        *number = batch.number.max(*number);
    }
    let next = latest.into_iter().map(|(producer, number)| BatchName {
        life: last.life,
        producer,
        number: number + 1,
    });
    next.filter(|batch| {
        matches!(
            Plan::of(seed, *batch),
            Plan::Plain { .. } | Plan::Unless { .. }
        )
    })
    .collect()
}

pub(crate) fn a_new_ledger_while_it_is_made(case: &'static str, wanted: Wanted) -> Result<String> {
    let mut figures = Figures::default();
    for number in 0..wanted.kills / 6 {
        let seed = wanted.seed + number;
        figures.add(&round(case, seed, |folder| {
            killed_while_made(&Store::in_folder(folder), seed)
        })?);
    }
    Ok(figures.to_string())
}

/// Kills the first writer of a ledger early on; the next one must find a ledger, or nothing.
pub(crate) fn killed_while_made(store: &Store, seed: u64) -> Result<(Checked, u64)> {
    let mut rng = numbers(seed, &[0]);
    let moment = Moment::After(std::time::Duration::from_micros(rng.u64(..40_000)));
    let first = Writing::start(writer(&orders(store, seed, 0, 2))?)?.kill_at(moment)?;
    let killed = u64::from(first.was_killed()?);
    let second = Orders {
        batches: 5,
        ..orders(store, seed, 1, 2)
    };
    let second = Writing::start(writer(&second)?)?.end()?;
    ensure!(!second.was_killed()?);
    let said = [first.said, second.said].concat();
    Ok((wait_for(check(store, seed, &said))?, killed))
}

pub(crate) fn one_of_several_writers(case: &'static str, wanted: Wanted) -> Result<String> {
    let mut figures = Figures::default();
    for number in 0..wanted.kills / 4 / 2 {
        let seed = wanted.seed + number;
        figures.add(&round(case, seed, |folder| {
            killed_beside_others(&Store::in_folder(folder), seed)
        })?);
    }
    Ok(figures.to_string())
}

/// Of three processes that write to one ledger, two are killed; the third must not notice.
pub(crate) fn killed_beside_others(store: &Store, seed: u64) -> Result<(Checked, u64)> {
    let mut rng = numbers(seed, &[0]);
    let reading = Reading::start(store, Manner::Stays, numbers(seed, &[1]));
    let survivor = Orders {
        batches: 25,
        ..orders(store, seed, 0, 2)
    };
    let survivor = Writing::start(writer(&survivor)?)?;
    let doomed = [1, 2].map(|life| {
        let producers = rng.u64(1..=4);
        Writing::start(writer(&orders(store, seed, life, producers))?)
    });
    let mut said = Vec::new();
    let mut killed = 0;
    for writing in doomed {
        let ended = writing?.kill_at(Moment::any(&mut rng))?;
        killed += u64::from(ended.was_killed()?);
        said.extend(ended.said);
    }
    let Ended { said: others, .. } = {
        let ended = survivor.end()?;
        ensure!(!ended.was_killed()?);
        ended
    };
    said.extend(others);
    let checked = wait_for(check(store, seed, &said))?;
    reading.end(&checked.log)?;
    Ok((checked, killed))
}
