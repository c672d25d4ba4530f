//! The ids of an app's outages, as numbers.
//!
//! An app can have a million of them, of a few bytes each: the texts lie one after the other, and
//! the index that finds them is made when an event names one and can be dropped at any time.

use std::hash::{BuildHasher, RandomState};

/// A place of the index that holds nothing.
const FREE: u32 = u32::MAX;

/// The ids of an app's outages, numbered from 0 as they came.
///
/// ```
/// use standing_projections::facts::OutageIds;
/// let mut ids = OutageIds::default();
/// assert_eq!((ids.number("night"), ids.number("day"), ids.number("night")), (0, 1, 0));
/// assert_eq!(ids.iter().collect::<Vec<_>>(), ["night", "day"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OutageIds {
    texts: String,
    /// Where each text ends.
    ends: Vec<usize>,
    index: Option<Box<Index>>,
}

/// The numbers by the hashes of their texts: each at its hash's place, or after it where that is
/// taken.
#[derive(Clone, Debug, Default)]
struct Index {
    state: RandomState,
    /// Twice as many as there are texts, or more; a power of two.
    places: Vec<u32>,
}

impl OutageIds {
    /// The number of an id, new or old.
    pub fn number(&mut self, id: &str) -> u32 {
        let mut index = self.index.take().unwrap_or_default();
        if index.places.len() <= self.len() * 2 {
            index.fill(self);
        }
        let place = index.place(self, id);
        let mut number = index.places[place];
        if number == FREE {
            number = self.push(id);
            index.places[place] = number;
        }
        self.index = Some(index);
        number
    }

    /// Takes an id that was not there before.
    pub fn push(&mut self, id: &str) -> u32 {
        let number = u32::try_from(self.len()).unwrap_or(FREE - 1);
        self.texts.push_str(id);
        self.ends.push(self.texts.len());
        self.index = None;
        number
    }

    /// The ids, by number.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.text(number))
    }

    fn text(&self, number: usize) -> &str {
        let begin = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[begin..self.ends[number]]
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Gives back the memory that only the next ids would need.
    pub(super) fn shrink(&mut self) {
        self.texts.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.index = None;
    }
}

impl Index {
    /// Indexes all texts, with room for as many more.
    fn fill(&mut self, ids: &OutageIds) {
        let room = (ids.len() * 4).next_power_of_two().max(8);
        self.places = vec![FREE; room];
        for (number, id) in (0..).zip(ids.iter()) {
            let place = self.place(ids, id);
            self.places[place] = number;
        }
    }

    /// Where a text is, or would be.
    fn place(&self, ids: &OutageIds, id: &str) -> usize {
        let last = self.places.len() - 1;
        // Only the lower bits are looked at.
        #[allow(clippy::cast_possible_truncation)]
        let mut place = self.state.hash_one(id) as usize & last;
        loop {
            match self.places[place] {
                FREE => return place,
                number if ids.text(number as usize) == id => return place,
                _ => place = (place + 1) & last,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OutageIds;

    #[test]
    fn an_id_keeps_its_number_however_many_come() {
        let mut ids = OutageIds::default();
        let text = |number: u32| format!("o{}", number.wrapping_mul(0x9e37_79b9));
        for number in 0..20_000 {
            assert_eq!(ids.number(&text(number)), number);
            let old = number.wrapping_mul(7919) % (number + 1);
            assert_eq!(ids.number(&text(old)), old);
        }
        ids.shrink();
        let mut copied = OutageIds::default();
        for id in ids.iter() {
            copied.push(id);
        }
        for number in (0..20_000).rev() {
            assert_eq!(ids.number(&text(number)), number);
            assert_eq!(copied.number(&text(number)), number);
        }
        assert_eq!((ids.len(), ids.number("")), (20_000, 20_000));
        assert_eq!(ids.number(""), 20_000);
    }
}
