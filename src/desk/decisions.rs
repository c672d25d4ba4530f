//! Decisions about developers and their apps: asked of the state so far, tried out, and taken.
//!
//! A decision is an event that is appended only where it is legal on what the log holds
//! (`standing_projections::decisions`), under the condition that nothing has come of its developer since.
//! Where something has, it is decided again.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use standing_projections::event::Kind;
use standing_projections::facts::History;
use standing_projections::questions::Effect;
use standing_projections::refusal::{Code, Refusal};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position};

use super::case::{self, Case};
use super::judged::Judged;
pub use super::refused::DecideError;
pub use super::waiting::Waiting;
use crate::history::{self, Scope};
use crate::intake::Outcome as Admitted;
use crate::intake::{Candidate, ClockFn, Concluded, Intake};
use crate::ledger::{Ledger, StoredEvent};

/// Where decisions come from, as events say it.
pub const SOURCE: &str = "/standing/decisions";

/// How often a decision is made again where something came in between.
const TRIES: u32 = 10;

/// The types of events that are decided.
pub const KINDS: [Kind; 20] = [
    Kind::AppealFiled,
    Kind::AppealDecided,
    Kind::DecisionProposed,
    Kind::DecisionConfirmed,
    Kind::DecisionWithdrawn,
    Kind::MeasureImposed,
    Kind::MeasureLifted,
    Kind::DeveloperGraded,
    Kind::DeveloperTerminated,
    Kind::DeveloperReinstated,
    Kind::ReviewSubmitted,
    Kind::ReviewApproved,
    Kind::ReviewRejected,
    Kind::InspectionFailed,
    Kind::InspectionRemedied,
    Kind::ReportConfirmed,
    Kind::ReportRemedied,
    Kind::AppDelisted,
    Kind::AppKeyDisabled,
    Kind::AppKeyEnabled,
];

/// A decision that somebody wants to take.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The type of the event.
    pub kind: Kind,
    /// Whom it is about; that of the event it speaks of, where it speaks of one.
    pub subject: Option<String>,
    /// The position of the event that it speaks of, where `data` does not name one.
    pub about: Option<Position>,
    /// What the event carries.
    pub data: Map<String, Value>,
    /// What it says in private.
    pub private: Option<Map<String, Value>>,
    /// Who decides.
    pub actor: String,
    /// With the actor, what makes asking again safe.
    pub key: Option<String>,
    /// The developer that whoever decides may decide about; anybody, where there is none.
    pub only: Option<String>,
}

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Its events are in the log, at these positions.
    Appended(Vec<Position>),
    /// It was taken before, by the same key: its first event is at that position.
    Duplicate(Position),
}

/// A decision that is legal.
struct Ready {
    /// Its events.
    bodies: Vec<Map<String, Value>>,
    /// That which moves standings.
    event: Event,
    target: Option<Position>,
    case: Case,
    as_of: Instant,
}

enum Prepared {
    Ready(Box<Ready>),
    Before(Position),
}

/// Where decisions about developers are taken.
#[derive(Clone)]
pub struct Decisions {
    ledger: Arc<dyn Ledger>,
    clock: ClockFn,
}

impl Decisions {
    /// Those of a ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, clock: ClockFn) -> Self {
        Self { ledger, clock }
    }

    /// Takes a decision, if it is legal.
    ///
    /// # Errors
    /// [`DecideError`]; nothing was appended, but for where it is unknown whether the log took it.
    pub async fn take(&self, decision: &Decision) -> Result<Decided, DecideError> {
        for _ in 0..TRIES {
            let ready = match self.prepare(decision).await? {
                Prepared::Before(position) => return Ok(Decided::Duplicate(position)),
                Prepared::Ready(ready) => ready,
            };
            let count = ready.bodies.len() as u64;
            let batch = ready.bodies.into_iter().map(Candidate::new).collect();
            let mut intake = Intake::new(self.ledger.clone(), self.clock.clone());
            let (since, subjects) = (ready.case.head, ready.case.subjects());
            match intake.admit_decided(batch, since, subjects).await? {
                Concluded::Appended(first) => {
                    let positions = first.0..first.0 + count;
                    return Ok(Decided::Appended(positions.map(Position).collect()));
                }
                Concluded::Refused(rejected) => return Err(rejected.refusal.into()),
                Concluded::Overtaken => tokio::task::yield_now().await,
            }
        }
        Err(DecideError::Overtaken(TRIES))
    }

    /// What a decision would change, if it is legal; nothing is appended. `everybody` is whose ranks are told;
    /// their history is read from the log, where it is not given.
    ///
    /// # Errors
    /// As [`Decisions::take`].
    pub async fn try_out(
        &self,
        decision: &Decision,
        everybody: Option<History>,
    ) -> Result<Effect, DecideError> {
        let ready = match self.prepare(decision).await? {
            Prepared::Before(position) => return Err(DecideError::KeyConflict(position)),
            Prepared::Ready(ready) => ready,
        };
        let head = ready.case.head;
        let everybody = match everybody {
            Some(history) if history.head() >= head => history,
            _ => history::load(&*self.ledger, &Scope::All, head).await?,
        };
        let ask = Ask {
            as_of: ready.as_of,
            known_at: everybody.head(),
        };
        let timeline = Timeline::known(&everybody, ask.known_at)?;
        let event = (&ready.event, ready.target);
        Ok(Effect::of(
            &everybody,
            &timeline,
            &ready.case.developer,
            event,
            ask,
        )?)
    }

    /// The proposals that wait for a second person, and the appeals that wait for a decision.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, DecideError> {
        let head = self.ledger.head().await?.position;
        let docket = case::docket(&*self.ledger, None, head).await?;
        Ok(Waiting::of(&docket))
    }

    async fn prepare(&self, decision: &Decision) -> Result<Prepared, DecideError> {
        if !KINDS.contains(&decision.kind) {
            return Err(DecideError::NoDecision(decision.kind));
        }
        let ledger = &*self.ledger;
        let (now, head) = ((self.clock)(), ledger.head().await?.position);
        let target = self.target(decision).await?;
        // Whoever may see one developer's alone is not told what else there is.
        let own = |developer: Option<&String>| match &decision.only {
            None => true,
            only => only.as_ref() == developer,
        };
        let theirs = target.as_ref().and_then(|target| target.developer.as_ref());
        if !own(theirs) {
            return Err(DecideError::Foreign);
        }
        let body = body(decision, target.as_ref(), now);
        let event = Event::from_object(&body)?;
        let developer = case::developer_of(ledger, &event.subject, head).await?;
        if !own(developer.as_ref()) {
            return Err(DecideError::Foreign);
        }
        if let Some(stored) = case::find(ledger, &event.source, &event.id).await? {
            return match is_same(&stored, &body) {
                true => Ok(Prepared::Before(stored.position)),
                false => Err(DecideError::KeyConflict(stored.position)),
            };
        }
        self.acceptable(&event, &body, now).await?;
        let Some(developer) = developer else {
            let message = format!("no developer or app `{}` is registered", event.subject);
            return Err(Refusal::new(Code::SubjectUnknown, "/subject", message).into());
        };
        let case = Case::load(ledger, developer, head).await?;
        let decided = Judged {
            case: &case,
            target: target.as_ref(),
            event: &event,
            actor: &decision.actor,
            now,
        };
        let (moving, moved_by, also) = decided.judge()?;
        let mut bodies = vec![body];
        if let Some(also) = also {
            self.acceptable(&moving, &also, now).await?;
            bodies.push(also);
        }
        Ok(Prepared::Ready(Box::new(Ready {
            bodies,
            as_of: now.max(moving.time),
            event: moving,
            target: moved_by,
            case,
        })))
    }

    /// That intake would take an event.
    async fn acceptable(
        &self,
        event: &Event,
        body: &Map<String, Value>,
        now: Instant,
    ) -> Result<(), DecideError> {
        let mut intake = Intake::new(self.ledger.clone(), self.clock.clone());
        match intake.try_out(Candidate::new(body.clone())).await? {
            Admitted::Refused(rejected) => {
                let refusal = rejected.refusal;
                Err(case::illegal_step(&*self.ledger, event, refusal, now).await?)
            }
            Admitted::Appended(_) | Admitted::Duplicate(_) => Ok(()),
        }
    }

    /// The event that a decision speaks of, where it names one that there is.
    async fn target(&self, decision: &Decision) -> Result<Option<StoredEvent>, DecideError> {
        let ledger = &*self.ledger;
        if let Some(position) = decision.about {
            let found = case::at(ledger, position).await?;
            return match found {
                Some(stored) => Ok(Some(stored)),
                None if decision.only.is_some() => Err(DecideError::Foreign),
                None => Err(DecideError::NoSuchPosition(position)),
            };
        }
        let Some(named) = decision.data.get("event") else {
            return Ok(None);
        };
        let source = named.get("source").and_then(Value::as_str);
        match named.get("id").and_then(Value::as_str) {
            None => Ok(None),
            Some(id) => Ok(case::find(ledger, source.unwrap_or(SOURCE), id).await?),
        }
    }
}

/// The event of a decision, as it is sent.
fn body(decision: &Decision, target: Option<&StoredEvent>, now: Instant) -> Map<String, Value> {
    let id = match &decision.key {
        Some(key) => format!("{}:{key}", decision.actor),
        None => uuid::Uuid::now_v7().to_string(),
    };
    let mut data = decision.data.clone();
    let mut subject = decision.subject.clone();
    if let Some(target) = target {
        let event = json!({"id": target.id, "source": target.source});
        if decision.about.is_some() {
            data.insert("event".to_owned(), event);
        }
        subject = subject.or_else(|| Some(target.subject.clone()));
    }
    let mut body = Map::new();
    body.insert("specversion".to_owned(), "1.0".into());
    body.insert("id".to_owned(), id.into());
    body.insert("source".to_owned(), SOURCE.into());
    body.insert("type".to_owned(), decision.kind.as_str().into());
    body.insert("time".to_owned(), now.to_string().into());
    if let Some(subject) = subject {
        body.insert("subject".to_owned(), subject.into());
    }
    body.insert("data".to_owned(), data.into());
    body.insert("actor".to_owned(), decision.actor.as_str().into());
    if let Some(private) = &decision.private {
        body.insert("private".to_owned(), private.clone().into());
    }
    body
}

/// Whether a stored event is of the same decision, whenever that was taken.
fn is_same(stored: &StoredEvent, body: &Map<String, Value>) -> bool {
    let stored: Map<String, Value> = serde_json::from_str(&stored.json).unwrap_or_default();
    let same = |key: &str| stored.get(key) == body.get(key);
    ["type", "subject", "data", "actor"].into_iter().all(same)
}
