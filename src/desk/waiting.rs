//! What waits for somebody's decision.

use standing_projections::decisions::{AppealState, Docket, Proposal};
use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

/// What waits for somebody's decision.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Waiting {
    /// Where it was proposed, or filed.
    pub position: Position,
    /// The event that is appealed.
    pub about: Option<Position>,
    /// `decision.proposed` or `appeal.filed`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whom it is about.
    pub subject: String,
    /// Who proposed or filed it.
    pub actor: Option<String>,
    /// Since when it waits.
    pub since: Instant,
    /// What would be legal now.
    pub legal_now: Vec<String>,
}

impl Waiting {
    /// Everything on a docket that waits, in the order in which it was proposed or filed.
    pub(super) fn of(docket: &Docket) -> Vec<Self> {
        let proposals = docket.proposals();
        let pending = proposals.iter();
        let pending = pending.filter(|proposal| !proposal.state.legal_now().is_empty());
        let mut waiting: Vec<Self> = pending.map(Self::proposal).collect();
        let appealed = docket.appealed().into_iter();
        waiting.extend(appealed.map(|(target, filed)| Self {
            position: filed.position,
            about: Some(target),
            kind: filed.event.kind,
            subject: filed.event.subject.clone(),
            actor: filed.event.actor.clone(),
            since: filed.recordedtime,
            legal_now: AppealState::Pending.legal_now(),
        }));
        waiting.sort_by_key(|one| one.position);
        waiting
    }

    fn proposal(proposal: &Proposal<'_>) -> Self {
        let proposed = proposal.proposed;
        Self {
            position: proposed.position,
            about: None,
            kind: proposed.event.kind,
            subject: proposed.event.subject.clone(),
            actor: proposed.event.actor.clone(),
            since: proposed.recordedtime,
            legal_now: proposal.state.legal_now(),
        }
    }
}
