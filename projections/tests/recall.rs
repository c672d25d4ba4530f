//! Going on from an earlier answer comes to the same as judging anew (DESIGN 2).
//!
//! `PROPTEST_CASES` sets how many histories it is tried on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::cases;
use common::desk::{Shape, ledger};
use common::ledger::{AskSeed, Ledger, ask};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Instant, Position, Recall};

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recall.regressions");

/// How far the history goes on, how much less of it is known, and at which instant is asked.
type Turn = (usize, u64, AskSeed);

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let known = prop_oneof![3 => Just(0), 1 => 0..4u64];
    prop::collection::vec((0..6usize, known, ask()), 1..24)
}

/// An answer as somebody keeps it who is told only what may be otherwise.
#[derive(Default)]
struct Kept {
    recall: Option<Recall>,
    apps: BTreeMap<String, String>,
}

impl Kept {
    /// The answer at the next instant, and how many apps of it were not judged.
    fn next<'a>(
        &mut self,
        assessor: &mut Assessor<'a>,
        facts: &'a DeveloperFacts,
    ) -> (Option<String>, usize) {
        let Some(again) = assessor.again(facts, self.recall.as_ref()) else {
            *self = Self::default();
            return (None, 0);
        };
        let same: Vec<String> = again.same.iter().map(|id| (*id).to_owned()).collect();
        self.apps.retain(|id, _| same.contains(id));
        assert_eq!(self.apps.len(), same.len());
        for app in &again.standing.apps {
            let text = format!("{app:?}");
            assert_eq!(self.apps.insert(app.app.to_owned(), text), None);
        }
        let mut rest = again.standing;
        rest.apps.clear();
        self.recall = Some(again.recall);
        let apps: Vec<&str> = self.apps.values().map(String::as_str).collect();
        (Some(format!("{rest:?}\n{}", apps.join("\n"))), same.len())
    }
}

/// What judging anew comes to.
fn anew<'a>(assessor: &mut Assessor<'a>, facts: &'a DeveloperFacts) -> Option<String> {
    let mut standing = assessor.as_printed(facts)?;
    let apps = standing.apps.iter().map(|app| format!("{app:?}"));
    let apps: Vec<String> = apps.collect();
    standing.apps.clear();
    Some(format!("{standing:?}\n{}", apps.join("\n")))
}

/// Asks everybody again and again while the history goes on; how many apps were judged, and how many were not.
fn follow(ledger: &Ledger, turns: &[Turn]) -> Result<[usize; 2], TestCaseError> {
    let mut history = History::default();
    let mut records = ledger.records.iter();
    let mut kept: HashMap<String, Kept> = HashMap::new();
    let mut rules: Option<(usize, usize, Timeline)> = None;
    let mut counts = [0; 2];
    let mut instants: Vec<Instant> = turns.iter().map(|(_, _, at)| ledger.as_of(at)).collect();
    // Time mostly goes on.
    let back = instants.len() / 2;
    instants[back..].sort();
    for ((count, less, _), as_of) in turns.iter().zip(instants) {
        for record in records.by_ref().take(*count) {
            history.add(record.position, &record.event, record.target);
        }
        let known_at = Position(history.head().0.saturating_sub(*less));
        let ask = Ask { as_of, known_at };
        let books = history.rulebooks().iter();
        let books = books.filter(|book| book.position <= known_at).count();
        let names = history.shared_names();
        // As long as nothing is new in them, the rules stay the ones that were read.
        if rules
            .as_ref()
            .is_none_or(|(had, read, _)| (*had, *read) != (books, names.len()))
        {
            let Ok(timeline) = Timeline::known(&history, known_at) else {
                continue;
            };
            rules = Some((books, names.len(), timeline));
        }
        let Some((_, _, timeline)) = &rules else {
            continue;
        };
        for facts in history.developers() {
            let mut assessor = Assessor::new(&names, timeline, ask);
            let kept = kept.entry(facts.id.to_string()).or_default();
            let (got, same) = kept.next(&mut assessor, facts);
            prop_assert_eq!(got, anew(&mut assessor, facts));
            counts[0] += kept.apps.len() - same;
            counts[1] += same;
        }
    }
    Ok(counts)
}

proptest! {
    #![proptest_config(cases(120, REGRESSIONS))]

    #[test]
    fn what_cannot_be_otherwise_need_not_be_judged(ledger in ledger(Shape::ANY), turns in turns()) {
        follow(&ledger, &turns)?;
    }
}

#[test]
fn much_of_what_is_drawn_is_not_judged_again() {
    let mut runner = TestRunner::deterministic();
    let mut counts = [0; 2];
    for _ in 0..60 {
        let drawn = (ledger(Shape::ANY), turns()).new_tree(&mut runner).unwrap();
        let (ledger, turns) = drawn.current();
        let [judged, same] = follow(&ledger, &turns).unwrap();
        counts = [counts[0] + judged, counts[1] + same];
    }
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}
