//! Where a test's ledger is: a file in its folder, or a database of its own on the PostgreSQL server
//! that `scripts/with-postgres` runs.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::any::Any;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

/// The place of a ledger, on the store that `STANDING_TEST_STORE` names.
pub(crate) struct Place(Option<Database>);

impl Place {
    pub(crate) fn new() -> Self {
        if !on_postgres() {
            return Self(None);
        }
        match Database::new() {
            None => panic!("STANDING_TEST_STORE is postgres, and there is no server"),
            database => Self(database),
        }
    }

    /// Points a command, which runs in the test's folder, at the ledger.
    pub(crate) fn name_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match &self.0 {
            None => command.env_remove("STANDING_LEDGER"),
            Some(database) => command.env("STANDING_LEDGER", database.url()),
        }
    }

    /// What `--ledger` takes.
    pub(crate) fn name(&self) -> String {
        match &self.0 {
            None => "standing.db".to_owned(),
            Some(database) => database.url(),
        }
    }

    /// The ledger as messages name it.
    pub(crate) fn shown(&self) -> String {
        match &self.0 {
            None => "standing.db".to_owned(),
            Some(database) => database.url_of("standing", "***"),
        }
    }

    /// The database, where it is one.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.0.as_ref()
    }
}

/// Takes the lock that every append to a ledger needs, and holds it until what is returned is dropped.
pub(crate) async fn hold(place: &Place, folder: &Path) -> Box<dyn Any> {
    match place.database() {
        Some(database) => {
            let mut conn = database.connect().await;
            let lock = sqlx::raw_sql("BEGIN; SELECT FROM head FOR UPDATE");
            lock.execute(&mut conn).await.unwrap();
            Box::new(conn)
        }
        None => {
            let file = SqliteConnectOptions::new().filename(folder.join("standing.db"));
            let mut conn = file.connect().await.unwrap();
            let lock = sqlx::raw_sql("BEGIN IMMEDIATE");
            lock.execute(&mut conn).await.unwrap();
            Box::new(conn)
        }
    }
}

/// Whether tests run on PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    match std::env::var("STANDING_TEST_STORE").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("STANDING_TEST_STORE is `sqlite` or `postgres`, not `{other}`"),
    }
}

/// The URL of an account that may make databases, or none where there is no server.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("STANDING_POSTGRES").ok();
    if url.is_none() {
        println!("skipped: there is no server; run the tests with `scripts/with-postgres`");
    }
    url
}

/// A database that is gone with the test.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty database; none where there is no server.
    pub(crate) fn new() -> Option<Self> {
        Self::with("")
    }

    /// An empty database, made with these options.
    pub(crate) fn with(options: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let name = format!("t{}_{}_{count}", std::process::id(), since.as_micros());
        // Copied as files: twice as fast as through the server's log, without fsync.
        execute(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy {options}"),
        );
        Some(Self { server, name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// The URL for another account.
    pub(crate) fn url_of(&self, account: &str, password: &str) -> String {
        let url = self.url();
        let (_, place) = url.rsplit_once('@').unwrap();
        format!("postgres://{account}:{password}@{place}")
    }

    /// A connection such as `psql` has.
    pub(crate) async fn connect(&self) -> PgConnection {
        options(&self.url()).connect().await.unwrap()
    }

    /// Says that to the database, with all rights.
    pub(crate) fn execute(&self, sql: &str) {
        execute(&self.url(), sql);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

fn options(url: &str) -> PgConnectOptions {
    let options: PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging()
}

/// In a thread of its own: a test may be inside a runtime, or not.
fn execute(url: &str, sql: &str) {
    let (options, sql) = (options(url), sql.to_owned());
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let mut conn = options.connect().await.unwrap();
            let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await;
            done.map(drop)
        })
    };
    std::thread::spawn(run).join().unwrap().unwrap();
}
