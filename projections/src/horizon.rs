//! When an answer can change without a new event.

use crate::time::Instant;

/// The instant asked about, and the earliest one after it at which something may be otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    as_of: Instant,
    next: Option<Instant>,
}

impl Horizon {
    pub(crate) const fn new(as_of: Instant) -> Self {
        Self { as_of, next: None }
    }

    pub(crate) const fn as_of(&self) -> Instant {
        self.as_of
    }

    /// Something may change at `at`; what is past is past.
    pub(crate) fn see(&mut self, at: Instant) {
        if at > self.as_of && self.next.is_none_or(|next| at < next) {
            self.next = Some(at);
        }
    }

    /// What another has seen, of the same instant.
    pub(crate) fn see_all(&mut self, other: &Self) {
        other.next.into_iter().for_each(|at| self.see(at));
    }

    pub(crate) const fn next(&self) -> Option<Instant> {
        self.next
    }
}
