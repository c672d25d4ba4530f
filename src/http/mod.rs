//! The live service: what `standing serve` answers over HTTP.
//!
//! One file per resource. A handler reads what was asked, asks the parts below (the intake, the log,
//! the histories in memory, the read model), and writes the answer down; no rule is here. Whatever goes
//! wrong is a [`Problem`] with a stable code. The document that describes the routes is made from the
//! code that serves them.

mod events;
mod extract;
mod headers;
mod health;
mod log;
mod openapi;
mod page;
mod problem;
mod rulebooks;
mod service;
mod signer;

use std::sync::Arc;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

pub use openapi::document;
pub use problem::Problem;
pub use service::Service;
pub use signer::Signer;

/// The routes with what describes them, before anything stands around them.
fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(health::routes())
        .merge(events::routes())
        .merge(log::routes())
        .merge(rulebooks::routes())
}

/// Everything that is served.
pub fn router(service: Arc<Service>) -> Router {
    let (router, document) = routes().split_for_parts();
    let document = openapi::plain(document);
    router
        .merge(openapi::pages(document))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        // Until tokens say who asks.
        .layer(axum::Extension(crate::access::Caller::new(
            "none",
            crate::access::Role::Recorder,
            "recorder",
            None,
        )))
        .with_state(service)
}
