//! Which end ends which outage: one fold, for the days of an outage and for what may be recorded
//! of it next.
//!
//! Starts and ends are taken by (`time`, position). An end is of the first outage of its id that
//! has begun and not ended; with a retraction in between there may be more than one, or none. Ids are
//! numbers from 0 here, as whoever holds their texts has given them.

use crate::time::Instant;

/// The outages of an app, by the number of their id.
#[derive(Clone, Debug)]
pub(crate) struct Outages<T> {
    spans: Vec<Span<T>>,
    /// By number, the places of its first span and its last.
    places: Vec<Option<(u32, u32)>>,
}

/// An outage from its start to its end, with what else is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<T> {
    pub(crate) started: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) of: T,
    /// The place of the next one with the same id.
    next: Option<u32>,
    explained: bool,
}

impl<T> Default for Outages<T> {
    fn default() -> Self {
        Self {
            spans: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<T> Outages<T> {
    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.places.clear();
    }

    /// An outage begins.
    pub(crate) fn start(&mut self, number: u32, started: Instant, of: T) {
        let place = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        let index = number as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, None);
        }
        match &mut self.places[index] {
            Some((_, last)) => {
                self.spans[*last as usize].next = Some(place);
                *last = place;
            }
            none => *none = Some((place, place)),
        }
        self.spans.push(Span {
            started,
            ended: None,
            of,
            next: None,
            explained: false,
        });
    }

    /// An outage ends.
    pub(crate) fn end(&mut self, number: u32, ended: Instant) {
        let mut at = self.first(number);
        while let Some(place) = at {
            let span = &mut self.spans[place as usize];
            if span.ended.is_none() {
                span.ended = Some(ended);
                return;
            }
            at = span.next;
        }
    }

    /// All outages of an id are explained: they count for nothing.
    pub(crate) fn explain(&mut self, number: u32) {
        let mut at = self.first(number);
        while let Some(place) = at {
            let span = &mut self.spans[place as usize];
            span.explained = true;
            at = span.next;
        }
    }

    /// The outages of an id, in the order of their starts.
    pub(crate) fn of(&self, number: u32) -> impl Iterator<Item = &Span<T>> {
        let span = |place: u32| &self.spans[place as usize];
        std::iter::successors(self.first(number).map(span), move |of| of.next.map(span))
    }

    /// All outages that are not explained.
    pub(crate) fn unexplained(&self) -> impl Iterator<Item = &Span<T>> {
        self.spans.iter().filter(|span| !span.explained)
    }

    fn first(&self, number: u32) -> Option<u32> {
        let (first, _) = (*self.places.get(number as usize)?)?;
        Some(first)
    }
}
