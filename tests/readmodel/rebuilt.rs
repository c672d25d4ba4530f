//! Made anew while others read, rebuild, hold on or hang.

use std::process::{Child, Command, Stdio};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::runtime::Runtime;

use crate::common::Ledger;
use crate::kept::{Service, caught_up, made_events};
use crate::tables::{are_what_is_printed, status};

/// A ledger with tables.
fn made(seed: u64) -> Ledger {
    let ledger = Ledger::new();
    ledger.import_text(made_events(100, seed).join("\n"), &[]);
    ledger.run(&["readmodel", "rebuild"]).good();
    ledger
}

/// Says that to the tables' database.
fn execute(ledger: &Ledger, sql: &str) {
    match ledger.place.database() {
        Some(database) => database.execute(&format!("SET search_path = readmodel; {sql}")),
        None => Runtime::new().unwrap().block_on(async {
            let file = ledger.path("standing.readmodel.db");
            let options = SqliteConnectOptions::new().filename(file);
            let mut conn = options.connect().await.unwrap();
            let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
            sql.execute(&mut conn).await.unwrap();
        }),
    }
}

/// How many tables of a rebuild there are.
fn left(ledger: &Ledger) -> i64 {
    Runtime::new().unwrap().block_on(async {
        match ledger.place.database() {
            Some(database) => {
                let sql = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'next\\_%'";
                let mut conn = database.connect().await;
                let count = sqlx::query_scalar(sql).fetch_one(&mut conn).await;
                count.unwrap()
            }
            None => {
                let sql = "SELECT count(*) FROM sqlite_schema \
                           WHERE type = 'table' AND name LIKE 'next\\_%' ESCAPE '\\'";
                let file = ledger.path("standing.readmodel.db");
                let options = SqliteConnectOptions::new().filename(file);
                let mut conn = options.connect().await.unwrap();
                let count = sqlx::query_scalar(sql).fetch_one(&mut conn).await;
                count.unwrap()
            }
        }
    })
}

/// A transaction that has read the checkpoint and goes on, such as one that somebody forgot in `psql`.
fn hold(runtime: &Runtime, ledger: &Ledger) -> PgConnection {
    runtime.block_on(async {
        let mut conn = ledger.place.database().unwrap().connect().await;
        let sql =
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT position FROM readmodel.checkpoint";
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn
    })
}

fn rebuild(ledger: &Ledger) -> Child {
    let mut command = ledger.command(&["readmodel", "rebuild"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until a rebuild has made its tables.
fn begun(ledger: &Ledger) {
    while left(ledger) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn signal(process: u32, name: &str) {
    let told = Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(told.unwrap().success());
}

#[test]
fn a_second_rebuild_says_that_one_is_under_way() {
    let ledger = made(20);
    let refused = || {
        let ran = ledger.run(&["readmodel", "rebuild"]).with_code(1);
        let said = "the read model is being rebuilt by somebody else already";
        assert!(ran.err.contains(said), "{}", ran.err);
    };
    match ledger.place.database() {
        None => {
            let file = std::fs::File::open(ledger.path("standing.readmodel.rebuild.lock")).unwrap();
            file.try_lock().unwrap();
            refused();
        }
        Some(_) => {
            let runtime = Runtime::new().unwrap();
            let held = hold(&runtime, &ledger);
            let mut first = rebuild(&ledger);
            begun(&ledger);
            refused();
            runtime.block_on(held.close()).unwrap();
            assert!(first.wait().unwrap().success());
        }
    }
    ledger.run(&["readmodel", "rebuild"]).good();
    are_what_is_printed(&ledger);
}

#[test]
fn a_rebuild_that_fails_leaves_nothing() {
    let ledger = made(21);
    execute(
        &ledger,
        "DROP VIEW plaza; CREATE TABLE plaza (something integer)",
    );
    ledger.run(&["readmodel", "rebuild"]).with_code(1);
    assert_eq!(left(&ledger), 0);
    execute(&ledger, "DROP TABLE plaza");
    ledger.run(&["readmodel", "rebuild"]).good();
    assert_eq!(status(&ledger).2, 2);
    are_what_is_printed(&ledger);
}

#[test]
fn tables_whose_format_nobody_knows_are_made_anew() {
    let ledger = made(22);
    execute(&ledger, "UPDATE checkpoint SET format = 0");
    ledger.run(&["readmodel", "rebuild"]).good();
    assert_eq!(status(&ledger).2, 1);
    are_what_is_printed(&ledger);
}

#[test]
fn a_transaction_that_stays_open_holds_up_the_rebuild_and_no_reader() {
    let ledger = made(23);
    if ledger.place.database().is_none() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let held = hold(&runtime, &ledger);
    let mut waits = rebuild(&ledger);
    begun(&ledger);
    for _ in 0..10 {
        assert_eq!(status(&ledger).2, 1);
    }
    assert!(waits.try_wait().unwrap().is_none());
    runtime.block_on(held.close()).unwrap();
    assert!(waits.wait().unwrap().success());
    assert_eq!(status(&ledger).2, 2);
    are_what_is_printed(&ledger);
}

#[test]
fn what_a_killed_rebuild_left_is_gone_when_a_service_starts() {
    let ledger = made(24);
    if ledger.place.database().is_none() {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let held = hold(&runtime, &ledger);
    let mut killed = rebuild(&ledger);
    begun(&ledger);
    killed.kill().unwrap();
    killed.wait().unwrap();
    runtime.block_on(held.close()).unwrap();
    assert!(left(&ledger) > 0);
    let service = Service::start(&ledger);
    // Its session ends a moment after it, and until then it may be at work.
    while left(&ledger) > 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    service.end();
    assert_eq!(status(&ledger).2, 1);
    are_what_is_printed(&ledger);
}

#[test]
fn tables_are_replaced_under_many_readers() {
    let ledger = made(25);
    let server = ledger.serve(&[]);
    let token = ledger.token("auditor", &[]);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for path in ["/v1/plaza", "/v1/obligations"].repeat(6) {
            let (server, token, done) = (&server, &token, &done);
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    server.json_with(path, token);
                }
            });
        }
        let codes = [(); 5].map(|()| ledger.run(&["readmodel", "rebuild"]));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for ran in codes {
            ran.good();
        }
    });
    drop(server);
    assert_eq!(status(&ledger).2, 6);
    are_what_is_printed(&ledger);
}

#[test]
fn one_that_hangs_is_taken_over_and_does_no_harm_later() {
    let ledger = made(26);
    if ledger.place.database().is_none() {
        return;
    }
    let first = Service::start(&ledger);
    ledger.import_text(made_events(50, 27).join("\n"), &[]);
    caught_up(&ledger);
    let second = Service::start(&ledger);
    signal(first.id(), "-STOP");
    ledger.import_text(made_events(50, 28).join("\n"), &[]);
    caught_up(&ledger);
    signal(first.id(), "-CONT");
    ledger.import_text(made_events(50, 29).join("\n"), &[]);
    caught_up(&ledger);
    first.end();
    second.end();
    are_what_is_printed(&ledger);
    assert_eq!(status(&ledger).2, 1, "nobody made the tables anew");
}

#[test]
fn an_account_that_may_make_no_schema_uses_the_one_that_is_there() {
    let ledger = made(30);
    let Some(database) = ledger.place.database() else {
        return;
    };
    let account = format!("{}_tables", database.name());
    database.execute(&format!("CREATE ROLE {account} LOGIN PASSWORD 'hunter2'"));
    database.execute(&format!(
        "GRANT USAGE ON SCHEMA public, readmodel TO {account}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public, readmodel TO {account}"
    ));
    let url = database.url_of(&account, "hunter2");
    let ran = ledger.run(&["--ledger", &url, "readmodel", "check"]);
    database.execute(&format!("DROP OWNED BY {account}; DROP ROLE {account}"));
    ran.good();
}
