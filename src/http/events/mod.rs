//! Events: sent, read, and proved.

mod append;
mod kind;
mod lines;
mod list;
mod one;
mod outcome;
mod sent;
mod stream;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Service;
pub(super) use append::{outcome_of, place_of, unreadable};
pub(super) use outcome::{Outcome, Place, Refused};

/// The most bytes of a body that is read whole. A stream of lines may have any number.
const BODY_BYTES_MAX: usize = 16 << 20;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, append::append))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .routes(routes!(one::event))
        .routes(routes!(one::proof))
        .routes(routes!(one::inclusion))
}
