//! From an answer and the log to the files.

use std::collections::HashMap;
use std::fs::File;

use serde::Deserialize;
use serde_json::value::RawValue;
use standing_projections::facts::History;
use standing_projections::plaza::{BoardEntry, board};
use standing_projections::retraction::{counting, disregarded};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Position, Standing};

use super::csv::CsvWriter;
use super::destination::{Destination, Staged};
use super::error::FormError;
use super::manifest::{Manifest, Written};
use super::parquet::ParquetWriter;
use super::{ExportError, Format, Table};
use crate::ledger::{Ledger, Query, StoredEvent};
use crate::tables::column::{Column, describe};
use crate::tables::{
    self, AppRow, DeveloperMonthRow, DeveloperRow, EventRow, MonthRow, OfApp, OfMonth,
};
use crate::transfer::tree_of;

/// How many events are read at a time.
const PAGE: usize = 1_000;
/// How many rows of an answer are written at a time.
const ROWS: usize = 8_192;

/// What was asked, and what follows.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The instants.
    pub ask: Ask,
    /// The facts, everybody's, up to the position.
    pub history: &'a History,
    /// The rules.
    pub timeline: &'a Timeline,
    /// The standing of every developer, by id.
    pub standings: &'a [Standing<'a>],
}

/// Writes tables of an answer, and of the log up to its position. `progress` hears how many events
/// were written.
///
/// # Errors
/// See [`ExportError`].
pub async fn export(
    ledger: &dyn Ledger,
    answer: &Answer<'_>,
    destination: Destination,
    mut progress: impl FnMut(u64),
) -> Result<Manifest, ExportError> {
    let ask = answer.ask;
    let tree = tree_of(ledger, ask.known_at.0).await?;
    let run = Run {
        answer,
        destination: &destination,
        manifest: Manifest::new(ask, tree, answer.timeline, destination.format),
        board: board(answer.standings),
    };
    let mut written = Vec::new();
    let mut staged = Vec::new();
    for table in &destination.tables {
        let (one, file) = match table {
            Table::Events => run.events(ledger, &mut progress).await?,
            table => run.table(*table)?,
        };
        written.push(one);
        staged.push(file);
    }
    let mut manifest = run.manifest;
    manifest.tables = written;
    destination.publish(staged, &manifest)?;
    Ok(manifest)
}

struct Run<'a> {
    answer: &'a Answer<'a>,
    destination: &'a Destination,
    manifest: Manifest,
    board: Vec<BoardEntry<'a>>,
}

type Done = Result<(Written, Staged), ExportError>;

impl<'a> Run<'a> {
    /// A table of the answer.
    fn table(&self, table: Table) -> Done {
        match table {
            Table::Events | Table::Rulebooks => {
                self.rows(table, tables::rulebooks(), self.answer.timeline.versions())
            }
            Table::Developers => self.rows(table, tables::developers(), self.developers()),
            Table::DeveloperMonths => {
                self.rows(table, tables::developer_months(), self.developer_months())
            }
            Table::Apps => self.rows(table, tables::apps(), self.apps()),
            Table::Months => self.rows(table, tables::months(), self.months()),
            Table::Violations => {
                let rows = self.of_months(|month| &month.month.violations);
                self.rows(table, tables::violations(), rows)
            }
            Table::Sanctions => {
                let rows = self.of_months(|month| &month.month.sanctions);
                self.rows(table, tables::sanctions(), rows)
            }
            Table::Measures => {
                let rows = self.of_apps(|app| &app.measures);
                self.rows(table, tables::measures(), rows)
            }
            Table::Obligations => {
                let rows = self.of_apps(|app| &app.obligations);
                self.rows(table, tables::obligations(), rows)
            }
            Table::Plaza => self.rows(table, tables::plaza(), self.board.iter().cloned()),
        }
    }

    /// Writes rows as they come.
    fn rows<R>(
        &self,
        table: Table,
        columns: Vec<Column<R>>,
        rows: impl IntoIterator<Item = R>,
    ) -> Done {
        let mut out = TableFile::begin(self, table, columns)?;
        let mut waiting = Vec::with_capacity(ROWS);
        for row in rows {
            waiting.push(row);
            if waiting.len() == ROWS {
                out.write(&waiting)?;
                waiting.clear();
            }
        }
        out.write(&waiting)?;
        out.finish()
    }

    /// The log, page by page.
    async fn events(&self, ledger: &dyn Ledger, progress: &mut impl FnMut(u64)) -> Done {
        let known_at = self.answer.ask.known_at;
        let disregarded_by = self.disregarded_by();
        let mut out = TableFile::begin(self, Table::Events, tables::events())?;
        let mut query = Query {
            up_to: Some(known_at),
            limit: PAGE,
            ..Query::default()
        };
        while query.after < known_at {
            let page = ledger.read(&query).await?;
            let Some(last) = page.last().map(|stored| stored.position) else {
                break;
            };
            let rows = page.into_iter().map(|stored| row(stored, &disregarded_by));
            out.write(&rows.collect::<Result<Vec<_>, _>>()?)?;
            query.after = last;
            progress(last.0);
        }
        out.finish()
    }

    /// For each event that is disregarded, the one that makes it so.
    fn disregarded_by(&self) -> HashMap<Position, Position> {
        let known_at = self.answer.ask.known_at;
        let each = self.answer.history.developers().iter();
        let retractions = each.flat_map(|developer| {
            let all = developer.retractions();
            counting(all, known_at, &disregarded(all, known_at))
        });
        retractions
            .map(|retraction| (retraction.target, retraction.position))
            .collect()
    }

    fn developers(&self) -> impl Iterator<Item = DeveloperRow<'a>> {
        let answer = self.answer;
        answer.standings.iter().filter_map(|standing| {
            let (facts, _) = answer.history.subject(standing.developer)?;
            Some(DeveloperRow { standing, facts })
        })
    }

    fn developer_months(&self) -> impl Iterator<Item = DeveloperMonthRow<'a>> {
        let timeline = self.answer.timeline;
        self.answer.standings.iter().flat_map(move |standing| {
            let months = standing.months.iter();
            months.map(move |month| DeveloperMonthRow {
                developer: standing.developer,
                month,
                rules: timeline.version(month.rules),
            })
        })
    }

    fn apps(&self) -> impl Iterator<Item = AppRow<'a>> {
        let ranks = self.board.iter().map(|entry| (entry.app, entry.rank));
        let ranks: HashMap<&str, u64> = ranks.collect();
        let history = self.answer.history;
        let each = self.answer.standings.iter();
        let apps = each.flat_map(|one| one.apps.iter().map(move |app| (one.developer, app)));
        apps.filter_map(move |(developer, standing)| {
            let (_, facts) = history.subject(standing.app)?;
            Some(AppRow {
                developer,
                standing,
                facts: facts?,
                rank: ranks.get(standing.app).copied(),
            })
        })
    }

    fn months(&self) -> impl Iterator<Item = MonthRow<'a>> {
        let timeline = self.answer.timeline;
        self.answer.standings.iter().flat_map(move |standing| {
            standing.apps.iter().flat_map(move |app| {
                app.months.iter().map(move |month| MonthRow {
                    developer: standing.developer,
                    app: app.app,
                    month,
                    rules: timeline.version(month.rules),
                })
            })
        })
    }

    /// What a list of each month holds.
    fn of_months<T: 'a>(
        &self,
        list: fn(&MonthRow<'a>) -> &'a [T],
    ) -> impl Iterator<Item = OfMonth<'a, T>> {
        self.months().flat_map(move |month| {
            let numbered = (1..).zip(list(&month));
            numbered.map(move |(number, of)| OfMonth { month, number, of })
        })
    }

    /// What a list of each app holds.
    fn of_apps<T: 'a>(
        &self,
        list: fn(&'a standing_projections::standing::AppStanding<'a>) -> &'a [T],
    ) -> impl Iterator<Item = OfApp<'a, T>> {
        self.answer.standings.iter().flat_map(move |standing| {
            standing.apps.iter().flat_map(move |app| {
                (1..).zip(list(app)).map(move |(number, of)| OfApp {
                    developer: standing.developer,
                    app: app.app,
                    number,
                    of,
                })
            })
        })
    }
}

/// What is read from a leaf.
#[derive(Deserialize)]
struct Leaf<'a> {
    actor: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn row(
    mut stored: StoredEvent,
    disregarded_by: &HashMap<Position, Position>,
) -> Result<EventRow, ExportError> {
    let json = std::mem::take(&mut stored.json);
    let leaf = serde_json::from_str(&json).map_err(|error| ExportError::Unreadable {
        position: stored.position,
        reason: error.to_string(),
    });
    let Leaf { actor, data } = leaf?;
    Ok(EventRow {
        actor,
        data: data.get().to_owned(),
        disregarded_by: disregarded_by.get(&stored.position).copied(),
        stored,
    })
}

/// A table on its way into a file under a temporary name.
struct TableFile<'a, R> {
    table: Table,
    destination: &'a Destination,
    columns: Vec<super::Described>,
    temporary: tempfile::TempPath,
    out: Writer<R>,
    rows: u64,
}

enum Writer<R> {
    Parquet(ParquetWriter<R>),
    Csv(CsvWriter<R>),
}

impl<R> Writer<R> {
    fn write(&mut self, rows: &[R]) -> Result<(), FormError> {
        match self {
            Self::Parquet(out) => out.write(rows),
            Self::Csv(out) => out.write(rows),
        }
    }

    fn finish(self) -> Result<File, FormError> {
        match self {
            Self::Parquet(out) => out.finish(),
            Self::Csv(out) => out.finish(),
        }
    }
}

impl<'a, R> TableFile<'a, R> {
    fn begin(run: &Run<'a>, table: Table, columns: Vec<Column<R>>) -> Result<Self, ExportError> {
        let destination = run.destination;
        let (file, temporary) = destination.begin()?;
        let described = describe(&columns);
        let out = match destination.format {
            Format::Parquet => {
                ParquetWriter::new(columns, file, run.manifest.metadata(table)).map(Writer::Parquet)
            }
            Format::Csv => CsvWriter::new(columns, file).map(Writer::Csv),
        };
        let path = destination.path(&table.file(destination.format));
        Ok(Self {
            table,
            destination,
            columns: described,
            temporary,
            out: out.map_err(|error| error.of(table, &path))?,
            rows: 0,
        })
    }

    fn write(&mut self, rows: &[R]) -> Result<(), ExportError> {
        let done = self.out.write(rows);
        self.rows += rows.len() as u64;
        done.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: FormError) -> ExportError {
        let name = self.table.file(self.destination.format);
        error.of(self.table, &self.destination.path(&name))
    }

    fn finish(self) -> Done {
        let (table, destination) = (self.table, self.destination);
        let name = table.file(destination.format);
        let file = self.out.finish();
        let file = file.map_err(|error| error.of(table, &destination.path(&name)))?;
        let staged = destination.stage(name.clone(), &file, self.temporary)?;
        let written = Written {
            table,
            file: name,
            rows: self.rows,
            columns: self.columns,
        };
        Ok((written, staged))
    }
}
