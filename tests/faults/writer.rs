//! The process that is killed, starved and lied to: it appends from several tasks at once and says
//! of each batch what became of it, the moment it is told.
//!
//! It is this test program itself, started again with `--as-writer`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use standing::ledger::{AppendError, Appended, Condition, Ledger, NewEvent, Recorded};

use crate::answer::{Acknowledged, Answer, Refused};
use crate::plan::{BatchName, Name, Newer, Plan, numbers};
use crate::store::Store;

/// What a writer is to do.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Orders {
    /// Tells the writer from the test program.
    #[arg(long)]
    pub(crate) as_writer: bool,
    /// The ledger.
    #[arg(long)]
    pub(crate) ledger: Store,
    /// What all that it does follows from.
    #[arg(long)]
    pub(crate) seed: u64,
    /// Which of the writers it is, those before it counted.
    #[arg(long)]
    pub(crate) life: u64,
    /// How many tasks append at once.
    #[arg(long)]
    pub(crate) producers: u64,
    /// How many batches each task appends before the writer ends by itself.
    #[arg(long)]
    pub(crate) batches: u64,
    /// Batches of lives before, sent again before anything else: `life/producer/number`.
    #[arg(long, value_parser = batch_name)]
    pub(crate) settle: Vec<BatchName>,
    /// Do everything on one thread, for traces that are the same each time.
    #[arg(long)]
    pub(crate) one_thread: bool,
    /// How often an unknown batch is sent again before it stays unknown.
    #[arg(long)]
    pub(crate) tries: u32,
}

/// What tells, as the first argument, a writer from the test program.
pub(crate) const AS_WRITER: &str = "--as-writer";

impl Orders {
    /// Orders to append and no more.
    pub(crate) fn new(ledger: Store, seed: u64, life: u64, producers: u64, batches: u64) -> Self {
        Self {
            as_writer: true,
            ledger,
            seed,
            life,
            producers,
            batches,
            settle: Vec::new(),
            one_thread: false,
            tries: 200,
        }
    }

    /// The orders as arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            AS_WRITER.to_owned(),
            format!("--ledger={}", self.ledger),
            format!("--seed={}", self.seed),
            format!("--life={}", self.life),
            format!("--producers={}", self.producers),
            format!("--batches={}", self.batches),
            format!("--tries={}", self.tries),
        ];
        let settle = self.settle.iter();
        arguments.extend(
            settle.map(|name| format!("--settle={}/{}/{}", name.life, name.producer, name.number)),
        );
        arguments.extend(self.one_thread.then(|| "--one-thread".to_owned()));
        arguments
    }
}

fn batch_name(text: &str) -> Result<BatchName, String> {
    let numbers: Option<Vec<u64>> = text.split('/').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[life, producer, number]) => Ok(BatchName {
            life,
            producer,
            number,
        }),
        _ => Err("three numbers with slashes between".to_owned()),
    }
}

/// Does what the arguments say.
pub(crate) fn main() -> ExitCode {
    let orders = Orders::parse();
    let mut runtime = match orders.one_thread {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    let done = runtime
        .enable_all()
        .build()
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(write(orders)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the writer broke: {error:#}");
            ExitCode::from(70)
        }
    }
}

/// Stdout without a buffer: a line is one call of the system, so that it is there whole once it is
/// said, whenever the process dies.
struct Says(File);

impl Says {
    fn say(&self, answer: &Answer) -> Result<()> {
        let mut line = serde_json::to_string(answer)?;
        line.push('\n');
        (&self.0).write_all(line.as_bytes())?;
        Ok(())
    }
}

/// Appends as ordered; whether the ledger could be opened.
async fn write(orders: Orders) -> Result<bool> {
    let says = Says(std::io::stdout().as_fd().try_clone_to_owned()?.into());
    // Clocks of machines differ, and recorded times must not go back for that.
    let clock_off = numbers(orders.seed, &[orders.life]).u64(..3_000);
    let ledger = match orders.ledger.open(Duration::from_millis(clock_off)).await {
        Ok(ledger) => ledger,
        Err(error) => {
            let why = format!("{error:#}");
            says.say(&Answer::NotOpened { why })?;
            return Ok(false);
        }
    };
    says.say(&Answer::Opened)?;
    let says = Arc::new(says);
    let settling = Producer::new(&orders, 0, &ledger, &says);
    for &batch in &orders.settle {
        let names = Plan::of(orders.seed, batch).again(orders.seed, batch);
        settling.settle(batch, &events(&names)?).await?;
    }
    let tasks: Vec<_> = (0..orders.producers)
        .map(|number| {
            let mut producer = Producer::new(&orders, number, &ledger, &says);
            tokio::spawn(async move { producer.produce().await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    ledger.close().await;
    says.say(&Answer::Done)?;
    Ok(true)
}

fn events(names: &[Name]) -> Result<Vec<NewEvent>> {
    names.iter().map(|name| name.event()).collect()
}

/// One of the tasks that append at once.
struct Producer {
    orders: Orders,
    number: u64,
    ledger: Arc<dyn Ledger>,
    says: Arc<Says>,
    /// The batches of its own that are in the log.
    taken: HashSet<u64>,
}

impl Producer {
    fn new(orders: &Orders, number: u64, ledger: &Arc<dyn Ledger>, says: &Arc<Says>) -> Self {
        Self {
            orders: orders.clone(),
            number,
            ledger: Arc::clone(ledger),
            says: Arc::clone(says),
            taken: HashSet::new(),
        }
    }

    async fn produce(&mut self) -> Result<()> {
        for number in 0..self.orders.batches {
            self.send(BatchName {
                life: self.orders.life,
                producer: self.number,
                number,
            })
            .await?;
        }
        Ok(())
    }

    /// Sends a batch and says what became of it.
    async fn send(&mut self, batch: BatchName) -> Result<()> {
        let plan = Plan::of(self.orders.seed, batch);
        let names = match plan {
            Plan::Taken { earlier, .. } if !self.taken.contains(&earlier) => plan.own(batch),
            _ => plan.events(self.orders.seed, batch),
        };
        let events = events(&names)?;
        let condition = match self.condition(plan, &events).await {
            Ok(condition) => condition,
            Err(error) => {
                let why = error.to_string();
                return self.says.say(&Answer::Failed { batch, why });
            }
        };
        let appended = self.ledger.append(&events, Recorded::Now, &condition);
        match appended.await {
            Ok(appended) => {
                self.taken.insert(batch.number);
                self.says.say(&acknowledged(batch, &appended, &condition))
            }
            Err(AppendError::Unknown(error)) => {
                let why = error.to_string();
                self.says.say(&Answer::Unknown { batch, why })?;
                if self.settle(batch, &events).await? {
                    self.taken.insert(batch.number);
                }
                Ok(())
            }
            Err(error) => {
                if let AppendError::Store(_) = error {
                    // What is out of order needs a while.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                self.says.say(&refused(batch, error)?)
            }
        }
    }

    /// Under which condition a batch is sent, given the log as it is now.
    async fn condition(&self, plan: Plan, events: &[NewEvent]) -> Result<Condition> {
        let Plan::Unless { newer, .. } = plan else {
            return Ok(match plan {
                Plan::Stale { .. } => Condition::NothingNewSince(Default::default()),
                _ => Condition::Always,
            });
        };
        let since = self.ledger.head().await?.position;
        // Others get their turn, so that conditions fail too.
        tokio::task::yield_now().await;
        Ok(match newer {
            Newer::Anything => Condition::NothingNewSince(since),
            Newer::SameSubject => Condition::NothingNewFor {
                since,
                subjects: vec![events[0].event.subject.clone()],
                kinds: Vec::new(),
            },
        })
    }

    /// Sends a batch again until it is known to be in the log, and says so.
    async fn settle(&self, batch: BatchName, events: &[NewEvent]) -> Result<bool> {
        for _ in 0..self.orders.tries {
            let again = self
                .ledger
                .append(events, Recorded::Now, &Condition::Always);
            match again.await {
                Ok(appended) => {
                    let answer = acknowledged(batch, &appended, &Condition::Always);
                    self.says.say(&answer)?;
                    let was_there = false;
                    self.says.say(&Answer::Settled { batch, was_there })?;
                    return Ok(true);
                }
                Err(AppendError::KeyTaken { index: 0 }) => {
                    let was_there = true;
                    self.says.say(&Answer::Settled { batch, was_there })?;
                    return Ok(true);
                }
                Err(AppendError::Store(_) | AppendError::Unknown(_)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => {
                    self.says.say(&refused(batch, error)?)?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }
}

fn acknowledged(batch: BatchName, appended: &Appended, condition: &Condition) -> Answer {
    Answer::Acknowledged(Acknowledged {
        batch,
        first: appended.first.0,
        last: appended.last.0,
        recordedtimes: appended
            .recordedtimes
            .iter()
            .map(|at| at.micros())
            .collect(),
        tree_size: appended.tree.head().size,
        root: appended.tree.head().root.to_string(),
        proof: appended
            .inclusion(appended.first)
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        since: match condition {
            Condition::Always => None,
            Condition::NothingNewSince(since) | Condition::Exactly(since) => Some(since.0),
            Condition::NothingNewFor { since, .. } => Some(since.0),
        },
    })
}

/// What is said of a batch of which nothing was appended.
fn refused(batch: BatchName, error: AppendError) -> Result<Answer> {
    let why = match error {
        AppendError::KeyTaken { index } => Refused::KeyTaken(index),
        AppendError::ConditionFailed { head } => Refused::ConditionFailed {
            head: head.position.0,
        },
        AppendError::Store(error) => {
            let why = error.to_string();
            return Ok(Answer::Failed { batch, why });
        }
        error => return Err(error).context("no batch here can be refused for this"),
    };
    Ok(Answer::Refused { batch, why })
}
