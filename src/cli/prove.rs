//! `standing prove`: one event's proof, as a file that is checked without the ledger.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use standing_projections::Position;

use super::Context;
use super::checkpoint::write;
use super::failure::Failure;
use super::keys::SignerArgs;
use crate::ledger::Ledger;
use crate::proof::log::{event_at, inclusion};
use crate::proof::sign::{Signed, kept_checkpoint, sign_with};
use crate::proof::{EventProof, SignerKey};

/// Prove that an event is in the log: print a file that anyone can check with the log's key
///
/// The proof is of a checkpoint that is signed now, where the key is at hand, and otherwise of the
/// first that was kept once the event was there. It carries the event, but nothing that it says in
/// private.
#[derive(Debug, Args)]
pub(super) struct ProveArgs {
    /// The event's position
    position: u64,
    #[command(flatten)]
    signer: SignerArgs,
    /// Write it to a file instead, by custom one that ends with `.tlog-proof`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: ProveArgs) -> Result<ExitCode, Failure> {
    let key = args.signer.find(context)?;
    let ledger = context.open().await?;
    let position = Position(args.position);
    let event = event_at(&*ledger, position).await?;
    let Signed {
        checkpoint, note, ..
    } = checkpoint(&*ledger, key.as_ref(), position).await?;
    let proof = EventProof {
        path: inclusion(&*ledger, &event, checkpoint.head).await?,
        leaf: Some(event.json.into_bytes()),
        index: position.0.saturating_sub(1),
        checkpoint: note,
    };
    let file = proof.to_string();
    // As whoever gets it would.
    let read = EventProof::parse(file.as_bytes()).map_err(Failure::new)?;
    if let Some(key) = &key {
        let keys = std::slice::from_ref(key.verifier());
        read.verify(keys).map_err(Failure::new)?;
    }
    match &args.output {
        None => context.out.text(&file)?,
        Some(path) => {
            write(path, file.as_bytes())?;
            context.out.say(format_args!(
                "wrote `{}`: position {position} of {} events, signed as `{}`",
                path.display(),
                checkpoint.head.size,
                checkpoint.origin
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A checkpoint of a tree that holds a position.
pub(super) async fn checkpoint(
    ledger: &dyn Ledger,
    key: Option<&SignerKey>,
    position: Position,
) -> Result<Signed, Failure> {
    if let Some(key) = key {
        return Ok(sign_with(ledger, key, position, Context::now).await?);
    }
    kept_checkpoint(ledger, position.0).await?.ok_or_else(|| {
        Failure::new(format_args!(
            "no checkpoint was signed since position {position} was recorded, and there is no key to sign one"
        ))
        .hint("sign one with `standing checkpoint`, or name the key's file with `--key` or STANDING_KEY")
    })
}
