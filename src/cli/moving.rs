//! `standing backup`, `restore` and `copy`: a ledger moved as it is.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Context;
use super::failure::Failure;
use super::new_file::NewFile;
use crate::intake::unpacked;
use crate::ledger::tree::TreeHead;
use crate::ledger::{Ledger, Location, OpenMode};
use crate::proof::hash_to_text;
use crate::transfer::{
    ArchiveReader, LedgerSource, Source, TransferError, into_ledger, write_archive,
};

/// Save the ledger while it is in use: as an archive of JSON lines, or as a SQLite ledger
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file: a SQLite ledger where it ends with `.db` or `.sqlite`, an archive otherwise,
    /// compressed where it ends with `.gz` or `.zst`; `-` is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// With what events say in private, which no erasure reaches in the file
    #[arg(long)]
    with_private: bool,
}

/// Make a ledger from a backup, or go on where that stopped
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The backup: an archive, compressed or not, or a SQLite ledger; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Copy a ledger to another store, or go on where that stopped
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// The ledger to copy (default: the one of `--ledger`)
    #[arg(long, value_name = "PATH-or-URL")]
    from: Option<String>,
    /// Where to: a ledger that is not there yet, or holds a beginning of the same log
    #[arg(long, value_name = "PATH-or-URL")]
    to: String,
    /// With what events say in private
    #[arg(long)]
    with_private: bool,
}

pub(super) async fn backup(context: &Context, args: BackupArgs) -> Result<ExitCode, Failure> {
    let mut source = LedgerSource::new(context.open().await?, args.with_private).await?;
    let ending = args.file.extension().and_then(|ending| ending.to_str());
    if let Some("db" | "sqlite" | "sqlite3") = ending {
        let target = context.create(&args.file.display().to_string()).await?;
        return into(
            context,
            &mut source,
            target,
            &Location::File(args.file.clone()),
        )
        .await;
    }
    let progress = progress(context, source.tree().size);
    let tree = write_file(&mut source, &args, ending, |events| {
        progress.set_position(events);
    })
    .await?;
    progress.finish_and_clear();
    if args.file != Path::new("-") {
        say(context, tree, 0, args.file.display());
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(context: &Context, args: RestoreArgs) -> Result<ExitCode, Failure> {
    let shown = args.file.display().to_string();
    if is_sqlite(&args.file) {
        let ledger = context.open_named(&shown, OpenMode::Existing).await?;
        let mut source = LedgerSource::new(ledger, true).await?;
        let target = context.create(&context.ledger).await?;
        return into(context, &mut source, target, &context.location()).await;
    }
    // Before there is a ledger, so that none is left behind where the file is no good. Standard
    // input can be read but once.
    let mut archive = open_archive(&args.file)?;
    if args.file != Path::new("-") {
        ArchiveReader::new(archive)?.verify()?;
        archive = open_archive(&args.file)?;
    }
    let target = context.create(&context.ledger).await?;
    let mut source = ArchiveReader::new(archive)?.aimed_at(target.clone());
    into(context, &mut source, target, &context.location()).await
}

/// The bytes of an archive, if it begins like one.
fn open_archive(path: &Path) -> Result<Box<dyn BufRead + Send>, Failure> {
    let shown = path.display();
    let unreadable =
        |error: std::io::Error| Failure::new(format!("`{shown}` cannot be read: {error}"));
    let mut bytes = unpacked(path).map_err(unreadable)?;
    let mut first = Vec::new();
    let length = ArchiveReader::BEGINNING.len() as u64;
    let read = bytes.by_ref().take(length).read_to_end(&mut first);
    read.map_err(unreadable)?;
    if first != ArchiveReader::BEGINNING {
        let message = format!("`{shown}` is no backup of a ledger");
        return Err(Failure::new(message)
            .hint("events to be taken in are imported: `standing import FILE`"));
    }
    let whole = std::io::Cursor::new(first).chain(bytes);
    Ok(Box::new(BufReader::with_capacity(1 << 16, whole)))
}

pub(super) async fn copy(context: &Context, args: CopyArgs) -> Result<ExitCode, Failure> {
    let from = args.from.as_ref().unwrap_or(&context.ledger);
    if is_same(
        &Location::from(from.as_str()),
        &Location::from(args.to.as_str()),
    ) {
        let message = format!(
            "`{}` is the ledger itself",
            Location::from(args.to.as_str())
        );
        return Err(Failure::new(message).hint("name another with `--to`"));
    }
    let ledger = context.open_named(from, OpenMode::Existing).await?;
    let mut source = LedgerSource::new(ledger, args.with_private).await?;
    let target = context.create(&args.to).await?;
    into(
        context,
        &mut source,
        target,
        &Location::from(args.to.as_str()),
    )
    .await
}

/// Whether two names are those of one ledger, as far as names tell.
fn is_same(one: &Location, other: &Location) -> bool {
    match (one, other) {
        (Location::File(one), Location::File(other)) => {
            let real = |path: &Path| std::fs::canonicalize(path).ok();
            one == other || real(one).is_some_and(|path| real(other) == Some(path))
        }
        (one, other) => one == other,
    }
}

/// Moves a log into a ledger and says so.
async fn into(
    context: &Context,
    source: &mut dyn Source,
    target: Arc<dyn Ledger>,
    name: &Location,
) -> Result<ExitCode, Failure> {
    let progress = progress(context, source.tree().size);
    let moved = into_ledger(source, &*target, |events| progress.set_position(events)).await;
    progress.finish_and_clear();
    let moved = moved?;
    say(context, moved.tree, moved.before, name);
    Ok(ExitCode::SUCCESS)
}

fn say(context: &Context, tree: TreeHead, before: u64, name: impl Display) {
    let (size, root) = (tree.size, hash_to_text(tree.root));
    let more = match before {
        0 => String::new(),
        before => format!(", {before} of them there before"),
    };
    context.out.say(format_args!(
        "`{name}` holds {size} events{more}; the root is {root}"
    ));
}

/// A bar over so many events.
pub(super) fn progress(context: &Context, events: u64) -> ProgressBar {
    if context.out.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} events {per_sec} {eta}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(events).with_style(style)
}

/// Whether a file is a SQLite database.
fn is_sqlite(path: &Path) -> bool {
    let mut first = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && &first == b"SQLite format 3\0"
}

/// Writes an archive to a file that is not there yet, all of it or none.
async fn write_file(
    source: &mut dyn Source,
    args: &BackupArgs,
    ending: Option<&str>,
    progress: impl FnMut(u64),
) -> Result<TreeHead, Failure> {
    let path = &args.file;
    if path == Path::new("-") {
        let mut out = std::io::BufWriter::new(std::io::stdout());
        return Ok(write_archive(source, args.with_private, &mut out, progress).await?);
    }
    let file = NewFile::create(path)?;
    let mut out = Packed::new(file.writer()?, ending).map_err(|error| file.refused(&error))?;
    let tree = write_archive(source, args.with_private, &mut out, progress).await;
    let tree = tree.map_err(|error| match error {
        TransferError::Io(error) => file.refused(&error),
        error => error.into(),
    })?;
    out.finish().map_err(|error| file.refused(&error))?;
    file.keep()?;
    Ok(tree)
}

/// A file that is compressed as its name says.
enum Packed {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Packed {
    fn new(file: BufWriter<File>, ending: Option<&str>) -> std::io::Result<Self> {
        Ok(match ending {
            Some("gz") => Self::Gzip(flate2::write::GzEncoder::new(file, Default::default())),
            Some("zst") => Self::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
            _ => Self::Plain(file),
        })
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
            Self::Zstd(out) => out.finish()?.flush(),
        }
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        let failure = Failure::new(&error);
        match error {
            TransferError::OtherLog { .. } => failure.hint(
                "name a target that is not there yet: the command makes it, without `standing init`",
            ),
            TransferError::Ahead { .. } => {
                failure.hint("did you mean it the other way round?")
            }
            TransferError::Root { .. } => failure.hint(
                "the source, or the way from it, is damaged: `standing verify` finds where; what was \
                 written by then is no copy of it, so begin anew with another target",
            ),
            _ => failure,
        }
    }
}
