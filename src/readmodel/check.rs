//! The tables held against what `assess` says.

use std::collections::BTreeMap;

use foldhash::quality::RandomState;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor};

use super::changes::{Cell, Changes};
use super::rows::{Digest, Writer};
use super::schema::{Set, Table};
use super::store::Place;
use super::{Checkpoint, ReadModelError};
use crate::ledger::Location;
use crate::live::Live;

/// A row that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which table.
    pub table: Table,
    /// Its key.
    pub key: String,
    /// What is there.
    pub is: Option<String>,
    /// What should be.
    pub should_be: Option<String>,
}

/// Derives everything again at the checkpoint that the tables carry, and compares every row. `live` must
/// know the log up to there.
///
/// # Errors
/// [`ReadModelError::Missing`], and what the database says.
pub async fn check(
    at: &Location,
    live: &Live,
) -> Result<(Checkpoint, Vec<Difference>), ReadModelError> {
    let mut store = Place::beside(at)?.write().await?;
    store.begin_to_read().await?;
    let checkpoint = store.checkpoint(Set::Live).await?;
    let checkpoint = checkpoint.ok_or(ReadModelError::Missing)?;
    let should_be = rows(live, &checkpoint)?;
    let mut differences = Vec::new();
    for table in Table::ALL {
        let columns = table.columns();
        let key = |row: &[Cell]| -> Vec<Cell> {
            let places = table.key().iter();
            let place = |name: &&str| columns.iter().position(|column| *column.name == **name);
            places
                .filter_map(place)
                .map(|place| row[place].clone())
                .collect()
        };
        let mut expected: BTreeMap<String, Vec<Cell>> = should_be.rows[table as usize]
            .iter()
            .map(|row| (format!("{:?}", key(row)), row.clone()))
            .collect();
        let differs = |key: String, is: Option<&Vec<Cell>>, should_be: Option<&Vec<Cell>>| {
            let shown = |row: &Vec<Cell>| format!("{row:?}");
            Difference {
                table,
                key,
                is: is.map(shown),
                should_be: should_be.map(shown),
            }
        };
        for row in store.rows(table).await? {
            let key = format!("{:?}", key(&row));
            let wanted = expected.remove(&key);
            if wanted.as_ref() != Some(&row) {
                differences.push(differs(key, Some(&row), wanted.as_ref()));
            }
        }
        for (key, row) in expected {
            differences.push(differs(key, None, Some(&row)));
        }
    }
    store.commit().await?;
    store.close().await;
    Ok((checkpoint, differences))
}

/// Every row, by what `assess` says at a checkpoint.
fn rows(live: &Live, at: &Checkpoint) -> Result<Changes, ReadModelError> {
    let ask = Ask {
        as_of: at.as_of,
        known_at: at.position,
    };
    live.everybody(|history| {
        let mut all = Changes::default();
        if !history
            .rulebooks()
            .iter()
            .any(|book| book.position <= at.position)
        {
            return Ok(all);
        }
        let timeline = Timeline::known(history, at.position)?;
        let keys = RandomState::default();
        let mut assessor = Assessor::new(history.names(), &timeline, ask);
        for facts in history.developers() {
            if let Some(standing) = assessor.as_printed(facts) {
                let writer = Writer::new(&keys, &timeline);
                let digest = writer.digest(&standing, facts);
                let none = Digest::default();
                writer.changes(&none, (&digest, &standing), facts, &mut all);
            }
        }
        Ok(all)
    })
}
