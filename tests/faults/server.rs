//! A PostgreSQL server of one's own, to be killed and started again.
//!
//! The program starts itself again beside `scripts/with-postgres`, with everything forced to the
//! disk; the server is gone with it.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::arguments::Wanted;
use crate::import::good;
use crate::store::{Store, wait_for};
use crate::{flip_rows, postgres};

/// What tells, as the first argument, that the program is beside a server.
pub(crate) const BESIDE_SERVER: &str = "--beside-server";

/// What is done there, by the case's name.
type Work = fn(&'static str, Wanted, &Server) -> Result<String>;
const WORKS: [(&str, Work); 6] = [
    ("postgres::writers_are_killed", postgres::kill_writers),
    ("postgres::the_server_is_killed", postgres::kill_server),
    ("postgres::connections_are_cut", postgres::cut_connections),
    ("postgres::commits_go_unanswered", postgres::cut_commits),
    ("postgres::a_lost_server_is_told", postgres::lose_server),
    ("flip::every_changed_column_is_found", flip_rows::change),
];

/// Whether there is a server that can be started.
pub(crate) fn can_serve() -> bool {
    let installed = std::fs::read_dir("/usr/lib/postgresql");
    let mut installed = installed.into_iter().flatten().flatten();
    installed.any(|version| version.path().join("bin/initdb").exists())
        || Command::new("initdb").arg("--version").output().is_ok()
}

/// Starts the program again beside a server, to do the case.
pub(crate) fn beside_server(case: &'static str, wanted: Wanted) -> Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/with-postgres");
    let mut command = Command::new(script);
    command.arg(std::env::current_exe()?);
    let Wanted { kills, flips, seed } = wanted;
    command.args([BESIDE_SERVER, case]);
    command.args([kills, flips, seed].map(|number| number.to_string()));
    command.env_remove("STANDING_POSTGRES_FSYNC");
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{stderr}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The program beside a server: does the case.
pub(crate) fn main() -> ExitCode {
    match work() {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<String> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [case, kills, flips, seed] = &arguments[..] else {
        bail!("a case and three numbers");
    };
    let wanted = Wanted {
        kills: kills.parse()?,
        flips: flips.parse()?,
        seed: seed.parse()?,
    };
    let mut works = WORKS.iter().filter(|(name, _)| name == case);
    let (name, work) = works.next().context("no such case")?;
    work(name, wanted, &Server::from_environment()?)
}

/// The server.
pub(crate) struct Server {
    url: String,
    ctl: String,
}

impl Server {
    fn from_environment() -> Result<Self> {
        Ok(Self {
            url: std::env::var("STANDING_POSTGRES").context("STANDING_POSTGRES")?,
            ctl: std::env::var("STANDING_POSTGRES_CTL").context("STANDING_POSTGRES_CTL")?,
        })
    }

    /// An empty database, and the ledger that may be made in it.
    pub(crate) fn database(&self) -> Result<Store> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("faults_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
        self.execute(&sql)?;
        let (server, _) = self.url.rsplit_once('/').context("no database")?;
        Ok(format!("{server}/{name}").parse()?)
    }

    /// Says that to the server.
    pub(crate) fn execute(&self, sql: &str) -> Result<()> {
        wait_for(execute(&self.url, sql))
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> Result<&str> {
        let (_, place) = self.url.rsplit_once('@').context("no host")?;
        let (address, _) = place.split_once('/').context("no database")?;
        Ok(address)
    }

    /// Cuts a connection to that database from the server's side, if there is any.
    pub(crate) async fn cut_one(&self, conn: &mut PgConnection, store: &Store) -> Result<bool> {
        let name = store.to_string();
        let (_, name) = name.rsplit_once('/').context("no database")?;
        let cut: Option<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 \
             ORDER BY random() LIMIT 1",
        )
        .bind(name)
        .fetch_optional(conn)
        .await?;
        Ok(cut == Some(true))
    }

    /// A connection to look after the server with.
    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.url).await?)
    }

    /// Ends the server without giving it time for anything.
    pub(crate) fn stop_at_once(&self) -> Result<()> {
        good(
            Command::new(&self.ctl)
                .args(["stop", "-m", "immediate"])
                .output()?,
        )
        .map(drop)
    }

    /// Kills the server's first process; those that it started end when they notice.
    pub(crate) fn kill(&self) -> Result<()> {
        let folder = Path::new(&self.ctl).parent().context("no folder")?;
        let told = std::fs::read_to_string(folder.join("data/postmaster.pid"))?;
        let pid = told.lines().next().context("no process")?;
        good(Command::new("kill").args(["-KILL", pid.trim()]).output()?).map(drop)
    }

    /// Starts the server again, once all of its old processes have ended.
    pub(crate) fn start(&self) -> Result<()> {
        for _ in 0..100 {
            if Command::new(&self.ctl)
                .arg("start")
                .output()?
                .status
                .success()
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the server does not start again")
    }
}

/// Says that to a database.
pub(crate) async fn execute(url: &str, sql: &str) -> Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut conn)
        .await?;
    Ok(conn.close().await?)
}
