//! Whether the service lives, and whether it can answer.

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Problem, Service};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "It lives", body = str, example = "ok")),
)]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether questions can be answered
///
/// They cannot while the service starts (`starting`), nor while the log cannot be read.
#[utoipa::path(
    get, path = "/readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "They can", body = str, example = "ready"),
        (status = 503, description = "They cannot", body = Problem,
            content_type = "application/problem+json",
            headers(("Retry-After" = u64, description = "Seconds after which to try again"))),
    ),
)]
async fn readyz(State(service): State<Arc<Service>>) -> Result<&'static str, Problem> {
    service.ledger.head().await?;
    Ok("ready\n")
}
