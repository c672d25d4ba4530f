//! The board over time: everybody's standings walked at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::walk::Walk;
use crate::assess::Ask;
use crate::facts::History;
use crate::plaza::{BoardEntry, board};
use crate::rules::Timeline;
use crate::standing::Standing;
use crate::time::Instant;

/// Whose standings were looked at anew, and what they were before.
pub(super) struct Step<'a> {
    pub(super) time: Instant,
    pub(super) changed: Vec<(Option<Standing<'a>>, Standing<'a>)>,
}

/// The standings of everybody at each instant at which one of them can change.
pub(super) struct BoardWalk<'a> {
    walks: Vec<Walk<'a>>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    standings: Vec<Standing<'a>>,
    /// Where in `standings` that of a walk is.
    places: HashMap<usize, usize>,
    of_developer: HashMap<&'a str, usize>,
    board: Vec<BoardEntry<'a>>,
}

impl<'a> BoardWalk<'a> {
    pub(super) fn new(history: &'a History, timeline: &'a Timeline, ask: Ask) -> Self {
        let each = history.developers().iter().map(|one| &**one);
        let walk = |one| Walk::new(one, history.names(), timeline, ask);
        let walks: Vec<Walk<'a>> = each.map(walk).collect();
        let due = walks.iter().enumerate();
        Self {
            due: due
                .filter_map(|(index, walk)| Some(Reverse((walk.coming()?, index))))
                .collect(),
            walks,
            standings: Vec::new(),
            places: HashMap::new(),
            of_developer: HashMap::new(),
            board: Vec::new(),
        }
    }

    /// Goes to the next instant.
    pub(super) fn step(&mut self) -> Option<Step<'a>> {
        let Reverse((time, _)) = *self.due.peek()?;
        let mut changed = Vec::new();
        let mut moved = false;
        while let Some(Reverse((at, index))) = self.due.peek().copied() {
            if at > time {
                break;
            }
            self.due.pop();
            let Some(after) = self.walks[index].next() else {
                continue;
            };
            if let Some(next) = self.walks[index].coming() {
                self.due.push(Reverse((next, index)));
            }
            let before = match self.places.get(&index) {
                Some(place) => Some(std::mem::replace(
                    &mut self.standings[*place],
                    after.clone(),
                )),
                None => {
                    self.places.insert(index, self.standings.len());
                    self.of_developer
                        .insert(after.developer, self.standings.len());
                    self.standings.push(after.clone());
                    None
                }
            };
            if on_board(before.as_ref()) != on_board(Some(&after)) {
                moved = true;
                changed.push((before, after));
            }
        }
        if moved {
            self.board = board(&self.standings);
        }
        Some(Step { time, changed })
    }

    pub(super) fn standing(&self, developer: &str) -> Option<&Standing<'a>> {
        let place = self.of_developer.get(developer)?;
        self.standings.get(*place)
    }

    pub(super) fn board(&self) -> &[BoardEntry<'a>] {
        &self.board
    }
}

/// What of a standing the board is made of.
pub(super) fn on_board<'a>(standing: Option<&Standing<'a>>) -> Vec<(&'a str, i64, Instant)> {
    let apps = standing.into_iter().flat_map(|standing| &standing.apps);
    apps.filter_map(|app| Some((app.app, app.score, app.on_board?)))
        .collect()
}
