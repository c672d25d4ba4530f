//! Where a ledger is, and how it is opened: the one place that tells stores apart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use standing::ledger::{Ledger, OpenMode, Options, SqliteLedger};
use standing_projections::Instant;

/// A ledger that faults are tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// A file.
    Sqlite(PathBuf),
}

impl Store {
    /// A SQLite ledger in that folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self::Sqlite(folder.join("log.db"))
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
        let Self::Sqlite(path) = self;
        let options = Options {
            clock: Arc::new(move || {
                let now = chrono::Utc::now().timestamp_micros();
                Instant::from_micros_clamped(now - clock_off.as_micros() as i64)
            }),
            busy_timeout: Duration::from_secs(30),
        };
        let ledger = SqliteLedger::open_with(path, mode, options).await?;
        Ok(Arc::new(ledger))
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Sqlite(path) = self;
        write!(f, "{}", path.display())
    }
}

impl FromStr for Store {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        Ok(Self::Sqlite(url.into()))
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
