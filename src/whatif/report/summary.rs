//! The answer as JSON.

use serde::Serialize;
use standing_projections::Instant;
use standing_projections::questions::whatif::{Comparison, Counts, Effect, RankMoves, Side};
use standing_projections::{LocalMonth, Position};

use crate::whatif::{Answer, Flips, Ground, Version};

/// What differs at an instant.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    what: &'static str,
    as_of: Instant,
    known_at: Position,
    from: Option<LocalMonth>,
    before: Vec<Version>,
    after: Vec<Version>,
    #[serde(flatten)]
    counts: &'a Counts<'a>,
    ranks: &'a RankMoves<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hit_hardest: Option<Vec<Hit<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gain_most: Option<Vec<Hit<'a>>>,
    /// Of the outcome at all instants.
    sha256: Option<&'a str>,
}

/// A developer who is hit.
#[derive(Serialize)]
struct Hit<'a> {
    developer: &'a str,
    side: Side,
    #[serde(flatten)]
    effect: Effect,
    flips: Box<serde_json::value::RawValue>,
}

/// The summaries of an answer, with those who are hit hardest where they are no lines of their own.
pub(crate) fn summaries<'a>(
    ground: &'a Ground<'_>,
    answer: &'a Answer<'a>,
    hits_listed: bool,
) -> serde_json::Result<Vec<Summary<'a>>> {
    let listed = |all: &'a [Comparison<'a>]| match hits_listed {
        false => Ok(None),
        true => {
            let hits = all.iter().map(|one| hit(ground, one));
            hits.collect::<serde_json::Result<Vec<_>>>().map(Some)
        }
    };
    let each = answer.at.iter().map(|at| {
        Ok(Summary {
            what: "summary",
            as_of: at.ask.as_of,
            known_at: at.ask.known_at,
            from: ground.from,
            before: Version::all(&ground.before),
            after: Version::all(&ground.after),
            counts: &at.counts,
            ranks: &at.ranks,
            hit_hardest: listed(&at.harmed)?,
            gain_most: listed(&at.relieved)?,
            sha256: answer.sha256.as_deref(),
        })
    });
    each.collect()
}

fn hit<'a>(ground: &Ground<'_>, one: &'a Comparison<'a>) -> serde_json::Result<Hit<'a>> {
    let flips = Flips {
        sides: &ground.sides(),
        developer: one.developer,
        flips: &one.flips,
    };
    Ok(Hit {
        developer: one.developer,
        side: one.effect.side(),
        effect: one.effect,
        flips: serde_json::value::to_raw_value(&flips)?,
    })
}
