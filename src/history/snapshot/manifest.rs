//! What a snapshot says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use standing_projections::Position;
use standing_projections::event::{
    Cause, ComplaintClass, InspectionSeverity, Permission, ReportSeverity, Stage,
};
use standing_projections::measure::Measure;

use super::SnapshotError;

/// The name of its file.
pub(super) const FILE: &str = "manifest.json";

/// The version of the tables and of the manifest.
const VERSION: u32 = 2;

/// What `manifest.json` holds under `of`: what the tables are of, and what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Whether no log is behind it.
    pub made_up: bool,
    /// The position up to which the log is in it.
    pub position: Position,
    /// The root of the log's tree there, in base64 as checkpoints have it; of a made-up one, what
    /// its tables alone give.
    pub root: String,
    /// The folder of the tables, beside the manifest.
    pub folder: String,
    /// The texts behind the numbers of the column `word`.
    pub words: BTreeMap<String, Vec<String>>,
    /// The table of names.
    pub names: Written,
    /// The table of rulebooks.
    pub rulebooks: Written,
    /// The tables of each portion of developers.
    pub portions: Vec<Portion>,
}

/// The tables of a portion of developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portion {
    /// Their registrations.
    pub developers: Written,
    /// Those of their apps.
    pub apps: Written,
    /// What happened to them.
    pub facts: Written,
    /// How many used the apps.
    pub usage: Written,
    /// The ids of the apps' outages.
    pub outages: Written,
    /// What was taken back.
    pub retractions: Written,
}

/// A table that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes its file has.
    pub bytes: u64,
    /// The file's SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Portion {
    pub(super) const fn tables(&self) -> [&Written; 6] {
        [
            &self.developers,
            &self.apps,
            &self.facts,
            &self.usage,
            &self.outages,
            &self.retractions,
        ]
    }
}

impl Manifest {
    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &Written> {
        let portions = self.portions.iter().flat_map(Portion::tables);
        [&self.names, &self.rulebooks].into_iter().chain(portions)
    }

    /// How many bytes the tables have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables().map(|table| table.bytes).sum()
    }

    /// How many developers there are.
    #[must_use]
    pub fn developers(&self) -> u64 {
        self.portions.iter().map(|p| p.developers.rows).sum()
    }

    /// How many apps there are.
    #[must_use]
    pub fn apps(&self) -> u64 {
        self.portions.iter().map(|p| p.apps.rows).sum()
    }

    /// How many facts are held, usage, retractions and registrations included.
    #[must_use]
    pub fn facts(&self) -> u64 {
        let of = |p: &Portion| {
            p.developers.rows + p.apps.rows + p.facts.rows + p.usage.rows + p.retractions.rows
        };
        self.portions.iter().map(of).sum()
    }
}

/// The file around a manifest, with the SHA-256 of its text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    standing_snapshot: u32,
    sha256: String,
    #[serde(borrow)]
    of: &'a RawValue,
}

/// The texts behind the numbers of the column `word`, by what they are.
pub(super) fn words() -> BTreeMap<String, Vec<String>> {
    fn texts<T: ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    let all = [
        ("cause", texts(Cause::ALL)),
        ("class", texts(ComplaintClass::ALL)),
        ("inspection", texts(InspectionSeverity::ALL)),
        ("measures", texts(Measure::ALL)),
        ("permission", texts(Permission::ALL)),
        ("report", texts(ReportSeverity::ALL)),
        ("stage", texts(Stage::ALL)),
    ];
    let all = all.into_iter();
    all.map(|(name, words)| (name.to_owned(), words)).collect()
}

/// The digest of some bytes in hexadecimal digits.
pub(super) fn hex(digest: impl AsRef<[u8]>) -> String {
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a manifest's file.
pub(super) fn text(manifest: &Manifest) -> serde_json::Result<String> {
    let text = serde_json::to_string(manifest)?;
    let sealed = Sealed {
        standing_snapshot: VERSION,
        sha256: hex(Sha256::digest(text.as_bytes())),
        of: serde_json::from_str(&text)?,
    };
    Ok(serde_json::to_string(&sealed)? + "\n")
}

/// Reads the manifest of a folder.
pub(super) fn read(folder: &Path) -> Result<Manifest, SnapshotError> {
    let path = folder.join(FILE);
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SnapshotError::Missing {
            folder: folder.to_owned(),
        },
        _ => SnapshotError::file(&path, error),
    })?;
    let damaged = |reason: &dyn ToString| SnapshotError::damaged(&path, reason.to_string());
    let version = |what| {
        let path = path.clone();
        SnapshotError::Version { path, what }
    };
    let sealed: Sealed<'_> = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
    if sealed.standing_snapshot != VERSION {
        return Err(version("tables"));
    }
    if sealed.sha256 != hex(Sha256::digest(sealed.of.get().as_bytes())) {
        return Err(damaged(&"it is not what was written"));
    }
    let manifest: Manifest =
        serde_json::from_str(sealed.of.get()).map_err(|error| damaged(&error))?;
    if manifest.words != words() {
        return Err(version("words"));
    }
    if !super::folder::is_own_name(&manifest.folder) {
        return Err(damaged(&"the name of the folder is none"));
    }
    Ok(manifest)
}
