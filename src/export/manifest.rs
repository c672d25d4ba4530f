//! What an export says of itself.

use serde::Serialize;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Instant, Position};

use super::{Described, Format, Table};
use crate::ledger::tree::TreeHead;
use crate::proof::hash_to_text;

/// The version of the tables and of the manifest.
const VERSION: u32 = 1;

/// What `export.json` holds: of what the tables were made, and what they are.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The version of the form; columns that are added do not change it.
    pub standing_export: u32,
    /// Only what had happened by then counts, but for `events`.
    pub as_of: Instant,
    /// The position up to which the log is known.
    pub known_at: Position,
    /// The root of the tree over the events up to that position, in base64 as checkpoints have it.
    pub root: String,
    /// The zone of dates and months.
    pub time_zone: String,
    /// The rulebook.
    pub rulebook: Judged,
    /// How the tables are written.
    pub format: Format,
    /// The tables.
    pub tables: Vec<Written>,
}

/// The rulebook that the tables are judged by.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Which.
    pub id: String,
    /// The version that holds at the as-of instant.
    pub version: String,
    /// All versions that are known, oldest first; the table `rulebooks` says from when they hold.
    pub versions: Vec<String>,
}

/// A table that was written.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// Which.
    pub table: Table,
    /// Its file, beside the manifest.
    pub file: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<Described>,
}

impl Manifest {
    pub(super) fn new(ask: Ask, tree: TreeHead, timeline: &Timeline, format: Format) -> Self {
        let now = &timeline.at(ask.as_of).book;
        let versions = timeline.versions().iter();
        Self {
            standing_export: VERSION,
            as_of: ask.as_of,
            known_at: ask.known_at,
            root: hash_to_text(tree.root),
            time_zone: now.time_zone.clone(),
            rulebook: Judged {
                id: now.id.clone(),
                version: now.version.clone(),
                versions: versions.map(|rules| rules.book.version.clone()).collect(),
            },
            format,
            tables: Vec::new(),
        }
    }

    /// What a Parquet file says of itself, under its keys.
    pub(super) fn metadata(&self, table: Table) -> Vec<(String, String)> {
        let all = [
            ("table", table.to_string()),
            ("export", self.standing_export.to_string()),
            ("as_of", self.as_of.to_string()),
            ("known_at", self.known_at.to_string()),
            ("root", self.root.clone()),
            ("time_zone", self.time_zone.clone()),
            ("rulebook", self.rulebook.id.clone()),
            ("rulebook_version", self.rulebook.version.clone()),
        ];
        all.map(|(key, value)| (format!("standing.{key}"), value))
            .into()
    }
}
