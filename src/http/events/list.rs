//! `GET /v1/events`: the trail of events.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};
use utoipa::{IntoParams, ToSchema};

use super::kind::EventType;
use crate::access::{Caller, hides_reporter, redacted};
use crate::history::trail::{Line, lines};
use crate::http::extract::{AnyPosition, Query};
use crate::http::headers::{Answer, Has};
use crate::http::page::{self, Limit};
use crate::http::problem::Code;
use crate::http::{Problem, Service};
use crate::ledger::{self, Ledger, StoredEvent};

/// What tokens of these pages are of.
const RESOURCE: &str = "events";

/// How many bytes the events of a page have at most, where it has more than one.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// How many events are read at once.
const AT_ONCE: usize = 128;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only events about this developer or app itself
    #[param(nullable = false)]
    subject: Option<String>,
    /// Only events about this developer or one of its apps
    #[param(nullable = false)]
    developer: Option<String>,
    /// Only events of these types, parted by commas
    #[serde(rename = "type")]
    #[param(value_type = Option<Vec<EventType>>, style = Form, explode = false, min_items = 1, nullable = false)]
    kinds: Option<Kinds>,
    /// Only events that happened then or later
    #[param(value_type = Option<String>, format = DateTime, nullable = false,
        pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    from: Option<Instant>,
    /// Only events that happened before
    #[param(value_type = Option<String>, format = DateTime, nullable = false,
        pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    to: Option<Instant>,
    /// Only events recorded then or later
    #[param(value_type = Option<String>, format = DateTime, nullable = false,
        pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    recorded_from: Option<Instant>,
    /// Only events recorded before
    #[param(value_type = Option<String>, format = DateTime, nullable = false,
        pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    recorded_to: Option<Instant>,
    /// Only events after this position
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
    after: Option<AnyPosition>,
    /// Only what is known up to this position, which events and what became of them (default: the log's
    /// end). All pages are of the same.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
    up_to: Option<AnyPosition>,
    /// With what the events say in private
    #[param(nullable = false)]
    private: Option<bool>,
    /// At most so many on a page (default: 100); fewer, where they are longer than 4 MiB together
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<Limit>,
    /// The page that `next` of the one before names. It fixes all but `limit`.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]{12,}$")]
    page: Option<String>,
}

/// A page, as its token keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Filters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded_from: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded_to: Option<Instant>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    after: u64,
    up_to: Option<u64>,
}

/// Types, parted by commas.
#[derive(Debug)]
struct Kinds(Vec<Kind>);

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let kinds: Result<Vec<Kind>, String> = text.split(',').map(str::parse).collect();
        kinds.map(Self).map_err(serde::de::Error::custom)
    }
}

/// A page of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// The events, ascending by position.
    events: Vec<Shown>,
    /// What `page` is for the next ones; null, where there are no more.
    next: Option<String>,
}

/// An event of the trail.
#[derive(Debug, Serialize, ToSchema)]
struct Shown {
    #[schema(value_type = u64)]
    position: Position,
    /// With `source`, the idempotency key. Null, where it would tell a developer who complained or reported.
    id: Option<String>,
    source: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = EventType)]
    kind: Kind,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    time: Instant,
    /// When the ledger took it.
    #[schema(value_type = String, format = DateTime)]
    recordedtime: Instant,
    subject: String,
    /// The developer that the subject is or belongs to.
    developer: Option<String>,
    /// Who appended it, where that is told; not to a developer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    actor: Option<String>,
    #[schema(value_type = Object)]
    data: Value,
    /// What it says in private, where that is asked for and still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false, nullable = false)]
    private: Option<Value>,
    /// The position of the event that makes it disregarded.
    #[schema(value_type = Option<u64>)]
    retracted_by: Option<Position>,
}

/// Read events
///
/// Ascending by position, in pages. A developer is shown its own, without who complained or reported.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "listEvents", tag = "events",
    params(Asked),
    responses(
        (status = 200, description = "A page of events", body = Page,
            headers(("Standing-Position" = u64), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 403, description = "The token does not allow it"),
        (status = 503, description = "The log cannot be read now"),
    ),
)]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Query(mut asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let limit = asked.limit.take().unwrap_or_default().0;
    let mut filters = asked.filters()?;
    if let Some(own) = caller.own_developer() {
        let others = filters
            .developer
            .as_deref()
            .is_some_and(|asked| asked != own);
        if others || filters.private {
            let message = "a developer is shown its own events, without what they say in private";
            return Err(Problem::new(Code::AccessDenied, message));
        }
        filters.developer = Some(own.to_owned());
    }
    let head = service.ledger.head().await?.position;
    let up_to = Position(filters.up_to.unwrap_or(head.0).min(head.0));
    filters.up_to = Some(up_to.0);
    // Happenings are found by looking through what is recorded.
    let _turn = match filters.from.or(filters.to) {
        Some(_) => Some(service.current.long_question().await?),
        None => None,
    };
    let (page, more) = read(&*service.ledger, &filters, limit).await?;
    let next = match page.last() {
        Some(last) if more => {
            filters.after = last.position.0;
            Some(page::token(RESOURCE, &filters)?)
        }
        _ => None,
    };
    let lines = lines(&*service.ledger, page, filters.private, up_to).await?;
    let shown = |line| Shown::new(line, caller.own_developer().is_some());
    let events = lines.into_iter().map(shown).collect();
    Ok(Answer::json(&Page { events, next })?.at(up_to).to(&has))
}

/// The events of a page, and whether there are more: as many as are wanted, or as are not too long together.
async fn read(
    ledger: &dyn Ledger,
    filters: &Filters,
    limit: usize,
) -> Result<(Vec<StoredEvent>, bool), Problem> {
    let mut query = filters.query(0);
    let (mut page, mut bytes): (Vec<StoredEvent>, _) = (Vec::new(), 0);
    loop {
        query.limit = AT_ONCE.min(limit + 1 - page.len());
        let found = ledger.read(&query).await?;
        let all = found.len() < query.limit;
        for event in found {
            if page.len() == limit || (bytes > 0 && bytes + event.json.len() > PAGE_BYTES_MAX) {
                return Ok((page, true));
            }
            bytes += event.json.len();
            query.after = event.position;
            page.push(event);
        }
        if all {
            return Ok((page, false));
        }
    }
}

impl Asked {
    /// What was asked for, of the query or of the page that it names.
    fn filters(self) -> Result<Filters, Problem> {
        let named = Filters {
            subject: self.subject,
            developer: self.developer,
            kinds: self.kinds.map(|kinds| kinds.0).unwrap_or_default(),
            from: self.from,
            to: self.to,
            recorded_from: self.recorded_from,
            recorded_to: self.recorded_to,
            private: self.private.unwrap_or_default(),
            after: self.after.map_or(0, |after| after.0),
            up_to: self.up_to.map(|up_to| up_to.0),
        };
        match self.page {
            None => Ok(named),
            Some(page) if named == Filters::default() => page::of_token(RESOURCE, &page),
            Some(_) => {
                let message = "a page is named alone, or with `limit`: it fixes what was asked for";
                Err(Problem::new(Code::ParameterInvalid, message).at("?page"))
            }
        }
    }
}

impl Filters {
    fn query(&self, limit: usize) -> ledger::Query {
        let up_to = Position(self.up_to.unwrap_or_default());
        ledger::Query {
            after: Position(self.after).min(up_to),
            up_to: Some(up_to),
            subjects: self.subject.iter().cloned().collect(),
            developer: self.developer.clone(),
            kinds: self.kinds.clone(),
            from: self.from,
            to: self.to,
            recorded_from: self.recorded_from,
            recorded_to: self.recorded_to,
            limit,
        }
    }
}

impl Shown {
    /// A line of the trail; to a developer, who complained or reported is not told.
    fn new(line: Line, to_developer: bool) -> Self {
        let told = !(to_developer && hides_reporter(line.kind));
        let data = match to_developer {
            true => redacted(line.kind, line.data),
            false => line.data,
        };
        Self {
            position: line.position,
            id: Some(line.id).filter(|_| told),
            source: Some(line.source).filter(|_| told),
            kind: line.kind,
            time: line.time,
            recordedtime: line.recordedtime,
            subject: line.subject,
            developer: line.developer,
            actor: line.actor.filter(|_| !to_developer),
            data,
            private: line.private,
            retracted_by: line.retracted_by,
        }
    }
}
