//! Appeals: when one may be filed, and who may decide it.

use std::collections::BTreeSet;

use super::docket::Logged;
use super::{Illegal, Reason};
use crate::time::Instant;
use crate::words::words;

words! {
    /// How an event stands in the way of appeals.
    AppealState {
        /// It can be appealed.
        Open = "open",
        /// An appeal waits for a decision.
        Pending = "pending",
        /// It is disregarded: an appeal was granted, or somebody took it back.
        Disregarded = "disregarded",
        /// It was appealed as often as it may be.
        TriesUsed = "tries_used",
        /// The time for appeals is over.
        TooLate = "too_late",
    }
}

words! {
    /// What happens in an appeal.
    AppealStep {
        /// It is filed.
        File = "appeal.filed",
        /// It is granted.
        Grant = "appeal.decided outcome=granted",
        /// It is denied.
        Deny = "appeal.decided outcome=denied",
    }
}

impl AppealState {
    /// The state after a step; none where the step is not legal. After a denial the figures of the rules say
    /// whether the event can be appealed again.
    #[must_use]
    pub const fn after(self, step: AppealStep) -> Option<Self> {
        match (self, step) {
            (Self::Open, AppealStep::File) => Some(Self::Pending),
            (Self::Pending, AppealStep::Grant) => Some(Self::Disregarded),
            (Self::Pending, AppealStep::Deny) => Some(Self::Open),
            _ => None,
        }
    }

    /// The steps that are legal in it.
    #[must_use]
    pub fn legal_now(self) -> Vec<String> {
        let steps = AppealStep::ALL.iter();
        let legal = steps.filter(|step| self.after(**step).is_some());
        legal.map(ToString::to_string).collect()
    }
}

/// An event as it stands in the way of appeals, at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal<'a> {
    /// Its state.
    pub state: AppealState,
    /// Whether there can be an appeal against such an event at all.
    pub appealable: bool,
    /// The appeal that waits.
    pub filed: Option<&'a Logged>,
    /// How many were denied.
    pub denied: u32,
    /// When the time for appeals is over, where it ever is.
    pub deadline: Option<Instant>,
    /// Who took part in what is appealed.
    pub took_part: BTreeSet<String>,
}

impl Appeal<'_> {
    /// Whether an appeal may be filed now.
    ///
    /// # Errors
    /// `appeal.not_appealable`, `.pending`, `.disregarded`, `.tries_used` or `.too_late`.
    pub fn file(&self) -> Result<(), Illegal> {
        if !self.appealable {
            let message = "an appeal is filed against what stands behind a standing";
            return Err(Illegal::new(
                Reason::AppealNotAppealable,
                "not_appealable",
                Vec::new(),
                message,
            ));
        }
        if self.state.after(AppealStep::File).is_some() {
            return Ok(());
        }
        let deadline = self.deadline.map(|at| at.to_string()).unwrap_or_default();
        let (code, message) = match self.state {
            AppealState::Disregarded => (
                Reason::AppealDisregarded,
                "the event is disregarded already".to_owned(),
            ),
            AppealState::TriesUsed => (
                Reason::AppealTriesUsed,
                format!(
                    "{} were denied, and the rules allow no more",
                    match self.denied {
                        1 => "1 appeal".to_owned(),
                        denied => format!("{denied} appeals"),
                    }
                ),
            ),
            AppealState::TooLate => (
                Reason::AppealTooLate,
                format!("the event could be appealed until {deadline}"),
            ),
            AppealState::Open | AppealState::Pending => (
                Reason::AppealPending,
                "an appeal against the event is pending".to_owned(),
            ),
        };
        Err(self.illegal(code, message))
    }

    /// Whether somebody may decide the appeal now.
    ///
    /// # Errors
    /// `appeal.not_pending`, and `decision.took_part` where they added the event, proposed or confirmed it, or
    /// filed the appeal.
    pub fn decide(&self, actor: &str) -> Result<(), Illegal> {
        if self.state.after(AppealStep::Deny).is_none() {
            let message = "no appeal against the event is pending";
            return Err(self.illegal(Reason::AppealNotPending, message));
        }
        if self.took_part.contains(actor) {
            let message = format!("`{actor}` took part in what is appealed: somebody else decides");
            return Err(self.illegal(Reason::TookPart, message));
        }
        Ok(())
    }

    fn illegal(&self, code: Reason, message: impl Into<String>) -> Illegal {
        Illegal::new(code, self.state.as_str(), self.state.legal_now(), message)
    }
}
