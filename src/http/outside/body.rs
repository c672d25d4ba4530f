//! A body that is watched: it ends where it is too long, or stands still for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// How many bodies of the greatest length, as the service gives it, may be held in memory at once.
const HELD_BODIES: u64 = 16;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    Stalled,
    /// It alone is not too long, but all that are held at once are.
    NoRoom,
}

/// The bytes of all bodies that are held in memory at once.
#[derive(Clone, Debug)]
pub(super) struct Held {
    bytes: Arc<AtomicU64>,
    max: u64,
}

impl Held {
    /// Room for bodies of that length.
    pub(super) fn new(body_bytes_max: u64) -> Self {
        Self {
            bytes: Arc::default(),
            max: body_bytes_max.saturating_mul(HELD_BODIES),
        }
    }
}

/// What is known of a body while it is read by somebody else. What was read of it counts as held until
/// this is gone, which is when its request is answered.
#[derive(Debug)]
pub(super) struct Watch {
    state: AtomicU8,
    bytes: AtomicU64,
    held: Held,
}

const WAITED_FOR: u8 = 1;
const TOO_LONG: u8 = 2;
const STALLED: u8 = 3;
const NO_ROOM: u8 = 4;

impl Watch {
    pub(super) fn new(held: Held) -> Self {
        Self {
            state: AtomicU8::new(0),
            bytes: AtomicU64::new(0),
            held,
        }
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        match self.state.load(Ordering::Relaxed) {
            TOO_LONG => Some(Fault::TooLong),
            STALLED => Some(Fault::Stalled),
            NO_ROOM => Some(Fault::NoRoom),
            _ => None,
        }
    }

    /// Whether somebody waits for more of it.
    pub(super) fn is_waited_for(&self) -> bool {
        self.state.load(Ordering::Relaxed) == WAITED_FOR
    }

    fn set(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }

    /// Counts bytes as held; how many there are of all bodies.
    fn hold(&self, bytes: u64) -> u64 {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.held.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.held.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A body that is watched.
pub(super) struct Watched {
    body: Body,
    /// How many bytes may still come; any number, where none: then nobody holds it as a whole.
    left: Option<u64>,
    /// How many bytes of all bodies there may be at once.
    held_max: u64,
    stall: Duration,
    /// When it has stood still for too long; set while it is waited for.
    deadline: Option<Pin<Box<Sleep>>>,
    watch: Arc<Watch>,
}

impl Watched {
    pub(super) fn new(body: Body, max: Option<u64>, stall: Duration, watch: Arc<Watch>) -> Self {
        Self {
            body,
            left: max,
            // One that is longer than all may be comes where it is the only one.
            held_max: max.unwrap_or_default().max(watch.held.max),
            stall,
            deadline: None,
            watch,
        }
    }

    fn take(&mut self, bytes: usize) -> Result<(), BoxError> {
        let Some(left) = &mut self.left else {
            return Ok(());
        };
        let bytes = bytes as u64;
        let Some(rest) = left.checked_sub(bytes) else {
            self.watch.set(TOO_LONG);
            return Err("the body is too long".into());
        };
        *left = rest;
        if self.watch.hold(bytes) > self.held_max {
            self.watch.set(NO_ROOM);
            return Err("there is no room for the body".into());
        }
        Ok(())
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.watch.set(0);
                this.deadline = None;
                let taken = this.take(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(taken.map(|()| frame)))
            }
            Poll::Ready(other) => {
                this.watch.set(0);
                this.deadline = None;
                Poll::Ready(other.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let stall = this.stall;
                let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(stall)));
                if deadline.as_mut().poll(cx).is_ready() {
                    this.watch.set(STALLED);
                    // Asked again, it has not come any further.
                    deadline.as_mut().reset(Instant::now());
                    return Poll::Ready(Some(Err("the body stands still".into())));
                }
                this.watch.set(WAITED_FOR);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn bodies_that_are_held_at_once_are_bounded_together() {
        let held = Held::new(10);
        let read = async |max| {
            let watch = Arc::new(Watch::new(held.clone()));
            let stall = Duration::from_secs(60);
            let body = Body::from(vec![0; 10]);
            let body = Watched::new(body, max, stall, Arc::clone(&watch));
            (to_bytes(Body::new(body), usize::MAX).await.is_ok(), watch)
        };
        let mut watches = Vec::new();
        for _ in 0..HELD_BODIES {
            let (whole, watch) = read(Some(10)).await;
            assert!(whole);
            watches.push(watch);
        }
        let (whole, watch) = read(Some(10)).await;
        assert_eq!((whole, watch.fault()), (false, Some(Fault::NoRoom)));
        // Streams are held by nobody.
        assert!(read(None).await.0);
        drop((watches, watch));
        assert!(read(Some(10)).await.0);
        assert_eq!(held.bytes.load(Ordering::Relaxed), 0);
    }
}
