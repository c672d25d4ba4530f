//! Group commit: appends that come at once share a transaction, and so the price of durability.
//!
//! Whoever appends puts a request into a queue and waits. One task takes what has gathered there
//! while the last transaction was committed, judges each request on what the ones before it leave
//! ([`super::plan`]), writes all that hold in one transaction, and tells each caller its own
//! outcome. A request that is refused spoils no neighbour. The queue is bounded by bytes: past that,
//! callers wait for room. As long as nobody else writes to the log, a small group is one statement,
//! a transaction by itself: one way to the database and back instead of three.
//!
//! What must stay true: nobody is told that events are appended before the transaction that holds
//! them is committed, and a commit whose end is not known is said to be [`AppendError::Unknown`] to
//! everybody in it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::plan::{Plan, Ready, Whole};
use super::row::Row;
use super::tree::{Edge, Entry, Hash};
use super::{AppendError, Appended, Clock, Condition, Head, Key, Recorded, StoreError};

/// How many bytes of events may wait, in KiB.
const ROOM_KIB: u32 = 64 << 10;
/// After how many events a group takes no further request.
const GROUP_EVENTS: usize = 8_192;
/// After how many bytes a group takes no further request.
const GROUP_BYTES: usize = 16 << 20;

/// A store's writing connection: what the group's task asks of it, in one transaction at a time, or
/// in one statement.
///
/// After an error of any function but [`Writer::insert`]'s [`InsertError::Refused`] the connection
/// may be in any state, and is dropped.
#[async_trait]
pub(super) trait Writer: Send + Sized + 'static {
    /// What it takes to connect.
    type Connect: Send + Sync + 'static;

    async fn connect(connect: &Self::Connect) -> Result<Self, StoreError>;

    /// Up to how many rows [`Writer::append_at_once`] is worth while.
    const AT_ONCE: usize;

    /// Appends rows without private content and entries of the tree in one statement that is a
    /// transaction by itself. False where nothing was written: because one statement is not enough,
    /// the log does not end before these rows, or the database refuses one. A transaction of several
    /// steps will tell.
    async fn append_at_once(
        &mut self,
        rows: Vec<Whole<'_>>,
        entries: &[Entry],
    ) -> Result<bool, Failed>;

    /// Begins a transaction, takes the appender's lock and reads the head.
    async fn begin(&mut self) -> Result<Head, StoreError>;

    /// Whether there is an event after that position of these kinds (any, where there are none)
    /// about one of these subjects, or a rulebook.
    async fn changed(
        &mut self,
        since: Position,
        subjects: &[String],
        kinds: &[Kind],
    ) -> Result<bool, StoreError>;

    /// Which of these keys are in the log.
    async fn taken(&mut self, keys: &[Key<'_>]) -> Result<Vec<bool>, StoreError>;

    /// Entries of a level of the tree, as [`super::Ledger::hashes`].
    async fn hashes(&mut self, level: u8, from: u64, count: u64) -> Result<Vec<Hash>, StoreError>;

    /// Inserts the rows and what is private in them, and moves the head.
    async fn insert(&mut self, rows: &mut Ready<'_>) -> Result<(), InsertError>;

    /// Writes what follows from the rows: entries of the tree, and that what these events say in
    /// private is no more.
    async fn finish(&mut self, entries: &[Entry], erased: &[Position]) -> Result<(), StoreError>;

    async fn commit(&mut self) -> Result<(), StoreError>;

    async fn rollback(&mut self) -> Result<(), StoreError>;

    async fn close(self);
}

/// Why rows were not inserted.
#[derive(Debug)]
pub(super) enum InsertError {
    /// The database's constraints refuse one, mostly because its key is taken. The transaction can
    /// still be rolled back.
    Refused(StoreError),
    /// Anything else.
    Store(StoreError),
}

/// A request to append.
pub(super) struct Request {
    pub(super) rows: Vec<Row>,
    pub(super) recorded: Recorded,
    pub(super) condition: Condition,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
    /// Its place in the queue, free again when the request is answered.
    _room: OwnedSemaphorePermit,
}

/// The way to the task that writes.
pub(super) struct Appender {
    /// None once it is closed.
    queue: Mutex<Option<mpsc::UnboundedSender<Request>>>,
    room: Arc<Semaphore>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Appender {
    /// Starts the task. It ends when the appender is closed or dropped, and all that was asked for
    /// by then is answered.
    pub(super) fn start<W: Writer>(connect: W::Connect, first: W, clock: Clock) -> Self {
        let (queue, requests) = mpsc::unbounded_channel();
        let writing = Writing {
            connect,
            connection: Some(first),
            end: None,
            alone: false,
            clock,
        };
        Self {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            task: tokio::sync::Mutex::new(Some(tokio::spawn(writing.run(requests)))),
        }
    }

    /// Appends rows, once there is room.
    pub(super) async fn append(
        &self,
        rows: Vec<Row>,
        recorded: Recorded,
        condition: Condition,
    ) -> Result<Appended, AppendError> {
        let kib = rows.iter().map(Row::bytes).sum::<usize>() / 1024 + 1;
        let kib = u32::try_from(kib).unwrap_or(ROOM_KIB).min(ROOM_KIB);
        let room = Arc::clone(&self.room).acquire_many_owned(kib).await;
        let room = room.map_err(|_| closed())?;
        let (reply, answer) = oneshot::channel();
        let request = Request {
            rows,
            recorded,
            condition,
            reply,
            _room: room,
        };
        self.send(request)?;
        // The task answers everything; where it could not, nobody knows how far it came.
        answer
            .await
            .unwrap_or_else(|_| Err(AppendError::Unknown(closed())))
    }

    fn send(&self, request: Request) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.send(request).map_err(|_| closed())
    }

    /// Waits for what was asked for, and ends the connection.
    pub(super) async fn close(&self) {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(queue);
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}

fn closed() -> StoreError {
    StoreError::failed("the ledger is closed")
}

/// The task's state.
struct Writing<W: Writer> {
    connect: W::Connect,
    /// None until the next group connects anew, after a transaction that did not end as asked.
    connection: Option<W>,
    /// The end of the log as the last group left it; another process may have gone on from there.
    end: Option<End>,
    /// Whether the last group found the log as the one before had left it.
    alone: bool,
    clock: Clock,
}

/// The end of a log.
#[derive(Clone)]
struct End {
    head: Head,
    /// The tree's right edge there.
    edge: Edge,
}

impl<W: Writer> Writing<W> {
    async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        while let Some(first) = requests.recv().await {
            let mut group = vec![first];
            let written = self.write(&mut group, &mut requests).await;
            answer(group, written);
        }
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }

    /// Writes a group: its first request, and those that gather before its rows are made ready.
    async fn write(
        &mut self,
        group: &mut Vec<Request>,
        requests: &mut mpsc::UnboundedReceiver<Request>,
    ) -> Result<Vec<Outcome>, Failed> {
        let mut writer = match self.connection.take() {
            Some(writer) => writer,
            None => W::connect(&self.connect).await.map_err(Failed::Before)?,
        };
        let last = self.end.take();
        if let Some(end) = last.clone().filter(|_| self.alone) {
            gather(group, requests).await;
            if let Some(outcomes) = self.write_at_once(&mut writer, group, end).await? {
                self.connection = Some(writer);
                return Ok(outcomes);
            }
        }
        let head = writer.begin().await.map_err(Failed::Before)?;
        gather(group, requests).await;
        let last = last.filter(|last| last.head == head);
        self.alone = last.is_some();
        let mut attempt = Attempt {
            writer: &mut writer,
            edge: last.map(|last| last.edge),
            now: &self.clock,
        };
        // Keys are looked for only where the database has refused one: they are taken rarely, and
        // those who append mostly have looked themselves.
        let (outcomes, end) = match attempt.run(group, head, Keys::Trusted).await? {
            Tried::Done(outcomes, end) => (outcomes, end),
            Tried::KeyTaken(_) => {
                let head = attempt.writer.begin().await.map_err(Failed::Before)?;
                match attempt.run(group, head, Keys::LookedUp).await? {
                    Tried::Done(outcomes, end) => (outcomes, end),
                    // Not because of its key: something else is wrong with the row.
                    Tried::KeyTaken(error) => return Err(Failed::Before(error)),
                }
            }
        };
        self.end = Some(end);
        self.connection = Some(writer);
        Ok(outcomes)
    }

    /// Writes a small group in one statement, where the log still ends as the last group left it.
    /// None where it does not, or where the group takes more than that.
    async fn write_at_once(
        &mut self,
        writer: &mut W,
        group: &[Request],
        mut end: End,
    ) -> Result<Option<Vec<Outcome>>, Failed> {
        let rows = || group.iter().flat_map(|request| &request.rows);
        let head = end.head.position;
        let asks = group.iter().any(|request| request.condition.asks(head));
        if asks
            || rows().count() > W::AT_ONCE
            || rows().any(|row| row.private.is_some() || row.kind == Kind::PrivateErased)
        {
            return Ok(None);
        }
        let mut plan = Plan::new(end.head, (self.clock)(), None);
        for request in group {
            plan.judge(request, false);
        }
        // That all are refused is only true if the log really ends there.
        if plan.is_empty() {
            return Ok(None);
        }
        let mut ready = plan.ready();
        let rows = ready.take(W::AT_ONCE);
        let grown = Arc::new(end.edge.grow(&ready.into_hashes()));
        end.head = plan.head();
        let entries: Vec<Entry> = grown.entries().collect();
        if !writer.append_at_once(rows, &entries).await? {
            return Ok(None);
        }
        self.end = Some(end);
        Ok(Some(plan.outcomes(&grown)))
    }
}

/// Takes what has gathered in the queue, up to a group's size.
///
/// Those who were answered last append again as soon as they run, which is after this task has let
/// them. As long as that brings more it pays to let them, since whoever comes too late waits for a
/// whole transaction.
async fn gather(group: &mut Vec<Request>, requests: &mut mpsc::UnboundedReceiver<Request>) {
    let size = |request: &Request| {
        let bytes = request.rows.iter().map(Row::bytes).sum::<usize>();
        (request.rows.len(), bytes)
    };
    let (mut events, mut bytes) = group
        .iter()
        .map(size)
        .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    loop {
        let before = group.len();
        tokio::task::yield_now().await;
        while events < GROUP_EVENTS && bytes < GROUP_BYTES {
            let Ok(request) = requests.try_recv() else {
                break;
            };
            let more = size(&request);
            (events, bytes) = (events + more.0, bytes + more.1);
            group.push(request);
        }
        if group.len() == before {
            return;
        }
    }
}

/// Tells everybody in a group its outcome.
fn answer(group: Vec<Request>, written: Result<Vec<Outcome>, Failed>) {
    match written {
        Ok(outcomes) => {
            let mut done = Vec::with_capacity(group.len());
            for (request, outcome) in group.into_iter().zip(outcomes) {
                let Request { reply, rows, .. } = request;
                // Whoever has given up waiting hears nothing.
                let _ = reply.send(outcome);
                done.push(rows);
            }
            // Letting go of many rows takes as long as making them; the next group need not wait
            // for it.
            if done.iter().map(Vec::len).sum::<usize>() > 1_000 {
                tokio::spawn(async move { drop(done) });
            }
        }
        Err(failed) => {
            for request in group {
                let _ = request.reply.send(Err(failed.to(&request.rows)));
            }
        }
    }
}

type Outcome = Result<Appended, AppendError>;

/// Why nobody in a group got an outcome of its own.
#[derive(Debug)]
pub(super) enum Failed {
    /// Nothing of the group is in the log.
    Before(StoreError),
    /// The commit was asked for, and its end is not known.
    Committing(StoreError),
}

impl Failed {
    /// What it means to somebody who wanted these rows appended. Where the commit failed, a refusal
    /// may have been because of a neighbour that is not in the log after all.
    fn to(&self, rows: &[Row]) -> AppendError {
        match self {
            Self::Committing(error) if !rows.is_empty() => AppendError::Unknown(error.clone()),
            Self::Before(error) | Self::Committing(error) => AppendError::Store(error.clone()),
        }
    }
}

/// Whether a group's keys are looked for before it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Trusted,
    LookedUp,
}

enum Tried {
    /// It is committed, or there was nothing to write.
    Done(Vec<Outcome>, End),
    /// Nothing was written: the database refused a row.
    KeyTaken(StoreError),
}

/// One transaction.
struct Attempt<'a, W> {
    writer: &'a mut W,
    edge: Option<Edge>,
    now: &'a Clock,
}

impl<W: Writer> Attempt<'_, W> {
    async fn run(&mut self, group: &[Request], head: Head, keys: Keys) -> Result<Tried, Failed> {
        let taken = match keys {
            Keys::Trusted => None,
            Keys::LookedUp => Some(self.taken(group).await.map_err(Failed::Before)?),
        };
        let now: Instant = (self.now)();
        let mut plan = Plan::new(head, now, taken);
        for request in group {
            let newer = self.newer(request, head).await.map_err(Failed::Before)?;
            plan.judge(request, newer);
        }
        let before = self.edge(head.position).await.map_err(Failed::Before)?;
        let mut edge = before.clone();
        let mut rows = plan.ready();
        if rows.left() > 0 {
            match self.writer.insert(&mut rows).await {
                Ok(()) => {}
                Err(InsertError::Refused(error)) => {
                    self.writer.rollback().await.map_err(Failed::Before)?;
                    self.edge = Some(before);
                    return Ok(Tried::KeyTaken(error));
                }
                Err(InsertError::Store(error)) => return Err(Failed::Before(error)),
            }
        }
        let grown = Arc::new(edge.grow(&rows.into_hashes()));
        if plan.is_empty() {
            self.writer.rollback().await.map_err(Failed::Before)?;
        } else {
            let entries: Vec<Entry> = grown.entries().collect();
            let finished = self.writer.finish(&entries, plan.erased());
            finished.await.map_err(Failed::Before)?;
            self.writer.commit().await.map_err(Failed::Committing)?;
        }
        let head = plan.head();
        Ok(Tried::Done(plan.outcomes(&grown), End { head, edge }))
    }

    /// Whether the log, as it was when the transaction began, has something newer that a request's
    /// condition excludes.
    async fn newer(&mut self, request: &Request, head: Head) -> Result<bool, StoreError> {
        match &request.condition {
            Condition::NothingNewFor {
                since,
                subjects,
                kinds,
            } if request.condition.asks(head.position) => {
                self.writer.changed(*since, subjects, kinds).await
            }
            _ => Ok(false),
        }
    }

    /// Which keys of the group are in the log, in the order of its rows.
    async fn taken(&mut self, group: &[Request]) -> Result<Vec<bool>, StoreError> {
        let rows = group.iter().flat_map(|request| &request.rows);
        let keys: Vec<Key<'_>> = rows.map(Row::key).collect();
        self.writer.taken(&keys).await
    }

    /// The tree's right edge at the head.
    async fn edge(&mut self, head: Position) -> Result<Edge, StoreError> {
        match self.edge.take() {
            Some(edge) if edge.size() == head.0 => return Ok(edge),
            _ => {}
        }
        let mut tiles = Vec::new();
        for (level, from, width) in Edge::needed(head.0) {
            let tile = match width {
                0 => Vec::new(),
                width => self.writer.hashes(level, from, width).await?,
            };
            tiles.push(tile);
        }
        Edge::of(head.0, tiles).ok_or_else(|| StoreError::Damaged {
            detail: format!("hashes of the tree over {head} events are missing"),
        })
    }
}
