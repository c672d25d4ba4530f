//! The power fails: every moment of a traced run is one at which it may.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::answer::Answer;
use crate::arguments::Wanted;
use crate::check::{Checked, check};
use crate::disk::Disk;
use crate::order::acknowledged;
use crate::plan::numbers;
use crate::process::Writing;
use crate::round::round;
use crate::store::{Store, wait_for};
use crate::trace::{Call, WHOLE, calls, traced};
use crate::writer::Orders;

/// How many runs are traced, the first without a fault and each other one with a sync that fails.
const RUNS: u64 = 5;
/// How many times the power is cut in each.
const CUTS: u64 = 40;

pub(crate) fn is_cut_at_any_moment(case: &'static str, wanted: Wanted) -> Result<String> {
    let (mut acknowledged, mut unheard) = (0, 0);
    for number in 0..RUNS {
        let seed = wanted.seed + number;
        let checked = round(case, seed, |folder| run(folder, seed, number))?;
        acknowledged += checked
            .iter()
            .map(|checked| checked.acknowledged)
            .sum::<u64>();
        unheard += checked.iter().map(|checked| checked.unheard).sum::<u64>();
    }
    Ok(format!(
        "{RUNS} runs, {} with a failed sync, {} power cuts; {acknowledged} events acknowledged \
         before them, losses: 0; {unheard} batches there without an answer",
        RUNS - 1,
        RUNS * CUTS
    ))
}

fn run(folder: &Path, seed: u64, number: u64) -> Result<Vec<Checked>> {
    let written = folder.join("written");
    fs::create_dir(&written)?;
    let orders = Orders {
        tries: 3,
        ..Orders::new(Store::in_folder(&written), seed, 0, 3, 6)
    };
    let trace = folder.join("trace");
    let mut options: Vec<String> = WHOLE.map(str::to_owned).into();
    let mut rng = numbers(seed, &[0]);
    if number > 0 {
        let at = rng.u64(6..15);
        options.push(format!("-einject=fsync,fdatasync:error=EIO:when={at}"));
    }
    let ended = Writing::start(traced(&orders, &trace, &options)?)?.end()?;
    ensure!(matches!(ended.status.code(), Some(0 | 1)), "{ended:?}");
    let mut calls = calls(&fs::read_to_string(&trace)?)?;
    calls.sort_by_key(moment);
    let last = calls.last().map_or(0, moment);
    let mut moments: Vec<usize> = (0..CUTS).map(|_| rng.usize(..=last + 1)).collect();
    moments.sort_unstable();
    let mut disk = Disk::new(&written)?;
    let (mut said, mut checked) = (Vec::new(), Vec::new());
    let mut calls = calls.iter().peekable();
    for at in moments {
        while let Some(call) = calls.next_if(|call| moment(call) < at) {
            disk.follow(call, &mut rng)?;
            said.extend(acknowledged(call)?.map(Answer::Acknowledged));
        }
        let left = folder.join(format!("left-{at}"));
        fs::create_dir_all(&left)?;
        disk.cut(&left, &mut rng)?;
        let found = wait_for(check_left(&Store::in_folder(&left), seed, &said));
        checked.push(found.with_context(|| format!("cut at line {at} of the trace"))?);
        fs::remove_dir_all(&left)?;
    }
    Ok(checked)
}

/// When a call counts: a write as soon as it is made, a sync once it has come back.
fn moment(call: &Call) -> usize {
    match call.name.contains("sync") {
        true => call.ended,
        false => call.began,
    }
}

/// Holds what is left against what was said.
async fn check_left(store: &Store, seed: u64, said: &[Answer]) -> Result<Checked> {
    // Whoever comes next makes the ledger where it was not made.
    let ledger = store.open(Duration::ZERO).await?;
    ledger.close().await;
    check(store, seed, said).await
}
