//! Up to where the log is known to a question.

use standing_projections::{Instant, Position};

/// Up to where the log is known.
///
/// ```
/// use standing::history::KnownAt;
/// use standing_projections::Position;
/// assert_eq!(KnownAt::parse("@1234"), Ok(KnownAt::Position(Position(1234))));
/// assert!(matches!(KnownAt::parse("2015-03-01T00:00:00Z"), Ok(KnownAt::Instant(_))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownAt {
    /// Up to that position.
    Position(Position),
    /// What had been recorded by then.
    Instant(Instant),
}

impl KnownAt {
    /// An instant, or a position as `@1234`.
    ///
    /// # Errors
    /// Where it is neither, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some(number) => number
                .parse()
                .map(|position| Self::Position(Position(position)))
                .map_err(|_| format!("`{number}` is no position")),
            None => text
                .parse()
                .map(Self::Instant)
                .map_err(|error| format!("{error}")),
        }
    }
}
