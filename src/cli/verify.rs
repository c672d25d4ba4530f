//! `standing verify`: the whole ledger, one event's proof or an evidence bundle, believed in nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use standing_projections::{Instant, Position};

use super::Context;
use super::bundle::verify_bundle;
use super::failure::Failure;
use super::keys::{own_verifier, verifier, verifier_of_environment};
use super::moving::progress;
use super::output::{Format, table};
use crate::bundle::BUNDLE_BYTES_MAX;
use crate::proof::check::{Checked, HeldTo, PrivateChecked, check};
use crate::proof::note::{NOTE_BYTES_MAX, NoteError};
use crate::proof::{
    Checkpoint, CheckpointError, EventProof, PROOF_BYTES_MAX, Proved, VerifierKey, hash_to_text,
};

/// Check the whole ledger, a proof of one event, or an evidence bundle
///
/// Of a ledger, every event is hashed again, the tree is built anew, and everything that is stored
/// beside is compared with it, the checkpoints that were kept included. Proofs and bundles are
/// checked without a ledger, and of a bundle the answer is derived again. What is wrong is named, and the
/// exit code is 1.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A proof or a bundle, as `standing prove` and `standing bundle` make them; `-` is standard input
    #[arg(value_name = "PROOF", conflicts_with = "against")]
    proof: Option<PathBuf>,
    /// The log's verifier key, or a file with it; again for each that the log has had
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// A checkpoint that was kept elsewhere: the log must go on from it
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: VerifyArgs) -> Result<ExitCode, Failure> {
    let typed: Result<Vec<VerifierKey>, Failure> =
        args.keys.iter().map(|key| verifier(key)).collect();
    let typed = typed?;
    match &args.proof {
        Some(path) => verify_proof(context, path, typed),
        None => verify_ledger(context, typed, args.against.as_deref()).await,
    }
}

/// Checks a proof or a bundle, without a ledger.
fn verify_proof(
    context: &Context,
    path: &Path,
    mut keys: Vec<VerifierKey>,
) -> Result<ExitCode, Failure> {
    if keys.is_empty() {
        keys.extend(verifier_of_environment()?);
    }
    if keys.is_empty() {
        return Err(
            Failure::new("a proof is checked by the verifier key of the log")
                .hint("name it with `--key`: the log's owner prints it with `standing keys show`"),
        );
    }
    let named =
        |error: &dyn std::fmt::Display| Failure::new(format_args!("`{}`: {error}", path.display()));
    let mut input = open(path)?;
    let mut file = read_from(path, &mut input, PROOF_BYTES_MAX)?;
    // Every bundle begins so, and no proof does.
    if file.starts_with(b"{") {
        let more = BUNDLE_BYTES_MAX.saturating_sub(file.len());
        file.extend(read_from(path, &mut input, more)?);
        return verify_bundle(context, path, &file, &keys);
    }
    let proof = EventProof::parse(&file).map_err(|error| named(&error))?;
    let proved = proof.verify(&keys).map_err(|error| named(&error))?;
    print_proved(context, proved)?;
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a file, one more than the most that are wanted where there are more.
fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    read_from(path, &mut open(path)?, bytes_max)
}

fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    match path.to_str() {
        Some("-") => Ok(Box::new(io::stdin())),
        _ => File::open(path)
            .map(|file| Box::new(file) as Box<dyn Read>)
            .map_err(|error| unreadable(path, &error)),
    }
}

fn read_from(path: &Path, input: &mut dyn Read, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    input
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format_args!("`{}` cannot be read: {error}", path.display()))
}

/// What a proof has shown.
#[derive(Serialize)]
struct ProvedEvent {
    position: Position,
    recordedtime: Instant,
    origin: String,
    tree_size: u64,
    root: String,
    event: Box<RawValue>,
}

fn print_proved(context: &Context, proved: Proved) -> Result<(), Failure> {
    let Proved { event, checkpoint } = proved;
    let json = event.json.clone();
    let shown = ProvedEvent {
        position: event.position,
        recordedtime: event.recordedtime,
        origin: checkpoint.origin,
        tree_size: checkpoint.head.size,
        root: hash_to_text(checkpoint.head.root),
        event: RawValue::from_string(event.json)?,
    };
    match context.out.format(Format::Json) {
        Format::Table => {
            let mut table = table([
                "POSITION",
                "RECORDED",
                "TYPE",
                "SUBJECT",
                "LOG",
                "TREE SIZE",
            ]);
            table.add_row([
                shown.position.to_string(),
                shown.recordedtime.to_string(),
                event.kind.to_string(),
                event.subject,
                shown.origin,
                shown.tree_size.to_string(),
            ]);
            context.out.table(&table)?;
            context.out.text(&format!("{json}\n"))
        }
        _ => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&shown)?)),
    }
}

/// Checks a ledger.
async fn verify_ledger(
    context: &Context,
    typed: Vec<VerifierKey>,
    against: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let all_signed = !typed.is_empty();
    let keys = match all_signed {
        true => typed,
        false => own_verifier(context)?.into_iter().collect(),
    };
    let against = against.map(|path| older(context, path, &keys, all_signed));
    let against = against.transpose()?;
    let ledger = context.open().await?;
    let held_to = HeldTo {
        keys,
        all_signed,
        against,
    };
    let progress = progress(context, ledger.head().await?.position.0);
    let checked = check(&ledger, &held_to, |events| progress.set_position(events)).await;
    progress.finish_and_clear();
    let checked = checked?;
    print_checked(context, &checked)?;
    if checked.checkpoints > 0 && held_to.keys.is_empty() {
        context.out.hint(
            "the signatures of the kept checkpoints were not checked: name the log's key with `--key`",
        );
    }
    match checked.findings.count() {
        0 => Ok(ExitCode::SUCCESS),
        1 => Err(Failure::new(
            "the ledger is not what it says: 1 thing is wrong",
        )),
        count => Err(Failure::new(format_args!(
            "the ledger is not what it says: {count} things are wrong"
        ))),
    }
}

/// A checkpoint that somebody kept.
fn older(
    context: &Context,
    path: &Path,
    keys: &[VerifierKey],
    must_be_signed: bool,
) -> Result<Checkpoint, Failure> {
    let note = read(path, NOTE_BYTES_MAX)?;
    let failed =
        |error: CheckpointError| Failure::new(format_args!("`{}`: {error}", path.display()));
    match Checkpoint::open(&note, keys) {
        Err(CheckpointError::Note(NoteError::UnknownKeys { .. })) if !must_be_signed => {
            let path = path.display();
            context.out.hint(format_args!(
                "the signature of `{path}` was not checked: name the log's key with `--key`"
            ));
            Checkpoint::claimed(&note).map_err(failed)
        }
        opened => opened.map_err(failed),
    }
}

/// What was checked and found.
#[derive(Serialize)]
struct Report {
    events: u64,
    tree_size: Option<u64>,
    root: Option<String>,
    checkpoints: u64,
    signatures: u64,
    private: PrivateChecked,
    findings: Vec<Found>,
    findings_not_shown: u64,
}

#[derive(Serialize)]
struct Found {
    position: Option<Position>,
    code: &'static str,
    message: String,
}

fn print_checked(context: &Context, checked: &Checked) -> Result<(), Failure> {
    let findings: Vec<Found> = checked
        .findings
        .kept()
        .iter()
        .map(|finding| Found {
            position: finding.position,
            code: finding.problem.code(),
            message: finding.problem.to_string(),
        })
        .collect();
    let report = Report {
        events: checked.events,
        tree_size: checked.tree.map(|tree| tree.size),
        root: checked.tree.map(|tree| hash_to_text(tree.root)),
        checkpoints: checked.checkpoints,
        signatures: checked.signatures,
        private: checked.private,
        findings_not_shown: checked.findings.count() - findings.len() as u64,
        findings,
    };
    if context.out.format(Format::Json) != Format::Table {
        let report = serde_json::to_string(&report)?;
        return context.out.text(&format!("{report}\n"));
    }
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let mut summary = table([
        "EVENTS",
        "TREE SIZE",
        "ROOT",
        "CHECKPOINTS",
        "SIGNATURES",
        "PRIVATE",
    ]);
    summary.add_row([
        report.events.to_string(),
        number(report.tree_size),
        report.root.clone().unwrap_or_default(),
        report.checkpoints.to_string(),
        report.signatures.to_string(),
        report.private.checked.to_string(),
    ]);
    context.out.table(&summary)?;
    if !report.findings.is_empty() {
        let mut found = table(["POSITION", "WRONG"]);
        for finding in &report.findings {
            let position = number(finding.position.map(|position| position.0));
            found.add_row([position, finding.message.clone()]);
        }
        if report.findings_not_shown > 0 {
            let more = format!("and {} more", report.findings_not_shown);
            found.add_row([String::new(), more]);
        }
        context.out.table(&found)?;
    }
    Ok(())
}
