//! `…/notices`: what a developer is told of each sanction, downgrade and termination.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use standing_projections::rulebook;
use standing_projections::{Instant, Position};
use utoipa::{IntoParams, ToSchema};

use super::asked::{self, Of, Question};
use crate::access::Caller;
use crate::history::KnownAt;
use crate::http::extract::{AnyPosition, Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::page::{self, Limit};
use crate::http::problem::Code;
use crate::http::versions::Known;
use crate::http::{Problem, Service};
use crate::notices::{self, Notice, Told};

/// What tokens of these pages are of.
const RESOURCE: &str = "notices";

/// Of which instants, and in which language.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only what had happened by then counts (default: now)
    #[param(value_type = Option<String>, format = DateTime, nullable = false,
        pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
    as_of: Option<Instant>,
    /// Only what was known then: an instant, or a position as `@1234` (default: now)
    #[param(value_type = Option<String>, nullable = false, example = "@1234",
        schema_with = crate::http::versions::known_schema)]
    known_at: Option<Known>,
    /// In which language (default: `en`)
    #[param(inline, nullable = false)]
    lang: Option<Lang>,
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

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Lang {
    #[default]
    En,
    Zh,
}

impl From<Lang> for rulebook::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

/// A page, as its token keeps it: all pages are of the same instants.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    developer: String,
    as_of: Instant,
    known_at: Position,
    lang: Lang,
    /// The notice that the page before ended with.
    after: String,
}

/// A page of notices
#[derive(Serialize, ToSchema)]
struct Notices<'a> {
    /// By the instant of what they tell, as `standing notices` prints them. `text` is the letter.
    #[schema(value_type = Vec<Object>)]
    notices: Vec<Told<'a, Notice>>,
    /// What `page` is for the next ones; null, where there are no more.
    next: Option<String>,
}

/// Read what a developer is told
///
/// Of each sanction, downgrade and termination by a month's incidents: what happened, by which events and
/// clauses, the measures with their dates, what is to be done by when, and how to appeal. Nobody who
/// complained or reported is named.
#[utoipa::path(
    get, path = "/v1/developers/{developer}/notices", tag = "standing", operation_id = "notices_of_developer",
    params(("developer" = String, Path, description = "The developer"), Asked),
    responses(
        (status = 200, description = "A page of notices", body = Notices,
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The page is the one that `If-None-Match` names"),
        (status = 404, description = "Nobody was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "Too much would have to be looked through"),
    ),
)]
pub(super) async fn of_developer(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or_default().0;
    let min_position = asked.min_position.map(Position::from);
    let (asked, lang, after) = asked.page(&id)?;
    let asked = asked::Asked {
        min_position,
        ..asked
    };
    let question = Question::resolve(&service, &caller, (Of::Developer, &id), asked).await?;
    question.can_be_walked()?;
    let _turn = service.current.long_question().await?;
    let of = notices::Asked {
        ledger: &*service.ledger,
        names: &question.names,
        timeline: &question.timeline,
        ask: question.ask,
        lang: lang.into(),
    };
    let gone = || Problem::new(Code::SubjectUnknown, "not registered at that instant");
    let found = of.of(&question.developer).await?.ok_or_else(gone)?.notices;
    let begin = match after {
        None => 0,
        Some(after) => {
            let place = found.iter().position(|notice| notice.id == after);
            let unknown = || Problem::new(Code::PageInvalid, "there is no such page").at("?page");
            place.ok_or_else(unknown)? + 1
        }
    };
    let (shown, more) = match found[begin..].split_at_checked(limit) {
        Some((shown, rest)) => (shown, !rest.is_empty()),
        None => (&found[begin..], false),
    };
    let next = match shown.last() {
        Some(last) if more => Some(page::token(
            RESOURCE,
            &Page {
                developer: id.clone(),
                as_of: question.ask.as_of,
                known_at: question.ask.known_at,
                lang,
                after: last.id.clone(),
            },
        )?),
        _ => None,
    };
    let zone = question.timeline.zone();
    let told = |notice| Told::of_notice(notice, zone, lang.into());
    let notices = shown.iter().map(told).collect();
    let answer = Answer::json(&Notices { notices, next })?;
    Ok(question.say(answer).to(&has))
}

impl Asked {
    /// What was asked for, of the query or of the page that it names, and the notice that is gone on after.
    fn page(self, developer: &str) -> Result<(asked::Asked, Lang, Option<String>), Problem> {
        let Some(token) = self.page else {
            let asked = asked::Asked {
                as_of: self.as_of,
                known_at: self.known_at,
                ..asked::Asked::default()
            };
            return Ok((asked, self.lang.unwrap_or_default(), None));
        };
        if self.as_of.is_some() || self.known_at.is_some() || self.lang.is_some() {
            let detail = "a page fixes what is asked for: leave the other parameters out";
            return Err(Problem::new(Code::ParameterInvalid, detail).at("?page"));
        }
        let page: Page = page::of_token(RESOURCE, &token)?;
        if page.developer != developer {
            let detail = "this is a page of another developer's notices";
            return Err(Problem::new(Code::PageInvalid, detail).at("?page"));
        }
        let asked = asked::Asked {
            as_of: Some(page.as_of),
            known_at: Some(Known::from(KnownAt::Position(page.known_at))),
            ..asked::Asked::default()
        };
        Ok((asked, page.lang, Some(page.after)))
    }
}
