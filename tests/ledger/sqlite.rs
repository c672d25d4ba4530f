//! What the SQLite ledger does in its own way: its file, and what SQL may do to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use standing::ledger::sqlite::{OLDEST_SQLITE, check_sqlite_version};
use standing::ledger::{
    AppendError, Condition, Ledger, OpenError, OpenMode, Options, Recorded, SqliteLedger,
    StoreError,
};
use standing_projections::{Instant, Position};

use crate::conformance::{self, Store, complaint};

struct SqliteStore {
    directory: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

impl SqliteStore {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: Arc::new(AtomicI64::new(
                conformance::at("2015-04-01T00:00:00Z").micros(),
            )),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("log.db")
    }

    async fn ledger(&self) -> SqliteLedger {
        let clock = Arc::clone(&self.clock);
        let options = Options {
            clock: Arc::new(move || Instant::from_micros_clamped(clock.load(Ordering::SeqCst))),
            busy_timeout: Duration::from_secs(30),
        };
        SqliteLedger::open_with(self.path(), OpenMode::Create, options)
            .await
            .unwrap()
    }

    /// A connection such as a shell or another program has.
    async fn raw(&self) -> SqliteConnection {
        raw(&self.path()).await
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false);
    options.create_if_missing(true).connect().await.unwrap()
}

async fn execute(conn: &mut SqliteConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(conn)
        .await
        .map(drop)
}

#[async_trait]
impl Store for SqliteStore {
    async fn open(&self) -> Arc<dyn Ledger> {
        Arc::new(self.ledger().await)
    }

    fn set_clock(&self, at: Instant) {
        self.clock.store(at.micros(), Ordering::SeqCst);
    }
}

conformance::suite!(Some(SqliteStore::new()));

async fn append(ledger: &SqliteLedger, id: &str) -> Result<Position, AppendError> {
    let appended = ledger
        .append(&[complaint("d1-a", id)], Recorded::Now, &Condition::Always)
        .await?;
    Ok(appended.last)
}

#[tokio::test]
async fn the_database_refuses_to_change_the_log() {
    let store = SqliteStore::new();
    let ledger = store.ledger().await;
    append(&ledger, "1").await.unwrap();
    append(&ledger, "2").await.unwrap();
    let before = ledger.read(&Default::default()).await.unwrap();
    let mut conn = store.raw().await;
    // Events of one's own making, by what they put in the place of each column.
    let copy = |verb: &str, position: &str, recordedtime: &str, target: &str, id: &str| {
        format!(
            "{verb} INTO events SELECT {position}, {recordedtime}, time, kind, subject, developer, \
             {target}, source, {id}, json, hash FROM events WHERE position = 2"
        )
    };
    let allowed = copy("INSERT", "3", "recordedtime", "target", "'x'");
    execute(&mut conn, &format!("BEGIN; {allowed}; ROLLBACK"))
        .await
        .unwrap();
    for (sql, reason) in [
        ("UPDATE events SET json = '{}'".into(), "never updated"),
        (
            "UPDATE events SET position = 9 WHERE position = 2".into(),
            "never updated",
        ),
        (
            "UPDATE OR REPLACE events SET position = 1 WHERE position = 2".into(),
            "never updated",
        ),
        ("DELETE FROM events".into(), "never deleted"),
        (
            "DELETE FROM events WHERE position = 2".into(),
            "never deleted",
        ),
        ("UPDATE names SET text = 'x'".into(), "never updated"),
        ("DELETE FROM names".into(), "never deleted"),
        (
            "REPLACE INTO names SELECT key, 'x' FROM names".into(),
            "never replaced",
        ),
        (
            "REPLACE INTO names SELECT key + 100, text FROM names".into(),
            "never replaced",
        ),
        (
            "UPDATE developers SET developer = 1".into(),
            "never updated",
        ),
        ("DELETE FROM developers".into(), "never deleted"),
        (
            copy("INSERT", "2", "recordedtime", "target", "'x'"),
            "UNIQUE constraint failed",
        ),
        (
            copy("INSERT", "3", "recordedtime", "target", "id"),
            "UNIQUE constraint failed",
        ),
        (
            copy("INSERT", "3", "recordedtime", "3", "'x'"),
            "target < position",
        ),
        (
            copy("INSERT", "3", "'now'", "target", "'x'"),
            "cannot store TEXT",
        ),
    ] {
        let refused = execute(&mut conn, &sql).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{sql}: {refused}");
    }
    assert_eq!(ledger.read(&Default::default()).await.unwrap(), before);
    assert_eq!(append(&ledger, "3").await.unwrap(), Position(3));
}

#[tokio::test]
async fn a_shell_can_read_the_log() {
    let store = SqliteStore::new();
    store.set_clock(conformance::at("2015-04-01T00:00:00.000025Z"));
    append(&store.ledger().await, "1").await.unwrap();
    type Line = (
        i64,
        String,
        String,
        String,
        String,
        String,
        Option<i64>,
        String,
        String,
    );
    let line: Line = sqlx::query_as(
        "SELECT position, recordedtime, time, type, subject, developer, target, source, id FROM log",
    )
    .fetch_one(&mut store.raw().await)
    .await
    .unwrap();
    let texts = [line.1, line.2, line.3, line.4, line.5, line.7, line.8];
    assert_eq!(
        texts.join(" "),
        "2015-04-01T00:00:00.000025Z 2015-03-01T00:00:00.000000Z complaint.received d1-a d1 /test 1"
    );
    assert_eq!((line.0, line.6), (1, None));
}

#[tokio::test]
async fn what_is_no_ledger_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let open = async |name: &str, mode| SqliteLedger::open(path(name), mode).await.unwrap_err();

    let error = open("none.db", OpenMode::Existing).await;
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(!path("none.db").exists());
    let error = open("none/log.db", OpenMode::Create).await;
    assert!(matches!(error, OpenError::NoDirectory { .. }), "{error}");
    let error = open(".", OpenMode::Create).await;
    assert!(matches!(error, OpenError::Directory { .. }), "{error}");

    std::fs::write(path("empty.db"), "").unwrap();
    let error = open("empty.db", OpenMode::Existing).await;
    assert!(matches!(error, OpenError::NotALedger { .. }), "{error}");

    let text = "not a database, but long enough to be looked at: ".repeat(100);
    std::fs::write(path("text.db"), &text).unwrap();
    execute(
        &mut raw(&path("other.db")).await,
        "CREATE TABLE t (x); PRAGMA application_id = 7",
    )
    .await
    .unwrap();
    let other = std::fs::read(path("other.db")).unwrap();
    for mode in [OpenMode::Existing, OpenMode::Create] {
        for name in ["text.db", "other.db"] {
            let error = open(name, mode).await;
            assert!(
                matches!(error, OpenError::NotALedger { .. }),
                "{name}: {error}"
            );
        }
    }
    assert_eq!(std::fs::read_to_string(path("text.db")).unwrap(), text);
    assert_eq!(std::fs::read(path("other.db")).unwrap(), other);
}

#[tokio::test]
async fn a_schema_of_a_later_version_is_refused() {
    let store = SqliteStore::new();
    store.ledger().await.close().await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'later', TRUE, x'00', 0)";
    execute(&mut store.raw().await, later).await.unwrap();
    let error = SqliteLedger::open(store.path(), OpenMode::Existing)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 99,
                known: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_refused() {
    let store = SqliteStore::new();
    store.ledger().await.close().await;
    for path in [store.path(), store.directory.path().to_owned()] {
        let before = std::fs::metadata(&path).unwrap().permissions();
        let mut permissions = before.clone();
        permissions.set_readonly(true);
        std::fs::set_permissions(&path, permissions).unwrap();
        let binding = tempfile::tempfile_in(store.directory.path()).is_err()
            || std::fs::OpenOptions::new()
                .append(true)
                .open(store.path())
                .is_err();
        let opened = SqliteLedger::open(store.path(), OpenMode::Existing).await;
        std::fs::set_permissions(&path, before).unwrap();
        // Permissions do not bind everybody.
        if binding {
            assert!(
                matches!(opened, Err(OpenError::Unwritable { .. })),
                "{opened:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_that_looks_like_a_uri_is_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file:x?mode=memory");
    let ledger = SqliteLedger::open(&path, OpenMode::Create).await.unwrap();
    append(&ledger, "1").await.unwrap();
    ledger.close().await;
    assert!(path.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_can_be_made_by_several_at_once() {
    let store = Arc::new(SqliteStore::new());
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
    assert_eq!(
        store.ledger().await.head().await.unwrap().position,
        Position(6)
    );
}

#[tokio::test]
async fn a_writer_that_holds_on_is_waited_for_and_then_named() {
    let store = SqliteStore::new();
    store.ledger().await.close().await;
    let options = Options {
        busy_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let ledger = SqliteLedger::open_with(store.path(), OpenMode::Existing, options.clone())
        .await
        .unwrap();
    let mut other = store.raw().await;
    execute(&mut other, "BEGIN IMMEDIATE").await.unwrap();
    let error = append(&ledger, "1").await.unwrap_err();
    assert!(
        matches!(error, AppendError::Store(StoreError::Busy { .. })),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "nothing was appended: the ledger is busy: another process has been writing to it for 0.2 s; try again"
    );
    // Others read, and open, all the same.
    assert_eq!(ledger.head().await.unwrap().position, Position(0));
    let again = SqliteLedger::open_with(store.path(), OpenMode::Existing, options)
        .await
        .unwrap();
    execute(&mut other, "ROLLBACK").await.unwrap();
    assert_eq!(append(&ledger, "1").await.unwrap(), Position(1));
    assert_eq!(append(&again, "2").await.unwrap(), Position(2));
}

#[tokio::test]
async fn an_append_that_is_given_up_leaves_no_lock_behind() {
    let store = SqliteStore::new();
    let ledger = store.ledger().await;
    for id in 0..20 {
        let id = id.to_string();
        let given_up = tokio::time::timeout(
            Duration::from_micros(50 * id.len() as u64),
            append(&ledger, &id),
        );
        let _ = given_up.await;
        let _ = append(&ledger, &format!("{id}/again")).await.unwrap();
    }
    let events = ledger.read(&Default::default()).await.unwrap();
    assert!(
        events
            .iter()
            .map(|event| event.position.0)
            .eq(1..=events.len() as u64)
    );
}

#[test]
fn an_old_sqlite_is_refused() {
    for version in [OLDEST_SQLITE, "3.51.10", "3.52.0", "4.0.0"] {
        check_sqlite_version(version).unwrap();
    }
    for version in ["3.51.2", "3.9.99", "2.99.99", "", "x.y.z"] {
        let error = check_sqlite_version(version).unwrap_err();
        assert!(matches!(error, OpenError::SqliteTooOld { .. }), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_leaves_no_trace_in_the_files() {
    let store = SqliteStore::new();
    let ledger = store.ledger().await;
    // Short ones that share pages, and long ones that have pages of their own.
    let secret = |n: usize| {
        format!(
            "SECRET-{n}-{}",
            "Li Lei ".repeat(if n.is_multiple_of(5) { 4_000 } else { 20 })
        )
    };
    for n in 0..200 {
        let mut body = complaint("d1-a", &n.to_string()).body;
        body.insert(
            "private".into(),
            serde_json::json!({"narrative": secret(n)}),
        );
        let new = conformance::of_body(serde_json::Value::Object(body));
        let appended = ledger
            .append(&[new], Recorded::Now, &Condition::Always)
            .await;
        appended.unwrap();
    }
    let traces = || {
        let mut found = 0;
        for file in std::fs::read_dir(store.directory.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            found += bytes
                .windows(7)
                .filter(|window| *window == b"SECRET-")
                .count();
            found += bytes
                .windows(14)
                .filter(|window| *window == b"Li Lei Li Lei ")
                .count();
        }
        found
    };
    assert!(traces() > 200);
    let erasure = |target: u64| {
        let data = serde_json::json!({"event": {"id": "any"}, "reason": "asked for"});
        let mut new = conformance::event("private.erased", "d1-a", data, &format!("e{target}"));
        new.target = Some(Position(target));
        new
    };
    // Some singly, the rest at once; the ledger stays open, as a server's does.
    for target in (1..200).step_by(3) {
        let one = [erasure(target)];
        ledger
            .append(&one, Recorded::Now, &Condition::Always)
            .await
            .unwrap();
    }
    let rest: Vec<_> = (1..=200).filter(|n| n % 3 != 1).map(erasure).collect();
    ledger
        .append(&rest, Recorded::Now, &Condition::Always)
        .await
        .unwrap();
    ledger.scrub().await.unwrap();
    assert_eq!(traces(), 0);
    assert_eq!(ledger.integrity().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn private_rows_go_only_when_the_log_says_so() {
    let store = SqliteStore::new();
    let ledger = store.ledger().await;
    let mut body = complaint("d1-a", "1").body;
    body.insert("private".into(), serde_json::json!({"name": "Li Lei"}));
    let new = conformance::of_body(serde_json::Value::Object(body));
    ledger
        .append(&[new], Recorded::Now, &Condition::Always)
        .await
        .unwrap();
    let mut conn = store.raw().await;
    for (sql, reason) in [
        ("DELETE FROM private", "once the log holds"),
        ("UPDATE private SET content = '{}'", "never updated"),
        (
            "REPLACE INTO private SELECT position, key, '{}' FROM private",
            "never replaced",
        ),
        ("DELETE FROM tree", "never changed"),
        (
            "REPLACE INTO tree VALUES (1, 0, x'00'), (1, 0, x'01')",
            "never changed",
        ),
    ] {
        let refused = execute(&mut conn, sql).await;
        let refused = refused.map_err(|error| error.to_string());
        match refused {
            Err(error) => assert!(error.contains(reason), "{sql}: {error}"),
            // No row of the tree is there yet to be deleted.
            Ok(()) => assert_eq!(sql, "DELETE FROM tree"),
        }
    }
    assert!(ledger.private(&[Position(1)]).await.unwrap()[0].is_some());
}
