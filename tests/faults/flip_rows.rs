//! Rows that somebody changes who may do anything, and `standing verify`, which must see it.
//!
//! The server's triggers refuse changes; an owner of the database can turn them off, and does here,
//! and on again. Each column of each table is changed in some row, as little as can be.

use anyhow::{Context, Result, ensure};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::arguments::Wanted;
use crate::flip::{make_ledger, verify};
use crate::plan::numbers;
use crate::round::round;
use crate::server::Server;
use crate::store::{Store, wait_for};

/// Rows in which each column is changed.
const ROWS: usize = 2;

pub(crate) fn change(case: &'static str, wanted: Wanted, server: &Server) -> Result<String> {
    let seed = wanted.seed;
    round(case, seed, |folder| {
        let store = server.database()?;
        let key = make_ledger(folder, &store)?;
        verify(folder, &store, &key)?.context("the ledger is wrong from the start")?;
        let columns = wait_for(columns(&store))?;
        let mut rng = numbers(seed, &[0]);
        let (mut found, mut missed) = (0, Vec::new());
        for column in &columns {
            for _ in 0..ROWS {
                let Some(change) = wait_for(column.change(&store, &mut rng))? else {
                    continue;
                };
                match verify(folder, &store, &key)? {
                    Err(_) => found += 1,
                    Ok(()) => missed.push(change.told.clone()),
                }
                wait_for(change.undo(&store))?;
                verify(folder, &store, &key)?.context("a change was not undone")?;
            }
        }
        ensure!(missed.is_empty(), "missed: {missed:#?}");
        Ok(format!(
            "{found} rows changed in {} columns, all found",
            columns.len()
        ))
    })
}

/// A column of one of the ledger's tables.
#[derive(Debug)]
struct Column {
    table: String,
    name: String,
    kind: String,
}

async fn columns(store: &Store) -> Result<Vec<Column>> {
    let mut conn = PgConnection::connect(&store.to_string()).await?;
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text \
         FROM information_schema.columns JOIN information_schema.tables USING (table_name) \
         WHERE columns.table_schema = 'public' AND table_type = 'BASE TABLE' \
             AND table_name <> 'standing_migrations' ORDER BY 1, ordinal_position",
    )
    .fetch_all(&mut conn)
    .await?;
    conn.close().await?;
    let columns = columns
        .into_iter()
        .map(|(table, name, kind)| Column { table, name, kind });
    Ok(columns.collect())
}

/// A change that was made, and what takes it back.
struct Change {
    told: String,
    undo: String,
}

impl Column {
    /// What to change a value to: a bit of a number or of some byte, one of a text's last character.
    fn others(&self, rng: &mut fastrand::Rng) -> Vec<String> {
        let Self { name, kind, .. } = self;
        match kind.as_str() {
            "bigint" => vec![format!("{name} # 1"), format!("{name} # 1048576")],
            "smallint" => vec![format!("{name} # 1"), format!("{name} # 64")],
            "bytea" => {
                let (at, bit) = (rng.usize(..32), 1 << rng.u32(..8));
                let byte = format!("get_byte({name}, {at}) # {bit}");
                vec![format!("set_byte({name}, {at}, {byte})")]
            }
            _ => {
                let last = |bit: u32| {
                    let other = format!("chr(ascii(right({name}, 1)) # {bit})");
                    format!("overlay({name} PLACING {other} FROM length({name}))")
                };
                vec![last(1), last(64)]
            }
        }
    }

    /// Changes the column in some row; nothing, where no row has anything in it.
    async fn change(&self, store: &Store, rng: &mut fastrand::Rng) -> Result<Option<Change>> {
        let Self { table, name, kind } = self;
        let mut conn = PgConnection::connect(&store.to_string()).await?;
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT ctid::text, quote_literal({name}) FROM {table} \
             WHERE {name} IS NOT NULL ORDER BY ctid"
        )))
        .fetch_all(&mut conn)
        .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let (row, before) = &rows[rng.usize(..rows.len())];
        let sql = |value: &str, row: &str| {
            format!(
                "ALTER TABLE {table} DISABLE TRIGGER ALL; \
                 UPDATE {table} SET {name} = {value} WHERE {row}; \
                 {}",
                enable(table)
            )
        };
        let told = format!("{table}.{name} of row {row}, which was {before}");
        let mut others = self.others(rng);
        rng.shuffle(&mut others);
        let mut changed = Err(anyhow::anyhow!("nothing to change it to"));
        for other in others {
            let sql = sql(&other, &format!("ctid = '{row}'"));
            let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await;
            changed = done.map(drop).map_err(Into::into);
            // Where a constraint is in the way, another change will do.
            if changed.is_ok() {
                break;
            }
        }
        changed.with_context(|| told.clone())?;
        // The row has moved: it is the one that was written last.
        let moved: String = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT ctid::text FROM {table} ORDER BY xmin::text::bigint DESC LIMIT 1"
        )))
        .fetch_one(&mut conn)
        .await?;
        conn.close().await?;
        let undo = sql(&format!("{before}::{kind}"), &format!("ctid = '{moved}'"));
        Ok(Some(Change { told, undo }))
    }
}

/// Turns all triggers of a table on as the ledger has them.
fn enable(table: &str) -> String {
    format!(
        "DO $$ DECLARE name text; BEGIN \
            FOR name IN SELECT tgname FROM pg_trigger \
                WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal \
            LOOP EXECUTE format('ALTER TABLE {table} ENABLE ALWAYS TRIGGER %I', name); END LOOP; \
         END $$"
    )
}

impl Change {
    async fn undo(&self, store: &Store) -> Result<()> {
        crate::server::execute(&store.to_string(), &self.undo).await
    }
}
