//! `standing bundle`: how a developer stands, with the evidence, as a file that is checked offline. And
//! `standing verify` of one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::{Ask, Instant, Position};

use super::Context;
use super::ask::{developer_of, known_at};
use super::checkpoint::write;
use super::failure::Failure;
use super::keys::SignerArgs;
use super::output::{Format, table};
use super::prove::checkpoint;
use crate::bundle::{BundleError, MakeError, UNPROVED, Verified, make, verify};
use crate::history::KnownAt;
use crate::proof::{VerifierKey, hash_to_text};

/// Bundle the evidence of how a developer stands: a file that anyone can check with the log's key
///
/// The file holds the developer's events and the rulebooks as the log has them, the proof that all of
/// them are in the log, and the answer of `standing assess`. Whoever has it checks it with `standing
/// verify`, which derives the answer again. It tells who complained: give it to nobody who must not know.
#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    /// The developer, or one of its apps
    #[arg(value_name = "DEVELOPER")]
    subject: String,
    /// Only what had happened by then counts (RFC 3339; default: now)
    #[arg(long, value_name = "T")]
    as_of: Option<Instant>,
    /// Only what was known then: an instant, or a position as `@1234` (default: now)
    #[arg(long, value_name = "K", value_parser = KnownAt::parse)]
    known_at: Option<KnownAt>,
    #[command(flatten)]
    signer: SignerArgs,
    /// Write it to a file instead, by custom one that ends with `.bundle`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: BundleArgs) -> Result<ExitCode, Failure> {
    let key = args.signer.find(context)?;
    let ledger = context.open().await?;
    let developer = developer_of(&*ledger, &args.subject).await?;
    let ask = Ask {
        as_of: args.as_of.unwrap_or_else(Context::now),
        known_at: known_at(context, &*ledger, args.known_at).await?,
    };
    if ask.known_at == Position(0) {
        let message = "nothing was known then";
        return Err(Failure::new(message).hint("ask with a later `--known-at`"));
    }
    let signed = checkpoint(&*ledger, key.as_ref(), ask.known_at).await?;
    let mut file = Vec::new();
    let made = make(&*ledger, &developer, ask, &signed, &mut file).await?;
    if let Some(key) = &key {
        // As whoever gets it would.
        verify(&file, std::slice::from_ref(key.verifier()))
            .map_err(|(_, error)| Failure::new(error))?;
    }
    let Some(path) = &args.output else {
        context.out.bytes(&file)?;
        return Ok(ExitCode::SUCCESS);
    };
    write(path, &file)?;
    context.out.say(format_args!(
        "wrote `{}`: `{developer}` as of {}, known at @{}: {} events and rulebooks, {} hashes, signed as `{}`",
        path.display(),
        ask.as_of,
        ask.known_at,
        made.events,
        made.hashes,
        signed.checkpoint.origin
    ));
    Ok(ExitCode::SUCCESS)
}

impl From<MakeError> for Failure {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Log(error) => error.into(),
            MakeError::Rules(error) => error.into(),
            MakeError::NotRegistered(_) => {
                Self::new(error).hint("ask with a later `--as-of` or `--known-at`")
            }
            error => Self::new(error),
        }
    }
}

/// What is printed of a bundle.
#[derive(Serialize)]
struct Report<'a> {
    /// None, where something is wrong with it.
    bundle: Option<Shown<'a>>,
    findings: Vec<Finding>,
    unproved: [&'static str; 2],
}

/// What a bundle has shown.
#[derive(Serialize)]
struct Shown<'a> {
    developer: &'a str,
    as_of: Instant,
    known_at: Position,
    events: u64,
    rulebooks: usize,
    origin: &'a str,
    tree_size: u64,
    root: String,
    answer_sha256: &'a str,
}

#[derive(Serialize)]
struct Finding {
    position: Option<Position>,
    code: &'static str,
    message: String,
}

/// Checks a bundle, prints what it shows, and what it cannot show.
pub(super) fn verify_bundle(
    context: &Context,
    path: &Path,
    bytes: &[u8],
    keys: &[VerifierKey],
) -> Result<ExitCode, Failure> {
    let checked = verify(bytes, keys);
    let report = Report {
        bundle: checked.as_ref().ok().map(shown),
        findings: checked.as_ref().err().map(finding).into_iter().collect(),
        unproved: UNPROVED,
    };
    match context.out.format(Format::Json) {
        Format::Table => print(context, &report)?,
        _ => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&report)?))?,
    }
    match checked {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err((_, error)) => Err(Failure::new(format_args!(
            "`{}` proves nothing: {error}",
            path.display()
        ))),
    }
}

fn shown(verified: &Verified) -> Shown<'_> {
    let Verified {
        header, checkpoint, ..
    } = verified;
    Shown {
        developer: &header.developer,
        as_of: header.as_of,
        known_at: header.known_at,
        events: header.events,
        rulebooks: verified.rulebooks,
        origin: &checkpoint.origin,
        tree_size: checkpoint.head.size,
        root: hash_to_text(checkpoint.head.root),
        answer_sha256: &header.answer_sha256,
    }
}

fn finding((position, error): &(Option<Position>, BundleError)) -> Finding {
    Finding {
        position: *position,
        code: error.code(),
        message: error.to_string(),
    }
}

fn print(context: &Context, report: &Report<'_>) -> Result<(), Failure> {
    if let Some(shown) = &report.bundle {
        let mut table = table([
            "DEVELOPER",
            "AS OF",
            "KNOWN AT",
            "EVENTS",
            "RULEBOOKS",
            "LOG",
            "TREE SIZE",
        ]);
        table.add_row([
            shown.developer.to_owned(),
            shown.as_of.to_string(),
            format!("@{}", shown.known_at),
            shown.events.to_string(),
            shown.rulebooks.to_string(),
            shown.origin.to_owned(),
            shown.tree_size.to_string(),
        ]);
        context.out.table(&table)?;
        let mut text = format!(
            "proved: all {} are in the log that `{}` has signed, and give the answer in the bundle\n",
            shown.events, shown.origin
        );
        for unproved in report.unproved {
            text.push_str(&format!("not proved: {unproved}\n"));
        }
        context.out.text(&text)?;
    }
    if !report.findings.is_empty() {
        let mut table = table(["POSITION", "CODE", "WRONG"]);
        for finding in &report.findings {
            let position = finding.position.map(|position| position.to_string());
            table.add_row([
                position.unwrap_or_default(),
                finding.code.to_owned(),
                finding.message.clone(),
            ]);
        }
        context.out.table(&table)?;
    }
    Ok(())
}
