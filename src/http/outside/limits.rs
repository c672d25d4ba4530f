//! How much one request may send, and how long it may take.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body::{Fault, Held, Watch, Watched};
use super::{Code, Problem};
use crate::access::TokenLimits;
use crate::intake::QueueError;

/// How much one request may send, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a body that is no stream.
    pub body_bytes_max: u64,
    /// How long a request that is no stream may take.
    pub request: Duration,
    /// How long a body, stream or not, may stand still.
    pub stall: Duration,
}

impl Limits {
    /// These, where a token has none of its own.
    pub(super) fn of(self, own: TokenLimits) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            body_bytes_max: own.body_max.unwrap_or(self.body_bytes_max),
            request: own.time_max.map_or(self.request, seconds),
            stall: self.stall,
        }
    }

    /// Has the request answered within these limits.
    ///
    /// Whatever a handler makes of a body that could not be read to its end, what is answered is why. Where
    /// time runs out for a request that `appends`, what it brought may be in the log, or come there yet.
    pub(super) async fn answer(
        self,
        (stream, appends): (bool, bool),
        held: &Held,
        request: Request,
        next: Next,
    ) -> Response {
        let max = (!stream).then_some(self.body_bytes_max);
        if max.is_some_and(|max| request.body().size_hint().lower() > max) {
            return self.too_long().into_response();
        }
        let watch = Arc::new(Watch::new(held.clone()));
        let watched = Arc::clone(&watch);
        let request = request.map(|body| Body::new(Watched::new(body, max, self.stall, watched)));
        let answer = next.run(request);
        let response = match stream {
            true => answer.await,
            false => match tokio::time::timeout(self.request, answer).await {
                Ok(response) => response,
                Err(_) if watch.is_waited_for() => return self.too_slow().into_response(),
                Err(_) if appends => return Problem::from(QueueError::Unknown).into_response(),
                Err(_) => {
                    return overloaded("the service did not get it done in time").into_response();
                }
            },
        };
        let failed = response.status().is_client_error() || response.status().is_server_error();
        match watch.fault() {
            Some(Fault::TooLong) if failed => self.too_long().into_response(),
            Some(Fault::Stalled) if failed => self.too_slow().into_response(),
            Some(Fault::NoRoom) if failed => {
                overloaded("there is no room for the body beside those of others").into_response()
            }
            _ => response,
        }
    }

    fn too_long(self) -> Problem {
        let detail = format!("a body has at most {} bytes", self.body_bytes_max);
        Problem::new(Code::BodyTooLarge, detail)
    }

    fn too_slow(self) -> Problem {
        let (all, stall) = (self.request.as_secs(), self.stall.as_secs());
        let detail =
            format!("a body has to come within {all} s, and must not stand still for {stall} s");
        Problem::new(Code::RequestTimeout, detail)
    }
}

pub(super) fn overloaded(detail: &str) -> Problem {
    Problem::new(Code::Overloaded, detail).retry_after(1)
}
