//! Something happens every second: stories that go on side by side, a step at a time.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Map, Value};
use standing_projections::Instant;
use standing_projections::time::Zone;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Step;
use super::stories;
use crate::cli::failure::Failure;
use crate::intake::{Candidate, ClockFn, Queue, Told};

/// How often something happens.
const EVERY: Duration = Duration::from_secs(1);
/// How many stories there are at once. Fewer than the violations that a month may have before its developer is
/// downgraded.
const AT_ONCE: usize = 4;
/// The demo goes on in the same way whenever it is started.
const SEED: u64 = 7;

/// The apps that something happens to.
const APPS: [&str; 6] = [
    "lantern-cards",
    "harbour-desk",
    "maple-crm",
    "orchard-shop",
    "orchard-mail",
    "willow-poll",
];
/// Apps that are still to come, and go and come again.
const NEWCOMERS: [(&str, &str); 3] = [
    ("willow-quiz", "Willow Quiz"),
    ("willow-cards", "Willow Cards"),
    ("willow-votes", "Willow Votes"),
];
const NEWCOMERS_DEVELOPER: &str = "willow";

/// What goes on.
pub(in crate::cli::serve) struct Feed {
    rng: Rng,
    zone: Zone,
    stories: Vec<Story>,
    /// How many were begun.
    begun: u64,
    /// How many of the newcomers have come.
    registered: usize,
}

struct Story {
    number: u64,
    app: &'static str,
    /// How many of its steps have been.
    done: usize,
    steps: Vec<Step>,
}

impl Story {
    /// The id of a step, from 1.
    fn id(number: u64, step: usize) -> String {
        format!("story-{number}-{step}")
    }
}

impl Feed {
    /// Nothing has happened yet.
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            rng: Rng::with_seed(SEED),
            zone: super::zone()?,
            stories: Vec::new(),
            begun: 0,
            registered: 0,
        })
    }

    /// Begins to send what happens, until it is aborted.
    pub(in crate::cli::serve) fn start(
        queue: Queue,
        clock: ClockFn,
    ) -> Result<JoinHandle<()>, Failure> {
        Ok(tokio::spawn(Self::new()?.run(queue, clock)))
    }

    async fn run(mut self, queue: Queue, clock: ClockFn) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some((turn, event)) = self.next(clock()) else {
                continue;
            };
            let bytes = serde_json::to_vec(&event).map_or(0, |text| text.len());
            match queue.send(vec![Candidate::new(event)], bytes).await {
                Ok(told) => match told.first() {
                    Some(Told::Refused(rejected)) => {
                        // Somebody tries things on the same app: the story has come to its end.
                        tracing::debug!(refusal = %rejected.refusal, "the demo goes another way");
                        self.stories.swap_remove(turn);
                    }
                    _ => self.done(turn),
                },
                // It is tried again.
                Err(error) => tracing::warn!(%error, "the demo waits"),
            }
        }
    }

    /// Which story goes on next, a new one perhaps, and how.
    fn next(&mut self, now: Instant) -> Option<(usize, Map<String, Value>)> {
        if self.stories.len() < AT_ONCE && (self.stories.is_empty() || self.rng.bool()) {
            self.begin(now);
        }
        let turn = self.rng.choice(0..self.stories.len())?;
        let story = self.stories.get(turn)?;
        let step = story.steps.get(story.done)?;
        let id = Story::id(story.number, story.done + 1);
        Some((turn, step.event(&id, now)))
    }

    /// The next step of a story has been.
    fn done(&mut self, turn: usize) {
        let story = &mut self.stories[turn];
        story.done += 1;
        if story.done == story.steps.len() {
            self.stories.swap_remove(turn);
        }
    }

    /// Begins a story of an app that has none.
    fn begin(&mut self, now: Instant) {
        let number = self.begun + 1;
        let is_free = |app: &str| self.stories.iter().all(|story| story.app != app);
        let free: Vec<&str> = APPS.into_iter().filter(|app| is_free(app)).collect();
        let come = NEWCOMERS.iter().take(self.registered + 1);
        let come: Vec<_> = come.filter(|(app, _)| is_free(app)).collect();
        let newcomer = match self.rng.u8(0..8) {
            0 => self.rng.choice(come),
            _ => None,
        };
        let (app, steps) = match newcomer {
            Some((app, name)) => {
                let is_new = NEWCOMERS
                    .iter()
                    .skip(self.registered)
                    .any(|(new, _)| new == app);
                self.registered += usize::from(is_new);
                let mut steps = match is_new {
                    true => stories::listing(app, name, NEWCOMERS_DEVELOPER),
                    false => stories::listing_again(app),
                };
                steps.push(stories::delisting(app));
                (*app, steps)
            }
            None => {
                let Some(app) = self.rng.choice(free) else {
                    return;
                };
                let yesterday = self.zone.date(now.plus_days(-1)).to_string();
                let id = |step| Story::id(number, step);
                (app, stories::any(&mut self.rng, app, &yesterday, id))
            }
        };
        self.begun = number;
        self.stories.push(Story {
            number,
            app,
            done: 0,
            steps,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use standing_projections::Ask;
    use standing_projections::plaza::board;
    use standing_projections::rules::Timeline;
    use standing_projections::standing::Status;

    use super::super::open;
    use super::*;
    use crate::cli::ask::Question;
    use crate::cli::demo::made;
    use crate::history::{self, Scope};
    use crate::intake::{Intake, Outcome, Trust};
    use crate::ledger::{Location, OpenMode, Options};

    /// 2026-11-29T22:00:00Z, so that a day and a month end while it goes on.
    const BEGUN: i64 = 1_796_000_000_000_000;

    #[tokio::test]
    async fn whatever_happens_is_legal_and_leaves_everybody_on_the_board() {
        let folder = tempfile::tempdir().unwrap();
        let at = Location::File(folder.path().join("demo.db"));
        let ledger = at.open(OpenMode::Create, Options::default()).await.unwrap();
        let time = Arc::new(AtomicI64::new(BEGUN));
        let seen = time.clone();
        let clock = move || Instant::from_micros_clamped(seen.load(Ordering::Relaxed));
        let mut intake = Intake::new(ledger.clone(), Arc::new(clock));
        made::fill(&mut intake).await.unwrap();
        open(&mut intake).await.unwrap();
        let mut feed = Feed::new().unwrap();
        let mut kinds = std::collections::BTreeSet::new();
        for _ in 0..40 {
            let mut batch = Vec::new();
            for _ in 0..100 {
                let now = time.fetch_add(60_000_000, Ordering::Relaxed);
                let (turn, event) = feed.next(Instant::from_micros_clamped(now)).unwrap();
                kinds.insert(event["type"].to_string());
                batch.push(Candidate::new(event));
                feed.done(turn);
            }
            for outcome in intake.admit(batch, Trust::Clock).await.unwrap() {
                assert!(matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
            }
            let head = ledger.head().await.unwrap().position;
            let history = history::load(&*ledger, &Scope::All, head).await.unwrap();
            let question = Question {
                ask: Ask {
                    as_of: intake.now(),
                    known_at: head,
                },
                timeline: Timeline::known(&history, head).unwrap(),
                history,
                ledger: None,
            };
            let standings = question.standings();
            for name in ["lantern", "harbour", "maple", "orchard", "willow"] {
                let of_name = standings.iter().find(|one| one.developer == name);
                assert_eq!(of_name.unwrap().status, Status::Active, "{name}");
            }
            assert!(board(&standings).len() > APPS.len() - AT_ONCE);
        }
        assert!(kinds.len() > 15, "{kinds:?}");
    }
}
