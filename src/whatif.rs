//! The same history under other rules, everybody in parallel and in order.
//!
//! A [`Question`] assesses each developer by the rules before and by the rules after in one task and
//! compares the two answers there ([`compare`]); what is kept of them is counts, the entries of two boards
//! and the developers who are hit hardest. What differs is written down as lines, in an order that does
//! not depend on the number of threads, and their SHA-256 stands for the whole outcome. No rule is here.

mod ground;
mod lines;
mod plan;
pub(crate) mod report;

use std::collections::HashSet;
use std::io;

use rayon::ThreadPool;
use sha2::{Digest, Sha256};
use standing_projections::facts::{DeveloperFacts, History, Names};
use standing_projections::plaza::{BoardEntry, entries, ranked};
use standing_projections::questions::whatif::{
    Comparison, Counts, ProposalError, RankMove, RankMoves, Side, Sides, Toll, compare, proposed,
};
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Ask, Assessor, Instant, LocalMonth, Position, Rulebook};

use crate::in_order::{AHEAD, in_order};
use crate::recompute::by_id;
pub use ground::{Given, Ground, known};
pub use lines::{Flips, Version};
pub use plan::{Asked, FORMAT, Found, Held, LogAt, PLAN_BYTES_MAX, Plan, PlanError, Text};

/// Why there are no two sets of rules to compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SidesError {
    /// The versions do not go together.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// They cannot begin where they are to.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
}

/// The rules before and the rules after, read in the names of a history: a baseline, and what it becomes with
/// others published too (see [`proposed`]).
///
/// # Errors
/// Where the versions do not go together, or cannot begin in that month.
pub fn sides(
    baseline: &[(Position, Rulebook)],
    others: &[Rulebook],
    from: Option<LocalMonth>,
    names: &Names,
) -> Result<(Timeline, Timeline), SidesError> {
    let after = proposed(baseline.to_vec(), others.to_vec(), from)?;
    let before = Timeline::new(baseline.to_vec(), names)?;
    Ok((before, Timeline::new(after, names)?))
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Everybody's facts.
    pub history: &'a History,
    /// The rules of both sides.
    pub sides: Sides<'a>,
    /// From which month on the rules after are taken to hold, where that is asked.
    pub from: Option<LocalMonth>,
    /// The instants asked about.
    pub as_of: &'a [Instant],
    /// What is known.
    pub known_at: Position,
    /// How many of those who are hit hardest, and of those who gain most, are kept with all that flips.
    pub top: usize,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// At each instant.
    pub at: Vec<Outcome<'a>>,
    /// The SHA-256 of the lines, in hexadecimal, where they were asked for.
    pub sha256: Option<String>,
}

/// What differs at one instant.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The instant, and what was known.
    pub ask: Ask,
    /// How often what becomes what.
    pub counts: Counts<'a>,
    /// How the board moves.
    pub ranks: RankMoves<'a>,
    /// Those who lose most, the hardest hit first.
    pub harmed: Vec<Comparison<'a>>,
    /// Those who gain most.
    pub relieved: Vec<Comparison<'a>>,
    /// The apps of both whose ranks differ.
    pub moves: Vec<RankMove<'a>>,
}

/// How many facts may be judged ahead of the developers who are awaited: little is left of each.
const WHATIF_AHEAD: usize = 8 * AHEAD;

/// What is made of some developers.
#[derive(Default)]
struct Made<'a> {
    counts: Counts<'a>,
    before: Vec<BoardEntry<'a>>,
    after: Vec<BoardEntry<'a>>,
    /// Those of whom something differs, with the line that says it.
    compared: Vec<(Comparison<'a>, Option<serde_json::Result<Vec<u8>>>)>,
    facts: u64,
}

/// Where the lines of what differs go.
type Write<'w> = &'w mut dyn FnMut(&[u8]) -> io::Result<()>;

impl<'a> Question<'a> {
    /// Asks it. Each line of what differs is given to `line`: the question itself, and for each instant the
    /// developers who are hit, by id, and then the apps whose ranks differ; `done` hears how many facts were
    /// judged.
    ///
    /// # Errors
    /// Those of `line` and of `done`, which end it.
    ///
    /// ```
    /// use standing::whatif::{Question, sides};
    /// use standing_projections::facts::History;
    /// use standing_projections::questions::whatif::Sides;
    /// use standing_projections::{Event, Position, Rulebook, rulebook::preset};
    /// # let event = |id: &str, kind: &str, data: serde_json::Value| {
    /// #     Event::from_json(&serde_json::json!({
    /// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
    /// #         "time": "2016-01-01T00:00:00Z", "subject": id, "data": data,
    /// #     })).unwrap()
    /// # };
    /// # let events = [event("d1", "developer.registered", serde_json::json!({"name": "D", "kind": "service"}))];
    /// let history = History::of((1..).map(Position).zip(&events));
    /// let book = |n: usize| Rulebook::parse(preset::named("weibo").unwrap()[n]).unwrap();
    /// let baseline = [(Position(0), book(1))];
    /// let (before, after) = sides(&baseline, &[book(2)], None, history.names()).unwrap();
    /// let question = Question {
    ///     history: &history,
    ///     sides: Sides { before: &before, after: &after },
    ///     from: None,
    ///     as_of: &["2016-02-01T00:00:00Z".parse().unwrap()],
    ///     known_at: history.head(),
    ///     top: 20,
    /// };
    /// let pool = rayon::ThreadPoolBuilder::new().build().unwrap();
    /// let answer = question.ask(&pool, |_| Ok(()), |_| Ok(())).unwrap();
    /// assert_eq!((answer.at[0].counts.developers, answer.at[0].counts.hit), (1, 0));
    /// ```
    pub fn ask(
        &self,
        pool: &ThreadPool,
        mut line: impl FnMut(&[u8]) -> io::Result<()>,
        done: impl Fn(u64) -> io::Result<()>,
    ) -> io::Result<Answer<'a>> {
        let mut digest = Sha256::new();
        let mut write = |bytes: &[u8]| {
            digest.update(bytes);
            line(bytes)
        };
        write(&lines::question(self)?)?;
        let at = self.each(pool, Some(&mut write), &done)?;
        let digest = digest.finalize();
        let digest = digest.iter().map(|byte| format!("{byte:02x}"));
        Ok(Answer {
            at,
            sha256: Some(digest.collect()),
        })
    }

    /// As [`Question::ask`], without writing down what differs for each developer: that takes a part of the
    /// time.
    ///
    /// # Errors
    /// Those of `done`, which end it.
    pub fn count(
        &self,
        pool: &ThreadPool,
        done: impl Fn(u64) -> io::Result<()>,
    ) -> io::Result<Answer<'a>> {
        let at = self.each(pool, None, &done)?;
        Ok(Answer { at, sha256: None })
    }

    fn each(
        &self,
        pool: &ThreadPool,
        mut write: Option<Write<'_>>,
        done: &dyn Fn(u64) -> io::Result<()>,
    ) -> io::Result<Vec<Outcome<'a>>> {
        let at = self.as_of.iter().map(|as_of| {
            let ask = Ask {
                as_of: *as_of,
                known_at: self.known_at,
            };
            let write: Option<Write<'_>> = match &mut write {
                Some(write) => Some(&mut **write),
                None => None,
            };
            self.at(ask, pool, write, done)
        });
        at.collect()
    }

    fn at(
        &self,
        ask: Ask,
        pool: &ThreadPool,
        mut write: Option<Write<'_>>,
        done: &dyn Fn(u64) -> io::Result<()>,
    ) -> io::Result<Outcome<'a>> {
        let written = write.is_some();
        let mut counts = Counts::default();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (mut harmed, mut relieved) = (Top::new(self.top), Top::new(self.top));
        let names = self.history.names();
        let judge = |developers: &[&'a DeveloperFacts]| {
            let mut assessor = Assessor::new(names, self.sides.before, ask);
            let mut made = Made::default();
            for developer in developers {
                assessor.judge_by(self.sides.before);
                let was = assessor.standing(developer);
                assessor.judge_by(self.sides.after);
                // Who is registered is the history's business, and so the same on both sides.
                if let (Some(was), Some(is)) = (was, assessor.standing(developer)) {
                    made.before.extend(entries(&was));
                    made.after.extend(entries(&is));
                    let compared = compare(&self.sides, &was, &is, &mut made.counts);
                    made.compared.extend(compared.map(|compared| {
                        let line = written.then(|| lines::developer(&self.sides, ask, &compared));
                        (compared, line)
                    }));
                }
                made.facts += developer.len() as u64;
            }
            made
        };
        let take = |made: Made<'a>| {
            counts.merge(&made.counts);
            before.extend(made.before);
            after.extend(made.after);
            for (compared, line) in made.compared {
                if let (Some(write), Some(line)) = (&mut write, line) {
                    write(&line?)?;
                }
                match compared.effect.side() {
                    Side::Harmed => harmed.take(compared.effect.harm, compared),
                    Side::Relieved => relieved.take(compared.effect.relief, compared),
                    Side::Neither => {}
                }
            }
            done(made.facts)
        };
        let all = by_id(self.history);
        in_order(pool, &all, |one| one.len(), WHATIF_AHEAD, judge, take)?;
        let (harmed, relieved) = (harmed.finish(), relieved.finish());
        let listed = harmed.iter().chain(&relieved).map(|one| one.developer);
        let listed: HashSet<&str> = listed.collect();
        let (before, after) = pool.join(|| ranked(before), || ranked(after));
        let mut moves = Vec::new();
        let ranks = RankMoves::of(&before, &after, |moved| {
            if listed.contains(moved.developer) {
                moves.push(moved);
            }
            match &mut write {
                Some(write) => write(&lines::rank(ask, &moved)?),
                None => Ok(()),
            }
        })?;
        Ok(Outcome {
            ask,
            counts,
            ranks,
            harmed,
            relieved,
            moves,
        })
    }
}

/// The heaviest so many, of equal ones those who came first.
struct Top<'a> {
    most: usize,
    kept: Vec<(Toll, Comparison<'a>)>,
}

impl<'a> Top<'a> {
    const fn new(most: usize) -> Self {
        Self {
            most,
            kept: Vec::new(),
        }
    }

    fn take(&mut self, toll: Toll, compared: Comparison<'a>) {
        let place = self.kept.partition_point(|(heavier, _)| *heavier >= toll);
        if place < self.most {
            self.kept.insert(place, (toll, compared));
            self.kept.truncate(self.most);
        }
    }

    fn finish(self) -> Vec<Comparison<'a>> {
        self.kept
            .into_iter()
            .map(|(_, compared)| compared)
            .collect()
    }
}
