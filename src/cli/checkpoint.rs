//! `standing checkpoint`: the size and the root of the log, signed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::failure::Failure;
use super::keys::SignerArgs;
use crate::proof::log::LogError;
use crate::proof::publish::write_whole;
use crate::proof::sign::{SignError, sign};

/// Sign the log as it is now, keep the checkpoint in the ledger and print it
#[derive(Debug, Args)]
pub(super) struct CheckpointArgs {
    #[command(flatten)]
    signer: SignerArgs,
    /// Write it to a file instead
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: CheckpointArgs) -> Result<ExitCode, Failure> {
    let key = args.signer.need(context)?;
    let ledger = context.open().await?;
    let signed = sign(&*ledger, &key, Context::now()).await?;
    let size = signed.checkpoint.head.size;
    if !signed.new && size < ledger.head().await?.position.0 {
        context.out.say(format_args!(
            "this one, of {size} events, is less than a second old: ask again for a newer one"
        ));
    }
    match &args.output {
        None => context.out.text(&signed.note)?,
        Some(path) => {
            write(path, signed.note.as_bytes())?;
            let (path, origin) = (path.display(), &signed.checkpoint.origin);
            context.out.say(format_args!(
                "wrote `{path}`: {size} events, signed as `{origin}`"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that was asked for, over one that is there.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_whole(path, content).map_err(|error: io::Error| {
        Failure::new(format_args!(
            "`{}` cannot be written: {error}",
            path.display()
        ))
    })
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let failure = Self::new(&error);
        match error {
            LogError::Store(_) => failure,
            LogError::NoSuchPosition { .. } => {
                failure.hint("`standing audit` lists the events with their positions")
            }
            LogError::Incomplete | LogError::NotInTree(_) => {
                failure.hint("`standing verify` names all that is wrong")
            }
            LogError::Rewritten(_) => failure
                .hint("whoever has the older checkpoint can show it; `standing verify` names all that is wrong"),
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Log(error) => error.into(),
            error => Self::new(&error),
        }
    }
}
