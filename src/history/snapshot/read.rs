//! From the tables to a history.
//!
//! Rows are dealt out by the counts of those they belong to, in their order. What a row may be is
//! for [`standing_projections::facts`] to say.

use std::path::Path;

use arrow_array::Array;
use chrono::{DateTime, NaiveDate};
use rayon::prelude::*;
use standing_projections::event::{Channel, DeveloperKind, Kind, Permission};
use standing_projections::facts::{
    AppFacts, AppPart, Bounds, DeveloperFacts, DeveloperPart, History, OutageIds, PlainFact,
    Published, Retraction, Usage,
};
use standing_projections::{Instant, Position};

use super::SnapshotError;
use super::manifest::{Manifest, Portion};
use super::rows::{Deal, Fault, Rows, TableFile};
use super::table::Table;

/// Reads a history, by as many threads as there are.
pub(super) fn history(from: &Path, manifest: &Manifest) -> Result<History, SnapshotError> {
    let mut names: Vec<Box<str>> = Vec::new();
    TableFile::new(from, Table::Names, None).read(&manifest.names, |rows| {
        names.extend(rows.texts("name")?.map(Box::from));
        Ok(())
    })?;
    let mut rulebooks = Vec::new();
    TableFile::new(from, Table::Rulebooks, None).read(&manifest.rulebooks, |rows| {
        for (position, toml) in rows.i64s("position")?.iter().zip(rows.texts("toml")?) {
            let position = Position(unsigned(*position)?);
            let toml = toml.into();
            rulebooks.push(Published { position, toml });
        }
        Ok(())
    })?;
    let bounds = Bounds {
        names: names.len(),
        head: manifest.position,
    };
    let portions = manifest.portions.par_iter().enumerate();
    let portions: Result<Vec<_>, _> = portions
        .map(|(number, written)| portion(from, number + 1, written, bounds))
        .collect();
    let developers = portions?.into_iter().flatten().collect();
    History::from_parts(manifest.position, names, rulebooks, developers)
        .map_err(|error| SnapshotError::damaged(from, error))
}

/// A developer, and how much of it comes in other tables.
struct DeveloperRow {
    facts: DeveloperFacts,
    apps: u64,
    acts: u64,
    retractions: u64,
}

/// An app, and how much of it comes in other tables.
struct AppRow {
    part: AppPart,
    facts: u64,
    usage: u64,
    outages: u64,
}

/// Whose rows they are, by their places among the developers or the apps of a portion.
#[derive(Clone, Copy)]
enum Subject {
    Developer(usize),
    App(usize),
}

/// Reads the developers of a portion, with everything of theirs.
fn portion(
    from: &Path,
    number: usize,
    written: &Portion,
    bounds: Bounds,
) -> Result<Vec<DeveloperFacts>, SnapshotError> {
    let file = |table| TableFile::new(from, table, Some(number));
    let mut developers: Vec<DeveloperRow> = Vec::new();
    file(Table::Developers).read(&written.developers, |rows| {
        read_developers(rows, bounds, &mut developers)
    })?;
    let of_apps = file(Table::Apps);
    let mut rows: Vec<AppRow> = Vec::new();
    of_apps.read(&written.apps, |batch| read_apps(batch, &mut rows))?;
    // Each app after its developer, as they are numbered.
    let mut subjects = Vec::with_capacity(developers.len() + rows.len());
    let mut left = rows.iter().enumerate();
    for (place, developer) in developers.iter().enumerate() {
        subjects.push((Subject::Developer(place), developer.acts));
        let apps = left.by_ref().take(size(developer.apps));
        subjects.extend(apps.map(|(place, app)| (Subject::App(place), app.facts)));
    }

    let outages: Vec<u64> = rows.iter().map(|app| app.outages).collect();
    let usage: Vec<u64> = rows.iter().map(|app| app.usage).collect();
    let retractions: Vec<u64> = developers.iter().map(|one| one.retractions).collect();
    let places = |counts: Vec<u64>| Deal::new(counts.into_iter().enumerate());

    let (table, mut deal) = (file(Table::Outages), places(outages));
    table.read(&written.outages, |batch| {
        let mut texts = batch.texts("outage")?;
        deal.rows(batch.len(), |app, range| {
            for text in texts.by_ref().take(range.len()) {
                rows[app].part.outage_ids.push(text);
            }
            Ok(())
        })
    })?;
    deal.done().map_err(|fault| table.damaged(fault))?;

    let apps = rows.into_iter().map(|app| {
        let room = (size(app.facts), size(app.usage));
        AppFacts::from_part(app.part, room, bounds).map_err(|error| of_apps.damaged(error))
    });
    let mut apps = apps.collect::<Result<Vec<AppFacts>, _>>()?;

    let (table, mut deal) = (file(Table::Facts), Deal::new(subjects.into_iter()));
    table.read(&written.facts, |batch| {
        let facts = Facts::of(batch)?;
        deal.rows(batch.len(), |subject, mut range| {
            match subject {
                Subject::Developer(place) => {
                    let one = &mut developers[place].facts;
                    range.try_for_each(|row| one.push_act(facts.row(row), bounds))?;
                }
                Subject::App(place) => {
                    let app = &mut apps[place];
                    range.try_for_each(|row| app.push_fact(facts.row(row), bounds))?;
                }
            }
            Ok(())
        })
    })?;
    deal.done().map_err(|fault| table.damaged(fault))?;

    let (table, mut deal) = (file(Table::Usage), places(usage));
    table.read(&written.usage, |batch| {
        let all = read_usage(batch)?;
        let mut all = all.into_iter();
        deal.rows(batch.len(), |app, range| {
            for usage in all.by_ref().take(range.len()) {
                apps[app].push_usage(usage, bounds)?;
            }
            Ok(())
        })
    })?;
    deal.done().map_err(|fault| table.damaged(fault))?;

    let (table, mut deal) = (file(Table::Retractions), places(retractions));
    table.read(&written.retractions, |batch| {
        let (positions, targets) = (batch.i64s("position")?, batch.i64s("target")?);
        deal.rows(batch.len(), |one, range| {
            for row in range {
                let taken = Retraction {
                    position: Position(unsigned(positions[row])?),
                    target: Position(unsigned(targets[row])?),
                };
                developers[one].facts.push_retraction(taken, bounds)?;
            }
            Ok(())
        })
    })?;
    deal.done().map_err(|fault| table.damaged(fault))?;

    let mut apps = apps.into_iter();
    let whole = developers.into_iter().map(|one| {
        let own: Vec<AppFacts> = apps.by_ref().take(size(one.apps)).collect();
        match own.len() == size(one.apps) {
            true => one.facts.with_apps(own).map_err(Fault::from),
            false => Err("there are fewer apps than there should be".into()),
        }
    });
    let whole = whole.collect::<Result<_, _>>();
    let whole = whole.map_err(|fault| of_apps.damaged(fault))?;
    match apps.next() {
        Some(_) => Err(of_apps.damaged("there are more apps than there should be")),
        None => Ok(whole),
    }
}

fn read_developers(
    rows: Rows<'_>,
    bounds: Bounds,
    developers: &mut Vec<DeveloperRow>,
) -> Result<(), Fault> {
    let (ids, names) = (rows.texts("developer")?, rows.texts("name")?);
    let kinds = rows.texts("kind")?;
    let grades = rows.maybe_u32s("grade")?;
    let registered = rows.instants("registered")?;
    let (position, last) = (rows.i64s("position")?, rows.i64s("last")?);
    let (apps, acts) = (rows.i64s("apps")?, rows.i64s("facts")?);
    let retractions = rows.i64s("retractions")?;
    for (row, ((id, name), kind)) in ids.zip(names).zip(kinds).enumerate() {
        let kind = DeveloperKind::from_text(kind).ok_or("a kind is unknown")?;
        let part = DeveloperPart {
            id: id.into(),
            name: name.into(),
            kind,
            grade: grades.is_valid(row).then(|| grades.value(row)),
            registered: registered[row],
            position: unsigned(position[row])?,
            last: unsigned(last[row])?,
        };
        let (acts, retractions) = (unsigned(acts[row])?, unsigned(retractions[row])?);
        let room = (size(acts), size(retractions));
        developers.push(DeveloperRow {
            facts: DeveloperFacts::from_part(part, room, bounds)?,
            apps: unsigned(apps[row])?,
            acts,
            retractions,
        });
    }
    Ok(())
}

fn read_apps(rows: Rows<'_>, apps: &mut Vec<AppRow>) -> Result<(), Fault> {
    let (ids, names) = (rows.texts("app")?, rows.texts("name")?);
    let words = rows.texts("channel")?.zip(rows.texts("permission")?);
    let (registered, position) = (rows.instants("registered")?, rows.i64s("position")?);
    let (facts, usage) = (rows.i64s("facts")?, rows.i64s("usage")?);
    let outages = rows.i64s("outages")?;
    for (row, ((id, name), (channel, permission))) in ids.zip(names).zip(words).enumerate() {
        apps.push(AppRow {
            part: AppPart {
                id: id.into(),
                name: name.into(),
                channel: Channel::from_text(channel).ok_or("a channel is unknown")?,
                permission: Permission::from_text(permission).ok_or("a permission is unknown")?,
                registered: registered[row],
                position: unsigned(position[row])?,
                outage_ids: OutageIds::default(),
            },
            facts: unsigned(facts[row])?,
            usage: unsigned(usage[row])?,
            outages: unsigned(outages[row])?,
        });
    }
    Ok(())
}

fn read_usage(rows: Rows<'_>) -> Result<Vec<Usage>, Fault> {
    let (dates, times) = (rows.dates("date")?, rows.instants("time")?);
    let (position, users) = (rows.i64s("position")?, rows.i64s("daily_users")?);
    let usage = |row: usize| {
        Ok(Usage {
            date: date(dates[row]).ok_or("a date is none")?,
            position: Position(unsigned(position[row])?),
            time: Instant::from_micros(times[row]).ok_or("a time is none")?,
            daily_users: users[row],
        })
    };
    (0..rows.len()).map(usage).collect()
}

/// The columns of some facts.
struct Facts<'a> {
    times: &'a [i64],
    positions: &'a [i64],
    kinds: Vec<Kind>,
    words: &'a [u8],
    codes: &'a arrow_array::UInt32Array,
    values: &'a arrow_array::Int64Array,
}

impl<'a> Facts<'a> {
    fn of(rows: Rows<'a>) -> Result<Self, Fault> {
        Ok(Self {
            times: rows.instants("time")?,
            positions: rows.i64s("position")?,
            kinds: rows.words("kind", Kind::from_text)?,
            words: rows.u8s("word")?,
            codes: rows.maybe_u32s("code")?,
            values: rows.maybe_i64s("value")?,
        })
    }

    fn row(&self, row: usize) -> PlainFact {
        PlainFact {
            time: self.times[row],
            // A negative one becomes one that no log has.
            position: self.positions[row].cast_unsigned(),
            kind: self.kinds[row],
            word: self.words[row],
            code: self.codes.is_valid(row).then(|| self.codes.value(row)),
            value: match self.values.is_valid(row) {
                true => self.values.value(row),
                false => 0,
            },
        }
    }
}

/// A date, of the days since 1970.
fn date(days: i32) -> Option<NaiveDate> {
    let at = DateTime::from_timestamp(i64::from(days) * 86_400, 0)?;
    Some(at.date_naive())
}

/// A position or a count, which are never negative.
fn unsigned(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| "a number is negative".into())
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
