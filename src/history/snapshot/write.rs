//! From a history to the tables.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Date32Type, UInt8Type};
use arrow_array::{
    ArrayRef, Date32Array, DictionaryArray, Int64Array, StringArray, TimestampMicrosecondArray,
    UInt8Array, UInt32Array,
};
use rayon::prelude::*;
use standing_projections::event::Kind;
use standing_projections::facts::{AppFacts, DeveloperFacts, History, PlainFact};

use super::folder::Writing;
use super::manifest::{self, Manifest, Portion};
use super::out::table;
use super::table::Table;
use super::{Origin, SnapshotError};
use crate::ledger::tree::Hash;
use crate::proof::hash_to_text;

/// How many facts a portion has, but for a developer that has more by itself.
const PORTION: usize = 1 << 21;

/// Writes a snapshot, by as many threads as there are.
pub(super) fn snapshot(
    folder: &Path,
    history: &History,
    origin: Origin,
) -> Result<Manifest, SnapshotError> {
    let writing = Writing::begin(folder, history.head().0)?;
    let to = writing.tables();
    let names = history.names().iter();
    let names = table(&to, Table::Names, None, (0..).zip(names), |rows| {
        vec![u32s(rows, |row| row.0), texts(rows, |row| row.1)]
    })?;
    let books = history.rulebooks().iter();
    let rulebooks = table(&to, Table::Rulebooks, None, books, |rows| {
        vec![
            i64s(rows, |row| signed(row.position.0)),
            texts(rows, |row| &row.toml),
        ]
    })?;
    let portions = portions(history.developers());
    let written: Result<Vec<Portion>, SnapshotError> = portions
        .into_par_iter()
        .enumerate()
        .map(|(number, (first, developers))| portion(&to, number + 1, first, developers))
        .collect();
    let mut manifest = Manifest {
        made_up: origin == Origin::MadeUp,
        position: history.head(),
        root: String::new(),
        folder: writing.name.clone(),
        words: manifest::words(),
        names,
        rulebooks,
        portions: written?,
    };
    let root = match origin {
        Origin::Log(tree) => tree.root,
        Origin::MadeUp => {
            let digests: String = manifest.tables().map(|t| t.sha256.as_str()).collect();
            Hash::of_leaf(digests.as_bytes())
        }
    };
    manifest.root = hash_to_text(root);
    writing.publish(&manifest)?;
    Ok(manifest)
}

/// Developers in portions, each with the number of its first subject.
fn portions(developers: &[Arc<DeveloperFacts>]) -> Vec<(u32, &[Arc<DeveloperFacts>])> {
    let mut portions = Vec::new();
    let mut left = developers;
    let mut subject = 0;
    while !left.is_empty() {
        let mut facts = 0;
        let full = left.iter().position(|developer| {
            facts += developer.len();
            facts >= PORTION
        });
        let (portion, later) = left.split_at(full.map_or(left.len(), |last| last + 1));
        portions.push((subject, portion));
        subject = subjects(subject, portion).fold(subject, |_, (number, _)| number + 1);
        left = later;
    }
    portions
}

/// A developer itself, or one of its apps.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Developer(&'a DeveloperFacts),
    App(&'a DeveloperFacts, &'a AppFacts),
}

/// All subjects in their order, with their numbers.
fn subjects(first: u32, of: &[Arc<DeveloperFacts>]) -> impl Iterator<Item = (u32, Subject<'_>)> {
    let each = of.iter().flat_map(|one| {
        let apps = one.apps().iter().map(move |app| Subject::App(one, app));
        [Subject::Developer(one)].into_iter().chain(apps)
    });
    (first..).zip(each)
}

/// Writes the tables of a portion.
fn portion(
    to: &Path,
    number: usize,
    first: u32,
    of: &[Arc<DeveloperFacts>],
) -> Result<Portion, SnapshotError> {
    let number = Some(number);
    let developers = || {
        subjects(first, of).filter_map(|(number, subject)| match subject {
            Subject::Developer(one) => Some((number, one)),
            Subject::App(..) => None,
        })
    };
    let apps = || {
        subjects(first, of).filter_map(|(number, subject)| match subject {
            Subject::App(one, app) => Some((number, one, app)),
            Subject::Developer(_) => None,
        })
    };
    let facts = subjects(first, of).flat_map(|(number, subject)| {
        let facts = match subject {
            Subject::Developer(one) => one.acts(),
            Subject::App(_, app) => app.facts_by_group(),
        };
        facts.iter().map(move |fact| (number, fact.plain()))
    });
    let usage =
        apps().flat_map(|(number, _, app)| app.usage().iter().map(move |usage| (number, *usage)));
    let outages = apps().flat_map(|(number, _, app)| {
        let ids = (0u32..).zip(app.outage_ids().iter());
        ids.map(move |(code, id)| (number, code, id))
    });
    let retractions = developers()
        .flat_map(|(number, one)| one.retractions().iter().map(move |taken| (number, *taken)));
    Ok(Portion {
        facts: table(to, Table::Facts, number, facts, fact_columns)?,
        usage: table(to, Table::Usage, number, usage, |rows| {
            vec![
                u32s(rows, |row| row.0),
                Arc::new(Date32Array::from_iter_values(
                    rows.iter()
                        .map(|row| Date32Type::from_naive_date(row.1.date)),
                )),
                i64s(rows, |row| signed(row.1.position.0)),
                instants(rows, |row| row.1.time.micros()),
                i64s(rows, |row| row.1.daily_users),
            ]
        })?,
        outages: table(to, Table::Outages, number, outages, |rows| {
            vec![
                u32s(rows, |row| row.0),
                u32s(rows, |row| row.1),
                texts(rows, |row| row.2),
            ]
        })?,
        retractions: table(to, Table::Retractions, number, retractions, |rows| {
            vec![
                u32s(rows, |row| row.0),
                i64s(rows, |row| signed(row.1.position.0)),
                i64s(rows, |row| signed(row.1.target.0)),
            ]
        })?,
        developers: table(to, Table::Developers, number, developers(), |rows| {
            vec![
                u32s(rows, |row| row.0),
                texts(rows, |row| &row.1.id),
                texts(rows, |row| &row.1.name),
                texts(rows, |row| row.1.kind.as_str()),
                maybe_u32s(rows, |row| row.1.grade.map(|grade| grade.number())),
                instants(rows, |row| row.1.registered.micros()),
                i64s(rows, |row| signed(row.1.position.0)),
                i64s(rows, |row| signed(row.1.last().0)),
                i64s(rows, |row| count(row.1.apps().len())),
                i64s(rows, |row| count(row.1.acts().len())),
                i64s(rows, |row| count(row.1.retractions().len())),
            ]
        })?,
        apps: table(to, Table::Apps, number, apps(), |rows| {
            vec![
                u32s(rows, |row| row.0),
                texts(rows, |row| &row.1.id),
                texts(rows, |row| &row.2.id),
                texts(rows, |row| &row.2.name),
                texts(rows, |row| row.2.channel.as_str()),
                texts(rows, |row| row.2.permission.as_str()),
                instants(rows, |row| row.2.registered.micros()),
                i64s(rows, |row| signed(row.2.position.0)),
                i64s(rows, |row| count(row.2.fact_count())),
                i64s(rows, |row| count(row.2.usage().len())),
                i64s(rows, |row| count(row.2.outage_ids().len())),
            ]
        })?,
    })
}

fn fact_columns(rows: &[(u32, PlainFact)]) -> Vec<ArrayRef> {
    let kinds = rows.iter().map(|(_, fact)| fact.kind as u8);
    let texts = Kind::ALL.iter().map(|kind| kind.as_str());
    // A key for each kind, so that no two kinds share one.
    let kinds = DictionaryArray::<UInt8Type>::new(
        UInt8Array::from_iter_values(kinds),
        Arc::new(StringArray::from_iter_values(texts)),
    );
    let values = rows
        .iter()
        .map(|(_, fact)| (fact.value != 0).then_some(fact.value));
    vec![
        u32s(rows, |row| row.0),
        instants(rows, |row| row.1.time),
        i64s(rows, |row| signed(row.1.position)),
        Arc::new(kinds),
        Arc::new(UInt8Array::from_iter_values(
            rows.iter().map(|row| row.1.word),
        )),
        maybe_u32s(rows, |row| row.1.code),
        Arc::new(values.collect::<Int64Array>()),
    ]
}

fn u32s<R>(rows: &[R], of: impl Fn(&R) -> u32) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(rows.iter().map(of)))
}

fn maybe_u32s<R>(rows: &[R], of: impl Fn(&R) -> Option<u32>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<UInt32Array>())
}

fn i64s<R>(rows: &[R], of: impl Fn(&R) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(of)))
}

fn instants<R>(rows: &[R], of: impl Fn(&R) -> i64) -> ArrayRef {
    let micros = TimestampMicrosecondArray::from_iter_values(rows.iter().map(of));
    Arc::new(micros.with_timezone("UTC"))
}

fn texts<'a, R: 'a>(rows: &'a [R], of: impl Fn(&'a R) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
}

/// A position as a column has it; none is larger.
fn signed(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
