//! What an answer's parts followed from, so that what cannot be otherwise is not judged again.
//!
//! Mostly one app of a developer is told something at a time. What an app's part of an answer follows from is
//! its own facts, the rules, what is disregarded, whether its developer cooperates, and time, of
//! which it is known how long it changes nothing. Where all of that is as it was, so is the part.

use std::sync::Arc;

use crate::app::AppFold;
use crate::assess::{Ask, Assessor, Judged, Known};
use crate::developers::{Cooperation, DeveloperStep, Ended, Ending};
use crate::event::Position;
use crate::facts::{AppFacts, DeveloperFacts};
use crate::horizon::Horizon;
use crate::rules::{Identity, Timeline};
use crate::standing::{Standing, Status};
use crate::time::Instant;

/// What the parts of an answer about a developer followed from.
#[derive(Clone, Debug)]
pub struct Recall {
    timeline: Identity,
    /// The index of the rules at the instant asked about.
    rules: usize,
    ask: Ask,
    disregarded: Vec<Position>,
    status: Status,
    endings: Vec<Ending>,
    ended: Vec<Ended>,
    /// By app.
    parts: Vec<Part>,
}

/// Of an app: which facts its part followed from, until when it is so, and the steps among them.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    facts: Arc<AppFacts>,
    horizon: Horizon,
    steps: Arc<[DeveloperStep]>,
}

impl Part {
    pub(crate) const fn horizon(&self) -> &Horizon {
        &self.horizon
    }

    pub(crate) fn steps(&self) -> &[DeveloperStep] {
        &self.steps
    }
}

impl Recall {
    fn of(judged: Judged<'_, '_>, developer: &DeveloperFacts, timeline: &Timeline) -> Self {
        let cooperation = judged.cooperation;
        let part = |app: &AppFold<'_>| Part {
            facts: developer.apps()[app.place].clone(),
            horizon: app.horizon,
            steps: app.steps().iter().map(DeveloperStep::from).collect(),
        };
        let mut parts = judged.same;
        parts.extend(judged.apps.iter().map(|app| (app.place, part(app))));
        parts.sort_unstable_by_key(|(place, _)| *place);
        Self {
            timeline: timeline.identity().clone(),
            rules: timeline.index_at(judged.known.ask().as_of),
            ask: judged.known.ask(),
            disregarded: judged.known.disregarded().to_vec(),
            status: cooperation.status,
            endings: cooperation.endings.clone(),
            ended: cooperation.ended.clone(),
            parts: parts.into_iter().map(|(_, part)| part).collect(),
        }
    }

    /// Whether it is of the same rules, and of what is known and disregarded now.
    pub(crate) fn goes_on(&self, timeline: &Timeline, ask: Ask, known: &Known) -> bool {
        self.timeline == *timeline.identity()
            && self.rules == timeline.index_at(ask.as_of)
            && self.ask.as_of <= ask.as_of
            && self.ask.known_at <= ask.known_at
            && self.disregarded == known.disregarded()
    }

    /// Of an app whose part is as it was, as far as its own facts go.
    pub(crate) fn part(&self, app: &Arc<AppFacts>, as_of: Instant) -> Option<&Part> {
        let place = self
            .parts
            .binary_search_by(|part| part.facts.id.cmp(&app.id));
        let part = &self.parts[place.ok()?];
        // While a part is kept its facts are never changed, but replaced.
        let same = Arc::ptr_eq(&part.facts, app) && app.last() <= self.ask.known_at;
        (same && part.horizon.next().is_none_or(|next| as_of < next)).then_some(part)
    }

    /// Whether the developer cooperates as it did, as far as its apps depend on it.
    pub(crate) fn cooperates(&self, now: &Cooperation<'_>) -> bool {
        (self.status, &self.endings, &self.ended) == (now.status, &now.endings, &now.ended)
    }
}

/// An answer once more.
#[derive(Debug)]
pub struct Again<'a> {
    /// The standing, as it is printed, with those apps only that may stand otherwise than before.
    pub standing: Standing<'a>,
    /// The other apps, by id: they stand as they did.
    pub same: Vec<&'a str>,
    /// What to go on from the next time.
    pub recall: Recall,
}

impl<'a> Assessor<'a> {
    /// As [`Assessor::as_printed`], going on from what is known of an earlier answer about the developer:
    /// only what may be otherwise is judged. What is not earlier, or by other rules, is of no use,
    /// and then everything is judged.
    ///
    /// ```
    /// # use standing_projections::*;
    /// # use standing_projections::{facts::History, rulebook::preset, rules::Timeline};
    /// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
    /// #     Event::from_json(&serde_json::json!({
    /// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
    /// #         "time": "2016-01-01T00:00:00Z", "subject": subject, "data": data,
    /// #     })).unwrap()
    /// # };
    /// # let registered = |app: &str| {
    /// #     let data = serde_json::json!({"developer": "d1", "name": "A", "channel": "general"});
    /// #     event(app, "app.registered", app, data)
    /// # };
    /// # let data = serde_json::json!({"name": "D", "kind": "service"});
    /// # let events = [event("1", "developer.registered", "d1", data), registered("a1"), registered("a2")];
    /// # let mut history = History::of((1..).map(Position).zip(&events));
    /// # let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    /// # let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    /// # let as_of = "2016-02-01T00:00:00Z".parse().unwrap();
    /// let ask = |known_at| Ask { as_of, known_at };
    /// let developer = history.shared("d1").unwrap();
    /// let names = history.shared_names();
    /// let mut assessor = Assessor::new(&names, &timeline, ask(Position(3)));
    /// let first = assessor.again(&developer, None).unwrap();
    /// assert_eq!((first.standing.apps.len(), first.same.len()), (2, 0));
    ///
    /// let approved = event("4", "review.approved", "a1", serde_json::json!({"stage": "copy"}));
    /// history.add(Position(4), &approved, None);
    /// let developer = history.shared("d1").unwrap();
    /// let mut assessor = Assessor::new(&names, &timeline, ask(Position(4)));
    /// let then = assessor.again(&developer, Some(&first.recall)).unwrap();
    /// assert_eq!(then.standing.apps[0].app, "a1");
    /// assert_eq!(then.same, ["a2"]);
    /// ```
    pub fn again(
        &mut self,
        developer: &'a DeveloperFacts,
        before: Option<&Recall>,
    ) -> Option<Again<'a>> {
        let (names, timeline, as_of) = (self.names(), self.timeline(), self.as_of());
        let judged = self.judge_but(developer, before)?;
        let app = |app: &AppFold<'a>, _: &Cooperation<'a>| app.printed(names, timeline, as_of);
        let same = judged.same.iter();
        Some(Again {
            standing: judged.standing(developer, timeline, app),
            same: same
                .map(|(place, _)| &*developer.apps()[*place].id)
                .collect(),
            recall: Recall::of(judged, developer, timeline),
        })
    }
}
