//! What other rules would say is what both answers say by themselves, held against each other.
//!
//! `PROPTEST_CASES` sets how many histories each property is tried on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::BTreeMap;

use common::books::{BookSeed, book};
use common::cases;
use common::desk::{Shape, ledger};
use common::ledger::{Ledger, ask, history, standings};
use proptest::prelude::*;
use serde_json::Value;
use standing_projections::facts::History;
use standing_projections::plaza::board;
use standing_projections::questions::whatif::{
    Comparison, Counts, RankMoves, Side, Sides, TIERS, compare, proposed,
};
use standing_projections::questions::{Subject, differences, view};
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::standing::{MonthOutcome, Status};
use standing_projections::{Ask, Event, Position, Rulebook, Standing};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whatif.regressions");

const SMALL: Shape = Shape {
    ties: 15,
    distinct: false,
    events: (20, 90),
};

/// The versions a ledger knows, and those with another one published.
fn timelines(all: &History, ledger: &Ledger, other: &BookSeed) -> (Timeline, Timeline) {
    let before = Timeline::known(all, ledger.head()).unwrap();
    let books = before.versions().iter();
    let books = books
        .map(|rules| (rules.position, rules.book.clone()))
        .collect();
    let other = Rulebook::parse(&other.text(99)).unwrap();
    let after = proposed(books, vec![other], None).unwrap();
    let after = Timeline::new(after, all.names()).unwrap();
    (before, after)
}

fn compared<'a>(
    sides: &Sides<'_>,
    before: &[Standing<'a>],
    after: &[Standing<'a>],
) -> (Vec<Comparison<'a>>, Counts<'a>) {
    let mut counts = Counts::default();
    let mut all = Vec::new();
    for (was, is) in before.iter().zip(after) {
        all.extend(compare(sides, was, is, &mut counts));
    }
    (all, counts)
}

/// The tiers of each app's months, as they are printed.
fn printed_tiers(standings: &[Standing<'_>]) -> BTreeMap<(String, String), String> {
    let mut tiers = BTreeMap::new();
    for standing in standings {
        let printed = serde_json::to_value(standing).unwrap();
        for app in printed["apps"].as_array().unwrap() {
            for month in app["months"].as_array().unwrap() {
                let tier = match &month["tier"] {
                    Value::Null => "none".to_owned(),
                    tier => tier.to_string(),
                };
                let key = |value: &Value| value.as_str().unwrap().to_owned();
                tiers.insert((key(&app["app"]), key(&month["month"])), tier);
            }
        }
    }
    tiers
}

proptest! {
    #![proptest_config(cases(96, REGRESSIONS))]

    #[test]
    fn what_flips_is_what_the_two_views_say_differently(
        ledger in ledger(SMALL),
        at in ask(),
        other in book(),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let (before, after) = timelines(&all, &ledger, &other);
        let sides = Sides { before: &before, after: &after };
        let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
        prop_assert_eq!(was.len(), is.len());
        for (was, is) in was.iter().zip(&is) {
            let views = (view(was, Subject::Developer), view(is, Subject::Developer));
            let want = differences(&views.0, &views.1);
            let found = compare(&sides, was, is, &mut Counts::default());
            let flips = found.iter().flat_map(|one| &one.flips);
            let flips: Vec<_> = flips.map(|flip| (flip.key, flip.from, flip.to)).collect();
            prop_assert_eq!(flips, want);
            for flip in found.iter().flat_map(|one| &one.flips) {
                // What it names is there.
                if let Some(clause) = sides.clause(flip) {
                    let side = if clause.proposed { &after } else { &before };
                    let mut versions = side.versions().iter();
                    prop_assert!(versions.any(|one| one.book.version == clause.version));
                    prop_assert!(!clause.path.is_empty());
                }
            }
        }
    }

    #[test]
    fn the_counts_are_those_of_the_printed_standings(
        ledger in ledger(SMALL),
        at in ask(),
        other in book(),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let (before, after) = timelines(&all, &ledger, &other);
        let sides = Sides { before: &before, after: &after };
        let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
        let (found, counts) = compared(&sides, &was, &is);
        prop_assert_eq!(counts.developers as usize, was.len());
        prop_assert_eq!(counts.hit as usize, found.len());
        for (from, to, n) in counts.status.cells() {
            let both = was.iter().zip(&is);
            let want = both.filter(|(was, is)| {
                (was.status, is.status) == (Status::ALL[from], Status::ALL[to])
            });
            prop_assert_eq!(n as usize, want.count());
        }
        for ((from, to), n) in &counts.grades {
            let both = was.iter().zip(&is);
            let want = both.filter(|(was, is)| (was.grade, is.grade) == (*from, *to));
            prop_assert_eq!(*n as usize, want.count());
        }
        let (old, new) = (printed_tiers(&was), printed_tiers(&is));
        let months: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for (from, to, n) in counts.tiers.cells() {
            let tier = |of: &BTreeMap<_, String>, key: &(String, String)| {
                of.get(key).cloned().unwrap_or_else(|| "none".to_owned())
            };
            let want = months.iter().filter(|key| {
                tier(&old, key) == TIERS[from] && tier(&new, key) == TIERS[to]
            });
            prop_assert_eq!(n as usize, want.count(), "{} {}", from, to);
        }
        for level in 0..3 {
            let tier = (level + 1).to_string();
            let before: u64 = counts.months.values().map(|month| month.before[level]).sum();
            prop_assert_eq!(before as usize, old.values().filter(|one| **one == tier).count());
            let after: u64 = counts.months.values().map(|month| month.after[level]).sum();
            prop_assert_eq!(after as usize, new.values().filter(|one| **one == tier).count());
        }
        // Who is printed alike, with the same apps on the board, is not hit. (What a standing
        // prints says nothing of the board: SPEC §9 prints that by itself.)
        let printed = |one: &Standing<'_>| {
            let board: Vec<_> = one.apps.iter().map(|app| app.on_board.is_some()).collect();
            (serde_json::to_string(one).unwrap(), board)
        };
        for (was, is) in was.iter().zip(&is) {
            let alike = printed(was) == printed(is);
            let hit = found.iter().any(|one| one.developer == was.developer);
            prop_assert!(!(alike && hit), "{}", was.developer);
        }
    }

    #[test]
    fn the_same_rules_change_nothing_and_other_sides_mirror(
        ledger in ledger(SMALL),
        at in ask(),
        other in book(),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let (before, after) = timelines(&all, &ledger, &other);
        let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
        let none = Sides { before: &before, after: &before };
        let (found, counts) = compared(&none, &was, &was);
        prop_assert!(found.is_empty());
        prop_assert_eq!((counts.hit, counts.tiers.moved(), counts.status.moved()), (0, 0, 0));
        let there = Sides { before: &before, after: &after };
        let back = Sides { before: &after, after: &before };
        let (forth, counts) = compared(&there, &was, &is);
        let (again, mirrored) = compared(&back, &is, &was);
        prop_assert_eq!(forth.len(), again.len());
        for (one, other) in forth.iter().zip(&again) {
            let flips = one.flips.iter().map(|flip| (flip.key, flip.from, flip.to));
            let others = other.flips.iter().map(|flip| (flip.key, flip.to, flip.from));
            prop_assert!(flips.eq(others));
            // Grades are held against each other by the rules after, which differ.
            let (mut harm, mut relief) = (one.effect.harm, other.effect.relief);
            (harm.grade, relief.grade) = (0, 0);
            prop_assert_eq!(harm, relief);
        }
        for (from, to, n) in counts.tiers.cells() {
            prop_assert_eq!(n, mirrored.tiers.cell(to, from));
        }
        for (from, to, n) in counts.outcomes.cells() {
            prop_assert_eq!(n, mirrored.outcomes.cell(to, from));
        }
        for ((what, of), turned) in &counts.flips {
            let other = mirrored.turned(what, of);
            prop_assert_eq!(
                (turned.begins, turned.ends, turned.changes),
                (other.ends, other.begins, other.changes)
            );
        }
    }

    #[test]
    fn counts_of_some_and_of_others_are_those_of_all(
        ledger in ledger(SMALL),
        at in ask(),
        other in book(),
        parts in 1..5usize,
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let (before, after) = timelines(&all, &ledger, &other);
        let sides = Sides { before: &before, after: &after };
        let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
        let (_, whole) = compared(&sides, &was, &is);
        let chunks = was.chunks(parts).zip(is.chunks(parts));
        let counted: Vec<_> = chunks.map(|(was, is)| compared(&sides, was, is).1).collect();
        let mut backwards = Counts::default();
        for part in counted.iter().rev() {
            backwards.merge(part);
        }
        prop_assert_eq!(backwards, whole);
    }

    #[test]
    fn rank_moves_are_those_of_the_two_boards(
        ledger in ledger(SMALL),
        at in ask(),
        other in book(),
    ) {
        let all = history(&ledger.records);
        let ask = Ask { as_of: ledger.as_of(&at), known_at: ledger.head() };
        let (before, after) = timelines(&all, &ledger, &other);
        let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
        let (old, new) = (board(&was), board(&is));
        let mut moved = BTreeMap::new();
        let keep = |one: standing_projections::questions::whatif::RankMove<'_>| {
            moved.insert(one.app.to_owned(), (one.from, one.to));
            Ok::<(), std::convert::Infallible>(())
        };
        let moves = RankMoves::of(&old, &new, keep).unwrap();
        let rank = |board: &[standing_projections::plaza::BoardEntry<'_>], app: &str| {
            board.iter().find(|entry| entry.app == app).map(|entry| entry.rank)
        };
        for app in was.iter().flat_map(|standing| &standing.apps) {
            let ranks = (rank(&old, app.app), rank(&new, app.app));
            let want = (ranks.0 != ranks.1).then_some(ranks);
            prop_assert_eq!(moved.get(app.app).copied(), want);
        }
        let all = moves.enter + moves.leave + moves.rise + moves.fall;
        prop_assert_eq!(all as usize, moved.len());
        prop_assert_eq!(moves.rises.iter().sum::<u64>(), moves.rise);
        prop_assert_eq!(moves.falls.iter().sum::<u64>(), moves.fall);
    }
}

fn weibo(version: usize) -> Rulebook {
    Rulebook::parse(preset::named("weibo").unwrap()[version]).unwrap()
}

fn event(id: &str, kind: &str, time: &str, subject: &str, data: Value) -> Event {
    Event::from_json(&serde_json::json!({
        "specversion": "1.0", "id": id, "source": "/t", "type": kind, "time": time,
        "subject": subject, "data": data,
    }))
    .unwrap()
}

#[test]
fn the_clause_behind_each_flip_is_named() {
    let found = |n: u32, day: u32| {
        event(
            &format!("v{n}"),
            "violation.found",
            &format!("2016-03-{day:02}T03:00:00Z"),
            "a1",
            serde_json::json!({"code": if n < 6 { "icon_breach" } else { "data_leak" }}),
        )
    };
    let start = "2016-01-01T00:00:00Z";
    let named = serde_json::json!({"name": "D", "kind": "service", "grade": "intermediate"});
    let app = serde_json::json!({"developer": "d1", "name": "A", "channel": "general"});
    let mut events = vec![
        event("d", "developer.registered", start, "d1", named),
        event("a", "app.registered", start, "a1", app),
    ];
    events.extend((1..=6).map(|n| found(n, n)));
    let all = History::of((1..).map(Position).zip(&events));
    let timeline = |book| Timeline::new(vec![(Position(0), book)], all.names()).unwrap();
    let (before, after) = (timeline(weibo(1)), timeline(weibo(2)));
    let sides = Sides {
        before: &before,
        after: &after,
    };
    let ask = Ask {
        as_of: "2016-03-07T00:00:00Z".parse().unwrap(),
        known_at: all.head(),
    };
    let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
    let (found, counts) = compared(&sides, &was, &is);
    let flips = found[0].flips.iter().map(|flip| {
        let clause = sides.clause(flip).unwrap();
        (flip.key.field.to_string(), clause.path, clause.proposed)
    });
    let flips: Vec<_> = flips.collect();
    let has = |field: &str, path: &str| {
        let want = (field.to_owned(), path.to_owned(), true);
        assert!(flips.contains(&want), "{want:?} of {flips:?}");
    };
    has("grade", "developers.downgrade_when_more_than");
    has("outcome 2016-03", "developers.downgrade_when_more_than");
    has("tier 2016-03", "violations.data_leak");
    has("sanction 2016-03 level 1 nth 1", "sanctions[level=1,nth=1]");
    has("measure block_api", "sanctions[level=1,nth=1]");
    assert_eq!(found[0].effect.side(), Side::Harmed);
    assert_eq!(
        (found[0].effect.harm.grade, found[0].effect.harm.outcomes),
        (1, 1)
    );
    let downgraded = MonthOutcome::Downgraded as usize;
    assert_eq!(counts.outcomes.cell(0, downgraded), 1);
    // The other way round it is the rules before that had it.
    let back = Sides {
        before: &after,
        after: &before,
    };
    let (found, _) = compared(&back, &is, &was);
    let outcome = &found[0].flips[1];
    let clause = back.clause(outcome).unwrap();
    assert!(!clause.proposed);
    assert_eq!(clause.path, "developers.downgrade_when_more_than");
    assert_eq!(found[0].effect.side(), Side::Relieved);
}

#[test]
fn a_change_taken_to_begin_with_a_month_leaves_no_later_version_of_the_baseline() {
    let baseline = || {
        vec![
            (Position(1), weibo(0)),
            (Position(2), weibo(1)),
            (Position(3), weibo(2)),
        ]
    };
    let from = |books: Vec<Rulebook>, month: Option<&str>| {
        let month = month.map(|month| month.parse().unwrap());
        let all = proposed(baseline(), books, month).unwrap().into_iter();
        let each = all.map(|(at, book)| format!("{}@{} {at}", book.version, book.effective_from));
        each.collect::<Vec<_>>()
    };
    let today = [
        "2013-10-01@2013-10-01 1",
        "2014-12-24@2014-12-24 2",
        "2016-01-01@2016-01-01 3",
    ];
    assert_eq!(from(vec![], None), today);
    assert_eq!(
        from(vec![weibo(2)], Some("2014-12")),
        ["2013-10-01@2013-10-01 1", "2016-01-01@2014-12-01 0"]
    );
    // The first begins with the month though its own date is earlier; the later keeps its date.
    assert_eq!(
        from(vec![weibo(2), weibo(1)], Some("2015-02")),
        [
            "2013-10-01@2013-10-01 1",
            "2014-12-24@2014-12-24 2",
            "2014-12-24@2015-02-01 0",
            "2016-01-01@2016-01-01 0"
        ]
    );
    // Both follow at the month where both are earlier, and the last one holds.
    assert_eq!(
        from(vec![weibo(0), weibo(1)], Some("2016-06"))[3..],
        ["2013-10-01@2016-06-01 0", "2014-12-24@2016-06-01 0"]
    );
    assert_eq!(
        from(vec![weibo(1)], Some("2013-01")),
        ["2014-12-24@2013-01-01 0"]
    );
}

#[test]
fn a_step_that_is_graver_is_no_relief_because_numbers_move_on() {
    let found = |id: &str, day: &str, code: &str| {
        let time = format!("2015-03-{day}T03:00:00Z");
        let data = serde_json::json!({ "code": code });
        event(id, "violation.found", &time, "a1", data)
    };
    let start = "2015-01-01T00:00:00Z";
    let named = serde_json::json!({"name": "D", "kind": "service"});
    let app = serde_json::json!({"developer": "d1", "name": "A", "channel": "general"});
    let events = [
        event("d", "developer.registered", start, "d1", named),
        event("a", "app.registered", start, "a1", app),
        found("1", "01", "bulk_scraping"),
        found("2", "05", "privacy_breach"),
    ];
    let all = History::of((1..).map(Position).zip(&events));
    let timeline = |book| Timeline::new(vec![(Position(0), book)], all.names()).unwrap();
    let mut graver = weibo(1);
    for violation in &mut graver.violations {
        if violation.get_ref().code == "bulk_scraping" {
            violation.get_mut().level = standing_projections::Level::new(1).unwrap();
        }
    }
    let (before, after) = (timeline(weibo(1)), timeline(graver));
    let sides = Sides {
        before: &before,
        after: &after,
    };
    let ask = Ask {
        as_of: "2015-03-20T00:00:00Z".parse().unwrap(),
        known_at: all.head(),
    };
    let (was, is) = (standings(&all, &before, ask), standings(&all, &after, ask));
    let (found, _) = compared(&sides, &was, &is);
    // What was the first of level 1 is the second now, and the first ends before it.
    let second =
        |all: &[standing_projections::Standing<'_>]| all[0].apps[0].months[0].sanctions[1].nth;
    assert_eq!((second(&was), second(&is)), (1, 2));
    let effect = found[0].effect;
    assert_eq!((effect.harm.sanctions, effect.relief.sanctions), (2, 0));
    assert_eq!(effect.side(), Side::Harmed);
}
