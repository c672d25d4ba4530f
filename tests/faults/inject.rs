//! Calls of the system that fail: each write, sync and truncation of a short run once, with EIO and
//! with ENOSPC.
//!
//! `strace` counts calls by thread, so a fault at the n-th call is one at the n-th call of each
//! thread that gets as far, and one at the n-th call of each connection that is made after it: what
//! fails goes on failing, as broken disks do, until another process comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::answer::Answer;
use crate::arguments::Wanted;
use crate::check::{Checked, check};
use crate::claims::unknown;
use crate::process::{Ended, Moment, Writing, writer};
use crate::round::round;
use crate::store::{Store, wait_for};
use crate::trace::{Call, calls, traced};
use crate::writer::Orders;

/// The calls that can lose something.
const CALLS: [&str; 5] = ["pwrite64", "write", "fsync", "fdatasync", "ftruncate"];
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];

/// A place for a fault: the how-manieth of which call, of which thread, about which file.
type Place = (String, String, usize, u64);

pub(crate) fn into_appends(case: &'static str, wanted: Wanted) -> Result<String> {
    inject(case, wanted, Ground::Ledger)
}

pub(crate) fn into_making_a_ledger(case: &'static str, wanted: Wanted) -> Result<String> {
    inject(case, wanted, Ground::Nothing)
}

pub(crate) fn into_recovery(case: &'static str, wanted: Wanted) -> Result<String> {
    inject(case, wanted, Ground::Killed)
}

/// What there is when the faults begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    Nothing,
    Ledger,
    /// A ledger whose last writer was killed.
    Killed,
}

impl Ground {
    /// How many batches the run appends: as many as bring it to the calls that are meant.
    const fn batches(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Ledger => 4,
            Self::Killed => 1,
        }
    }
}

/// How often a run is had again that met no fault: threads take turns differently each time.
const TRIES: u64 = 8;

/// A fault, as it is asked for.
#[derive(Clone, Copy, Debug)]
struct Fault<'a> {
    file: &'a str,
    call: &'a str,
    number: u64,
    error: &'a str,
}

/// What all runs of a case begin with.
struct Trial<'a> {
    folder: &'a Path,
    base: &'a Path,
    seed: u64,
    batches: u64,
    before: &'a [Answer],
}

impl Trial<'_> {
    fn run(&self, name: &str, options: &[String]) -> Result<Run> {
        let orders = |store| Orders::new(store, self.seed, 1, 1, self.batches);
        Run::start(self.folder, self.base, name, orders, options)
    }

    /// Runs until the fault is met, and checks each time. Where it was met.
    fn meet(&self, fault: &Fault<'_>, figures: &mut Figures) -> Result<BTreeSet<Place>> {
        let Fault {
            file,
            call,
            number,
            error,
        } = fault;
        for tried in 0..TRIES {
            let name = format!("{file}-{call}-{number}-{error}-{tried}");
            let path = self.folder.join(&name).join(file);
            let options = [
                format!("-P{}", path.display()),
                format!("-etrace={call}"),
                format!("-einject={call}:error={error}:when={number}"),
            ];
            let run = self.run(&name, &options)?;
            let checked = run.check(self.seed, self.before);
            let checked = checked.with_context(|| format!("{:?}", run.ended))?;
            ensure!(
                (*error, *call) != ("ENOSPC", "pwrite64") || run.says_full(),
                "not told that the disk is full: {:?}",
                run.ended
            );
            figures.add(&run, &checked);
            fs::remove_dir_all(&run.folder)?;
            let met = faults(&run.trace);
            if !met.is_empty() {
                let sum = figures.faults.entry(format!("{call} {error}")).or_default();
                *sum += met.len() as u64;
                return Ok(met);
            }
        }
        figures.missed += 1;
        Ok(BTreeSet::new())
    }
}

#[derive(Default)]
struct Figures {
    runs: u64,
    faults: BTreeMap<String, u64>,
    missed: u64,
    not_opened: u64,
    unknown: u64,
    acknowledged: u64,
    settled: u64,
}

fn inject(case: &'static str, wanted: Wanted, ground: Ground) -> Result<String> {
    let seed = wanted.seed;
    round(case, seed, |folder| {
        let base = folder.join("base");
        fs::create_dir(&base)?;
        let mut before = Vec::new();
        let store = Store::in_folder(&base);
        if ground == Ground::Ledger {
            let orders = Orders::new(store, seed, 0, 2, 4);
            before = Writing::start(writer(&orders)?)?.end()?.said;
        } else if ground == Ground::Killed {
            let orders = Orders::new(store, seed, 0, 2, u64::MAX);
            let moment = Moment::Said(8, Duration::ZERO);
            before = Writing::start(writer(&orders)?)?.kill_at(moment)?.said;
        }
        let trial = Trial {
            folder,
            base: &base,
            seed,
            batches: ground.batches(),
            before: &before,
        };
        let clean = trial.run("clean", &[format!("-etrace={},unlink", CALLS.join(","))])?;
        ensure!(!clean.ended.was_killed()? && faults(&clean.trace).is_empty());
        let places: BTreeSet<Place> = places(&clean.trace)
            .into_iter()
            .map(|(place, _)| place)
            .collect();
        let mut figures = Figures::default();
        let mut hit = BTreeSet::new();
        for (file, call, numbers) in by_file(&places) {
            for number in 1..=numbers {
                for error in ERRORS {
                    let fault = Fault {
                        file: &file,
                        call: &call,
                        number,
                        error,
                    };
                    let met = trial.meet(&fault, &mut figures);
                    hit.extend(met.with_context(|| format!("{fault:?}"))?);
                }
            }
        }
        let covered = places.intersection(&hit).count();
        ensure!(
            figures.missed * 5 <= figures.runs,
            "{} of {} runs met no fault",
            figures.missed,
            figures.runs
        );
        Ok(figures.told(covered, places.len()))
    })
}

impl Figures {
    fn add(&mut self, run: &Run, checked: &Checked) {
        let said =
            |wanted: fn(&Answer) -> bool| run.ended.said.iter().filter(|a| wanted(a)).count();
        self.runs += 1;
        self.not_opened += said(|answer| matches!(answer, Answer::NotOpened { .. })) as u64;
        self.unknown += said(|answer| matches!(answer, Answer::Unknown { .. })) as u64;
        self.acknowledged += checked.acknowledged;
        self.settled += checked.settled;
    }

    fn told(&self, covered: usize, places: usize) -> String {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(fault, count)| format!("{count} {fault}"))
            .collect();
        format!(
            "{} runs, faults: {} ({covered} of {places} calls of the run failed); {} ledgers not opened, {} batches \
             unknown, {} settled; {} events acknowledged, losses: 0",
            self.runs,
            faults.join(", "),
            self.not_opened,
            self.unknown,
            self.settled,
            self.acknowledged
        )
    }
}

/// The calls that a ledger's files depend on, each as a place for a fault.
fn places(trace: &[Call]) -> Vec<(Place, &Call)> {
    let mut threads: BTreeMap<(String, String), Vec<(u32, u64)>> = BTreeMap::new();
    let mut places = Vec::new();
    for call in trace.iter().filter(|call| CALLS.contains(&&*call.name)) {
        let Some(file) = ledger_file(&call.path) else {
            continue;
        };
        let of_call = (file.clone(), call.name.clone());
        let threads = threads.entry(of_call).or_default();
        let rank = threads
            .iter()
            .position(|(thread, _)| *thread == call.thread);
        let rank = rank.unwrap_or_else(|| {
            threads.push((call.thread, 0));
            threads.len() - 1
        });
        threads[rank].1 += 1;
        places.push(((file, call.name.clone(), rank, threads[rank].1), call));
    }
    places
}

/// The places where a fault was injected.
fn faults(trace: &[Call]) -> BTreeSet<Place> {
    let injected = places(trace)
        .into_iter()
        .filter(|(_, call)| call.was_injected());
    injected.map(|(place, _)| place).collect()
}

/// The name of the file, where it is one of the ledger's.
fn ledger_file(path: &str) -> Option<String> {
    let name = Path::new(path).file_name()?.to_str()?;
    name.starts_with("log.db").then(|| name.to_owned())
}

/// Of each file and call, the most that one thread makes.
fn by_file(places: &BTreeSet<Place>) -> Vec<(String, String, u64)> {
    let mut most: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (file, call, _, number) in places {
        let count = most.entry((file.clone(), call.clone())).or_default();
        *count = (*count).max(*number);
    }
    most.into_iter()
        .map(|((file, call), count)| (file, call, count))
        .collect()
}

/// A writer that met a fault, and what is left.
struct Run {
    folder: std::path::PathBuf,
    store: Store,
    ended: Ended,
    trace: Vec<Call>,
}

impl Run {
    fn start(
        folder: &Path,
        base: &Path,
        name: &str,
        orders: impl Fn(Store) -> Orders,
        options: &[String],
    ) -> Result<Self> {
        let folder = folder.join(name);
        fs::create_dir(&folder)?;
        for file in fs::read_dir(base)? {
            let file = file?;
            fs::copy(file.path(), folder.join(file.file_name()))?;
        }
        let store = Store::in_folder(&folder);
        let orders = Orders {
            one_thread: true,
            tries: 2,
            ..orders(store.clone())
        };
        let trace = folder.join("trace");
        let ended = Writing::start(traced(&orders, &trace, options)?)?.end()?;
        let trace = calls(&fs::read_to_string(&trace)?)?;
        Ok(Self {
            folder,
            store,
            ended,
            trace,
        })
    }

    /// Whether the reason of every failure is that the disk is full.
    fn says_full(&self) -> bool {
        self.ended.said.iter().all(|answer| match answer {
            Answer::NotOpened { why }
            | Answer::Failed { why, .. }
            | Answer::Unknown { why, .. } => why.contains("disk is full"),
            _ => true,
        })
    }

    /// Holds what was said against what is left, once what stayed unknown was settled by a writer
    /// that meets no fault.
    fn check(&self, seed: u64, before: &[Answer]) -> Result<Checked> {
        ensure!(
            matches!(self.ended.status.code(), Some(0 | 1)),
            "the writer broke"
        );
        let mut said = [before, &self.ended.said].concat();
        let next = Orders {
            settle: unknown(&said),
            ..Orders::new(self.store.clone(), seed, 2, 1, 2)
        };
        let next_ended = Writing::start(writer(&next)?)?.end()?;
        ensure!(!next_ended.was_killed()?);
        said.extend(next_ended.said);
        let left = unknown(&said);
        ensure!(left.is_empty(), "still unknown: {left:?}");
        wait_for(check(&self.store, seed, &said))
    }
}
