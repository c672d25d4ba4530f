//! The plaza: scores, and the board they make (SPEC §7).

use crate::event::{Channel, Kind, Position};
use crate::facts::Fact;
use crate::horizon::Horizon;
use crate::measure::Measures;
use crate::positions::Positions;
use crate::provenance::{Hindrances, ScoreTerm};
use crate::review::{Lifecycle, ReviewState};
use crate::rulebook::Counts;
use crate::rules::{Rules, Timeline};
use crate::standing::{Standing, Status};
use crate::time::Instant;

/// An app's score as its behaviours come in, by the rules at the instant asked about.
#[derive(Debug)]
pub(crate) struct Score<'a> {
    rules: &'a Rules,
    index: usize,
    window_days: Option<i64>,
    /// For each ranked behaviour, what it adds and the events that count.
    terms: Vec<(i64, Vec<Position>)>,
}

impl<'a> Score<'a> {
    pub(crate) fn new(timeline: &'a Timeline, as_of: Instant) -> Self {
        let index = timeline.index_at(as_of);
        let mut score = Self {
            rules: timeline.version(index),
            index,
            window_days: None,
            terms: Vec::new(),
        };
        score.reset(timeline, as_of);
        score
    }

    /// Begins with another app, and with other rules.
    pub(crate) fn reset(&mut self, timeline: &'a Timeline, as_of: Instant) {
        self.index = timeline.index_at(as_of);
        self.rules = timeline.version(self.index);
        let ranking = self.rules.book.ranking.as_ref();
        self.window_days = ranking.and_then(|ranking| ranking.window_days.map(i64::from));
        for (points, events) in &mut self.terms {
            *points = 0;
            events.clear();
        }
        let ranked = ranking.map_or(0, |ranking| ranking.behaviors.len());
        self.terms.resize(ranked, (0, Vec::new()));
    }

    /// Takes the next behaviour that was observed, or ceased.
    pub(crate) fn take(&mut self, fact: Fact, horizon: &mut Horizon) {
        if let Some(days) = self.window_days {
            // Within the window is strictly later than its beginning.
            let leaves = fact.time().micros() + days * crate::time::DAY_MICROS;
            // What leaves after the last instant there is never leaves.
            if let Some(leaves) = Instant::from_micros(leaves) {
                horizon.see(leaves);
                if leaves <= horizon.as_of() {
                    return;
                }
            }
        }
        let Some(behavior) = fact.name().and_then(|code| self.rules.behavior(code)) else {
            return;
        };
        let (points, events) = &mut self.terms[behavior];
        let observed = fact.kind() == Kind::BehaviorObserved;
        match self.rules.weight(behavior) {
            (weight, Counts::Each) if observed => *points = points.saturating_add(weight),
            (_, Counts::Each) => return,
            (weight, Counts::State) => {
                *points = if observed { weight } else { 0 };
                events.clear();
            }
        }
        events.push(fact.position());
    }

    /// What they come to.
    pub(crate) fn sum(&self) -> i64 {
        let all = self.terms.iter().filter(|(_, events)| !events.is_empty());
        all.fold(0, |sum, (points, _)| sum.saturating_add(*points))
    }

    /// What each ranked behaviour adds.
    pub(crate) fn terms(&self) -> Box<[ScoreTerm]> {
        let all = self.terms.iter().enumerate();
        let counted = all.filter(|(_, (_, events))| !events.is_empty());
        let terms = counted.map(|(behavior, (points, events))| ScoreTerm {
            rules: self.index,
            behavior,
            points: *points,
            events: Positions::of(events),
        });
        terms.collect()
    }
}

/// What keeps an app from being shown; nothing where it is listed, its key works, its developer
/// cooperates, and no measure in force suspends it.
pub(crate) fn hindrances(
    rules: &Rules,
    lifecycle: &Lifecycle,
    status: Status,
    in_force: Measures,
) -> Hindrances {
    let suspending = rules.suspended_by().lasting();
    Hindrances {
        not_listed: lifecycle.state() != ReviewState::Listed,
        key_disabled: lifecycle.key_disabled(),
        ended: !matches!(status, Status::Active | Status::Terminable),
        measures: suspending.filter(|m| in_force.contains(*m)).collect(),
    }
}

/// An app on the board.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BoardEntry<'a> {
    /// From 1.
    pub rank: u64,
    /// The app.
    pub app: &'a str,
    /// Its developer.
    pub developer: &'a str,
    /// Its score.
    pub score: i64,
    /// When its listing began.
    pub listed_since: Instant,
}

/// The board: score descending, then the longest listed, then app id ascending.
#[must_use]
pub fn board<'a>(standings: &[Standing<'a>]) -> Vec<BoardEntry<'a>> {
    let entries = standings.iter().flat_map(entries).collect();
    ranked(entries)
}

/// What a developer has on the board, not ranked yet.
pub fn entries<'s, 'a>(
    standing: &'s Standing<'a>,
) -> impl Iterator<Item = BoardEntry<'a>> + use<'s, 'a> {
    standing.apps.iter().filter_map(|app| {
        Some(BoardEntry {
            rank: 0,
            app: app.app,
            developer: standing.developer,
            score: app.score,
            listed_since: app.on_board?,
        })
    })
}

/// The board that everybody's entries make.
#[must_use]
pub fn ranked(mut entries: Vec<BoardEntry<'_>>) -> Vec<BoardEntry<'_>> {
    entries.sort_by(|a, b| {
        (std::cmp::Reverse(a.score), a.listed_since, a.app).cmp(&(
            std::cmp::Reverse(b.score),
            b.listed_since,
            b.app,
        ))
    });
    for (rank, entry) in (1..).zip(&mut entries) {
        entry.rank = rank;
    }
    entries
}

/// Whether a presentable app of that channel is on the board, and since when it is listed.
pub(crate) fn on_board(
    rules: &Rules,
    channel: Channel,
    lifecycle: &Lifecycle,
    presentable: bool,
) -> Option<Instant> {
    lifecycle
        .listed_since()
        .filter(|_| presentable && rules.ranks(channel))
}
