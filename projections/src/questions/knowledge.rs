//! Since when something was known to be so: a condition along system time.
//!
//! An answer can change only where an event of its developer or a rulebook was recorded, so it is asked
//! at each of those positions. For a rank, everybody's events count.

use std::collections::BTreeMap;

use super::bisect::Bisected;
use super::board::on_board;
use super::condition::Condition;
use crate::assess::{Ask, assess};
use crate::event::Position;
use crate::explain::Subject;
use crate::facts::{DeveloperFacts, History};
use crate::plaza::{BoardEntry, board};
use crate::rules::{RulesError, Timeline};
use crate::standing::Standing;
use crate::time::Instant;

/// By which rulebooks each position is judged.
#[derive(Debug)]
pub struct Rulebooks<'t> {
    fixed: Option<&'t Timeline>,
    /// From which position on which versions are known.
    known: Vec<(Position, Timeline)>,
}

impl<'t> Rulebooks<'t> {
    /// The same at every position.
    #[must_use]
    pub const fn fixed(timeline: &'t Timeline) -> Self {
        Self {
            fixed: Some(timeline),
            known: Vec::new(),
        }
    }

    /// At each position those that a history knew there.
    ///
    /// # Errors
    /// Where they do not fit together, which intake prevents.
    pub fn of(history: &History, known_at: Position) -> Result<Self, RulesError> {
        let published = history.rulebooks().iter().map(|book| book.position);
        let known = published
            .filter(|position| *position <= known_at)
            .map(|position| Ok((position, Timeline::known(history, position)?)))
            .collect::<Result<_, RulesError>>()?;
        Ok(Self { fixed: None, known })
    }

    /// Those known at a position; none before the first.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<&Timeline> {
        self.fixed.or_else(|| {
            let known = self.known.partition_point(|(from, _)| *from <= position);
            self.known
                .get(known.checked_sub(1)?)
                .map(|(_, timeline)| timeline)
        })
    }

    fn positions(&self) -> impl Iterator<Item = Position> {
        self.known.iter().map(|(position, _)| *position)
    }
}

/// The positions of a developer's events that anything follows from.
fn positions(developer: &DeveloperFacts) -> impl Iterator<Item = Position> {
    let apps = developer.apps().iter().flat_map(|app| {
        let facts = app.facts().map(|fact| fact.position());
        let usage = app.usage().iter().map(|usage| usage.position);
        std::iter::once(app.position).chain(facts).chain(usage)
    });
    let acts = developer.acts().iter().map(|act| act.position());
    let retractions = developer.retractions().iter().map(|taken| taken.position);
    std::iter::once(developer.position)
        .chain(apps)
        .chain(acts)
        .chain(retractions)
}

/// When a condition began to be known to hold, along system time: as known at each position up
/// to the one asked about, all as of one instant. A turn is the position of the event or rulebook
/// that made it known.
#[must_use]
pub fn by_knowledge(
    history: &History,
    developer: &DeveloperFacts,
    rulebooks: &Rulebooks<'_>,
    ask: Ask,
    subject: Subject<'_>,
    condition: &Condition,
) -> Bisected<Position> {
    let mut all: Vec<Position> = positions(developer).chain(rulebooks.positions()).collect();
    all.retain(|position| *position <= ask.known_at);
    all.sort_unstable();
    all.dedup();
    let mut answer = Bisected::new();
    for known_at in all {
        let ask = Ask { known_at, ..ask };
        let holds = rulebooks.at(known_at).is_some_and(|timeline| {
            assess(developer, history.names(), timeline, ask)
                .is_some_and(|standing| condition.holds(&standing, subject, timeline, &[]))
        });
        answer.take(holds, || known_at);
    }
    answer
}

/// As [`by_knowledge`], for a condition about a rank. At an event only its developer is assessed
/// again, at a rulebook everybody.
#[must_use]
pub fn by_knowledge_with_ranks(
    history: &History,
    developer: &DeveloperFacts,
    rulebooks: &Rulebooks<'_>,
    ask: Ask,
    subject: Subject<'_>,
    condition: &Condition,
) -> Bisected<Position> {
    let mut all: BTreeMap<Position, Option<usize>> = BTreeMap::new();
    for (index, one) in history.developers().iter().enumerate() {
        all.extend(positions(one).map(|position| (position, Some(index))));
    }
    all.extend(rulebooks.positions().map(|position| (position, None)));
    let mut answer = Bisected::new();
    let mut standings = Standings::new(history, ask.as_of);
    for (known_at, of) in all.range(..=ask.known_at) {
        let Some(timeline) = rulebooks.at(*known_at) else {
            continue;
        };
        // The first rulebook judges everybody, and so does each that follows.
        match of {
            Some(index) => standings.refresh(*index, timeline, *known_at),
            None => (0..history.developers().len())
                .for_each(|index| standings.refresh(index, timeline, *known_at)),
        }
        standings.settle();
        let holds = standings
            .of(&developer.id)
            .is_some_and(|standing| condition.holds(standing, subject, timeline, &standings.board));
        answer.take(holds, || *known_at);
    }
    answer
}

/// Everybody's standings, each as it was assessed last.
struct Standings<'a> {
    history: &'a History,
    as_of: Instant,
    known: Vec<Standing<'a>>,
    board: Vec<BoardEntry<'a>>,
    moved: bool,
}

impl<'a> Standings<'a> {
    const fn new(history: &'a History, as_of: Instant) -> Self {
        Self {
            history,
            as_of,
            known: Vec::new(),
            board: Vec::new(),
            moved: false,
        }
    }

    /// Deals the ranks out anew, where a place on the board changed.
    fn settle(&mut self) {
        if std::mem::take(&mut self.moved) {
            self.board = board(&self.known);
        }
    }

    fn refresh(&mut self, index: usize, timeline: &'a Timeline, known_at: Position) {
        let developer = &self.history.developers()[index];
        let ask = Ask {
            as_of: self.as_of,
            known_at,
        };
        let place = self
            .known
            .binary_search_by_key(&&*developer.id, |standing| standing.developer);
        let standing = assess(developer, self.history.names(), timeline, ask);
        let before = place.ok().and_then(|place| self.known.get(place));
        self.moved |= on_board(before) != on_board(standing.as_ref());
        match (standing, place) {
            (Some(standing), Ok(place)) => self.known[place] = standing,
            (Some(standing), Err(place)) => self.known.insert(place, standing),
            (None, Ok(place)) => drop(self.known.remove(place)),
            (None, Err(_)) => {}
        }
    }

    fn of(&self, developer: &str) -> Option<&Standing<'a>> {
        let place = self
            .known
            .binary_search_by_key(&developer, |standing| standing.developer);
        place.ok().and_then(|place| self.known.get(place))
    }
}
