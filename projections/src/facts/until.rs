//! Histories with less in them: cut at an instant or a position, or without some events.

use std::sync::Arc;

use super::{AppFacts, DeveloperFacts, History, Usage};
use crate::event::Position;
use crate::time::Instant;

impl History {
    /// The same history without what happened after an instant. Retractions stay, for they count
    /// whenever they happened (SPEC §2), and so do rulebooks.
    #[must_use]
    pub fn until(&self, as_of: Instant) -> Self {
        let mut cut = self.clone();
        cut.developers.retain(|one| one.registered <= as_of);
        for developer in cut.developers.iter_mut().map(Arc::make_mut) {
            developer.acts.retain(|act| act.time() <= as_of);
            developer.apps.retain(|app| app.registered <= as_of);
            for app in &mut developer.apps {
                app.facts.retain(|fact| fact.time() <= as_of);
                app.retain_usage(|usage| usage.time <= as_of);
            }
        }
        cut.reindex();
        cut
    }

    /// The same history as it was known at a position: nothing is left of later events.
    #[must_use]
    pub fn known_at(mut self, position: Position) -> Self {
        if self.head <= position {
            return self;
        }
        self.head = position;
        self.rulebooks.retain(|book| book.position <= position);
        self.developers.retain(|one| one.position <= position);
        for developer in &mut self.developers {
            if developer.last <= position {
                continue;
            }
            let developer = Arc::make_mut(developer);
            developer.acts.retain(|act| act.position() <= position);
            let retractions = &mut developer.retractions;
            retractions.retain(|taken| taken.position <= position);
            developer.apps.retain(|app| app.position <= position);
            for app in &mut developer.apps {
                app.facts.retain(|fact| fact.position() <= position);
                app.retain_usage(|usage| usage.position <= position);
            }
            developer.last = developer.held_last();
        }
        self.reindex();
        self
    }
}

impl AppFacts {
    fn retain_usage(&mut self, stays: impl Fn(&Usage) -> bool) {
        self.usage.retain(stays);
        self.usage_until = self.usage.iter().map(|usage| usage.time).max();
    }
}

impl DeveloperFacts {
    /// The same facts without those of some events, given ascending; registrations stay.
    #[must_use]
    pub fn without(&self, events: &[Position]) -> Self {
        let stays = |position: Position| events.binary_search(&position).is_err();
        let mut less = self.clone();
        less.acts.retain(|act| stays(act.position()));
        less.retractions.retain(|taken| stays(taken.position));
        for app in &mut less.apps {
            app.facts.retain(|fact| stays(fact.position()));
            app.retain_usage(|usage| stays(usage.position));
        }
        less
    }
}
