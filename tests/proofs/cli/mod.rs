//! The commands, from outside.

pub(crate) mod bundle;
mod checkpoint;
mod keys;
mod prove;
mod tampering;
mod tiles;
mod verify;

use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::common::Ledger;
use crate::common::events::{app, complaint, developer};

/// A ledger of an app with so many complaints, and the key of `example.com/log` beside it. The
/// first six events are three rulebooks, a developer and two apps.
pub(crate) fn ground(complaints: usize) -> Ledger {
    let ledger = Ledger::new();
    ledger
        .import(&[
            developer("d1"),
            app("a1", "d1", "enterprise"),
            app("a2", "d1", "in_site"),
        ])
        .counts(3, 0, 0);
    complain(&ledger, 0..complaints);
    ledger.run(&["keys", "new", "example.com/log"]).good();
    ledger
}

/// Adds complaints.
pub(crate) fn complain(ledger: &Ledger, ids: std::ops::Range<usize>) {
    let count = ids.len() as u64;
    let complaints: Vec<_> = ids.map(|n| complaint(&format!("c{n}"))).collect();
    ledger.import(&complaints).counts(count, 0, 0);
}

/// The verifier key of the key in a file.
pub(crate) fn verifier(ledger: &Ledger, file: &str) -> String {
    let shown = ledger.run(&["keys", "show", file]).good().out;
    shown.trim_end().to_owned()
}

/// A checkpoint that is signed now, with which later ones are compared.
pub(crate) fn checkpoint(ledger: &Ledger) -> String {
    ledger.run(&["checkpoint"]).good().out
}

/// Does with the ledger what somebody does who wants it to say something else: without the triggers
/// that keep the program from it.
pub(crate) fn tamper(ledger: &Ledger, statements: &str) {
    match ledger.place.database() {
        None => tamper_with_file(ledger, statements),
        Some(database) => {
            let tables = [
                "events",
                "developers",
                "head",
                "tree",
                "private",
                "checkpoints",
            ];
            let all = |action: &str| -> String {
                let each =
                    tables.map(|table| format!("ALTER TABLE {table} {action} TRIGGER USER;"));
                each.concat()
            };
            // Enabled for replicas too, as they were.
            let as_before = "DO $$ DECLARE one record; BEGIN \
                FOR one IN SELECT tgname, tgrelid::regclass AS of FROM pg_trigger \
                    WHERE NOT tgisinternal \
                LOOP EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', one.of, one.tgname); \
                END LOOP; END $$;";
            // What is taken off the end leaves its mark in the head, unless that is seen to.
            let head = match statements.contains("DELETE FROM events") {
                true => {
                    "UPDATE head SET (position, recordedtime) = \
                         (SELECT max(position), max(recordedtime) FROM events);"
                }
                false => "",
            };
            let statements = in_postgres(statements);
            database.execute(&format!("{}{statements};{head}{as_before}", all("DISABLE")));
        }
    }
}

/// A statement that is meant for SQLite, as PostgreSQL has it: bytes are written in another way.
fn in_postgres(statement: &str) -> String {
    let statement = statement.replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')");
    let mut parts = statement.split(" x'");
    let mut all = parts.next().unwrap().to_owned();
    for part in parts {
        let (hex, rest) = part.split_once('\'').unwrap();
        all += &format!(" decode('{hex}', 'hex'){rest}");
    }
    all
}

fn tamper_with_file(ledger: &Ledger, statements: &str) {
    let path = ledger.path("standing.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut conn = options.connect().await.unwrap();
        let triggers: Vec<(String, String)> =
            sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
                .fetch_all(&mut conn)
                .await
                .unwrap();
        for (name, _) in &triggers {
            run(&mut conn, format!("DROP TRIGGER {name}")).await;
        }
        run(&mut conn, statements.to_owned()).await;
        // As if nothing had been.
        for (_, sql) in triggers {
            run(&mut conn, sql).await;
        }
        sqlx::Connection::close(conn).await.unwrap();
    });
}

async fn run(conn: &mut sqlx::SqliteConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(conn)
        .await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
