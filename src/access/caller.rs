//! Who is asking, once that is known.

use std::sync::Arc;

use standing_projections::event::Kind;

use super::{Action, Role, may, may_append, may_decide};

/// Who is asking: what a token that was shown, and is in force, stands for.
///
/// ```
/// use standing::access::{Action, Caller, Role};
/// use standing_projections::event::Kind;
/// let desk = Caller::new("t1", Role::Recorder, "desk-7", None);
/// assert!(desk.may(Action::Append) && desk.may_append(Kind::ComplaintReceived));
/// assert!(!desk.may_append(Kind::AppealDecided) && !desk.may(Action::ReadEvents));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    token: Arc<str>,
    role: Role,
    actor: Arc<str>,
    subject: Option<Arc<str>>,
}

impl Caller {
    /// Somebody with the token of that id. `subject` is the developer that one of that role is.
    #[must_use]
    pub fn new(token: &str, role: Role, actor: &str, subject: Option<&str>) -> Self {
        Self {
            token: token.into(),
            role,
            actor: actor.into(),
            subject: subject.map(Into::into),
        }
    }

    /// The id of the token, which is no secret.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What they are to the service.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The pseudonymous id that events of theirs carry as `actor`.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Whether they may do that. A developer may do it of its own only.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        may(self.role, action)
    }

    /// Whether they may append events of that type.
    #[must_use]
    pub fn may_append(&self, kind: Kind) -> bool {
        may_append(self.role, kind)
    }

    /// Whether they may take decisions of that type.
    #[must_use]
    pub fn may_decide(&self, kind: Kind) -> bool {
        may_decide(self.role, kind)
    }

    /// The developer that they are. Nothing of another developer may be told to them.
    #[must_use]
    pub fn own_developer(&self) -> Option<&str> {
        match self.role {
            // One without a subject, which no store holds, owns nothing: no developer has no id.
            Role::Developer => Some(self.subject.as_deref().unwrap_or_default()),
            _ => None,
        }
    }

    /// Whether what belongs to that developer may be told to them; `None` is what belongs to nobody
    /// or does not exist, which are one and the same to a developer.
    #[must_use]
    pub fn may_see(&self, developer: Option<&str>) -> bool {
        match self.own_developer() {
            None => true,
            Some(own) => developer == Some(own),
        }
    }
}
