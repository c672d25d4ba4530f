//! What a comparison stands on: a history, the rules of both sides, and what is asked of them.

use standing_projections::facts::History;
use standing_projections::questions::whatif::Sides;
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Instant, LocalMonth, Position, Rulebook};

use super::Question;

/// What a comparison stands on.
#[derive(Clone, Debug)]
pub struct Ground<'h> {
    /// Everybody's facts.
    pub history: &'h History,
    /// The rules before.
    pub before: Timeline,
    /// The rules after.
    pub after: Timeline,
    /// From which month on the rules after are taken to hold, where that is asked.
    pub from: Option<LocalMonth>,
    /// The instants asked about.
    pub as_of: Vec<Instant>,
    /// What is known.
    pub known_at: Position,
    /// How many of those who are hit hardest, and of those who gain most, are kept with all that flips.
    pub top: usize,
}

impl Ground<'_> {
    /// The rules of both sides.
    #[must_use]
    pub fn sides(&self) -> Sides<'_> {
        Sides {
            before: &self.before,
            after: &self.after,
        }
    }

    /// What is asked.
    #[must_use]
    pub fn question(&self) -> Question<'_> {
        Question {
            history: self.history,
            sides: self.sides(),
            from: self.from,
            as_of: &self.as_of,
            known_at: self.known_at,
            top: self.top,
        }
    }

    /// How many facts there are to judge, at all instants together.
    #[must_use]
    pub fn facts(&self) -> u64 {
        let facts = self.history.developers().iter().map(|one| one.len() as u64);
        facts.sum::<u64>() * self.as_of.len() as u64
    }
}

/// The versions that a history knows at a position.
///
/// # Errors
/// Where one cannot be read, which none is that intake took.
pub fn known(
    history: &History,
    known_at: Position,
) -> Result<Vec<(Position, Rulebook)>, RulesError> {
    let known = history.rulebooks().iter();
    known
        .filter(|book| book.position <= known_at)
        .map(|book| {
            let parsed = Rulebook::parse(&book.toml).map_err(RulesError::Invalid)?;
            Ok((book.position, parsed))
        })
        .collect()
}

/// Versions given to compare with: those that a baseline lacks, and those that it has.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Those that are new to it.
    pub new: Vec<Rulebook>,
    /// Those that it has, with the same text.
    pub held: Vec<Rulebook>,
}

impl Given {
    /// Parts versions by whether a baseline has them.
    #[must_use]
    pub fn beside(baseline: &[(Position, Rulebook)], given: &[Rulebook]) -> Self {
        let has = |book: &Rulebook| baseline.iter().any(|(_, one)| one.text == book.text);
        let (held, new) = given.iter().cloned().partition(has);
        Self { new, held }
    }

    /// Those by which anything can differ: what a baseline has can only be asked of as from another month.
    #[must_use]
    pub fn asked<'a>(&'a self, all: &'a [Rulebook], from: Option<LocalMonth>) -> &'a [Rulebook] {
        if from.is_some() { all } else { &self.new }
    }
}
