//! Writing rows: so few statements that what they cost each does not count.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection};

use super::changes::{Cell, Changes, Gone};
use super::schema::{Kept, Set, Table, quoted};
use super::store::{Store, postgres_failure};
use crate::ledger::StoreError;

/// How many rows one statement takes.
const ROWS: usize = 1_000;

/// Rows of a table that are known by the same columns, by the values of these.
type Alike<'a> = BTreeMap<(Table, Vec<&'static str>), Vec<Vec<&'a Cell>>>;

impl Store {
    /// Writes what is to be written into a set, in the transaction that is under way.
    pub(super) async fn fill(&mut self, set: Set, changes: &Changes) -> Result<(), StoreError> {
        let mut alike = Alike::new();
        for gone in &changes.gone {
            match gone.above {
                Some(above) => self.delete_end(set, gone, above).await?,
                None => {
                    let (names, values) =
                        gone.by.iter().map(|(name, value)| (*name, value)).unzip();
                    let names: Vec<&'static str> = names;
                    alike.entry((gone.table, names)).or_default().push(values);
                }
            }
        }
        for ((table, names), rows) in alike {
            self.delete(set, table, &names, &rows).await?;
        }
        for table in Table::ALL {
            let rows = &changes.rows[table as usize];
            match self {
                _ if rows.is_empty() => {}
                Self::Sqlite(_) => {
                    let name = format!("{}{}", set.prefix(), table.as_str());
                    let kept = kept(table);
                    self.insert(&name, &kept, rows, &replacing(table)).await?;
                }
                Self::Postgres(conn) => {
                    let inserted = insert_postgres(conn, set, table, rows).await;
                    inserted.map_err(postgres_failure)?;
                }
            }
        }
        Ok(())
    }

    /// Takes out the rows with a number above one.
    async fn delete_end(&mut self, set: Set, gone: &Gone, above: i64) -> Result<(), StoreError> {
        let conditions = (1..).zip(&gone.by);
        let conditions =
            conditions.map(|(place, (name, _))| format!("{} = ${place}", quoted(name)));
        let sql = format!(
            "DELETE FROM {}{} WHERE {} AND number > {above}",
            set.prefix(),
            gone.table.as_str(),
            conditions.collect::<Vec<_>>().join(" AND ")
        );
        let values: Vec<Cell> = gone.by.iter().map(|(_, value)| value.clone()).collect();
        self.execute(&sql, &values).await
    }

    /// Takes out the rows with these values of some columns.
    async fn delete(
        &mut self,
        set: Set,
        table: Table,
        names: &[&str],
        rows: &[Vec<&Cell>],
    ) -> Result<(), StoreError> {
        let dialect = self.dialect();
        let columns = table.columns();
        let kept = |name: &str| {
            let column = columns.iter().find(|column| column.name == name);
            column.map_or(Kept::Text, |column| Kept::of(column.kind))
        };
        let elements = (0..).zip(names);
        let elements = elements.map(|(place, name)| dialect.element(place, kept(name)));
        let sql = format!(
            "DELETE FROM {}{} WHERE ({}) IN (SELECT {} FROM {})",
            set.prefix(),
            table.as_str(),
            names
                .iter()
                .map(|name| quoted(name))
                .collect::<Vec<_>>()
                .join(", "),
            elements.collect::<Vec<_>>().join(", "),
            dialect.elements()
        );
        for rows in rows.chunks(ROWS) {
            self.execute(&sql, &[Cell::json(rows)]).await?;
        }
        Ok(())
    }

    /// Inserts rows, handed over as lists of values in JSON.
    pub(super) async fn insert(
        &mut self,
        table: &str,
        kept: &[Kept],
        rows: &[impl serde::Serialize],
        conflict: &str,
    ) -> Result<(), StoreError> {
        let dialect = self.dialect();
        let elements = kept.iter().enumerate();
        let elements = elements.map(|(place, kept)| dialect.element(place, *kept));
        let sql = format!(
            "INSERT INTO {table} SELECT {} FROM {} WHERE true {conflict}",
            elements.collect::<Vec<_>>().join(", "),
            dialect.elements()
        );
        for rows in rows.chunks(ROWS) {
            self.execute(&sql, &[Cell::json(rows)]).await?;
        }
        Ok(())
    }
}

/// How the columns of a table are kept.
fn kept(table: Table) -> Vec<Kept> {
    let columns = table.columns();
    columns.iter().map(|column| Kept::of(column.kind)).collect()
}

/// That a row takes the place of the one of its key.
fn replacing(table: Table) -> String {
    let key: Vec<_> = table.key().iter().map(|name| quoted(name)).collect();
    let columns = table.columns();
    let others = columns
        .iter()
        .filter(|column| !table.key().contains(&column.name));
    let others = others.map(|column| format!("{0} = EXCLUDED.{0}", quoted(column.name)));
    let others: Vec<_> = others.collect();
    format!(
        "ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        others.join(", ")
    )
}

async fn insert_postgres(
    conn: &mut PgConnection,
    set: Set,
    table: Table,
    rows: &[Vec<Cell>],
) -> Result<(), sqlx::Error> {
    let kept = kept(table);
    let arrays = (1..).zip(&kept).map(|(number, kept)| match kept {
        Kept::Boolean => format!("${number}::boolean[]"),
        Kept::Integer => format!("${number}::bigint[]"),
        Kept::Text => format!("${number}::text[]"),
    });
    let sql = format!(
        "INSERT INTO {}{} SELECT * FROM UNNEST({}) {}",
        set.prefix(),
        table.as_str(),
        arrays.collect::<Vec<_>>().join(", "),
        replacing(table)
    );
    for part in rows.chunks(ROWS) {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for (place, kept) in kept.iter().enumerate() {
            let column = part.iter().map(|row| &row[place]);
            query = match kept {
                Kept::Boolean => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Boolean(value) => Some(*value),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
                Kept::Integer => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Integer(value) => Some(*value),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
                Kept::Text => query.bind(
                    column
                        .map(|cell| match cell {
                            Cell::Text(value) => Some(value.as_str()),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                ),
            };
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}
