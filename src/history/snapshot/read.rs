//! From the tables to a history.
//!
//! Rows are dealt out by the counts of those they belong to, in their order. What a row may be is
//! for [`standing_projections::facts`] to say.

use std::path::Path;

use rayon::prelude::*;
use standing_projections::facts::{AppFacts, Bounds, DeveloperFacts, History};

use super::SnapshotError;
use super::deal::Deal;
use super::decode::{self, AppRow, DeveloperRow, Facts, size};
use super::manifest::{Manifest, Portion, Written};
use super::rows::{Fault, Rows, TableFile};
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
        decode::rulebooks(rows, &mut rulebooks)
    })?;
    let bounds = Bounds {
        names: names.len(),
        head: manifest.position,
    };
    let portions = manifest.portions.par_iter().enumerate();
    let portions: Result<Vec<_>, _> = portions
        .map(|(place, written)| {
            let reading = Reading {
                from,
                number: place + 1,
                written,
                bounds,
            };
            reading.developers()
        })
        .collect();
    let developers = portions?.into_iter().flatten().collect();
    History::from_parts(manifest.position, names, rulebooks, developers)
        .map_err(|error| SnapshotError::damaged(from, error))
}

/// A portion that is being read.
struct Reading<'a> {
    from: &'a Path,
    number: usize,
    written: &'a Portion,
    bounds: Bounds,
}

/// Whose rows they are, by their places among the developers or the apps of a portion.
#[derive(Clone, Copy)]
enum Subject {
    Developer(usize),
    App(usize),
}

impl Reading<'_> {
    fn file(&self, table: Table) -> TableFile {
        TableFile::new(self.from, table, Some(self.number))
    }

    /// The developers, with everything of theirs.
    fn developers(&self) -> Result<Vec<DeveloperFacts>, SnapshotError> {
        let mut developers: Vec<DeveloperRow> = Vec::new();
        self.file(Table::Developers)
            .read(&self.written.developers, |rows| {
                decode::developers(rows, self.bounds, &mut developers)
            })?;
        let mut rows: Vec<AppRow> = Vec::new();
        let file = self.file(Table::Apps);
        file.read(&self.written.apps, |batch| decode::apps(batch, &mut rows))?;
        self.outages(&mut rows)?;
        let subjects = subjects(&developers, &rows);
        let usage = places(rows.iter().map(|app| app.usage));
        let apps = rows.into_iter().map(|app| {
            let room = (size(app.facts), size(app.usage));
            let app = AppFacts::from_part(app.part, room, self.bounds);
            app.map_err(|error| file.damaged(error))
        });
        let mut apps = apps.collect::<Result<Vec<_>, _>>()?;
        self.facts(subjects, &mut developers, &mut apps)?;
        self.usage(usage, &mut apps)?;
        self.retractions(&mut developers)?;
        together(developers, apps).map_err(|fault| file.damaged(fault))
    }

    fn outages(&self, apps: &mut [AppRow]) -> Result<(), SnapshotError> {
        let counts = places(apps.iter().map(|app| app.outages));
        self.dealt(
            Table::Outages,
            &self.written.outages,
            counts,
            |rows, deal| {
                let mut ids = rows.texts("outage")?;
                deal.rows(rows.len(), |app, range| {
                    for id in ids.by_ref().take(range.len()) {
                        apps[app].part.outage_ids.push(id);
                    }
                    Ok(())
                })
            },
        )
    }

    fn facts(
        &self,
        counts: Vec<(Subject, u64)>,
        developers: &mut [DeveloperRow],
        apps: &mut [AppFacts],
    ) -> Result<(), SnapshotError> {
        let bounds = self.bounds;
        self.dealt(Table::Facts, &self.written.facts, counts, |rows, deal| {
            let facts = Facts::of(rows)?;
            deal.rows(rows.len(), |subject, mut range| {
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
        })
    }

    fn usage(&self, counts: Vec<(usize, u64)>, apps: &mut [AppFacts]) -> Result<(), SnapshotError> {
        self.dealt(Table::Usage, &self.written.usage, counts, |rows, deal| {
            let mut usage = decode::usage(rows)?.into_iter();
            deal.rows(rows.len(), |app, range| {
                let mut own = usage.by_ref().take(range.len());
                own.try_for_each(|usage| apps[app].push_usage(usage, self.bounds))?;
                Ok(())
            })
        })
    }

    fn retractions(&self, developers: &mut [DeveloperRow]) -> Result<(), SnapshotError> {
        let counts = places(developers.iter().map(|one| one.retractions));
        let written = &self.written.retractions;
        self.dealt(Table::Retractions, written, counts, |rows, deal| {
            let mut all = decode::retractions(rows)?.into_iter();
            deal.rows(rows.len(), |one, range| {
                let one = &mut developers[one].facts;
                let mut own = all.by_ref().take(range.len());
                own.try_for_each(|taken| one.push_retraction(taken, self.bounds))?;
                Ok(())
            })
        })
    }

    /// Reads a table whose rows are dealt out, so many to each.
    fn dealt<T: Copy>(
        &self,
        table: Table,
        written: &Written,
        counts: Vec<(T, u64)>,
        mut each: impl FnMut(Rows<'_>, &mut Deal<T>) -> Result<(), Fault>,
    ) -> Result<(), SnapshotError> {
        let file = self.file(table);
        let mut deal = Deal::new(counts);
        file.read(written, |rows| each(rows, &mut deal))?;
        deal.done().map_err(|fault| file.damaged(fault))
    }
}

/// Counts of those at the first place, the second and so on.
fn places(counts: impl Iterator<Item = u64>) -> Vec<(usize, u64)> {
    counts.enumerate().collect()
}

/// How many facts everybody has: each developer, and after it its apps.
fn subjects(developers: &[DeveloperRow], apps: &[AppRow]) -> Vec<(Subject, u64)> {
    let mut subjects = Vec::with_capacity(developers.len() + apps.len());
    let mut left = apps.iter().enumerate();
    for (place, developer) in developers.iter().enumerate() {
        subjects.push((Subject::Developer(place), developer.acts));
        let own = left.by_ref().take(size(developer.apps));
        subjects.extend(own.map(|(place, app)| (Subject::App(place), app.facts)));
    }
    subjects
}

/// Developers with their apps.
fn together(
    developers: Vec<DeveloperRow>,
    apps: Vec<AppFacts>,
) -> Result<Vec<DeveloperFacts>, Fault> {
    let mut left = apps.into_iter();
    let whole = developers.into_iter().map(|one| {
        let own: Vec<AppFacts> = left.by_ref().take(size(one.apps)).collect();
        match own.len() == size(one.apps) {
            true => one.facts.with_apps(own).map_err(Fault::from),
            false => Err("there are fewer apps than there should be".into()),
        }
    });
    let whole = whole.collect::<Result<_, _>>()?;
    match left.next() {
        Some(_) => Err("there are more apps than there should be".into()),
        None => Ok(whole),
    }
}
