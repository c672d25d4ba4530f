//! Everybody's standing derived again, by as many threads as there are.
//!
//! Developers are judged in parallel and handed over by id, so that the outcome does not depend on the
//! number of threads and memory holds the results of few developers only, or all of them packed. No rule is
//! here: what is derived is what an [`Assessor`] says.

use std::convert::Infallible;

use rayon::ThreadPool;
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::packed::Packed;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Standing};

use crate::in_order::{AHEAD, in_order};

/// What everybody is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Recompute<'a> {
    /// Everybody's facts.
    pub history: &'a History,
    /// The rulebooks.
    pub timeline: &'a Timeline,
    /// The instants asked about.
    pub ask: Ask,
}

impl<'a> Recompute<'a> {
    /// Judges everybody. What `make` makes of each standing, in the pool's threads, is given to `take` in the
    /// order of the developers' ids, with how many facts it is of.
    ///
    /// # Errors
    /// Those of `take`, which end it.
    ///
    /// ```
    /// use standing::recompute::Recompute;
    /// use standing_projections::facts::History;
    /// use standing_projections::rules::Timeline;
    /// use standing_projections::{Ask, Event, Position, Rulebook, rulebook::preset};
    /// let event = |id: &str| Event::from_json(&serde_json::json!({
    ///     "specversion": "1.0", "id": id, "source": "/desk", "type": "developer.registered",
    ///     "time": "2016-01-01T00:00:00Z", "subject": id, "data": {"name": "D", "kind": "service"},
    /// })).unwrap();
    /// let events = [event("d2"), event("d1")];
    /// let history = History::of((1..).map(Position).zip(&events));
    /// let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    /// let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    /// let ask = Ask { as_of: "2016-02-01T00:00:00Z".parse().unwrap(), known_at: history.head() };
    /// let all = Recompute { history: &history, timeline: &timeline, ask };
    /// let pool = rayon::ThreadPoolBuilder::new().build().unwrap();
    /// let mut ids = Vec::new();
    /// all.run(
    ///     &pool,
    ///     |standing| standing.developer.to_owned(),
    ///     |id, _| { ids.push(id); Ok::<(), std::convert::Infallible>(()) },
    /// ).unwrap();
    /// assert_eq!(ids, ["d1", "d2"]);
    /// ```
    pub fn run<T: Send, E>(
        &self,
        pool: &ThreadPool,
        make: impl Fn(Standing<'a>) -> T + Sync,
        mut take: impl FnMut(T, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let judge = |developers: &[&'a DeveloperFacts]| {
            let mut assessor = self.assessor();
            let judged = developers.iter().filter_map(|developer| {
                let standing = assessor.standing(developer)?;
                Some((make(standing), developer.len()))
            });
            judged.collect::<Vec<_>>()
        };
        let take = |portion: Vec<(T, usize)>| {
            let mut each = portion.into_iter();
            each.try_for_each(|(made, facts)| take(made, facts))
        };
        let all = by_id(self.history);
        in_order(pool, &all, |one| one.len(), AHEAD, judge, take)
    }

    /// Judges everybody, and keeps all answers in memory: about 10 bytes an event.
    ///
    /// ```
    /// # use standing::recompute::Recompute;
    /// # use standing_projections::facts::History;
    /// # use standing_projections::rules::Timeline;
    /// # use standing_projections::{Ask, Event, Position, Rulebook, rulebook::preset};
    /// # let event = Event::from_json(&serde_json::json!({
    /// #     "specversion": "1.0", "id": "1", "source": "/desk", "type": "developer.registered",
    /// #     "time": "2016-01-01T00:00:00Z", "subject": "d1", "data": {"name": "D", "kind": "service"},
    /// # })).unwrap();
    /// # let history = History::of([(Position(1), &event)]);
    /// # let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    /// # let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    /// # let ask = Ask { as_of: "2016-02-01T00:00:00Z".parse().unwrap(), known_at: history.head() };
    /// # let all = Recompute { history: &history, timeline: &timeline, ask };
    /// # let pool = rayon::ThreadPoolBuilder::new().build().unwrap();
    /// let kept = all.keep(&pool);
    /// let lines: Vec<_> = kept.iter().map(|one| serde_json::to_string(&one).unwrap()).collect();
    /// assert!(lines[0].starts_with(r#"{"developer":"d1","status":"active""#));
    /// ```
    #[must_use]
    pub fn keep(&self, pool: &ThreadPool) -> Kept<'a> {
        let make = |developers: &[&'a DeveloperFacts]| {
            let mut portion = Portion::default();
            // Room is grown by copying, which is dear where there is much of it.
            let facts: usize = developers.iter().map(|one| one.len()).sum();
            portion.words.reserve(facts + facts / 4);
            let mut assessor = self.assessor();
            for developer in developers {
                let first = portion.words.len();
                if assessor.pack(developer, &mut portion.words) {
                    portion.developers.push((*developer, first));
                }
            }
            portion.words.shrink_to_fit();
            portion.digest = digest(&portion.words);
            portion
        };
        let mut portions = Vec::new();
        let take = |portion| {
            portions.push(portion);
            Ok::<(), Infallible>(())
        };
        // Everything that is made is kept, so nothing need wait.
        let all = by_id(self.history);
        match in_order(pool, &all, |one| one.len(), usize::MAX, make, take) {
            Ok(()) => Kept {
                of: *self,
                portions,
            },
        }
    }

    fn assessor(&self) -> Assessor<'a> {
        Assessor::new(self.history.names(), self.timeline, self.ask)
    }
}

/// Everybody's answers.
#[derive(Debug)]
pub struct Kept<'a> {
    of: Recompute<'a>,
    portions: Vec<Portion<'a>>,
}

/// The answers of some.
#[derive(Debug, Default)]
struct Portion<'a> {
    /// Each with the place of its first word.
    developers: Vec<(&'a DeveloperFacts, usize)>,
    words: Vec<u64>,
    digest: u64,
}

impl<'a> Kept<'a> {
    /// The answers, by developer id.
    pub fn iter(&self) -> impl Iterator<Item = Packed<'_>> {
        let portions = self.portions.iter();
        portions.flat_map(|portion| {
            let each = portion.developers.iter();
            each.map(|(developer, first)| Packed {
                words: &portion.words[*first..],
                developer,
                names: self.of.history.names(),
                timeline: self.of.timeline,
                ask: self.of.ask,
            })
        })
    }

    /// The same for the same question of the same history, however many threads answer it. It tells two runs
    /// apart; it is no proof, and of other histories or rules it says nothing.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let portions: Vec<u64> = self.portions.iter().map(|portion| portion.digest).collect();
        digest(&portions)
    }

    /// How many bytes the answers take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let words = self.portions.iter().map(|portion| portion.words.len());
        words.sum::<usize>() * size_of::<u64>()
    }
}

fn digest(words: &[u64]) -> u64 {
    words.iter().fold(words.len() as u64, |sum, word| {
        let mixed = (word ^ 0x2545_f491_4f6c_dd1d).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sum.rotate_left(29).wrapping_add(mixed)
    })
}

/// Everybody, by id.
pub(crate) fn by_id(history: &History) -> Vec<&DeveloperFacts> {
    let mut all: Vec<&DeveloperFacts> = history.developers().iter().map(|one| &**one).collect();
    all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use standing_projections::rulebook::preset;
    use standing_projections::{Event, Position, Rulebook};

    use super::*;

    #[test]
    fn what_is_kept_is_what_everybody_is_told_whatever_the_threads() {
        let mut history = History::default();
        // More than one portion has room for.
        for number in 0..40_000u64 {
            let event = Event::from_json(&serde_json::json!({
                "specversion": "1.0", "id": number.to_string(), "source": "/desk",
                "type": "developer.registered", "time": "2016-01-01T00:00:00Z",
                "subject": format!("d{number}"), "data": {"name": "D", "kind": "service"},
            }));
            history.take(Position(number + 1), &event.unwrap(), None);
        }
        history.settle();
        let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
        let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
        let all = Recompute {
            history: &history,
            timeline: &timeline,
            ask: Ask {
                as_of: "2016-02-01T00:00:00Z".parse().unwrap(),
                known_at: history.head(),
            },
        };
        let mut digests = Vec::new();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            let mut told = Vec::new();
            let take = |line, _| {
                told.push(line);
                Ok::<(), Infallible>(())
            };
            all.run(&pool, |one| serde_json::to_string(&one).unwrap(), take)
                .unwrap();
            let kept = all.keep(&pool);
            assert!(kept.portions.len() > 1);
            let lines = kept.iter().map(|one| serde_json::to_string(&one).unwrap());
            assert!(lines.eq(told));
            digests.push(kept.digest());
        }
        assert_eq!(digests[0], digests[1]);
    }
}
