//! Small disks of one's own, to be filled and forbidden.
//!
//! Mounting takes a namespace of its own, which not everybody may have; the program starts itself
//! again in it, so that nothing stays mounted whatever happens.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::arguments::Wanted;
use crate::import::good;
use crate::store::Store;
use crate::{full, readonly};

/// What tells, as the first argument, that the program is in a namespace of its own.
pub(crate) const IN_NAMESPACE: &str = "--in-namespace";

/// What is done there, by the case's name.
type Work = fn(u64) -> Result<String>;
const WORKS: [(&str, Work); 3] = [
    ("full::import_goes_on_when_there_is_room", full::import),
    ("full::writers_go_on_when_there_is_room", full::write),
    (
        "readonly::nothing_is_written_and_that_is_told",
        readonly::refuse,
    ),
];

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

/// Starts the program again, to do the case where it may mount.
pub(crate) fn in_namespace(case: &'static str, wanted: Wanted) -> Result<String> {
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
    let mut works = WORKS.iter().filter(|(name, _)| name == case);
    let (_, work) = works.next().context("no such case")?;
    work(seed.parse()?)
}

/// A small disk, in memory.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    pub(crate) fn new(kib: u64) -> Result<Self> {
        let folder = TempDir::with_prefix("standing-disk-")?;
        let size = format!("size={kib}k");
        mount(&["-t", "tmpfs", "-o", &size, "faults"], folder.path())?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> Store {
        Store::in_folder(self.folder())
    }

    pub(crate) fn make_room(&self) -> Result<()> {
        mount(&["-o", "remount,size=64m"], self.folder())
    }

    pub(crate) fn forbid_writing(&self, forbid: bool) -> Result<()> {
        let how = if forbid { "remount,ro" } else { "remount,rw" };
        mount(&["-o", how], self.folder())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where it is still in use it goes with the namespace.
        let _ = Command::new("umount").arg(self.folder()).output();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(folder).output()?;
    good(output).map(drop)
}
