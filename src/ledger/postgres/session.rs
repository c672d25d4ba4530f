//! What every connection to the server is told before anything else.
//!
//! A server can be set up in many ways; what the log relies on is said anew in each session.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

/// Every question has an index. On a log that has just been filled, or that the server's statistics
/// do not know yet, the planner may think otherwise, and a plan that looks through the whole log is
/// never what is wanted.
const PLANS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off; \
    SET max_parallel_workers_per_gather = 0;";

/// How long a transaction may stand still before the server ends it: with the process that holds the
/// head gone to sleep, or out of reach, nobody could append.
const IDLE: &str = "SET idle_in_transaction_session_timeout = '60s';";

/// Where it was turned off, a commit would be answered before it is on the disk.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off';";

/// Connects, or gives up after that long (a server that is not there may not even say no).
pub(super) async fn connect(
    options: &PgConnectOptions,
    patience: Duration,
) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(patience.max(Duration::from_secs(5)), options.connect()).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// A single statement must see what was committed while it waited for the head.
const ISOLATION: &str = "SET default_transaction_isolation = 'read committed';";

/// A connection that appends, and waits for others who do.
pub(super) async fn prepare_to_write(
    conn: &mut PgConnection,
    patience: Duration,
) -> Result<(), sqlx::Error> {
    // Zero would mean for ever.
    let patience = patience.as_millis().clamp(1, i32::MAX as u128);
    let told = format!("{PLANS} {ISOLATION} {IDLE} {DURABLE} SET lock_timeout = {patience};");
    sqlx::raw_sql(AssertSqlSafe(told)).execute(conn).await?;
    Ok(())
}

/// A connection that only reads.
pub(super) async fn prepare_to_read(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let told = format!("{PLANS} SET default_transaction_read_only = on;");
    sqlx::raw_sql(AssertSqlSafe(told)).execute(conn).await?;
    Ok(())
}
