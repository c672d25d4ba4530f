//! `assess`: one developer's facts, the rulebooks and two instants in; its standing out.
//!
//! Every rule is in a module of its own; this one brings the facts before them in order: first those
//! of each app, then the developer's steps and acts, then what follows from both. An [`Assessor`]
//! does it for one developer after the other, in the same room.

use std::cell::Cell;

use crate::app::{AppFold, Grounds};
use crate::certification::Today;
use crate::developers::{Cooperation, DeveloperStep};
use crate::event::Position;
use crate::facts::{DeveloperFacts, Fact, Names, Retraction};
use crate::horizon::Horizon;
use crate::obligations::Desk;
use crate::order::Runs;
use crate::recall::{Part, Recall};
use crate::retraction::{counting, disregarded};
use crate::rules::Timeline;
use crate::standing::{AppStanding, Standing};
use crate::time::Instant;

/// What is asked: the standing *as of* an instant, *as known at* a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Only events with `time` up to it count.
    pub as_of: Instant,
    /// Only events up to it are known.
    pub known_at: Position,
}

/// Which of a developer's events count: those known, not disregarded, and not after the instant.
#[derive(Debug)]
pub(crate) struct Known {
    ask: Ask,
    disregarded: Vec<Position>,
    /// Between these positions, themselves left out, every event counts: facts come nearly in the order
    /// of their positions, so the next one mostly lies there too.
    clear: Cell<(Position, Position)>,
}

impl Known {
    fn new(developer: &DeveloperFacts, ask: Ask) -> Self {
        Self {
            ask,
            disregarded: disregarded(developer.retractions(), ask.known_at),
            clear: Cell::new((Position(0), Position(0))),
        }
    }

    pub(crate) const fn ask(&self) -> Ask {
        self.ask
    }

    /// The events that are known and do not count, ascending.
    pub(crate) fn disregarded(&self) -> &[Position] {
        &self.disregarded
    }

    /// The retractions behind that: those that are known and not disregarded themselves.
    fn behind(&self, developer: &DeveloperFacts) -> Vec<Retraction> {
        counting(
            developer.retractions(),
            self.ask.known_at,
            &self.disregarded,
        )
    }

    pub(crate) fn knows(&self, position: Position) -> bool {
        let (after, before) = self.clear.get();
        (after < position && position < before) || self.looks_up(position)
    }

    fn looks_up(&self, position: Position) -> bool {
        if position > self.ask.known_at {
            return false;
        }
        let Err(place) = self.disregarded.binary_search(&position) else {
            return false;
        };
        let after = place.checked_sub(1).map(|last| self.disregarded[last]);
        let unknown = Position(self.ask.known_at.0.saturating_add(1));
        let before = self.disregarded.get(place).copied();
        self.clear.set((
            after.unwrap_or_default(),
            before.map_or(unknown, |next| next.min(unknown)),
        ));
        true
    }

    /// The facts that have happened, none later than `until`; of those to come that are known, the first is on
    /// the horizon.
    fn happened<'f>(
        &self,
        facts: &'f [Fact],
        until: Option<Instant>,
        horizon: &mut Horizon,
    ) -> &'f [Fact] {
        let as_of = self.ask.as_of;
        if until.is_none_or(|until| until <= as_of) {
            return facts;
        }
        let (past, coming) = facts.split_at(facts.partition_point(|fact| fact.time() <= as_of));
        if let Some(next) = coming.iter().find(|fact| self.knows(fact.position())) {
            horizon.see(next.time());
        }
        past
    }

    /// Those of the facts that have happened, are known and not disregarded; none is later than `until`.
    pub(crate) fn counting<'f>(
        &'f self,
        facts: &'f [Fact],
        until: Option<Instant>,
        horizon: &mut Horizon,
    ) -> impl Iterator<Item = Fact> + use<'f> {
        let facts = self.happened(facts, until, horizon).iter().copied();
        facts.filter(|fact| self.knows(fact.position()))
    }
}

/// Judges one developer after the other by the same rules, at the same instants.
#[derive(Debug)]
pub struct Assessor<'a> {
    names: &'a Names,
    timeline: &'a Timeline,
    ask: Ask,
    today: Today,
    desk: Desk,
    /// Room for as many apps as any developer had so far.
    apps: Vec<AppFold<'a>>,
    steps: Runs<DeveloperStep>,
    acts: Vec<Fact>,
    cooperation: Cooperation<'a>,
}

/// What a developer's facts come to.
pub(crate) struct Judged<'j, 'a> {
    pub(crate) apps: &'j [AppFold<'a>],
    /// The apps that were not judged again, by their places.
    pub(crate) same: Vec<(usize, Part)>,
    pub(crate) cooperation: &'j Cooperation<'a>,
    pub(crate) known: Known,
    pub(crate) next_change: Option<Instant>,
}

impl<'a> Judged<'_, 'a> {
    /// As a standing, with those apps that were judged.
    pub(crate) fn standing(
        &self,
        developer: &'a DeveloperFacts,
        timeline: &Timeline,
        app: impl Fn(&AppFold<'a>, &Cooperation<'a>) -> AppStanding<'a>,
    ) -> Standing<'a> {
        let (cooperation, ask) = (self.cooperation, self.known.ask);
        let apps = self.apps.iter();
        Standing {
            developer: &developer.id,
            status: cooperation.status,
            status_since: cooperation.status_since,
            grade: cooperation.grade,
            months: cooperation.printed(),
            apps: apps.map(|one| app(one, cooperation)).collect(),
            status_cause: cooperation.status_cause,
            grade_cause: cooperation.grade_cause,
            initial_grade: cooperation.initial_grade,
            turns: cooperation.turns.clone(),
            disregarded: self.known.behind(developer),
            ask,
            rules: timeline.index_at(ask.as_of),
            next_change: self.next_change,
        }
    }
}

impl<'a> Assessor<'a> {
    /// By these rules, at these instants; the rules are read in these names.
    #[must_use]
    pub fn new(names: &'a Names, timeline: &'a Timeline, ask: Ask) -> Self {
        Self {
            names,
            timeline,
            ask,
            today: Today::of(timeline, ask.as_of),
            desk: Desk::new(names),
            apps: Vec::new(),
            steps: Runs::new(),
            acts: Vec::new(),
            cooperation: Cooperation::new(),
        }
    }

    /// Goes on by other rules.
    pub fn judge_by(&mut self, timeline: &'a Timeline) {
        self.timeline = timeline;
        self.today = Today::of(timeline, self.ask.as_of);
    }

    /// The standing of a developer; none where its registration does not count.
    pub fn standing(&mut self, developer: &'a DeveloperFacts) -> Option<Standing<'a>> {
        let (names, timeline, as_of) = (self.names, self.timeline, self.ask.as_of);
        let judged = self.judge(developer)?;
        let app = |app: &AppFold<'a>, cooperation: &Cooperation<'a>| {
            app.standing(names, timeline, cooperation, as_of)
        };
        Some(judged.standing(developer, timeline, app))
    }

    /// The same, with apps without what only explains them: their score's terms, steps, intervals and
    /// uncounted complaints are empty. It is for whoever wants what is printed, and soon.
    ///
    /// ```
    /// # use standing_projections::*;
    /// # use standing_projections::{facts::History, rules::Timeline, rulebook::preset};
    /// # let event = Event::from_json(&serde_json::json!({
    /// #     "specversion": "1.0", "id": "1", "source": "/desk", "type": "developer.registered",
    /// #     "time": "2016-01-01T00:00:00Z", "subject": "d1", "data": {"name": "D", "kind": "service"},
    /// # })).unwrap();
    /// # let history = History::of([(Position(1), &event)]);
    /// # let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    /// # let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    /// # let ask = Ask { as_of: "2016-02-01T00:00:00Z".parse().unwrap(), known_at: history.head() };
    /// let mut assessor = Assessor::new(history.names(), &timeline, ask);
    /// let developer = &history.developers()[0];
    /// let text = |standing| serde_json::to_string(&standing).unwrap();
    /// let printed = text(assessor.as_printed(developer).unwrap());
    /// assert_eq!(printed, text(assessor.standing(developer).unwrap()));
    /// ```
    pub fn as_printed(&mut self, developer: &'a DeveloperFacts) -> Option<Standing<'a>> {
        let (names, timeline, as_of) = (self.names, self.timeline, self.ask.as_of);
        let judged = self.judge(developer)?;
        let app = |app: &AppFold<'a>, _: &Cooperation<'a>| app.printed(names, timeline, as_of);
        Some(judged.standing(developer, timeline, app))
    }

    pub(crate) const fn timeline(&self) -> &'a Timeline {
        self.timeline
    }

    pub(crate) const fn names(&self) -> &'a Names {
        self.names
    }

    pub(crate) const fn as_of(&self) -> Instant {
        self.ask.as_of
    }

    pub(crate) fn judge(&mut self, developer: &'a DeveloperFacts) -> Option<Judged<'_, 'a>> {
        self.judge_but(developer, None)
    }

    /// Judges a developer, but for those apps of it that stand as they did.
    pub(crate) fn judge_but(
        &mut self,
        developer: &'a DeveloperFacts,
        before: Option<&Recall>,
    ) -> Option<Judged<'_, 'a>> {
        let (ask, names, timeline) = (self.ask, self.names, self.timeline);
        if developer.registered > ask.as_of || developer.position > ask.known_at {
            return None;
        }
        let mut horizon = Horizon::new(ask.as_of);
        let known = Known::new(developer, ask);
        let before = before.filter(|before| before.goes_on(timeline, ask, &known));
        let mut same = Vec::new();
        let mut count = 0;
        self.steps.clear();
        let registered = developer.apps().iter().enumerate();
        for (place, app) in registered.filter(|(_, app)| app.position <= ask.known_at) {
            horizon.see(app.registered);
            if app.registered > ask.as_of {
                continue;
            }
            if let Some(part) = before.and_then(|before| before.part(app, ask.as_of)) {
                self.steps.all.extend(part.steps());
                same.push((place, part.clone()));
            } else {
                if count == self.apps.len() {
                    self.apps.push(AppFold::new(app, timeline, ask.as_of));
                }
                let fold = &mut self.apps[count];
                fold.take((place, app), &known, timeline, ask.as_of);
                let steps = fold.steps().iter().map(DeveloperStep::from);
                self.steps.all.extend(steps);
                count += 1;
            }
            self.steps.end_run(|step| step.at);
        }
        self.acts.clear();
        let acts = developer.acts();
        self.acts
            .extend(known.counting(acts, acts.last().map(|act| act.time()), &mut horizon));
        let cooperation = &mut self.cooperation;
        let steps = self.steps.finish(|step| step.at);
        cooperation.derive(developer, (names, timeline), steps, &self.acts);
        let depends = before.filter(|_| !same.is_empty());
        if depends.is_some_and(|before| !before.cooperates(cooperation)) {
            return self.judge_but(developer, None);
        }
        for rules in timeline.versions() {
            horizon.see(rules.effective_from);
        }
        let grounds = Grounds {
            names,
            timeline,
            known: &known,
            today: self.today,
            cooperation,
        };
        for app in &mut self.apps[..count] {
            app.follow(&grounds, &mut self.desk);
            horizon.see_all(&app.horizon);
        }
        for (_, part) in &same {
            horizon.see_all(part.horizon());
        }
        Some(Judged {
            apps: &self.apps[..count],
            same,
            cooperation: &self.cooperation,
            known,
            next_change: horizon.next(),
        })
    }
}

/// The standing of a developer; none where its registration does not count.
///
/// ```
/// # use standing_projections::*;
/// # use standing_projections::{facts::History, rules::Timeline, rulebook::preset};
/// let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
///     Event::from_json(&serde_json::json!({
///         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
///         "time": "2014-05-03T03:00:00Z", "subject": subject, "data": data,
///     })).unwrap()
/// };
/// let events = [
///     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
///     event("2", "app.registered", "a1",
///         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
///     event("3", "violation.found", "a1", serde_json::json!({"code": "bulk_scraping"})),
/// ];
/// let history = History::of((1..).map(Position).zip(&events));
/// let rulebook = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// let timeline = Timeline::new(vec![(Position(0), rulebook)], history.names()).unwrap();
/// let ask = Ask { as_of: "2014-05-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// let standing = assess(&history.developers()[0], history.names(), &timeline, ask).unwrap();
/// assert_eq!(standing.apps[0].months[0].tier, Level::new(2));
/// assert_eq!(standing.next_change.unwrap().to_string(), "2014-05-04T03:00:00.000001Z");
/// ```
#[must_use]
pub fn assess<'a>(
    developer: &'a DeveloperFacts,
    names: &'a Names,
    timeline: &'a Timeline,
    ask: Ask,
) -> Option<Standing<'a>> {
    Assessor::new(names, timeline, ask).standing(developer)
}
