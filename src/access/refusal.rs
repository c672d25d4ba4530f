//! Accesses that were refused: written down beside the log, the newest of them.
//!
//! A hostile client must not fill what cannot be deleted, nor slow down what others ask: a request
//! hands its refusal over and goes on, a task writes what has gathered, and where more comes than can
//! be written it is counted and let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use standing_projections::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Store;

/// How many wait to be written, at most.
const WAITING_MAX: usize = 1_024;

/// How many are written at once, at most.
const BATCH_MAX: usize = 256;

/// How long lies between two writes at least.
const PAUSE: Duration = Duration::from_millis(100);

/// An access that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAccess {
    /// When.
    pub at: Instant,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// The method.
    pub method: String,
    /// The path, without its query; cut where it is long.
    pub path: String,
    /// The address that it came from.
    pub peer: String,
    /// The id of the token, where it was a known one.
    pub token: Option<String>,
    /// The request's id, which the service's log has too.
    pub request: String,
}

/// Where refused accesses are handed over.
#[derive(Clone, Debug)]
pub struct Refusals {
    waiting: mpsc::Sender<RefusedAccess>,
    dropped: Arc<AtomicU64>,
}

impl Refusals {
    /// Begins to write them to the store, which keeps the newest `kept`. The task ends once every
    /// `Refusals` of it is gone and everything is written.
    #[must_use]
    pub fn start(store: Arc<dyn Store>, kept: u32) -> (Self, JoinHandle<()>) {
        let (waiting, coming) = mpsc::channel(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let writing = tokio::spawn(write(store, kept, coming, Arc::clone(&dropped)));
        (Self { waiting, dropped }, writing)
    }

    /// Hands one over, without waiting for it.
    pub fn record(&self, refused: RefusedAccess) {
        if self.waiting.try_send(refused).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were let go, because more came than could be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

async fn write(
    store: Arc<dyn Store>,
    kept: u32,
    mut coming: mpsc::Receiver<RefusedAccess>,
    dropped: Arc<AtomicU64>,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while coming.recv_many(&mut batch, BATCH_MAX).await > 0 {
        if let Err(error) = store.keep_refusals(&batch, kept).await {
            dropped.fetch_add(batch.len() as u64, Ordering::Relaxed);
            tracing::error!(%error, "refused accesses cannot be written down");
        }
        batch.clear();
        tokio::time::sleep(PAUSE).await;
    }
}
