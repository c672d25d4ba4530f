//! A writer as its parent sees it: a process that says lines and can be killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::answer::Answer;
use crate::writer::Orders;

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// So long after it was started.
    After(Duration),
    /// So long after it said that many lines.
    Said(usize, Duration),
}

impl Moment {
    /// A moment of a writer's life that is short.
    pub(crate) fn any(rng: &mut fastrand::Rng) -> Self {
        match rng.bool() {
            true => Self::After(Duration::from_micros(rng.u64(..90_000))),
            false => Self::Said(rng.usize(1..60), Duration::from_micros(rng.u64(..3_000))),
        }
    }
}

/// A writer under way.
pub(crate) struct Writing {
    child: Child,
    started: Instant,
    lines: Receiver<Answer>,
    listening: JoinHandle<Result<()>>,
    stderr: File,
    said: Vec<Answer>,
}

/// What a writer came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) said: Vec<Answer>,
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

/// This program, about to write.
pub(crate) fn writer(orders: &Orders) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(orders.arguments());
    Ok(command)
}

impl Writing {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let stderr = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(stderr.try_clone()?);
        let mut child = command.spawn().context("the writer does not start")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let (say, lines) = channel();
        Ok(Self {
            child,
            started: Instant::now(),
            lines,
            listening: std::thread::spawn(move || listen(stdout, &say)),
            stderr,
            said: Vec::new(),
        })
    }

    /// Waits until the writer says such a line.
    pub(crate) fn wait_for(&mut self, wanted: impl Fn(&Answer) -> bool) -> Result<()> {
        loop {
            let said = self.lines.recv_timeout(PATIENCE);
            let answer = said.context("the writer says nothing more")?;
            self.said.push(answer);
            if self.said.last().is_some_and(&wanted) {
                return Ok(());
            }
        }
    }

    /// Kills the writer at that moment, if it lives to see it.
    pub(crate) fn kill_at(mut self, moment: Moment) -> Result<Ended> {
        let until = match moment {
            Moment::After(time) => self.started + time,
            Moment::Said(count, time) => {
                while self.said.len() < count {
                    match self.lines.recv_timeout(PATIENCE) {
                        Ok(answer) => self.said.push(answer),
                        Err(RecvTimeoutError::Disconnected) => break,
                        Err(RecvTimeoutError::Timeout) => bail!("the writer says nothing more"),
                    }
                }
                Instant::now() + time
            }
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        self.child.kill()?;
        self.end()
    }

    /// Waits until the writer has ended, however that comes.
    pub(crate) fn end(mut self) -> Result<Ended> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(answer) => self.said.push(answer),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill()?;
                    bail!("the writer hangs: {:?}", self.said.last());
                }
            }
        }
        let status = self.child.wait()?;
        let listened = self.listening.join();
        listened.map_err(|_| anyhow::anyhow!("nobody listened"))??;
        let mut stderr = String::new();
        self.stderr.rewind()?;
        self.stderr.read_to_string(&mut stderr)?;
        ensure!(
            !stderr.contains("panicked"),
            "the writer panicked: {stderr}"
        );
        Ok(Ended {
            said: self.said,
            status,
            stderr,
        })
    }
}

fn listen(stdout: ChildStdout, say: &Sender<Answer>) -> Result<()> {
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    // A line without its end was cut off by the kill and never said.
    while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
        let answer = serde_json::from_str(&line).with_context(|| format!("said: {line}"))?;
        if say.send(answer).is_err() {
            break;
        }
        line.clear();
    }
    Ok(())
}

impl Ended {
    /// Whether it was killed, rather than having come to its end before.
    pub(crate) fn was_killed(&self) -> Result<bool> {
        if self.status.success() {
            ensure!(self.said.last() == Some(&Answer::Done), "ended half way");
            return Ok(false);
        }
        ensure!(
            self.status.code().is_none(),
            "the writer failed: {}, {}",
            self.status,
            self.stderr
        );
        Ok(true)
    }
}
