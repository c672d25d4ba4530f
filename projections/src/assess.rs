//! `assess`: one developer's facts, the rulebooks and two instants in; its standing out.
//!
//! Every rule is in a module of its own; this one brings the facts before them in order. It reads
//! each app's facts once, then the developer's steps and acts, then what follows from both.

use std::borrow::Cow;

use crate::certification;
use crate::developers::Cooperation;
use crate::event::{Kind, Position};
use crate::facts::{AppFacts, DeveloperFacts, Fact, Names, Retraction, Usage};
use crate::horizon::Horizon;
use crate::measures;
use crate::obligations;
use crate::plaza;
use crate::provenance::{Step, UncountedComplaint};
use crate::retraction::{counting, disregarded};
use crate::review::{Block, Lifecycle};
use crate::rules::Timeline;
use crate::sanctions::{Sanction, sanctions};
use crate::standing::{
    AppMonth, AppStanding, ComplaintCounts, Review, Sanction as PrintedSanction, Standing,
    Violation,
};
use crate::tiers::Tiers;
use crate::time::Instant;

/// What is asked: the standing *as of* an instant, *as known at* a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Only events with `time` up to it count.
    pub as_of: Instant,
    /// Only events up to it are known.
    pub known_at: Position,
}

/// Which of a developer's events count: those known, not disregarded, and not after the instant.
struct Known {
    ask: Ask,
    disregarded: Vec<Position>,
    /// All of them are known and none is disregarded, as mostly.
    all: bool,
}

impl Known {
    fn new(developer: &DeveloperFacts, ask: Ask) -> Self {
        let disregarded = disregarded(developer.retractions(), ask.known_at);
        Self {
            ask,
            all: disregarded.is_empty() && developer.last() <= ask.known_at,
            disregarded,
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
        self.all
            || position <= self.ask.known_at && self.disregarded.binary_search(&position).is_err()
    }

    /// The facts that count, in order; of those to come, the first is on the horizon.
    fn filter<'f>(&self, facts: &'f [Fact], horizon: &mut Horizon) -> Cow<'f, [Fact]> {
        let split = facts.partition_point(|fact| fact.time() <= self.ask.as_of);
        if let Some(coming) = facts[split..]
            .iter()
            .find(|fact| self.knows(fact.position()))
        {
            horizon.see(coming.time());
        }
        let past = &facts[..split];
        if self.all {
            return Cow::Borrowed(past);
        }
        let known = past.iter().filter(|fact| self.knows(fact.position()));
        Cow::Owned(known.copied().collect())
    }
}

/// What an app's facts come to by themselves.
struct AppFold<'a> {
    app: &'a AppFacts,
    tiers: Tiers<'a>,
    lifecycle: Lifecycle,
    behaviors: Vec<Fact>,
    imposed: Vec<Fact>,
    lifts: Vec<Fact>,
    duties: Vec<Fact>,
    platform_related: Option<(bool, Position)>,
}

impl<'a> AppFold<'a> {
    fn new(app: &'a AppFacts, timeline: &'a Timeline) -> Self {
        Self {
            app,
            tiers: Tiers::new(timeline),
            lifecycle: Lifecycle::of(app),
            behaviors: Vec::new(),
            imposed: Vec::new(),
            lifts: Vec::new(),
            duties: Vec::new(),
            platform_related: None,
        }
    }

    fn take(&mut self, facts: &[Fact], timeline: &Timeline, horizon: &mut Horizon) {
        for fact in facts.iter().copied() {
            match fact.kind() {
                Kind::ViolationFound => self.tiers.violation(fact),
                Kind::ComplaintReceived => self.tiers.complaint(fact),
                Kind::OutageStarted => self.tiers.outage_started(fact),
                Kind::OutageEnded => self.tiers.outage_ended(fact),
                Kind::OutageExplained => self.tiers.outage_explained(fact),
                Kind::OutageDayRecorded => self.tiers.outage_day(fact, horizon),
                Kind::BehaviorObserved | Kind::BehaviorCeased => self.behaviors.push(fact),
                Kind::CertificationAssessed => {
                    self.platform_related = Some((fact.met(), fact.position()));
                }
                Kind::MeasureImposed => self.imposed.push(fact),
                Kind::MeasureLifted => self.lifts.push(fact),
                Kind::ViolationRemedied
                | Kind::DataDeletionOrdered
                | Kind::DataDeletionConfirmed => self.duties.push(fact),
                _ => self.lifecycle.apply(fact, timeline),
            }
        }
        self.tiers.finish(horizon);
        self.tiers.settle_evidence();
        self.lifecycle.see(horizon);
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
    let known = Known::new(developer, ask);
    let mut folds = Vec::with_capacity(developer.apps().len());
    for app in developer
        .apps()
        .iter()
        .filter(|app| app.position <= ask.known_at)
    {
        horizon.see(app.registered);
        if app.registered <= ask.as_of {
            let mut fold = AppFold::new(app, timeline);
            fold.take(
                &known.filter(app.facts(), &mut horizon),
                timeline,
                &mut horizon,
            );
            folds.push(fold);
        }
    }
    let mut steps: Vec<Step> = folds
        .iter()
        .flat_map(|fold| fold.tiers.steps.iter().copied())
        .collect();
    steps.sort_by_key(|step| step.at);
    let acts = known.filter(developer.acts(), &mut horizon);
    let cooperation = Cooperation::of(developer, names, timeline, &steps, &acts);
    for rules in timeline.versions() {
        horizon.see(rules.effective_from);
    }
    let apps = folds
        .iter()
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
    fold: &AppFold<'a>,
    names: &'a Names,
    timeline: &'a Timeline,
    known: &Known,
    cooperation: &Cooperation<'a>,
    horizon: &mut Horizon,
) -> AppStanding<'a> {
    let (app, lifecycle) = (fold.app, &fold.lifecycle);
    let sanctions = sanctions(timeline, &fold.tiers.steps);
    let blocks: Vec<Block> = lifecycle.blocks().collect();
    let (in_force, intervals) = measures::in_force(
        timeline,
        &measures::Grounds {
            sanctions: &sanctions,
            imposed: &fold.imposed,
            lifts: &fold.lifts,
            blocks: &blocks,
            ended: &cooperation.ended,
        },
        horizon,
    );
    let rules = timeline.at(horizon.as_of());
    let in_force_set = measures::as_set(&in_force);
    let hindrances = plaza::hindrances(rules, lifecycle, cooperation.status, in_force_set);
    let presentable = hindrances.is_empty();
    let score_terms = plaza::score_terms(timeline, &fold.behaviors, horizon);
    let usage_counts = |usage: &Usage| usage.time <= known.ask.as_of && known.knows(usage.position);
    let certification = certification::certification(
        timeline,
        &certification::Grounds {
            app,
            lifecycle,
            presentable,
            platform_related: fold.platform_related,
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
    let escalations = fold.tiers.escalations();
    let obligations = obligations::obligations(
        timeline,
        names,
        lifecycle.duties(),
        &obligations::Grounds {
            app,
            incidents: &fold.tiers.incidents,
            sanctions: &sanctions,
            facts: &fold.duties,
            escalations: &escalations,
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
        months: months(&fold.tiers, &sanctions, names, timeline),
        on_board: plaza::on_board(rules, app.channel, lifecycle, presentable),
        measures: in_force,
        score: score_terms
            .iter()
            .fold(0i64, |sum, term| sum.saturating_add(term.points)),
        certification,
        obligations,
        score_terms,
        hindrances,
        steps: fold.tiers.steps.clone(),
        intervals,
        uncounted: uncounted(&fold.tiers, names),
    }
}

fn uncounted<'a>(tiers: &Tiers<'_>, names: &'a Names) -> Vec<UncountedComplaint<'a>> {
    let all = tiers.uncounted.iter().map(|complaint| UncountedComplaint {
        month: complaint.month,
        rules: complaint.rules,
        position: complaint.position,
        reason: names.text(complaint.reason),
    });
    let mut all: Vec<_> = all.collect();
    // Local dates can go back where the clocks do.
    all.sort_by_key(|complaint| complaint.month);
    all
}

fn months<'a>(
    tiers: &Tiers<'_>,
    sanctions: &[Sanction],
    names: &'a Names,
    timeline: &'a Timeline,
) -> Vec<AppMonth<'a>> {
    let (mut steps, mut sanctions) = (tiers.steps.as_slice(), sanctions);
    let of_month = |month: &crate::tiers::Month| {
        let (mine, later) = steps.split_at(steps.partition_point(|s| s.month <= month.month));
        steps = later;
        let (punished, later) =
            sanctions.split_at(sanctions.partition_point(|s| s.month <= month.month));
        sanctions = later;
        let begun = mine
            .iter()
            .filter(|step| step.begins)
            .map(|step| (step.incident, &tiers.incidents[step.incident]));
        let violations: Vec<Violation<'a>> = begun
            .map(|(number, incident)| Violation {
                code: incident.source.code(names),
                level: incident.level,
                since: incident.since,
                at: incident.at,
                evidence: incident.evidence.clone(),
                incident: number,
            })
            .collect();
        let [strong, normal, celebrity] = month.complaints;
        AppMonth {
            month: month.month,
            tier: violations.iter().map(|violation| violation.level).min(),
            complaints: ComplaintCounts {
                strong,
                normal,
                celebrity,
            },
            outage_days: month.outage_days,
            violations,
            sanctions: punished
                .iter()
                .map(|s| print_sanction(s, tiers, names, timeline))
                .collect(),
            unclassified: month
                .unclassified
                .iter()
                .map(|(code, _)| names.text(*code))
                .collect(),
            rules: month.rules,
            unclassified_events: month.unclassified.iter().map(|(_, at)| *at).collect(),
            complaint_events: month.complaint_evidence.clone(),
            days: month.days.clone(),
        }
    };
    tiers.months.iter().map(of_month).collect()
}

fn print_sanction<'a>(
    sanction: &Sanction,
    tiers: &Tiers<'_>,
    names: &'a Names,
    timeline: &'a Timeline,
) -> PrintedSanction<'a> {
    let (row, _) = timeline.version(sanction.rules).row(sanction.row);
    PrintedSanction {
        code: tiers.incidents[sanction.incident].source.code(names),
        level: sanction.level,
        nth: sanction.nth,
        measures: &row.measures,
        from: sanction.at.time,
        until: sanction.until,
        fix_by: sanction.fix_by,
        cause: sanction.cause(),
        row: sanction.row,
        step: sanction.step,
    }
}
