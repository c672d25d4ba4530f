//! The table of who may do what. Whatever it does not allow is denied.
//!
//! `docs/access.md` shows it to people; a test compares the two.

use standing_projections::event::Kind;

use super::Role;
use Role::{Approver, Auditor, Consumer, Developer, Recorder, Reviewer, RuleMaker};

/// Something that can be done over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send events; which ones, [`may_append`] says.
    Append,
    /// Take decisions; which ones, [`may_decide`] says.
    Decide,
    /// Read what waits for a decision.
    ReadDecisions,
    /// Read events.
    ReadEvents,
    /// Read a developer's or an app's standing, its explanation, its past and its future.
    ReadStanding,
    /// Read who owes what by when.
    ReadObligations,
    /// Read the board.
    ReadPlaza,
    /// Follow the changes of the board.
    FollowPlaza,
    /// Read the log as checkpoints and hashes: what proofs are checked against.
    ReadLog,
    /// Read whole leaves of the log, and proofs, which hold one.
    ReadLeaves,
    /// Read rulebooks.
    ReadRules,
    /// Publish a rulebook.
    PublishRules,
    /// Compare rules with others over all history.
    Simulate,
    /// Read which accesses were refused.
    ReadRefusals,
    /// Read the service's own figures.
    ReadMetrics,
    /// Read what describes the service.
    ReadDocs,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Append,
        Self::Decide,
        Self::ReadDecisions,
        Self::ReadEvents,
        Self::ReadStanding,
        Self::ReadObligations,
        Self::ReadPlaza,
        Self::FollowPlaza,
        Self::ReadLog,
        Self::ReadLeaves,
        Self::ReadRules,
        Self::PublishRules,
        Self::Simulate,
        Self::ReadRefusals,
        Self::ReadMetrics,
        Self::ReadDocs,
    ];

    /// As people read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append events",
            Self::Decide => "take decisions",
            Self::ReadDecisions => "read what waits for a decision",
            Self::ReadEvents => "read events",
            Self::ReadStanding => "read standing",
            Self::ReadObligations => "read obligations",
            Self::ReadPlaza => "read the plaza",
            Self::FollowPlaza => "follow the plaza",
            Self::ReadLog => "read the log's hashes",
            Self::ReadLeaves => "read the log's leaves",
            Self::ReadRules => "read rulebooks",
            Self::PublishRules => "publish rulebooks",
            Self::Simulate => "run simulations",
            Self::ReadRefusals => "read refused accesses",
            Self::ReadMetrics => "read metrics",
            Self::ReadDocs => "read the API's description",
        }
    }

    /// Who may.
    ///
    /// A developer reads events, standing and obligations of its own only: the handlers see to that,
    /// by [`Caller::own_developer`](super::Caller::own_developer). Whoever may read any one app may
    /// read all of them one by one, so for reviewers reading is not cut smaller.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Append => &[Recorder, Reviewer, Approver],
            Self::Decide => &[Reviewer, Approver, Developer],
            Self::ReadDecisions => &[Reviewer, Approver, Auditor],
            Self::ReadEvents | Self::ReadStanding | Self::ReadObligations => {
                &[Reviewer, Approver, Auditor, Developer]
            }
            Self::ReadPlaza => &[Reviewer, Approver, RuleMaker, Auditor, Consumer, Developer],
            Self::FollowPlaza => &[Auditor, Consumer],
            Self::ReadLog => &[Recorder, Reviewer, Approver, RuleMaker, Auditor, Consumer],
            Self::ReadLeaves => &[Reviewer, Approver, Auditor],
            Self::ReadRules => &[Reviewer, Approver, RuleMaker, Auditor, Consumer, Developer],
            Self::PublishRules => &[RuleMaker],
            Self::Simulate => &[RuleMaker, Auditor],
            Self::ReadRefusals => &[Auditor],
            Self::ReadMetrics => &[Auditor, Consumer],
            Self::ReadDocs => &Role::ALL,
        }
    }
}

/// Whether a role may do that.
#[must_use]
pub fn may(role: Role, action: Action) -> bool {
    action.roles().contains(&role)
}

/// Whether a role may append events of that type.
#[must_use]
pub fn may_append(role: Role, kind: Kind) -> bool {
    appenders(kind).contains(&role)
}

/// Whether a role may take decisions of that type: those whose events it may append, and appeals; a developer
/// files them about its own, and does nothing else.
#[must_use]
pub fn may_decide(role: Role, kind: Kind) -> bool {
    let files = kind == Kind::AppealFiled;
    may(role, Action::Decide) && (files || may_append(role, kind))
}

/// Who may append events of that type: facts are recorded, reviews are a reviewer's, and what ends a
/// cooperation or takes back what the log says is an approver's.
#[must_use]
pub const fn appenders(kind: Kind) -> &'static [Role] {
    match kind {
        Kind::DeveloperRegistered
        | Kind::DeveloperLeft
        | Kind::AppRegistered
        | Kind::AppPermissionChanged
        | Kind::ViolationFound
        | Kind::ViolationRemedied
        | Kind::ComplaintReceived
        | Kind::OutageStarted
        | Kind::OutageEnded
        | Kind::OutageExplained
        | Kind::OutageDayRecorded
        | Kind::BehaviorObserved
        | Kind::BehaviorCeased
        | Kind::UsageReported
        | Kind::CertificationAssessed
        | Kind::DataDeletionOrdered
        | Kind::DataDeletionConfirmed
        | Kind::AppealFiled => &[Recorder],
        Kind::ReportConfirmed
        | Kind::ReportRemedied
        | Kind::AppDelisted
        | Kind::AppKeyDisabled
        | Kind::AppKeyEnabled => &[Recorder, Reviewer, Approver],
        Kind::ReviewSubmitted
        | Kind::ReviewApproved
        | Kind::ReviewRejected
        | Kind::InspectionFailed
        | Kind::InspectionRemedied
        | Kind::MeasureImposed
        | Kind::MeasureLifted
        | Kind::DecisionProposed
        | Kind::DecisionWithdrawn => &[Reviewer, Approver],
        Kind::DeveloperGraded
        | Kind::DeveloperTerminated
        | Kind::DeveloperReinstated
        | Kind::EventRetracted
        | Kind::AppealDecided
        | Kind::DecisionConfirmed
        | Kind::PrivateErased => &[Approver],
        Kind::RulebookPublished => &[RuleMaker],
    }
}
