//! `standing import`, killed and run again, as a person would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use standing::ledger::StoredEvent;
use standing_projections::Instant;

use crate::arguments::Wanted;
use crate::check::{check_order, read_all};
use crate::plan::numbers;
use crate::round::round;
use crate::store::{Store, wait_for};

/// How many files one import reads; each is appended as a batch.
const FILES: usize = 12;
/// How many events are in each.
const EVENTS: usize = 25;

/// The program, about to run on the ledger of that folder.
pub(crate) fn standing(folder: &Path, store: &Store) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.current_dir(folder).stdin(Stdio::null());
    command.env("STANDING_LEDGER", store.to_string());
    command
}

/// What the program printed, once it is known to have gone well.
pub(crate) fn good(output: Output) -> Result<Output> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {stderr}", output.status);
    Ok(output)
}

/// Files to import: developers and apps first, then complaints about them.
pub(crate) struct Files {
    /// The events of each file.
    pub(crate) events: Vec<Vec<Value>>,
    paths: Vec<PathBuf>,
}

impl Files {
    pub(crate) fn write(folder: &Path, files: usize, events: usize) -> Result<Self> {
        let event = |kind: &str, id: String, subject: &str, data: Value| {
            json!({
                "specversion": "1.0", "id": id, "source": "/import", "type": kind,
                "time": "2016-03-01T00:00:00Z", "subject": subject, "data": data,
            })
        };
        let ground = vec![
            event(
                "developer.registered",
                "d1".into(),
                "d1",
                json!({"name": "D", "kind": "connection"}),
            ),
            event(
                "app.registered",
                "a1".into(),
                "a1",
                json!({"developer": "d1", "name": "A", "channel": "in_site"}),
            ),
        ];
        let complaint = |file: usize, number: usize| {
            event(
                "complaint.received",
                format!("{file}/{number}"),
                "a1",
                json!({"class": "normal", "note": "x".repeat(number * 7 % 200)}),
            )
        };
        let mut all = vec![ground];
        all.extend((1..files).map(|file| (0..events).map(|n| complaint(file, n)).collect()));
        let mut paths = Vec::new();
        for (index, events) in all.iter().enumerate() {
            let path = folder.join(format!("{index}.jsonl"));
            let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
            fs::write(&path, lines)?;
            paths.push(path);
        }
        Ok(Self { events: all, paths })
    }

    pub(crate) fn count(&self) -> u64 {
        self.events.iter().map(|events| events.len() as u64).sum()
    }

    /// `standing import` of all the files.
    pub(crate) fn import(&self, folder: &Path, store: &Store) -> Command {
        let mut command = standing(folder, store);
        command.arg("import").args(["--rejects", "rejects.jsonl"]);
        command.args(&self.paths);
        command
    }

    /// How many events of the log come from the files: whole files, in order, from the first on,
    /// each event as it was sent.
    pub(crate) fn check_whole(&self, log: &[StoredEvent]) -> Result<u64> {
        let found: Vec<&StoredEvent> = log.iter().filter(|e| e.source == "/import").collect();
        let mut ends = self.events.iter().scan(0, |sum, events| {
            *sum += events.len();
            Some(*sum)
        });
        ensure!(
            found.is_empty() || ends.any(|end| end == found.len()),
            "{} events are no whole number of files",
            found.len()
        );
        for (event, stored) in self.events.iter().flatten().zip(&found) {
            let mut wanted = event.clone();
            wanted["recordedtime"] = json!(stored.recordedtime.to_string());
            let wanted = serde_json_canonicalizer::to_string(&wanted)?;
            ensure!(stored.json == wanted, "{} is not {wanted}", stored.json);
        }
        Ok(found.len() as u64)
    }
}

/// What an import says that it came to.
pub(crate) fn tally(output: &Output) -> Result<(u64, u64, u64)> {
    let tally: Value = serde_json::from_slice(&output.stdout)?;
    let count = |key: &str| tally[key].as_u64().context("no tally");
    Ok((count("appended")?, count("duplicates")?, count("refused")?))
}

/// The log, in order and undamaged.
pub(crate) async fn log(store: &Store) -> Result<Vec<StoredEvent>> {
    let ledger = store.open_existing().await?;
    let log = read_all(&*ledger).await;
    let damage = ledger.integrity().await;
    ledger.close().await;
    let (log, damage) = (log?, damage?);
    check_order(&log)?;
    ensure!(damage.is_empty(), "the database is damaged: {damage:?}");
    Ok(log)
}

pub(crate) fn imports_are_completed(case: &'static str, wanted: Wanted) -> Result<String> {
    let (mut killed, mut parts, mut kept) = (0, 0, 0);
    let ledgers = (wanted.kills / 8).div_ceil(3);
    for number in 0..ledgers {
        let seed = wanted.seed + number;
        let run = round(case, seed, |folder| killed_import(folder, seed))?;
        killed += run.killed;
        parts += u64::from(run.part);
        kept += run.kept;
    }
    Ok(format!(
        "{ledgers} ledgers, {killed} imports killed, {parts} ledgers had a part; {kept} events \
         were there already for the next import, losses: 0"
    ))
}

struct Run {
    killed: u64,
    part: bool,
    kept: u64,
}

fn killed_import(folder: &Path, seed: u64) -> Result<Run> {
    let store = Store::in_folder(folder);
    good(
        standing(folder, &store)
            .args(["init", "--preset", "weibo"])
            .output()?,
    )?;
    let files = Files::write(folder, FILES, EVENTS)?;
    let mut rng = numbers(seed, &[0]);
    let mut run = Run {
        killed: 0,
        part: false,
        kept: 0,
    };
    let mut seen: Option<Instant> = None;
    for _ in 0..3 {
        let mut import = files.import(folder, &store);
        let mut import = import
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        std::thread::sleep(Duration::from_micros(rng.u64(10_000..100_000)));
        import.kill()?;
        let output = import.wait_with_output()?;
        run.killed += u64::from(output.status.code().is_none());
        let log = wait_for(log(&store))?;
        let kept = files.check_whole(&log)?;
        ensure!(kept >= run.kept, "events are gone");
        run.kept = kept;
        run.part |= kept > 0 && kept < files.count();
        let last = log.last().map(|event| event.recordedtime);
        ensure!(last >= seen, "recorded time went back");
        seen = last;
    }
    for duplicates in [run.kept, files.count()] {
        let output = good(files.import(folder, &store).output()?)?;
        let expected = (files.count() - duplicates, duplicates, 0);
        ensure!(
            tally(&output)? == expected,
            "{output:?} is not {expected:?}"
        );
        ensure!(files.check_whole(&wait_for(log(&store))?)? == files.count());
    }
    Ok(run)
}
