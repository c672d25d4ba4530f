//! `POST /v1/events`: events into the log.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use standing_projections::Position;
use utoipa::{IntoParams, ToSchema};

use super::kind::EventType;
use super::outcome::{Outcome, Place, Refused};
use super::sent::{self, Entry, Form};
use super::stream;
use crate::access::Caller;
use crate::http::extract::Query;
use crate::http::problem::Code;
use crate::http::{Problem, Service, headers, metrics};
use crate::intake::{Candidate, QueueError, Told};
use crate::ledger::Ledger;
use crate::proof::{Receipt, receipts};

/// How many events of a batch are admitted together at most, and of how many bytes.
const PART: usize = 1_000;
const PART_BYTES: usize = 4 << 20;

/// How the outcomes are told.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Whether proofs are told (default: true)
    #[serde(default = "yes")]
    #[param(required = false, default = true)]
    pub(super) proof: bool,
    /// Of a stream, which outcomes are told (default: all). Who cannot read while it writes asks for the
    /// refused alone.
    #[serde(default)]
    #[param(required = false, inline)]
    pub(super) outcomes: Which,
}

const fn yes() -> bool {
    true
}

/// Which outcomes of a stream are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Which {
    /// All of them.
    #[default]
    All,
    /// Those of events that are not taken; the others are counted.
    Refused,
}

/// An event to send (CloudEvents 1.0). Other extension attributes are kept.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is there for its schema")]
pub(in crate::http) struct CloudEvent {
    #[schema(pattern = "^1\\.0$", example = "1.0")]
    specversion: String,
    /// With `source`, the idempotency key.
    #[schema(min_length = 1, max_length = 1024)]
    id: String,
    #[schema(min_length = 1, max_length = 1024)]
    source: String,
    #[schema(value_type = EventType)]
    r#type: EventType,
    /// When it happened.
    #[schema(format = DateTime, pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    time: String,
    /// The developer or the app that it is about.
    #[schema(min_length = 1, max_length = 1024)]
    subject: String,
    /// What the type asks for.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// Kept beside the log, and can be erased.
    #[schema(value_type = Object, required = false, nullable = false)]
    private: Option<serde_json::Value>,
}

/// What became of one event, or of each of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Outcomes {
    /// Of one event.
    One(Outcome),
    /// Of each of a batch, in its order.
    Batch(Vec<Outcome>),
}

/// Send events
///
/// One event (`application/cloudevents+json`, or `ce-` headers with its data as `application/json`) is
/// answered with 201 where it was appended, 200 where the same was there already, and a problem where it
/// is refused. A batch and a stream (`application/x-ndjson`, of any length) are answered with an outcome
/// for each event, in their order, a stream while it is still being sent; a stream's last line is its
/// tally (`"outcome":"end"`), or says why it was given up (`"outcome":"failed"`). What is refused spoils no
/// other. Sending again with the same `id` and `source` is always safe.
#[utoipa::path(
    post, path = "/v1/events", operation_id = "sendEvents", tag = "events",
    params(How),
    request_body(content(
        (CloudEvent = "application/cloudevents+json", example = json!({
            "specversion": "1.0", "id": "1", "source": "/desk", "type": "developer.registered",
            "time": "2026-03-02T01:00:00Z", "subject": "harbour-lights",
            "data": {"name": "Harbour Lights", "kind": "connection"}
        })),
        (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
        (String = "application/x-ndjson"),
        (serde_json::Value = "application/json"),
    )),
    responses(
        (status = 201, description = "The event is in the log", body = Outcome,
            headers(("Location" = String), ("Standing-Position" = u64))),
        (status = 200, description = "The same event was there already, or the outcomes of a batch or stream",
            content((Outcomes = "application/json"),
                (stream::Line = "application/x-ndjson"))),
        (status = 400, description = "The body or a parameter cannot be read"),
        (status = 403, description = "The token does not allow to append such an event"),
        (status = 409, description = "The same `id` and `source` were used for another event"),
        (status = 413, description = "The body is too long"),
        (status = 415, description = "The body is of a type that is not taken"),
        (status = 422, description = "The event is refused"),
        (status = 503, description = "The log cannot be appended to now, or it is not known whether it was"),
    ),
)]
pub(super) async fn append(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Query(how): Query<How>,
    request: Request,
) -> Result<Response, Problem> {
    let form = Form::of(request.headers())?;
    if form == Form::Lines {
        return Ok(stream::answer(service, caller, request.into_body(), how));
    }
    let headers = request.headers().clone();
    let body = Bytes::from_request(request, &())
        .await
        .map_err(unreadable)?;
    match form {
        Form::Batch => all(&service, &caller, &body, how.proof).await,
        Form::Json if sent::is_list(&body) => all(&service, &caller, &body, how.proof).await,
        Form::Binary => one(&service, sent::binary(&caller, &headers, &body), how).await,
        _ => one(&service, sent::structured(&caller, &body), how).await,
    }
}

/// Why a body was not read.
pub(in crate::http) fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            Code::BodyTooLarge,
            "send parts of it, or a stream of lines (`application/x-ndjson`), which may have any length",
        ),
        _ => Problem::new(Code::BodyInvalid, "the body could not be read to its end"),
    }
}

/// The answer to one event.
async fn one(service: &Service, entry: Entry, how: How) -> Result<Response, Problem> {
    let outcome = single(service, entry, how.proof).await?;
    let (status, position) = match &outcome {
        Outcome::Appended(place) => (StatusCode::CREATED, place.position()),
        Outcome::Duplicate(place) => (StatusCode::OK, place.position()),
        Outcome::Refused(refused) => return Err(Problem::refused(refused.clone())),
    };
    let mut response = (status, Json(Outcomes::One(outcome))).into_response();
    headers::say(response.headers_mut(), Some(position), None);
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::from_str(&format!("/v1/events/{position}"))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The answer to a batch.
async fn all(
    service: &Service,
    caller: &Caller,
    body: &[u8],
    proof: bool,
) -> Result<Response, Problem> {
    let texts = sent::batch(body)?;
    let (mut all, mut part) = (Vec::with_capacity(texts.len()), Vec::new());
    let (mut bytes, mut room) = (0, Room::OrNot);
    for text in texts {
        let entry = Entry::of_text(caller, text.get().as_bytes());
        bytes += entry.bytes();
        part.push(entry);
        if part.len() == PART || bytes >= PART_BYTES {
            all.extend(outcomes(service, std::mem::take(&mut part), proof, room).await?);
            (bytes, room) = (0, Room::Awaited);
        }
    }
    all.extend(outcomes(service, part, proof, room).await?);
    Ok(Json(Outcomes::Batch(all)).into_response())
}

/// What to do where the queue has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Say so.
    OrNot,
    /// Wait for some.
    Awaited,
}

/// Has events admitted; what became of each, in their order.
pub(super) async fn outcomes(
    service: &Service,
    entries: Vec<Entry>,
    proof: bool,
    room: Room,
) -> Result<Vec<Outcome>, Problem> {
    let (mut events, mut bytes) = (Vec::with_capacity(entries.len()), 0);
    let mut refused: Vec<Option<Refused>> = Vec::with_capacity(entries.len());
    for entry in entries {
        bytes += entry.bytes();
        refused.push(match entry {
            Entry::Event(candidate, _) => {
                events.push(*candidate);
                None
            }
            Entry::Refused(refused) => Some(refused),
        });
    }
    let told = match room {
        _ if events.is_empty() => Vec::new(),
        Room::OrNot => service.queue.send(events, bytes).await?,
        Room::Awaited => service.queue.send_when_there_is_room(events, bytes).await?,
    };
    let unproved = told.iter().filter_map(|told| match told {
        Told::Unproved(position) | Told::Duplicate(position) => Some(*position),
        Told::Appended(_) | Told::Refused(_) => None,
    });
    let of_log = of_log(&*service.ledger, unproved.collect()).await?;
    let place = |position: Position| {
        let receipt = of_log.get(&position);
        receipt.map(|receipt| Place::new(receipt, proof))
    };
    let mut told = told.into_iter();
    let outcomes = refused.into_iter().map(|refused| match refused {
        Some(refused) => Some(Outcome::Refused(refused)),
        None => match told.next()? {
            Told::Appended(receipt) => Some(Outcome::Appended(Place::new(&receipt, proof))),
            Told::Unproved(position) => place(position).map(Outcome::Appended),
            Told::Duplicate(position) => place(position).map(Outcome::Duplicate),
            Told::Refused(rejected) => Some(Outcome::Refused(rejected.refusal.into())),
        },
    });
    let outcomes: Option<Vec<Outcome>> = outcomes.collect();
    let outcomes = outcomes.ok_or_else(|| Problem::internal("an event without an outcome"))?;
    for word in ["appended", "duplicate", "refused"] {
        let count = outcomes.iter().filter(|one| one.word() == word).count();
        metrics::events(word, count);
    }
    Ok(outcomes)
}

/// Has one event admitted that was not sent as such; what became of it.
pub(in crate::http) async fn outcome_of(
    service: &Service,
    candidate: Candidate,
    bytes: usize,
) -> Result<Outcome, Problem> {
    single(service, Entry::Event(Box::new(candidate), bytes), true).await
}

/// Has one event admitted; what became of it.
async fn single(service: &Service, entry: Entry, proof: bool) -> Result<Outcome, Problem> {
    let outcome = outcomes(service, vec![entry], proof, Room::OrNot)
        .await?
        .pop();
    outcome.ok_or_else(|| Problem::internal("an event without an outcome"))
}

/// Where an event of the log is, with its proof.
pub(in crate::http) async fn place_of(
    service: &Service,
    position: Position,
) -> Result<Place, Problem> {
    let receipts = of_log(&*service.ledger, vec![position]).await?;
    let place = receipts
        .get(&position)
        .map(|receipt| Place::new(receipt, true));
    place.ok_or_else(|| Problem::internal("an event without a receipt"))
}

/// Receipts that the log gives.
async fn of_log(
    ledger: &dyn Ledger,
    positions: Vec<Position>,
) -> Result<HashMap<Position, Receipt>, Problem> {
    match positions.is_empty() {
        true => Ok(HashMap::new()),
        false => Ok(receipts(ledger, positions).await?),
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let code = match error {
            QueueError::Full => Code::Overloaded,
            QueueError::Unknown => Code::AppendUnknown,
            QueueError::Unavailable => Code::StoreUnavailable,
        };
        Self::new(code, error.to_string()).retry_after(1)
    }
}
