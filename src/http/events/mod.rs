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

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Service;
pub(super) use append::{outcome_of, place_of, unreadable};
pub(super) use outcome::{Outcome, Place, Refused};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, append::append))
        .routes(routes!(one::event))
        .routes(routes!(one::proof))
        .routes(routes!(one::inclusion))
}
