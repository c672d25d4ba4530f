//! The document that describes the routes (OpenAPI 3.1), and the page to try them on.

use axum::Router;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use utoipa::{Modify, OpenApi as _};
use utoipa_swagger_ui::SwaggerUi;

/// What the document says beside its routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Standing",
        description = "A reputation ledger for the developers of an open platform."
    ),
    modifiers(&Bearer)
)]
struct Frame;

/// Every route needs a bearer token, but for those that say otherwise.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
        document.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    }
}

/// The document without routes.
pub(super) fn frame() -> OpenApi {
    Frame::openapi()
}

/// The document of everything that is served.
#[must_use]
pub fn document() -> OpenApi {
    super::described().1
}

/// The document with paths as OpenAPI writes them, which knows no `{*rest}`.
pub(super) fn plain(mut document: OpenApi) -> OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    let plain = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item));
    document.paths.paths = plain.collect();
    document
}

/// The document itself, and the page to read it and try it on, which asks no other host for anything.
pub(super) fn pages<S: Clone + Send + Sync + 'static>(document: OpenApi) -> Router<S> {
    SwaggerUi::new("/docs")
        .url("/v1/openapi.json", document)
        .into()
}
