//! `GET /v1/plaza/changes`: what changes on the board, in pages or as a stream.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use standing_projections::{Instant, Position};
use utoipa::{IntoParams, ToSchema};

use super::stream;
use crate::http::extract::Query;
use crate::http::headers::{Answer, Has};
use crate::http::outside::{Pass, asks_to_follow};
use crate::http::page::Limit;
use crate::http::problem::Code;
use crate::http::{Problem, Service};
use crate::readmodel::{BoardChange, Told};

/// After which change.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only what comes after that place, as `Standing-Sequence` and `sequence` name it (default: from the first)
    #[param(nullable = false, pattern = "^[0-9a-f]{32}:(0|[1-9][0-9]{0,17})$")]
    after: Option<String>,
    /// At most so many on a page (default: 100)
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<Limit>,
}

/// Changes of the board
#[derive(Debug, Serialize, ToSchema)]
struct Changes {
    /// In the order in which they are told.
    changes: Vec<PlazaChange>,
    /// What `after` is for those that follow.
    sequence: String,
    /// Whether there are more by now.
    more: bool,
}

/// A change of the board
///
/// Whoever puts `entry` in the place of what it has of `app`, or takes that away where it is null, has the board.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlazaChange {
    /// Its number, from 1 and without gaps.
    sequence: u64,
    /// `listed` (it came onto the board, or its listing began anew), `delisted`, `suspended` (it is listed, and
    /// not shown), `resumed`, `score`, `eligible`, `ineligible` (for V-certification) or `rank` (among the
    /// first hundred).
    change: &'static str,
    app: String,
    /// The app's entry from now on; null, where it is not on the board.
    entry: Option<PlazaEntry>,
    /// Its rank among the first hundred from now on; null, where it is not among them. Ranks are told after all
    /// else that changed at the same time.
    rank: Option<u64>,
    /// Up to where the log was known.
    #[schema(value_type = u64)]
    position: Position,
    /// The instant that the board is of.
    #[schema(value_type = String, format = DateTime)]
    as_of: Instant,
    /// The latest event about the developer or one of its apps that the change follows from; null, where time or
    /// other rules brought it, or the place of others.
    #[schema(value_type = Option<u64>)]
    event: Option<Position>,
}

/// An app's entry on the board
#[derive(Debug, Serialize, ToSchema)]
struct PlazaEntry {
    developer: String,
    score: i64,
    /// When its listing began.
    #[schema(value_type = String, format = DateTime)]
    listed_since: Instant,
    /// Whether it may be certified (V).
    eligible: bool,
}

impl From<BoardChange> for PlazaChange {
    fn from(change: BoardChange) -> Self {
        Self {
            sequence: change.sequence,
            change: change.change.as_str(),
            app: change.app,
            entry: change.entry.map(|entry| PlazaEntry {
                developer: entry.developer,
                score: entry.score,
                listed_since: entry.listed_since,
                eligible: entry.eligible,
            }),
            rank: change.rank,
            position: change.position,
            as_of: change.as_of,
            event: change.event,
        }
    }
}

/// Follow the board
///
/// Every change of the board, each with its number in a sequence that has no gaps and that nothing is taken out
/// of: what was told stays told. With `Accept: text/event-stream` as Server-Sent Events that go on, each with the
/// place after it as its `id`, so that `Last-Event-ID` goes on where a connection ended; else as a page.
///
/// A place is `epoch:number`. The epoch is another one where the tables were lost together with what was told:
/// then, and where a place lies ahead of what was told, the answer is 409, and whoever follows reads the board anew.
#[utoipa::path(
    get, path = "/v1/plaza/changes", tag = "plaza", operation_id = "plazaChanges",
    params(Asked, ("Last-Event-ID" = Option<String>, Header, nullable = false,
        pattern = "^[0-9a-f]{32}:(0|[1-9][0-9]{0,17})$", description = "As `after`, which it takes the place of")),
    responses(
        (status = 200, description = "Changes, and where to go on", content(
            (Changes = "application/json"), (String = "text/event-stream")),
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Sequence" = String), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 409, description = "The sequence has no such place: read the board anew"),
    ),
)]
pub(super) async fn changes(
    State(service): State<Arc<Service>>,
    Extension(pass): Extension<Pass>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    has: Has,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or_default().0;
    let after = place(&headers, asked.after.as_deref())?;
    service.current.tables_know(None).await?;
    let follows = asks_to_follow(&headers);
    // Whoever follows is told of all that comes after this.
    let told = service.current.told.clone();
    let reader = &service.current.reader;
    let last = after.as_ref().map_or(0, |after| after.last);
    let (at, is, found) = reader.changes(last, limit + 1).await?;
    if let Some(after) = &after
        && (after.epoch != is.epoch || after.last > is.last)
    {
        let detail = format!(
            "the changes are told up to `{is}`: read the board anew, and go on after the sequence that it is of"
        );
        return Err(Problem::new(Code::SequenceUnknown, detail));
    }
    let after = Told {
        epoch: is.epoch.clone(),
        last,
    };
    if follows {
        return Ok(stream::answer(service, pass, told, after));
    }
    let more = found.len() > limit;
    let changes: Vec<PlazaChange> = found.into_iter().take(limit).map(Into::into).collect();
    let last = changes.last().map_or(after.last, |last| last.sequence);
    let sequence = Told { last, ..after }.to_string();
    let answer = Answer::json(&Changes {
        changes,
        sequence,
        more,
    })?;
    let answer = answer.at(at.position).of_instant(at.as_of).told(is);
    Ok(answer.to(&has))
}

/// The place to go on after.
fn place(headers: &HeaderMap, after: Option<&str>) -> Result<Option<Told>, Problem> {
    let (text, name) = match headers.get("last-event-id") {
        Some(id) => (Some(id.to_str().unwrap_or_default()), "Last-Event-ID"),
        None => (after, "?after"),
    };
    let place = text.map(str::parse).transpose();
    place.map_err(|wrong: &str| Problem::new(Code::ParameterInvalid, wrong).at(name))
}
