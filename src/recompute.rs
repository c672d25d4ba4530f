//! Everybody's standing derived again, by as many threads as there are.
//!
//! Developers are judged in parallel and handed over by id, so that the outcome does not depend on the
//! number of threads and memory holds the results of few developers only. No rule is here: what is derived
//! is what [`assess`] says.

use rayon::ThreadPool;
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Standing, assess};

use crate::in_order::in_order;

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
        take: impl FnMut(T, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let judge = |developer| {
            let names = self.history.names();
            assess(developer, names, self.timeline, self.ask).map(&make)
        };
        everybody(self.history, pool, judge, take)
    }
}

/// What `make` makes of each developer, in the pool's threads, given to `take` in the order of the developers'
/// ids, with how many facts it is of.
pub(crate) fn everybody<'a, T: Send, E>(
    history: &'a History,
    pool: &ThreadPool,
    make: impl Fn(&'a DeveloperFacts) -> Option<T> + Sync,
    mut take: impl FnMut(T, usize) -> Result<(), E>,
) -> Result<(), E> {
    let mut all: Vec<&DeveloperFacts> = history.developers().iter().collect();
    all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let made = |one: &&'a DeveloperFacts| Some((make(one)?, one.len()));
    let take = |made: Option<(T, usize)>| match made {
        Some((made, facts)) => take(made, facts),
        None => Ok(()),
    };
    in_order(pool, &all, |one| one.len(), made, take)
}
