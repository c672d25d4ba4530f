//! An app's facts, those that are read together beside each other.
//!
//! Most events are complaints and behaviours. Whoever reads one group after the other meets facts
//! that are treated alike, which is faster than to look at each what it is.

use super::Fact;
use crate::event::Kind;
use crate::time::Instant;

/// Facts that are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Complaints.
    Complaints,
    /// Violations found.
    Violations,
    /// Outages and recorded outage days.
    Outages,
    /// Behaviours, observed and ceased.
    Behaviors,
    /// Everything else.
    Others,
}

impl Group {
    /// All of them, in their order.
    pub const ALL: [Group; 5] = [
        Self::Complaints,
        Self::Violations,
        Self::Outages,
        Self::Behaviors,
        Self::Others,
    ];

    /// The one that facts of a kind are in.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::ComplaintReceived => Self::Complaints,
            Kind::ViolationFound => Self::Violations,
            Kind::OutageStarted
            | Kind::OutageEnded
            | Kind::OutageExplained
            | Kind::OutageDayRecorded => Self::Outages,
            Kind::BehaviorObserved | Kind::BehaviorCeased => Self::Behaviors,
            _ => Self::Others,
        }
    }
}

/// The facts of an app, by (group, `time`, position).
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    facts: Vec<Fact>,
    /// Where each group ends.
    ends: [usize; Group::ALL.len()],
    /// When the latest of them happened.
    until: Option<Instant>,
}

/// The place of a fact among an app's.
fn place(fact: &Fact) -> (Group, Instant, u64) {
    let (time, place) = fact.order();
    (Group::of(fact.kind()), time, place)
}

impl Groups {
    pub(super) fn of(&self, group: Group) -> &[Fact] {
        let group = group as usize;
        let start = group.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.facts[start..self.ends[group]]
    }

    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) fn with_room(count: usize) -> Option<Self> {
        let mut groups = Self::default();
        groups.facts.try_reserve_exact(count).ok()?;
        Some(groups)
    }

    /// Takes a fact; nothing is asked before they are sorted.
    pub(super) fn take(&mut self, fact: Fact) {
        self.until = self.until.max(Some(fact.time()));
        self.facts.push(fact);
    }

    pub(super) fn sort(&mut self) {
        self.facts.sort_by_key(place);
        self.settle();
    }

    /// Takes the next fact in order, if it is that.
    pub(super) fn push(&mut self, fact: Fact) -> bool {
        let fits = self
            .facts
            .last()
            .is_none_or(|last| place(last) < place(&fact));
        if fits {
            self.take(fact);
            self.ends[Group::of(fact.kind()) as usize..].fill(self.facts.len());
        }
        fits
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Fact) -> bool) {
        self.facts.retain(stays);
        self.until = self.facts.iter().map(|fact| fact.time()).max();
        self.settle();
    }

    fn settle(&mut self) {
        let facts = &self.facts;
        self.ends =
            Group::ALL.map(|group| facts.partition_point(|fact| Group::of(fact.kind()) <= group));
    }

    pub(super) fn shrink(&mut self) {
        self.facts.shrink_to_fit();
    }

    /// All of them, group by group.
    pub(super) fn as_slice(&self) -> &[Fact] {
        &self.facts
    }

    /// All of them, by (`time`, position).
    pub(super) fn in_order(&self) -> impl Iterator<Item = Fact> + use<'_> {
        let mut left = Group::ALL.map(|group| self.of(group));
        std::iter::from_fn(move || {
            let waiting = left.iter_mut().filter(|group| !group.is_empty());
            let next = waiting.min_by_key(|group| group.first().map(Fact::order))?;
            next.split_off_first().copied()
        })
    }
}
