//! Proposals: a grave decision that a second person has to confirm.

use super::docket::Logged;
use super::{Illegal, Reason};
use crate::words::words;

words! {
    /// How a proposal stands.
    ProposalState {
        /// It waits for a second person.
        Pending = "pending",
        /// It was confirmed: what it proposed is in the log.
        Confirmed = "confirmed",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What happens to a proposal.
    ProposalStep {
        /// It is confirmed.
        Confirm = "decision.confirmed",
        /// It is withdrawn.
        Withdraw = "decision.withdrawn",
    }
}

impl ProposalState {
    /// The state after a step; none where the step is not legal.
    #[must_use]
    pub const fn after(self, step: ProposalStep) -> Option<Self> {
        match (self, step) {
            (Self::Pending, ProposalStep::Confirm) => Some(Self::Confirmed),
            (Self::Pending, ProposalStep::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// The steps that are legal in it.
    #[must_use]
    pub fn legal_now(self) -> Vec<String> {
        let steps = ProposalStep::ALL.iter();
        let legal = steps.filter(|step| self.after(**step).is_some());
        legal.map(ToString::to_string).collect()
    }
}

/// The id of the event that a proposal of that id comes to; its source is the proposal's. So it cannot be
/// there twice, and whoever reads it finds the proposal.
#[must_use]
pub fn decided_id(proposal: &str) -> String {
    format!("{proposal}/decided")
}

/// A proposal, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// The `decision.proposed`.
    pub proposed: &'a Logged,
    /// Its state.
    pub state: ProposalState,
    /// What confirmed or withdrew it.
    pub closed: Option<&'a Logged>,
}

impl Proposal<'_> {
    /// Whether a step may be taken by somebody now.
    ///
    /// # Errors
    /// `proposal.closed`, and `decision.took_part` where who proposed would confirm.
    pub fn check(&self, step: ProposalStep, actor: &str) -> Result<(), Illegal> {
        let illegal = |code, message: String| {
            let legal_now = self.state.legal_now();
            Err(Illegal::new(code, self.state.as_str(), legal_now, message))
        };
        if self.state.after(step).is_none() {
            let message = match self.closed {
                Some(closed) => format!(
                    "the proposal was {} at position {}",
                    self.state, closed.position
                ),
                None => format!("the proposal is {}", self.state),
            };
            return illegal(Reason::ProposalClosed, message);
        }
        let proposer = self.proposed.event.actor.as_deref();
        if step == ProposalStep::Confirm && proposer == Some(actor) {
            let message = format!("`{actor}` proposed it: a second person confirms");
            return illegal(Reason::TookPart, message);
        }
        Ok(())
    }
}
