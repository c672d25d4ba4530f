//! The plaza: scores, and the board they make (SPEC §7).

use crate::event::{Channel, Kind};
use crate::facts::Fact;
use crate::horizon::Horizon;
use crate::measure::Measures;
use crate::provenance::{Hindrances, ScoreTerm};
use crate::review::{Lifecycle, ReviewState};
use crate::rulebook::Counts;
use crate::rules::{Rules, Timeline};
use crate::standing::{Standing, Status};
use crate::time::Instant;

/// What each ranked behaviour adds, by the rules at the instant asked about.
pub(crate) fn score_terms(
    timeline: &Timeline,
    behaviors: &[Fact],
    horizon: &mut Horizon,
) -> Vec<ScoreTerm> {
    let index = timeline.index_at(horizon.as_of());
    let rules = timeline.version(index);
    let window = rules
        .book
        .ranking
        .as_ref()
        .and_then(|ranking| ranking.window_days);
    let mut terms: Vec<ScoreTerm> = Vec::new();
    for fact in behaviors {
        if let Some(days) = window {
            // Within the window is strictly later than its beginning.
            let leaves = fact.time().micros() + i64::from(days) * crate::time::DAY_MICROS;
            // What leaves after the last instant there is never leaves.
            if let Some(leaves) = Instant::from_micros(leaves) {
                horizon.see(leaves);
                if leaves <= horizon.as_of() {
                    continue;
                }
            }
        }
        let Some(behavior) = fact.name().and_then(|code| rules.behavior(code)) else {
            continue;
        };
        let place = terms
            .iter()
            .position(|term| term.behavior == behavior)
            .unwrap_or_else(|| {
                terms.push(ScoreTerm {
                    rules: index,
                    behavior,
                    points: 0,
                    events: Vec::new(),
                });
                terms.len() - 1
            });
        let term = &mut terms[place];
        let observed = fact.kind() == Kind::BehaviorObserved;
        match rules.weight(behavior) {
            (weight, Counts::Each) if observed => {
                term.points = term.points.saturating_add(weight);
                term.events.push(fact.position());
            }
            (_, Counts::Each) => {}
            (weight, Counts::State) => {
                term.points = if observed { weight } else { 0 };
                term.events = vec![fact.position()];
            }
        }
    }
    terms.retain(|term| !term.events.is_empty());
    terms.sort_by_key(|term| term.behavior);
    terms
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
