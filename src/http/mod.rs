//! The live service: what `standing serve` answers over HTTP.
//!
//! One file per resource. A handler reads what was asked, asks the parts below (the intake, the log,
//! the histories in memory, the read model), and writes the answer down; no rule is here. Whatever goes
//! wrong is a [`Problem`] with a stable code. The document that describes the routes is made from the
//! code that serves them.

mod current;
mod decisions;
mod events;
mod extract;
mod headers;
mod health;
mod log;
mod metrics;
mod obligations;
mod openapi;
pub mod outside;
mod page;
mod plaza;
mod problem;
mod refusals;
mod rulebooks;
mod service;
mod signer;
mod simulations;
mod standing;
mod starting;
mod versions;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use outside::Outside;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use current::Current;
pub use openapi::document;
pub(crate) use plaza::PlazaChange;
pub use problem::Problem;
pub use service::Service;
pub use signer::Signer;

/// The routes with what describes them, before anything stands around them.
fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(health::routes())
        .merge(events::routes())
        .merge(log::routes())
        .merge(metrics::routes())
        .merge(refusals::routes())
        .merge(obligations::routes())
        .merge(plaza::routes())
        .merge(rulebooks::routes())
        .merge(decisions::routes())
        .merge(simulations::routes())
        .merge(standing::routes())
}

/// The routes, and the document of everything that can be answered.
fn described() -> (Router<Arc<Service>>, OpenApi) {
    let (router, mut document) = routes().split_for_parts();
    outside::describe(&mut document);
    let document = openapi::plain(document);
    (router, document)
}

/// Everything that is served, with what stands around it.
pub fn router(service: Arc<Service>, outside: Arc<Outside>) -> Router {
    let (router, document) = described();
    router
        .merge(openapi::pages(document))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .route_layer(from_fn_with_state(service.clone(), starting::hold_back))
        .layer(CatchPanicLayer::custom(outside::panicked))
        // What stands around bounds every body, by who sends it.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(outside, outside::around))
        .with_state(service)
}
