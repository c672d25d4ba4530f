//! Admission: candidates in, an outcome for each out, and what is accepted in the log.
//!
//! A batch is judged against the register in order, each event on the state that the accepted ones
//! before it have left, and what is accepted is appended in one transaction under the condition
//! that the log is still where it was judged. Where another writer was faster, the batch is judged
//! anew. A refused event spoils no other.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use standing_projections::event::{Data, Kind};
use standing_projections::refusal::{Code, Refusal};
use standing_projections::{Event, Instant, Position};

use super::judge::{Clock, Target, judge};
use super::register::{DECIDING, Register, Subject};
use crate::desk::{Desk, DeskError};
use crate::ledger::{
    AppendError, Condition, Key, Ledger, NewEvent, Recorded, StoreError, StoredEvent,
};

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log at that position.
    Appended(Position),
    /// The same event was in the log already, at that position.
    Duplicate(Position),
    /// It is not taken.
    Refused(Refusal),
}

/// Where the recorded times of a batch come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The ledger's clock.
    Clock,
    /// The events' own `recordedtime` (`--trust-recorded-time`).
    Events,
}

/// Why a batch could not be admitted at all. Nothing of it is in the log, but where it is unknown.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log could not be appended to, or it is unknown whether it was.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// Other writers were faster every time.
    #[error("other writers were faster {0} times; try again")]
    Contended(u32),
}

/// How often a batch is judged anew before giving up.
const TRIES: u32 = 100;

/// A clock.
pub type ClockFn = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The way into a ledger.
pub struct Intake {
    ledger: Arc<dyn Ledger>,
    clock: ClockFn,
    register: Register,
}

/// A candidate that reads as an event.
struct Candidate<'a> {
    event: Event,
    body: &'a Map<String, Value>,
}

impl Intake {
    /// The way into that ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, clock: ClockFn) -> Self {
        Self {
            ledger,
            clock,
            register: Register::default(),
        }
    }

    /// What its clock says.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// Admits a batch; one outcome for each event, in their order.
    ///
    /// # Errors
    /// Where the log cannot be read or appended to; then none of the batch was taken, unless the
    /// error says that this is unknown.
    pub async fn admit(
        &mut self,
        bodies: &[Map<String, Value>],
        trust: Trust,
    ) -> Result<Vec<Outcome>, AdmitError> {
        let parsed: Vec<Result<Candidate<'_>, Refusal>> = bodies
            .iter()
            .map(|body| {
                Ok(Candidate {
                    event: Event::from_object(&body)?,
                    body,
                })
            })
            .collect();
        for _ in 0..TRIES {
            self.register.catch_up(&*self.ledger).await?;
            let looked_up = self.look_up(&parsed).await?;
            let (outcomes, accepted) = self.judge_all(&parsed, &looked_up, trust);
            if accepted.is_empty() {
                return Ok(outcomes);
            }
            let recorded = match trust {
                Trust::Clock => Recorded::Now,
                Trust::Events => Recorded::Trusted,
            };
            let condition = Condition::NothingNewSince(self.register.known);
            match self.ledger.append(&accepted, recorded, &condition).await {
                Ok(appended) => {
                    self.register.known = appended.last;
                    self.register.recordedtime = appended.recordedtimes.last().copied();
                    return Ok(outcomes);
                }
                Err(error) => {
                    // The register has taken in what did not come to be.
                    self.register = Register::default();
                    match error {
                        AppendError::ConditionFailed { .. } | AppendError::KeyTaken { .. } => {}
                        error => return Err(error.into()),
                    }
                }
            }
        }
        Err(AdmitError::Contended(TRIES))
    }

    /// Admits one event. A step of an app's review, inspections, reports, key or listing is decided
    /// by the desk's aggregate.
    ///
    /// # Errors
    /// As [`Intake::admit`].
    pub async fn record(&mut self, body: Map<String, Value>) -> Result<Outcome, AdmitError> {
        let event = match Event::from_object(&body) {
            Ok(event) if event.kind.is_lifecycle() => event,
            _ => {
                let outcomes = self.admit(&[body], Trust::Clock).await?;
                return Ok(outcomes
                    .into_iter()
                    .next()
                    .unwrap_or(Outcome::Appended(Position(0))));
            }
        };
        let key = (event.source.clone(), event.id.clone());
        let one = [Ok(Candidate { event, body: &body })];
        for _ in 0..TRIES {
            self.register.catch_up(&*self.ledger).await?;
            let looked_up = self.look_up(&one).await?;
            let [Ok(candidate)] = &one else { break };
            match self.judge_one(candidate, &looked_up, &HashMap::new(), Trust::Clock, false) {
                Verdict::Known(outcome) => return Ok(outcome),
                Verdict::Accepted(_) => {}
            }
            let desk = Desk::new(self.ledger.clone());
            match desk.step(&candidate.event, candidate.body).await {
                Ok(()) => {
                    let key = Key {
                        source: &key.0,
                        id: &key.1,
                    };
                    let found = self.ledger.find(&[key]).await?.into_iter().next().flatten();
                    let position = found.map(|stored| stored.position).unwrap_or_default();
                    self.register = Register::default();
                    return Ok(Outcome::Appended(position));
                }
                Err(DeskError::Refused(refusal)) => return Ok(Outcome::Refused(refusal)),
                Err(DeskError::Overtaken) => {}
                Err(DeskError::Store(error)) => return Err(error.into()),
                Err(DeskError::Append(error)) => return Err(error.into()),
            }
        }
        Err(AdmitError::Contended(TRIES))
    }

    /// Reads what the batch is judged by: its keys, the events it refers to, its subjects and the
    /// records of the apps it takes steps of.
    async fn look_up(
        &mut self,
        parsed: &[Result<Candidate<'_>, Refusal>],
    ) -> Result<LookedUp, StoreError> {
        let ledger = self.ledger.clone();
        let events: Vec<&Event> = parsed.iter().flatten().map(|c| &c.event).collect();
        let own = events
            .iter()
            .map(|event| (event.source.as_str(), event.id.as_str()));
        let refs = events.iter().filter_map(|event| event.data.event_ref());
        let refs = refs.map(|target| (target.source.as_str(), target.id.as_str()));
        let mut looked_up = LookedUp::default();
        if self.register.known > Position(0) {
            let keys: Vec<Key<'_>> = own
                .chain(refs)
                .map(|(source, id)| Key { source, id })
                .collect();
            let found = ledger.find(&keys).await?;
            for (key, stored) in keys.iter().zip(found) {
                if let Some(stored) = stored {
                    looked_up
                        .stored
                        .insert((key.source.to_owned(), key.id.to_owned()), stored);
                }
            }
        }
        let developers = events.iter().filter_map(|event| match &event.data {
            Data::AppRegistered { developer, .. } => Some(developer.as_str()),
            _ => None,
        });
        let subjects = events
            .iter()
            .map(|event| event.subject.as_str())
            .chain(developers);
        self.register.load_subjects(&*ledger, subjects).await?;
        let stepped = events
            .iter()
            .filter(|event| DECIDING.contains(&event.kind) || event.kind == Kind::OutageExplained);
        self.register
            .load_apps(&*ledger, stepped.map(|event| event.subject.as_str()))
            .await?;
        Ok(looked_up)
    }

    /// Judges in order, each on what the accepted ones before it have left.
    fn judge_all(
        &mut self,
        parsed: &[Result<Candidate<'_>, Refusal>],
        looked_up: &LookedUp,
        trust: Trust,
    ) -> (Vec<Outcome>, Vec<NewEvent>) {
        let mut accepted: Vec<NewEvent> = Vec::new();
        let mut of_batch: HashMap<Key<'_>, (Position, &Candidate<'_>)> = HashMap::new();
        let mut outcomes = Vec::with_capacity(parsed.len());
        for candidate in parsed {
            let candidate = match candidate {
                Ok(candidate) => candidate,
                Err(refusal) => {
                    outcomes.push(Outcome::Refused(refusal.clone()));
                    continue;
                }
            };
            match self.judge_one(candidate, looked_up, &of_batch, trust, true) {
                Verdict::Known(outcome) => outcomes.push(outcome),
                Verdict::Accepted(mut new) => {
                    let position = Position(self.register.known.0 + accepted.len() as u64 + 1);
                    self.register.record(position, &new.event, new.target);
                    new.developer = self.developer_of(&new.event);
                    if trust == Trust::Events {
                        self.register.recordedtime = new.event.recordedtime;
                    }
                    let event = &candidate.event;
                    let key = Key {
                        source: &event.source,
                        id: &event.id,
                    };
                    of_batch.insert(key, (position, candidate));
                    accepted.push(new);
                    outcomes.push(Outcome::Appended(position));
                }
            }
        }
        (outcomes, accepted)
    }

    fn judge_one(
        &self,
        candidate: &Candidate<'_>,
        looked_up: &LookedUp,
        of_batch: &HashMap<Key<'_>, (Position, &Candidate<'_>)>,
        trust: Trust,
        legality: bool,
    ) -> Verdict {
        let Candidate { event, body } = candidate;
        let key = Key {
            source: &event.source,
            id: &event.id,
        };
        let before = match of_batch.get(&key) {
            Some((position, other)) => Some((*position, content(other.body))),
            None => looked_up
                .get(key)
                .map(|stored| (stored.position, stored_content(stored))),
        };
        if let Some((position, known)) = before {
            return Verdict::Known(if known == content(body) {
                Outcome::Duplicate(position)
            } else {
                let message = format!(
                    "`{}` of source `{}` is the event at position {position}, with other content",
                    event.id, event.source
                );
                Outcome::Refused(Refusal::new(Code::EventConflict, "/id", message))
            });
        }
        let target = event.data.event_ref().and_then(|wanted| {
            let key = Key {
                source: &wanted.source,
                id: &wanted.id,
            };
            match of_batch.get(&key) {
                Some((position, other)) => Some(Target {
                    position: *position,
                    kind: other.event.kind,
                    subject: other.event.subject.clone(),
                }),
                None => looked_up.get(key).map(|stored| Target {
                    position: stored.position,
                    kind: stored.kind,
                    subject: stored.subject.clone(),
                }),
            }
        });
        let now = (self.clock)();
        let mut event = event.clone();
        let clock = match trust {
            Trust::Clock => Clock::Now(now),
            Trust::Events => {
                let previous = self.register.recordedtime;
                let recordedtime = event
                    .recordedtime
                    .unwrap_or(previous.map_or(now, |p| p.max(now)));
                event.recordedtime = Some(recordedtime);
                Clock::Trusted {
                    recordedtime,
                    previous,
                }
            }
        };
        match judge(&self.register, &event, target.as_ref(), clock, legality) {
            Err(refusal) => Verdict::Known(Outcome::Refused(refusal)),
            Ok(()) => Verdict::Accepted(NewEvent {
                developer: self.developer_of(&event),
                event,
                body: (*body).clone(),
                target: target.map(|target| target.position),
            }),
        }
    }

    fn developer_of(&self, event: &Event) -> Option<String> {
        match self.register.subject(&event.subject)? {
            Subject::Developer => Some(event.subject.clone()),
            Subject::App { developer, .. } => Some(developer.to_string()),
        }
    }
}

enum Verdict {
    Known(Outcome),
    Accepted(NewEvent),
}

/// Events of the log by key.
#[derive(Default)]
struct LookedUp {
    stored: HashMap<(String, String), StoredEvent>,
}

impl LookedUp {
    fn get(&self, key: Key<'_>) -> Option<&StoredEvent> {
        if self.stored.is_empty() {
            return None;
        }
        self.stored.get(&(key.source.to_owned(), key.id.to_owned()))
    }
}

/// What two sendings of one event are compared by: the JSON without what a ledger adds.
fn content(body: &Map<String, Value>) -> String {
    let mut body = body.clone();
    body.remove("recordedtime");
    body.remove("private");
    serde_json_canonicalizer::to_string(&body).unwrap_or_default()
}

fn stored_content(stored: &StoredEvent) -> String {
    serde_json::from_str(&stored.json)
        .map(|body| content(&body))
        .unwrap_or_default()
}
