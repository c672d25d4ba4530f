//! `/v1/simulations`: what a change of the rules would do, asked while the service goes on.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use standing_projections::facts::Names;
use standing_projections::{Instant, LocalMonth, Position, Rulebook};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::unreadable;
use super::extract::{Path, Query};
use super::headers::{self, Answer, Has};
use super::page::{self, Limit};
use super::problem::Code;
use super::versions::{Known, known_at, not_too_far, of_preset, published};
use super::{Problem, Service, rulebooks};
use crate::access::Caller;
use crate::history::published::together;
use crate::simulations::{Asked, Key, NotTaken, Outcome, Simulation, State as Progress};
use crate::whatif::{Given, known, sides};

/// What tokens of pages of differences are of.
const RESOURCE: &str = "differences";
/// The most versions, and the most instants, of one question.
const VERSIONS_MAX: usize = 20;
const INSTANTS_MAX: usize = 12;
/// The most developers that a report tells all of.
const TOP_MAX: usize = 100;
/// How many bytes of differences a page has at most, but for its last line.
const PAGE_BYTES: u64 = 4 << 20;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(show, delete))
        .routes(routes!(differences))
        .routes(routes!(report))
}

/// What is asked: what would the rules do if these versions were published too?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Body {
    /// The versions to judge by beside those there are, in the order in which they would be published.
    #[schema(schema_with = versions)]
    rulebooks: Vec<Version>,
    /// Compare with these versions instead of the ledger's.
    #[serde(default)]
    #[schema(required = false, schema_with = versions)]
    baseline: Option<Vec<Version>>,
    /// As if the change had come with this month.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, example = "2015-03",
        pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$")]
    from: Option<LocalMonth>,
    /// Compare at these instants (default: now).
    #[serde(default)]
    #[schema(required = false, schema_with = instants)]
    as_of: Option<Vec<Instant>>,
    /// Only what was known then: an instant, or a position as `@1234` (default: now).
    #[serde(default)]
    #[schema(required = false, schema_with = super::versions::known_schema)]
    known_at: Option<Known>,
    /// How many of those who are hit hardest, and of those who gain most, are told of (default: 20).
    #[serde(default)]
    #[schema(value_type = Option<u64>, maximum = 100, nullable = false)]
    top: Option<Count>,
}

/// The schema of instants.
fn instants() -> Schema {
    ArrayBuilder::new()
        .items(super::versions::instant_schema())
        .min_items(Some(1))
        .max_items(Some(INSTANTS_MAX))
        .into()
}

/// The schema of a list of versions, each of which says one of three things and nothing else.
fn versions() -> Schema {
    let one = |name: &str, says: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        ObjectBuilder::new()
            .description(Some(says))
            .property(name, text)
            .required(name)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
    };
    let version = OneOfBuilder::new()
        .item(one("toml", "The text of a rulebook, as a file has it."))
        .item(one("published", "One that is published, by its version."))
        .item(one(
            "preset",
            "One that the program brings, such as `weibo@2016-01-01`.",
        ));
    ArrayBuilder::new()
        .items(version)
        .min_items(Some(1))
        .max_items(Some(VERSIONS_MAX))
        .into()
}

/// A version of the rules
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Version {
    /// The text of a rulebook, as a file has it.
    Toml(String),
    /// One that is published, by its version.
    Published(String),
    /// One that the program brings, such as `weibo@2016-01-01`.
    Preset(String),
}

/// Simulations, the newest first
#[derive(Serialize, ToSchema)]
struct Simulations {
    simulations: Vec<Document>,
}

/// A whole number, also where it is written as `20.0`, which is the same one to JSON.
#[derive(Clone, Copy, Debug)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        match number.fract() == 0.0 && (0.0..1e15).contains(&number) {
            true => Ok(Self(number as u64)),
            false => Err(D::Error::custom(format!("{number} is no count"))),
        }
    }
}

/// A simulation
#[derive(Serialize, ToSchema)]
struct Document {
    id: String,
    /// `queued`, `running`, `done` or `failed`.
    state: &'static str,
    /// Who asked.
    by: String,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Instant>,
    question: Question,
    /// How far it is.
    progress: Judged,
    /// Why nothing came of it, where it failed.
    reason: Option<String>,
    outcome: Option<Told>,
}

/// What is asked, all of it fixed when it was taken
#[derive(Serialize, ToSchema)]
struct Question {
    #[schema(value_type = Vec<String>)]
    as_of: Vec<Instant>,
    #[schema(value_type = u64)]
    known_at: Position,
    #[schema(value_type = Option<String>)]
    from: Option<LocalMonth>,
    top: usize,
    before: Vec<Named>,
    /// Those that are published beside them.
    others: Vec<Named>,
}

/// A version of the rules by what it is
#[derive(Serialize, ToSchema)]
struct Named {
    id: String,
    version: String,
    #[schema(format = Date)]
    effective_from: String,
    /// Of its text, in hexadecimal.
    sha256: String,
}

/// How far it is: facts judged, of how many, at all instants together
#[derive(Serialize, ToSchema)]
struct Judged {
    judged: u64,
    of: u64,
}

/// What came of it
#[derive(Serialize, ToSchema)]
struct Told {
    /// Of all that differs: the same question has the same, here and by `standing whatif`.
    sha256: String,
    /// How many lines of differences there are.
    differences: u64,
    /// How many of them, the first, can be read.
    kept: u64,
    /// What differs at each instant, as `standing whatif --format json` prints it; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    summary: Option<Box<RawValue>>,
}

/// A page of what differs
#[derive(Serialize, ToSchema)]
struct Lines {
    /// The question, then at each instant the developers who are hit, by id, and the apps whose ranks differ:
    /// the lines of `standing whatif --format jsonl` but for its summary.
    #[schema(value_type = Vec<Object>)]
    differences: Vec<Box<RawValue>>,
    /// What `page` is for the next ones; null, where there are no more.
    next: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// At most so many on a page (default: 100)
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<Limit>,
    /// The page that `next` of the one before names
    #[param(nullable = false)]
    page: Option<String>,
}

/// List simulations
///
/// Those that this instance of the service keeps: simulations are not shared by instances, and end with them.
#[utoipa::path(
    get, path = "/v1/simulations", tag = "simulations", operation_id = "listSimulations",
    responses(
        (status = 200, description = "Those that are kept", body = Simulations,
            headers(("ETag" = String))),
        (status = 304, description = "The list is the one that `If-None-Match` names"),
    ),
)]
async fn list(State(service): State<Arc<Service>>, has: Has) -> Result<Response, Problem> {
    let all = service.simulations.all();
    let simulations = all.iter().map(|one| Document::of(one, false)).collect();
    Ok(Answer::json(&Simulations { simulations })?.to(&has))
}

/// Ask what other rules would do
///
/// What `standing whatif` asks, of everybody's history as it is known here. One is asked at a time; `GET` the
/// address in `Location` to see how far it is and what came of it. The same `Idempotency-Key` with the same
/// body leads to the same simulation, for as long as that is kept.
#[utoipa::path(
    post, path = "/v1/simulations", tag = "simulations", operation_id = "beginSimulation",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200,
        pattern = "^[!-~]+$", nullable = false, description = "Makes asking again safe")),
    request_body(content = Body, content_type = "application/json"),
    responses(
        (status = 202, description = "It is taken, or was before", body = Document,
            headers(("Location" = String), ("Standing-Position" = u64))),
        (status = 400, description = "The body cannot be read"),
        (status = 404, description = "Versions, or the position, are not known"),
        (status = 409, description = "The key was used for another question"),
        (status = 415, description = "The body is of another type"),
        (status = 422, description = "The versions cannot be compared"),
        (status = 503, description = "Too many wait"),
    ),
)]
async fn begin(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = headers::idempotency_key(&headers)?;
    headers::of_type(&headers, "application/json")?;
    let body = body.map_err(unreadable)?;
    let key = key.map(|text| Key {
        text,
        digest: Sha256::digest(&body).into(),
    });
    let asked = asked(&service, read(&body)?).await?;
    let taken = service.simulations.take(caller.actor(), key, asked);
    let simulation = taken.map_err(|error| match error {
        NotTaken::OtherQuestion => Problem::new(Code::KeyConflict, error.to_string()),
        NotTaken::TooMany => Problem::new(Code::Overloaded, error.to_string()).retry_after(5),
        NotTaken::Ending => Problem::new(Code::Overloaded, error.to_string()).retry_after(1),
    })?;
    let mut response = Json(Document::of(&simulation, true)).into_response();
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    let place = format!("/v1/simulations/{}", simulation.id);
    if let Ok(place) = HeaderValue::from_str(&place) {
        headers.insert(header::LOCATION, place);
    }
    headers::say(headers, Some(simulation.asked.known_at), None);
    Ok(response)
}

/// The document that a body is.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let read = read.map_err(|error| {
        let place = error.path().iter().map(|part| match part {
            serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
            serde_path_to_error::Segment::Map { key } => format!("/{key}"),
            _ => String::new(),
        });
        let place = place.collect::<String>();
        Problem::new(Code::BodyInvalid, error.into_inner().to_string()).at(place)
    })?;
    let end = deserializer.end();
    end.map_err(|error| Problem::new(Code::BodyInvalid, error.to_string()))?;
    Ok(read)
}

/// What is asked, once it is known that it can be.
async fn asked(service: &Service, body: Body) -> Result<Asked, Problem> {
    let bounds = [
        ("/rulebooks", Some(body.rulebooks.len()), VERSIONS_MAX),
        (
            "/baseline",
            body.baseline.as_ref().map(Vec::len),
            VERSIONS_MAX,
        ),
        ("/as_of", body.as_of.as_ref().map(Vec::len), INSTANTS_MAX),
    ];
    for (place, count, most) in bounds {
        if count.is_some_and(|count| !(1..=most).contains(&count)) {
            let detail = format!("there are to be 1 to {most}");
            return Err(Problem::new(Code::BodyInvalid, detail).at(place));
        }
    }
    let top = body.top.map_or(20, |top| top.0);
    let top = usize::try_from(top).ok().filter(|top| *top <= TOP_MAX);
    let top = top.ok_or_else(|| {
        let detail = format!("at most {TOP_MAX} are told of");
        Problem::new(Code::BodyInvalid, detail).at("/top")
    })?;
    let live = &service.current.live;
    let known_at = known_at(service, body.known_at).await;
    let known_at = known_at.map_err(|problem| problem.at("/known_at"))?;
    let baseline = match &body.baseline {
        None => live.everybody(|history| known(history, known_at))?,
        Some(named) => {
            let books = books(service, named, "/baseline")?.into_iter();
            books.map(|book| (Position(0), book)).collect()
        }
    };
    let given = books(service, &body.rulebooks, "/rulebooks")?;
    let all = Given::beside(&baseline, &given);
    let versions: Vec<Rulebook> = baseline.iter().map(|(_, book)| book.clone()).collect();
    let not_together = |error: &dyn std::fmt::Display| {
        Problem::new(Code::RulesApart, error.to_string()).at("/rulebooks")
    };
    together(&versions, &all.new).map_err(|error| not_together(&error))?;
    let others = all.asked(&given, body.from).to_vec();
    // That they can be compared is said now, and not when its turn comes.
    let compared = sides(&baseline, &others, body.from, &Names::default());
    compared.map_err(|error| not_together(&error))?;
    let mut as_of = body.as_of.unwrap_or_else(|| vec![(service.clock)()]);
    for (index, at) in as_of.iter().enumerate() {
        let at = not_too_far(service, *at);
        at.map_err(|problem| problem.at(format!("/as_of/{index}")))?;
    }
    as_of.sort_unstable();
    as_of.dedup();
    Ok(Asked {
        baseline,
        others,
        from: body.from,
        as_of,
        known_at,
        top,
    })
}

/// The versions that are named, or sent.
fn books(service: &Service, named: &[Version], place: &str) -> Result<Vec<Rulebook>, Problem> {
    let books = named.iter().enumerate().map(|(index, version)| {
        let (book, kind) = match version {
            Version::Toml(text) => (rulebooks::readable(text).map(|(book, _)| book), "toml"),
            Version::Published(version) => (published(service, version), "published"),
            Version::Preset(name) => (of_preset(name), "preset"),
        };
        book.map_err(|problem| problem.at(format!("{place}/{index}/{kind}")))
    });
    books.collect()
}

/// Read a simulation
///
/// How far it is, and what came of it.
#[utoipa::path(
    get, path = "/v1/simulations/{simulation}", tag = "simulations", operation_id = "readSimulation",
    params(("simulation" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The simulation", body = Document,
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "It is as `If-None-Match` names it"),
        (status = 404, description = "This instance keeps no such simulation"),
    ),
)]
async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    has: Has,
) -> Result<Response, Problem> {
    let simulation = find(&service, &id)?;
    let answer = Answer::json(&Document::of(&simulation, true))?;
    Ok(answer.at(simulation.asked.known_at).to(&has))
}

/// Cancel or delete a simulation
///
/// One that is not over ends soon; whether it is or not, it is not kept any longer.
#[utoipa::path(
    delete, path = "/v1/simulations/{simulation}", tag = "simulations", operation_id = "deleteSimulation",
    params(("simulation" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "This instance keeps no such simulation"),
    ),
)]
async fn delete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    match service.simulations.delete(&id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// Read what differs
#[utoipa::path(
    get, path = "/v1/simulations/{simulation}/differences", tag = "simulations",
    operation_id = "readDifferences",
    params(("simulation" = String, Path, description = "Its id"), Which),
    responses(
        (status = 200, description = "A page of what differs", body = Lines,
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 404, description = "This instance keeps no such simulation"),
        (status = 409, description = "It is not done"),
    ),
)]
async fn differences(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
    has: Has,
) -> Result<Response, Problem> {
    let simulation = find(&service, &id)?;
    let outcome = done(&simulation)?;
    let from = match &which.page {
        None => 0,
        Some(token) => match page::of_token::<(String, u64)>(RESOURCE, token)? {
            (of, from) if of == simulation.id => from,
            _ => {
                let detail = "this is a page of another simulation";
                return Err(Problem::new(Code::PageInvalid, detail).at("?page"));
            }
        },
    };
    let limit = which.limit.unwrap_or_default().0;
    let read =
        tokio::task::spawn_blocking(move || outcome.differences.page(from, limit, PAGE_BYTES));
    let (differences, next) = read
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    let next = next.map(|at| page::token(RESOURCE, &(&simulation.id, at)));
    let next = next.transpose()?;
    let answer = Answer::json(&Lines { differences, next })?;
    Ok(answer.at(simulation.asked.known_at).to(&has))
}

/// Read the report of a simulation
///
/// For people: one page that stands alone, as `standing whatif --html` writes it.
#[utoipa::path(
    get, path = "/v1/simulations/{simulation}/report", tag = "simulations", operation_id = "readReport",
    params(("simulation" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html; charset=utf-8",
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 404, description = "This instance keeps no such simulation"),
        (status = 409, description = "It is not done"),
    ),
)]
async fn report(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    has: Has,
) -> Result<Response, Problem> {
    let simulation = find(&service, &id)?;
    let page = done(&simulation)?.page.clone();
    let answer = Answer::new("text/html; charset=utf-8", page);
    let mut response = answer.at(simulation.asked.known_at).to(&has);
    let nothing_else = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, nothing_else);
    Ok(response)
}

fn find(service: &Service, id: &str) -> Result<Arc<Simulation>, Problem> {
    service.simulations.get(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Problem {
    let detail =
        format!("this instance keeps no simulation `{id}`: `/v1/simulations` lists those it keeps");
    Problem::new(Code::SimulationUnknown, detail).at("{simulation}")
}

/// What came of it.
fn done(simulation: &Simulation) -> Result<Arc<Outcome>, Problem> {
    let state = simulation.state();
    state.outcome().cloned().ok_or_else(|| {
        let detail = format!("the simulation is `{}` and not `done`", state.as_str());
        Problem::new(Code::SimulationNotDone, detail)
    })
}

impl Document {
    fn of(simulation: &Simulation, whole: bool) -> Self {
        let state = simulation.state();
        let (judged, of) = simulation.progress();
        let asked = &simulation.asked;
        let (started_at, ended_at) = match &state {
            Progress::Queued => (None, None),
            Progress::Running(since) => (Some(*since), None),
            Progress::Over { since, until, .. } => (Some(*since), Some(*until)),
        };
        let reason = match &state {
            Progress::Over { made, .. } => made.as_ref().err().cloned(),
            _ => None,
        };
        Self {
            id: simulation.id.clone(),
            state: state.as_str(),
            by: simulation.by.clone(),
            taken_at: simulation.taken_at,
            started_at,
            ended_at,
            question: Question {
                as_of: asked.as_of.clone(),
                known_at: asked.known_at,
                from: asked.from,
                top: asked.top,
                before: asked.baseline.iter().map(|(_, book)| book.into()).collect(),
                others: asked.others.iter().map(Named::from).collect(),
            },
            progress: Judged { judged, of },
            reason,
            outcome: state.outcome().map(|outcome| Told::of(outcome, whole)),
        }
    }
}

impl Told {
    fn of(outcome: &Outcome, whole: bool) -> Self {
        Self {
            sha256: outcome.sha256.clone(),
            differences: outcome.differences.lines(),
            kept: outcome.differences.kept(),
            summary: whole.then(|| outcome.summary.clone()),
        }
    }
}

impl From<&Rulebook> for Named {
    fn from(book: &Rulebook) -> Self {
        let crate::whatif::Version {
            id,
            version,
            effective_from,
            sha256,
        } = crate::whatif::Version::of(book);
        Self {
            id,
            version,
            effective_from,
            sha256,
        }
    }
}
