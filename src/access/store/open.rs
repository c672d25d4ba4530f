//! Opening the store of tokens, and making it where it is not there yet.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqlSafeStr};

use super::Store;
use super::pooled::{PostgresStore, SqliteStore};
use crate::ledger::{Location, StoreError, postgres, sqlite};

/// What the file beside a ledger is named after.
const NAME: &str = "access";

/// `PRAGMA application_id` of such a file; its migration sets it.
const APPLICATION_ID: i64 = 1_400_139_329;

/// Held while the schema is made on a server, so that two who do take turns ("StnA").
const LOCK: i64 = APPLICATION_ID;

/// How long one waits for somebody else who writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections there are at most.
const CONNECTIONS: u32 = 4;

const MIGRATIONS_TABLE: &str = "migrations";

/// Why the store of tokens could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The file belongs to something else.
    #[error("`{at}` holds no tokens but something else; it is left as it is")]
    NotTokens {
        /// The file.
        at: Location,
    },
    /// A later version of this program has changed the schema.
    #[error(
        "the tokens of `{at}` have schema {found}, and this program knows up to {known}: use a newer version"
    )]
    Newer {
        /// The file, or the ledger's database.
        at: Location,
        /// The schema's version.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// Anything else that the store says.
    #[error("the tokens of `{at}` could not be opened: {source}")]
    Store {
        /// The file, or the ledger's database.
        at: Location,
        /// What the store says.
        source: StoreError,
    },
}

/// Opens the store of the ledger that is there, and makes it where there is none yet.
///
/// # Errors
/// See [`AccessError`].
pub async fn open(ledger: &Location) -> Result<Arc<dyn Store>, AccessError> {
    match (ledger, ledger.beside(NAME)) {
        (Location::Server(url), _) => on_server(ledger, url).await,
        (Location::File(_), Some(path)) => in_file(&path).await,
        (Location::File(path), None) => in_file(path).await,
    }
}

/// Why a step of opening failed.
enum Trouble {
    Database(sqlx::Error),
    NotTokens,
    Newer { found: i64, known: i64 },
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<MigrateError> for Trouble {
    fn from(error: MigrateError) -> Self {
        Self::Database(match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
            error => sqlx::Error::Migrate(Box::new(error)),
        })
    }
}

impl Trouble {
    fn at(self, at: Location, failure: fn(sqlx::Error, Duration) -> StoreError) -> AccessError {
        match self {
            Self::Database(error) => {
                let source = failure(error, PATIENCE);
                AccessError::Store { at, source }
            }
            Self::NotTokens => AccessError::NotTokens { at },
            Self::Newer { found, known } => AccessError::Newer { at, found, known },
        }
    }
}

async fn in_file(path: &Path) -> Result<Arc<dyn Store>, AccessError> {
    let trouble = |trouble: Trouble| trouble.at(Location::File(path.to_owned()), sqlite::failure);
    let pool = async {
        for_nobody_else(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(std::path::absolute(path).map_err(sqlx::Error::Io)?)
            .busy_timeout(PATIENCE)
            // What was revoked stays revoked, also when the power goes.
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut conn = options.connect().await?;
        prepare_file(&mut conn).await?;
        // Readers wait for no writer, nor make one wait.
        sqlite::use_wal(&mut conn, PATIENCE).await?;
        conn.close().await?;
        // A file is there or not; to ask first costs as much as the question.
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false);
        Ok(pool.connect_with(options).await?)
    };
    let pool = pool.await.map_err(trouble)?;
    let patience = PATIENCE;
    Ok(Arc::new(SqliteStore { pool, patience }))
}

/// Makes the file where it is not there, for nobody else to read.
fn for_nobody_else(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn prepare_file(conn: &mut SqliteConnection) -> Result<(), Trouble> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    let (id, tables): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id), \
                (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(&mut *transaction)
    .await?;
    if (id, tables) != (0, 0) && id != APPLICATION_ID {
        return Err(Trouble::NotTokens);
    }
    let migrations = [
        include_str!("../../../migrations/sqlite/access/0001_access.sql"),
        include_str!("../../../migrations/sqlite/access/0002_limits.sql"),
        include_str!("../../../migrations/sqlite/access/0003_webhooks.sql"),
    ];
    migrate(&mut *transaction, migrations).await?;
    Ok(transaction.commit().await?)
}

async fn on_server(at: &Location, url: &str) -> Result<Arc<dyn Store>, AccessError> {
    let pool = async {
        let options: PgConnectOptions = url.parse()?;
        let options = options.disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|conn, _| {
                Box::pin(async move {
                    // What was revoked stays revoked, also when the power goes.
                    conn.execute("SET search_path = standing_access; SET synchronous_commit = on")
                        .await
                        .map(drop)
                })
            })
            .connect_with(options)
            .await?;
        let mut conn = pool.acquire().await?;
        prepare_server(&mut conn).await?;
        drop(conn);
        Ok(pool)
    };
    let pool = pool.await;
    let pool = pool.map_err(|trouble: Trouble| trouble.at(at.clone(), postgres::failure))?;
    let patience = PATIENCE;
    Ok(Arc::new(PostgresStore { pool, patience }))
}

async fn prepare_server(conn: &mut PgConnection) -> Result<(), Trouble> {
    let mut transaction = conn.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    let there: bool = sqlx::query_scalar("SELECT to_regnamespace('standing_access') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await?;
    if !there {
        // An account that may not make schemas may well use one that was made for it.
        transaction.execute("CREATE SCHEMA standing_access").await?;
    }
    let migrations = [
        include_str!("../../../migrations/postgres/access/0001_access.sql"),
        include_str!("../../../migrations/postgres/access/0002_limits.sql"),
        include_str!("../../../migrations/postgres/access/0003_webhooks.sql"),
    ];
    migrate(&mut *transaction, migrations).await?;
    Ok(transaction.commit().await?)
}

/// Brings the schema up to this version's.
async fn migrate<const N: usize>(
    conn: &mut impl Migrate,
    migrations: [&'static str; N],
) -> Result<(), Trouble> {
    let known = (1..).zip(migrations).map(|(version, sql)| {
        let (name, kind) = (NAME.into(), MigrationType::Simple);
        Migration::new(version, name, kind, sql.into_sql_str(), false)
    });
    let known: Vec<Migration> = known.collect();
    conn.ensure_migrations_table(MIGRATIONS_TABLE).await?;
    let applied = conn.list_applied_migrations(MIGRATIONS_TABLE).await?;
    let latest = known.iter().map(|one| one.version).max().unwrap_or(0);
    if let Some(found) = applied.iter().map(|one| one.version).max()
        && found > latest
    {
        let known = latest;
        return Err(Trouble::Newer { found, known });
    }
    for migration in &known {
        if !applied.iter().any(|one| one.version == migration.version) {
            conn.apply(MIGRATIONS_TABLE, migration).await?;
        }
    }
    Ok(())
}
