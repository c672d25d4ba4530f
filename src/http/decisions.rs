//! `/v1/decisions`: decisions that are asked of the state so far, tried out and taken, and what waits for one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use standing_projections::Position;
use standing_projections::event::Kind;
use standing_projections::questions::Effect;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::{Refused, unreadable};
use super::extract::Query;
use super::headers::{self, Answer, Has};
use super::problem::Code;
use super::simulations::read;
use super::{Problem, Service};
use crate::access::Caller;
use crate::desk::decisions::{DecideError, Decided, Decision, Decisions, KINDS, Waiting};
use crate::ledger::AppendError;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list, decide))
}

/// A decision to take
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDecision {
    /// The type of the event, such as `appeal.decided`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "measure.lifted", min_length = 1)]
    kind: String,
    /// The developer or the app that it is about; left out where the decision speaks of another event.
    #[serde(default)]
    #[schema(required = false, nullable = false, min_length = 1, max_length = 1024)]
    subject: Option<String>,
    /// The position of the event that it speaks of, in the place of `data.event`.
    #[serde(default)]
    #[schema(value_type = u64, required = false, nullable = false, minimum = 1)]
    position: Option<u64>,
    /// What the event carries.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Kept beside the log, and can be erased.
    #[serde(default)]
    #[schema(value_type = Object, required = false, nullable = false)]
    private: Option<Map<String, Value>>,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct How {
    /// Whether it is tried out alone (default: false)
    #[serde(default)]
    #[param(required = false, default = false)]
    dry_run: bool,
}

/// A decision that was taken
#[derive(Serialize, ToSchema)]
struct TakenDecision {
    /// Where its events are: a confirmation comes with the event that it confirms.
    #[schema(value_type = Vec<u64>)]
    positions: Vec<Position>,
}

/// What a decision would change
#[derive(Serialize, ToSchema)]
struct WouldChange {
    /// The fields of the developer's standing and of its apps' that would be otherwise: `subject`, `field`, `of`,
    /// `from` and `to`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Box<RawValue>>,
    /// The apps whose ranks would be otherwise, anybody's: `app`, `developer`, `from` and `to`.
    #[schema(value_type = Vec<Object>)]
    ranks: Vec<Box<RawValue>>,
}

/// What came of it
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema")]
enum DecisionAnswer {
    TakenDecision(TakenDecision),
    WouldChange(WouldChange),
}

/// What waits for a decision
#[derive(Serialize, ToSchema)]
struct WaitingList {
    /// In the order in which it was proposed or filed.
    #[schema(value_type = Vec<Object>)]
    decisions: Vec<Waiting>,
}

/// List what waits for a decision
///
/// Proposals that wait for a second person, and appeals.
#[utoipa::path(
    get, path = "/v1/decisions", tag = "decisions", operation_id = "listDecisions",
    responses(
        (status = 200, description = "What waits", body = WaitingList, headers(("ETag" = String))),
        (status = 304, description = "The list is the one that `If-None-Match` names"),
    ),
)]
async fn list(State(service): State<Arc<Service>>, has: Has) -> Result<Response, Problem> {
    let decisions = of(&service).waiting().await?;
    Ok(Answer::json(&WaitingList { decisions })?.to(&has))
}

/// Take a decision
///
/// Unlike an event that is sent as a fact, it is taken only where it is legal on the state so far: a refusal (409)
/// says that state and what would be legal instead. Taking an app offline and ending a cooperation are proposed
/// (`decision.proposed`) and confirmed by a second person. A developer files appeals about its own, and nothing
/// else. With `dry_run=true` the answer is what the decision would change, and nothing is appended. The same
/// `Idempotency-Key` with the same decision is one decision.
#[utoipa::path(
    post, path = "/v1/decisions", tag = "decisions", operation_id = "decide",
    params(How, ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200,
        pattern = "^[!-~]+$", nullable = false, description = "Makes asking again safe")),
    request_body(content = NewDecision, content_type = "application/json"),
    responses(
        (status = 201, description = "It is taken", body = TakenDecision, headers(("Standing-Position" = u64))),
        (status = 200, description = "It was taken before, or what it would change", body = DecisionAnswer),
        (status = 400, description = "The body or a parameter cannot be read"),
        (status = 403, description = "The token does not allow such a decision"),
        (status = 404, description = "There is nobody, or no event, by that name"),
        (status = 409, description = "It is not legal now, or the key was used for another decision"),
        (status = 413, description = "The body is too long"),
        (status = 415, description = "The body is of another type"),
        (status = 422, description = "Its event would not be taken"),
        (status = 503, description = "The log cannot be appended to now, or it is not known whether it was"),
    ),
)]
async fn decide(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Query(how): Query<How>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = headers::idempotency_key(&headers)?;
    headers::of_type(&headers, "application/json")?;
    let decision = decision(&caller, read(&body.map_err(unreadable)?)?, key)?;
    let decisions = of(&service);
    if how.dry_run {
        let effect = tried(&service, &decisions, &decision).await?;
        return Ok(Json(effect).into_response());
    }
    let (status, positions) = match decisions.take(&decision).await? {
        Decided::Appended(positions) => {
            service.current.appended.notify_one();
            (StatusCode::CREATED, positions)
        }
        Decided::Duplicate(position) => (StatusCode::OK, vec![position]),
    };
    let last = positions.last().copied();
    let mut response = (status, Json(TakenDecision { positions })).into_response();
    headers::say(response.headers_mut(), last, None);
    Ok(response)
}

fn of(service: &Service) -> Decisions {
    Decisions::new(service.ledger.clone(), service.clock.clone())
}

/// The decision that was sent, where whoever sent it may take such a one.
fn decision(caller: &Caller, body: NewDecision, key: Option<String>) -> Result<Decision, Problem> {
    let kind: Kind = body.kind.parse().map_err(|_| {
        let all = KINDS.map(Kind::as_str).join(", ");
        let detail = format!("`{}` is not decided; these are: {all}", body.kind);
        Problem::new(Code::BodyInvalid, detail).at("/type")
    })?;
    if KINDS.contains(&kind) && !caller.may_decide(kind) {
        let detail = format!("the role `{}` may not decide `{kind}`", caller.role());
        return Err(Problem::new(Code::AccessDenied, detail).at("/type"));
    }
    Ok(Decision {
        kind,
        subject: body.subject,
        about: body.position.map(Position),
        data: body.data,
        private: body.private,
        actor: caller.actor().to_owned(),
        key,
        only: caller.own_developer().map(ToOwned::to_owned),
    })
}

/// What a decision would change, of everybody as they are known here.
async fn tried(
    service: &Service,
    decisions: &Decisions,
    decision: &Decision,
) -> Result<WouldChange, Problem> {
    let _turn = service.current.long_question().await?;
    let head = service.ledger.head().await?.position;
    service.current.knows(Some(head)).await?;
    let everybody = service.current.live.everybody(Clone::clone);
    let effect = decisions.try_out(decision, Some(everybody)).await?;
    let changes = tokio::task::spawn_blocking(move || changes(&effect)).await;
    let changes = changes.map_err(Problem::internal)?;
    changes.map_err(Problem::internal)
}

fn changes(effect: &Effect) -> serde_json::Result<WouldChange> {
    Ok(WouldChange {
        changes: effect
            .moved()
            .iter()
            .map(to_raw_value)
            .collect::<Result<_, _>>()?,
        ranks: effect
            .ranks()
            .iter()
            .map(to_raw_value)
            .collect::<Result<_, _>>()?,
    })
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        let detail = error.to_string();
        match error {
            DecideError::Illegal(illegal) => Self::illegal(illegal),
            DecideError::Refused(refusal) => Self::refused(Refused::from(refusal)),
            DecideError::NoDecision(_) => Self::new(Code::BodyInvalid, detail).at("/type"),
            DecideError::NoSuchPosition(_) => {
                Self::new(Code::PositionUnknown, detail).at("/position")
            }
            DecideError::Foreign => Self::new(Code::SubjectUnknown, detail),
            DecideError::KeyConflict(_) => Self::new(Code::KeyConflict, detail),
            DecideError::Overtaken(_) => Self::new(Code::DecisionOvertaken, detail).retry_after(1),
            DecideError::History(error) => error.into(),
            DecideError::Rules(error) => error.into(),
            DecideError::Store(error) => error.into(),
            DecideError::Append(AppendError::Unknown(_)) => {
                Self::new(Code::AppendUnknown, "send it again with the same key").retry_after(1)
            }
            DecideError::Append(error) => {
                tracing::error!(%error, "a decision could not be appended");
                Self::new(Code::StoreUnavailable, "the log cannot be appended to now")
                    .retry_after(1)
            }
        }
    }
}
