//! What the PostgreSQL ledger does in its own way: its database, and what SQL may do to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgConnection};
use standing::ledger::{
    AppendError, Condition, Key, Ledger, OpenError, OpenMode, Options, PostgresLedger, Query,
    Recorded, StoreError,
};
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use crate::conformance::{self, Store, complaint};
use crate::server::Database;

struct PostgresStore {
    database: Database,
    clock: Arc<AtomicI64>,
}

impl PostgresStore {
    /// None where there is no server.
    fn new() -> Option<Self> {
        let clock = conformance::at("2015-04-01T00:00:00Z").micros();
        Some(Self {
            database: Database::new()?,
            clock: Arc::new(AtomicI64::new(clock)),
        })
    }

    fn options(&self) -> Options {
        let clock = Arc::clone(&self.clock);
        Options {
            clock: Arc::new(move || Instant::from_micros_clamped(clock.load(Ordering::SeqCst))),
            busy_timeout: Duration::from_secs(30),
        }
    }

    async fn ledger(&self) -> PostgresLedger {
        PostgresLedger::open_with(&self.database.url(), OpenMode::Create, self.options())
            .await
            .unwrap()
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(self.ledger().await)
    }

    fn set_clock(&self, at: Instant) {
        self.clock.store(at.micros(), Ordering::SeqCst);
    }
}

conformance::suite!(PostgresStore::new());

async fn append(ledger: &PostgresLedger, id: &str) -> Result<Position, AppendError> {
    let batch = [complaint("d1-a", id)];
    let appended = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await?;
    Ok(appended.last)
}

async fn execute(conn: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(conn)
        .await;
    done.map(drop)
}

async fn refused(url: &str, mode: OpenMode) -> OpenError {
    let error = PostgresLedger::open_with(url, mode, Options::default())
        .await
        .unwrap_err();
    let printed = format!("{error} {error:?}");
    let (_, account) = url.split_once("//").unwrap();
    if let Some((_, password)) = account.split('@').next().unwrap().split_once(':') {
        assert!(!printed.contains(password), "{printed}");
    }
    error
}

#[tokio::test]
async fn the_database_refuses_to_change_the_log() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    append(&ledger, "2").await.unwrap();
    ledger.keep_checkpoint(2, "note").await.unwrap();
    let before = ledger.read(&Query::default()).await.unwrap();
    let mut conn = store.database.connect().await;
    // Events of one's own making, by what they put in the place of each column.
    let copy = |position: &str, recordedtime: &str, target: &str, id: &str| {
        format!(
            "INSERT INTO events SELECT {position}, {recordedtime}, time, kind, subject, developer, \
             {target}, source, {id}, json, hash FROM events WHERE position = 2"
        )
    };
    let next = copy("3", "recordedtime", "target", "'x'");
    let moved = "UPDATE head SET position = 3";
    execute(&mut conn, &format!("BEGIN; {next}; {moved}; ROLLBACK"))
        .await
        .unwrap();
    let replica = "SET session_replication_role = replica";
    for (sql, reason) in [
        ("UPDATE events SET json = '{}'", "never changed by UPDATE"),
        ("UPDATE events SET json = '{}' WHERE false", "never changed"),
        ("DELETE FROM events", "never changed by DELETE"),
        ("TRUNCATE events", "never changed by TRUNCATE"),
        ("TRUNCATE private, events CASCADE", "never changed by"),
        (
            "MERGE INTO events USING head ON true WHEN MATCHED THEN DELETE",
            "never changed",
        ),
        (
            &format!("{next} ON CONFLICT (position) DO UPDATE SET json = ''"),
            "never changed",
        ),
        (
            &format!("{replica}; DELETE FROM events"),
            "never changed by DELETE",
        ),
        ("UPDATE developers SET developer = 'x'", "never changed"),
        ("DELETE FROM developers", "never changed"),
        ("INSERT INTO tree VALUES (1, 0, NULL)", "null value"),
        ("DELETE FROM tree", "never changed"),
        ("UPDATE checkpoints SET note = 'x'", "never changed"),
        ("DELETE FROM checkpoints", "never changed"),
        ("UPDATE private SET content = 'x'", "never changed"),
        ("DELETE FROM head", "never changed"),
        ("INSERT INTO head VALUES (0, NULL)", "never changed"),
        ("UPDATE head SET position = 3", "the head is its last event"),
        ("UPDATE head SET position = 1", "the head is its last event"),
        (
            "UPDATE head SET recordedtime = 0",
            "the head is its last event",
        ),
        (
            &copy("position", "recordedtime", "target", "'x'"),
            "events_pkey",
        ),
        (&copy("3", "recordedtime", "target", "id"), "events_by_key"),
        (&copy("4", "recordedtime", "target", "'x'"), "next position"),
        (
            &copy("0", "recordedtime", "target", "'x'"),
            "events_position_check",
        ),
        (
            &copy("3", "recordedtime - 1", "target", "'x'"),
            "no earlier",
        ),
        (&copy("3", "recordedtime", "3", "'x'"), "events_check"),
        (
            "INSERT INTO events SELECT 2 + n, recordedtime - n, time, kind, subject, developer, \
             target, source, n::text || 'x', json, hash \
             FROM events, (VALUES (0), (1), (2)) AS more(n) WHERE position = 2",
            "events_pkey",
        ),
        (
            "INSERT INTO events SELECT 3 + n, recordedtime - n, time, kind, subject, developer, \
             target, source, n::text || 'x', json, hash \
             FROM events, (VALUES (0), (1), (2)) AS more(n) WHERE position = 2",
            "no earlier",
        ),
    ] {
        let refused = execute(&mut conn, sql).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{sql}: {refused}");
        execute(&mut conn, "RESET session_replication_role")
            .await
            .unwrap();
    }
    assert_eq!(ledger.read(&Query::default()).await.unwrap(), before);
    assert_eq!(append(&ledger, "3").await.unwrap(), Position(3));
    assert_eq!(ledger.integrity().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_no_longer_keeps_the_log_is_found() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    store.database.execute(
        "ALTER TABLE events DISABLE TRIGGER ALL; DROP TRIGGER head_is_the_end ON head; \
         CREATE OR REPLACE FUNCTION private_is_deleted_when_the_log_says_so() RETURNS trigger \
             LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; \
         CREATE TRIGGER more AFTER INSERT ON tree EXECUTE FUNCTION refuse_change(); \
         UPDATE head SET position = 7; UPDATE events SET developer = 'd2'; \
         DROP INDEX events_by_target",
    );
    let mut found = ledger.integrity().await.unwrap();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "the head is at 7, and the last event at 1",
            "the index `events_by_target` is missing",
            "the table `developers` and the events differ in whose the subject is: `d1-a`",
            "the trigger `events_follow` is not as it should be",
            "the trigger `events_stay` is not as it should be",
            "the trigger `head_is_the_end` is not as it should be",
            "the trigger `more` should not be there",
            "the trigger `private_is_deleted_when_the_log_says_so` is not as it should be",
        ]
    );
}

#[tokio::test]
async fn psql_can_read_the_log() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    store.set_clock(conformance::at("2015-04-01T00:00:00.000025Z"));
    append(&store.ledger().await, "1").await.unwrap();
    let line: String = sqlx::query_scalar(
        "SELECT concat_ws(' ', position, recordedtime, time, type, subject, developer, \
         coalesce(target, 0), source, id) FROM log",
    )
    .fetch_one(&mut store.database.connect().await)
    .await
    .unwrap();
    assert_eq!(
        line,
        "1 2015-04-01 00:00:00.000025+00 2015-03-01 00:00:00+00 complaint.received d1-a d1 0 /test 1"
    );
}

#[tokio::test]
async fn what_is_no_ledger_is_refused_and_left_alone() {
    let Some(database) = Database::new() else {
        return;
    };
    let error = refused(&database.url(), OpenMode::Existing).await;
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    // Others may have tables here, but not of these names.
    database.execute("CREATE TABLE letters (letter text); CREATE TABLE events (letter text)");
    for mode in [OpenMode::Existing, OpenMode::Create] {
        let error = refused(&database.url(), mode).await;
        assert!(matches!(error, OpenError::NotALedger { .. }), "{error}");
    }
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    )
    .fetch_one(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(tables, 2);
    database.execute("DROP TABLE events");
    let url = database.url();
    let made = PostgresLedger::open_with(&url, OpenMode::Create, Options::default());
    append(&made.await.unwrap(), "1").await.unwrap();
}

#[tokio::test]
async fn several_ledgers_can_be_in_schemas_of_one_database() {
    let Some(database) = Database::new() else {
        return;
    };
    database.execute("CREATE SCHEMA one; CREATE SCHEMA two");
    for schema in ["one", "two"] {
        let url = format!("{}?options=-csearch_path%3D{schema}", database.url());
        let made = PostgresLedger::open_with(&url, OpenMode::Create, Options::default());
        let ledger = made.await.unwrap();
        assert_eq!(append(&ledger, "1").await.unwrap(), Position(1));
        assert_eq!(ledger.integrity().await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn where_there_is_no_way_to_a_database_it_is_said_why() {
    let Some(database) = Database::new() else {
        return;
    };
    let url = database.url();
    let error = refused(&format!("{url}_not"), OpenMode::Create).await;
    let name = format!("{}_not", database.name());
    assert!(
        matches!(&error, OpenError::NoDatabase { database, .. } if *database == name),
        "{error}"
    );
    for wrong in [
        database.url_of("nobody", "hunter2"),
        database.url_of("standing", "hunter2"),
    ] {
        let error = refused(&wrong, OpenMode::Create).await;
        assert!(matches!(error, OpenError::Denied { .. }), "{error}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let error = refused(
        &format!("postgres://ann:hunter2@127.0.0.1:{port}/d"),
        OpenMode::Existing,
    )
    .await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    // The server has no certificate.
    let error = refused(&format!("{url}?sslmode=require"), OpenMode::Existing).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    for wrong in [
        "postgres://ann:hunter2@localhost:port/d",
        "postgres://ann:hunter2@h/d?ssl-mod=require",
        "postgres://ann:hunter2@h/d?sslmode=perhaps",
        "postgres://ann:hunter2/@h:5432/d",
    ] {
        let error = refused(wrong, OpenMode::Existing).await;
        assert!(matches!(error, OpenError::WrongUrl { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let Some(database) = Database::with("ENCODING 'LATIN1'") else {
        return;
    };
    let error = refused(&database.url(), OpenMode::Create).await;
    assert!(
        matches!(&error, OpenError::NotUnicode { found, .. } if found == "LATIN1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_refused() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    store.ledger().await.close().await;
    store.database.execute(
        "INSERT INTO standing_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', TRUE, '', 0)",
    );
    let error = refused(&store.database.url(), OpenMode::Existing).await;
    let expected = matches!(
        error,
        OpenError::Newer {
            found: 99,
            known: 1,
            ..
        }
    );
    assert!(expected, "{error}");
}

/// An account of the server that is gone with the test.
struct Account<'a>(&'a Database, String);

impl<'a> Account<'a> {
    fn new(database: &'a Database) -> Self {
        let name = format!("a_{}", database.name());
        database.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD 'hunter2'"));
        Self(database, name)
    }

    fn url(&self) -> String {
        self.0.url_of(&self.1, "hunter2")
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        let name = &self.1;
        self.0
            .execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
    }
}

#[tokio::test]
async fn an_account_does_what_it_is_allowed_to() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let account = Account::new(&store.database);
    let error = refused(&account.url(), OpenMode::Create).await;
    assert!(matches!(error, OpenError::Denied { .. }), "{error}");
    append(&store.ledger().await, "1").await.unwrap();
    let error = refused(&account.url(), OpenMode::Existing).await;
    assert!(matches!(error, OpenError::Denied { .. }), "{error}");

    let name = &account.1;
    let grant = |right: &str, on: &str| format!("GRANT {right} ON {on} TO {name};");
    store
        .database
        .execute(&grant("SELECT", "ALL TABLES IN SCHEMA public"));
    let url = account.url();
    let opened = PostgresLedger::open_with(&url, OpenMode::Existing, store.options());
    let ledger = opened.await.unwrap();
    assert_eq!(ledger.read(&Query::default()).await.unwrap().len(), 1);
    let denied = |result| matches!(result, Err(StoreError::Denied { .. }));
    assert!(denied(append(&ledger, "2").await.map(drop).map_err(
        |error| match error {
            AppendError::Store(error) => error,
            other => panic!("{other}"),
        }
    )));
    assert!(denied(ledger.keep_checkpoint(1, "note").await));
    assert!(denied(ledger.scrub().await));

    store.database.execute(&format!(
        "{}{}",
        grant("INSERT", "ALL TABLES IN SCHEMA public"),
        grant("UPDATE", "head")
    ));
    // Past the first tile of the tree.
    let batch: Vec<_> = (2..300)
        .map(|n| complaint("d1-a", &n.to_string()))
        .collect();
    let appended = ledger
        .append(&batch, Recorded::Now, &Condition::Always)
        .await;
    assert_eq!(appended.unwrap().last, Position(299));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_can_be_made_a_ledger_by_several_at_once() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..6)
        .map(|task: usize| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let ledger = store.ledger().await;
                append(&ledger, &task.to_string()).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let head = store.ledger().await.head().await.unwrap();
    assert_eq!(head.position, Position(6));
}

#[tokio::test]
async fn a_writer_that_holds_on_is_waited_for_and_then_named() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    store.ledger().await.close().await;
    let options = Options {
        busy_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let url = store.database.url();
    let opened = PostgresLedger::open_with(&url, OpenMode::Existing, options.clone());
    let ledger = opened.await.unwrap();
    let mut other = store.database.connect().await;
    execute(&mut other, "BEGIN; SELECT FROM head FOR UPDATE")
        .await
        .unwrap();
    let error = append(&ledger, "1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was appended: the ledger is busy: another process has been writing to it for 0.2 s; try again"
    );
    // Others read, and open, all the same.
    assert_eq!(ledger.head().await.unwrap().position, Position(0));
    let opened = PostgresLedger::open_with(&url, OpenMode::Existing, options);
    let again = opened.await.unwrap();
    execute(&mut other, "ROLLBACK").await.unwrap();
    assert_eq!(append(&ledger, "1").await.unwrap(), Position(1));
    assert_eq!(append(&again, "2").await.unwrap(), Position(2));
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_read() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    append(&store.ledger().await, "1").await.unwrap();
    store.database.execute(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        store.database.name()
    ));
    let url = store.database.url();
    let opened = PostgresLedger::open_with(&url, OpenMode::Existing, store.options());
    let ledger = opened.await.unwrap();
    assert_eq!(ledger.read(&Query::default()).await.unwrap().len(), 1);
    let error = append(&ledger, "2").await.unwrap_err();
    let expected = matches!(error, AppendError::Store(StoreError::ReadOnly));
    assert!(expected, "{error}");
}

/// Ends all connections but one's own.
const CUT: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn after_a_lost_connection_the_next_append_makes_a_new_one() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    assert_eq!(ledger.head().await.unwrap().position, Position(1));
    store.database.execute(CUT);
    let error = append(&ledger, "2").await.unwrap_err();
    let expected = matches!(error, AppendError::Store(StoreError::Lost { .. }));
    assert!(expected, "{error}");
    assert_eq!(append(&ledger, "2").await.unwrap(), Position(2));
    assert_eq!(ledger.head().await.unwrap().position, Position(2));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_settled_by_the_key() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    // The connection ends inside the commit, before it is done.
    store.database.execute(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION cut()",
    );
    let error = append(&ledger, "2").await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_)), "{error}");
    store.database.execute("DROP TRIGGER cut ON events");
    assert_eq!(append(&ledger, "2").await.unwrap(), Position(2));
    let error = append(&ledger, "2").await.unwrap_err();
    assert!(
        matches!(error, AppendError::KeyTaken { index: 0 }),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_deleted_is_scrubbed_once_no_reader_holds_it() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    store.database.execute(
        "INSERT INTO private VALUES (1, '', 'Li Lei'); \
         ALTER TABLE private DISABLE TRIGGER private_is_deleted_when_the_log_says_so",
    );
    let mut reader = store.database.connect().await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM events";
    execute(&mut reader, begin).await.unwrap();
    store.database.execute("DELETE FROM private");
    let options = Options {
        busy_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let url = store.database.url();
    let hasty = PostgresLedger::open_with(&url, OpenMode::Existing, options).await;
    let held = hasty.unwrap().scrub().await;
    assert!(matches!(held, Err(StoreError::Busy { .. })), "{held:?}");
    execute(&mut reader, "COMMIT").await.unwrap();
    ledger.scrub().await.unwrap();
    let size: i64 = sqlx::query_scalar("SELECT pg_relation_size('private')")
        .fetch_one(&mut reader)
        .await
        .unwrap();
    assert_eq!(size, 0);
}

#[tokio::test]
async fn no_question_looks_through_the_whole_log() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    let ledger = store.ledger().await;
    for round in 0..4 {
        let batch: Vec<_> = (0..5_000)
            .map(|n| complaint(&format!("d{}-a", n % 500), &format!("{round}/{n}")))
            .collect();
        let done = ledger.append(&batch, Recorded::Now, &Condition::Always);
        done.await.unwrap();
    }
    // Each of the five indexes looked through the whole table when it was made. The server counts
    // what a connection did some time after.
    let mut made = scans(&store).await.0;
    for _ in 0..100 {
        if made >= 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        made = scans(&store).await.0;
    }
    let subjects = || vec!["d1-a".to_owned(), "d2-a".to_owned()];
    for query in [
        Query {
            after: Position(19_990),
            ..Query::default()
        },
        Query {
            subjects: subjects(),
            limit: 10,
            ..Query::default()
        },
        Query {
            developer: Some("d1".into()),
            limit: 10,
            ..Query::default()
        },
        Query {
            kinds: vec![Kind::EventRetracted],
            ..Query::default()
        },
        Query {
            kinds: vec![Kind::ComplaintReceived],
            limit: 10,
            ..Query::default()
        },
        Query {
            recorded_from: Some(Instant::MAX),
            ..Query::default()
        },
    ] {
        for _ in 0..7 {
            ledger.read(&query).await.unwrap();
        }
    }
    for n in 0..20_000 {
        if n % 1_000 == 0 {
            let id = format!("1/{n}");
            let key = Key {
                source: "/test",
                id: &id,
            };
            ledger.find(&[key]).await.unwrap();
            ledger.targeting(&[Position(n)]).await.unwrap();
        }
    }
    for kinds in [vec![], vec![Kind::EventRetracted]] {
        let condition = Condition::NothingNewFor {
            since: Position(19_000),
            subjects: vec!["none".into()],
            kinds,
        };
        ledger.append(&[], Recorded::Now, &condition).await.unwrap();
    }
    ledger.close().await;
    let (scans, rows) = scans(&store).await;
    assert_eq!(scans, made);
    // What was asked for, and little more.
    assert!(rows < 3_000, "{rows}");
}

/// How many times somebody looked through all events, and how many were found by an index.
async fn scans(store: &PostgresStore) -> (i64, i64) {
    sqlx::query_as(
        "SELECT seq_scan, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables \
         WHERE relname = 'events'",
    )
    .fetch_one(&mut store.database.connect().await)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_write_whatever_isolation_is_the_default() {
    let Some(store) = PostgresStore::new() else {
        return;
    };
    store.ledger().await.close().await;
    store.database.execute(&format!(
        "ALTER DATABASE {} SET default_transaction_isolation = 'serializable'",
        store.database.name()
    ));
    let mut tasks = Vec::new();
    for writer in 0..3 {
        let ledger = store.open().await;
        tasks.push(tokio::spawn(async move {
            for n in 0..60 {
                let new = [complaint("d1-a", &format!("{writer}/{n}"))];
                ledger
                    .append(&new, Recorded::Now, &Condition::Always)
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let head = store.ledger().await.head().await.unwrap();
    assert_eq!(head.position, Position(180));
}
