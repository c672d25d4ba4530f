//! Questions over time give what a scan of every instant, or of every position, gives.
//!
//! `PROPTEST_CASES` sets how many histories each property is tried on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::cases;
use common::desk::{Shape, ledger};
use common::ledger::{Ledger, ask, history, standings};
use proptest::prelude::*;
use standing_projections::event::Kind;
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::plaza::board;
use standing_projections::questions::{
    Bisected, Cause, Condition, Facet, Field, Rulebooks, Subject, Turn, Value, Walk, by_knowledge,
    by_knowledge_with_ranks, by_time, by_time_with_ranks, changes, forecast, view,
};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Instant, Position, assess};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/questions.regressions");

const SMALL: Shape = Shape {
    ties: 15,
    distinct: false,
    events: (20, 60),
};

const CONDITIONS: [&str; 22] = [
    "tier <= 1",
    "tier <= 2",
    "tier = 3",
    "tier = none",
    "tier != 2",
    "not tier <= 3",
    "status = terminable",
    "status != active",
    "status = terminated",
    "grade < intermediate",
    "grade = ordinary",
    "not grade >= intermediate",
    "score > 0",
    "score <= -1",
    "eligible",
    "on_board",
    "on_board = no",
    "on_hold",
    "block_api in force",
    "measure stop_new_authorizations",
    "review = listed",
    "review != developing",
];
const RANKS: [&str; 4] = ["rank <= 1", "rank > 1", "rank = none", "not rank < 2"];

/// Every instant at which any answer could change: found apart from the walk, by asking of each
/// event's instant and from there on, and of each month.
fn instants(all: &History, timeline: &Timeline, ledger: &Ledger, ask: Ask) -> BTreeSet<Instant> {
    let times = ledger.records.iter().map(|record| record.event.time);
    let mut found: BTreeSet<Instant> = times.collect();
    found.extend(timeline.versions().iter().map(|rules| rules.effective_from));
    let zone = timeline.zone();
    let first = found.iter().next().copied().unwrap_or(ask.as_of);
    let mut month = zone.month(first);
    while zone.month_start(month) <= ask.as_of {
        found.insert(zone.month_start(month));
        month = month.next();
    }
    // From every one of these on, whatever the answer says comes next, until the next of these.
    let seeds: Vec<Instant> = found.iter().copied().collect();
    for (index, seed) in seeds.iter().enumerate() {
        let end = seeds.get(index + 1).copied().unwrap_or(ask.as_of);
        for developer in all.developers() {
            let mut at = *seed;
            while at <= end.min(ask.as_of) {
                found.insert(at);
                let ask = Ask { as_of: at, ..ask };
                let next = assess(developer, all.names(), timeline, ask)
                    .and_then(|standing| standing.next_change);
                let Some(next) = next else { break };
                at = next;
            }
        }
    }
    // Beside each, so that nothing hides one microsecond off.
    let beside: Vec<Instant> = found.iter().map(|at| at.next()).collect();
    found.extend(beside);
    found.retain(|at| *at <= ask.as_of);
    found
}

/// What a scan found: first, since, times, and whether it holds.
type Scan<T> = (Option<T>, Option<T>, u64, bool);

fn scan<T: Copy>(answers: impl IntoIterator<Item = (T, bool)>) -> Scan<T> {
    let mut scan = (None, None, 0, false);
    for (at, holds) in answers {
        if holds && !scan.3 {
            scan.0 = scan.0.or(Some(at));
            scan.1 = Some(at);
            scan.2 += 1;
        }
        if !holds {
            scan.1 = None;
        }
        scan.3 = holds;
    }
    scan
}

fn of_time(answer: &Bisected<Turn<'_>>) -> Scan<Instant> {
    let time = |turn: &Option<Turn<'_>>| turn.as_ref().map(|turn| turn.time);
    (
        time(&answer.first),
        time(&answer.since),
        answer.times,
        answer.holds,
    )
}

fn of_knowledge(answer: &Bisected<Position>) -> Scan<Position> {
    (answer.first, answer.since, answer.times, answer.holds)
}

/// A developer and each of its apps.
fn subjects(developer: &DeveloperFacts) -> Vec<Subject<'_>> {
    let apps = developer.apps().iter().map(|app| Subject::App(&app.id));
    std::iter::once(Subject::Developer).chain(apps).collect()
}

proptest! {
    #![proptest_config(cases(8, REGRESSIONS))]

    #[test]
    fn a_condition_is_read_or_refused_with_a_place_in_it(
        words in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "not", "tier", "<=", "=", "!=", "1", "none", "measure", "block_api", "in", "force",
                    "grade", "score", "-3", "eligible", "yes", "status", "left", "review", "rank",
                ]).prop_map(str::to_owned),
                any::<String>(),
            ],
            0..6,
        ),
        space in prop::sample::select(vec!["", " ", "  "]),
    ) {
        let text = words.join(space);
        match text.parse::<Condition>() {
            Ok(condition) => {
                let shown = condition.to_string();
                prop_assert_eq!(shown.parse::<Condition>(), Ok(condition), "{} as {}", text, shown);
            }
            Err(error) => {
                prop_assert!(error.place.column >= 1);
                prop_assert!(error.place.column <= text.chars().count() + 1);
                prop_assert!(!error.message.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn bisect_finds_what_a_scan_of_all_instants_finds(
        ledger in ledger(SMALL),
        at in ask(),
        conditions in prop::sample::subsequence(CONDITIONS.to_vec(), 6),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let instants = instants(&all, &timeline, &ledger, ask);
        for developer in all.developers() {
            let standings: Vec<_> = instants
                .iter()
                .map(|as_of| {
                    let ask = Ask { as_of: *as_of, ..ask };
                    (*as_of, assess(developer, all.names(), &timeline, ask))
                })
                .collect();
            for text in &conditions {
                let condition: Condition = text.parse().unwrap();
                for subject in subjects(developer) {
                    let answer = by_time(&all, developer, &timeline, ask, subject, &condition);
                    let want = scan(standings.iter().map(|(at, standing)| {
                        let holds = standing
                            .as_ref()
                            .is_some_and(|s| condition.holds(s, subject, &timeline, &[]));
                        (*at, holds)
                    }));
                    prop_assert_eq!(of_time(&answer), want, "{} of {:?}", text, subject);
                }
            }
        }
    }

    #[test]
    fn bisect_by_rank_finds_what_a_scan_finds(ledger in ledger(SMALL), at in ask()) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let instants = instants(&all, &timeline, &ledger, ask);
        for text in RANKS {
            let condition: Condition = text.parse().unwrap();
            for developer in all.developers() {
                let subjects = subjects(developer);
                let mut answers = vec![Vec::new(); subjects.len()];
                for as_of in &instants {
                    let ask = Ask { as_of: *as_of, ..ask };
                    let everybody = standings(&all, &timeline, ask);
                    let board = board(&everybody);
                    for (subject, answers) in subjects.iter().zip(&mut answers) {
                        let mine = everybody.iter().find(|s| s.developer == &*developer.id);
                        let holds = mine
                            .is_some_and(|s| condition.holds(s, *subject, &timeline, &board));
                        answers.push((*as_of, holds));
                    }
                }
                for (subject, answers) in subjects.iter().zip(answers) {
                    let answer =
                        by_time_with_ranks(&all, developer, &timeline, ask, *subject, &condition);
                    prop_assert_eq!(of_time(&answer), scan(answers), "{} {:?}", text, subject);
                }
            }
        }
    }

    #[test]
    fn bisect_by_knowledge_finds_what_a_scan_of_all_positions_finds(
        ledger in ledger(SMALL),
        at in ask(),
        conditions in prop::sample::subsequence(CONDITIONS.to_vec(), 6),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let rulebooks = Rulebooks::of(&all, ask.known_at).unwrap();
        let known: Vec<_> = (1..=ask.known_at.0)
            .filter_map(|at| Some((Position(at), Timeline::known(&all, Position(at)).ok()?)))
            .collect();
        let everybody: Vec<_> = known
            .iter()
            .map(|(known_at, timeline)| {
                standings(&all, timeline, Ask { known_at: *known_at, ..ask })
            })
            .collect();
        let boards: Vec<_> = everybody.iter().map(|all| board(all)).collect();
        for text in conditions.into_iter().chain(RANKS) {
            let condition: Condition = text.parse().unwrap();
            let find = if condition.needs_board() { by_knowledge_with_ranks } else { by_knowledge };
            for developer in all.developers() {
                for subject in subjects(developer) {
                    let answer = find(&all, developer, &rulebooks, ask, subject, &condition);
                    let each = known.iter().zip(&everybody).zip(&boards);
                    let want = scan(each.map(|(((position, timeline), all), board)| {
                        let mine = all.iter().find(|s| s.developer == &*developer.id);
                        let holds = mine
                            .is_some_and(|s| condition.holds(s, subject, timeline, board));
                        (*position, holds)
                    }));
                    prop_assert_eq!(of_knowledge(&answer), want, "{} {:?}", text, subject);
                }
            }
        }
    }

    #[test]
    fn changes_replayed_give_the_standing_at_each_instant(ledger in ledger(SMALL), at in ask()) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let instants = instants(&all, &timeline, &ledger, ask);
        for developer in all.developers() {
            let subject = Subject::Developer;
            let walk = Walk::new(developer, all.names(), &timeline, ask);
            let rows = changes(walk, subject);
            let mut rows = rows.iter().peekable();
            let mut replayed: BTreeMap<_, Value<'_>> = BTreeMap::new();
            for as_of in &instants {
                while let Some(row) = rows.next_if(|row| row.time <= *as_of) {
                    prop_assert_eq!(replayed.get(&row.key).copied(), row.from);
                    prop_assert!(row.from != row.to);
                    match row.to {
                        Some(value) => drop(replayed.insert(row.key, value)),
                        None => drop(replayed.remove(&row.key)),
                    }
                }
                let ask = Ask { as_of: *as_of, ..ask };
                let standing = assess(developer, all.names(), &timeline, ask);
                let want = standing.map_or_else(Vec::new, |standing| view(&standing, subject));
                let got: Vec<_> = replayed
                    .iter()
                    .map(|(key, value)| Facet { key: *key, value: *value })
                    .collect();
                prop_assert_eq!(got, want, "as of {}", as_of);
            }
            prop_assert!(rows.next().is_none());
        }
    }

    #[test]
    fn causes_are_events_of_that_instant_or_earlier(ledger in ledger(SMALL), at in ask()) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let time = |position: Position| ledger.records[position.0 as usize - 1].event.time;
        for developer in all.developers() {
            let walk = Walk::new(developer, all.names(), &timeline, ask);
            for row in changes(walk, Subject::Developer) {
                match &row.cause {
                    Cause::Event { events } => {
                        prop_assert!(!events.is_empty());
                        for event in events {
                            prop_assert_eq!(time(event.position), row.time);
                        }
                    }
                    // Events may be older than the registration.
                    Cause::Earlier { events } => {
                        prop_assert_eq!(row.time, developer.registered);
                        for event in events {
                            prop_assert!(time(event.position) < row.time);
                        }
                    }
                    Cause::Time { events } => {
                        for event in events {
                            prop_assert!(time(event.position) < row.time);
                        }
                    }
                    Cause::Rulebook { .. } => {
                        let mut all = timeline.versions().iter();
                        prop_assert!(all.any(|rules| rules.effective_from == row.time));
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_is_there_without_all_but_its_cause_and_not_without_its_cause(
        ledger in ledger(SMALL),
        at in ask(),
        every in 1..5usize,
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let registers = |kind: Kind| {
            matches!(kind, Kind::DeveloperRegistered | Kind::AppRegistered | Kind::RulebookPublished)
        };
        for developer in all.developers() {
            let rows = changes(
                Walk::new(developer, all.names(), &timeline, ask),
                Subject::Developer,
            );
            for row in rows.iter().filter(|row| row.time > developer.registered).step_by(every) {
                let by_event = match &row.cause {
                    Cause::Event { events } if events.iter().any(|e| registers(e.kind)) => continue,
                    Cause::Event { events } => Some(events),
                    _ => None,
                };
                let rest = ledger.records.iter().filter(|record| match by_event {
                    Some(events) => events.iter().all(|e| e.position != record.position),
                    None => record.event.time != row.time || registers(record.event.kind),
                });
                let without = history(rest);
                let timeline = Timeline::known(&without, ask.known_at).unwrap();
                let Some((one, _)) = without.subject(&developer.id) else { continue };
                let ask = Ask { as_of: row.time, ..ask };
                let walk = Walk::new(one, without.names(), &timeline, ask);
                let there = changes(walk, Subject::Developer)
                    .iter()
                    .any(|other| (other.time, other.key, other.to) == (row.time, row.key, row.to));
                prop_assert_eq!(there, by_event.is_none(), "{:?}", row);
            }
        }
    }

    #[test]
    fn a_forecast_is_what_assess_says_once_it_has_happened(ledger in ledger(SMALL), at in ask()) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        let forecast = forecast(&all, &timeline, ask).unwrap();
        for developer in all.developers().iter().filter(|one| one.registered <= ask.as_of) {
            let now = assess(developer, all.names(), &timeline, ask).unwrap();
            let now = view(&now, Subject::Developer);
            for what in forecast.what_if(&developer.id).unwrap() {
                let Some(change) = what.changes().into_iter().next() else { continue };
                if what.at == ask.as_of {
                    let was = now.iter().find(|facet| facet.key.field.to_string()
                        == change.key.field.to_string() && facet.key.app == change.key.app);
                    prop_assert_eq!(
                        was.map(|facet| facet.value.to_string()),
                        change.from.map(|value| value.to_string())
                    );
                }
            }
            // With nothing recorded after the instant, what comes is what the timeline will say.
            let cut = all.until(ask.as_of);
            let names_in = timeline.read_in(&cut).unwrap();
            let until = ask.as_of.plus_days(60);
            let later = Ask { as_of: until, ..ask };
            let (cut_one, _) = cut.subject(&developer.id).unwrap();
            let walk = Walk::new(cut_one, cut.names(), &names_in, later);
            let want: Vec<_> = changes(walk, Subject::Developer)
                .into_iter()
                .filter(|row| row.time > ask.as_of)
                .map(|row| format!("{row:?}"))
                .collect();
            let got: Vec<_> = forecast
                .coming(&developer.id, until)
                .into_iter()
                .filter_map(|coming| match coming {
                    standing_projections::questions::Coming::Change(row) => {
                        Some(format!("{row:?}"))
                    }
                    standing_projections::questions::Coming::Month { .. } => None,
                })
                .collect();
            prop_assert_eq!(got, want);
        }
    }
}

/// The conditions are worth what the histories make of them: each must come to hold, and end.
#[test]
fn the_histories_drawn_make_every_condition_hold_and_end() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut held: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut by: BTreeSet<&str> = BTreeSet::new();
    let conditions = CONDITIONS.map(|text| text.parse::<Condition>().unwrap());
    for _ in 0..40 {
        let ledger = ledger(Shape::ANY).new_tree(&mut runner).unwrap().current();
        let all = history(&ledger.records);
        let as_of = ledger.records.iter().map(|r| r.event.time).max().unwrap();
        let ask = Ask {
            as_of: as_of.plus_days(60),
            known_at: ledger.head(),
        };
        let timeline = Timeline::known(&all, ask.known_at).unwrap();
        for developer in all.developers() {
            let mut seen = [(false, false); CONDITIONS.len()];
            let walk = Walk::new(developer, all.names(), &timeline, ask).with_months();
            for standing in walk {
                for (condition, (first, ended)) in conditions.iter().zip(&mut seen) {
                    let holds = condition.holds(&standing, Subject::Developer, &timeline, &[]);
                    *ended |= *first && !holds;
                    *first |= holds;
                }
            }
            for (text, (first, ended)) in CONDITIONS.iter().zip(seen) {
                let held = held.entry(text).or_default();
                held.0 += u32::from(first);
                held.1 += u32::from(ended);
            }
            let walk = Walk::new(developer, all.names(), &timeline, ask);
            by.extend(
                changes(walk, Subject::Developer)
                    .iter()
                    .map(|row| match row.cause {
                        Cause::Event { .. } => "event",
                        Cause::Rulebook { .. } => "rulebook",
                        Cause::Earlier { .. } => "earlier",
                        Cause::Time { .. } => match row.key.field {
                            Field::Measure(_) => "a measure ends",
                            Field::Condition("days_listed") => "day 31",
                            Field::Obligation(..) => "a duty is overdue",
                            Field::OnHold => "a hold ends",
                            Field::Score => "a window",
                            _ => "time",
                        },
                    }),
            );
        }
    }
    for (text, (first, ended)) in &held {
        assert!(*first > 0, "`{text}` never holds: {held:?}");
        // Of a developer with many apps, what is so of any of them at first stays so.
        let stays = text.contains("!=") || text.ends_with("no") || text.ends_with("none");
        assert!(stays || *ended > 0, "`{text}` never ends: {held:?}");
    }
    for cause in [
        "event",
        "rulebook",
        "a measure ends",
        "day 31",
        "a duty is overdue",
        "a hold ends",
        "a window",
    ] {
        assert!(by.contains(cause), "never by {cause}: {by:?}");
    }
}
