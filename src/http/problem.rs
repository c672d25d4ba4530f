//! What goes wrong, as a problem document (RFC 9457).
//!
//! Every problem has a `code` that stays what it is, so that programs need not read sentences: those of
//! refused events are SPEC's, the others are [`Code`].

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use standing_projections::decisions::Illegal;
use standing_projections::rules::RulesError;
use utoipa::ToSchema;

use super::events::Refused;
use super::rulebooks::Found;
use crate::history::HistoryError;
use crate::ledger::StoreError;
use crate::proof::log::LogError;
use crate::readmodel::ReadModelError;

/// The codes of problems that are not of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No route has that path.
    RouteUnknown,
    /// The route has no such method.
    MethodNotAllowed,
    /// A parameter of the path or of the query is not one that the route takes.
    ParameterInvalid,
    /// The token of a page is none.
    PageInvalid,
    /// The body is not what the route takes.
    BodyInvalid,
    /// The body is longer than is taken.
    BodyTooLarge,
    /// The body is of a type that the route does not take.
    MediaTypeUnsupported,
    /// The log has no such position.
    PositionUnknown,
    /// The tables behind the answer are not there yet.
    TablesMissing,
    /// A question that would take longer than a request may.
    TooLarge,
    /// No rulebook is known by which anything could be judged.
    RulesMissing,
    /// Nobody is registered by that id, or not at that instant.
    SubjectUnknown,
    /// A position that is not known yet, or not in time.
    PositionAhead,
    /// The sequence of changes has no such place, or is another one by now.
    SequenceUnknown,
    /// No version of the rules of that name is published.
    RulebookUnknown,
    /// Versions of the rules that do not go together.
    RulesApart,
    /// An `Idempotency-Key` that was used for something else.
    KeyConflict,
    /// Something came in between each time that a decision was made.
    DecisionOvertaken,
    /// No simulation of that id is kept by this instance.
    SimulationUnknown,
    /// The simulation is not done, or has failed.
    SimulationNotDone,
    /// The service has no key to sign with.
    LogUnsigned,
    /// The log's tree has no such tile yet.
    TileUnknown,
    /// The event names another actor than who sends it.
    ActorMismatch,
    /// There is no token, and one is needed.
    TokenMissing,
    /// The token is no good.
    TokenInvalid,
    /// Whoever asks may not do it.
    AccessDenied,
    /// More requests a second than the token is good for.
    RateExceeded,
    /// The request came too slowly.
    RequestTimeout,
    /// More is waiting to be appended than is held.
    Overloaded,
    /// It is not known whether events were appended.
    AppendUnknown,
    /// Everybody's history is not in memory yet.
    Starting,
    /// The database does not answer, or not in time.
    StoreUnavailable,
    /// A fault of this program.
    Internal,
}

impl Code {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RouteUnknown => "route.unknown",
            Self::MethodNotAllowed => "method.not_allowed",
            Self::ParameterInvalid => "parameter.invalid",
            Self::PageInvalid => "page.invalid",
            Self::BodyInvalid => "body.invalid",
            Self::BodyTooLarge => "body.too_large",
            Self::MediaTypeUnsupported => "media_type.unsupported",
            Self::PositionUnknown => "position.unknown",
            Self::TablesMissing => "tables.missing",
            Self::TooLarge => "question.too_large",
            Self::RulesMissing => "rulebook.none",
            Self::SubjectUnknown => "subject.unknown",
            Self::PositionAhead => "position.ahead",
            Self::SequenceUnknown => "sequence.unknown",
            Self::RulebookUnknown => "rulebook.unknown",
            Self::RulesApart => "rulebook.apart",
            Self::KeyConflict => "key.conflict",
            Self::DecisionOvertaken => "decision.overtaken",
            Self::SimulationUnknown => "simulation.unknown",
            Self::SimulationNotDone => "simulation.not_done",
            Self::LogUnsigned => "log.unsigned",
            Self::TileUnknown => "tile.unknown",
            Self::ActorMismatch => "actor.mismatch",
            Self::TokenMissing => "token.missing",
            Self::TokenInvalid => "token.invalid",
            Self::AccessDenied => "access.denied",
            Self::RateExceeded => "rate.exceeded",
            Self::RequestTimeout => "request.timeout",
            Self::Overloaded => "overloaded",
            Self::AppendUnknown => "append.unknown",
            Self::Starting => "starting",
            Self::StoreUnavailable => "store.unavailable",
            Self::Internal => "internal",
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::RouteUnknown => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ParameterInvalid => StatusCode::BAD_REQUEST,
            Self::PageInvalid => StatusCode::BAD_REQUEST,
            Self::BodyInvalid => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::PositionUnknown => StatusCode::NOT_FOUND,
            Self::TablesMissing => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RulesMissing => StatusCode::NOT_FOUND,
            Self::SubjectUnknown => StatusCode::NOT_FOUND,
            Self::PositionAhead => StatusCode::SERVICE_UNAVAILABLE,
            Self::SequenceUnknown => StatusCode::CONFLICT,
            Self::RulebookUnknown => StatusCode::NOT_FOUND,
            Self::RulesApart => StatusCode::UNPROCESSABLE_ENTITY,
            Self::KeyConflict => StatusCode::CONFLICT,
            Self::DecisionOvertaken => StatusCode::CONFLICT,
            Self::SimulationUnknown => StatusCode::NOT_FOUND,
            Self::SimulationNotDone => StatusCode::CONFLICT,
            Self::LogUnsigned => StatusCode::NOT_FOUND,
            Self::TileUnknown => StatusCode::NOT_FOUND,
            Self::ActorMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TokenMissing => StatusCode::UNAUTHORIZED,
            Self::TokenInvalid => StatusCode::UNAUTHORIZED,
            Self::AccessDenied => StatusCode::FORBIDDEN,
            Self::RateExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::AppendUnknown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Starting => StatusCode::SERVICE_UNAVAILABLE,
            Self::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::RouteUnknown => "There is nothing at this path",
            Self::MethodNotAllowed => "This path has no such method",
            Self::ParameterInvalid => "A parameter is not acceptable",
            Self::PageInvalid => "There is no such page",
            Self::BodyInvalid => "The body is not acceptable",
            Self::BodyTooLarge => "The body is too long",
            Self::MediaTypeUnsupported => "The body is of another type",
            Self::PositionUnknown => "The log has no such position",
            Self::TablesMissing => "The tables are being made",
            Self::TooLarge => "The question is too large to be answered here",
            Self::RulesMissing => "There were no rules",
            Self::SubjectUnknown => "Nobody is registered by this id",
            Self::PositionAhead => "The position is not known yet",
            Self::SequenceUnknown => "The sequence has no such place",
            Self::RulebookUnknown => "No such version of the rules is published",
            Self::RulesApart => "The versions do not go together",
            Self::KeyConflict => "The key was used for something else",
            Self::DecisionOvertaken => "Something came in between",
            Self::SimulationUnknown => "There is no such simulation here",
            Self::SimulationNotDone => "The simulation is not done",
            Self::LogUnsigned => "The log is not signed here",
            Self::TileUnknown => "The log has no such tile",
            Self::ActorMismatch => "The event names another actor",
            Self::TokenMissing => "A token is needed",
            Self::TokenInvalid => "The token is no good",
            Self::AccessDenied => "That is not allowed",
            Self::RateExceeded => "Too many requests",
            Self::RequestTimeout => "The request came too slowly",
            Self::Overloaded => "There is too much to do",
            Self::AppendUnknown => "It is not known whether events were appended",
            Self::Starting => "The service is starting",
            Self::StoreUnavailable => "The database does not answer",
            Self::Internal => "A fault of the service",
        }
    }
}

/// A problem document (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:standing:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "urn:standing:problem:route.unknown")]
    kind: String,
    /// What kind of problem it is, in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code, for programs.
    #[schema(example = "route.unknown")]
    code: String,
    /// What is wrong here.
    detail: String,
    /// Where in what was sent: a JSON pointer, or `?name` for a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// All that is wrong or doubtful, where it is a rulebook that is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    findings: Vec<Found>,
    /// The state in which a decision is not legal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    state: Option<String>,
    /// What would be legal in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    legal_now: Option<Vec<String>>,
    /// Seconds after which it may be tried again.
    #[serde(skip)]
    retry_after: Option<u64>,
    /// The methods that there are instead (`Allow`).
    #[serde(skip)]
    allow: Option<String>,
}

/// The code of a problem, beside the answer that says it: for the log, and for what is kept of refused
/// accesses.
#[derive(Clone, Debug)]
pub(super) struct ProblemCode(pub(super) Arc<str>);

impl Problem {
    /// A problem of that code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:standing:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            code: code.as_str().to_owned(),
            detail: detail.into(),
            pointer: None,
            findings: Vec::new(),
            state: None,
            legal_now: None,
            retry_after: None,
            allow: None,
        }
    }

    /// That a path has no such method, but these.
    pub(super) fn no_such_method(methods: String) -> Self {
        Self {
            allow: Some(methods),
            ..Self::new(
                Code::MethodNotAllowed,
                "the routes are described at `/v1/openapi.json`",
            )
        }
    }

    /// A fault of this program, which whoever runs the service finds in the log.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a fault");
        Self::new(Code::Internal, "the service could not write its answer")
    }

    /// That the one event that was sent is refused.
    pub(super) fn refused(refused: Refused) -> Self {
        let (status, code, detail, pointer) = refused.into_parts();
        Self {
            kind: format!("urn:standing:problem:{code}"),
            title: "The event is refused".to_owned(),
            status: status.as_u16(),
            code,
            detail,
            pointer: Some(pointer),
            findings: Vec::new(),
            state: None,
            legal_now: None,
            retry_after: None,
            allow: None,
        }
    }

    /// That a decision is not legal now.
    pub(super) fn illegal(illegal: Illegal) -> Self {
        Self {
            kind: format!("urn:standing:problem:{}", illegal.code),
            title: "The decision is not legal now".to_owned(),
            code: illegal.code.to_string(),
            state: Some(illegal.state),
            legal_now: Some(illegal.legal_now),
            ..Self::new(Code::DecisionOvertaken, illegal.message)
        }
    }

    /// With all that is wrong or doubtful in a rulebook.
    pub(super) fn with_findings(mut self, findings: Vec<Found>) -> Self {
        self.findings = findings;
        self
    }

    /// The stable code.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// What is wrong.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Where in what was sent it is.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// When it may be tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let code = ProblemCode(self.code.as_str().into());
        let (retry_after, allow) = (self.retry_after, self.allow.clone());
        let mut response = Json(self).into_response();
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(Ok(allow)) = allow.map(HeaderValue::try_from) {
            headers.insert(header::ALLOW, allow);
        }
        if status == StatusCode::UNAUTHORIZED {
            // What is wrong with a token is said where one was shown (RFC 6750, 3).
            let challenge = match &*code.0 == Code::TokenInvalid.as_str() {
                true => "Bearer realm=\"standing\", error=\"invalid_token\"",
                false => "Bearer realm=\"standing\"",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response.extensions_mut().insert(code);
        response
    }
}

impl From<StoreError> for Problem {
    /// What the store says is for whoever runs the service, who finds it in the log.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(Code::StoreUnavailable, "the log cannot be read now").retry_after(1)
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(error) => error.into(),
            HistoryError::Unreadable { .. } => Self::internal(error),
        }
    }
}

impl From<RulesError> for Problem {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::None => Self::new(Code::RulesMissing, error.to_string()),
            _ => Self::internal(error),
        }
    }
}

impl From<ReadModelError> for Problem {
    fn from(error: ReadModelError) -> Self {
        match error {
            ReadModelError::Store(error) => error.into(),
            ReadModelError::History(error) => error.into(),
            ReadModelError::Rules(error) => error.into(),
            ReadModelError::Missing
            | ReadModelError::Overtaken
            | ReadModelError::Rebuilding
            | ReadModelError::Held { .. } => {
                Self::new(Code::TablesMissing, error.to_string()).retry_after(1)
            }
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => error.into(),
            LogError::NoSuchPosition { .. } => Self::new(Code::PositionUnknown, error.to_string()),
            LogError::Incomplete | LogError::NotInTree(_) | LogError::Rewritten(_) => {
                Self::internal(error)
            }
        }
    }
}

/// For paths that are no route's.
pub(super) async fn no_such_route() -> Problem {
    Problem::new(
        Code::RouteUnknown,
        "the routes are described at `/v1/openapi.json`",
    )
}

/// For methods that a route does not have.
pub(super) async fn no_such_method() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "the routes are described at `/v1/openapi.json`",
    )
}
