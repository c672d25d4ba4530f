//! The service as a process, and the program's other commands.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::client::Client;

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(180);

/// A ledger, where it is served.
pub(crate) struct Service {
    folder: PathBuf,
    ledger: String,
    pub(crate) address: SocketAddr,
    child: Option<Child>,
}

impl Service {
    /// Makes a ledger and serves it, on a port that was free.
    pub(crate) fn new(folder: &Path, ledger: &str) -> Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0")?;
        let service = Self {
            folder: folder.to_owned(),
            ledger: ledger.to_owned(),
            address: free.local_addr()?,
            child: None,
        };
        service.run(&["init", "--preset", "weibo"])?;
        Ok(service)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(args).current_dir(&self.folder);
        command.env("STANDING_LEDGER", &self.ledger);
        command.stdin(Stdio::null());
        command
    }

    /// What a command prints that goes well.
    pub(crate) fn run(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).output()?;
        let (out, err) = (output.stdout, String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8(out)?;
        ensure!(output.status.success(), "{args:?}: {err}\n{out}");
        Ok(out)
    }

    /// A new token.
    pub(crate) fn token(&self, role: &str) -> Result<String> {
        let args = ["tokens", "new", "--role", role, "--rate", "1000000"];
        let token = self.run(&[&args[..], &["--format", "table"]].concat())?;
        Ok(token.trim().to_owned())
    }

    /// What it has said last.
    pub(crate) fn said(&self) -> String {
        let said = std::fs::read_to_string(self.folder.join("said")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn start(&mut self) -> Result<()> {
        let said = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("said"))?;
        let mut command = self.command(&["serve", "--listen", &self.address.to_string()]);
        command.stdout(Stdio::null()).stderr(said);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// Ends it without giving it time for anything.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        let id = child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status()?;
        let status = child.wait()?;
        ensure!(status.success(), "told to end, it ended with {status}");
        Ok(())
    }

    /// Removes the tables, which are in a file of their own.
    pub(crate) fn remove_tables(&self) -> Result<()> {
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains(".readmodel.") {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        ensure!(removed > 0, "there are no tables");
        Ok(())
    }

    /// Waits until it answers.
    pub(crate) fn ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut client = Client::new(self.address, "");
        while client
            .get("/readyz", None)
            .map_or(0, |answer| answer.status)
            != 200
        {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("it ended by itself with {status}");
            }
            ensure!(begun.elapsed() < PATIENCE, "it does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
