//! What each route needs. A route that is not here is nobody's.

use axum::http::{HeaderMap, Method, header};

use super::log::Asked;
use crate::access::Action;

/// What a route needs of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is open.
    Nothing,
    /// A token whose role may do that.
    Token(Action),
}

use Action::{
    Append, Decide, FollowPlaza, PublishRules, ReadDecisions, ReadDocs, ReadEvents, ReadLeaves,
    ReadLog, ReadMetrics, ReadObligations, ReadPlaza, ReadRefusals, ReadRules, ReadStanding,
    Simulate,
};
use Needs::{Nothing, Token};

/// Method, path and what it needs. `{}` is a parameter of any name.
const ROUTES: &[(&str, &str, Needs)] = &[
    ("GET", "/healthz", Nothing),
    ("GET", "/readyz", Nothing),
    ("GET", "/metrics", Token(ReadMetrics)),
    ("GET", "/docs", Token(ReadDocs)),
    ("GET", "/docs/", Token(ReadDocs)),
    ("GET", "/docs/{}", Token(ReadDocs)),
    ("GET", "/v1/openapi.json", Token(ReadDocs)),
    ("POST", "/v1/events", Token(Append)),
    ("GET", "/v1/events", Token(ReadEvents)),
    ("GET", "/v1/events/{}", Token(ReadLeaves)),
    ("GET", "/v1/events/{}/proof", Token(ReadLeaves)),
    ("GET", "/v1/events/{}/inclusion", Token(ReadLog)),
    ("GET", "/v1/developers/{}", Token(ReadStanding)),
    ("GET", "/v1/developers/{}/explain", Token(ReadStanding)),
    ("GET", "/v1/developers/{}/timeline", Token(ReadStanding)),
    ("GET", "/v1/developers/{}/forecast", Token(ReadStanding)),
    ("GET", "/v1/developers/{}/notices", Token(ReadStanding)),
    ("GET", "/v1/apps/{}", Token(ReadStanding)),
    ("GET", "/v1/apps/{}/explain", Token(ReadStanding)),
    ("GET", "/v1/apps/{}/timeline", Token(ReadStanding)),
    ("GET", "/v1/apps/{}/forecast", Token(ReadStanding)),
    ("GET", "/v1/obligations", Token(ReadObligations)),
    ("GET", "/v1/plaza", Token(ReadPlaza)),
    ("GET", "/v1/plaza/changes", Token(FollowPlaza)),
    ("GET", "/v1/log/checkpoint", Token(ReadLog)),
    ("GET", "/v1/log/tile/entries/{}", Token(ReadLeaves)),
    ("GET", "/v1/log/tile/{}/{}", Token(ReadLog)),
    ("GET", "/v1/rulebooks", Token(ReadRules)),
    ("POST", "/v1/rulebooks", Token(PublishRules)),
    ("GET", "/v1/rulebooks/{}", Token(ReadRules)),
    ("GET", "/v1/decisions", Token(ReadDecisions)),
    ("POST", "/v1/decisions", Token(Decide)),
    ("GET", "/v1/simulations", Token(Simulate)),
    ("POST", "/v1/simulations", Token(Simulate)),
    ("GET", "/v1/simulations/{}", Token(Simulate)),
    ("GET", "/v1/simulations/{}/differences", Token(Simulate)),
    ("GET", "/v1/simulations/{}/report", Token(Simulate)),
    ("DELETE", "/v1/simulations/{}", Token(Simulate)),
    ("GET", "/v1/access/refusals", Token(ReadRefusals)),
];

/// Routes that take streams of lines, of any length and for as long as they go on.
const STREAMS: &[(&str, &str)] = &[("POST", "/v1/events")];

/// The types of such streams.
const LINES: [&str; 3] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
];

/// What a route needs; none where it is not served to anybody. Whoever may `GET` may ask for the
/// headers alone.
pub(super) fn needs(method: &Method, template: &str) -> Option<Needs> {
    let method = match *method {
        Method::HEAD => "GET",
        ref method => method.as_str(),
    };
    let template = unnamed(template);
    let found = ROUTES
        .iter()
        .find(|(verb, path, _)| *verb == method && *path == template);
    found.map(|(_, _, needs)| *needs)
}

/// The methods of a path, as the header `Allow` has them; none where the path has none.
pub(super) fn methods(template: &str) -> Option<String> {
    let template = unnamed(template);
    let mut methods = Vec::new();
    for (method, _, _) in ROUTES.iter().filter(|(_, path, _)| *path == template) {
        methods.push(*method);
        if *method == "GET" {
            methods.push("HEAD");
        }
    }
    (!methods.is_empty()).then(|| methods.join(", "))
}

/// Routes that are followed: their answer is a stream, where one is asked for.
const FOLLOWED: [&str; 1] = ["/v1/plaza/changes"];

/// Whether a request brings a stream to a route that takes one, or asks for one.
pub(super) fn is_stream(asked: &Asked, headers: &HeaderMap) -> bool {
    let Some(template) = &asked.template else {
        return false;
    };
    if asked.method == Method::GET && FOLLOWED.contains(&template.as_str()) {
        return asks_to_follow(headers);
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    LINES.iter().any(|lines| lines.eq_ignore_ascii_case(kind))
        && STREAMS.contains(&(asked.method.as_str(), template))
}

/// Whether Server-Sent Events are asked for, and not a page.
pub(in crate::http) fn asks_to_follow(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|kinds| {
        let mut kinds = kinds.split(',').filter_map(|kind| kind.split(';').next());
        kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

/// Whether what a request brings goes into the log.
pub(super) fn appends(asked: &Asked) -> bool {
    let template = asked.template.as_deref();
    let needs = template.and_then(|template| needs(&asked.method, template));
    matches!(needs, Some(Token(Append | Decide | PublishRules)))
}

/// A template with parameters of no name.
fn unnamed(template: &str) -> String {
    let parts = template.split('/').map(|part| match part.starts_with('{') {
        true => "{}",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_any_name_are_one_route_and_what_is_not_there_is_none() {
        let get = |path| needs(&Method::GET, path);
        assert_eq!(get("/v1/events/{position}"), Some(Token(ReadLeaves)));
        assert_eq!(get("/docs/{*rest}"), Some(Token(ReadDocs)));
        assert_eq!(needs(&Method::HEAD, "/healthz"), Some(Nothing));
        assert_eq!(get("/v1/secrets"), None);
        assert_eq!(needs(&Method::DELETE, "/v1/events"), None);
        assert_eq!(methods("/v1/events").unwrap(), "POST, GET, HEAD");
        assert_eq!(methods("/v1/secrets"), None);
    }

    #[test]
    fn the_page_about_access_lists_these_routes_and_no_others() {
        let page = include_str!("../../../docs/access.md");
        let listed = page.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let (method, path) = cells.next()?.trim_end_matches('`').split_once(' ')?;
            Some((method, unnamed(path), cells.next()?.to_owned()))
        });
        let listed: Vec<_> = listed.filter(|row| row.1.starts_with('/')).collect();
        let served = ROUTES.iter().map(|(method, path, needs)| {
            let needs = match needs {
                Nothing => "nothing",
                Token(action) => action.as_str(),
            };
            (*method, (*path).to_owned(), needs.to_owned())
        });
        assert_eq!(listed, served.collect::<Vec<_>>());
    }

    #[test]
    fn no_route_is_there_twice() {
        for (index, (method, path, _)) in ROUTES.iter().enumerate() {
            let mut after = ROUTES[index + 1..].iter();
            assert!(!after.any(|other| (other.0, other.1) == (*method, *path)));
        }
    }
}
