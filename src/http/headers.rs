//! What an answer says of itself in its headers, and what it needs not say twice.
//!
//! `Standing-Position` is the position of the log that an answer is of, `Standing-As-Of` the instant,
//! `Standing-Rulebook` the version of the rules it was judged by, `ETag` its content. Who sends the `ETag` of what it has as `If-None-Match`
//! is told that nothing has changed, without a body.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use standing_projections::{Instant, Position};

use super::Problem;
use super::problem::Code;
use crate::readmodel::Told;

/// The log's position that the answer is of.
pub(super) const POSITION: &str = "standing-position";

/// The instant that an answer is of.
pub(super) const AS_OF: &str = "standing-as-of";

/// The version of the rules that the answer is by.
pub(super) const RULEBOOK: &str = "standing-rulebook";

/// How far the changes of the board are told, as `epoch:number`.
pub(super) const SEQUENCE: &str = "standing-sequence";

/// What stays as it is for ever; for whoever asked alone, since it was asked with a token.
pub(super) const IMMUTABLE: &str = "private, max-age=31536000, immutable";

/// What may be kept and must be asked for again, which `ETag` makes cheap.
pub(super) const REVALIDATED: &str = "private, no-cache";

/// The content that whoever asks has already (`If-None-Match`).
#[derive(Clone, Debug, Default)]
pub(super) struct Has(Vec<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for Has {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

impl Has {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::IF_NONE_MATCH);
        Self(values.into_iter().cloned().collect())
    }

    /// Whether it is that one (RFC 9110, 13.1.2: compared weakly).
    fn includes(&self, tag: &str) -> bool {
        let texts = self.0.iter().filter_map(|value| value.to_str().ok());
        let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
        tags.any(|has| has == "*" || has.strip_prefix("W/").unwrap_or(has) == tag)
    }
}

/// An answer with what it says of itself.
///
/// What is sent is a whole body, so that its `ETag` is that of its bytes where no other is given.
#[derive(Debug)]
pub(super) struct Answer {
    content_type: &'static str,
    body: Vec<u8>,
    tag: Option<String>,
    cached: &'static str,
    position: Option<Position>,
    as_of: Option<Instant>,
    rulebook: Option<String>,
    told: Option<Told>,
}

impl Answer {
    /// An answer of some type.
    pub(super) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type,
            body: body.into(),
            tag: None,
            cached: REVALIDATED,
            position: None,
            as_of: None,
            rulebook: None,
            told: None,
        }
    }

    /// An answer in JSON.
    ///
    /// # Errors
    /// Where it cannot be written as JSON, which is a fault of this program.
    pub(super) fn json(content: &impl serde::Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(content).map_err(Problem::internal)?;
        Ok(Self::new("application/json", body))
    }

    /// Of the log up to that position.
    pub(super) fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// The instant that it is of.
    pub(super) fn of_instant(mut self, as_of: Instant) -> Self {
        self.as_of = Some(as_of);
        self
    }

    /// By that version of the rules.
    pub(super) fn by(mut self, version: impl Into<String>) -> Self {
        self.rulebook = Some(version.into());
        self
    }

    /// With all changes of the board up to there.
    pub(super) fn told(mut self, told: Told) -> Self {
        self.told = Some(told);
        self
    }

    /// By that version of the rules, where there were any.
    pub(super) fn by_any(self, version: Option<String>) -> Self {
        match version {
            Some(version) => self.by(version),
            None => self,
        }
    }

    /// Known by that tag, instead of by its bytes' digest.
    pub(super) fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// The same for ever.
    pub(super) fn immutable(mut self) -> Self {
        self.cached = IMMUTABLE;
        self
    }

    /// As it is sent to somebody who has that.
    pub(super) fn to(self, has: &Has) -> Response {
        let tag = self.tag.unwrap_or_else(|| {
            let digest = Sha256::digest(&self.body);
            digest
                .iter()
                .take(16)
                .map(|byte| format!("{byte:02x}"))
                .collect()
        });
        let tag = format!("\"{tag}\"");
        let mut response = match has.includes(&tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => {
                let content_type = HeaderValue::from_static(self.content_type);
                let mut response = Response::new(Body::from(self.body));
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, content_type);
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cached));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        say(headers, self.position, self.rulebook.as_deref());
        if let Some(as_of) = self.as_of
            && let Ok(as_of) = HeaderValue::from_str(&as_of.to_string())
        {
            headers.insert(AS_OF, as_of);
        }
        if let Some(told) = self.told
            && let Ok(told) = HeaderValue::from_str(&told.to_string())
        {
            headers.insert(SEQUENCE, told);
        }
        response
    }
}

/// Says what an answer is of.
pub(super) fn say(headers: &mut HeaderMap, position: Option<Position>, rulebook: Option<&str>) {
    if let Some(position) = position {
        headers.insert(POSITION, HeaderValue::from(position.0));
    }
    // A version with characters that no header can hold is written as a URL has them.
    if let Some(version) = rulebook
        && let Ok(version) = HeaderValue::from_str(&escaped(version))
    {
        headers.insert(RULEBOOK, version);
    }
}

/// The key that makes sending again safe, with or without the quotes that its draft standard has.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").into_iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return match headers.contains_key("idempotency-key") {
            false => Ok(None),
            true => Err(Problem::new(
                Code::ParameterInvalid,
                "`Idempotency-Key` is given twice",
            )),
        };
    };
    let key = key.to_str().unwrap_or_default().trim();
    let bare = key
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let key = bare.unwrap_or(key);
    match (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Some(key.to_owned())),
        false => {
            let message = "`Idempotency-Key` has 1 to 200 visible ASCII characters";
            Err(Problem::new(Code::ParameterInvalid, message).at("Idempotency-Key"))
        }
    }
}

/// Refuses a body that is of another type.
pub(super) fn of_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.and_then(|value| value.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next());
    match essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted)) {
        true => Ok(()),
        false => {
            let detail = format!("the body is to be `{wanted}`");
            Err(Problem::new(Code::MediaTypeUnsupported, detail))
        }
    }
}

/// A text with what is no visible ASCII, and `%` itself, percent-encoded.
fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'!'..=b'~' if byte != b'%' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &'static str) -> Has {
        Has(vec![HeaderValue::from_static(value)])
    }

    #[test]
    fn who_has_the_content_gets_none() {
        let answer = || Answer::new("text/plain", "x").tagged("a").at(Position(7));
        for value in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            let response = answer().to(&has(value));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{value}");
            assert_eq!(response.headers()[header::ETAG], "\"a\"");
            assert_eq!(response.headers()[POSITION], "7");
        }
        for value in ["\"b\"", "a", ""] {
            let response = answer().to(&has(value));
            assert_eq!(response.status(), StatusCode::OK, "{value}");
        }
    }

    #[test]
    fn the_tag_is_of_the_bytes_where_no_other_is_given() {
        let tag = |body: &'static str| {
            let response = Answer::new("text/plain", body).to(&Has::default());
            response.headers()[header::ETAG].clone()
        };
        assert_eq!(tag("x"), tag("x"));
        assert_ne!(tag("x"), tag("y"));
    }

    #[test]
    fn a_version_is_fit_for_a_header() {
        assert_eq!(escaped("2016-01-01"), "2016-01-01");
        assert_eq!(escaped("第 1%"), "%E7%AC%AC%201%25");
    }
}
