//! Long answers: what of them is held at once, until whoever asked has read it, is bounded.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};

use super::limits::overloaded;

/// From how many bytes on an answer counts.
const LONG: u64 = 1 << 20;
/// How many bytes of long answers are held at once. One that has more is sent where it is the only one.
const HELD_MAX: u64 = 1 << 30;

/// The bytes of all long answers that are not sent yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<AtomicU64>);

impl Answers {
    /// The answer, where there is room for it beside those of others.
    pub(super) fn hold(&self, response: Response) -> Response {
        let Some(bytes) = response.body().size_hint().exact().filter(|n| *n >= LONG) else {
            return response;
        };
        let others = self.0.fetch_add(bytes, Ordering::Relaxed);
        let room = Room {
            held: self.clone(),
            bytes,
        };
        if others > 0 && others.saturating_add(bytes) > HELD_MAX {
            drop(room);
            let detail = "there is no room for an answer as long as this beside those of others";
            return overloaded(detail).into_response();
        }
        until_sent(response, room)
    }
}

/// The answer, with something that is let go once it is sent or given up.
pub(super) fn until_sent<G: Send + Unpin + 'static>(response: Response, guard: G) -> Response {
    response.map(|body| {
        Body::new(Sent {
            body,
            _guard: guard,
        })
    })
}

/// The room that an answer takes, until it is sent or given up.
struct Room {
    held: Answers,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

struct Sent<G> {
    body: Body,
    _guard: G,
}

impl<G: Send + Unpin> HttpBody for Sent<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
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
    use axum::http::StatusCode;

    use super::*;

    fn of_bytes(bytes: u64) -> Response {
        struct Long(u64);
        impl HttpBody for Long {
            type Data = Bytes;
            type Error = std::convert::Infallible;

            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
                Poll::Ready(None)
            }

            fn size_hint(&self) -> SizeHint {
                SizeHint::with_exact(self.0)
            }
        }
        Response::new(Body::new(Long(bytes)))
    }

    #[test]
    fn long_answers_that_are_held_at_once_are_bounded_together() {
        let answers = Answers::default();
        let status = |response: &Response| response.status();
        let half = answers.hold(of_bytes(HELD_MAX / 2));
        let other = answers.hold(of_bytes(HELD_MAX / 2));
        assert_eq!([status(&half), status(&other)], [StatusCode::OK; 2]);
        let third = answers.hold(of_bytes(LONG));
        assert_eq!(status(&third), StatusCode::SERVICE_UNAVAILABLE);
        // Short ones do not count.
        assert_eq!(status(&answers.hold(of_bytes(LONG - 1))), StatusCode::OK);
        drop(half);
        assert_eq!(status(&answers.hold(of_bytes(LONG))), StatusCode::OK);
        drop(other);
        assert_eq!(answers.0.load(Ordering::Relaxed), 0);
        let huge = answers.hold(of_bytes(3 * HELD_MAX));
        assert_eq!(status(&huge), StatusCode::OK);
    }
}
