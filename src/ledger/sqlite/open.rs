//! Opening a ledger's file: making one, or making sure that what is there is one.
//!
//! A file that is no ledger is refused before anything is written to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};

use super::super::group::{Appender, Writer};
use super::super::{Location, OpenError, OpenMode, Options};
use super::append::{Connect, SqliteWriter};
use super::code::{BUSY, CANTOPEN, NOTADB, PERM, READONLY, primary_code};
use super::readers::Readers;
use super::{SqliteLedger, failure};

/// `PRAGMA application_id` of a ledger; the first migration sets it.
const APPLICATION_ID: i64 = 1_400_139_364;

/// The oldest SQLite that may write a log: the WAL code of those before it can corrupt a database
/// that several connections write and checkpoint at once.
pub const OLDEST_SQLITE: &str = "3.51.3";

/// How many connections read at once.
const READERS: u32 = 4;

/// Whether that version of SQLite is new enough.
///
/// # Errors
/// [`OpenError::SqliteTooOld`] where it is older than [`OLDEST_SQLITE`], or no version at all.
pub fn check_sqlite_version(found: &str) -> Result<(), OpenError> {
    let numbers = |version: &str| -> Option<Vec<u32>> {
        version.split('.').map(|part| part.parse().ok()).collect()
    };
    match numbers(found) {
        Some(version) if Some(&version) >= numbers(OLDEST_SQLITE).as_ref() => Ok(()),
        _ => Err(OpenError::SqliteTooOld {
            found: found.to_owned(),
            needed: OLDEST_SQLITE,
        }),
    }
}

/// Where it is kept which migrations were applied.
const MIGRATIONS_TABLE: &str = "_sqlx_migrations";

/// Schema 1 was never released.
pub(super) fn migrations() -> [Migration; 1] {
    [Migration::new(
        2,
        "log".into(),
        MigrationType::Simple,
        include_str!("../../../migrations/sqlite/0002_log.sql").into_sql_str(),
        false,
    )]
}

impl SqliteLedger {
    /// Opens the ledger at that path.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(path: impl AsRef<Path>, mode: OpenMode) -> Result<Self, OpenError> {
        Self::open_with(path, mode, Options::default()).await
    }

    /// As [`SqliteLedger::open`], with a clock or a patience of one's own.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_with(
        path: impl AsRef<Path>,
        mode: OpenMode,
        options: Options,
    ) -> Result<Self, OpenError> {
        let opening = Opening {
            path: path.as_ref().to_owned(),
            busy_timeout: options.busy_timeout,
        };
        opening.check_path(mode)?;
        // Absolute, because SQLite would read a name such as `file:x` as a URI.
        let absolute = std::path::absolute(&opening.path)
            .map_err(|error| opening.store(sqlx::Error::Io(error)))?;
        let connect = SqliteConnectOptions::new()
            .filename(absolute)
            .busy_timeout(options.busy_timeout)
            .page_size(4096)
            .disable_statement_logging();

        let bare = connect.clone().create_if_missing(mode == OpenMode::Create);
        let mut conn = bare.connect().await.map_err(|error| opening.error(error))?;
        opening.prepare(&mut conn, mode).await?;
        conn.close().await.map_err(|error| opening.error(error))?;

        let writing = connect
            .clone()
            .synchronous(SqliteSynchronous::Full)
            // Small groups have a statement for each number of rows.
            .statement_cache_capacity(256)
            // Pages are written back to the file in larger lots (64 MiB) than by default, from which
            // a bulk import gains; the WAL is cut back to that afterwards.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-65536")
            // What is deleted (private content) is overwritten, wherever it lay.
            .pragma("secure_delete", "ON");
        let writing = Connect {
            options: writing,
            busy_timeout: options.busy_timeout,
        };
        let writer = SqliteWriter::connect(&writing).await;
        let writer = writer.map_err(|source| OpenError::Store {
            at: opening.at(),
            source,
        })?;
        let reading = connect
            .read_only(true)
            // Rows come from the connection's thread one by one; a longer queue wakes it less often.
            .row_buffer_size(1024)
            .pragma("query_only", "ON")
            .pragma("cache_size", "-16384");
        let readers = Readers::open(reading, READERS).await;
        let readers = readers.map_err(|error| opening.error(error))?;
        Ok(Self {
            path: opening.path,
            busy_timeout: options.busy_timeout,
            connect: writing.options.clone(),
            appender: Appender::start(writing, writer, options.clock),
            readers,
            names: super::rows::Names::default(),
        })
    }
}

/// A ledger that is being opened.
struct Opening {
    path: PathBuf,
    busy_timeout: Duration,
}

impl Opening {
    fn at(&self) -> Location {
        Location::File(self.path.clone())
    }

    fn store(&self, error: sqlx::Error) -> OpenError {
        OpenError::Store {
            at: self.at(),
            source: failure(error, self.busy_timeout),
        }
    }

    fn not_a_ledger(&self) -> OpenError {
        OpenError::NotALedger { at: self.at() }
    }

    fn error(&self, error: sqlx::Error) -> OpenError {
        match primary_code(&error) {
            Some(PERM | READONLY | CANTOPEN) => OpenError::Unwritable { at: self.at() },
            Some(NOTADB) => self.not_a_ledger(),
            _ => self.store(error),
        }
    }

    fn check_path(&self, mode: OpenMode) -> Result<(), OpenError> {
        let (path, at) = (&self.path, self.at());
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(OpenError::Directory { at }),
            Ok(_) => Ok(()),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.store(sqlx::Error::Io(error)))
            }
            Err(_) if mode == OpenMode::Existing => Err(OpenError::Missing { at }),
            Err(_) => match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
                    Err(OpenError::NoDirectory { at })
                }
                _ => Ok(()),
            },
        }
    }

    /// Makes sure that the file is a ledger of this version's schema, and one that can be written.
    async fn prepare(&self, conn: &mut SqliteConnection, mode: OpenMode) -> Result<(), OpenError> {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()")
            .fetch_one(&mut *conn)
            .await
            .map_err(|error| self.error(error))?;
        check_sqlite_version(&version)?;

        let found = self.schema(conn).await?;
        if found == Schema::Empty && mode == OpenMode::Existing {
            return Err(self.not_a_ledger());
        }
        self.check_writable(conn).await?;
        let wal = use_wal(conn, self.busy_timeout).await;
        wal.map_err(|error| self.error(error))?;

        let migrations = migrations();
        let known = migrations.iter().map(|one| one.version).max().unwrap_or(0);
        match found {
            Schema::Version(found) if found > known => Err(OpenError::Newer {
                at: self.at(),
                found,
                known,
            }),
            Schema::Version(found) if found == known => Ok(()),
            Schema::Version(found) => Err(OpenError::Older {
                at: self.at(),
                found,
                known,
            }),
            Schema::Empty => self.migrate(conn, &migrations).await,
        }
    }

    async fn schema(&self, conn: &mut SqliteConnection) -> Result<Schema, OpenError> {
        let (application_id, tables): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT application_id FROM pragma_application_id), \
                    (SELECT count(*) FROM sqlite_schema)",
        )
        .fetch_one(&mut *conn)
        .await
        .map_err(|error| self.error(error))?;
        match (application_id, tables) {
            (0, 0) => return Ok(Schema::Empty),
            (APPLICATION_ID, _) => {}
            _ => return Err(self.not_a_ledger()),
        }
        let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(conn)
            .await
            .map_err(|_| self.not_a_ledger())?;
        version
            .map(Schema::Version)
            .ok_or_else(|| self.not_a_ledger())
    }

    /// SQLite opens a file that it may not write as read-only and says nothing until something is
    /// written, so something is, and taken back. Without waiting: where another process is writing,
    /// the file can be written.
    async fn check_writable(&self, conn: &mut SqliteConnection) -> Result<(), OpenError> {
        let patience = format!("PRAGMA busy_timeout = {}", self.busy_timeout.as_millis());
        let written = async {
            execute(conn, "PRAGMA busy_timeout = 0").await?;
            match conn.begin_with("BEGIN IMMEDIATE").await {
                Err(error) if primary_code(&error) == Some(BUSY) => {}
                Err(error) => return Err(error),
                Ok(mut transaction) => {
                    execute(&mut transaction, "PRAGMA user_version = 1").await?;
                    transaction.rollback().await?;
                }
            }
            execute(conn, &patience).await
        };
        written.await.map_err(|error| self.error(error))
    }

    /// Brings the schema up to this version's, under the write lock, so that of two processes which
    /// open one file at once the second finds it done.
    async fn migrate(
        &self,
        conn: &mut SqliteConnection,
        migrations: &[Migration],
    ) -> Result<(), OpenError> {
        let begun = conn.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = begun.map_err(|error| self.error(error))?;
        self.apply(&mut transaction, migrations)
            .await
            .map_err(|error| match error {
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                    self.error(error)
                }
                error => self.store(sqlx::Error::Migrate(Box::new(error))),
            })?;
        let committed = transaction.commit().await;
        committed.map_err(|error| self.error(error))
    }

    async fn apply(
        &self,
        conn: &mut SqliteConnection,
        migrations: &[Migration],
    ) -> Result<(), MigrateError> {
        conn.ensure_migrations_table(MIGRATIONS_TABLE).await?;
        let applied = conn.list_applied_migrations(MIGRATIONS_TABLE).await?;
        for migration in migrations {
            if !applied.iter().any(|one| one.version == migration.version) {
                conn.apply(MIGRATIONS_TABLE, migration).await?;
            }
        }
        Ok(())
    }
}

/// Turns WAL mode on, which stays on in the file. The lock that this takes is one that SQLite does not
/// wait for, so that two processes which make one file at once wait here.
pub(crate) async fn use_wal(
    conn: &mut SqliteConnection,
    patience: Duration,
) -> Result<(), sqlx::Error> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let mode: Result<String, _> = sqlx::query_scalar("PRAGMA journal_mode = wal")
            .fetch_one(&mut *conn)
            .await;
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let message = format!("its journal mode stays `{mode}`");
                return Err(sqlx::Error::Protocol(message));
            }
            Err(error)
                if primary_code(&error) == Some(BUSY) && tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn execute(conn: &mut SqliteConnection, sql: &str) -> Result<(), sqlx::Error> {
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await;
    done.map(drop)
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schema {
    /// Nothing yet.
    Empty,
    /// A ledger with that version of the schema.
    Version(i64),
}
