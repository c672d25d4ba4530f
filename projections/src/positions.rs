//! Short lists of positions: mostly of one event or two, which then need no memory of their own.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use crate::event::Position;

/// Positions of events, read as a slice. Answers hold very many of these lists.
///
/// ```
/// use standing_projections::{Position, positions::Positions};
/// let events = Positions::of(&[Position(3), Position(8)]);
/// assert_eq!(events[1], Position(8));
/// assert_eq!(serde_json::to_string(&events).unwrap(), "[3,8]");
/// ```
#[derive(Clone, Hash)]
pub struct Positions(List);

#[derive(Clone, Hash)]
enum List {
    Few(u8, [Position; 2]),
    Many(Box<[Position]>),
}

impl Positions {
    /// The same positions.
    #[must_use]
    pub fn of(positions: &[Position]) -> Self {
        Self(match *positions {
            [] => List::Few(0, [Position(0); 2]),
            [one] => List::Few(1, [one, Position(0)]),
            [one, two] => List::Few(2, [one, two]),
            _ => List::Many(positions.into()),
        })
    }
}

impl Default for Positions {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Deref for Positions {
    type Target = [Position];

    fn deref(&self) -> &[Position] {
        match &self.0 {
            List::Few(count, all) => &all[..usize::from(*count)],
            List::Many(all) => all,
        }
    }
}

impl<'a> IntoIterator for &'a Positions {
    type Item = &'a Position;
    type IntoIter = std::slice::Iter<'a, Position>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&**self).finish()
    }
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&**self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_any_length_reads_as_it_was() {
        let all: Vec<Position> = (1..6).map(Position).collect();
        for count in 0..all.len() {
            assert_eq!(*Positions::of(&all[..count]), all[..count]);
        }
        assert_eq!(size_of::<Positions>(), size_of::<Vec<Position>>());
    }
}
