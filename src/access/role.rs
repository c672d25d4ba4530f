//! What somebody is to the service.

use std::fmt;
use std::str::FromStr;

use utoipa::ToSchema;

/// What somebody is to the service; [`may`](super::may) says what each may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A monitor, the complaint desk, the gateway: reports what happened.
    Recorder,
    /// Reviews and inspects apps.
    Reviewer,
    /// Reviews too, and decides what cannot be undone by a reviewer.
    Approver,
    /// Publishes rulebooks and tries them out.
    RuleMaker,
    /// Reads everything and changes nothing.
    Auditor,
    /// A program that is fed: the app store, the gateway, a monitor of the log.
    Consumer,
    /// One developer, who sees its own standing.
    Developer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Recorder,
        Self::Reviewer,
        Self::Approver,
        Self::RuleMaker,
        Self::Auditor,
        Self::Consumer,
        Self::Developer,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorder => "recorder",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::RuleMaker => "rule-maker",
            Self::Auditor => "auditor",
            Self::Consumer => "consumer",
            Self::Developer => "developer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is none of {all}")
        })
    }
}
