//! Where a ledger is, and how it is opened: the one place that tells stores apart.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use standing::ledger::{Ledger, Location, OpenMode, Options};
use standing_projections::Instant;

/// The name under which readers of this program connect to a server.
const READER: &str = "faults-reader";

/// A ledger that faults are tried on, as `--ledger` names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Store(String);

impl Store {
    /// A SQLite ledger in that folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("log.db").display().to_string())
    }

    /// The same ledger for somebody who reads while others write.
    pub(crate) fn for_reader(&self) -> Self {
        match self.is_on_server() {
            true => Self(format!("{self}?application_name={READER}")),
            false => self.clone(),
        }
    }

    fn is_on_server(&self) -> bool {
        self.0.starts_with("postgres:")
    }

    /// Opens the ledger, and makes it where there is none. The clock is off by that much.
    pub(crate) async fn open(&self, clock_off: Duration) -> Result<Arc<dyn Ledger>> {
        self.open_as(OpenMode::Create, clock_off).await
    }

    /// Opens the ledger that is there.
    pub(crate) async fn open_existing(&self) -> Result<Arc<dyn Ledger>> {
        self.open_as(OpenMode::Existing, Duration::ZERO).await
    }

    async fn open_as(&self, mode: OpenMode, clock_off: Duration) -> Result<Arc<dyn Ledger>> {
        let options = Options {
            clock: Arc::new(move || {
                let now = chrono::Utc::now().timestamp_micros();
                Instant::from_micros_clamped(now - clock_off.as_micros() as i64)
            }),
            busy_timeout: Duration::from_secs(30),
        };
        Ok(Location::from(self.0.as_str()).open(mode, options).await?)
    }

    /// Waits until a server has noticed that the writers are dead: it may still be committing what
    /// they sent last.
    pub(crate) async fn at_rest(&self) -> Result<()> {
        if !self.is_on_server() {
            return Ok(());
        }
        let mut conn = PgConnection::connect(&self.0).await?;
        for _ in 0..6_000 {
            let others: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
                 AND application_name <> $1",
            )
            .bind(READER)
            .fetch_one(&mut conn)
            .await?;
            if others == 0 {
                return Ok(conn.close().await?);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("somebody goes on writing")
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Location::from(self.0.as_str()), f)
    }
}

impl FromStr for Store {
    type Err = std::convert::Infallible;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Ok(Self(url.to_owned()))
    }
}

/// Runs what waits, on a thread of its own kind.
pub(crate) fn wait_for<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?
        .block_on(work)
}
