//! `standing keys …`, and the keys that other commands are given.
//!
//! A signer key is read from a file or from the environment and never from the command line, where
//! every other process sees it. A verifier key may stand anywhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::Context;
use super::failure::Failure;
use crate::proof::{KeyError, SignerKey, VerifierKey};

/// The file that a key is in where nothing else is said.
const FILE: &str = "standing.key";

/// The variable that holds a signer key, or names its file.
const VARIABLE: &str = "STANDING_KEY";

/// What a signer key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// The most bytes that a file with a key has.
const BYTES_MAX: u64 = 64 * 1024;

/// Make the key that signs checkpoints, and show what checks them
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key and print its verifier key, which others need
    New {
        /// The log's name, such as `example.com/log`: checkpoints are signed with it
        name: String,
        /// The file that the key is kept in, which must not be there yet
        #[arg(short, long, value_name = "FILE", default_value = FILE)]
        output: PathBuf,
    },
    /// Print the verifier key of a key
    Show {
        /// The key's file (default: STANDING_KEY, else `standing.key`)
        file: Option<PathBuf>,
    },
}

/// The key that signs.
#[derive(Debug, Args)]
pub(super) struct SignerArgs {
    /// The file of the key that signs (default: STANDING_KEY, else `standing.key`)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: KeysArgs) -> Result<ExitCode, Failure> {
    match args.command {
        KeysCommand::New { name, output } => new(context, &name, &output)?,
        KeysCommand::Show { file } => {
            let verifier = match file {
                Some(file) => verifier_of_file(&file)?,
                None => at_hand(context)?.ok_or_else(no_key)?.verifier().clone(),
            };
            context.out.text(&format!("{verifier}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(context: &Context, name: &str, path: &Path) -> Result<(), Failure> {
    if let Some((_, rest)) = name.split_once("://") {
        let message =
            "a key's name is an address without its `https://`, and need not lead anywhere";
        return Err(
            Failure::new(message).hint(format_args!("such as `{}`", rest.trim_end_matches('/')))
        );
    }
    let key = SignerKey::generate(name).map_err(Failure::new)?;
    write_new(path, &key.to_text()).map_err(|error| {
        let shown = path.display();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::new(format_args!(
                "`{shown}` is there already, and keys are not overwritten"
            ))
            .hint("name another file with `-o`, or show this key with `standing keys show`"),
            _ => Failure::new(format_args!("`{shown}` cannot be written: {error}")),
        }
    })?;
    context.out.say(format_args!(
        "made `{}`: keep it secret, and keep a copy; its verifier key is for everybody",
        path.display()
    ));
    context.out.text(&format!("{}\n", key.verifier()))
}

/// Writes a key to a file that is not there yet, for nobody else to read.
fn write_new(path: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let written = file
        .write_all(key.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is of no use, and would be in the way of a whole one.
        let _ = fs::remove_file(path);
    }
    written
}

impl SignerArgs {
    /// The key, if there is one.
    pub(super) fn find(&self, context: &Context) -> Result<Option<SignerKey>, Failure> {
        match &self.key {
            Some(path) => {
                refuse_secret(&path.to_string_lossy())?;
                signer_of_file(context, path).map(Some)
            }
            None => at_hand(context),
        }
    }

    /// The key, which must be there.
    pub(super) fn need(&self, context: &Context) -> Result<SignerKey, Failure> {
        self.find(context)?.ok_or_else(no_key)
    }
}

/// The key of the environment or of the present folder.
fn at_hand(context: &Context) -> Result<Option<SignerKey>, Failure> {
    let value = of_environment()?;
    match value.as_deref().map(String::as_str) {
        Some(key) if key.starts_with(PRIVATE) => {
            let key = SignerKey::parse(key.trim());
            key.map(Some)
                .map_err(|error| Failure::new(format_args!("{VARIABLE}: {error}")))
        }
        // Whatever is like a key must not be printed as the name of a file that is not there.
        Some(key) if key.contains('+') && !Path::new(key).exists() => Err(Failure::new(
            format_args!("{VARIABLE} is neither a signer key nor a file"),
        )),
        Some(path) => signer_of_file(context, Path::new(path)).map(Some),
        None if Path::new(FILE).exists() => signer_of_file(context, Path::new(FILE)).map(Some),
        None => Ok(None),
    }
}

/// What the environment has of a key; nothing, where it is empty.
fn of_environment() -> Result<Option<Zeroizing<String>>, Failure> {
    match std::env::var(VARIABLE) {
        Ok(value) => Ok(Some(Zeroizing::new(value)).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(Failure::new(format_args!("{VARIABLE}: {error}"))),
    }
}

/// The verifier key of the key at hand, if there is one; for those who check what is their own.
pub(super) fn own_verifier(context: &Context) -> Result<Option<VerifierKey>, Failure> {
    // The key that signs is mostly kept from those who only check, even where they stand beside it.
    let denied = |path: &Path| {
        File::open(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    if of_environment()?.is_none() && denied(Path::new(FILE)) {
        return Ok(None);
    }
    Ok(at_hand(context)?.map(|key| key.verifier().clone()))
}

/// The verifier key that the environment names: somebody has set it, which a file that happens to
/// lie in the present folder does not show.
pub(super) fn verifier_of_environment() -> Result<Option<VerifierKey>, Failure> {
    let Some(value) = of_environment()? else {
        return Ok(None);
    };
    if value.starts_with(PRIVATE) {
        let key = SignerKey::parse(value.trim()).map_err(Failure::new)?;
        return Ok(Some(key.verifier().clone()));
    }
    verifier(&value).map(Some)
}

/// The verifier key that was typed, or that a file has: a signer key's file has one too.
pub(super) fn verifier(text: &str) -> Result<VerifierKey, Failure> {
    refuse_secret(text)?;
    match text.parse() {
        Ok(key) => Ok(key),
        Err(_) if Path::new(text).exists() => verifier_of_file(Path::new(text)),
        Err(KeyError::Form) => Err(Failure::new(format_args!(
            "`{text}` is neither a verifier key nor a file"
        ))
        .hint("a verifier key is `name+id+key`; `standing keys show` prints the one of a log where it is signed")),
        Err(error) => Err(Failure::new(format_args!("`{text}`: {error}"))),
    }
}

fn verifier_of_file(path: &Path) -> Result<VerifierKey, Failure> {
    let text = read(path)?;
    let key = match SignerKey::parse(&text) {
        Err(KeyError::Public) => text.parse(),
        signer => signer.map(|signer| signer.verifier().clone()),
    };
    key.map_err(|error| Failure::new(format_args!("`{}`: {error}", path.display())))
}

fn signer_of_file(context: &Context, path: &Path) -> Result<SignerKey, Failure> {
    let key = SignerKey::parse(&read(path)?)
        .map_err(|error| Failure::new(format_args!("`{}`: {error}", path.display())))?;
    warn_of_readers(context, path);
    Ok(key)
}

/// The text of a key's file.
fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(Zeroizing::new(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Failure::new(format_args!("there is no key `{shown}`"))
                .hint("make one with `standing keys new NAME`"))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Failure::new(format_args!("`{shown}`: {}", KeyError::Form)))
        }
        Err(error) => Err(Failure::new(format_args!(
            "the key `{shown}` cannot be read: {error}"
        ))),
    }
}

/// Says so where others can read a key that signs.
fn warn_of_readers(context: &Context, path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            let path = path.display();
            context
                .out
                .say(format_args!("`{path}` can be read by others"));
            context
                .out
                .hint(format_args!("`chmod 600 {path}` leaves it to you"));
        }
    }
}

/// Refuses a signer key that was typed.
fn refuse_secret(text: &str) -> Result<(), Failure> {
    if !text.starts_with(PRIVATE) {
        return Ok(());
    }
    let failure =
        Failure::new("this is a signer key, and whoever sees the command line has it now")
            .hint(format_args!("keep it in a file, or in {VARIABLE}"));
    Err(match SignerKey::parse(text) {
        Ok(key) => failure.hint(format_args!("its verifier key is `{}`", key.verifier())),
        Err(_) => failure,
    })
}

fn no_key() -> Failure {
    Failure::new("there is no key to sign with").hint(
        "make one with `standing keys new NAME`, or name its file with `--key` or STANDING_KEY",
    )
}
