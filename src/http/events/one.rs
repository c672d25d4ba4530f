//! `GET /v1/events/{position}`: one event, and what proves it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use standing_projections::Position;
use utoipa::IntoParams;

use super::outcome::Inclusion;
use crate::http::extract::{AnyPosition, Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::problem::Code;
use crate::http::{Problem, Service, signer};
use crate::ledger::StoredEvent;
use crate::ledger::tree::{Hash, Paths};
use crate::proof::log::event_at;
use crate::proof::sign::kept_checkpoint;
use crate::proof::{EventProof, Receipt};

/// Read one event
///
/// Its leaf, byte for byte as it is stored and proved. `ETag` is the leaf's hash.
#[utoipa::path(
    get, path = "/v1/events/{position}", operation_id = "readEvent", tag = "events",
    params(("position" = u64, Path, minimum = 1, maximum = 9_223_372_036_854_775_807_i64,
        description = "Its position in the log")),
    responses(
        (status = 200, description = "The event", body = Object,
            content_type = "application/cloudevents+json",
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The event is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no such position"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
pub(super) async fn event(
    State(service): State<Arc<Service>>,
    Path(position): Path<AnyPosition>,
    has: Has,
) -> Result<Response, Problem> {
    let event = stored(&service, position).await?;
    let hash = Hash::of_leaf(event.json.as_bytes());
    let answer = Answer::new("application/cloudevents+json", event.json);
    Ok(answer
        .tagged(hash.to_string())
        .immutable()
        .at(event.position)
        .to(&has))
}

/// The proof of an event
///
/// A file (C2SP `tlog-proof`) with the event, its way to the root and a checkpoint, that anyone can check
/// with the log's verifier key: `standing verify FILE --key KEY`.
#[utoipa::path(
    get, path = "/v1/events/{position}/proof", operation_id = "proveEvent", tag = "events",
    params(("position" = u64, Path, minimum = 1, maximum = 9_223_372_036_854_775_807_i64,
        description = "Its position in the log")),
    responses(
        (status = 200, description = "The proof", body = String, content_type = "text/plain; charset=utf-8",
            headers(("Standing-Position" = u64))),
        (status = 304, description = "The proof is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no such position, or no checkpoint of it is signed"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
pub(super) async fn proof(
    State(service): State<Arc<Service>>,
    Path(position): Path<AnyPosition>,
    has: Has,
) -> Result<Response, Problem> {
    let event = stored(&service, position).await?;
    let ledger = &*service.ledger;
    let signed = match &service.signer {
        Some(signer) => signer.holding(ledger, event.position).await?,
        // Somebody else signs this log, now and then.
        None => kept_checkpoint(ledger, event.position.0)
            .await?
            .ok_or_else(signer::unsigned)?,
    };
    let head = signed.checkpoint.head;
    let proof = EventProof {
        path: crate::proof::log::inclusion(ledger, &event, head).await?,
        index: event.position.0.saturating_sub(1),
        leaf: Some(event.json.into_bytes()),
        checkpoint: signed.note,
    };
    let answer = Answer::new("text/plain; charset=utf-8", proof.to_string());
    Ok(answer.at(Position(head.size)).to(&has))
}

/// Of which tree.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Tree {
    /// How many leaves the tree has (default: all there are)
    #[param(value_type = Option<u64>, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
    tree_size: Option<AnyPosition>,
}

/// That an event is in a tree over the log
///
/// The hashes from its leaf to the root (RFC 6962), for whoever knows the root from somewhere else.
#[utoipa::path(
    get, path = "/v1/events/{position}/inclusion", operation_id = "showInclusion", tag = "events",
    params(("position" = u64, Path, minimum = 1, maximum = 9_223_372_036_854_775_807_i64,
        description = "Its position in the log"), Tree),
    responses(
        (status = 200, description = "The hashes", body = Inclusion,
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no such position, or no such tree that holds it"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
pub(super) async fn inclusion(
    State(service): State<Arc<Service>>,
    Path(position): Path<AnyPosition>,
    Query(tree): Query<Tree>,
    has: Has,
) -> Result<Response, Problem> {
    let event = stored(&service, position).await?;
    let end = service.ledger.head().await?.position.0;
    let size = tree.tree_size.map_or(end, |size| size.0);
    if !(event.position.0..=end).contains(&size) {
        let message = format!(
            "a tree with {size} leaves does not hold position {}, or is not there yet: the log has {end}",
            event.position
        );
        return Err(Problem::new(Code::PositionUnknown, message).at("?tree_size"));
    }
    let tiles = service
        .ledger
        .tiles(size, &[event.position.0.saturating_sub(1)])
        .await?;
    let receipt = Paths::new(tiles)
        .and_then(|mut paths| Receipt::new(&mut paths, event.position, event.recordedtime));
    let receipt = receipt.ok_or_else(|| Problem::internal("hashes of the tree are missing"))?;
    let answer = Answer::json(&Inclusion::from(&receipt))?.at(Position(size));
    Ok(match tree.tree_size {
        Some(_) => answer.immutable(),
        None => answer,
    }
    .to(&has))
}

/// The event at a position.
async fn stored(service: &Service, position: AnyPosition) -> Result<StoredEvent, Problem> {
    match Position::from(position) {
        Position(0) => Err(Problem::new(Code::PositionUnknown, "positions begin at 1")),
        position => Ok(event_at(&*service.ledger, position).await?),
    }
}
