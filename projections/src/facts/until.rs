//! A history cut at an instant.

use super::{History, Owner};
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
