//! The log for those who check it: a checkpoint, and the files of its tree (C2SP `tlog-tiles`).
//!
//! `/v1/log` is the prefix that programs for such logs are given. Files are made of the ledger when they
//! are asked for, and are the same for ever.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use standing_projections::Position;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Path;
use super::headers::{Answer, Has};
use super::problem::Code;
use super::{Problem, Service, signer};
use crate::ledger::Query;
use crate::ledger::tree::{LEVELS, TILE_WIDTH, TileId};
use crate::proof::tiles::{TilePath, push_leaf, tile};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(entries))
        .routes(routes!(hashes))
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is there for its schema")]
struct File(Vec<u8>);

/// The log's size and root, signed
///
/// A signed note (C2SP `tlog-checkpoint`), at most a second old.
#[utoipa::path(
    get, path = "/v1/log/checkpoint", operation_id = "readCheckpoint", tag = "log",
    responses(
        (status = 200, description = "The checkpoint", body = String, content_type = "text/plain; charset=utf-8",
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The checkpoint is the one that `If-None-Match` names"),
        (status = 404, description = "The service has no key to sign with"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
async fn checkpoint(State(service): State<Arc<Service>>, has: Has) -> Result<Response, Problem> {
    let signer = service.signer.as_ref().ok_or_else(signer::unsigned)?;
    let signed = signer.newest(&*service.ledger).await?;
    let position = Position(signed.checkpoint.head.size);
    let answer = Answer::new("text/plain; charset=utf-8", signed.note);
    Ok(answer.at(position).to(&has))
}

/// Leaves of the log
///
/// 256 events, or as many as `.p/W` says of the last ones, each after its length in two bytes.
#[utoipa::path(
    get, path = "/v1/log/tile/entries/{*path}", operation_id = "readLeaves", tag = "log",
    params(("path" = String, Path, example = "x001/234.p/8", description = "Which, as tlog-tiles names it",
            pattern = r"^(x[0-9]{3}/){0,5}[0-9]{3}(\.p/([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$")),
    responses(
        (status = 200, description = "The bundle", body = File, content_type = "application/octet-stream"),
        (status = 304, description = "The bundle is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no such bundle, or not yet"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
async fn entries(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
    has: Has,
) -> Result<Response, Problem> {
    let asked = TilePath::parse(&path).ok_or_else(no_path)?;
    let id = TileId {
        level: 0,
        number: asked.number,
    };
    there(&service, id, asked.width).await?;
    let query = Query {
        after: Position(id.number * TILE_WIDTH),
        up_to: Some(Position(id.number * TILE_WIDTH + asked.width)),
        ..Query::default()
    };
    let mut bundle = Vec::new();
    for event in service.ledger.read(&query).await? {
        push_leaf(&mut bundle, event.json.as_bytes())
            .ok_or_else(|| Problem::internal("a leaf is longer than a bundle holds"))?;
    }
    Ok(file(bundle, &has))
}

/// Hashes of the log's tree
///
/// 256 hashes of a level, or as many as `.p/W` says of the last ones.
#[utoipa::path(
    get, path = "/v1/log/tile/{level}/{*path}", operation_id = "readTile", tag = "log",
    params(
        ("level" = u8, Path, maximum = 7, description = "The level: 0 are the leaves' hashes"),
        ("path" = String, Path, example = "x001/234.p/8", description = "Which, as tlog-tiles names it",
            pattern = r"^(x[0-9]{3}/){0,5}[0-9]{3}(\.p/([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$"),
    ),
    responses(
        (status = 200, description = "The tile", body = File, content_type = "application/octet-stream"),
        (status = 304, description = "The tile is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no such tile, or not yet"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
async fn hashes(
    State(service): State<Arc<Service>>,
    Path((level, path)): Path<(u8, String)>,
    has: Has,
) -> Result<Response, Problem> {
    let asked = TilePath::parse(&path).ok_or_else(no_path)?;
    let id = TileId {
        level,
        number: asked.number,
    };
    there(&service, id, asked.width).await?;
    let from = id.number * TILE_WIDTH;
    let hashes = service.ledger.hashes(level, from, asked.width).await?;
    if hashes.len() as u64 != asked.width {
        return Err(Problem::internal("hashes of the tree are missing"));
    }
    Ok(file(tile(&hashes), &has))
}

/// Whether the tile is as wide as that by now.
async fn there(service: &Service, id: TileId, width: u64) -> Result<(), Problem> {
    let size = service.ledger.head().await?.position.0;
    match id.level < LEVELS && id.width(size) >= width {
        true => Ok(()),
        false => Err(Problem::new(
            Code::TileUnknown,
            format!("the log has {size} events, and this tile is not there, or not as wide, yet"),
        )),
    }
}

fn no_path() -> Problem {
    let message = "a tile is named as tlog-tiles does, such as `067`, `x001/067` or `067.p/8`";
    Problem::new(Code::TileUnknown, message).at("{path}")
}

fn file(bytes: Vec<u8>, has: &Has) -> Response {
    Answer::new("application/octet-stream", bytes)
        .immutable()
        .to(has)
}
