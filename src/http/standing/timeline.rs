//! `…/timeline`: every change of a standing over time.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use standing_projections::Instant;
use standing_projections::questions::{Change, Walk, changes};
use utoipa::ToSchema;

use super::asked::{Of, Question, asked};
use crate::access::Caller;
use crate::http::extract::{Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::problem::Code;
use crate::http::{Problem, Service};

asked! {
    /// Of which instants, by which rules, and from when on.
    struct Asked {
        /// Begin there instead of at the registration
        #[param(value_type = Option<String>, format = DateTime, nullable = false,
            pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
        from: Option<Instant>,
    }
}

/// Every change of a standing over time
#[derive(Serialize, ToSchema)]
struct Timeline<'a> {
    /// What changed, when and by which events, as `standing timeline` prints it.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change<'a>>,
}

/// Tell every change of a developer's standing over time
#[utoipa::path(
    get, path = "/v1/developers/{developer}/timeline", tag = "standing", operation_id = "timeline_of_developer",
    params(("developer" = String, Path, description = "The developer"), Asked),
    responses(
        (status = 200, description = "The changes, by time", body = Timeline,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "Nobody was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "Too much would have to be looked through"),
    ),
)]
pub(super) async fn of_developer(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    answer(&service, &caller, (Of::Developer, &id), &asked, &has).await
}

/// Tell every change of an app's standing over time
#[utoipa::path(
    get, path = "/v1/apps/{app}/timeline", tag = "standing", operation_id = "timeline_of_app",
    params(("app" = String, Path, description = "The app"), Asked),
    responses(
        (status = 200, description = "The changes, by time", body = Timeline,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "Nothing was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "Too much would have to be looked through"),
    ),
)]
pub(super) async fn of_app(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    answer(&service, &caller, (Of::App, &id), &asked, &has).await
}

async fn answer(
    service: &Service,
    caller: &Caller,
    of: (Of, &str),
    asked: &Asked,
    has: &Has,
) -> Result<Response, Problem> {
    let question = Question::resolve(service, caller, of, asked.asked()).await?;
    question.can_be_walked()?;
    let as_of = question.ask.as_of;
    if let Some(from) = asked.from.filter(|from| *from > as_of) {
        let detail = format!("{from} is after the instant asked about, {as_of}");
        return Err(Problem::new(Code::ParameterInvalid, detail).at("?from"));
    }
    let _turn = service.current.long_question().await?;
    let answer = tokio::task::block_in_place(|| {
        let (names, timeline) = (&question.names, &question.timeline);
        let mut walk = Walk::new(&question.developer, names, timeline, question.ask);
        if let Some(from) = asked.from {
            walk = walk.from(from);
        }
        let changes = changes(walk, question.subject());
        Answer::json(&Timeline { changes })
    })?;
    Ok(question.say(answer).to(has))
}
