//! A body that is watched: it ends where it is too long, or stands still for too long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    Stalled,
}

/// What is known of a body while it is read by somebody else.
#[derive(Debug, Default)]
pub(super) struct Watch(AtomicU8);

const WAITED_FOR: u8 = 1;
const TOO_LONG: u8 = 2;
const STALLED: u8 = 3;

impl Watch {
    pub(super) fn fault(&self) -> Option<Fault> {
        match self.0.load(Ordering::Relaxed) {
            TOO_LONG => Some(Fault::TooLong),
            STALLED => Some(Fault::Stalled),
            _ => None,
        }
    }

    /// Whether somebody waits for more of it.
    pub(super) fn is_waited_for(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WAITED_FOR
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Relaxed);
    }
}

/// A body that is watched.
pub(super) struct Watched {
    body: Body,
    /// How many bytes may still come; any number, where none.
    left: Option<u64>,
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
            stall,
            deadline: None,
            watch,
        }
    }

    fn take(&mut self, bytes: usize) -> Result<(), BoxError> {
        let Some(left) = &mut self.left else {
            return Ok(());
        };
        match left.checked_sub(bytes as u64) {
            Some(rest) => *left = rest,
            None => {
                self.watch.set(TOO_LONG);
                return Err("the body is too long".into());
            }
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
