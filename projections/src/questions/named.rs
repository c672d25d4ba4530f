//! The events that a standing names as behind a field: a reading of its provenance.

use super::view::Field;
use crate::event::Position;
use crate::standing::{AppStanding, Standing};
use crate::time::Instant;

fn app_of<'s, 'a>(standing: &'s Standing<'a>, app: Option<&str>) -> Option<&'s AppStanding<'a>> {
    standing.apps.iter().find(|one| Some(one.app) == app)
}

/// Whether a field asks if the app is shown, among others.
fn is_shown(field: &Field<'_>) -> bool {
    matches!(
        field,
        Field::OnBoard | Field::Eligible | Field::Condition("listed")
    )
}

/// The events that a standing names as behind a field.
pub(super) fn named_by(
    standing: &Standing<'_>,
    app: Option<&str>,
    field: &Field<'_>,
    at: Instant,
    named: &mut Vec<Position>,
) {
    match field {
        Field::Status => named.push(standing.status_cause),
        Field::Grade => named.push(standing.grade_cause),
        Field::Outcome(month) => {
            let months = standing.months.iter().filter(|one| one.month == *month);
            named.extend(months.filter_map(|month| month.cause));
        }
        _ => {
            if let Some(app) = app_of(standing, app) {
                named_by_app(app, field, at, named);
                if is_shown(field) {
                    // The developer's cooperation ends or begins again.
                    let turns = standing.turns.iter().filter(|turn| turn.at.time == at);
                    named.extend(turns.map(|turn| turn.at.position));
                }
            }
        }
    }
}

fn named_by_app(app: &AppStanding<'_>, field: &Field<'_>, at: Instant, named: &mut Vec<Position>) {
    match field {
        Field::Review => named.push(app.review.cause),
        Field::KeyDisabled => named.extend(app.review.key_cause),
        Field::OnHold => named.extend(app.review.holds.iter().map(|hold| hold.cause)),
        Field::Tier(month) => {
            for one in app.months.iter().filter(|one| one.month == *month) {
                let gravest = one.violations.iter().filter(|v| Some(v.level) == one.tier);
                named.extend(gravest.flat_map(|violation| violation.evidence.iter().copied()));
            }
        }
        Field::Sanction(month, level, nth) => {
            let months = app.months.iter().filter(|one| one.month == *month);
            let sanctions = months.flat_map(|one| &one.sanctions);
            let mine = sanctions.filter(|s| s.level == *level && s.nth == *nth);
            named.extend(mine.map(|sanction| sanction.cause));
        }
        Field::Measure(measure) => turns_of_measures(app, Some(*measure), at, named),
        Field::Score => {
            let terms = app.score_terms.iter();
            named.extend(terms.flat_map(|term| term.events.iter().copied()));
        }
        Field::OnBoard | Field::Eligible | Field::Condition(_) => {
            let asked = |name: &str| match field {
                Field::Condition(condition) => *condition == name,
                Field::Eligible => true,
                _ => false,
            };
            let conditions = app.certification.conditions.iter();
            let mine = conditions.filter(|condition| asked(condition.name));
            named.extend(mine.filter_map(|condition| condition.cause));
            if asked("average_daily_users") {
                named.extend(app.certification.usage.iter().copied());
            }
            if asked("days_listed") || is_shown(field) {
                named.push(app.review.cause);
            }
            if is_shown(field) {
                named.extend(app.review.key_cause);
                turns_of_measures(app, None, at, named);
            }
        }
        Field::Obligation(kind, code, since, cause) => {
            named.push(*cause);
            let mine = app.obligations.iter().filter(|duty| {
                (duty.kind, duty.code, duty.since, duty.cause) == (*kind, *code, *since, *cause)
            });
            named.extend(mine.filter_map(|duty| duty.ended.map(|(_, position)| position)));
        }
        Field::Status | Field::Grade | Field::Outcome(_) | Field::Permission => {}
    }
}

/// The events by which a measure's intervals begin, or end, at an instant; and of one that ends
/// by itself then, the event it began by.
fn turns_of_measures(
    app: &AppStanding<'_>,
    measure: Option<crate::measure::Measure>,
    at: Instant,
    named: &mut Vec<Position>,
) {
    for interval in &app.intervals {
        if measure.is_none_or(|measure| measure == interval.measure) {
            if interval.from == at {
                named.push(interval.cause);
            }
            if interval.until == Some(at) {
                named.push(interval.ended_by.unwrap_or(interval.cause));
            }
        }
    }
}
