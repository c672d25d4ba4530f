//! The state machines as people see them, made from the transitions.

use std::fmt::Write as _;

use super::appeal::{AppealState, AppealStep};
use super::proposal::{ProposalState, ProposalStep};

/// The machines of appeals and of proposals, each by its name, as Mermaid state diagrams.
///
/// ```
/// use standing_projections::decisions::machines;
/// let [(name, appeals), _] = machines();
/// assert_eq!(name, "appeals");
/// assert!(appeals.contains("open --> pending: appeal.filed"));
/// ```
#[must_use]
pub fn machines() -> [(&'static str, String); 2] {
    let mut appeals = begin(AppealState::Open.as_str());
    for state in AppealState::ALL {
        for step in AppealStep::ALL {
            arrow(&mut appeals, *state, *step, state.after(*step));
        }
    }
    // What no decision does, but figures and time.
    for (lapsed, why) in [
        (AppealState::TriesUsed, "denied as often as tries says"),
        (AppealState::TooLate, "within_days are over"),
        (AppealState::Disregarded, "event.retracted"),
    ] {
        arrow(&mut appeals, AppealState::Open, why, Some(lapsed));
    }
    let mut proposals = begin(ProposalState::Pending.as_str());
    for state in ProposalState::ALL {
        for step in ProposalStep::ALL {
            arrow(&mut proposals, *state, *step, state.after(*step));
        }
    }
    [("appeals", appeals), ("proposals", proposals)]
}

fn begin(state: &str) -> String {
    format!("stateDiagram-v2\n    [*] --> {state}\n")
}

fn arrow<S: std::fmt::Display>(
    text: &mut String,
    from: S,
    step: impl std::fmt::Display,
    to: Option<S>,
) {
    if let Some(to) = to {
        let _ = writeln!(text, "    {from} --> {to}: {step}");
    }
}
