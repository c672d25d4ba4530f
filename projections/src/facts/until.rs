//! Histories with less in them: cut at an instant, or without some events.

use super::{DeveloperFacts, History, Owner};
use crate::event::Position;
use crate::time::Instant;

impl History {
    /// The same history without what happened after an instant. Retractions stay, for they count
    /// whenever they happened (SPEC §2), and so do rulebooks.
    #[must_use]
    pub fn until(&self, as_of: Instant) -> Self {
        let mut cut = self.clone();
        cut.developers.retain(|one| one.registered <= as_of);
        cut.owners.clear();
        for (index, developer) in cut.developers.iter_mut().enumerate() {
            cut.owners
                .insert(developer.id.clone(), Owner::Developer(index));
            developer.acts.retain(|act| act.time() <= as_of);
            developer.apps.retain(|app| app.registered <= as_of);
            for (place, app) in developer.apps.iter_mut().enumerate() {
                cut.owners.insert(app.id.clone(), Owner::App(index, place));
                app.facts.retain(|fact| fact.time() <= as_of);
                app.usage.retain(|usage| usage.time <= as_of);
            }
        }
        cut
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
            app.usage.retain(|usage| stays(usage.position));
        }
        less
    }
}
