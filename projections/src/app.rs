//! One app: what its facts come to by themselves, and what follows once its developer's standing is
//! known.
//!
//! An [`AppFold`] is room for one app after the other. What it holds is written down by
//! [`AppFold::standing`], with everything that decided it, or packed.

use crate::assess::Known;
use crate::certification::{self, Certified, Today};
use crate::developers::Cooperation;
use crate::event::{Kind, Position};
use crate::facts::{AppFacts, Fact, Group, Names};
use crate::horizon::Horizon;
use crate::measures::{self, Running};
use crate::months;
use crate::obligations::{self, Desk, Duties};
use crate::plaza::{self, Score};
use crate::provenance::{Hindrances, Step};
use crate::review::Lifecycle;
use crate::rules::Timeline;
use crate::sanctions::{Sanction, sanctions};
use crate::standing::{AppStanding, Review};
use crate::tiers::Tiers;
use crate::time::Instant;

/// An app as its facts, and its developer's, have it.
#[derive(Debug)]
pub(crate) struct AppFold<'a> {
    pub(crate) app: &'a AppFacts,
    /// Its place among its developer's.
    pub(crate) place: usize,
    pub(crate) tiers: Tiers<'a>,
    pub(crate) sanctions: Vec<Sanction>,
    pub(crate) score: Score<'a>,
    pub(crate) lifecycle: Lifecycle,
    imposed: Vec<Fact>,
    lifts: Vec<Fact>,
    remedies: Vec<Fact>,
    deletions: Vec<Fact>,
    platform_related: Option<(bool, Position)>,
    pub(crate) running: Running,
    hindrances: Hindrances,
    /// Since when it is listed, where it is on the board.
    pub(crate) on_board: Option<Instant>,
    pub(crate) on_hold: bool,
    pub(crate) certified: Certified,
    pub(crate) duties: Duties,
    /// When any of this may be otherwise.
    pub(crate) horizon: Horizon,
}

/// What an app's standing follows from, beside its own facts.
pub(crate) struct Grounds<'g, 'a> {
    pub(crate) names: &'a Names,
    pub(crate) timeline: &'a Timeline,
    pub(crate) known: &'g Known,
    pub(crate) today: Today,
    pub(crate) cooperation: &'g Cooperation<'a>,
}

impl<'a> AppFold<'a> {
    pub(crate) fn new(app: &'a AppFacts, timeline: &'a Timeline, as_of: Instant) -> Self {
        Self {
            app,
            place: 0,
            tiers: Tiers::new(timeline),
            sanctions: Vec::new(),
            score: Score::new(timeline, as_of),
            lifecycle: Lifecycle::of(app),
            imposed: Vec::new(),
            lifts: Vec::new(),
            remedies: Vec::new(),
            deletions: Vec::new(),
            platform_related: None,
            running: Running::default(),
            hindrances: Hindrances::default(),
            on_board: None,
            on_hold: false,
            certified: Certified::default(),
            duties: Duties::default(),
            horizon: Horizon::new(as_of),
        }
    }

    /// Its steps, in order.
    pub(crate) fn steps(&self) -> &[Step] {
        self.tiers.steps()
    }

    /// Takes the facts of an app that count, in the place of the app before.
    pub(crate) fn take(
        &mut self,
        (place, app): (usize, &'a AppFacts),
        known: &Known,
        timeline: &'a Timeline,
        as_of: Instant,
    ) {
        (self.place, self.app) = (place, app);
        self.horizon = Horizon::new(as_of);
        let horizon = &mut self.horizon;
        self.tiers.reset(timeline);
        let until = app.facts_until();
        let mut of = |group| known.counting(app.group(group), until, horizon);
        self.tiers.complaints(of(Group::Complaints));
        self.tiers.violations(of(Group::Violations));
        let outages = of(Group::Outages);
        let behaviors = of(Group::Behaviors);
        let others = of(Group::Others);
        self.tiers.outages(outages, horizon);
        self.score.reset(timeline, as_of);
        for fact in behaviors {
            self.score.take(fact, horizon);
        }
        self.tiers.finish(horizon);
        self.others(others, timeline);
        self.lifecycle.see(&mut self.horizon);
        let (steps, incidents) = (self.tiers.steps(), &self.tiers.incidents);
        sanctions(timeline, steps, incidents, &mut self.sanctions);
    }

    fn others(&mut self, facts: impl Iterator<Item = Fact>, timeline: &Timeline) {
        self.lifecycle.reset(self.app);
        self.imposed.clear();
        self.lifts.clear();
        self.remedies.clear();
        self.deletions.clear();
        self.platform_related = None;
        for fact in facts {
            match fact.kind() {
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
    }

    fn measured_by<'f>(&'f self, cooperation: &'f Cooperation<'a>) -> measures::Grounds<'f> {
        measures::Grounds {
            sanctions: &self.sanctions,
            imposed: &self.imposed,
            lifts: &self.lifts,
            lifecycle: &self.lifecycle,
            ended: &cooperation.ended,
        }
    }

    /// Derives what follows from the steps of all of the developer's apps, and from this one's facts.
    pub(crate) fn follow(&mut self, grounds: &Grounds<'_, 'a>, desk: &mut Desk) {
        let mut seen = self.horizon;
        let horizon = &mut seen;
        let (app, timeline) = (self.app, grounds.timeline);
        let cooperation = grounds.cooperation;
        let mut running = std::mem::take(&mut self.running);
        running.derive(timeline, &self.measured_by(cooperation), horizon);
        self.running = running;
        let rules = timeline.at(horizon.as_of());
        let in_force = self.running.as_set();
        self.hindrances = plaza::hindrances(rules, &self.lifecycle, cooperation.status, in_force);
        self.on_hold = self.lifecycle.on_hold(horizon.as_of());
        let presentable = self.hindrances.is_empty();
        self.on_board = plaza::on_board(rules, app.channel, &self.lifecycle, presentable);
        let conditions = certification::Grounds {
            app,
            lifecycle: &self.lifecycle,
            presentable,
            platform_related: self.platform_related,
            today: grounds.today,
        };
        let as_of = horizon.as_of();
        let known = grounds.known;
        self.certified.derive(
            rules,
            &conditions,
            |usage| usage.time <= as_of && known.knows(usage.position),
            horizon,
        );
        if app.usage_until().is_some_and(|until| until > as_of) {
            let usage = app.usage().iter();
            for usage in usage.filter(|usage| known.knows(usage.position)) {
                horizon.see(usage.time);
            }
        }
        let duties = obligations::Grounds {
            app,
            steps: self.tiers.steps(),
            incidents: self.tiers.incidents.len(),
            sanctions: &self.sanctions,
            review: self.lifecycle.duties(),
            remedies: &self.remedies,
            deletions: &self.deletions,
            endings: &cooperation.endings,
        };
        self.duties
            .derive(timeline, grounds.names, &duties, desk, horizon);
        self.horizon = seen;
    }

    /// Its standing, with what decided each part.
    pub(crate) fn standing(
        &self,
        names: &'a Names,
        timeline: &'a Timeline,
        cooperation: &Cooperation<'a>,
        as_of: Instant,
    ) -> AppStanding<'a> {
        let grounds = self.measured_by(cooperation);
        let intervals = measures::intervals(timeline, &grounds, as_of);
        let begun = intervals.filter(|interval| interval.from <= as_of);
        AppStanding {
            score_terms: self.score.terms(),
            steps: self.tiers.steps().into(),
            intervals: begun.collect(),
            uncounted: months::uncounted(&self.tiers, names),
            ..self.printed(names, timeline, as_of)
        }
    }

    /// The same without what only explains it.
    pub(crate) fn printed(
        &self,
        names: &'a Names,
        timeline: &'a Timeline,
        as_of: Instant,
    ) -> AppStanding<'a> {
        let (app, lifecycle) = (self.app, &self.lifecycle);
        let owed = self.duties.iter();
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
                on_hold: self.on_hold,
                cause: lifecycle.state_event(),
                key_cause: lifecycle.key_event(),
                holds: lifecycle.holds(),
            },
            months: months::printed(&self.tiers, &self.sanctions, names, timeline),
            on_board: self.on_board,
            measures: self.running.printed(),
            score: self.score.sum(),
            certification: self.certified.printed(),
            obligations: owed.map(|duty| duty.printed(names, as_of)).collect(),
            score_terms: Box::default(),
            hindrances: self.hindrances,
            steps: Box::default(),
            intervals: Box::default(),
            uncounted: Box::default(),
        }
    }
}
