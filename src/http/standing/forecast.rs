//! `…/forecast`: what one more event would do, and what time brings.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use standing_projections::Instant;
use standing_projections::event::Kind;
use standing_projections::questions::{self, Change, Coming};
use utoipa::ToSchema;

use super::asked::{Of, Question, asked};
use crate::access::Caller;
use crate::history::{self, Scope};
use crate::http::extract::{Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::problem::Code;
use crate::http::versions::not_too_far;
use crate::http::{Problem, Service};

/// How far ahead it looks, in days, where nothing else is said.
const DAYS: i64 = 90;
/// How far ahead it looks at most, in days.
const DAYS_MAX: i64 = 3_660;

asked! {
    /// Of which instants, by which rules, and how far ahead.
    struct Asked {
        /// How far to look (default: 90 days after `as_of`; at most ten years)
        #[param(value_type = Option<String>, format = DateTime, nullable = false,
            pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
        until: Option<Instant>,
    }
}

/// What is next
#[derive(Serialize, ToSchema)]
struct Forecast<'a> {
    /// What one more event of each kind would change at the instant asked about.
    one_more: Vec<OneMore<'a>>,
    /// What time brings by itself, as `standing forecast` prints it.
    #[schema(value_type = Vec<Object>)]
    coming: Vec<Coming<'a>>,
}

/// One more event, and what it would change
#[derive(Serialize, ToSchema)]
struct OneMore<'a> {
    app: &'a str,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: Kind,
    /// In words.
    event: String,
    /// The instant at which it is imagined.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change<'a>>,
}

/// Tell what is next for a developer
#[utoipa::path(
    get, path = "/v1/developers/{developer}/forecast", tag = "standing", operation_id = "forecast_of_developer",
    params(("developer" = String, Path, description = "The developer"), Asked),
    responses(
        (status = 200, description = "What is next", body = Forecast,
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

/// Tell what is next for an app
#[utoipa::path(
    get, path = "/v1/apps/{app}/forecast", tag = "standing", operation_id = "forecast_of_app",
    params(("app" = String, Path, description = "The app"), Asked),
    responses(
        (status = 200, description = "What is next", body = Forecast,
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
    let until = asked.until.unwrap_or_else(|| as_of.plus_days(DAYS));
    not_too_far(service, until).map_err(|problem| problem.at("?until"))?;
    if until < as_of || until > as_of.plus_days(DAYS_MAX) {
        let detail =
            format!("{until} is before the instant asked about, {as_of}, or too far ahead");
        return Err(Problem::new(Code::ParameterInvalid, detail).at("?until"));
    }
    let _turn = service.current.long_question().await?;
    let scope = Scope::Developers(vec![question.developer.id.to_string()]);
    let history = history::load(&*service.ledger, &scope, question.ask.known_at).await?;
    let answer = tokio::task::block_in_place(|| {
        let timeline = question.timeline.read_in(&history)?;
        let forecast = questions::forecast(&history, &timeline, question.ask)?;
        let subject = question.app.as_deref().unwrap_or(&question.developer.id);
        let what_ifs = forecast.what_if(subject)?;
        let one_more = what_ifs.iter().map(|one| OneMore {
            app: &one.app,
            kind: one.hypothesis.kind(),
            event: one.hypothesis.to_string(),
            at: one.at,
            changes: one.changes(),
        });
        Answer::json(&Forecast {
            one_more: one_more.collect(),
            coming: forecast.coming(subject, until),
        })
    })?;
    Ok(question.say(answer).to(has))
}
