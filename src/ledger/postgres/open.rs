//! Opening a ledger's database: making the schema, or making sure that what is there is one.
//!
//! The database itself is made by whoever looks after the server. One that holds tables of the same
//! names is refused before anything is written to it.

use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};

use super::super::group::Appender;
use super::super::{Location, OpenError, OpenMode, Options};
use super::append::{Connect, PostgresWriter};
use super::code::{AUTHORIZATION, INSUFFICIENT_PRIVILEGE, INVALID_CATALOG_NAME, code, failure};
use super::readers::Readers;
use super::{PostgresLedger, session};

/// The oldest PostgreSQL that is tested.
pub const OLDEST_POSTGRES: i32 = 15;

/// Where it is kept which migrations were applied. Its name tells a ledger from other databases.
const MIGRATIONS_TABLE: &str = "standing_migrations";

/// The names that a ledger takes.
const NAMES: [&str; 8] = [
    MIGRATIONS_TABLE,
    "events",
    "developers",
    "head",
    "tree",
    "private",
    "checkpoints",
    "log",
];

/// Held while a schema is made, so that two who make one ledger at once take turns ("Stnd").
const LOCK: i64 = 1_400_139_364;

/// What a URL may say after its `?`. A word that is written wrongly would otherwise pass for nothing:
/// an `ssl-mod=require` for no encryption.
const PARAMETERS: [&str; 16] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

fn migrations() -> [Migration; 1] {
    [Migration::new(
        1,
        "log".into(),
        MigrationType::Simple,
        include_str!("../../../migrations/postgres/0001_log.sql").into_sql_str(),
        false,
    )]
}

impl PostgresLedger {
    /// Opens the ledger in the database with that URL. With [`OpenMode::Create`] the schema is made
    /// where it is missing; the database must be there.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_with(url: &str, mode: OpenMode, options: Options) -> Result<Self, OpenError> {
        let opening = Opening {
            at: Location::Server(url.to_owned()),
            busy_timeout: options.busy_timeout,
        };
        let connect = opening.options(url)?;
        let conn = session::connect(&connect, options.busy_timeout).await;
        let mut conn = conn.map_err(|error| opening.unconnected(error, &connect))?;
        opening.prepare(&mut conn, mode).await?;
        let writer = PostgresWriter::on(conn, options.busy_timeout).await;
        let writer = writer.map_err(|error| opening.error(error))?;
        let writing = Connect {
            options: connect.clone(),
            busy_timeout: options.busy_timeout,
        };
        Ok(Self {
            at: opening.at,
            busy_timeout: options.busy_timeout,
            readers: Readers::new(connect.clone(), options.busy_timeout),
            connect,
            appender: Appender::start(writing, writer, options.clock),
        })
    }
}

/// A ledger that is being opened.
struct Opening {
    at: Location,
    busy_timeout: Duration,
}

/// What is known of a database before anything is done to it.
struct Facts {
    version: i32,
    encoding: String,
    /// Those of [`NAMES`] that are taken.
    names: Vec<String>,
}

impl Opening {
    fn options(&self, url: &str) -> Result<PgConnectOptions, OpenError> {
        let wrong = |reason: String| OpenError::WrongUrl {
            at: self.at.clone(),
            reason,
        };
        let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
        let names = parameters
            .split('&')
            .map(|one| one.split_once('=').map_or(one, |one| one.0));
        for name in names.filter(|name| !name.is_empty()) {
            if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
                return Err(wrong(format!("there is no parameter `{name}`")));
            }
        }
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            let reason = match error {
                sqlx::Error::Configuration(reason) => reason.to_string(),
                other => other.to_string(),
            };
            wrong(reason)
        })?;
        Ok(match options.get_application_name() {
            Some(_) => options.disable_statement_logging(),
            None => options
                .application_name("standing")
                .disable_statement_logging(),
        })
    }

    /// Why there is no connection.
    fn unconnected(&self, error: sqlx::Error, options: &PgConnectOptions) -> OpenError {
        let at = self.at.clone();
        let reason = match &error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            error => error.to_string(),
        };
        match code(&error).as_deref() {
            Some(INVALID_CATALOG_NAME) => OpenError::NoDatabase {
                at,
                database: options
                    .get_database()
                    .unwrap_or(options.get_username())
                    .to_owned(),
            },
            Some(code) if code.starts_with(AUTHORIZATION) => OpenError::Denied { at, reason },
            Some(_) => self.error(error),
            None => OpenError::Unreachable { at, reason },
        }
    }

    fn error(&self, error: sqlx::Error) -> OpenError {
        let at = self.at.clone();
        match &error {
            sqlx::Error::Database(database)
                if database.code().as_deref() == Some(INSUFFICIENT_PRIVILEGE) =>
            {
                let reason = database.message().to_owned();
                OpenError::Denied { at, reason }
            }
            _ => OpenError::Store {
                at,
                source: failure(error, self.busy_timeout),
            },
        }
    }

    /// Makes sure that the database holds a ledger of this version's schema.
    async fn prepare(&self, conn: &mut PgConnection, mode: OpenMode) -> Result<(), OpenError> {
        let facts = self.facts(conn).await?;
        if facts.version / 10_000 < OLDEST_POSTGRES {
            return Err(OpenError::ServerTooOld {
                at: self.at.clone(),
                found: facts.version / 10_000,
                needed: OLDEST_POSTGRES,
            });
        }
        if facts.encoding != "UTF8" {
            return Err(OpenError::NotUnicode {
                at: self.at.clone(),
                found: facts.encoding,
            });
        }
        match self.is_current(conn, &facts).await? {
            true => Ok(()),
            false if mode == OpenMode::Existing => Err(OpenError::Missing {
                at: self.at.clone(),
            }),
            false => self.migrate(conn).await,
        }
    }

    async fn facts(&self, conn: &mut PgConnection) -> Result<Facts, OpenError> {
        let facts: Result<(i32, String, Vec<String>), _> = sqlx::query_as(
            "SELECT current_setting('server_version_num')::int, \
                    current_setting('server_encoding'), \
                    ARRAY(SELECT relname::text FROM pg_class \
                          JOIN pg_namespace ON pg_namespace.oid = relnamespace \
                          WHERE nspname = current_schema() AND relname = ANY ($1))",
        )
        .bind(NAMES)
        .fetch_one(conn)
        .await;
        let (version, encoding, names) = facts.map_err(|error| self.error(error))?;
        Ok(Facts {
            version,
            encoding,
            names,
        })
    }

    /// Whether there is a ledger with this version's schema; not, where there is nothing yet.
    async fn is_current(&self, conn: &mut PgConnection, facts: &Facts) -> Result<bool, OpenError> {
        let not_a_ledger = || OpenError::NotALedger {
            at: self.at.clone(),
        };
        if !facts.names.iter().any(|name| name == MIGRATIONS_TABLE) {
            return match facts.names.is_empty() {
                true => Ok(false),
                false => Err(not_a_ledger()),
            };
        }
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM standing_migrations")
            .fetch_one(conn)
            .await
            .map_err(|error| self.error(error))?;
        let known = migrations().iter().map(|one| one.version).max();
        let (found, known) = (found.ok_or_else(not_a_ledger)?, known.unwrap_or(0));
        if found > known {
            let at = self.at.clone();
            return Err(OpenError::Newer { at, found, known });
        }
        Ok(found == known)
    }

    /// Makes the schema, in one transaction and one process at a time.
    async fn migrate(&self, conn: &mut PgConnection) -> Result<(), OpenError> {
        let mut transaction = conn.begin().await.map_err(|error| self.error(error))?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.error(error))?;
        // Somebody else may have made it meanwhile.
        let facts = self.facts(&mut transaction).await?;
        if self.is_current(&mut transaction, &facts).await? {
            return Ok(());
        }
        let applied = apply(&mut transaction).await;
        applied.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                self.error(error)
            }
            error => self.error(sqlx::Error::Migrate(Box::new(error))),
        })?;
        let committed = transaction.commit().await;
        committed.map_err(|error| self.error(error))
    }
}

async fn apply(conn: &mut PgConnection) -> Result<(), MigrateError> {
    conn.ensure_migrations_table(MIGRATIONS_TABLE).await?;
    let applied = conn.list_applied_migrations(MIGRATIONS_TABLE).await?;
    for migration in &migrations() {
        if !applied.iter().any(|one| one.version == migration.version) {
            conn.apply(MIGRATIONS_TABLE, migration).await?;
        }
    }
    Ok(())
}
