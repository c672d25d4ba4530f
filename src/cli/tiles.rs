//! `standing tiles`: the log as files for a web server.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Context;
use super::failure::Failure;
use super::keys::SignerArgs;
use super::moving::progress;
use super::output::{Format, table};
use crate::proof::publish::{PublishError, publish};
use crate::proof::sign::{newest_checkpoint, sign};

/// Write the log as plain files that any web server can serve (C2SP tlog-tiles), as far as they are
/// not there
///
/// Files that are complete never change. What events say in private is not in them, but all else is.
#[derive(Debug, Args)]
pub(super) struct TilesArgs {
    /// The folder, which is made where it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    signer: SignerArgs,
}

#[derive(Serialize)]
struct Tally {
    tree_size: u64,
    files_written: u64,
    files_kept: u64,
}

pub(super) async fn run(context: &Context, args: TilesArgs) -> Result<ExitCode, Failure> {
    let key = args.signer.find(context)?;
    let ledger = context.open().await?;
    let signed = match &key {
        Some(key) => sign(&*ledger, key, Context::now()).await?,
        None => newest_checkpoint(&*ledger).await?.ok_or_else(|| {
            Failure::new("the ledger keeps no checkpoint, and there is no key to sign one")
                .hint("make a key with `standing keys new NAME`, or name its file with `--key` or STANDING_KEY")
        })?,
    };
    let tree_size = signed.checkpoint.head.size;
    let progress = progress(context, tree_size);
    let published = publish(&*ledger, &args.folder, &signed, |events| {
        progress.set_position(events);
    })
    .await;
    progress.finish_and_clear();
    let published = published?;
    let tally = Tally {
        tree_size,
        files_written: published.written,
        files_kept: published.kept,
    };
    match context.out.format(Format::Json) {
        Format::Table => {
            let mut table = table(["TREE SIZE", "FILES WRITTEN", "FILES KEPT"]);
            table.add_row([tally.tree_size, tally.files_written, tally.files_kept]);
            context.out.table(&table)?;
        }
        _ => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&tally)?))?,
    }
    Ok(ExitCode::SUCCESS)
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let failure = Self::new(&error);
        match error {
            PublishError::Log(error) => error.into(),
            PublishError::OtherLog { .. } | PublishError::NotACheckpoint { .. } => {
                failure.hint("name a folder for this log alone")
            }
            PublishError::LeafTooLong { .. } => failure.hint(
                "the format has no place for it; all else that the ledger proves of the event holds",
            ),
            PublishError::File { .. } => failure,
        }
    }
}
