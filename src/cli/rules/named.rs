//! The rulebook that an argument names: a file, a preset, or a version in the ledger.

use std::path::Path;

use serde::Serialize;
use standing_projections::rulebook::preset;
use standing_projections::rules::RulesError;
use standing_projections::{Instant, Position, Rulebook};

use crate::cli::Context;
use crate::cli::ask::read_rulebook;
use crate::cli::failure::Failure;
use crate::history::published::{self, Published, holding, label, timeline};
use crate::ledger::Ledger;

/// How a preset is told from a file.
const PRESET: &str = "preset:";

/// A text with the name it goes by in messages.
pub(super) struct NamedText {
    pub(super) label: String,
    pub(super) text: String,
}

/// A rulebook with the name it goes by in messages, and its place in the ledger if it is of it.
pub(super) struct Named {
    pub(super) label: String,
    pub(super) book: Rulebook,
    pub(super) place: Option<Place>,
}

/// Where in the ledger a version is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) recordedtime: Instant,
    /// Whether it is the version that holds now.
    pub(super) in_force: bool,
}

/// The versions of a preset, oldest first.
pub(in crate::cli) fn preset_versions(name: &str) -> Result<Vec<Rulebook>, Failure> {
    let texts = preset::named(name).ok_or_else(|| no_preset(name))?;
    let parse = |text: &&str| {
        Rulebook::parse(text).map_err(|error| Failure::new(format!("preset:{name}: {error}")))
    };
    texts.iter().map(parse).collect()
}

/// The texts of files and presets, in the order they are named; whether they are rulebooks is not
/// asked yet. A preset without a version stands for all it has.
pub(super) fn texts(names: &[String]) -> Result<Vec<NamedText>, Failure> {
    let mut texts = Vec::new();
    for name in names {
        match name.strip_prefix(PRESET) {
            Some(preset) => {
                texts.extend(preset_books(preset)?.into_iter().map(|named| NamedText {
                    label: named.label,
                    text: named.book.text,
                }))
            }
            None => texts.push(NamedText {
                label: name.clone(),
                text: std::fs::read_to_string(name)
                    .map_err(|error| Failure::new(format!("`{name}` cannot be read: {error}")))?,
            }),
        }
    }
    Ok(texts)
}

/// The one rulebook that is named. Of a preset without a version, the latest.
pub(super) async fn one(context: &Context, name: &str) -> Result<Named, Failure> {
    if let Some(preset) = name.strip_prefix(PRESET) {
        let last = preset_books(preset)?.pop();
        return last.ok_or_else(|| no_preset(preset));
    }
    if Path::new(name).is_file() || name.contains('/') || name.ends_with(".toml") {
        return Ok(Named {
            label: name.to_owned(),
            book: read_rulebook(Path::new(name))?,
            place: None,
        });
    }
    let ledger = context.open().await.map_err(|failure| {
        failure.hint(format_args!(
            "`{name}` is no file, so a version in the ledger was meant"
        ))
    })?;
    let meant = |one: &Published, _| one.book.version == name || label(&one.book) == name;
    of_ledger(&*ledger, meant).await?.ok_or_else(|| {
        Failure::new(format!(
            "`{name}` is no file, and the ledger has no version of that name"
        ))
        .hint("`standing rules list` lists the versions, `--presets` those of the program")
    })
}

/// The version that is in force now in the ledger.
pub(super) async fn in_force(context: &Context) -> Result<Named, Failure> {
    let ledger = context.open().await.map_err(|failure| {
        failure.hint("or name a file, or a preset: `standing rules show preset:weibo`")
    })?;
    of_ledger(&*ledger, |_, in_force| in_force)
        .await?
        .ok_or_else(|| RulesError::None.into())
}

/// The first version in the ledger that is meant, told whether it is in force.
async fn of_ledger(
    ledger: &dyn Ledger,
    meant: impl Fn(&Published, bool) -> bool,
) -> Result<Option<Named>, Failure> {
    let versions = published::versions(ledger).await?;
    let now = holding(&timeline(&versions)?, Context::now()).now;
    let mut versions = versions.into_iter();
    let found = versions.find(|one| meant(one, one.position == now));
    Ok(found.map(|one| Named {
        label: label(&one.book),
        place: Some(Place {
            position: one.position,
            recordedtime: one.recordedtime,
            in_force: one.position == now,
        }),
        book: one.book,
    }))
}

/// `NAME` is every version of a preset, `NAME@VERSION` one.
fn preset_books(name: &str) -> Result<Vec<Named>, Failure> {
    let (name, version) = match name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    let books = preset_versions(name)?;
    let known: Vec<String> = books.iter().map(|book| book.version.clone()).collect();
    let meant = |book: &Rulebook| version.is_none_or(|version| book.version == version);
    let found: Vec<Named> = books
        .into_iter()
        .filter(meant)
        .map(|book| Named {
            label: format!("{PRESET}{name}@{}", book.version),
            book,
            place: None,
        })
        .collect();
    match version {
        Some(version) if found.is_empty() => Err(Failure::new(format!(
            "the preset `{name}` has no version `{version}`"
        ))
        .hint(format_args!("it has {}", known.join(", ")))),
        _ => Ok(found),
    }
}

/// The one version that a name such as `preset:weibo@2014-12-24` is of; none where it names no preset.
pub(in crate::cli) fn named_preset(name: &str) -> Option<Result<Rulebook, Failure>> {
    let books = preset_books(name.strip_prefix(PRESET)?);
    Some(
        books.and_then(|mut books| match (books.pop(), books.is_empty()) {
            (Some(named), true) => Ok(named.book),
            (last, _) => {
                let failure = Failure::new(format!("`{name}` has several versions"));
                let last = last.map_or(String::new(), |last| last.label);
                Err(failure.hint(format_args!("name one, such as `{last}`")))
            }
        }),
    )
}

fn no_preset(name: &str) -> Failure {
    Failure::new(format!("there is no preset `{name}`"))
        .hint(format_args!("the presets are {}", preset::NAMES.join(", ")))
}
