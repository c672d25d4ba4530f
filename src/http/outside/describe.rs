//! What stands around the routes, in the document that describes them.
//!
//! What the door and the limits can answer is the same for every route, and is said here once and not
//! by each handler; so is that every refusal is a problem document, and that parameters can be wrong.

use axum::http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{
    Content, Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    SecurityRequirement, Type,
};

use super::routes::{self, Needs};

/// Adds to every operation what can be answered before its handler, and whether it needs a token.
pub(in crate::http) fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let needs = routes::needs(&method, path);
            complete(operation, needs);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation?)))
}

fn complete(operation: &mut Operation, needs: Option<Needs>) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            response.content.extend(content());
        }
    }
    let asks = operation
        .parameters
        .as_ref()
        .is_some_and(|all| !all.is_empty());
    let mut add = |status: &str, response: ResponseBuilder| {
        let responses = &mut operation.responses.responses;
        if !responses.contains_key(status) {
            let response = problem(response);
            responses.insert(status.to_owned(), RefOr::T(response));
        }
    };
    let described = |text: &str| ResponseBuilder::new().description(text);
    if asks {
        add("400", described("A parameter is not acceptable"));
    }
    add(
        "408",
        described("The request, or its body, came too slowly"),
    );
    add("413", described("The body is longer than is taken"));
    add("500", described("A fault of the service"));
    add(
        "503",
        described("The service is starting, or cannot answer now").header("Retry-After", seconds()),
    );
    if needs == Some(Needs::Nothing) {
        operation.security = Some(vec![SecurityRequirement::default()]);
        return;
    }
    add(
        "401",
        described("There is no token, or it is no good").header(
            "WWW-Authenticate",
            Header::new(ObjectBuilder::new().schema_type(Type::String)),
        ),
    );
    add("403", described("The token's role may not do that"));
    add(
        "429",
        described("More requests a second than the token is good for")
            .header("Retry-After", seconds()),
    );
}

fn problem(response: ResponseBuilder) -> Response {
    let mut response = response.build();
    response.content.extend(content());
    response
}

/// What every refusal is.
fn content() -> [(String, RefOr<Content>); 1] {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    [("application/problem+json".to_owned(), RefOr::T(content))]
}

fn seconds() -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
        .description(Some("Seconds after which to try again"))
        .build()
}
