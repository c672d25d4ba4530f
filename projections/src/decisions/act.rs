//! Acts on how somebody stands: measures, lifts, gradings, terminations, reinstatements.

use super::{Illegal, Reason};
use crate::event::{Data, Event, Kind};
use crate::explain::Subject;
use crate::measure::Measure;
use crate::questions::{differences, view};
use crate::standing::{AppStanding, Standing, Status};

/// Whether a decision takes two people.
#[must_use]
pub fn is_grave(data: &Data) -> bool {
    match data {
        Data::DeveloperTerminated => true,
        Data::MeasureImposed { measures, .. } => measures
            .iter()
            .any(|name| name == Measure::TakeOffline.as_str()),
        _ => false,
    }
}

/// Whether an act is legal, by how its developer stands without it and would stand with it. `confirmed` is
/// whether a second person stands behind it.
///
/// # Errors
/// `decision.needs_proposal`, `developer.status`, `measure.not_in_force` or `decision.changes_nothing`.
pub fn check_act(
    event: &Event,
    confirmed: bool,
    before: &Standing<'_>,
    after: &Standing<'_>,
) -> Result<(), Illegal> {
    let app = before.apps.iter().find(|app| app.app == event.subject);
    let illegal = |code, message: String| {
        let (state, legal_now) = match app {
            Some(app) => (measures_of(app), legal_of_app(app)),
            None => (before.status.as_str().to_owned(), legal_of(before.status)),
        };
        Err(Illegal::new(code, state, legal_now, message))
    };
    let cooperates = matches!(before.status, Status::Active | Status::Terminable);
    match &event.data {
        Data::DeveloperTerminated if !cooperates => {
            let message = format!("the developer is {} already", before.status);
            return illegal(Reason::StatusOtherwise, message);
        }
        Data::DeveloperReinstated if cooperates => {
            let message = format!("the developer is {}: nothing has ended", before.status);
            return illegal(Reason::StatusOtherwise, message);
        }
        Data::MeasureLifted { measures } => {
            let in_force = |name: &str| {
                let measures = app.into_iter().flat_map(|app| &app.measures);
                measures.into_iter().any(|one| one.measure.as_str() == name)
            };
            if let Some(name) = measures.iter().find(|name| !in_force(name)) {
                let message = format!("`{name}` is not in force");
                return illegal(Reason::MeasureNotInForce, message);
            }
        }
        _ => {}
    }
    if is_grave(&event.data) && !confirmed {
        let message = format!(
            "`{}` is grave here: propose it, and a second person confirms",
            event.kind
        );
        let state = app.map_or_else(|| before.status.as_str().to_owned(), measures_of);
        let legal_now = vec![format!("{} type={}", Kind::DecisionProposed, event.kind)];
        return Err(Illegal::new(
            Reason::NeedsProposal,
            state,
            legal_now,
            message,
        ));
    }
    let (then, now) = (
        view(before, Subject::Developer),
        view(after, Subject::Developer),
    );
    if differences(&then, &now).is_empty() {
        let message = "nothing would be otherwise".to_owned();
        return illegal(Reason::ChangesNothing, message);
    }
    Ok(())
}

fn legal_of(status: Status) -> Vec<String> {
    let grading = Kind::DeveloperGraded.to_string();
    match status {
        Status::Active | Status::Terminable => vec![
            format!(
                "{} type={}",
                Kind::DecisionProposed,
                Kind::DeveloperTerminated
            ),
            grading,
        ],
        Status::Terminated | Status::Left => vec![Kind::DeveloperReinstated.to_string(), grading],
    }
}

/// The measures in force, as the state of an app.
fn measures_of(app: &AppStanding<'_>) -> String {
    let names: Vec<&str> = app
        .measures
        .iter()
        .map(|one| one.measure.as_str())
        .collect();
    match names.is_empty() {
        true => "no measure in force".to_owned(),
        false => format!("in force: {}", names.join(", ")),
    }
}

fn legal_of_app(app: &AppStanding<'_>) -> Vec<String> {
    let imposing = Kind::MeasureImposed.to_string();
    let lifts = app.measures.iter().map(|one| {
        let name = one.measure.as_str();
        format!("{} measures={name}", Kind::MeasureLifted)
    });
    std::iter::once(imposing).chain(lifts).collect()
}
