//! The rows of a standing, told apart from those of the one before by their digests.
//!
//! Of what was written only 8 bytes a row are kept, under keys that nobody outside knows: enough to
//! tell which rows are otherwise, without reading a table.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::RandomState;
use standing_projections::facts::DeveloperFacts;
use standing_projections::plaza::entries;
use standing_projections::rules::Timeline;
use standing_projections::standing::{
    AppMonth, AppStanding, Condition, MeasureInForce, Obligation, Sanction, Standing, Violation,
};
use standing_projections::{Instant, LocalMonth};

use super::changes::{Cell, Changes, Gone};
use super::schema::{self, Table};
use crate::tables::column::{Column, Value};
use crate::tables::{self, AppRow, DeveloperMonthRow, DeveloperRow, MonthRow, OfApp, OfMonth};

/// What was written of a developer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    row: u64,
    months: Box<[(LocalMonth, u64)]>,
    apps: Box<[AppDigest]>,
}

impl Digest {
    /// The ids of the apps.
    pub(super) fn apps(&self) -> impl Iterator<Item = &str> {
        self.apps.iter().map(|app| &*app.id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AppDigest {
    id: Box<str>,
    row: u64,
    /// Of its entry, where it is on the board.
    board: Option<u64>,
    /// Of all measures together, as of all conditions: they are few.
    measures: u64,
    conditions: u64,
    obligations: Box<[u64]>,
    months: Box<[MonthDigest]>,
    /// Of its incidents and sanctions, month by month.
    rows: Box<[u64]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MonthDigest {
    month: LocalMonth,
    row: u64,
    /// Where its incidents begin, where its sanctions do, and where they end.
    places: [u32; 3],
}

impl AppDigest {
    fn violations(&self, of: &MonthDigest) -> &[u64] {
        self.part(of.places[0], of.places[1])
    }

    fn sanctions(&self, of: &MonthDigest) -> &[u64] {
        self.part(of.places[1], of.places[2])
    }

    fn part(&self, from: u32, to: u32) -> &[u64] {
        &self.rows[from as usize..to as usize]
    }
}

/// The columns of every table, to read rows with.
pub(super) struct Writer<'a> {
    keys: RandomState,
    timeline: &'a Timeline,
    developers: Vec<Column<DeveloperRow<'a>>>,
    developer_months: Vec<Column<DeveloperMonthRow<'a>>>,
    apps: Vec<Column<AppRow<'a>>>,
    months: Vec<Column<MonthRow<'a>>>,
    violations: Vec<Column<OfMonth<'a, Violation<'a>>>>,
    sanctions: Vec<Column<OfMonth<'a, Sanction<'a>>>>,
    measures: Vec<Column<OfApp<'a, MeasureInForce>>>,
    obligations: Vec<Column<OfApp<'a, Obligation<'a>>>>,
    certification: Vec<Column<OfApp<'a, Condition>>>,
    board: Vec<Column<standing_projections::plaza::BoardEntry<'a>>>,
}

impl<'a> Writer<'a> {
    /// For standings by those rules. Digests can be compared that were made with the same keys.
    pub(super) fn new(keys: &RandomState, timeline: &'a Timeline) -> Self {
        Self {
            keys: keys.clone(),
            timeline,
            developers: tables::developers(),
            developer_months: tables::developer_months(),
            apps: schema::apps(),
            months: tables::months(),
            violations: tables::violations(),
            sanctions: tables::sanctions(),
            measures: tables::measures(),
            obligations: schema::obligations(),
            certification: tables::certification(),
            board: schema::board(),
        }
    }

    /// What the rows of a standing are known by.
    pub(super) fn digest(&self, standing: &'a Standing<'a>, facts: &'a DeveloperFacts) -> Digest {
        let months = standing.months.iter().map(|month| {
            let row = self.developer_month(standing, month);
            (month.month, self.of(&self.developer_months, &row))
        });
        Digest {
            row: self.of(&self.developers, &DeveloperRow { standing, facts }),
            months: months.collect(),
            apps: standing
                .apps
                .iter()
                .map(|app| self.app(standing, app, facts))
                .collect(),
        }
    }

    fn app(
        &self,
        standing: &'a Standing<'a>,
        app: &'a AppStanding<'a>,
        facts: &'a DeveloperFacts,
    ) -> AppDigest {
        let mut rows = Vec::new();
        let place = |rows: &Vec<u64>| u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let months = app.months.iter().map(|month| {
            let of = self.month(standing, app, month);
            let first = place(&rows);
            rows.extend(month.violations.iter().map(|one| self.violation(one)));
            let second = place(&rows);
            let sanctions = month.sanctions.iter();
            rows.extend(sanctions.map(|one| self.sanction(one, &of.rules.book.version)));
            MonthDigest {
                month: month.month,
                row: self.of(&self.months, &of),
                places: [first, second, place(&rows)],
            }
        });
        let months = months.collect();
        let obligations = app.obligations.iter().map(|one| self.obligation(one));
        let row = app_row(standing, app, facts);
        AppDigest {
            id: app.app.into(),
            row: row.map_or(0, |row| self.of(&self.apps, &row)),
            board: on_board(standing, app).map(|entry| self.of(&self.board, &entry)),
            measures: self.all(&self.measures, of_app(standing, app, &app.measures)),
            conditions: self.all(
                &self.certification,
                of_app(standing, app, &app.certification.conditions),
            ),
            obligations: obligations.collect(),
            months,
            rows: rows.into(),
        }
    }

    /// What must be written so that the rows are those of a standing, where they were others or none.
    pub(super) fn changes(
        &self,
        was: &Digest,
        (is, standing): (&Digest, &'a Standing<'a>),
        facts: &'a DeveloperFacts,
        changes: &mut Changes,
    ) {
        let developer = || ("developer", Cell::text(standing.developer));
        if was.row != is.row {
            let row = DeveloperRow { standing, facts };
            changes.row(Table::Developers, cells(&self.developers, &row));
        }
        for month in gone(&was.months, &is.months, |(month, _)| *month) {
            let by = vec![developer(), ("month", Cell::date(month.0))];
            changes.gone(Gone::all(Table::DeveloperMonths, by));
        }
        for (month, (_, digest)) in standing.months.iter().zip(&is.months) {
            if !was.months.contains(&(month.month, *digest)) {
                let row = self.developer_month(standing, month);
                changes.row(Table::DeveloperMonths, cells(&self.developer_months, &row));
            }
        }
        for app in gone(&was.apps, &is.apps, |app| &*app.id) {
            changes.app_gone(&app.id);
        }
        let none = AppDigest::none();
        // Both are by id.
        let mut before = was.apps.iter().peekable();
        for (app, digest) in standing.apps.iter().zip(&is.apps) {
            while before.next_if(|one| one.id < digest.id).is_some() {}
            let was = before.next_if(|one| one.id == digest.id).unwrap_or(&none);
            if was != digest {
                self.app_changes(was, (digest, standing, app), facts, changes);
            }
        }
    }

    fn app_changes(
        &self,
        was: &AppDigest,
        (is, standing, app): (&AppDigest, &'a Standing<'a>, &'a AppStanding<'a>),
        facts: &'a DeveloperFacts,
        changes: &mut Changes,
    ) {
        let by_app = || vec![("app", Cell::text(app.app))];
        if was.row != is.row
            && let Some(row) = app_row(standing, app, facts)
        {
            changes.row(Table::Apps, cells(&self.apps, &row));
        }
        match on_board(standing, app) {
            Some(entry) if was.board != is.board => {
                changes.row(Table::Board, cells(&self.board, &entry));
            }
            None if was.board.is_some() => changes.gone(Gone::all(Table::Board, by_app())),
            _ => {}
        }
        if was.measures != is.measures {
            if was.measures != 0 {
                changes.gone(Gone::all(Table::Measures, by_app()));
            }
            let rows = of_app(standing, app, &app.measures);
            changes.rows(Table::Measures, rows.map(|row| cells(&self.measures, &row)));
        }
        if was.conditions != is.conditions {
            if was.conditions != 0 {
                changes.gone(Gone::all(Table::Certification, by_app()));
            }
            let rows = of_app(standing, app, &app.certification.conditions);
            let rows = rows.map(|row| cells(&self.certification, &row));
            changes.rows(Table::Certification, rows);
        }
        let obligations = of_app(standing, app, &app.obligations);
        changes.numbered(
            Table::Obligations,
            by_app,
            (&was.obligations, &is.obligations),
            obligations,
            |row| cells(&self.obligations, row),
        );
        let of_month = |month: LocalMonth| vec![by_app().remove(0), ("month", Cell::date(month))];
        for month in gone(&was.months, &is.months, |month| month.month) {
            for table in [Table::Months, Table::Violations, Table::Sanctions] {
                changes.gone(Gone::all(table, of_month(month.month)));
            }
        }
        for (month, digest) in app.months.iter().zip(&is.months) {
            let before = was.months.iter().find(|one| one.month == month.month);
            let by = || of_month(month.month);
            let of = self.month(standing, app, month);
            if before.is_none_or(|before| before.row != digest.row) {
                changes.row(Table::Months, cells(&self.months, &of));
            }
            let [violations, sanctions] = match before {
                Some(before) => [was.violations(before), was.sanctions(before)],
                None => [&[][..]; 2],
            };
            changes.numbered(
                Table::Violations,
                by,
                (violations, is.violations(digest)),
                self::of_month(of, &month.violations),
                |row| cells(&self.violations, row),
            );
            changes.numbered(
                Table::Sanctions,
                by,
                (sanctions, is.sanctions(digest)),
                self::of_month(of, &month.sanctions),
                |row| cells(&self.sanctions, row),
            );
        }
    }

    fn developer_month(
        &self,
        standing: &'a Standing<'a>,
        month: &'a standing_projections::standing::DeveloperMonth,
    ) -> DeveloperMonthRow<'a> {
        DeveloperMonthRow {
            developer: standing.developer,
            month,
            rules: self.timeline.version(month.rules),
        }
    }

    fn month(
        &self,
        standing: &'a Standing<'a>,
        app: &'a AppStanding<'a>,
        month: &'a AppMonth<'a>,
    ) -> MonthRow<'a> {
        MonthRow {
            developer: standing.developer,
            app: app.app,
            month,
            rules: self.timeline.version(month.rules),
        }
    }

    // Of the many rows: what their columns are made of. The app, the month and the number are where a digest is.
    // What only explains is left out: most of it are places among others, which shift where one comes between.

    fn violation(&self, one: &Violation<'_>) -> u64 {
        let Violation {
            code,
            level,
            since,
            at,
            evidence,
            incident: _,
        } = one;
        self.keys.hash_one((code, level, since, at, evidence))
    }

    /// Its row names the rules.
    fn sanction(&self, one: &Sanction<'_>, version: &str) -> u64 {
        let Sanction {
            code,
            level,
            nth,
            measures,
            from,
            until,
            fix_by,
            cause,
            row: _,
            step: _,
        } = one;
        let what = (code, level, nth, measures, cause, version);
        self.keys.hash_one((what, from, until, fix_by))
    }

    fn obligation(&self, one: &Obligation<'_>) -> u64 {
        let Obligation {
            owner,
            kind,
            code,
            cause,
            since,
            due,
            met_at,
            late,
            state,
            rule: _,
            ended: _,
        } = one;
        let what = (owner, kind, code, cause, late, state);
        self.keys.hash_one((what, since, due, met_at))
    }

    fn of<R>(&self, columns: &[Column<R>], row: &R) -> u64 {
        let mut hasher = self.keys.build_hasher();
        hash(columns, row, &mut hasher);
        hasher.finish()
    }

    /// Of all of them together; 0 of none.
    fn all<R>(&self, columns: &[Column<R>], rows: impl Iterator<Item = R>) -> u64 {
        let mut hasher = self.keys.build_hasher();
        let mut any = false;
        for row in rows {
            any = true;
            hash(columns, &row, &mut hasher);
        }
        if any { hasher.finish().max(1) } else { 0 }
    }
}

impl AppDigest {
    /// Of an app of which nothing is written.
    fn none() -> Self {
        Self {
            id: "".into(),
            row: 0,
            board: None,
            measures: 0,
            conditions: 0,
            obligations: Box::default(),
            months: Box::default(),
            rows: Box::default(),
        }
    }
}

/// Those of before that are no more, by their keys.
fn gone<'d, T, K: Ord>(
    was: &'d [T],
    is: &'d [T],
    key: impl Fn(&'d T) -> K,
) -> impl Iterator<Item = &'d T> {
    let mut there: Vec<K> = is.iter().map(&key).collect();
    there.sort_unstable();
    let each = was.iter();
    each.filter(move |one| there.binary_search(&key(one)).is_err())
}

fn app_row<'a>(
    standing: &'a Standing<'a>,
    app: &'a AppStanding<'a>,
    facts: &'a DeveloperFacts,
) -> Option<AppRow<'a>> {
    let place = facts.apps().binary_search_by(|one| (*one.id).cmp(app.app));
    Some(AppRow {
        developer: standing.developer,
        standing: app,
        facts: &facts.apps()[place.ok()?],
        rank: None,
    })
}

fn on_board<'a>(
    standing: &'a Standing<'a>,
    app: &AppStanding<'a>,
) -> Option<standing_projections::plaza::BoardEntry<'a>> {
    app.on_board?;
    entries(standing).find(|entry| entry.app == app.app)
}

fn of_app<'a, T>(
    standing: &'a Standing<'a>,
    app: &'a AppStanding<'a>,
    all: &'a [T],
) -> impl Iterator<Item = OfApp<'a, T>> {
    (1..).zip(all).map(|(number, of)| OfApp {
        developer: standing.developer,
        app: app.app,
        number,
        of,
    })
}

fn of_month<'a, T>(month: MonthRow<'a>, all: &'a [T]) -> impl Iterator<Item = OfMonth<'a, T>> {
    (1..)
        .zip(all)
        .map(move |(number, of)| OfMonth { month, number, of })
}

fn hash<R>(columns: &[Column<R>], row: &R, hasher: &mut impl Hasher) {
    for column in columns {
        match &column.value {
            Value::Boolean(get) => get(row).hash(hasher),
            Value::Int32(get) => get(row).hash(hasher),
            Value::Int64(get) => get(row).hash(hasher),
            Value::Text(get) => get(row).hash(hasher),
            Value::Timestamp(get) => get(row).map(Instant::micros).hash(hasher),
            Value::Date(get) => get(row).hash(hasher),
            Value::TextList(get) => get(row).hash(hasher),
            Value::Int64List(get) => get(row).hash(hasher),
        }
    }
}

/// The row as it is written.
fn cells<R>(columns: &[Column<R>], row: &R) -> Vec<Cell> {
    let cell = |column: &Column<R>| match &column.value {
        Value::Boolean(get) => get(row).map_or(Cell::Null, Cell::Boolean),
        Value::Int32(get) => get(row).map_or(Cell::Null, |number| Cell::Integer(number.into())),
        Value::Int64(get) => get(row).map_or(Cell::Null, Cell::Integer),
        Value::Text(get) => get(row).map_or(Cell::Null, Cell::text),
        Value::Timestamp(get) => get(row).map_or(Cell::Null, |at| Cell::Integer(at.micros())),
        Value::Date(get) => get(row).map_or(Cell::Null, |date| Cell::Text(date.to_string())),
        Value::TextList(get) => Cell::json(&get(row)),
        Value::Int64List(get) => Cell::json(&get(row)),
    };
    columns.iter().map(cell).collect()
}

#[cfg(test)]
mod tests;
