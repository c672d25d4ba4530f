//! `GET /metrics`: what the service counts, as Prometheus reads it.
//!
//! No label is of a client's making: routes are named by their templates, and nobody's id is in one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Problem, Service};

const REQUESTS: &str = "standing_http_requests_total";
const SECONDS: &str = "standing_http_request_seconds";
const EVENTS: &str = "standing_events_total";
const LOG: &str = "standing_log_position";
const KNOWN: &str = "standing_known_position";
const TABLES: &str = "standing_tables_position";
const AS_OF: &str = "standing_tables_as_of_seconds";
const REFRESHES: &str = "standing_tables_refreshes_total";
const REFRESH: &str = "standing_tables_refresh_seconds";
const KEEPS: &str = "standing_tables_kept_here";

/// The upper ends of the durations that requests are counted by, in seconds.
const BUCKETS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What is counted is kept once a process.
static KEPT: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Begins to count; what was not counted before is lost.
fn kept() -> Option<&'static PrometheusHandle> {
    let begin = || {
        let builder = PrometheusBuilder::new();
        let name = Matcher::Full(SECONDS.to_owned());
        let builder = builder.set_buckets_for_metric(name, &BUCKETS).ok()?;
        let handle = builder.install_recorder().ok()?;
        describe_counter!(REQUESTS, "Requests answered, by method, route and status");
        describe_histogram!(SECONDS, Unit::Seconds, "How long answers took, by route");
        describe_counter!(EVENTS, "Events sent, by what became of them");
        describe_gauge!(LOG, "The last position of the log");
        describe_gauge!(KNOWN, "Up to where histories in memory know the log");
        describe_gauge!(TABLES, "Up to where the tables know the log");
        describe_gauge!(AS_OF, Unit::Seconds, "The instant that the tables are of");
        describe_counter!(REFRESHES, "Refreshes of the tables by this instance");
        describe_gauge!(REFRESH, Unit::Seconds, "How long the last refresh took");
        describe_gauge!(KEEPS, "Whether this instance keeps the tables up");
        Some(handle)
    };
    KEPT.get_or_init(begin).as_ref()
}

/// Counts an answer.
pub(super) fn answered(method: &str, route: Option<&str>, status: StatusCode, took: Duration) {
    if kept().is_none() {
        return;
    }
    // Whatever else was asked for is one.
    let route = route.unwrap_or("none").to_owned();
    let method = match method {
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" => method.to_owned(),
        _ => "other".to_owned(),
    };
    let status = status.as_u16().to_string();
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!(SECONDS, "route" => route).record(took.as_secs_f64());
}

/// Counts what became of events.
pub(super) fn events(outcome: &'static str, count: usize) {
    if kept().is_some() {
        counter!(EVENTS, "outcome" => outcome).increment(count as u64);
    }
}

/// Read what the service counts
///
/// In the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "health", operation_id = "metrics",
    responses((status = 200, description = "The figures", body = String,
        content_type = "text/plain; version=0.0.4; charset=utf-8")),
)]
async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let handle = kept().ok_or_else(|| Problem::internal("nothing is counted"))?;
    #[allow(clippy::cast_precision_loss, reason = "positions are below 2^53")]
    let number = |position: u64| position as f64;
    gauge!(LOG).set(number(service.ledger.head().await?.position.0));
    let current = &service.current;
    gauge!(KNOWN).set(number(current.live.position().0));
    let state = current.tables.borrow().clone();
    gauge!(KEEPS).set(f64::from(u8::from(state.checkpoint.is_some())));
    counter!(REFRESHES).absolute(state.refreshes);
    gauge!(REFRESH).set(state.took.as_secs_f64());
    let checkpoint = match state.checkpoint {
        Some(checkpoint) => Some(checkpoint),
        None => current.reader.checkpoint().await.ok(),
    };
    if let Some(at) = checkpoint {
        gauge!(TABLES).set(number(at.position.0));
        #[allow(
            clippy::cast_precision_loss,
            reason = "of seconds, a fraction is enough"
        )]
        gauge!(AS_OF).set(at.as_of.micros() as f64 / 1e6);
    }
    handle.run_upkeep();
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], handle.render()).into_response())
}
