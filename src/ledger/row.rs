//! An event on its way into the log, as far as it can be made ready before the lock is taken.

use standing_projections::event::Kind;
use standing_projections::{Instant, Position};

use super::{Key, Leaf, NewEvent, Private, Replica, StoreError};

/// What becomes a row of the log. Its position and its recorded time are given under the lock.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) time: Instant,
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) developer: Option<String>,
    pub(super) target: Option<Position>,
    pub(super) source: String,
    pub(super) id: String,
    /// The recorded time that the event carries.
    pub(super) carried: Option<Instant>,
    pub(super) leaf: Leaf,
    /// What is kept beside the log.
    pub(super) private: Option<Private>,
}

impl Row {
    /// The row of a new event. What is private in it is set apart, and the leaf gets a commitment
    /// to it (SPEC §10).
    pub(super) fn new(new: &NewEvent) -> Result<Self, StoreError> {
        let private = match new.body.get("private") {
            None => None,
            Some(content) => Some(Private::new(content)?),
        };
        let commitment = private.as_ref().map(Private::commitment);
        let event = &new.event;
        Ok(Self {
            time: event.time,
            kind: event.kind,
            subject: event.subject.clone(),
            developer: new.developer.clone(),
            target: new.target,
            source: event.source.clone(),
            id: event.id.clone(),
            carried: event.recordedtime,
            leaf: Leaf::with_commitment(&new.body, commitment.as_deref()),
            private,
        })
    }

    /// The row of an event of another log, which stays as it is there.
    pub(super) fn copied(replica: Replica) -> Self {
        let Replica { event, private } = replica;
        Self {
            time: event.time,
            kind: event.kind,
            subject: event.subject,
            developer: event.developer,
            target: event.target,
            source: event.source,
            id: event.id,
            carried: Some(event.recordedtime),
            leaf: Leaf::whole(event.json),
            private,
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key {
            source: &self.source,
            id: &self.id,
        }
    }

    /// About how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let private = self.private.as_ref();
        256 + self.leaf.len() + private.map_or(0, |private| private.content.len())
    }
}
