//! Which end ends which outage: one fold, for the days of an outage and for what may be recorded
//! of it next.
//!
//! Starts and ends are taken by (`time`, position). An end is of the first outage of its id that
//! has begun and not ended; with a retraction in between there may be more than one, or none.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use crate::time::Instant;

/// The outages of an app, by id.
#[derive(Clone, Debug)]
pub(crate) struct Outages<Id, T> {
    spans: Vec<Span<T>>,
    places: HashMap<Id, Vec<usize>>,
}

/// An outage from its start to its end, with what else is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<T> {
    pub(crate) started: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) of: T,
}

impl<Id, T> Default for Outages<Id, T> {
    fn default() -> Self {
        Self {
            spans: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<Id: Eq + Hash, T> Outages<Id, T> {
    /// An outage begins.
    pub(crate) fn start(&mut self, id: Id, started: Instant, of: T) {
        self.places.entry(id).or_default().push(self.spans.len());
        self.spans.push(Span {
            started,
            ended: None,
            of,
        });
    }

    /// An outage ends.
    pub(crate) fn end<Q>(&mut self, id: &Q, ended: Instant)
    where
        Id: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        for place in self.places.get(id).into_iter().flatten() {
            if self.spans[*place].ended.is_none() {
                self.spans[*place].ended = Some(ended);
                return;
            }
        }
    }

    /// The outages of an id, in the order of their starts.
    pub(crate) fn of<Q>(&self, id: &Q) -> impl Iterator<Item = &Span<T>>
    where
        Id: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let places = self.places.get(id).into_iter().flatten();
        places.map(|place| &self.spans[*place])
    }

    /// All outages, without those of these ids.
    pub(crate) fn without(self, ids: &[Id]) -> impl Iterator<Item = Span<T>> {
        let mut left: Vec<Option<Span<T>>> = self.spans.into_iter().map(Some).collect();
        for place in ids.iter().filter_map(|id| self.places.get(id)).flatten() {
            left[*place] = None;
        }
        left.into_iter().flatten()
    }
}
