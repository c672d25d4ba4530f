//! The task that delivers: one instance does, the one that keeps the read model up.
//!
//! Each endpoint is told by a task of its own, so that one that hangs holds up nobody else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use standing_projections::Instant;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::{Answered, Client, Message};
use super::{DeadLetter, Endpoint, Schedule};
use crate::access::Store;
use crate::http::PlazaChange;
use crate::intake::ClockFn;
use crate::ledger::StoreError;
use crate::readmodel::{BoardChange, ReadModelError, Reader, State, Told};

/// How often it is looked who is to be told.
const LOOK: Duration = Duration::from_millis(500);
/// How many changes are read at once, and dead letters.
const PAGE: usize = 100;

/// What is sent: the same each time that it is tried.
#[derive(Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Instant,
    data: PlazaChange,
}

/// Delivers what is told to whoever is told by HTTP.
#[derive(Clone)]
pub struct Deliverer {
    /// Where endpoints are kept.
    pub store: Arc<dyn Store>,
    /// The sequence.
    pub reader: Reader,
    /// Whether this instance keeps the tables up, and so delivers.
    pub tables: watch::Receiver<State>,
    /// What connects.
    pub client: Client,
    /// When what was not taken is tried again.
    pub schedule: Schedule,
    /// What time it is.
    pub clock: ClockFn,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliverer").finish_non_exhaustive()
    }
}

/// Why a round ended before its end.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tables(#[from] ReadModelError),
    #[error("a change cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Deliverer {
    /// Delivers until told to end; what is under way then is given up, and tried again by whoever comes next.
    pub async fn run(self, mut ending: watch::Receiver<bool>) {
        let mut rounds = JoinSet::new();
        let mut busy = HashMap::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                Some(done) = rounds.join_next_with_id() => {
                    let task = match done {
                        Ok((task, ())) => task,
                        Err(error) => {
                            tracing::error!(%error, "what tells a webhook has failed");
                            error.id()
                        }
                    };
                    busy.remove(&task);
                    continue;
                }
                _ = ending.wait_for(|ending| *ending) => return,
            }
            if !self.is_this_one() {
                continue;
            }
            let due = match self.due().await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "webhooks are not told");
                    continue;
                }
            };
            for endpoint in due {
                let id = endpoint.id.clone();
                if busy.values().any(|one| *one == id) {
                    continue;
                }
                let round = rounds.spawn(self.clone().whole_round(endpoint));
                busy.insert(round.id(), id);
            }
        }
    }

    async fn whole_round(self, endpoint: Endpoint) {
        let id = endpoint.id.clone();
        if let Err(error) = self.round(endpoint).await {
            tracing::warn!(webhook = %id, %error, "a webhook is not told");
        }
    }

    fn is_this_one(&self) -> bool {
        self.tables.borrow().checkpoint.is_some()
    }

    fn now(&self) -> Instant {
        (self.clock)()
    }

    /// Those who are to be told something now.
    async fn due(&self) -> Result<Vec<Endpoint>, Trouble> {
        let mut endpoints = self.store.endpoints().await?;
        endpoints.retain(|endpoint| endpoint.ended.is_none());
        if endpoints.is_empty() {
            return Ok(endpoints);
        }
        let (told, now) = (self.reader.told().await?, self.now());
        endpoints.retain(|one| {
            let behind = one.place.as_ref() != Some(&told);
            one.resending > 0 || (behind && one.due <= now)
        });
        Ok(endpoints)
    }

    /// Tells one endpoint what there is, until it has all or does not take something.
    async fn round(&self, mut endpoint: Endpoint) -> Result<(), Trouble> {
        if !self.resend(&endpoint).await? || endpoint.due > self.now() {
            return Ok(());
        }
        loop {
            let last = endpoint.place.as_ref().map_or(0, |place| place.last);
            let (_, told, changes) = self.reader.changes(last, PAGE).await?;
            let place = endpoint.place.as_ref();
            if place.is_none_or(|at| at.epoch != told.epoch || at.last > told.last) {
                let now = self.now();
                if !self.store.begin_anew(&endpoint, &told.epoch, now).await? {
                    return Ok(());
                }
                let (epoch, last) = (told.epoch, 0);
                endpoint.place = Some(Told { epoch, last });
                endpoint.tried = 0;
                continue;
            }
            if changes.is_empty() {
                return Ok(());
            }
            for change in changes {
                // Somebody else may have taken over, who tells the same.
                if !self.is_this_one() || !self.tell(&mut endpoint, &told.epoch, change).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Tells a change; whether to go on with the next.
    async fn tell(
        &self,
        endpoint: &mut Endpoint,
        epoch: &str,
        change: BoardChange,
    ) -> Result<bool, Trouble> {
        let place = Told {
            epoch: epoch.to_owned(),
            last: change.sequence,
        };
        let body = serde_json::to_string(&Body {
            kind: "plaza.change",
            timestamp: change.as_of,
            data: change.into(),
        })?;
        let answered = self.send(endpoint, &place, &body).await;
        let now = self.now();
        let dead = match answered {
            Answered::Taken => None,
            Answered::Gone => {
                tracing::info!(webhook = %endpoint.id, "a webhook wants no more");
                self.store.end_endpoint(&endpoint.id, now).await?;
                return Ok(false);
            }
            Answered::Failed(failure) => {
                if let Some(due) = self.schedule.next(endpoint.tried + 1, now) {
                    self.store.failed(endpoint, due, &failure).await?;
                    return Ok(false);
                }
                tracing::warn!(webhook = %endpoint.id, %place, failure, "a change is given up");
                Some(DeadLetter {
                    webhook: endpoint.id.clone(),
                    id: place.clone(),
                    body,
                    at: now,
                    failure,
                    resend: false,
                })
            }
        };
        let moved = self.store.move_on(endpoint, &place, now, dead.as_ref());
        let moved = moved.await?;
        endpoint.place = Some(place);
        endpoint.tried = 0;
        Ok(moved)
    }

    /// Sends dead letters once more that somebody wants to be; whether to go on.
    async fn resend(&self, endpoint: &Endpoint) -> Result<bool, Trouble> {
        if endpoint.resending == 0 {
            return Ok(true);
        }
        let id = Some(endpoint.id.as_str());
        let letters = self.store.dead_letters(id, true, PAGE as u32).await?;
        for letter in letters {
            let failure = match self.send(endpoint, &letter.id, &letter.body).await {
                Answered::Taken => None,
                Answered::Gone => {
                    self.store.end_endpoint(&endpoint.id, self.now()).await?;
                    return Ok(false);
                }
                Answered::Failed(failure) => Some(failure),
            };
            let now = self.now();
            self.store.resent(&letter, now, failure.as_deref()).await?;
        }
        Ok(true)
    }

    async fn send(&self, endpoint: &Endpoint, id: &Told, body: &str) -> Answered {
        let id = id.to_string();
        let timestamp = self.now().micros().div_euclid(1_000_000);
        let signature = endpoint.secret.sign(&id, timestamp, body);
        let message = Message {
            id: &id,
            timestamp,
            signature: &signature,
            body,
        };
        self.client.post(&endpoint.url, &message).await
    }
}
