//! What stands around every route: who gets in, how much they may send, and what is written down of it.
//!
//! A request that is refused here never reaches a handler; one that is let in carries its
//! [`Caller`](crate::access::Caller). Nothing here knows what a route does, only what
//! its table of routes says it needs.

mod answers;
mod body;
mod connections;
mod describe;
mod door;
mod limits;
mod log;
mod routes;
mod streams;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use standing_projections::Instant;

use super::problem::{Code, Problem, ProblemCode};
use crate::access::{Action, Guard, Rate, Rates, Refusals, RefusedAccess, Store};
use crate::intake::ClockFn;

use answers::Answers;
use body::Held;
pub use connections::{Connection, Connections};
pub(super) use describe::describe;
pub(super) use door::Pass;
pub use limits::Limits;
use log::Asked;
pub(super) use routes::asks_to_follow;
use streams::{STREAMS_MAX, Streams};

/// What stands around every route.
pub struct Outside {
    /// Who comes with which token.
    guard: Guard,
    /// How often a token is good for a request, where it has no rate of its own.
    rate: Rate,
    /// How much and how long.
    limits: Limits,
    /// What needs no token.
    open: Vec<Action>,
    /// Where refused accesses go.
    pub refusals: Refusals,
    /// The clock.
    clock: ClockFn,
    rates: Rates,
    held: Held,
    answers: Answers,
    streams: Streams,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").finish_non_exhaustive()
    }
}

impl Outside {
    /// What stands around the routes of a service with these tokens.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        rate: Rate,
        limits: Limits,
        open: Vec<Action>,
        refusals: Refusals,
        clock: ClockFn,
    ) -> Self {
        Self {
            guard: Guard::new(store),
            rate,
            limits,
            open,
            refusals,
            clock,
            rates: Rates::default(),
            held: Held::new(limits.body_bytes_max),
            answers: Answers::default(),
            streams: Streams::default(),
        }
    }

    /// Answers a stream, where its token has not too many already.
    async fn stream(
        &self,
        limits: Limits,
        token: Option<&str>,
        request: Request,
        next: Next,
    ) -> Response {
        match self.streams.begin(token.unwrap_or_default()) {
            Some(stream) => {
                let answer = limits.answer((true, true), &self.held, request, next);
                answers::until_sent(answer.await, stream)
            }
            None => {
                let detail = format!("a token has at most {STREAMS_MAX} streams at once");
                let problem = Problem::new(Code::RateExceeded, detail);
                problem.retry_after(1).into_response()
            }
        }
    }

    fn now(&self) -> Instant {
        (self.clock)()
    }
}

/// Answers a request, or turns it away, and writes down what came of it.
pub(super) async fn around(
    State(outside): State<Arc<Outside>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = Asked::new(&request, peer);
    let entry = outside.admit(&asked, request.headers()).await;
    let (token, mut response) = match entry {
        Err(turned_away) => (turned_away.token, turned_away.problem.into_response()),
        Ok(admitted) => {
            let (mut token, mut limits) = (None, outside.limits);
            if let Some(admitted) = admitted {
                token = Some(admitted.caller.token().to_owned());
                limits = admitted.limits;
                let pass = Pass::new(Arc::clone(&outside), admitted.token);
                request.extensions_mut().insert(admitted.caller);
                request.extensions_mut().insert(pass);
            }
            let response = match routes::is_stream(&asked, request.headers()) {
                true => {
                    let token = token.as_deref();
                    outside.stream(limits, token, request, next).await
                }
                false => {
                    let appends = routes::appends(&asked);
                    let answer = limits.answer((false, appends), &outside.held, request, next);
                    outside.answers.hold(answer.await)
                }
            };
            (token, response)
        }
    };
    asked.name(&mut response);
    let code = response.extensions().get::<ProblemCode>();
    let code = code.map_or("", |code| code.0.as_ref());
    let refused = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if refused.contains(&response.status()) {
        outside.refusals.record(RefusedAccess {
            at: outside.now(),
            status: response.status().as_u16(),
            code: code.to_owned(),
            method: asked.method.to_string(),
            path: asked.short_path(),
            peer: asked.peer.to_string(),
            token: token.clone(),
            request: asked.id.clone(),
        });
    }
    asked.log(response.status(), code, token.as_deref());
    let (method, route) = (asked.method.as_str(), asked.template.as_deref());
    super::metrics::answered(method, route, response.status(), asked.begun.elapsed());
    response
}

/// What is answered where a handler panics, which is a fault of this program.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(Code::Internal, "the service could not answer this").into_response()
}
