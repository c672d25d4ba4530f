//! Which decision is legal now: appeals, proposals, and acts on how somebody stands.
//!
//! A [`Docket`] is what the log holds of a developer's appeals and proposals, folded by the transitions of
//! [`AppealState`] and [`ProposalState`]. What an act would change is asked of `assess`, never worked out
//! here. Reviews, inspections and reports are judged by [`AppRecord`](crate::legality::AppRecord). What
//! is legal to decide is stricter than what may be recorded (SPEC §2): facts from outside are taken as they come.

mod act;
mod appeal;
mod docket;
mod drawn;
mod proposal;

use serde::Serialize;

pub use act::{check_act, is_grave};
pub use appeal::{Appeal, AppealState, AppealStep};
pub use docket::{Docket, Logged};
pub use drawn::machines;
pub use proposal::{Proposal, ProposalState, ProposalStep, decided_id};

use crate::words::words;

words! {
    /// Why a decision is not legal now, in a stable code.
    Reason {
        /// An appeal against the event is pending.
        AppealPending = "appeal.pending",
        /// No appeal against the event is pending.
        AppealNotPending = "appeal.not_pending",
        /// The time in which the event could be appealed is over.
        AppealTooLate = "appeal.too_late",
        /// The event was appealed as often as the rules allow.
        AppealTriesUsed = "appeal.tries_used",
        /// The event is disregarded: nothing is left to appeal.
        AppealDisregarded = "appeal.disregarded",
        /// The event stands behind nothing: it is itself an appeal.
        AppealNotAppealable = "appeal.not_appealable",
        /// Whoever decides took part in what is decided.
        TookPart = "decision.took_part",
        /// It has to be proposed, and confirmed by a second person.
        NeedsProposal = "decision.needs_proposal",
        /// It would change nothing.
        ChangesNothing = "decision.changes_nothing",
        /// The proposal was confirmed or withdrawn before.
        ProposalClosed = "proposal.closed",
        /// How the developer stands does not allow it.
        StatusOtherwise = "developer.status",
        /// A measure is not in force.
        MeasureNotInForce = "measure.not_in_force",
        /// The app's review does not allow it.
        OutOfOrder = "review.out_of_order",
        /// The app is on hold: no approval is accepted.
        OnHold = "review.on_hold",
    }
}

/// A decision that is not legal now: why, in what state, and what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{code}: {message}")]
pub struct Illegal {
    /// The stable code.
    pub code: Reason,
    /// Why not, for a person.
    pub message: String,
    /// The state that was found.
    pub state: String,
    /// What would be legal instead: types of events, with what of their data matters (`measure.lifted
    /// measures=block_api`).
    pub legal_now: Vec<String>,
}

impl Illegal {
    fn new(
        code: Reason,
        state: impl Into<String>,
        legal_now: Vec<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            state: state.into(),
            legal_now,
        }
    }
}
