//! Rulebooks: those published, and publishing one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use standing_projections::rulebook::lint::{Finding, Severity, lint, lint_versions};
use standing_projections::rulebook::{Lang, testing};
use standing_projections::{Instant, Position, Rulebook};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::{Outcome as Sent, Place, Refused, outcome_of, place_of, unreadable};
use super::extract::{Path, Query};
use super::headers::{Answer, Has};
use super::problem::Code;
use super::{Problem, Service, headers};
use crate::access::Caller;
use crate::history::published::{Holding, Published, holding, timeline, versions};
use crate::intake::{Candidate, Intake, Outcome, publication, sha256_hex};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list, publish))
        .routes(routes!(version))
}

/// The versions of the rules.
#[derive(Debug, Serialize, ToSchema)]
struct Rulebooks {
    /// In the order in which they were published.
    rulebooks: Vec<Listed>,
}

/// A version of the rules.
#[derive(Debug, Serialize, ToSchema)]
struct Listed {
    id: String,
    version: String,
    /// The local date from which it holds.
    #[schema(format = Date)]
    effective_from: String,
    #[schema(value_type = u64)]
    position: Position,
    #[schema(value_type = String, format = DateTime)]
    recordedtime: Instant,
    /// Whether it is the one that holds now.
    in_force: bool,
    /// Whether the month that runs is judged by it: no rule changes in the middle of a month.
    judges_month: bool,
    title: Option<String>,
}

/// List the versions of the rules
#[utoipa::path(
    get, path = "/v1/rulebooks", operation_id = "listRulebooks", tag = "rulebooks",
    responses(
        (status = 200, description = "The versions that are published", body = Rulebooks,
            headers(("Standing-Position" = u64), ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The list is the one that `If-None-Match` names"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
async fn list(State(service): State<Arc<Service>>, has: Has) -> Result<Response, Problem> {
    let head = service.ledger.head().await?.position;
    let versions = versions(&*service.ledger).await?;
    let now = (service.clock)();
    let holding = match timeline(&versions) {
        Ok(timeline) => Some(holding(&timeline, now)),
        Err(_) => None,
    };
    let listed = versions.iter().map(|one| Listed::new(one, holding));
    let rulebooks = listed.collect();
    let answer = Answer::json(&Rulebooks { rulebooks })?.at(head);
    let in_force = versions
        .iter()
        .find(|one| Some(one.position) == holding.map(|held| held.now));
    Ok(match in_force {
        Some(one) => answer.by(&one.book.version),
        None => answer,
    }
    .to(&has))
}

impl Listed {
    fn new(one: &Published, holding: Option<Holding>) -> Self {
        let title = one.book.title.as_ref();
        Self {
            id: one.book.id.clone(),
            version: one.book.version.clone(),
            effective_from: one.book.effective_from.to_string(),
            position: one.position,
            recordedtime: one.recordedtime,
            in_force: holding.is_some_and(|held| held.now == one.position),
            judges_month: holding.is_some_and(|held| held.month == one.position),
            title: title.map(|title| title.get(Lang::En).to_owned()),
        }
    }
}

/// Read a version of the rules
///
/// Its text as it was published, with the comments that were in it.
#[utoipa::path(
    get, path = "/v1/rulebooks/{version}", operation_id = "readRulebook", tag = "rulebooks",
    params(("version" = String, Path, example = "2016-01-01", description = "The version")),
    responses(
        (status = 200, description = "The text", body = String, content_type = "application/toml",
            headers(("Standing-Position" = u64), ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The text is the one that `If-None-Match` names"),
        (status = 404, description = "No such version is published"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
async fn version(
    State(service): State<Arc<Service>>,
    Path(version): Path<String>,
    has: Has,
) -> Result<Response, Problem> {
    let versions = versions(&*service.ledger).await?;
    let found = versions.into_iter().find(|one| one.book.version == version);
    let Some(Published { position, book, .. }) = found else {
        let message = "no such version is published: `/v1/rulebooks` lists those that are";
        return Err(Problem::new(Code::RulebookUnknown, message).at("{version}"));
    };
    let sum = sha256_hex(&book.text);
    let answer = Answer::new("application/toml", book.text)
        .tagged(sum)
        .immutable();
    Ok(answer.at(position).by(version).to(&has))
}

/// How it is published.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct How {
    /// Look for what is wrong or doubtful, and publish nothing
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// What became of a version that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Became {
    /// It is published now.
    Appended,
    /// The same text was published already.
    Duplicate,
    /// It would be published (`dry_run`).
    Acceptable,
}

/// A version that was sent.
#[derive(Debug, Serialize, ToSchema)]
struct Publication {
    outcome: Became,
    id: String,
    version: String,
    /// The local date from which it holds.
    #[schema(format = Date)]
    effective_from: String,
    /// Where it is in the log; null, where it is not.
    place: Option<Place>,
    /// What is doubtful in it, by itself and beside the versions that there are.
    findings: Vec<Found>,
}

/// Something doubtful or wrong in a rulebook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// `error`, `warning` or `note`.
    severity: String,
    /// The stable name of what was looked for.
    rule: String,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
    /// What is wrong.
    message: String,
    /// What to do about it.
    hint: Option<String>,
}

/// Publish a version of the rules
///
/// The text is that of a TOML file. It is looked through as `standing rules check` does, the tests inside
/// it must pass, and it must go with the versions that there are; a published version stays. The
/// `Idempotency-Key` becomes the `id` of its event, so that the log itself knows what was sent before.
#[utoipa::path(
    post, path = "/v1/rulebooks", operation_id = "publishRulebook", tag = "rulebooks",
    params(How, ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200,
        pattern = "^[!-~]+$", nullable = false, description = "By default the version's name")),
    request_body(content = String, content_type = "application/toml"),
    responses(
        (status = 201, description = "It is published", body = Publication,
            headers(("Standing-Position" = u64), ("Standing-Rulebook" = String))),
        (status = 200, description = "It was published already, or would be", body = Publication),
        (status = 400, description = "The body or a parameter cannot be read"),
        (status = 403, description = "The token does not allow it"),
        (status = 409, description = "The key was used for something else"),
        (status = 413, description = "The body is too long"),
        (status = 415, description = "The body is of another type"),
        (status = 422, description = "The version is refused; `findings` says everything"),
        (status = 503, description = "The log cannot be appended to now, or it is not known whether it was"),
    ),
)]
async fn publish(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Query(how): Query<How>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = headers::idempotency_key(&headers)?;
    headers::of_type(&headers, "application/toml")?;
    let body = body.map_err(unreadable)?;
    let text = std::str::from_utf8(&body).map_err(|error| {
        Problem::new(Code::BodyInvalid, format!("the text is no UTF-8: {error}"))
    })?;
    let (book, mut findings) = tokio::task::block_in_place(|| sound(text))?;
    let known = versions(&*service.ledger).await?;
    if let Some(same) = known.iter().find(|one| one.book.text == book.text) {
        let place = place_of(&service, same.position).await?;
        return Ok(answer(Became::Duplicate, &book, Some(place), findings));
    }
    if known.iter().any(|one| one.book.version == book.version) {
        let message = format!(
            "the version `{}` is published, with another text: give the changed rules a `version` of their own",
            book.version
        );
        return Err(refused(invalid("version", message), findings));
    }
    findings.extend(beside(&known, &book));
    let mut event = publication(&book, (service.clock)());
    event.insert("actor".to_owned(), caller.actor().into());
    if let Some(key) = key {
        event.insert("id".to_owned(), key.into());
    }
    let candidate = Candidate::new(event);
    if how.dry_run {
        let mut intake = Intake::new(service.ledger.clone(), service.clock.clone());
        let outcome = intake.try_out(candidate).await.map_err(|error| {
            tracing::error!(%error, "the log cannot be read");
            Problem::new(Code::StoreUnavailable, "the log cannot be read now").retry_after(1)
        })?;
        return match outcome {
            Outcome::Refused(rejected) => Err(refused(rejected.refusal.into(), findings)),
            _ => Ok(answer(Became::Acceptable, &book, None, findings)),
        };
    }
    match outcome_of(&service, candidate, text.len()).await? {
        Sent::Appended(place) => Ok(answer(Became::Appended, &book, Some(place), findings)),
        Sent::Duplicate(place) => Ok(answer(Became::Duplicate, &book, Some(place), findings)),
        // Somebody else may have published the same in between.
        Sent::Refused(why) => {
            let now = versions(&*service.ledger).await?;
            match now.iter().find(|one| one.book.text == book.text) {
                Some(same) => {
                    let place = place_of(&service, same.position).await?;
                    Ok(answer(Became::Duplicate, &book, Some(place), findings))
                }
                None => Err(refused(why, findings)),
            }
        }
    }
}

/// A rulebook that can be judged by and whose own tests pass, with what is doubtful in it.
fn sound(text: &str) -> Result<(Rulebook, Vec<Found>), Problem> {
    let (book, findings) = readable(text)?;
    let results = testing::run(&book);
    let failed: Vec<&str> = results
        .iter()
        .filter(|result| !result.passed())
        .map(|result| result.name.as_str())
        .collect();
    if failed.is_empty() {
        return Ok((book, findings));
    }
    let message = format!(
        "tests inside the rulebook fail: {}; `standing rules test FILE` says why",
        failed.join(", ")
    );
    Err(refused(invalid("", message), findings))
}

/// A rulebook that can be judged by, with what is doubtful in it.
pub(super) fn readable(text: &str) -> Result<(Rulebook, Vec<Found>), Problem> {
    let found = lint(text);
    let findings: Vec<Found> = found.iter().map(Found::from).collect();
    if let Some(error) = found.iter().find(|one| one.severity == Severity::Error) {
        let why = invalid(&error.place.to_string(), error.message.clone());
        return Err(refused(why, findings));
    }
    let book = Rulebook::parse(text).map_err(|error| {
        let why = invalid(&error.place.to_string(), error.to_string());
        refused(why, Vec::new())
    })?;
    Ok((book, findings))
}

/// What is doubtful now that a version is among the others.
fn beside(known: &[Published], book: &Rulebook) -> Vec<Found> {
    let mut books: Vec<Rulebook> = known.iter().map(|one| one.book.clone()).collect();
    let before = lint_versions(&books);
    books.push(book.clone());
    let now = lint_versions(&books).into_iter();
    let new = now.filter(|found| !before.contains(found));
    new.map(|found| Found::from(&found.finding)).collect()
}

fn invalid(pointer: &str, message: String) -> Refused {
    let code = standing_projections::refusal::Code::RulebookInvalid;
    standing_projections::Refusal::new(code, pointer, message).into()
}

fn refused(why: Refused, findings: Vec<Found>) -> Problem {
    Problem::refused(why).with_findings(findings)
}

fn answer(
    outcome: Became,
    book: &Rulebook,
    place: Option<Place>,
    findings: Vec<Found>,
) -> Response {
    let position = place.as_ref().map(Place::position);
    let status = match outcome {
        Became::Appended => StatusCode::CREATED,
        Became::Duplicate | Became::Acceptable => StatusCode::OK,
    };
    let publication = Publication {
        outcome,
        id: book.id.clone(),
        version: book.version.clone(),
        effective_from: book.effective_from.to_string(),
        place,
        findings,
    };
    let mut response = (status, Json(publication)).into_response();
    headers::say(response.headers_mut(), position, Some(&book.version));
    response
}

impl From<&Finding> for Found {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.to_string(),
            rule: finding.rule.to_owned(),
            line: finding.place.line,
            column: finding.place.column,
            message: finding.message.clone(),
            hint: finding.hint.clone(),
        }
    }
}
