//! What is to be written into the tables.

use standing_projections::{Instant, LocalMonth};

use super::schema::Table;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn date(month: LocalMonth) -> Self {
        Self::Text(month.first_date().to_string())
    }

    pub(super) fn json(list: &[impl serde::Serialize]) -> Self {
        Self::Text(serde_json::to_string(list).unwrap_or_default())
    }
}

/// The cells of a row, taken in the order of its columns.
pub(super) struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    pub(super) fn of(row: Vec<Cell>) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn optional_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&mut self) -> String {
        self.optional_text().unwrap_or_default()
    }

    pub(super) fn optional_integer(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Cell::Integer(number)) => Some(number),
            _ => None,
        }
    }

    pub(super) fn integer(&mut self) -> i64 {
        self.optional_integer().unwrap_or_default()
    }

    pub(super) fn boolean(&mut self) -> bool {
        matches!(self.0.next(), Some(Cell::Boolean(true)))
    }

    pub(super) fn optional_instant(&mut self) -> Option<Instant> {
        self.optional_integer().map(Instant::from_micros_clamped)
    }

    pub(super) fn instant(&mut self) -> Instant {
        Instant::from_micros_clamped(self.integer())
    }
}

/// Rows that are no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) table: Table,
    /// The columns by which they are known.
    pub(super) by: Vec<(&'static str, Cell)>,
    /// Only those with a greater `number`.
    pub(super) above: Option<i64>,
}

impl Gone {
    pub(super) const fn all(table: Table, by: Vec<(&'static str, Cell)>) -> Self {
        Self {
            table,
            by,
            above: None,
        }
    }
}

/// What is to be written: first what is gone, then the rows, which take the place of those of their keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    pub(super) gone: Vec<Gone>,
    /// By table.
    pub(super) rows: [Vec<Vec<Cell>>; Table::ALL.len()],
}

impl Changes {
    /// How many rows are written, and how many times rows are taken out.
    pub(super) fn len(&self) -> usize {
        self.rows.iter().map(Vec::len).sum::<usize>() + self.gone.len()
    }

    /// The apps of which the board may be told something.
    pub(super) fn apps(&self) -> impl Iterator<Item = &str> {
        let named = |table: Table, place: usize| {
            let rows = self.rows[table as usize].iter();
            rows.filter_map(move |row| row.get(place))
        };
        let gone = self.gone.iter().filter(|gone| gone.table == Table::Board);
        let gone = gone.filter_map(|gone| gone.by.first().map(|(_, app)| app));
        let all = named(Table::Board, 0)
            .chain(named(Table::Apps, 1))
            .chain(gone);
        all.filter_map(|cell| match cell {
            Cell::Text(app) => Some(app.as_str()),
            _ => None,
        })
    }

    /// What is to be written after this.
    pub(super) fn append(&mut self, other: Self) {
        self.gone.extend(other.gone);
        for (rows, others) in self.rows.iter_mut().zip(other.rows) {
            rows.extend(others);
        }
    }

    pub(super) fn row(&mut self, table: Table, row: Vec<Cell>) {
        self.rows[table as usize].push(row);
    }

    pub(super) fn rows(&mut self, table: Table, rows: impl Iterator<Item = Vec<Cell>>) {
        self.rows[table as usize].extend(rows);
    }

    pub(super) fn gone(&mut self, gone: Gone) {
        self.gone.push(gone);
    }

    /// Rows that are numbered from 1: those whose digests are otherwise, and the end where there are fewer.
    pub(super) fn numbered<R>(
        &mut self,
        table: Table,
        by: impl Fn() -> Vec<(&'static str, Cell)>,
        (was, is): (&[u64], &[u64]),
        rows: impl Iterator<Item = R>,
        cells: impl Fn(&R) -> Vec<Cell>,
    ) {
        if was == is {
            return;
        }
        if was.len() > is.len() {
            self.gone.push(Gone {
                table,
                by: by(),
                above: i64::try_from(is.len()).ok(),
            });
        }
        for (place, row) in rows.enumerate() {
            if was.get(place) != is.get(place) {
                self.row(table, cells(&row));
            }
        }
    }

    /// Nothing is left of an app.
    pub(super) fn app_gone(&mut self, app: &str) {
        let of_apps = [
            Table::Apps,
            Table::Months,
            Table::Violations,
            Table::Sanctions,
            Table::Measures,
            Table::Obligations,
            Table::Certification,
            Table::Board,
        ];
        for table in of_apps {
            self.gone(Gone::all(table, vec![("app", Cell::text(app))]));
        }
    }

    /// Nothing is left of a developer and its apps.
    pub(super) fn developer_gone<'d>(
        &mut self,
        developer: &str,
        apps: impl Iterator<Item = &'d str>,
    ) {
        for table in [Table::Developers, Table::DeveloperMonths] {
            self.gone(Gone::all(table, vec![("developer", Cell::text(developer))]));
        }
        for app in apps {
            self.app_gone(app);
        }
    }
}
