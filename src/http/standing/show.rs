//! `GET /v1/developers/{developer}` and `/v1/apps/{app}`: how somebody stands.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use standing_projections::standing::{AppStanding, Status};
use utoipa::ToSchema;

use super::asked::{Of, Question, asked};
use crate::access::Caller;
use crate::http::extract::{Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::problem::Code;
use crate::http::{Problem, Service};

asked! {
    /// Of which instants, by which rules.
    struct Asked {}
}

/// How a developer stands, as `standing assess` prints it (SPEC §9)
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is printed")]
struct Developer {
    developer: String,
    /// `active`, `terminable`, `terminated` or `left`.
    #[schema(value_type = String)]
    status: (),
    /// When the status began; null when active.
    #[schema(format = DateTime)]
    status_since: Option<String>,
    grade: String,
    /// The months with a violation.
    months: Vec<Value>,
    /// Its apps, by id.
    apps: Vec<Value>,
}

/// How an app stands, and its developer
#[derive(Serialize, ToSchema)]
struct App<'a> {
    /// Whose it is.
    developer: &'a str,
    /// How its developer stands.
    #[schema(value_type = String)]
    status: Status,
    /// The developer's grade.
    grade: &'a str,
    /// The app, as `standing assess` prints it among its developer's (SPEC §9).
    #[schema(value_type = Object)]
    app: &'a AppStanding<'a>,
}

/// Read how a developer stands
///
/// The document of SPEC §9, byte for byte as `standing assess --format jsonl` prints it. With `as_of` and
/// `known_at` as the headers of an answer have them, the same answer is given for ever.
#[utoipa::path(
    get, path = "/v1/developers/{developer}", tag = "standing", operation_id = "developer",
    params(("developer" = String, Path, description = "The developer"), Asked),
    responses(
        (status = 200, description = "How it stands", body = Developer,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "Nobody was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "The instant is too far ahead"),
    ),
)]
pub(super) async fn developer(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let of = (Of::Developer, id.as_str());
    let question = Question::resolve(&service, &caller, of, asked.asked()).await?;
    let answer = question.standing(&service, |standing| Answer::json(standing));
    let answer = answer.await?;
    Ok(question.say(answer).to(&has))
}

/// Read how an app stands
#[utoipa::path(
    get, path = "/v1/apps/{app}", tag = "standing", operation_id = "app",
    params(("app" = String, Path, description = "The app"), Asked),
    responses(
        (status = 200, description = "How it stands", body = App,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "Nothing was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "The instant is too far ahead"),
    ),
)]
pub(super) async fn app(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let of = (Of::App, id.as_str());
    let question = Question::resolve(&service, &caller, of, asked.asked()).await?;
    let answer = question.standing(&service, |standing| {
        let app = standing.apps.iter().find(|app| app.app == id);
        let gone = || Problem::new(Code::SubjectUnknown, "not registered at that instant");
        Answer::json(&App {
            developer: standing.developer,
            status: standing.status,
            grade: standing.grade,
            app: app.ok_or_else(gone)?,
        })
    });
    let answer = answer.await?;
    Ok(question.say(answer).to(&has))
}
