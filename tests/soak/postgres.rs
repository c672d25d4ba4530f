//! A PostgreSQL server of one's own: the program starts itself again beside `scripts/with-postgres`.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::arguments::Wanted;
use crate::soak;

/// What tells, as the first argument, that the program is beside a server.
pub(crate) const BESIDE_SERVER: &str = "--beside-server";

/// Whether there is a server that can be started.
pub(crate) fn can_serve() -> bool {
    let installed = std::fs::read_dir("/usr/lib/postgresql");
    let mut installed = installed.into_iter().flatten().flatten();
    installed.any(|version| version.path().join("bin/initdb").exists())
        || Command::new("initdb").arg("--version").output().is_ok()
}

/// Starts the program again beside a server.
pub(crate) fn beside_server(wanted: Wanted) -> Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/with-postgres");
    let mut command = Command::new(script);
    command.arg(std::env::current_exe()?).arg(BESIDE_SERVER);
    let output = command.args(wanted.to_arguments()).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{stderr}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The program beside a server.
pub(crate) fn main() -> ExitCode {
    let done = Wanted::from_arguments(std::env::args().skip(2))
        .and_then(|(wanted, _)| soak::on_postgres(wanted, &Server::from_environment()?));
    match done {
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

/// The server.
pub(crate) struct Server {
    /// Its database that is there from the beginning.
    pub(crate) url: String,
    ctl: String,
}

impl Server {
    fn from_environment() -> Result<Self> {
        Ok(Self {
            url: std::env::var("STANDING_POSTGRES").context("STANDING_POSTGRES")?,
            ctl: std::env::var("STANDING_POSTGRES_CTL").context("STANDING_POSTGRES_CTL")?,
        })
    }

    /// Ends the server without giving it time for anything, and starts it again.
    pub(crate) fn lose(&self) -> Result<()> {
        let mut command = Command::new(&self.ctl);
        let output = command.args(["restart", "-m", "immediate"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the server does not start: {said}");
        Ok(())
    }
}
