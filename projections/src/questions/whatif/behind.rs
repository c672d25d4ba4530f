//! The place of the rulebook behind a flip: a reading of what the run wrote down.
//!
//! It is what the side after names, or where that names nothing (a tier that is gone) the side before. What
//! no rule decides (an operator's measure) has none.

use serde::Serialize;

use super::flips::Flip;
use super::flips::duty_order;
use crate::explain::place::Place;
use crate::measure::Measure;
use crate::provenance::{Change, DutyRule, HoldRule, Origin, Why};
use crate::questions::view::{Difference, Field, Value};
use crate::rules::Timeline;
use crate::standing::{AppStanding, Certification, MonthOutcome, Obligation, Standing};
use crate::time::LocalMonth;

/// The rules of both sides.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'t> {
    /// Those that it is compared with.
    pub before: &'t Timeline,
    /// The other ones.
    pub after: &'t Timeline,
}

/// A place of a version, as an answer names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause<'t> {
    /// Whether it is in the rules after; in those before otherwise.
    pub proposed: bool,
    /// The version.
    pub version: &'t str,
    /// The place in the rulebook.
    pub path: String,
    /// What the rulebook says it comes from.
    pub clause: Option<&'t str>,
}

impl<'t> Sides<'t> {
    /// The clause behind a flip.
    #[must_use]
    pub fn clause(&self, flip: &Flip<'_>) -> Option<Clause<'t>> {
        let Behind {
            proposed,
            rules,
            place,
        } = flip.behind?;
        let timeline = if proposed { self.after } else { self.before };
        let book = &timeline.version(rules).book;
        let found = place.reference(book)?;
        Some(Clause {
            proposed,
            version: &book.version,
            path: found.path,
            clause: found.clause,
        })
    }
}

/// A place of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    proposed: bool,
    rules: usize,
    place: Place,
}

type Found = Option<(usize, Place)>;

/// What is behind a field that differs, of the developer or of the app given as it is on both sides.
pub(super) fn behind(
    (key, from, to): &Difference<'_>,
    before: &Standing<'_>,
    after: &Standing<'_>,
    app: Option<(&AppStanding<'_>, &AppStanding<'_>)>,
) -> Option<Behind> {
    let field = &key.field;
    let (was, is) = match app {
        None => (of_developer(before, field), of_developer(after, field)),
        Some((old, new)) => (
            of_app(before, old, (field, from.as_ref()), new),
            of_app(after, new, (field, to.as_ref()), old),
        ),
    };
    let on = |proposed| {
        move |(rules, place)| Behind {
            proposed,
            rules,
            place,
        }
    };
    let found = is.map(on(true)).or_else(|| was.map(on(false)));
    found.or_else(|| match field {
        // Neither has moved from its first grade.
        Field::Grade => Some((after.initial_grade?, Place::InitialGrade)).map(on(true)),
        Field::OnBoard => Some((after.rules, Place::Channels)).map(on(true)),
        _ => None,
    })
}

fn of_developer(standing: &Standing<'_>, field: &Field<'_>) -> Found {
    match field {
        Field::Status => status(standing),
        Field::Grade => standing
            .turns
            .iter()
            .rev()
            .find_map(|turn| match turn.change {
                Change::Downgraded { month, .. } => Some(rules_of(standing, month)),
                Change::Graded(_) => Some(None),
                Change::Status(..) => None,
            })?
            .map(|rules| (rules, Place::Downgrade)),
        Field::Outcome(month) => {
            let month = standing.months.iter().find(|one| one.month == *month)?;
            match month.outcome {
                MonthOutcome::None => None,
                MonthOutcome::Downgraded => Some((month.rules, Place::Downgrade)),
                MonthOutcome::Terminated => Some((month.rules, Place::Terminate)),
            }
        }
        _ => None,
    }
}

/// What began the status, where a rule did.
fn status(standing: &Standing<'_>) -> Found {
    let turns = standing.turns.iter().rev();
    let why = turns.clone().find_map(|turn| match turn.change {
        Change::Status(_, why) => Some(why),
        _ => None,
    });
    match why? {
        Why::Act => None,
        Why::Violations { month } => Some((rules_of(standing, month)?, Place::Terminate)),
        Why::Serious { rules, .. } => Some((rules, Place::Serious)),
    }
}

/// The rules that a developer's month is judged by.
fn rules_of(standing: &Standing<'_>, month: LocalMonth) -> Option<usize> {
    let month = standing.months.iter().find(|one| one.month == month)?;
    Some(month.rules)
}

fn of_app(
    standing: &Standing<'_>,
    app: &AppStanding<'_>,
    (field, value): (&Field<'_>, Option<&Value<'_>>),
    other: &AppStanding<'_>,
) -> Found {
    match field {
        Field::Tier(month) => tier(app, *month),
        Field::Sanction(month, level, nth) => {
            let Some(Value::Sanction { from, .. }) = value else {
                return None;
            };
            let month = app.months.iter().find(|one| one.month == *month)?;
            // They are in the order of their beginning, and may be thousands.
            let first = month.sanctions.partition_point(|one| one.from < *from);
            let mut sanctions = month.sanctions[first..].iter();
            let sanction = sanctions.find(|one| one.level == *level && one.nth == *nth)?;
            Some((month.rules, Place::Row(sanction.row)))
        }
        Field::Measure(measure) => of_measure(standing, app, *measure),
        Field::Score => score(app, other),
        Field::OnBoard => not_shown(standing, app),
        Field::Condition("listed") => {
            not_shown(standing, app).or_else(|| condition(standing, app, "listed"))
        }
        Field::Condition(name) => condition(standing, app, name),
        Field::Eligible => eligible(standing, app, &other.certification),
        Field::OnHold => app
            .review
            .holds
            .iter()
            .rev()
            .find_map(|hold| match hold.rule? {
                HoldRule::Observation(rules) => Some((rules, Place::Observation)),
                HoldRule::Report(rules, permission) => {
                    Some((rules, Place::HoldReport(app.channel, permission)))
                }
            }),
        Field::Obligation(kind, code, since, cause) => {
            let Some(Value::Duty { due, .. }) = value else {
                return None;
            };
            let wanted = duty_order(*due, *kind, *since, *cause, *code);
            let place = app.obligations.binary_search_by(|duty| {
                let Obligation {
                    due,
                    kind,
                    since,
                    cause,
                    code,
                    ..
                } = *duty;
                duty_order(due, kind, since, cause, code).cmp(&wanted)
            });
            of_duty(app, &app.obligations[place.ok()?])
        }
        _ => None,
    }
}

/// The first step to reach a month's tier.
fn tier(app: &AppStanding<'_>, month: LocalMonth) -> Found {
    let month = app.months.iter().find(|one| one.month == month)?;
    let first = app.steps.partition_point(|step| step.month < month.month);
    let mut steps = app.steps[first..].iter();
    let step = steps.find(|step| step.month == month.month && Some(step.level) == month.tier)?;
    Some((month.rules, Place::of_step(step.basis)))
}

/// The row of the app's sanction of that number.
fn row(app: &AppStanding<'_>, number: usize) -> Found {
    let mut before = 0;
    app.months.iter().find_map(|month| {
        let sanction = month.sanctions.get(number - before);
        before += month.sanctions.len();
        sanction.map(|sanction| (month.rules, Place::Row(sanction.row)))
    })
}

fn of_measure(standing: &Standing<'_>, app: &AppStanding<'_>, measure: Measure) -> Found {
    let running = app.measures.iter().find(|one| one.measure == measure)?;
    let (origin, cause) = running.causes.first()?;
    match origin {
        Origin::Sanction(number) => row(app, *number),
        Origin::Imposed | Origin::GraveFinding => None,
        Origin::MissedFix => {
            let mut duties = app.obligations.iter().filter(|duty| duty.cause == *cause);
            duties.find_map(|duty| match duty.rule {
                DutyRule::Inspection(rules) => Some((rules, Place::FixInspection)),
                _ => None,
            })
        }
        Origin::Termination => status(standing),
    }
}

fn of_duty(app: &AppStanding<'_>, duty: &Obligation<'_>) -> Found {
    match duty.rule {
        DutyRule::Sanction(number) => row(app, number),
        rule => Place::of_duty(rule, app.channel),
    }
}

/// What keeps an app from being shown: the rule behind the measure that suspends it, or behind the end of
/// the cooperation.
fn not_shown(standing: &Standing<'_>, app: &AppStanding<'_>) -> Found {
    if let Some(measure) = app.hindrances.measures.lasting().next() {
        let rule = of_measure(standing, app, measure);
        return rule.or(Some((standing.rules, Place::SuspendedBy)));
    }
    if app.hindrances.ended {
        return status(standing);
    }
    None
}

fn condition(standing: &Standing<'_>, app: &AppStanding<'_>, name: &str) -> Found {
    let mut conditions = app.certification.conditions.iter();
    let found = conditions.find(|condition| condition.name == name)?;
    Some((standing.rules, Place::Condition(found.name)))
}

/// The first condition that is met on one side only.
fn eligible(standing: &Standing<'_>, app: &AppStanding<'_>, other: &Certification) -> Found {
    let met = |name: &str| {
        other
            .conditions
            .iter()
            .any(|one| one.name == name && one.met)
    };
    let mut conditions = app.certification.conditions.iter();
    let decides = conditions.find(|one| one.met != met(one.name))?;
    match decides.name {
        "listed" => not_shown(standing, app).or_else(|| condition(standing, app, "listed")),
        name => condition(standing, app, name),
    }
}

/// The first ranked behaviour that adds something else.
fn score(app: &AppStanding<'_>, other: &AppStanding<'_>) -> Found {
    let adds = |points, events: &[_]| {
        let mut terms = other.score_terms.iter();
        terms.any(|term| term.points == points && *term.events == *events)
    };
    let mut terms = app.score_terms.iter();
    let term = terms.find(|term| !adds(term.points, &term.events))?;
    Some((term.rules, Place::Behavior(term.behavior)))
}
