//! A disk that fills up, and has room again.
//!
//! The disk is a small file system in memory. Mounting one takes a namespace of its own, which not
//! everybody may have; the program starts itself again in it, so that nothing stays mounted
//! whatever happens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::arguments::Wanted;
use crate::check::check;
use crate::import::{Files, good, log, standing, tally};
use crate::plan::numbers;
use crate::process::{Writing, writer};
use crate::store::{Store, wait_for};
use crate::writer::Orders;

/// What tells, as the first argument, that the program is in a namespace of its own.
pub(crate) const IN_NAMESPACE: &str = "--in-namespace";

/// How many disks are filled.
const DISKS: u64 = 6;

/// The command that gives a namespace in which one may mount, if there is one: for root, and for
/// those who may be root in a namespace of their own.
static UNSHARE: LazyLock<Option<&[&str]>> = LazyLock::new(|| {
    const COMMANDS: [&[&str]; 2] = [
        &["unshare", "--mount"],
        &["unshare", "--user", "--map-root-user", "--mount"],
    ];
    let works = |command: &&&[&str]| {
        let mut tried = Command::new(command[0]);
        tried.args(&command[1..]);
        tried.args(["mount", "-t", "tmpfs", "-o", "size=64k", "faults", "/mnt"]);
        tried.output().is_ok_and(|output| output.status.success())
    };
    COMMANDS.iter().find(works).copied()
});

/// Whether small disks can be had.
pub(crate) fn can_mount() -> bool {
    UNSHARE.is_some()
}

pub(crate) fn import_goes_on_when_there_is_room(
    case: &'static str,
    wanted: Wanted,
) -> Result<String> {
    in_namespace(case, wanted)
}

pub(crate) fn writers_go_on_when_there_is_room(
    case: &'static str,
    wanted: Wanted,
) -> Result<String> {
    in_namespace(case, wanted)
}

/// Starts the program again, to do the case where it may mount.
fn in_namespace(case: &str, wanted: Wanted) -> Result<String> {
    let unshare = UNSHARE.context("no disk can be mounted here")?;
    let mut command = Command::new(unshare[0]);
    command.args(&unshare[1..]).arg(std::env::current_exe()?);
    command.args([IN_NAMESPACE, case, &wanted.seed.to_string()]);
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{stderr}repeat with: cargo test --test faults -- --seed {} --case {case}",
        wanted.seed
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The program in a namespace of its own: does the case.
pub(crate) fn main() -> ExitCode {
    match work() {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<String> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [case, seed] = &arguments[..] else {
        bail!("a case and a seed");
    };
    let seed: u64 = seed.parse()?;
    let fill = match case.rsplit_once("::") {
        Some((_, "import_goes_on_when_there_is_room")) => import,
        Some((_, "writers_go_on_when_there_is_room")) => write,
        _ => bail!("no such case: {case}"),
    };
    let (mut events, mut told) = (0, 0);
    for number in 0..DISKS {
        let mut rng = numbers(seed, &[number]);
        // From too little to make a ledger up to some dozens of appends.
        let kib = match (number, case.contains("import")) {
            (0 | 1, true) => rng.u64(16..320),
            _ => rng.u64(500..3_000),
        };
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

/// A small disk.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn new(kib: u64) -> Result<Self> {
        let folder = TempDir::with_prefix("standing-disk-")?;
        mount(
            &["-t", "tmpfs", "-o", &format!("size={kib}k"), "faults"],
            folder.path(),
        )?;
        Ok(Self { folder })
    }

    fn store(&self) -> Store {
        Store::in_folder(self.folder.path())
    }

    fn make_room(&self) -> Result<()> {
        mount(&["-o", "remount,size=64m"], self.folder.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where it is still in use it goes with the namespace.
        let _ = Command::new("umount").arg(self.folder.path()).output();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(folder).output()?;
    good(output).map(drop)
}

/// Imports until the disk is full, and again with more room. How many events were acknowledged,
/// and how often it was told that the disk is full.
fn import(disk: &Disk, _seed: u64) -> Result<(u64, u64)> {
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
        let PathIn(path) = PathIn::of(&store);
        ensure!(!path.exists() || fs::metadata(&path)?.len() < 1 << 20);
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

struct PathIn(PathBuf);

impl PathIn {
    fn of(store: &Store) -> Self {
        let Store::Sqlite(path) = store;
        Self(path.clone())
    }
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
fn write(disk: &Disk, seed: u64) -> Result<(u64, u64)> {
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
    let ended = writing.kill_at(crate::process::Moment::Said(0, Default::default()))?;
    let told = ended.said.iter().filter(|answer| is_full(answer)).count() as u64;
    let checked = wait_for(check(&store, seed, &ended.said))?;
    Ok((checked.acknowledged, told))
}
