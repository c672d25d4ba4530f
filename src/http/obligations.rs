//! `GET /v1/obligations`: who owes what, the most urgent first.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use standing_projections::{Instant, Position};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::current::is_known;
use super::extract::{AnyPosition, Query};
use super::headers::{Answer, Has};
use super::page::{self, Limit};
use super::problem::Code;
use super::{Problem, Service};
use crate::access::Caller;
use crate::readmodel::{Owed, OwedAfter, Which};

/// What tokens of these pages are of.
const RESOURCE: &str = "obligations";

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(obligations))
}

/// Which obligations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only those in this state (default: those that are not met, `open` and `overdue`)
    #[param(inline, nullable = false)]
    state: Option<InState>,
    /// Only those of the developer, or of the platform
    #[param(inline, nullable = false)]
    owner: Option<Owner>,
    /// Only those about apps of this developer
    #[param(nullable = false)]
    developer: Option<String>,
    /// At most so many on a page (default: 100)
    #[param(value_type = Option<u64>, minimum = 1, maximum = 1000, nullable = false)]
    limit: Option<Limit>,
    /// The page that `next` of the one before names. It fixes all but `limit` and `min_position`.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]{12,}$")]
    page: Option<String>,
    /// Wait until that position of the log is known
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
    min_position: Option<AnyPosition>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum InState {
    Open,
    Overdue,
    Met,
    Withdrawn,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Owner {
    Developer,
    Platform,
}

/// What is asked for, as a token keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Filters {
    state: Option<InState>,
    owner: Option<Owner>,
    developer: Option<String>,
    after: Option<OwedAfter>,
}

/// A page of obligations
#[derive(Debug, Serialize, ToSchema)]
struct Obligations {
    /// By due instant; those whose due instant is not known come last.
    obligations: Vec<Obligation>,
    /// What `page` is for the next ones; null, where there are no more.
    next: Option<String>,
}

/// Something owed (SPEC §8)
#[derive(Debug, Serialize, ToSchema)]
struct Obligation {
    developer: String,
    app: String,
    /// `developer` or `platform`.
    owner: String,
    kind: String,
    /// Of which violation.
    code: Option<String>,
    /// The position of the event behind it.
    #[schema(value_type = u64)]
    cause: Position,
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// By when; null, where the calendar lacks a year.
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    met_at: Option<Instant>,
    late: bool,
    /// `open`, `overdue`, `met` or `withdrawn`, at the instant that the header names.
    state: String,
}

/// Read who owes what
///
/// It is of the read model, at the position and the instant that the headers name. A developer is shown
/// what concerns its own apps.
#[utoipa::path(
    get, path = "/v1/obligations", tag = "obligations", operation_id = "obligations",
    params(Asked),
    responses(
        (status = 200, description = "A page of obligations", body = Obligations,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 404, description = "The log has no position `min_position`"),
    ),
)]
async fn obligations(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or_default().0;
    let min = asked.min_position.map(Position::from);
    let mut filters = asked.filters()?;
    if let Some(own) = caller.own_developer() {
        let own = own.to_owned();
        if filters.developer.get_or_insert_with(|| own.clone()) != &own {
            let detail = "a developer is shown what concerns its own apps";
            return Err(Problem::new(Code::AccessDenied, detail));
        }
    }
    service.current.tables_know(min).await?;
    let which = Which {
        states: match filters.state {
            None => &["open", "overdue"],
            Some(InState::Open) => &["open"],
            Some(InState::Overdue) => &["overdue"],
            Some(InState::Met) => &["met"],
            Some(InState::Withdrawn) => &["withdrawn"],
        },
        owner: filters.owner.map(|owner| match owner {
            Owner::Developer => "developer",
            Owner::Platform => "platform",
        }),
        developer: filters.developer.as_deref(),
        after: filters.after.as_ref(),
    };
    let reader = &service.current.reader;
    let (at, mut found) = reader.obligations(&which, limit + 1).await?;
    is_known(min, at.position)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = match found.last() {
        Some(last) if more => {
            filters.after = Some((last.due, last.app.clone(), last.number));
            Some(page::token(RESOURCE, &filters)?)
        }
        _ => None,
    };
    let obligations = found.into_iter().map(Obligation::from).collect();
    let rules = service.current.rules_of(&at).await?;
    let answer = Answer::json(&Obligations { obligations, next })?.by_any(rules);
    Ok(answer.at(at.position).of_instant(at.as_of).to(&has))
}

impl Asked {
    /// What was asked for, of the query or of the page that it names.
    fn filters(self) -> Result<Filters, Problem> {
        let Some(token) = self.page else {
            return Ok(Filters {
                state: self.state,
                owner: self.owner,
                developer: self.developer,
                after: None,
            });
        };
        if self.state.is_some() || self.owner.is_some() || self.developer.is_some() {
            let detail = "a page fixes what is asked for: leave the other parameters out";
            return Err(Problem::new(Code::ParameterInvalid, detail).at("?page"));
        }
        page::of_token(RESOURCE, &token)
    }
}

impl From<Owed> for Obligation {
    fn from(owed: Owed) -> Self {
        Self {
            developer: owed.developer,
            app: owed.app,
            owner: owed.owner,
            kind: owed.kind,
            code: owed.code,
            cause: owed.cause,
            since: owed.since,
            due: owed.due,
            met_at: owed.met_at,
            late: owed.late,
            state: owed.state,
        }
    }
}
