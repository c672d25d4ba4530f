//! What goes wrong, as a problem document (RFC 9457).
//!
//! Every problem has a `code` that stays what it is, so that programs need not read sentences: those of
//! refused events are SPEC's, the others are [`Code`].

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::StoreError;

/// The codes of problems that are not of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No route has that path.
    RouteUnknown,
    /// The route has no such method.
    MethodNotAllowed,
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
            Self::StoreUnavailable => "store.unavailable",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::RouteUnknown => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::RouteUnknown => "There is nothing at this path",
            Self::MethodNotAllowed => "This path has no such method",
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
    pointer: Option<String>,
    /// Seconds after which it may be tried again.
    #[serde(skip)]
    retry_after: Option<u64>,
}

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
            retry_after: None,
        }
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
        let retry_after = self.retry_after;
        let mut response = Json(self).into_response();
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
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
