//! What is read from a request before its handler runs: parameters of the path and of the query.
//!
//! Whatever cannot be read is a [`Problem`] with its place. A query that names what the route does not
//! know is refused (its type denies unknown fields), because a filter that is misspelt and passed over
//! gives an answer to another question.

use std::collections::HashSet;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use standing_projections::Position;

use super::Problem;
use super::problem::Code;

/// The parameters of the query, of a type that denies unknown fields.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The parameters of the path.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// A position that a log can have, whether or not this one does.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnyPosition(pub(super) u64);

impl<'de> Deserialize<'de> for AnyPosition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            position if position <= i64::MAX.cast_unsigned() => Ok(Self(position)),
            position => Err(serde::de::Error::custom(format!(
                "no log has a position {position}"
            ))),
        }
    }
}

impl From<AnyPosition> for Position {
    fn from(any: AnyPosition) -> Self {
        Self(any.0)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        of_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn of_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    if let Some((name, _)) = pairs.into_iter().find(|(_, value)| value.contains('\0')) {
        return Err(no_nul().at(format!("?{name}")));
    }
    let mut names = HashSet::new();
    if let Some((name, _)) = pairs
        .into_iter()
        .find(|(name, _)| !names.insert(name.clone()))
    {
        let twice = format!("`{name}` is given twice: several values are parted by commas");
        return Err(Problem::new(Code::ParameterInvalid, twice).at(format!("?{name}")));
    }
    let deserializer = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let place = error.path().to_string();
        let problem = Problem::new(Code::ParameterInvalid, error.into_inner().to_string());
        match place.as_str() {
            "." => problem,
            name => problem.at(format!("?{name}")),
        }
    })
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = RawPathParams::from_request_parts(parts, state).await.ok();
        let raw: Vec<(&str, &str)> = raw.iter().flatten().collect();
        if let Some((name, _)) = raw.iter().find(|(_, value)| value.contains('\0')) {
            return Err(no_nul().at(format!("{{{name}}}")));
        }
        let only = match raw[..] {
            [(name, _)] => Some(name),
            _ => None,
        };
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(found)) => Ok(Self(found)),
            Err(rejection) => Err(of_path(&rejection, only)),
        }
    }
}

/// Why a path cannot be read; the only parameter, where there is but one, is where.
fn of_path(rejection: &PathRejection, only: Option<&str>) -> Problem {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return Problem::new(Code::ParameterInvalid, rejection.body_text());
    };
    let name = match failed.kind() {
        ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::DeserializeError { key, .. } => {
            Some(key.as_str())
        }
        ErrorKind::InvalidUtf8InPathParam { key } => Some(key.as_str()),
        _ => only,
    };
    let problem = Problem::new(Code::ParameterInvalid, failed.kind().to_string());
    match name {
        Some(name) => problem.at(format!("{{{name}}}")),
        None => problem,
    }
}

/// No text of the log has one, and not every store can be asked for one.
fn no_nul() -> Problem {
    Problem::new(Code::ParameterInvalid, "a parameter cannot hold U+0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        after: Option<u64>,
        subject: Option<String>,
    }

    fn refused(query: &str) -> String {
        let problem = of_query::<Asked>(query).unwrap_err();
        serde_json::to_string(&problem).unwrap()
    }

    #[test]
    fn what_a_query_says_is_read() {
        let asked: Asked = of_query("subject=a%201&after=7").unwrap();
        assert_eq!(
            (asked.after, asked.subject.as_deref()),
            (Some(7), Some("a 1"))
        );
        let asked: Asked = of_query("").unwrap();
        assert_eq!((asked.after, asked.subject), (None, None));
    }

    #[test]
    fn what_it_says_wrongly_is_refused_with_its_place() {
        for (query, place, says) in [
            ("after=-1", "?after", "invalid digit"),
            ("after=1&after=2", "?after", "given twice"),
            ("subjet=a1", "", "unknown field `subjet`"),
            ("subject=a%001", "?subject", "U+0000"),
        ] {
            let text = refused(query);
            assert!(text.contains("\"parameter.invalid\""), "{query}: {text}");
            assert!(text.contains(says), "{query}: {text}");
            assert!(text.contains(place), "{query}: {text}");
        }
    }
}
