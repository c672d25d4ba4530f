//! Standings of developers and apps: as they are, why, how they came to be, what comes, and what is told.

mod asked;
mod explain;
mod forecast;
mod notices;
mod show;
mod timeline;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Service;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(show::developer))
        .routes(routes!(show::app))
        .routes(routes!(explain::of_developer))
        .routes(routes!(explain::of_app))
        .routes(routes!(notices::of_developer))
        .routes(routes!(timeline::of_developer))
        .routes(routes!(timeline::of_app))
        .routes(routes!(forecast::of_developer))
        .routes(routes!(forecast::of_app))
}
