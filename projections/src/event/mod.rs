//! The vocabulary of events (SPEC §2): the envelope, the types, and what each carries.
//!
//! [`Event::from_json`] checks an event by itself: its attributes, its type, the shape of its
//! `data`. What needs the ledger (is the subject registered, is the step legal) is asked later,
//! by intake. Past this edge everything is typed.

use crate::time::Instant;
use crate::words::words;
use chrono::NaiveDate;

mod fields;
mod parse;
mod vocabulary;

pub(crate) use fields::COUNT_MAX;
pub use fields::{FieldForm, field_form};
pub use vocabulary::{
    Cause, Channel, ComplaintClass, DeveloperKind, InspectionSeverity, Outcome, Permission,
    ReportSeverity, Stage,
};

/// A place in the log, from 1, without gaps.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

words! {
    /// The types of events.
    Kind {
        /// A developer is taken on.
        DeveloperRegistered = "developer.registered",
        /// A developer's grade is set.
        DeveloperGraded = "developer.graded",
        /// An operator ends the cooperation.
        DeveloperTerminated = "developer.terminated",
        /// The developer ends the cooperation.
        DeveloperLeft = "developer.left",
        /// The cooperation is taken up again.
        DeveloperReinstated = "developer.reinstated",
        /// An app is created.
        AppRegistered = "app.registered",
        /// An app's permission is set.
        AppPermissionChanged = "app.permission_changed",
        /// An app is taken from the plaza.
        AppDelisted = "app.delisted",
        /// An app's key stops working.
        AppKeyDisabled = "app.key_disabled",
        /// An app's key works again.
        AppKeyEnabled = "app.key_enabled",
        /// A violation is found.
        ViolationFound = "violation.found",
        /// A violation is put right.
        ViolationRemedied = "violation.remedied",
        /// A complaint is received.
        ComplaintReceived = "complaint.received",
        /// An outage begins.
        OutageStarted = "outage.started",
        /// An outage ends.
        OutageEnded = "outage.ended",
        /// An outage is explained.
        OutageExplained = "outage.explained",
        /// A date is recorded as an outage day.
        OutageDayRecorded = "outage.day_recorded",
        /// A ranked behaviour is observed.
        BehaviorObserved = "behavior.observed",
        /// A ranked behaviour is seen to have ceased.
        BehaviorCeased = "behavior.ceased",
        /// A date's number of users is reported.
        UsageReported = "usage.reported",
        /// A condition of certification is assessed by a person.
        CertificationAssessed = "certification.assessed",
        /// A review step is asked for.
        ReviewSubmitted = "review.submitted",
        /// A review step is approved.
        ReviewApproved = "review.approved",
        /// A review step is rejected.
        ReviewRejected = "review.rejected",
        /// An inspection fails.
        InspectionFailed = "inspection.failed",
        /// What inspections found is put right.
        InspectionRemedied = "inspection.remedied",
        /// A user's report is confirmed.
        ReportConfirmed = "report.confirmed",
        /// What reports found is put right.
        ReportRemedied = "report.remedied",
        /// Measures are imposed by hand.
        MeasureImposed = "measure.imposed",
        /// Measures are lifted.
        MeasureLifted = "measure.lifted",
        /// Data is to be deleted.
        DataDeletionOrdered = "data_deletion.ordered",
        /// The deletion is confirmed.
        DataDeletionConfirmed = "data_deletion.confirmed",
        /// An event is taken back.
        EventRetracted = "event.retracted",
        /// An appeal against an event is filed.
        AppealFiled = "appeal.filed",
        /// An appeal is decided.
        AppealDecided = "appeal.decided",
        /// A grave decision is proposed: a second person has to confirm it.
        DecisionProposed = "decision.proposed",
        /// A proposal is confirmed; the event that it proposed comes with it.
        DecisionConfirmed = "decision.confirmed",
        /// A proposal is withdrawn before it is confirmed.
        DecisionWithdrawn = "decision.withdrawn",
        /// A rulebook version is published.
        RulebookPublished = "rulebook.published",
        /// An event's private data is erased.
        PrivateErased = "private.erased",
    }
}

/// What sort of thing an event's subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A developer.
    Developer,
    /// An app.
    App,
    /// A rulebook id.
    Rulebook,
    /// Whatever its target's is.
    Target,
}

impl Kind {
    /// What sort of thing the subject of such an event is.
    #[must_use]
    pub const fn subject(self) -> SubjectKind {
        match self {
            Self::DeveloperRegistered
            | Self::DeveloperGraded
            | Self::DeveloperTerminated
            | Self::DeveloperLeft
            | Self::DeveloperReinstated => SubjectKind::Developer,
            Self::EventRetracted
            | Self::AppealFiled
            | Self::AppealDecided
            | Self::DecisionProposed
            | Self::DecisionConfirmed
            | Self::DecisionWithdrawn
            | Self::PrivateErased => SubjectKind::Target,
            Self::RulebookPublished => SubjectKind::Rulebook,
            _ => SubjectKind::App,
        }
    }

    /// The fields of such an event's data and their values (SPEC §2); `?` may be missing.
    #[must_use]
    pub const fn fields(self) -> &'static str {
        match self {
            Self::DeveloperRegistered => "name, kind: connection | service, grade?",
            Self::DeveloperGraded => "grade, reason?",
            Self::DeveloperLeft => "reason?",
            Self::DeveloperTerminated
            | Self::DeveloperReinstated
            | Self::AppDelisted
            | Self::AppKeyDisabled
            | Self::AppKeyEnabled => "reason",
            Self::AppRegistered => {
                "developer, name, channel: enterprise | in_site | general | website | \
                 official_account, permission?: ordinary | partner"
            }
            Self::AppPermissionChanged => "permission: ordinary | partner",
            Self::ViolationFound => "code, evidence?: list, note?",
            Self::ViolationRemedied => "code",
            Self::ComplaintReceived => "class: strong | normal | celebrity, reason?, note?",
            Self::OutageStarted => "outage, cause: developer | platform | third_party",
            Self::OutageEnded | Self::OutageExplained => "outage, note?",
            Self::OutageDayRecorded => "date, cause: developer | platform | third_party",
            Self::BehaviorObserved | Self::BehaviorCeased => "code, note?",
            Self::UsageReported => "date, daily_users: a whole number",
            Self::CertificationAssessed => "condition: platform_related, met: true | false",
            Self::ReviewSubmitted | Self::ReviewApproved => "stage: declaration | copy | plaza",
            Self::ReviewRejected => "stage: declaration | copy | plaza, reasons: list",
            Self::InspectionFailed => "severity: minor | serious | multi_account, findings: list",
            Self::InspectionRemedied | Self::ReportRemedied => "note?",
            Self::ReportConfirmed => "severity: ordinary | extreme, note?",
            Self::MeasureImposed => "measures: list, until: an instant | null, reason",
            Self::MeasureLifted => "measures: list, reason",
            Self::DataDeletionOrdered | Self::DataDeletionConfirmed => "scope, note?",
            Self::EventRetracted | Self::PrivateErased | Self::DecisionWithdrawn => {
                "event.id, event.source?, reason"
            }
            Self::DecisionProposed => {
                "type: measure.imposed | developer.terminated, data: what that type carries, \
                 time?: an instant, reason"
            }
            Self::DecisionConfirmed => "event.id, event.source?",
            Self::AppealFiled => "event.id, event.source?, statement, evidence?: SHA-256 list",
            Self::AppealDecided => "event.id, event.source?, outcome: granted | denied, reason",
            Self::RulebookPublished => "version, toml, sha256",
        }
    }

    /// Whether such events arrive in time order and move an app's review state (SPEC §8).
    #[must_use]
    pub const fn is_lifecycle(self) -> bool {
        matches!(
            self,
            Self::ReviewSubmitted
                | Self::ReviewApproved
                | Self::ReviewRejected
                | Self::InspectionFailed
                | Self::InspectionRemedied
                | Self::ReportConfirmed
                | Self::ReportRemedied
                | Self::AppKeyDisabled
                | Self::AppKeyEnabled
                | Self::AppDelisted
        )
    }

    /// Whether an appeal or a retraction may be aimed at such an event (`ref.not_retractable`).
    #[must_use]
    pub const fn is_retractable(self) -> bool {
        !matches!(
            self,
            Self::DeveloperRegistered
                | Self::AppRegistered
                | Self::RulebookPublished
                | Self::PrivateErased
                | Self::DecisionProposed
                | Self::DecisionConfirmed
                | Self::DecisionWithdrawn
        )
    }
}

/// The codes the rules use themselves, which no catalogue may take (SPEC §3).
pub const RESERVED_CODES: [&str; 2] = [COMPLAINTS, OUTAGE];
/// The code of the incident that complaints make.
pub const COMPLAINTS: &str = "complaints";
/// The code of the incident that outage days make.
pub const OUTAGE: &str = "outage";

/// Which event another one speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRef {
    /// The event's id.
    pub id: String,
    /// Its source; the referring event's own where it is not given.
    pub source: String,
}

/// What an event carries, by type (SPEC §2). Free text that no rule reads stays in the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are SPEC §2's, by name.
pub enum Data {
    DeveloperRegistered {
        name: String,
        kind: DeveloperKind,
        grade: Option<String>,
    },
    DeveloperGraded {
        grade: String,
    },
    DeveloperTerminated,
    DeveloperLeft,
    DeveloperReinstated,
    AppRegistered {
        developer: String,
        name: String,
        channel: Channel,
        permission: Permission,
    },
    AppPermissionChanged {
        permission: Permission,
    },
    AppDelisted,
    AppKeyDisabled,
    AppKeyEnabled,
    ViolationFound {
        code: String,
    },
    ViolationRemedied {
        code: String,
    },
    ComplaintReceived {
        class: ComplaintClass,
        reason: Option<String>,
    },
    OutageStarted {
        outage: String,
        cause: Cause,
    },
    OutageEnded {
        outage: String,
    },
    OutageExplained {
        outage: String,
    },
    OutageDayRecorded {
        date: NaiveDate,
        cause: Cause,
    },
    BehaviorObserved {
        code: String,
    },
    BehaviorCeased {
        code: String,
    },
    UsageReported {
        date: NaiveDate,
        daily_users: i64,
    },
    CertificationAssessed {
        met: bool,
    },
    ReviewSubmitted {
        stage: Stage,
    },
    ReviewApproved {
        stage: Stage,
    },
    ReviewRejected {
        stage: Stage,
        reasons: Vec<String>,
    },
    InspectionFailed {
        severity: InspectionSeverity,
    },
    InspectionRemedied,
    ReportConfirmed {
        severity: ReportSeverity,
    },
    ReportRemedied,
    MeasureImposed {
        measures: Vec<String>,
        until: Option<Instant>,
    },
    MeasureLifted {
        measures: Vec<String>,
    },
    DataDeletionOrdered,
    DataDeletionConfirmed,
    EventRetracted {
        event: EventRef,
    },
    AppealFiled {
        event: EventRef,
    },
    AppealDecided {
        event: EventRef,
        outcome: Outcome,
    },
    RulebookPublished {
        version: String,
        toml: String,
        sha256: String,
    },
    PrivateErased {
        event: EventRef,
    },
    DecisionProposed {
        decision: Box<Proposed>,
    },
    DecisionConfirmed {
        event: EventRef,
    },
    DecisionWithdrawn {
        event: EventRef,
    },
}

/// The event that a proposal proposes: its subject is the proposal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Its type.
    pub kind: Kind,
    /// What it carries.
    pub data: Data,
    /// When it is to have happened; when it is confirmed, where nothing is said.
    pub time: Option<Instant>,
}

impl Proposed {
    /// The types that are proposed: those that can be grave.
    pub const KINDS: [Kind; 2] = [Kind::MeasureImposed, Kind::DeveloperTerminated];
}

impl Data {
    /// The event this one speaks of, if its type speaks of one.
    #[must_use]
    pub fn event_ref(&self) -> Option<&EventRef> {
        match self {
            Self::EventRetracted { event }
            | Self::AppealFiled { event }
            | Self::AppealDecided { event, .. }
            | Self::DecisionConfirmed { event }
            | Self::DecisionWithdrawn { event }
            | Self::PrivateErased { event } => Some(event),
            _ => None,
        }
    }
}

/// An event whose attributes and data are of the right shape.
///
/// ```
/// use standing_projections::{Event, event::{Data, Kind}};
/// let event = Event::from_json(&serde_json::json!({
///     "specversion": "1.0", "id": "1", "source": "/desk", "type": "violation.found",
///     "time": "2014-05-03T03:00:00Z", "subject": "a1", "data": {"code": "bulk_scraping"}
/// })).unwrap();
/// assert_eq!(event.kind, Kind::ViolationFound);
/// assert!(matches!(event.data, Data::ViolationFound { code } if code == "bulk_scraping"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// With `source`, the idempotency key.
    pub id: String,
    /// Who sends it.
    pub source: String,
    /// Its type.
    pub kind: Kind,
    /// When it happened.
    pub time: Instant,
    /// What it is about.
    pub subject: String,
    /// What it carries.
    pub data: Data,
    /// When a ledger took it, where a trusted import says so.
    pub recordedtime: Option<Instant>,
    /// Who acted.
    pub actor: Option<String>,
}
