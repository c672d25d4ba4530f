//! What other rules would say of the same history: two standings of one developer, side by side.
//!
//! Both are answers of [`assess`](crate::assess()) to one question by two timelines. What differs is found
//! app by app and month by month, so that the many parts which are equal cost no more than a look; only
//! what differs is made into [`Flip`]s, each with the place of the rulebook behind it. [`Counts`] of many
//! developers are added up in any order. Nothing is judged here: [`crate::plaza::ranked`] makes the two
//! boards that [`RankMoves`] compares.

mod behind;
mod counts;
mod flips;
mod proposal;
mod ranks;
mod toll;

pub use behind::{Clause, Sides};
pub use counts::{Counts, Grid, MonthTiers, TIERS, Turned};
pub use flips::Flip;
pub use proposal::{ProposalError, proposed};
pub use ranks::{BUCKETS, RankMove, RankMoves};
pub use toll::{Effect, Side, Toll};

use crate::standing::Standing;

/// What differs between two standings of a developer.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// Who.
    pub developer: &'a str,
    /// Each thing that is said differently, the developer's own first, then by app.
    pub flips: Vec<Flip<'a>>,
    /// What that means to the developer.
    pub effect: Effect,
}

/// Compares the standings of one developer at one instant by two timelines, and counts it.
///
/// ```
/// # use standing_projections::*;
/// # use standing_projections::{facts::History, rules::Timeline, rulebook::preset};
/// use standing_projections::questions::whatif::{Counts, Side, Sides, compare};
/// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
/// #     Event::from_json(&serde_json::json!({
/// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
/// #         "time": "2016-05-03T03:00:00Z", "subject": subject, "data": data,
/// #     })).unwrap()
/// # };
/// # let events = [
/// #     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
/// #     event("2", "app.registered", "a1",
/// #         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
/// #     event("3", "violation.found", "a1", serde_json::json!({"code": "data_leak"})),
/// # ];
/// # let history = History::of((1..).map(Position).zip(&events));
/// let book = |n: usize| Rulebook::parse(preset::named("weibo").unwrap()[n]).unwrap();
/// let timeline = |book| Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
/// let (before, after) = (timeline(book(1)), timeline(book(2)));
/// let ask = Ask { as_of: "2016-05-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// let standing = |rules| assess(&history.developers()[0], history.names(), rules, ask).unwrap();
/// let sides = Sides { before: &before, after: &after };
/// let mut counts = Counts::default();
/// let compared = compare(&sides, &standing(&before), &standing(&after), &mut counts).unwrap();
/// assert_eq!(compared.effect.side(), Side::Harmed);
/// let tier = &compared.flips[0];
/// assert_eq!(tier.key.field.to_string(), "tier 2016-05");
/// let clause = sides.clause(tier).unwrap();
/// assert_eq!((clause.version, clause.path.as_str()), ("2016-01-01", "violations.data_leak"));
/// assert_eq!(counts.tiers.cell(0, 1), 1);
/// ```
///
/// None where nothing differs; it is counted all the same.
#[must_use]
pub fn compare<'a>(
    sides: &Sides<'_>,
    before: &Standing<'a>,
    after: &Standing<'a>,
    counts: &mut Counts<'a>,
) -> Option<Comparison<'a>> {
    counts.add_standings(before, after);
    let flips = flips::flips(before, after);
    if flips.is_empty() {
        return None;
    }
    let effect = Effect::of(sides, &flips, after);
    counts.add_flips(&flips, effect);
    Some(Comparison {
        developer: after.developer,
        flips,
        effect,
    })
}
