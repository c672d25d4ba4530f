//! Histories with less in them: cut at an instant or a position, or without some events.

use std::sync::Arc;

use super::{AppFacts, DeveloperFacts, Fact, History, Usage};
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
                keep(app, |time, _| time <= as_of);
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
                keep(app, |_, at| at <= position);
            }
            developer.last = developer.held_last();
        }
        self.reindex();
        self
    }
}

/// Leaves those facts of an app that stay; where all do, the app is left as it is, for whoever shares it.
fn keep(app: &mut Arc<AppFacts>, stays: impl Fn(Instant, Position) -> bool) {
    let fact = |fact: &Fact| stays(fact.time(), fact.position());
    let usage = |usage: &Usage| stays(usage.time, usage.position);
    if app.facts.as_slice().iter().all(fact) && app.usage.iter().all(usage) {
        return;
    }
    let app = Arc::make_mut(app);
    app.facts.retain(fact);
    app.usage.retain(usage);
    app.usage_until = app.usage.iter().map(|usage| usage.time).max();
    let facts = app.facts.as_slice().iter().map(|fact| fact.position());
    let usage = app.usage.iter().map(|usage| usage.position);
    app.last = facts.chain(usage).fold(app.position, Position::max);
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
            keep(app, |_, position| stays(position));
        }
        less
    }
}
