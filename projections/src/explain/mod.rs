//! Why a standing is what it is.
//!
//! [`explain`] turns what [`assess`](crate::assess()) wrote down into a [`Graph`]: each tier,
//! sanction, measure, score and condition with the events and the clauses of the rulebook it
//! follows from, in sentences for an operator, an auditor, or the developer who disputes it. It
//! reads the decisions of the run and decides nothing: no rule may have a second copy here. It
//! fetches nothing either: [`events_needed`] says which events its caller is to look up first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::event::{Kind, Position};
use crate::rulebook::Lang;
use crate::rules::Timeline;
use crate::standing::Standing;
use crate::time::{Instant, LocalMonth};

mod app;
mod build;
mod developer;
mod duties;
mod graph;
mod index;
mod month;
mod phrases;
pub(crate) mod place;
mod plaza;
mod plaza_phrases;
mod rule;
mod rule_phrases;
mod state_phrases;
mod words;

pub use build::segment;
pub use graph::{Branch, Graph, Node, NodeKind, Tree, tree};
pub use words::word;

use build::Build;

/// Whose standing is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The developer's, with all its apps.
    Developer,
    /// That app's.
    App(&'a str),
}

/// What is to be explained, and how.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The answer that is asked about.
    pub standing: &'a Standing<'a>,
    /// The rulebooks it was given by.
    pub timeline: &'a Timeline,
    /// Whose part of it.
    pub subject: Subject<'a>,
    /// Only what belongs to this month; the present state too, where there is none.
    pub month: Option<LocalMonth>,
    /// In which language.
    pub lang: Lang,
}

/// What an explanation says of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventNote {
    /// Its id.
    pub id: String,
    /// Who sent it.
    pub source: String,
    /// When it happened.
    pub time: Instant,
    /// When the ledger took it, where that is known.
    pub recordedtime: Option<Instant>,
    /// Its type.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// Its `data`, or what of it may be shown.
    pub data: Value,
}

/// The explanation; without a root where the app is not in the standing.
///
/// An event that is missing from `events` is shown by its position alone.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use standing_projections::*;
/// # use standing_projections::{facts::History, rules::Timeline, rulebook::{Lang, preset}};
/// use standing_projections::explain::{Question, Subject, explain, tree};
/// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
/// #     Event::from_json(&serde_json::json!({
/// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
/// #         "time": "2014-05-03T03:00:00Z", "subject": subject, "data": data,
/// #     })).unwrap()
/// # };
/// # let events = [
/// #     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
/// #     event("2", "app.registered", "a1",
/// #         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
/// #     event("3", "violation.found", "a1", serde_json::json!({"code": "bulk_scraping"})),
/// # ];
/// # let history = History::of((1..).map(Position).zip(&events));
/// # let rulebook = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// # let timeline = Timeline::new(vec![(Position(0), rulebook)], history.names()).unwrap();
/// # let ask = Ask { as_of: "2014-05-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// # let standing = assess(&history.developers()[0], history.names(), &timeline, ask).unwrap();
/// let question = Question {
///     standing: &standing,
///     timeline: &timeline,
///     subject: Subject::App("a1"),
///     month: Some("2014-05".parse().unwrap()),
///     lang: Lang::En,
/// };
/// let graph = explain(&question, &BTreeMap::new());
/// let sanction = &graph.nodes["app:a1/2014-05/sanction:1"];
/// assert_eq!(sanction.because, [
///     "app:a1/2014-05/incident:1",
///     "rule:weibo@2013-10-01/sanctions[level=2,nth=1]",
/// ]);
/// assert!(tree(&graph).to_string().contains("no new user authorizations"));
/// ```
#[must_use]
pub fn explain(question: &Question<'_>, events: &BTreeMap<Position, EventNote>) -> Graph {
    let mut build = Build::new(question, events);
    let root = build.subject(question.subject);
    build.finish(root)
}

/// The events an explanation speaks of, to be looked up before it is asked for. It may be some
/// more than those: whose an event is that was taken back, only the event itself tells.
#[must_use]
pub fn events_needed(question: &Question<'_>) -> BTreeSet<Position> {
    let nothing = BTreeMap::new();
    let mut build = Build::new(question, &nothing);
    build.subject(question.subject);
    build.asked()
}

/// The id of the node of a month of an app. Those of its incidents and sanctions begin with it:
/// `…/incident:1`, `…/incident:1/step:2`, `…/sanction:1`.
#[must_use]
pub fn app_month_id(app: &str, month: LocalMonth) -> String {
    format!("app:{}/{month}", segment(app))
}

/// The id of the node of a month of a developer. What it did to the developer begins with it:
/// `…/downgrade`, `…/termination`.
#[must_use]
pub fn developer_month_id(developer: &str, month: LocalMonth) -> String {
    format!("developer:{}/{month}", segment(developer))
}
