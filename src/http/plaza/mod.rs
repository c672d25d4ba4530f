//! The plaza: the board by rank, and what changes on it.

mod changes;
mod stream;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use standing_projections::{Instant, Position};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::current::is_known;
use super::extract::{AnyPosition, Query};
use super::headers::{Answer, Has};
use super::page::{self, Limit};
use super::{Problem, Service};
use crate::readmodel::Entry;

pub(crate) use changes::PlazaChange;

/// What tokens of these pages are of.
const RESOURCE: &str = "plaza";

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(plaza))
        .routes(routes!(changes::changes))
}

/// Which part of the board.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// At most so many on a page (default: 100)
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<Limit>,
    /// The page that `next` of the one before names
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]{12,}$")]
    page: Option<String>,
    /// Wait until that position of the log is known
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
    min_position: Option<AnyPosition>,
}

/// A page of the board
#[derive(Debug, Serialize, ToSchema)]
struct Plaza {
    /// By rank. Where the board changes between two pages, a rank is that of the page's moment.
    entries: Vec<Ranked>,
    /// What `page` is for the next ones; null, where there are no more.
    next: Option<String>,
}

/// An app on the board
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoardEntry)]
struct Ranked {
    /// From 1.
    rank: u64,
    app: String,
    developer: String,
    score: i64,
    /// When its listing began.
    #[schema(value_type = String, format = DateTime)]
    listed_since: Instant,
    /// Whether it may be certified (V).
    eligible: bool,
}

/// What a page goes on after.
#[derive(Debug, Serialize, Deserialize)]
struct After {
    score: i64,
    listed_since: Instant,
    app: String,
    rank: u64,
}

/// Read the board
///
/// It is that of the read model, at the position and the instant that the headers name. `Standing-Sequence` is
/// how far its changes were told then: whoever goes on after that of the first page, and takes each entry as it
/// is told from there, has the board.
#[utoipa::path(
    get, path = "/v1/plaza", tag = "plaza", operation_id = "plaza",
    params(Asked),
    responses(
        (status = 200, description = "A page of the board", body = Plaza,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("Standing-Sequence" = String), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no position `min_position`"),
    ),
)]
async fn plaza(
    State(service): State<Arc<Service>>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or_default().0;
    let min = asked.min_position.map(Position::from);
    service.current.tables_know(min).await?;
    let after: Option<After> = match &asked.page {
        Some(token) => Some(page::of_token(RESOURCE, token)?),
        None => None,
    };
    let before = after.as_ref().map_or(0, |after| after.rank);
    let place = after.map(|after| Entry {
        app: after.app,
        developer: String::new(),
        score: after.score,
        listed_since: after.listed_since,
        eligible: false,
    });
    let reader = &service.current.reader;
    let (at, told, mut found) = reader.board(place.as_ref(), limit + 1).await?;
    is_known(min, at.position)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let entries: Vec<Ranked> = (before + 1..)
        .zip(found)
        .map(|(rank, entry)| Ranked {
            rank,
            app: entry.app,
            developer: entry.developer,
            score: entry.score,
            listed_since: entry.listed_since,
            eligible: entry.eligible,
        })
        .collect();
    let next = match entries.last() {
        Some(last) if more => Some(page::token(
            RESOURCE,
            &After {
                score: last.score,
                listed_since: last.listed_since,
                app: last.app.clone(),
                rank: last.rank,
            },
        )?),
        _ => None,
    };
    let rules = service.current.rules_of(&at).await?;
    let answer = Answer::json(&Plaza { entries, next })?
        .by_any(rules)
        .told(told);
    Ok(answer.at(at.position).of_instant(at.as_of).to(&has))
}
