//! What is answered until everybody's history is in memory.
//!
//! It stands between the door and the routes, so that no handler is asked before it can answer.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Code;
use super::{Problem, Service};

/// Hands a request on once histories are there. Only that the process lives is said before.
pub(super) async fn hold_back(
    State(service): State<Arc<Service>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    if service.current.is_loaded() || path.as_str() == "/healthz" {
        return next.run(request).await;
    }
    let detail = "the histories are being read: `/readyz` tells when that is done";
    Problem::new(Code::Starting, detail)
        .retry_after(1)
        .into_response()
}
