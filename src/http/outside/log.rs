//! What was asked, and the line that is written of it.
//!
//! The line names the route and not the path, the token's id and never the token: what it says may be
//! kept longer, and read by more, than what was asked for.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;

/// The header of a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from whoever asks.
const ID_CHARS_MAX: usize = 64;

/// How much of a path is kept of a refused access.
const PATH_CHARS_MAX: usize = 200;

/// What was asked.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    /// The route's path, with its parameters' names; none where there is no such route.
    pub(super) template: Option<String>,
    /// The developer that the path names.
    pub(super) developer: Option<String>,
    pub(super) peer: SocketAddr,
    pub(super) id: String,
    pub(super) begun: Instant,
}

impl Asked {
    pub(super) fn new(request: &Request, peer: SocketAddr) -> Self {
        let path = request.uri().path();
        let template = request.extensions().get::<MatchedPath>();
        Self {
            method: request.method().clone(),
            template: template.map(|template| template.as_str().to_owned()),
            developer: developer(path),
            path: path.to_owned(),
            peer,
            id: id(request.headers()),
            begun: Instant::now(),
        }
    }

    /// The path, cut where it is long.
    pub(super) fn short_path(&self) -> String {
        self.path.chars().take(PATH_CHARS_MAX).collect()
    }

    /// Tells whoever asked what their request is called.
    pub(super) fn name(&self, response: &mut Response) {
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }

    /// Writes the line. What this program could not do is an error, all else is what happens.
    pub(super) fn log(&self, status: StatusCode, code: &str, token: Option<&str>) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = self.id,
                    method = self.method.as_str(),
                    route = self.template.as_deref().unwrap_or_default(),
                    status = status.as_u16(),
                    code,
                    token = token.unwrap_or_default(),
                    peer = %self.peer,
                    duration_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
                    "answered"
                )
            };
        }
        match status.is_server_error() {
            true => line!(error),
            false => line!(info),
        }
    }
}

/// The id that a request came with, where it is one that can be written down anywhere; else a new one.
fn id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        let chars = id.bytes();
        (1..=ID_CHARS_MAX).contains(&id.len())
            && chars.into_iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
            })
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(plain) {
        Some(id) => id.to_owned(),
        None => uuid::Uuid::now_v7().to_string(),
    }
}

/// The developer of a path `/v1/developers/{developer}…`, decoded as handlers get it.
fn developer(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/v1/developers/")?;
    let part = rest.split('/').next().unwrap_or_default();
    // What is no text names nobody, and so no developer's own.
    let decoded = percent_decoded(part);
    Some(decoded.unwrap_or_default())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        match (first, after) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let byte = hex(*high)? * 16 + hex(*low)?;
                bytes.push(u8::try_from(byte).ok()?);
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_developer_of_a_path_is_decoded_as_handlers_get_it() {
        for (path, named) in [
            ("/v1/developers/d1", Some("d1")),
            ("/v1/developers/d%31/explain", Some("d1")),
            ("/v1/developers/%E7%AC%AC", Some("第")),
            ("/v1/developers/100%", Some("100%")),
            ("/v1/developers/%zz", Some("%zz")),
            ("/v1/developers/%ff", Some("")),
            ("/v1/developers", None),
            ("/v1/apps/d1", None),
        ] {
            assert_eq!(developer(path).as_deref(), named, "{path}");
        }
    }

    #[test]
    fn an_id_that_could_be_misread_is_not_taken() {
        let of = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(given));
            id(&headers)
        };
        assert_eq!(of("a-1.b:c_2"), "a-1.b:c_2");
        for wrong in ["", "a b", "\"", "a=b"] {
            assert_eq!(of(wrong).len(), 36, "{wrong}");
        }
    }
}
