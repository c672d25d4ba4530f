//! In which order a ledger writes, syncs and answers, from a trace of the system's calls.
//!
//! That nothing was lost when a process was killed says nothing about the disk: what was written
//! and never synced survives a kill and not a power cut. So it is shown for each answer that the
//! WAL with its events was on the disk before.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::answer::{Acknowledged, Answer};
use crate::arguments::Wanted;
use crate::plan::Plan;
use crate::process::Writing;
use crate::round::round;
use crate::store::Store;
use crate::trace::{Call, WHOLE, calls, traced};
use crate::writer::Orders;

/// How many runs are traced.
const RUNS: u64 = 3;
/// The size of what stands before each page in a WAL (<https://sqlite.org/fileformat2.html#walformat>).
const FRAME_HEADER: u64 = 24;

pub(crate) fn no_answer_before_the_disk_has_it(
    case: &'static str,
    wanted: Wanted,
) -> Result<String> {
    let mut shown = (0, 0, 0);
    for seed in wanted.seed..wanted.seed + RUNS {
        let run = round(case, seed, |folder| {
            let orders = Orders::new(Store::in_folder(folder), seed, 0, 6, 12);
            let trace = folder.join("trace");
            let ended = Writing::start(traced(&orders, &trace, &WHOLE)?)?.end()?;
            ensure!(!ended.was_killed()?);
            show(seed, &calls(&fs::read_to_string(&trace)?)?)
        })?;
        shown = (shown.0 + run.0, shown.1 + run.1, shown.2 + run.2);
    }
    Ok(format!(
        "{RUNS} runs, {} answers about {} events, {} syncs of the WAL; answers before the sync of \
         their events: 0",
        shown.0, shown.1, shown.2
    ))
}

/// A page in the WAL.
struct Frame {
    page: Vec<u8>,
    /// Whether a transaction ends with it.
    commits: bool,
    /// When it was written whole, in lines of the trace.
    written: usize,
}

/// How many answers, about how many events, after how many syncs.
fn show(seed: u64, calls: &[Call]) -> Result<(u64, u64, u64)> {
    let wal: Vec<&Call> = calls
        .iter()
        .filter(|call| call.path.ends_with("-wal"))
        .collect();
    let frames = frames(&wal)?;
    let is_sync = |call: &&&Call| call.name == "fsync" || call.name == "fdatasync";
    let syncs: Vec<&&Call> = wal.iter().filter(is_sync).collect();
    let mut counts = (0, 0, syncs.len() as u64);
    for call in calls {
        let Some(acknowledged) = acknowledged(call)? else {
            continue;
        };
        let committed = commit_of(seed, &acknowledged, &frames)?;
        ensure!(
            syncs.iter().any(|sync| {
                sync.answer == "0" && sync.began > committed && sync.ended < call.began
            }),
            "answered at line {} what was written at line {committed} and not synced in between: \
             {acknowledged:?}",
            call.began
        );
        counts.0 += 1;
        counts.1 += acknowledged.last + 1 - acknowledged.first;
    }
    ensure!(counts.0 > 0, "nothing was answered");
    Ok(counts)
}

/// What is answered with that call, if it is that an append is in the log.
pub(crate) fn acknowledged(call: &Call) -> Result<Option<Acknowledged>> {
    if call.name != "write" || !call.path.starts_with("pipe:") {
        return Ok(None);
    }
    match serde_json::from_slice(&call.bytes()?) {
        Ok(Answer::Acknowledged(acknowledged)) => Ok(Some(acknowledged)),
        _ => Ok(None),
    }
}

/// The pages that were written to the WAL, in order.
fn frames(wal: &[&Call]) -> Result<Vec<Frame>> {
    // A page comes after its header, or with it.
    let mut headers: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut frames = Vec::new();
    for call in wal {
        match &*call.name {
            "pwrite64" => {}
            "openat" | "unlink" | "ftruncate" | "fsync" | "fdatasync" => continue,
            other => bail!("the WAL is written with `{other}`, which is not followed here"),
        }
        let (bytes, offset) = (call.bytes()?, call.offset()?);
        if bytes.len() as u64 == FRAME_HEADER {
            headers.insert(offset, bytes);
        } else if offset > 0 {
            let header = headers.remove(&(offset - FRAME_HEADER));
            let header = header.with_context(|| format!("no header at {offset}"))?;
            frames.push(Frame {
                page: bytes,
                // The size of the database after the commit, where the frame is one's last.
                commits: header[4..8] != [0; 4],
                written: call.ended,
            });
        }
    }
    ensure!(headers.is_empty(), "headers without a page");
    Ok(frames)
}

/// When the transaction with these events was written whole.
fn commit_of(seed: u64, acknowledged: &Acknowledged, frames: &[Frame]) -> Result<usize> {
    let batch = acknowledged.batch;
    let mut whole = 0;
    for name in Plan::of(seed, batch)
        .events(seed, batch)
        .iter()
        .take(acknowledged.recordedtimes.len())
    {
        let member = format!("\"id\":\"{}\"", name.id());
        let first = frames
            .iter()
            .position(|frame| contains(&frame.page, member.as_bytes()));
        let first = first.with_context(|| format!("{member} was never written"))?;
        let commit = frames[first..].iter().position(|frame| frame.commits);
        let commit = commit.context("written and never committed")?;
        let transaction = frames[first..=first + commit].iter();
        whole = transaction
            .map(|frame| frame.written)
            .max()
            .unwrap_or(0)
            .max(whole);
    }
    Ok(whole)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
