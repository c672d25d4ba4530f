//! A developer's standing at every instant at which it can be another.

use crate::assess::{Ask, assess};
use crate::event::Position;
use crate::facts::{DeveloperFacts, Names};
use crate::rules::Timeline;
use crate::standing::Standing;
use crate::time::Instant;

/// The standings of a developer from its registration on, each as of the first instant at which
/// the answer can differ from the one before.
///
/// It is assessed once at each such instant, so a walk costs the number of instants times one
/// assessment. A listed app adds one a day, as its days listed are counted.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    developer: &'a DeveloperFacts,
    names: &'a Names,
    timeline: &'a Timeline,
    known_at: Position,
    next: Option<Instant>,
    until: Instant,
    months: bool,
}

impl<'a> Walk<'a> {
    /// The walk from the registration up to an instant, as known at a position.
    #[must_use]
    pub fn new(
        developer: &'a DeveloperFacts,
        names: &'a Names,
        timeline: &'a Timeline,
        ask: Ask,
    ) -> Self {
        Self {
            developer,
            names,
            timeline,
            known_at: ask.known_at,
            next: (developer.position <= ask.known_at).then_some(developer.registered),
            until: ask.as_of,
            months: false,
        }
    }

    /// Begins at an instant, where the registration is before it.
    #[must_use]
    pub fn from(mut self, from: Instant) -> Self {
        self.next = self.next.map(|next| next.max(from));
        self
    }

    /// Stops at the beginning of each local month too.
    #[must_use]
    pub const fn with_months(mut self) -> Self {
        self.months = true;
        self
    }

    /// The rulebooks it is walked by.
    pub(crate) const fn timeline(&self) -> &'a Timeline {
        self.timeline
    }

    /// The texts its facts are written in.
    pub(crate) const fn names(&self) -> &'a Names {
        self.names
    }

    /// Whose facts they are.
    pub(crate) const fn developer(&self) -> &'a DeveloperFacts {
        self.developer
    }

    /// The instant it comes to next.
    pub(crate) fn coming(&self) -> Option<Instant> {
        self.next.filter(|next| *next <= self.until)
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Standing<'a>;

    fn next(&mut self) -> Option<Standing<'a>> {
        let as_of = self.coming()?;
        let ask = Ask {
            as_of,
            known_at: self.known_at,
        };
        let standing = assess(self.developer, self.names, self.timeline, ask);
        self.next = standing.as_ref().and_then(|standing| standing.next_change);
        if self.months {
            let zone = self.timeline.zone();
            let turn = zone.month_start(zone.month(as_of).next());
            // The last month there is has no end.
            if turn > as_of {
                self.next = Some(self.next.map_or(turn, |next| next.min(turn)));
            }
        }
        standing
    }
}
