//! The queue into the log: what many send at once, admitted together.
//!
//! One task owns an [`Intake`]. It takes what has gathered while it was at work, admits it as one batch and
//! tells each sender what became of its events, in their order; so the price of making something durable
//! is paid once for all that came meanwhile. What waits is bounded: whoever can come again is turned away
//! where there is no room, whoever is in the middle of a stream waits for some.

use std::sync::Arc;

use standing_projections::Position;
use standing_projections::event::Kind;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::admit::{AdmitError, Admitted, Candidate, ClockFn, Intake, Outcome, Rejected, Trust};
use crate::ledger::tree::Paths;
use crate::ledger::{AppendError, Ledger};
use crate::proof::Receipt;

/// The most events that are admitted as one batch, but for those of one sender, and of how many bytes.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 4 << 20;

/// How many senders wait at most.
const WAITING: usize = 4_096;

/// How much of what waits is held, in KiB of the text that was sent. In memory it is some times as much.
const WAITING_KIB: usize = 32 << 10;

/// How much of that those hold who wait for room, such as streams: others find room beside them, and are not
/// behind much.
const STREAMS_KIB: usize = 4 << 10;

/// What became of an event that was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It was appended.
    Appended(Receipt),
    /// It was appended; what proves it is to be asked of the log.
    Unproved(Position),
    /// The same event was in the log already.
    Duplicate(Position),
    /// It is not taken.
    Refused(Box<Rejected>),
}

/// Why a sender is not told what became of its events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// There is no room for them. None was looked at.
    #[error("more is waiting to be appended than is held: send it again later")]
    Full,
    /// It is not known whether they are in the log.
    #[error(
        "it is not known whether the events were appended: send them again with the same ids, and those \
         that were are told to be duplicates"
    )]
    Unknown,
    /// The log cannot be written to, or not in time. Nothing is known to be in it.
    #[error("the log cannot be appended to now: send the events again with the same ids")]
    Unavailable,
}

/// The way into the queue, to be cloned for everybody who sends.
#[derive(Clone, Debug)]
pub struct Queue {
    sender: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
    room_of_streams: Arc<Semaphore>,
}

/// What one sender has sent.
#[derive(Debug)]
struct Request {
    events: Vec<Candidate>,
    bytes: usize,
    tell: oneshot::Sender<Result<Vec<Told>, QueueError>>,
    /// The room that it takes while it waits.
    room: OwnedSemaphorePermit,
}

impl Queue {
    /// The queue into a ledger, and its task, which ends once every way into it is gone and what had been
    /// sent is done. `appended` is told each time that something was appended.
    #[must_use]
    pub fn open(
        ledger: Arc<dyn Ledger>,
        clock: ClockFn,
        appended: Arc<Notify>,
    ) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let [room, room_of_streams] =
            [WAITING_KIB - STREAMS_KIB, STREAMS_KIB].map(|kib| Arc::new(Semaphore::new(kib)));
        let intake = Intake::new(ledger.clone(), clock);
        let task = tokio::spawn(work(intake, ledger, receiver, appended));
        (
            Self {
                sender,
                room,
                room_of_streams,
            },
            task,
        )
    }

    /// Sends events, of so many bytes of text, and waits until it is known what became of each.
    ///
    /// # Errors
    /// [`QueueError::Full`], where there is no room now; else why it is not known.
    pub async fn send(
        &self,
        events: Vec<Candidate>,
        bytes: usize,
    ) -> Result<Vec<Told>, QueueError> {
        let kib = kib(bytes, WAITING_KIB - STREAMS_KIB);
        let room = self.room.clone().try_acquire_many_owned(kib);
        let room = room.map_err(|_| QueueError::Full)?;
        let (tell, told) = oneshot::channel();
        let request = Request {
            events,
            bytes,
            tell,
            room,
        };
        self.sender
            .try_send(request)
            .map_err(|_| QueueError::Full)?;
        told.await.unwrap_or(Err(QueueError::Unknown))
    }

    /// As [`Queue::send`], and waits for room where there is none.
    ///
    /// # Errors
    /// Why it is not known what became of them.
    pub async fn send_when_there_is_room(
        &self,
        events: Vec<Candidate>,
        bytes: usize,
    ) -> Result<Vec<Told>, QueueError> {
        let room = self.room_of_streams.clone();
        let room = room.acquire_many_owned(kib(bytes, STREAMS_KIB)).await;
        let room = room.map_err(|_| QueueError::Unavailable)?;
        let (tell, told) = oneshot::channel();
        let request = Request {
            events,
            bytes,
            tell,
            room,
        };
        let sent = self.sender.send(request).await;
        sent.map_err(|_| QueueError::Unavailable)?;
        told.await.unwrap_or(Err(QueueError::Unknown))
    }
}

/// How much room it takes; never more than there is.
fn kib(bytes: usize, most: usize) -> u32 {
    let kib = (bytes / 1_024 + 1).min(most);
    u32::try_from(kib).unwrap_or(u32::MAX)
}

async fn work(
    mut intake: Intake,
    ledger: Arc<dyn Ledger>,
    mut requests: mpsc::Receiver<Request>,
    appended: Arc<Notify>,
) {
    let (erased, erasures) = mpsc::channel(1);
    let scrubber = tokio::spawn(scrub(ledger, erasures));
    while let Some(first) = requests.recv().await {
        let (mut events, mut bytes) = (first.events.len(), first.bytes);
        let mut group = vec![first];
        while events < BATCH && bytes < BATCH_BYTES {
            let Ok(next) = requests.try_recv() else { break };
            events += next.events.len();
            bytes += next.bytes;
            group.push(next);
        }
        let mut batch = Vec::with_capacity(events);
        let mut senders = Vec::with_capacity(group.len());
        for Request {
            events, tell, room, ..
        } in group
        {
            senders.push(Sender {
                events: events.len(),
                tell,
            });
            batch.extend(events);
            drop(room);
        }
        let erases = batch.iter().filter_map(Candidate::event);
        let erases = erases
            .map(|event| event.kind)
            .any(|kind| kind == Kind::PrivateErased);
        let mut admitted = Admitted::default();
        let done = intake.admit_into(&mut admitted, batch, Trust::Clock).await;
        appended.notify_one();
        // Proofs are made while the next batch is on its way.
        tokio::spawn(tell(senders, admitted, done));
        if erases {
            // One that waits already is as good.
            let _ = erased.try_send(());
        }
    }
    drop(erased);
    let _ = scrubber.await;
}

/// Sees to it that what was erased leaves no trace, beside all that goes on.
async fn scrub(ledger: Arc<dyn Ledger>, mut erasures: mpsc::Receiver<()>) {
    while erasures.recv().await.is_some() {
        if let Err(error) = ledger.scrub().await {
            tracing::warn!(%error, "traces of what was erased may be left until the next erasure");
        }
    }
}

/// Who is to be told of how many events.
struct Sender {
    events: usize,
    tell: oneshot::Sender<Result<Vec<Told>, QueueError>>,
}

/// Tells each sender what became of its events.
async fn tell(senders: Vec<Sender>, admitted: Admitted, done: Result<(), AdmitError>) {
    let appends = admitted.appends.iter();
    let mut proofs: Vec<_> = appends
        .map(|append| (append, append.tree.paths()))
        .collect();
    let mut prove = |position: Position| {
        let within = |one: &&mut (&crate::ledger::Appended, Option<Paths>)| {
            (one.0.first..=one.0.last).contains(&position)
        };
        let (append, paths) = proofs.iter_mut().find(within)?;
        Receipt::of_append(append, paths.as_mut()?, position)
    };
    let error = done.err().map(|error| {
        tracing::error!(%error, "events could not be appended");
        why(&error)
    });
    let mut outcomes = admitted.outcomes.into_iter();
    for Sender { events, tell } in senders {
        let told: Vec<Told> = outcomes
            .by_ref()
            .take(events)
            .map(|outcome| match outcome {
                Outcome::Appended(position) => {
                    prove(position).map_or(Told::Unproved(position), Told::Appended)
                }
                Outcome::Duplicate(position) => Told::Duplicate(position),
                Outcome::Refused(rejected) => Told::Refused(Box::new(rejected)),
            })
            .collect();
        let result = match &error {
            Some(error) if told.len() < events => Err(error.clone()),
            _ => Ok(told),
        };
        // Who has gone away need not be told.
        let _ = tell.send(result);
    }
}

fn why(error: &AdmitError) -> QueueError {
    match error {
        AdmitError::Append(AppendError::Unknown(_)) => QueueError::Unknown,
        AdmitError::Contended(_) | AdmitError::Store(_) | AdmitError::Append(_) => {
            QueueError::Unavailable
        }
    }
}
