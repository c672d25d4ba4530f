//! `standing snapshot`: everybody's history kept in files, and questions begun with it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::Position;
use standing_projections::facts::History;

use super::output::{Format, table};
use super::{Context, Failure, moving};
use crate::history::snapshot::{Origin, Snapshot, SnapshotError};
use crate::history::{self, Begun, Scope, Unused};
use crate::ledger::Ledger;
use crate::transfer::tree_of;

/// Where a snapshot goes when no other folder is named.
const FOLDER: &str = "standing.snapshot";

/// Keep everybody's history in files, so that the next question begins with them
///
/// What is there already is carried on with what came since. Name the folder with `--snapshot` or
/// `STANDING_SNAPSHOT` when you ask. It can be deleted at any time: the log is the truth.
#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    /// The folder (default: the one that `--snapshot` names, or `standing.snapshot`)
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// What was kept.
#[derive(Serialize)]
struct Kept {
    snapshot: String,
    position: Position,
    developers: u64,
    apps: u64,
    facts: u64,
    bytes: u64,
    bytes_per_event: f64,
    root: String,
}

pub(super) async fn run(context: &Context, args: SnapshotArgs) -> Result<ExitCode, Failure> {
    let named = args.output.or_else(|| context.snapshot.clone());
    let folder = named.unwrap_or_else(|| PathBuf::from(FOLDER));
    let ledger = context.open().await?;
    let head = ledger.head().await?.position;
    let bar = moving::progress(context, head.0);
    let loaded = history::load_everybody(&*ledger, &folder, head, |at| bar.set_position(at.0));
    let loaded = loaded.await;
    bar.finish_and_clear();
    let (history, begun) = loaded?;
    let snapshot = match begun {
        Begun::Snapshot(position) if position == head => {
            context.out.say("it is up to date");
            let snapshot = Snapshot::open(&folder)?;
            snapshot.tidy();
            snapshot
        }
        begun => {
            if let Begun::Log(unused) = begun
                && !matches!(unused, Unused::Snapshot(SnapshotError::Missing { .. }))
            {
                let there = folder.display();
                let message = format!("what was in `{there}` is not carried on: {unused}");
                context.out.say(message);
            }
            let tree = tree_of(&*ledger, head.0).await?;
            Snapshot::write(&folder, &history, Origin::Log(tree))?
        }
    };
    print(context, &folder, &snapshot)?;
    Ok(ExitCode::SUCCESS)
}

fn print(context: &Context, folder: &Path, snapshot: &Snapshot) -> Result<(), Failure> {
    let manifest = snapshot.manifest();
    #[allow(clippy::cast_precision_loss, reason = "rounded on purpose")]
    let each = manifest.bytes() as f64 / manifest.position.0.max(1) as f64;
    let kept = Kept {
        snapshot: folder.display().to_string(),
        position: manifest.position,
        developers: manifest.developers(),
        apps: manifest.apps(),
        facts: manifest.facts(),
        bytes: manifest.bytes(),
        bytes_per_event: (each * 100.0).round() / 100.0,
        root: manifest.root.clone(),
    };
    match context.out.format(Format::Json) {
        Format::Table => {
            let head = [
                "POSITION",
                "DEVELOPERS",
                "APPS",
                "FACTS",
                "BYTES",
                "AN EVENT",
                "ROOT",
            ];
            let mut table = table(head);
            table.add_row([
                kept.position.to_string(),
                kept.developers.to_string(),
                kept.apps.to_string(),
                kept.facts.to_string(),
                kept.bytes.to_string(),
                kept.bytes_per_event.to_string(),
                kept.root,
            ]);
            context.out.table(&table)
        }
        _ => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&kept)?)),
    }
}

/// The history that a question is answered from, begun with the snapshot that was named where it
/// is everybody's.
pub(super) async fn history(
    context: &Context,
    ledger: &dyn Ledger,
    scope: &Scope,
    known_at: Position,
) -> Result<History, Failure> {
    let Some(folder) = context.snapshot.as_deref().filter(|_| *scope == Scope::All) else {
        return Ok(history::load(ledger, scope, known_at).await?);
    };
    let (history, begun) = history::load_everybody(ledger, folder, known_at, |_| ()).await?;
    match begun {
        Begun::Snapshot(position) => {
            let message = format!("begun with the snapshot at @{position}");
            context.out.say(message);
        }
        Begun::Log(unused) => {
            let message = format!("the log is read and not the snapshot: {unused}");
            context.out.say(message);
        }
    }
    Ok(history)
}

/// The snapshot that was named, where it is made up and there is no ledger to ask instead.
pub(super) fn made_up(context: &Context) -> Option<Snapshot> {
    if !context.has_no_ledger() {
        return None;
    }
    let snapshot = Snapshot::open(context.snapshot.as_deref()?).ok()?;
    snapshot.manifest().made_up.then_some(snapshot)
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        let failure = Self::new(format!("the snapshot cannot be had: {error}"));
        match error {
            SnapshotError::Busy { .. } => failure.hint("wait until it is done, or name another"),
            SnapshotError::Damaged { .. } | SnapshotError::Version { .. } => {
                failure.hint("make it anew, or delete it")
            }
            _ => failure,
        }
    }
}
