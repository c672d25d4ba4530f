//! Databases on the PostgreSQL server that `scripts/with-postgres` runs, each a test's own.

#![allow(dead_code, reason = "each test uses its part")]

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

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
