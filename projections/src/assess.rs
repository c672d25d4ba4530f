//! `assess`: one developer's facts, the rulebooks and two instants in; its standing out.
//!
//! Every rule is in a module of its own; this one brings the facts before them in order. It reads
//! each app's facts once, then the developer's steps and acts, then what follows from both.

use std::cell::Cell;

use crate::certification::{self, Today};
use crate::developers::Cooperation;
use crate::event::{Kind, Position};
use crate::facts::{AppFacts, DeveloperFacts, Fact, Names, Retraction, Usage};
use crate::horizon::Horizon;
use crate::measures;
use crate::months;
use crate::obligations;
use crate::plaza::{self, Score};
use crate::provenance::{ScoreTerm, Step, UncountedComplaint};
use crate::retraction::{counting, disregarded};
use crate::review::Lifecycle;
use crate::rules::Timeline;
use crate::sanctions::{Sanction, sanctions};
use crate::standing::{AppMonth, AppStanding, Review, Standing};
use crate::tiers::Tiers;
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
struct Known {
    ask: Ask,
    today: Today,
    disregarded: Vec<Position>,
    /// Between these positions, themselves left out, every event counts: facts come nearly in the order
    /// of their positions, so the next one mostly lies there too.
    clear: Cell<(Position, Position)>,
}

impl Known {
    fn new(developer: &DeveloperFacts, timeline: &Timeline, ask: Ask) -> Self {
        Self {
            ask,
            today: Today::of(timeline, ask.as_of),
            disregarded: disregarded(developer.retractions(), ask.known_at),
            clear: Cell::new((Position(0), Position(0))),
        }
    }

    /// The retractions behind that: those that are known and not disregarded themselves.
    fn disregarded(&self, developer: &DeveloperFacts) -> Vec<Retraction> {
        counting(
            developer.retractions(),
            self.ask.known_at,
            &self.disregarded,
        )
    }

    fn knows(&self, position: Position) -> bool {
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

    /// The facts that have happened; of those to come that are known, the first is on the horizon.
    fn happened<'f>(&self, facts: &'f [Fact], horizon: &mut Horizon) -> &'f [Fact] {
        let as_of = self.ask.as_of;
        if facts.last().is_none_or(|last| last.time() <= as_of) {
            return facts;
        }
        let (past, coming) = facts.split_at(facts.partition_point(|fact| fact.time() <= as_of));
        if let Some(next) = coming.iter().find(|fact| self.knows(fact.position())) {
            horizon.see(next.time());
        }
        past
    }

    /// Those of the facts that are known and not disregarded.
    fn counting(&self, facts: &[Fact]) -> impl Iterator<Item = Fact> {
        let facts = facts.iter().copied();
        facts.filter(|fact| self.knows(fact.position()))
    }
}

/// What is folded over the facts of one app after the other.
struct Folds<'a> {
    tiers: Tiers<'a>,
    score: Score<'a>,
}

/// What an app's facts come to by themselves.
struct AppFold<'a> {
    app: &'a AppFacts,
    steps: Box<[Step]>,
    sanctions: Vec<Sanction>,
    months: Box<[AppMonth<'a>]>,
    uncounted: Box<[UncountedComplaint<'a>]>,
    score_terms: Box<[ScoreTerm]>,
    lifecycle: Lifecycle,
    imposed: Vec<Fact>,
    lifts: Vec<Fact>,
    remedies: Vec<Fact>,
    deletions: Vec<Fact>,
    platform_related: Option<(bool, Position)>,
}

impl<'a> AppFold<'a> {
    fn new(app: &'a AppFacts) -> Self {
        Self {
            app,
            steps: Box::default(),
            sanctions: Vec::new(),
            months: Box::default(),
            uncounted: Box::default(),
            score_terms: Box::default(),
            lifecycle: Lifecycle::of(app),
            imposed: Vec::new(),
            lifts: Vec::new(),
            remedies: Vec::new(),
            deletions: Vec::new(),
            platform_related: None,
        }
    }

    fn take(
        &mut self,
        facts: impl Iterator<Item = Fact>,
        Folds { tiers, score }: &mut Folds<'a>,
        names: &'a Names,
        timeline: &'a Timeline,
        horizon: &mut Horizon,
    ) {
        tiers.clear();
        score.clear();
        for fact in facts {
            match fact.kind() {
                Kind::ViolationFound => tiers.violation(fact),
                Kind::ComplaintReceived => tiers.complaint(fact),
                Kind::OutageStarted => tiers.outage_started(fact),
                Kind::OutageEnded => tiers.outage_ended(fact),
                Kind::OutageExplained => tiers.outage_explained(fact),
                Kind::OutageDayRecorded => tiers.outage_day(fact, horizon),
                Kind::BehaviorObserved | Kind::BehaviorCeased => score.take(fact, horizon),
                Kind::CertificationAssessed => {
                    self.platform_related = Some((fact.met(), fact.position()));
                }
                Kind::MeasureImposed => self.imposed.push(fact),
                Kind::MeasureLifted => self.lifts.push(fact),
                Kind::ViolationRemedied => self.remedies.push(fact),
                Kind::DataDeletionOrdered | Kind::DataDeletionConfirmed => {
                    self.deletions.push(fact);
                }
                _ => self.lifecycle.apply(fact, timeline),
            }
        }
        tiers.finish(horizon);
        self.lifecycle.see(horizon);
        self.steps = tiers.steps.as_slice().into();
        self.sanctions = sanctions(timeline, &tiers.steps, &tiers.incidents);
        self.months = months::months(tiers, &self.sanctions, names, timeline);
        self.uncounted = months::uncounted(tiers, names);
        self.score_terms = score.terms();
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
    if developer.registered > ask.as_of || developer.position > ask.known_at {
        return None;
    }
    let mut horizon = Horizon::new(ask.as_of);
    let known = Known::new(developer, timeline, ask);
    let mut folds = Folds {
        tiers: Tiers::new(timeline),
        score: Score::new(timeline, ask.as_of),
    };
    let mut apps = Vec::with_capacity(developer.apps().len());
    let registered = developer.apps().iter();
    for app in registered.filter(|app| app.position <= ask.known_at) {
        horizon.see(app.registered);
        if app.registered <= ask.as_of {
            let mut fold = AppFold::new(app);
            let facts = known.counting(known.happened(app.facts(), &mut horizon));
            fold.take(facts, &mut folds, names, timeline, &mut horizon);
            apps.push(fold);
        }
    }
    let mut steps: Vec<&Step> = apps.iter().flat_map(|app| &app.steps).collect();
    steps.sort_by_key(|step| step.at);
    let acts: Vec<Fact> = known
        .counting(known.happened(developer.acts(), &mut horizon))
        .collect();
    let cooperation = Cooperation::of(developer, names, timeline, &steps, &acts);
    for rules in timeline.versions() {
        horizon.see(rules.effective_from);
    }
    let apps = apps
        .into_iter()
        .map(|fold| app_standing(fold, names, timeline, &known, &cooperation, &mut horizon))
        .collect();
    Some(Standing {
        developer: &developer.id,
        status: cooperation.status,
        status_since: cooperation.status_since,
        grade: cooperation.grade,
        months: cooperation.months,
        apps,
        status_cause: cooperation.status_cause,
        grade_cause: cooperation.grade_cause,
        initial_grade: cooperation.initial_grade,
        turns: cooperation.turns,
        disregarded: known.disregarded(developer),
        ask,
        rules: timeline.index_at(ask.as_of),
        next_change: horizon.next(),
    })
}

fn app_standing<'a>(
    fold: AppFold<'a>,
    names: &'a Names,
    timeline: &'a Timeline,
    known: &Known,
    cooperation: &Cooperation<'a>,
    horizon: &mut Horizon,
) -> AppStanding<'a> {
    let (app, lifecycle) = (fold.app, &fold.lifecycle);
    let (in_force, intervals) = measures::in_force(
        timeline,
        &measures::Grounds {
            sanctions: &fold.sanctions,
            imposed: &fold.imposed,
            lifts: &fold.lifts,
            lifecycle,
            ended: &cooperation.ended,
        },
        horizon,
    );
    let rules = timeline.at(horizon.as_of());
    let in_force_set = measures::as_set(&in_force);
    let hindrances = plaza::hindrances(rules, lifecycle, cooperation.status, in_force_set);
    let presentable = hindrances.is_empty();
    let usage_counts = |usage: &Usage| usage.time <= known.ask.as_of && known.knows(usage.position);
    let certification = certification::certification(
        timeline,
        &certification::Grounds {
            app,
            lifecycle,
            presentable,
            platform_related: fold.platform_related,
            today: known.today,
        },
        usage_counts,
        horizon,
    );
    for usage in app
        .usage()
        .iter()
        .filter(|usage| known.knows(usage.position))
    {
        horizon.see(usage.time);
    }
    let obligations = obligations::obligations(
        timeline,
        names,
        lifecycle.duties(),
        obligations::Grounds {
            app,
            sanctions: &fold.sanctions,
            remedies: fold.remedies,
            deletions: &fold.deletions,
            endings: &cooperation.endings,
        },
        horizon,
    );
    AppStanding {
        app: &app.id,
        channel: app.channel,
        permission: lifecycle.permission(),
        review: Review {
            state: lifecycle.state(),
            since: lifecycle.since(),
            key_disabled: lifecycle.key_disabled(),
            due: lifecycle.review_due(),
            hold_until: lifecycle.hold_until(),
            on_hold: lifecycle.on_hold(horizon.as_of()),
            cause: lifecycle.state_event(),
            key_cause: lifecycle.key_event(),
            holds: lifecycle.holds(),
        },
        months: fold.months,
        on_board: plaza::on_board(rules, app.channel, lifecycle, presentable),
        measures: in_force,
        score: fold
            .score_terms
            .iter()
            .fold(0i64, |sum, term| sum.saturating_add(term.points)),
        certification,
        obligations,
        score_terms: fold.score_terms,
        hindrances,
        steps: fold.steps,
        intervals,
        uncounted: fold.uncounted,
    }
}
