//! What differs, as JSON lines: the outcome as it is printed and as it is digested.
//!
//! No line says what was known: an event that changes nothing here leaves every line as it is.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use standing_projections::questions::Value;
use standing_projections::questions::whatif::{
    Clause, Comparison, Effect, Flip, RankMove, Side, Sides,
};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Instant, LocalMonth, Rulebook};

use super::Question;
use crate::intake::sha256_hex;

/// A version of the rules by what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The rulebook.
    pub id: String,
    /// Its version.
    pub version: String,
    /// From when on it is taken to hold.
    pub effective_from: String,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

impl Version {
    /// What a rulebook is.
    #[must_use]
    pub fn of(book: &Rulebook) -> Self {
        Self {
            id: book.id.clone(),
            version: book.version.clone(),
            effective_from: book.effective_from.to_string(),
            sha256: sha256_hex(&book.text),
        }
    }

    /// The versions of a timeline, in the order in which they hold.
    #[must_use]
    pub fn all(timeline: &Timeline) -> Vec<Self> {
        let versions = timeline.versions().iter();
        versions.map(|rules| Self::of(&rules.book)).collect()
    }
}

type Line = Result<Vec<u8>, serde_json::Error>;

fn line(of: &impl Serialize) -> Line {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

pub(super) fn question(question: &Question<'_>) -> Line {
    #[derive(Serialize)]
    struct Row<'a> {
        what: &'static str,
        as_of: &'a [Instant],
        from: Option<LocalMonth>,
        before: Vec<Version>,
        after: Vec<Version>,
    }
    line(&Row {
        what: "question",
        as_of: question.as_of,
        from: question.from,
        before: Version::all(question.sides.before),
        after: Version::all(question.sides.after),
    })
}

pub(super) fn developer(sides: &Sides<'_>, ask: Ask, compared: &Comparison<'_>) -> Line {
    #[derive(Serialize)]
    struct Row<'a, 's> {
        what: &'static str,
        as_of: Instant,
        developer: &'a str,
        side: Side,
        #[serde(flatten)]
        effect: Effect,
        flips: Flips<'a, 's>,
    }
    line(&Row {
        what: "developer",
        as_of: ask.as_of,
        developer: compared.developer,
        side: compared.effect.side(),
        effect: compared.effect,
        flips: Flips {
            sides,
            developer: compared.developer,
            flips: &compared.flips,
        },
    })
}

pub(super) fn rank(ask: Ask, moved: &RankMove<'_>) -> Line {
    #[derive(Serialize)]
    struct Row<'a> {
        what: &'static str,
        as_of: Instant,
        #[serde(flatten)]
        moved: &'a RankMove<'a>,
    }
    line(&Row {
        what: "rank",
        as_of: ask.as_of,
        moved,
    })
}

/// A developer's flips, as a line has them.
#[derive(Clone, Copy, Debug)]
pub struct Flips<'a, 's> {
    /// The rules of both sides.
    pub sides: &'s Sides<'s>,
    /// Whose they are.
    pub developer: &'a str,
    /// What flips.
    pub flips: &'a [Flip<'a>],
}

impl Serialize for Flips<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            subject: &'a str,
            field: &'static str,
            of: Option<String>,
            from: Option<Value<'a>>,
            to: Option<Value<'a>>,
            rule: Option<Clause<'a>>,
        }
        let mut rows = serializer.serialize_seq(Some(self.flips.len()))?;
        for flip in self.flips {
            rows.serialize_element(&Row {
                subject: flip.key.app.unwrap_or(self.developer),
                field: flip.key.field.name(),
                of: flip.key.field.of(),
                from: flip.from,
                to: flip.to,
                rule: self.sides.clause(flip),
            })?;
        }
        rows.end()
    }
}
