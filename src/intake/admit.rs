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
use super::leaf_size;
use super::parts::{Accepted, Verdict, outcomes, part, whole_again};
use super::register::Register;
use crate::desk::{Desk, DeskError};
use crate::history::records::{DECIDING, Subject};
use crate::ledger::{
    AppendError, Appended, Condition, Key, Ledger, NewEvent, Recorded, StoreError, StoredEvent,
};

/// An event that was read: typed, or refused by itself.
#[derive(Debug)]
pub struct Candidate(pub(super) Result<NewEvent, Rejected>);

/// An event that is not taken, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Why.
    pub refusal: Refusal,
    /// The event's JSON, as it was sent.
    pub body: Map<String, Value>,
}

impl Candidate {
    /// The event, where it was not refused by itself.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        self.0.as_ref().ok().map(|new| &new.event)
    }

    /// Checks an event by itself, which needs no ledger and can be done ahead.
    #[must_use]
    pub fn new(body: Map<String, Value>) -> Self {
        let read = leaf_size::check(&body).and_then(|()| Event::from_object(&body));
        Self(match read {
            Ok(event) => Ok(NewEvent {
                event,
                body,
                developer: None,
                target: None,
            }),
            Err(refusal) => Err(Rejected { refusal, body }),
        })
    }
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is in the log at that position.
    Appended(Position),
    /// The same event was in the log already, at that position.
    Duplicate(Position),
    /// It is not taken.
    Refused(Rejected),
}

/// What became of a batch so far, in its order.
#[derive(Debug, Default)]
pub struct Admitted {
    /// What became of each event.
    pub outcomes: Vec<Outcome>,
    /// The appends that it took, with what proves their events. An event may be in the log and in none
    /// of them: where the end of its append was not known at once.
    pub appends: Vec<Appended>,
}

/// What became of events that were decided together.
#[derive(Clone, Debug, PartialEq)]
pub enum Concluded {
    /// They are in the log, the first at that position.
    Appended(Position),
    /// One of them is not taken, and so none is.
    Refused(Rejected),
    /// Something came in between: decide again.
    Overtaken,
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

/// How often in a row others may be faster before giving up.
const TRIES: u32 = 100;

/// How often the log is asked what became of a batch whose commit has no known end.
const SETTLE_TRIES: u64 = 15;

/// Whether what a store failed of may be over when it is asked again: not where the disk is full or
/// broken, which takes a person.
const fn may_pass(cause: &StoreError) -> bool {
    !matches!(
        cause,
        StoreError::Full
            | StoreError::Disk { .. }
            | StoreError::ReadOnly
            | StoreError::Damaged { .. }
            | StoreError::Failed(_)
    )
}

/// How often a part is tried again without a pause.
const AT_ONCE: u32 = 2;

/// Waits a little, longer each time, and not as long as another that waits.
async fn give_way(overtaken: u32) {
    // Mostly somebody else was faster once.
    if overtaken <= AT_ONCE {
        return tokio::task::yield_now().await;
    }
    let spread = u64::from(std::process::id()).wrapping_mul(u64::from(overtaken)) % 7;
    let millis = (1 << overtaken.min(5)) + spread;
    tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
}

/// A clock.
pub type ClockFn = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What became of a part, and the append that it took.
type Done = (Vec<Outcome>, Option<Appended>);

/// The way into a ledger.
pub struct Intake {
    ledger: Arc<dyn Ledger>,
    clock: ClockFn,
    register: Register,
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
    /// The batch is appended as one, but where other writers are faster: then in smaller and
    /// smaller parts, so that it gets its turn beside any number of them.
    ///
    /// # Errors
    /// Where the log cannot be read or appended to; what had been appended by then is answered as a
    /// duplicate when it is sent again.
    pub async fn admit(
        &mut self,
        batch: Vec<Candidate>,
        trust: Trust,
    ) -> Result<Vec<Outcome>, AdmitError> {
        let mut admitted = Admitted::default();
        self.admit_into(&mut admitted, batch, trust).await?;
        Ok(admitted.outcomes)
    }

    /// As [`Intake::admit`], and keeps what proves that the events are in the log. What was done before an
    /// error stands in `admitted`.
    ///
    /// # Errors
    /// As [`Intake::admit`], of the events that have no outcome.
    pub async fn admit_into(
        &mut self,
        admitted: &mut Admitted,
        mut batch: Vec<Candidate>,
        trust: Trust,
    ) -> Result<(), AdmitError> {
        let (mut size, mut overtaken) = (batch.len().max(1), 0);
        while !batch.is_empty() {
            let mut rest = batch.split_off(size.min(batch.len()));
            match self.admit_part(batch, trust, None).await? {
                Ok((outcomes, appended)) => {
                    admitted.outcomes.extend(outcomes);
                    admitted.appends.extend(appended);
                    (size, overtaken) = (size * 2, 0);
                }
                Err(mut part) => {
                    part.append(&mut rest);
                    rest = part;
                    (size, overtaken) = ((size / 2).max(1), overtaken + 1);
                    if overtaken == TRIES {
                        return Err(AdmitError::Contended(TRIES));
                    }
                    give_way(overtaken).await;
                }
            }
            batch = rest;
        }
        Ok(())
    }

    /// Admits a batch where the log still ends at a position; none where it does not, and nothing of it is
    /// in the log then.
    ///
    /// # Errors
    /// As [`Intake::admit`].
    pub async fn admit_at(
        &mut self,
        batch: Vec<Candidate>,
        trust: Trust,
        end: Position,
    ) -> Result<Option<Vec<Outcome>>, AdmitError> {
        let part = self.admit_part(batch, trust, Some(end)).await?;
        Ok(part.ok().map(|(outcomes, _)| outcomes))
    }

    /// Judges a part and appends it; gives it back where the log moved in between, or does not end where it
    /// is to.
    async fn admit_part(
        &mut self,
        batch: Vec<Candidate>,
        trust: Trust,
        end: Option<Position>,
    ) -> Result<Result<Done, Vec<Candidate>>, AdmitError> {
        self.register.catch_up(&*self.ledger).await?;
        if end.is_some_and(|end| end != self.register.known) {
            return Ok(Err(batch));
        }
        let looked_up = self.look_up(&batch).await?;
        let verdicts = self.judge_all(&batch, &looked_up, trust);
        let (accepted, others) = part(batch, verdicts);
        if accepted.is_empty() {
            return Ok(Ok((outcomes(accepted, others, Position(0)), None)));
        }
        let recorded = match trust {
            Trust::Clock => Recorded::Now,
            Trust::Events => Recorded::Trusted,
        };
        let condition = Condition::NothingNewSince(self.register.known);
        let error = match self.ledger.append(&accepted, recorded, &condition).await {
            Ok(appended) => {
                self.register.known = appended.last;
                self.register.recordedtime = appended.recordedtimes.last().copied();
                let outcomes = outcomes(accepted, others, appended.first);
                return Ok(Ok((outcomes, Some(appended))));
            }
            Err(error) => error,
        };
        // The register has taken in what did not come to be.
        self.register.forget(&accepted);
        match error {
            AppendError::ConditionFailed { .. } | AppendError::KeyTaken { .. } => {
                Ok(Err(whole_again(accepted, others)))
            }
            AppendError::Unknown(cause) => match self.settle(&accepted).await {
                Some(Some(first)) => Ok(Ok((outcomes(accepted, others, first), None))),
                Some(None) if may_pass(&cause) => Ok(Err(whole_again(accepted, others))),
                Some(None) => Err(AppendError::Store(cause).into()),
                None => Err(AppendError::Unknown(cause).into()),
            },
            error => Err(error.into()),
        }
    }

    /// Finds out by its keys what became of a batch whose commit has no known end: the position of
    /// its first event, none where it is not in the log as a whole (then it can be sent again: what
    /// is there is a duplicate), or nothing at all where the log cannot be read.
    async fn settle(&self, batch: &[NewEvent]) -> Option<Option<Position>> {
        let keys: Vec<Key<'_>> = batch.iter().map(NewEvent::key).collect();
        for tried in 1..=SETTLE_TRIES {
            // A server that is started again takes seconds.
            tokio::time::sleep(std::time::Duration::from_millis(100 * tried.min(10))).await;
            let Ok(found) = self.ledger.find(&keys).await else {
                continue;
            };
            let first = found.first()?.as_ref().map(|stored| stored.position);
            let positions = first.unwrap_or_default().0..;
            let whole = positions.zip(batch).zip(&found).all(|((at, new), found)| {
                found.as_ref().is_some_and(|found| {
                    found.position.0 == at && stored_content(found) == content(&new.body)
                })
            });
            return Some(first.filter(|_| whole));
        }
        None
    }

    /// Admits one event. A step of an app's review, inspections, reports, key or listing is decided
    /// by the desk's aggregate.
    ///
    /// # Errors
    /// As [`Intake::admit`].
    pub async fn record(&mut self, body: Map<String, Value>) -> Result<Outcome, AdmitError> {
        let new = match Candidate::new(body) {
            Candidate(Ok(new)) if new.event.kind.is_lifecycle() => new,
            candidate => {
                let outcomes = self.admit(vec![candidate], Trust::Clock).await?;
                return Ok(outcomes
                    .into_iter()
                    .next()
                    .unwrap_or(Outcome::Appended(Position(0))));
            }
        };
        let key = Key {
            source: &new.event.source,
            id: &new.event.id,
        };
        let desk = Desk::new(self.ledger.clone());
        let one = [Candidate(Ok(new.clone()))];
        let refused = |refusal| {
            Outcome::Refused(Rejected {
                refusal,
                body: new.body.clone(),
            })
        };
        for _ in 0..TRIES {
            self.register.catch_up(&*self.ledger).await?;
            let looked_up = self.look_up(&one).await?;
            match self.judge_one(&new, &looked_up, None, Trust::Clock, false) {
                Verdict::Duplicate(position) => return Ok(Outcome::Duplicate(position)),
                Verdict::Refused(refusal) => return Ok(refused(refusal)),
                Verdict::Accepted(_) => {}
            }
            match desk.step(&new.event, &new.body).await {
                Ok(()) => {
                    self.register = Register::default();
                    let position = self.position_of(key).await?.unwrap_or_default();
                    return Ok(Outcome::Appended(position));
                }
                // The desk may have seen more of the log than the look-up: where the same event
                // came from elsewhere in between, it is a duplicate and not out of order.
                Err(DeskError::Refused(refusal)) => {
                    if self.position_of(key).await?.is_none() {
                        return Ok(refused(refusal));
                    }
                }
                Err(DeskError::Overtaken) => {}
                Err(DeskError::Store(error)) => return Err(error.into()),
                Err(DeskError::Append(error)) => return Err(error.into()),
            }
        }
        Err(AdmitError::Contended(TRIES))
    }

    /// What would become of an event if it were sent now; nothing is appended. One that would be is told
    /// the position that it would have.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn try_out(&mut self, candidate: Candidate) -> Result<Outcome, AdmitError> {
        self.register.catch_up(&*self.ledger).await?;
        let new = match candidate.0 {
            Ok(new) => new,
            Err(rejected) => return Ok(Outcome::Refused(rejected)),
        };
        let one = [Candidate(Ok(new))];
        let looked_up = self.look_up(&one).await?;
        let [Candidate(one)] = one;
        Ok(match one {
            Err(rejected) => Outcome::Refused(rejected),
            Ok(new) => match self.judge_one(&new, &looked_up, None, Trust::Clock, true) {
                Verdict::Duplicate(position) => Outcome::Duplicate(position),
                Verdict::Accepted(_) => Outcome::Appended(Position(self.register.known.0 + 1)),
                Verdict::Refused(refusal) => Outcome::Refused(Rejected {
                    refusal,
                    body: new.body,
                }),
            },
        })
    }

    /// Appends events that were decided on what was known at a position, all or none of them, where nothing has
    /// come since of these subjects.
    ///
    /// # Errors
    /// As [`Intake::admit`].
    pub async fn admit_decided(
        &mut self,
        batch: Vec<Candidate>,
        since: Position,
        subjects: Vec<String>,
    ) -> Result<Concluded, AdmitError> {
        self.register.catch_up(&*self.ledger).await?;
        let looked_up = self.look_up(&batch).await?;
        let verdicts = self.judge_all(&batch, &looked_up, Trust::Clock);
        let (accepted, others) = part(batch, verdicts);
        // What is asked next is asked of the log anew: it may have gone on between the two.
        self.register = Register::default();
        if let Some((_, other, _)) = others.into_iter().next() {
            return Ok(match other {
                Candidate(Err(rejected)) => Concluded::Refused(rejected),
                // The same came from elsewhere: whoever decides again finds it.
                Candidate(Ok(_)) => Concluded::Overtaken,
            });
        }
        let condition = Condition::NothingNewFor {
            since,
            subjects,
            kinds: Vec::new(),
        };
        match self
            .ledger
            .append(&accepted, Recorded::Now, &condition)
            .await
        {
            Ok(appended) => Ok(Concluded::Appended(appended.first)),
            Err(AppendError::ConditionFailed { .. } | AppendError::KeyTaken { .. }) => {
                Ok(Concluded::Overtaken)
            }
            Err(AppendError::Unknown(cause)) => match self.settle(&accepted).await {
                Some(Some(first)) => Ok(Concluded::Appended(first)),
                Some(None) => Ok(Concluded::Overtaken),
                None => Err(AppendError::Unknown(cause).into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Where the event of that key is.
    async fn position_of(&self, key: Key<'_>) -> Result<Option<Position>, StoreError> {
        let found = self.ledger.find(&[key]).await?.into_iter().next().flatten();
        Ok(found.map(|stored| stored.position))
    }

    /// Reads what the batch is judged by: its keys, the events it refers to, its subjects and the
    /// records of the apps it takes steps of.
    async fn look_up(&mut self, batch: &[Candidate]) -> Result<LookedUp, StoreError> {
        let ledger = self.ledger.clone();
        let read = batch
            .iter()
            .filter_map(|candidate| candidate.0.as_ref().ok());
        let events: Vec<&Event> = read.map(|new| &new.event).collect();
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
        batch: &[Candidate],
        looked_up: &LookedUp,
        trust: Trust,
    ) -> Vec<Verdict> {
        let mut before: HashMap<Key<'_>, (Position, &NewEvent)> =
            HashMap::with_capacity(batch.len());
        let mut verdicts = Vec::with_capacity(batch.len());
        for candidate in batch {
            let new = match &candidate.0 {
                Ok(new) => new,
                Err(rejected) => {
                    verdicts.push(Verdict::Refused(rejected.refusal.clone()));
                    continue;
                }
            };
            let mut verdict = self.judge_one(new, looked_up, Some(&before), trust, true);
            if let Verdict::Accepted(accepted) = &mut verdict {
                let position = Position(self.register.known.0 + before.len() as u64 + 1);
                self.register.record(position, &new.event, accepted.target);
                accepted.developer = self.developer_of(&new.event);
                if trust == Trust::Events {
                    self.register.recordedtime = accepted.recordedtime;
                }
                let key = Key {
                    source: &new.event.source,
                    id: &new.event.id,
                };
                before.insert(key, (position, new));
            }
            verdicts.push(verdict);
        }
        verdicts
    }

    /// Judges one event, on the log and those of its batch `before` it.
    fn judge_one(
        &self,
        new: &NewEvent,
        looked_up: &LookedUp,
        before: Option<&Before<'_>>,
        trust: Trust,
        legality: bool,
    ) -> Verdict {
        let event = &new.event;
        let key = Key {
            source: &event.source,
            id: &event.id,
        };
        let same = match of_batch(before, key) {
            Some((position, other)) => Some((position, content(&other.body))),
            None => looked_up
                .get(key)
                .map(|stored| (stored.position, stored_content(stored))),
        };
        if let Some((position, known)) = same {
            if known == content(&new.body) {
                return Verdict::Duplicate(position);
            }
            let message = format!(
                "`{}` of source `{}` is the event at position {position}, with other content",
                event.id, event.source
            );
            return Verdict::Refused(Refusal::new(Code::EventConflict, "/id", message));
        }
        let target = event.data.event_ref().and_then(|wanted| {
            let key = Key {
                source: &wanted.source,
                id: &wanted.id,
            };
            match of_batch(before, key) {
                Some((position, other)) => Some(Target {
                    position,
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
        let clock = match trust {
            Trust::Clock => Clock::Now((self.clock)()),
            Trust::Events => {
                let previous = self.register.recordedtime;
                let now =
                    || previous.map_or_else(|| self.now(), |previous| previous.max(self.now()));
                Clock::Trusted {
                    recordedtime: event.recordedtime.unwrap_or_else(now),
                    previous,
                }
            }
        };
        match judge(&self.register, event, target.as_ref(), clock, legality) {
            Err(refusal) => Verdict::Refused(refusal),
            Ok(()) => Verdict::Accepted(Accepted {
                target: target.map(|target| target.position),
                developer: None,
                recordedtime: match clock {
                    Clock::Now(_) => None,
                    Clock::Trusted { recordedtime, .. } => Some(recordedtime),
                },
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

/// The accepted events of a batch so far, by key.
type Before<'a> = HashMap<Key<'a>, (Position, &'a NewEvent)>;

fn of_batch<'a>(before: Option<&Before<'a>>, key: Key<'a>) -> Option<(Position, &'a NewEvent)> {
    before?.get(&key).copied()
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
