//! A disk that fills up, and has room again.

use std::process::Output;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::check::check;
use crate::import::{Files, good, log, standing, tally};
use crate::mounts::Disk;
use crate::plan::numbers;
use crate::process::{Moment, Writing, writer};
use crate::store::{Store, wait_for};
use crate::writer::Orders;

/// How many disks are filled.
const DISKS: u64 = 6;

pub(crate) fn import(seed: u64) -> Result<String> {
    fill_disks(seed, |number, rng| match number {
        // Too little to make a ledger.
        0 | 1 => (rng.u64(16..320), import_until_full),
        _ => (rng.u64(500..3_000), import_until_full),
    })
}

pub(crate) fn write(seed: u64) -> Result<String> {
    fill_disks(seed, |_, rng| (rng.u64(500..3_000), write_until_full))
}

/// Fills a disk. How many events were acknowledged, and how often it was told that the disk is full.
type Fill = fn(&Disk, u64) -> Result<(u64, u64)>;

/// Fills disks of sizes (in KiB) and in ways that are asked for one by one.
fn fill_disks(seed: u64, choose: fn(u64, &mut fastrand::Rng) -> (u64, Fill)) -> Result<String> {
    let (mut events, mut told) = (0, 0);
    for number in 0..DISKS {
        let (kib, fill) = choose(number, &mut numbers(seed, &[number]));
        let disk = Disk::new(kib)?;
        let filled = fill(&disk, seed + number).with_context(|| format!("a disk of {kib} KiB"))?;
        events += filled.0;
        told += filled.1;
    }
    Ok(format!(
        "{DISKS} disks filled, told {told} times that they are full; {events} events acknowledged, \
         losses: 0, all went on with more room"
    ))
}

/// Imports until the disk is full, and again with more room.
fn import_until_full(disk: &Disk, _seed: u64) -> Result<(u64, u64)> {
    let work = TempDir::with_prefix("standing-faults-")?;
    let (folder, store) = (work.path(), disk.store());
    let files = Files::write(folder, 120, 40)?;
    let mut told = 0;
    let init = |store: &Store| {
        let mut init = standing(folder, store);
        init.args(["init", "--preset", "weibo"]);
        init.output()
    };
    let made = init(&store)?;
    if !made.status.success() {
        told += u64::from(says_full(&made)?);
        disk.make_room()?;
        good(init(&store)?)?;
        let output = good(files.import(folder, &store).output()?)?;
        ensure!(tally(&output)? == (files.count(), 0, 0));
        return Ok((files.count(), told));
    }
    let filled = files.import(folder, &store).output()?;
    told += u64::from(says_full(&filled)?);
    let appended = match filled.stdout.is_empty() {
        true => 0,
        false => tally(&filled)?.0,
    };
    // Nothing goes on while there is no room, and nothing is lost by trying.
    let again = files.import(folder, &store).output()?;
    told += u64::from(says_full(&again)?);
    disk.make_room()?;
    let kept = files.check_whole(&wait_for(log(&store))?)?;
    ensure!(
        kept >= appended,
        "{appended} were acknowledged and {kept} are there"
    );
    let completed = good(files.import(folder, &store).output()?)?;
    let expected = (files.count() - kept, kept, 0);
    ensure!(
        tally(&completed)? == expected,
        "{completed:?} is not {expected:?}"
    );
    ensure!(files.check_whole(&wait_for(log(&store))?)? == files.count());
    Ok((files.count(), told))
}

/// Whether a command failed as it should on a full disk: with that reason, and what to do.
fn says_full(output: &Output) -> Result<bool> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1),
        "{}: {stderr}",
        output.status
    );
    ensure!(
        stderr.contains("disk is full") && stderr.contains("make room"),
        "not told that the disk is full: {stderr}"
    );
    Ok(true)
}

/// Appends from several tasks until the disk is full, makes room, and the same process goes on.
fn write_until_full(disk: &Disk, seed: u64) -> Result<(u64, u64)> {
    let store = disk.store();
    let orders = Orders {
        tries: 2_000,
        ..Orders::new(store.clone(), seed, 0, 4, u64::MAX)
    };
    let mut writing = Writing::start(writer(&orders)?)?;
    let is_full = |answer: &Answer| match answer {
        Answer::Failed { why, .. } | Answer::Unknown { why, .. } | Answer::NotOpened { why } => {
            why.contains("disk is full")
        }
        _ => false,
    };
    writing.wait_for(is_full)?;
    disk.make_room()?;
    for _ in 0..100 {
        writing.wait_for(|answer| matches!(answer, Answer::Acknowledged(_)))?;
    }
    let ended = writing.kill_at(Moment::Said(0, Default::default()))?;
    let told = ended.said.iter().filter(|answer| is_full(answer)).count() as u64;
    let checked = wait_for(check(&store, seed, &ended.said))?;
    Ok((checked.acknowledged, told))
}
