//! Accesses that were refused: the newest, for whoever looks after who may do what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use standing_projections::Instant;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Query;
use super::page::{self, Limit};
use super::{Problem, Service};

/// What page tokens of this resource are of.
const RESOURCE: &str = "refusals";

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(refusals))
}

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// How many there are at most on a page
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 1000, default = 100, required = false)]
    limit: Limit,
    /// The page: `next` of the one before
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]{12,}$")]
    page: Option<String>,
}

/// Accesses that were refused, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Refusals {
    /// Those of this page.
    refusals: Vec<Refusal>,
    /// The token of the next page; none on the last.
    next: Option<String>,
}

/// An access that was refused.
#[derive(Debug, Serialize, ToSchema)]
struct Refusal {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// The HTTP status.
    status: u16,
    /// The problem's code.
    code: String,
    /// The method.
    method: String,
    /// The path, without its query; cut where it is long.
    path: String,
    /// The address that it came from.
    peer: String,
    /// The id of the token, where it was a known one.
    token: Option<String>,
    /// The request's id, which the service's log has too.
    request_id: String,
}

/// Which accesses were refused
///
/// Of the newest, so many as the service keeps (10,000 where nothing else is said). They are written a
/// moment after they happen.
#[utoipa::path(
    get, path = "/v1/access/refusals", tag = "access", params(Asked),
    responses(
        (status = 200, description = "The newest first", body = Refusals),
        (status = 400, description = "A parameter, or the page, is none"),
    ),
)]
async fn refusals(
    State(service): State<Arc<Service>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Refusals>, Problem> {
    let page = asked.page.as_deref();
    let before: Option<i64> = page
        .map(|page| page::of_token(RESOURCE, page))
        .transpose()?;
    let limit = u32::try_from(asked.limit.0).unwrap_or(u32::MAX);
    let found = service.access.refusals(before, limit).await?;
    let next = match found.last() {
        Some((number, _)) if found.len() == asked.limit.0 => Some(page::token(RESOURCE, number)?),
        _ => None,
    };
    let refusals = found.into_iter().map(|(_, refused)| Refusal {
        at: refused.at,
        status: refused.status,
        code: refused.code,
        method: refused.method,
        path: refused.path,
        peer: refused.peer,
        token: refused.token,
        request_id: refused.request,
    });
    let refusals = refusals.collect();
    Ok(Json(Refusals { refusals, next }))
}
