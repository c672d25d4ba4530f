//! A ledger that may not be written to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::import::{Files, good, standing};
use crate::mounts::Disk;

/// Every command says so, says what to do and leaves the ledger as it is; once it may be written to,
/// all goes on.
pub(crate) fn refuse(_seed: u64) -> Result<String> {
    let work = TempDir::with_prefix("standing-faults-")?;
    let disk = Disk::new(16_000)?;
    let (folder, store) = (work.path(), disk.store());
    let files = Files::write(folder, 3, 10)?;
    good(
        standing(folder, &store)
            .args(["init", "--preset", "weibo"])
            .output()?,
    )?;
    disk.forbid_writing(true)?;
    let before = contents(disk.folder())?;
    let complaint = ["complaint.received", "a1", "class=normal"];
    let commands = [
        files.import(folder, &store),
        {
            let mut record = standing(folder, &store);
            record.arg("record").args(complaint);
            record
        },
        {
            let mut init = standing(folder, &store);
            init.args(["init", "--preset", "weibo"]);
            init
        },
    ];
    let count = commands.len();
    for mut command in commands {
        let output = command.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(1)
                && stderr.contains("cannot be written to")
                && stderr.contains("check the permissions"),
            "{command:?}: {}: {stderr}",
            output.status
        );
    }
    ensure!(contents(disk.folder())? == before, "the ledger has changed");
    disk.forbid_writing(false)?;
    good(files.import(folder, &store).output()?)?;
    Ok(format!("{count} commands refused, the ledger as it was"))
}

fn contents(folder: &Path) -> Result<BTreeMap<std::ffi::OsString, Vec<u8>>> {
    let files = fs::read_dir(folder)?.map(|file| {
        let file = file?;
        Ok((file.file_name(), fs::read(file.path())?))
    });
    files.collect()
}
