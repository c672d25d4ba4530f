//! How often what becomes what, over many developers.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::flips::{Flip, beside};
use super::toll::{Effect, Side};
use crate::questions::view::Field;
use crate::rulebook::Level;
use crate::standing::{MonthOutcome, Standing, Status};
use crate::time::LocalMonth;

/// How often one of `N` things is another one on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid<const N: usize>([[u64; N]; N]);

impl<const N: usize> Default for Grid<N> {
    fn default() -> Self {
        Self([[0; N]; N])
    }
}

impl<const N: usize> Grid<N> {
    /// How often the one is the other.
    #[must_use]
    pub const fn cell(&self, from: usize, to: usize) -> u64 {
        self.0[from][to]
    }

    /// How many are not what they were.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.cells()
            .filter(|(from, to, _)| from != to)
            .map(|(.., n)| n)
            .sum()
    }

    /// Every cell: from, to, how often.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        let rows = self.0.iter().enumerate();
        rows.flat_map(|(from, row)| row.iter().enumerate().map(move |(to, n)| (from, to, *n)))
    }

    fn add(&mut self, from: usize, to: usize) {
        self.0[from][to] += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (row, others) in self.0.iter_mut().zip(&other.0) {
            for (cell, n) in row.iter_mut().zip(others) {
                *cell += n;
            }
        }
    }
}

/// The tiers in the order of [`Counts::tiers`].
pub const TIERS: [&str; 4] = ["none", "1", "2", "3"];

/// The tiers of a month, of each level how many apps have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MonthTiers {
    /// By the rules before.
    pub before: [u64; 3],
    /// By the rules after.
    pub after: [u64; 3],
}

/// How often something is on one side only, or differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Turned {
    /// It is there by the rules after only.
    pub begins: u64,
    /// It is there by the rules before only.
    pub ends: u64,
    /// It is there on both sides, and differs.
    pub changes: u64,
}

/// What is counted of developers. Those of some and those of others are added by [`Counts::merge`], in any
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts<'a> {
    /// Developers.
    pub developers: u64,
    /// Those of whom anything differs.
    pub hit: u64,
    /// Of these, those who lose more than they gain,
    pub harmed: u64,
    /// and those who gain more than they lose.
    pub relieved: u64,
    /// Apps.
    pub apps: u64,
    /// Those of which anything differs.
    pub apps_hit: u64,
    /// Statuses of developers, in the order of [`Status::ALL`].
    pub status: Grid<4>,
    /// Grades of developers.
    pub grades: BTreeMap<(&'a str, &'a str), u64>,
    /// Outcomes of developers' months with a violation, in the order of [`MonthOutcome::ALL`].
    pub outcomes: Grid<3>,
    /// Tiers of apps' months with anything that counts, in the order of [`TIERS`].
    pub tiers: Grid<4>,
    /// The tiers by month.
    pub months: BTreeMap<LocalMonth, MonthTiers>,
    /// What flips, by field; measures and conditions each by itself.
    pub flips: BTreeMap<(&'static str, &'a str), Turned>,
}

impl<'a> Counts<'a> {
    pub(super) fn add_standings(&mut self, before: &Standing<'a>, after: &Standing<'a>) {
        self.developers += 1;
        self.apps += after.apps.len() as u64;
        self.status
            .add(before.status as usize, after.status as usize);
        *self.grades.entry((before.grade, after.grade)).or_default() += 1;
        for (_, was, is) in beside(&before.months, &after.months, |month| month.month) {
            let outcome = |month: Option<&crate::standing::DeveloperMonth>| {
                month.map_or(MonthOutcome::None, |month| month.outcome) as usize
            };
            self.outcomes.add(outcome(was), outcome(is));
        }
        for (old, new) in before.apps.iter().zip(&after.apps) {
            for (month, was, is) in beside(&old.months, &new.months, |month| month.month) {
                let (was, is) = (was.and_then(|one| one.tier), is.and_then(|one| one.tier));
                let place = |tier: Option<Level>| tier.map_or(0, |tier| tier.index() + 1);
                self.tiers.add(place(was), place(is));
                if was.is_some() || is.is_some() {
                    let tiers = self.months.entry(month).or_default();
                    for (tier, side) in [(was, &mut tiers.before), (is, &mut tiers.after)] {
                        if let Some(tier) = tier {
                            side[tier.index()] += 1;
                        }
                    }
                }
            }
        }
    }

    pub(super) fn add_flips(&mut self, flips: &[Flip<'a>], effect: Effect) {
        self.hit += 1;
        match effect.side() {
            Side::Harmed => self.harmed += 1,
            Side::Relieved => self.relieved += 1,
            Side::Neither => {}
        }
        let mut app = None;
        for flip in flips {
            if flip.key.app.is_some() && flip.key.app != app {
                app = flip.key.app;
                self.apps_hit += 1;
            }
        }
        // They come by app and field: those of one field beside each other.
        for of_one in flips.chunk_by(|a, b| kind(a) == kind(b)) {
            let turned = self.flips.entry(kind(&of_one[0])).or_default();
            for flip in of_one {
                match (flip.from, flip.to) {
                    (None, _) => turned.begins += 1,
                    (_, None) => turned.ends += 1,
                    _ => turned.changes += 1,
                }
            }
        }
    }

    /// Adds what was counted of others.
    pub fn merge(&mut self, other: &Self) {
        self.developers += other.developers;
        self.hit += other.hit;
        self.harmed += other.harmed;
        self.relieved += other.relieved;
        self.apps += other.apps;
        self.apps_hit += other.apps_hit;
        self.status.merge(&other.status);
        self.outcomes.merge(&other.outcomes);
        self.tiers.merge(&other.tiers);
        for (grades, n) in &other.grades {
            *self.grades.entry(*grades).or_default() += n;
        }
        for (month, tiers) in &other.months {
            let mine = self.months.entry(*month).or_default();
            for level in 0..3 {
                mine.before[level] += tiers.before[level];
                mine.after[level] += tiers.after[level];
            }
        }
        for (field, turned) in &other.flips {
            let mine = self.flips.entry(*field).or_default();
            mine.begins += turned.begins;
            mine.ends += turned.ends;
            mine.changes += turned.changes;
        }
    }

    /// What flips of a field, and of which one of its kind.
    #[must_use]
    pub fn turned(&self, field: &str, of: &str) -> Turned {
        let found = self.flips.iter().find(|(key, _)| **key == (field, of));
        found.map(|(_, turned)| *turned).unwrap_or_default()
    }
}

/// The name of a flip's field, and which measure or condition it is.
const fn kind<'a>(flip: &Flip<'a>) -> (&'static str, &'a str) {
    let of = match flip.key.field {
        Field::Measure(measure) => measure.as_str(),
        Field::Condition(name) => name,
        _ => "",
    };
    (flip.key.field.name(), of)
}

/// A cell of a grid with what it is of.
#[derive(Serialize)]
struct Cell<'a> {
    from: &'a str,
    to: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Month<'a> {
    month: LocalMonth,
    #[serde(flatten)]
    tiers: &'a MonthTiers,
}

#[derive(Serialize)]
struct Kind<'a> {
    what: &'a str,
    of: Option<&'a str>,
    #[serde(flatten)]
    turned: &'a Turned,
}

fn cells<'n, const N: usize>(grid: &Grid<N>, names: [&'n str; N]) -> Vec<Cell<'n>> {
    let counted = grid.cells().filter(|(.., count)| *count > 0);
    let cell = |(from, to, count)| Cell {
        from: names[from],
        to: names[to],
        count,
    };
    counted.map(cell).collect()
}

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut row = serializer.serialize_struct("Counts", 12)?;
        row.serialize_field("developers", &self.developers)?;
        row.serialize_field("hit", &self.hit)?;
        row.serialize_field("harmed", &self.harmed)?;
        row.serialize_field("relieved", &self.relieved)?;
        row.serialize_field("apps", &self.apps)?;
        row.serialize_field("apps_hit", &self.apps_hit)?;
        let status: [Status; 4] = [
            Status::Active,
            Status::Terminable,
            Status::Terminated,
            Status::Left,
        ];
        row.serialize_field("status", &cells(&self.status, status.map(Status::as_str)))?;
        let grades = self.grades.iter().map(|((from, to), count)| Cell {
            from,
            to,
            count: *count,
        });
        row.serialize_field("grades", &grades.collect::<Vec<_>>())?;
        let outcomes = [
            MonthOutcome::None,
            MonthOutcome::Downgraded,
            MonthOutcome::Terminated,
        ];
        let outcomes = cells(&self.outcomes, outcomes.map(MonthOutcome::as_str));
        row.serialize_field("outcomes", &outcomes)?;
        row.serialize_field("tiers", &cells(&self.tiers, TIERS))?;
        let months = self.months.iter();
        let months = months.map(|(month, tiers)| Month {
            month: *month,
            tiers,
        });
        row.serialize_field("months", &months.collect::<Vec<_>>())?;
        let flips = self.flips.iter().map(|((what, of), turned)| Kind {
            what,
            of: Some(*of).filter(|of| !of.is_empty()),
            turned,
        });
        row.serialize_field("flips", &flips.collect::<Vec<_>>())?;
        row.end()
    }
}
