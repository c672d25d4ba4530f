//! `…/explain`: why somebody stands as it does.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use standing_projections::explain::{self, EventNote, Subject, tree};
use standing_projections::rulebook;
use standing_projections::{Assessor, LocalMonth};
use utoipa::ToSchema;

use super::asked::{Of, Question, asked};
use crate::access::{Caller, hides_reporter, redacted};
use crate::history::explained;
use crate::http::extract::{Path, Query};
use crate::http::headers::{Answer, Has};
use crate::http::problem::Code;
use crate::http::{Problem, Service};

/// The most events that an explanation tells.
const EVIDENCE: usize = 20_000;

asked! {
    /// Of which instants, by which rules, and how it is told.
    struct Asked {
        /// Only what happened in this local month
        #[param(value_type = Option<String>, nullable = false, example = "2015-03", pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-(0[1-9]|1[0-2])$")]
        month: Option<Month>,
        /// In which language (default: `en`)
        #[param(inline, nullable = false)]
        lang: Option<Lang>,
        /// As a graph in JSON, or as a tree for people (default: `json`)
        #[param(inline, nullable = false)]
        format: Option<Format>,
    }
}

/// A local month as a parameter.
#[derive(Clone, Copy, Debug)]
struct Month(LocalMonth);

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Lang {
    En,
    Zh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Text,
}

/// Explain why a developer stands as it does
///
/// With `format=text` as a tree that people read, else as a graph. A developer is not told who complained
/// or reported.
#[utoipa::path(
    get, path = "/v1/developers/{developer}/explain", tag = "standing", operation_id = "explain_developer",
    params(("developer" = String, Path, description = "The developer"), Asked),
    responses(
        (status = 200, description = "Why it stands so", content(
            (Object = "application/json"), (String = "text/plain; charset=utf-8")),
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
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
    answer(&service, &caller, (Of::Developer, &id), &asked, &has).await
}

/// Explain why an app stands as it does
#[utoipa::path(
    get, path = "/v1/apps/{app}/explain", tag = "standing", operation_id = "explain_app",
    params(("app" = String, Path, description = "The app"), Asked),
    responses(
        (status = 200, description = "Why it stands so", content(
            (Object = "application/json"), (String = "text/plain; charset=utf-8")),
            headers(("Standing-Position" = u64), ("Standing-As-Of" = String),
                ("Standing-Rulebook" = String), ("ETag" = String))),
        (status = 304, description = "The answer is the one that `If-None-Match` names"),
        (status = 404, description = "Nothing was registered by that id, or there was nothing to judge by"),
        (status = 422, description = "Too much would have to be looked through"),
    ),
)]
pub(super) async fn of_app(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    has: Has,
) -> Result<Response, Problem> {
    answer(&service, &caller, (Of::App, &id), &asked, &has).await
}

async fn answer(
    service: &Service,
    caller: &Caller,
    of: (Of, &str),
    asked: &Asked,
    has: &Has,
) -> Result<Response, Problem> {
    let question = Question::resolve(service, caller, of, asked.asked()).await?;
    if asked.month.is_none() {
        question.can_be_walked()?;
    }
    let _turn = question.turn(service).await?;
    let mut assessor = Assessor::new(&question.names, &question.timeline, question.ask);
    let standing = tokio::task::block_in_place(|| assessor.standing(&question.developer));
    let gone = || Problem::new(Code::SubjectUnknown, "not registered at that instant");
    let standing = standing.ok_or_else(gone)?;
    let subject = question.app.as_deref();
    let explained_of = explain::Question {
        standing: &standing,
        timeline: &question.timeline,
        subject: subject.map_or(Subject::Developer, Subject::App),
        month: asked.month.map(|month| month.0),
        lang: match asked.lang {
            Some(Lang::Zh) => rulebook::Lang::Zh,
            _ => rulebook::Lang::En,
        },
    };
    if question.developer.len() > EVIDENCE {
        let events = tokio::task::block_in_place(|| explain::events_needed(&explained_of).len());
        if events > EVIDENCE {
            let detail = format!(
                "the explanation has {events} events, and at most {EVIDENCE} are told here: ask the command line"
            );
            return Err(Problem::new(Code::TooLarge, detail));
        }
    }
    let own = caller.own_developer().is_some();
    let show = |note| if own { without_reporter(note) } else { note };
    let graph = explained(&*service.ledger, &explained_of, show).await?;
    let answer = match asked.format {
        Some(Format::Text) => {
            let text = tree(&graph).to_string();
            Answer::new("text/plain; charset=utf-8", text)
        }
        _ => Answer::json(&graph)?,
    };
    Ok(question.say(answer).to(has))
}

/// What of an event a developer may be told.
fn without_reporter(mut note: EventNote) -> EventNote {
    if hides_reporter(note.kind) {
        note.id.clear();
        note.source.clear();
    }
    note.data = redacted(note.kind, note.data);
    note
}
