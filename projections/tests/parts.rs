//! A history taken apart and put together again is the same history, and parts that no history has
//! are refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::cases;
use common::desk::{Shape, ledger};
use common::ledger::{Record, answer, ask, explained, history};
use proptest::prelude::*;
use proptest::sample::Index;
use standing_projections::Position;
use standing_projections::event::{Channel, DeveloperKind, Kind, Permission};
use standing_projections::facts::{
    AppFacts, AppPart, Bounds, DeveloperFacts, DeveloperPart, History, PartError, PlainFact,
    Retraction, Usage,
};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parts.regressions");

/// The history that the numbers of another one make.
fn again(of: &History) -> Result<History, PartError> {
    let bounds = Bounds {
        names: of.names().len(),
        head: of.head(),
    };
    let developers = of.developers().iter().map(|one| {
        let part = DeveloperPart {
            id: one.id.clone(),
            name: one.name.clone(),
            kind: one.kind,
            grade: one.grade.map(|grade| grade.number()),
            registered: one.registered.micros(),
            position: one.position.0,
            last: one.last().0,
        };
        let room = (one.acts().len(), one.retractions().len());
        let mut made = DeveloperFacts::from_part(part, room, bounds)?;
        for act in one.acts() {
            made.push_act(act.plain(), bounds)?;
        }
        for taken in one.retractions() {
            made.push_retraction(*taken, bounds)?;
        }
        let apps = one.apps().iter().map(|app| {
            let mut outage_ids = standing_projections::facts::OutageIds::default();
            app.outage_ids().iter().for_each(|id| {
                outage_ids.push(id);
            });
            let part = AppPart {
                id: app.id.clone(),
                name: app.name.clone(),
                channel: app.channel,
                permission: app.permission,
                registered: app.registered.micros(),
                position: app.position.0,
                outage_ids,
            };
            let room = (app.fact_count(), app.usage().len());
            let mut made = AppFacts::from_part(part, room, bounds)?;
            for fact in app.facts_by_group() {
                made.push_fact(fact.plain(), bounds)?;
            }
            for usage in app.usage() {
                made.push_usage(*usage, bounds)?;
            }
            Ok(made)
        });
        made.with_apps(apps.collect::<Result<_, _>>()?)
    });
    let developers = developers.collect::<Result<_, _>>()?;
    let names = of.names().iter().map(Into::into).collect();
    History::from_parts(of.head(), names, of.rulebooks().to_vec(), developers)
}

fn take(history: &mut History, records: &[Record]) {
    for record in records {
        history.take(record.position, &record.event, record.target);
    }
    history.settle();
}

proptest! {
    #![proptest_config(cases(60, REGRESSIONS))]

    #[test]
    fn a_history_put_together_answers_as_before_whatever_comes_after_it(
        ledger in ledger(Shape::ANY),
        cut in any::<Index>(),
        known_at in any::<Index>(),
        at in ask(),
    ) {
        let (before, tail) = ledger.records.split_at(cut.index(ledger.records.len() + 1));
        let mut whole = history(before);
        whole.shrink();
        let mut made = again(&whole).unwrap();
        take(&mut made, tail);
        made.shrink();
        let (as_of, head) = (ledger.as_of(&at), ledger.head());
        let plain = history(&ledger.records);
        prop_assert_eq!(explained(&plain, as_of, head), explained(&made, as_of, head));
        for (one, other) in plain.developers().iter().zip(made.developers()) {
            prop_assert_eq!(format!("{:?}", one.last()), format!("{:?}", other.last()));
            prop_assert_eq!(one.len(), other.len());
        }
        // Later events left out, by the question or by the history.
        let known_at = Position(known_at.index(ledger.records.len() + 1) as u64);
        let want = explained(&plain, as_of, known_at);
        prop_assert_eq!(&want, &explained(&made, as_of, known_at));
        let cut = made.known_at(known_at);
        prop_assert_eq!(&want, &explained(&cut, as_of, known_at));
        prop_assert_eq!(cut.head(), known_at.min(head));
        let ends = history(&ledger.records[..known_at.0 as usize]);
        prop_assert_eq!(ends.developers().len(), cut.developers().len());
        for one in cut.developers() {
            let all = plain.subject(&one.id).unwrap().0;
            prop_assert_eq!(all.len_at(known_at), one.len());
        }
        for record in &ledger.records {
            let subject = record.event.subject.as_str();
            let found = |of: &History| of.subject(subject).map(|(one, app)| {
                (one.id.to_string(), one.len(), app.map(|app| app.fact_count()))
            });
            prop_assert_eq!(found(&ends), found(&cut));
        }
        // And what comes after them is taken where they were.
        let mut grown = cut;
        take(&mut grown, &ledger.records[known_at.0 as usize..]);
        prop_assert_eq!(answer(&plain, as_of, head), answer(&grown, as_of, head));
    }

    #[test]
    fn any_numbers_make_a_fact_that_can_be_judged_or_none(
        ledger in ledger(Shape::ANY),
        facts in prop::collection::vec(any_fact(), 1..40),
        at in ask(),
    ) {
        let plain = history(&ledger.records);
        let bounds = Bounds { names: plain.names().len(), head: plain.head() };
        let mut outage_ids = standing_projections::facts::OutageIds::default();
        outage_ids.push("o1");
        let part = AppPart {
            id: "made".into(),
            name: "Made".into(),
            channel: Channel::General,
            permission: Permission::Ordinary,
            registered: 0,
            position: 1,
            outage_ids,
        };
        let mut app = AppFacts::from_part(part, (0, 0), bounds).unwrap();
        let part = DeveloperPart {
            id: "maker".into(),
            name: "Maker".into(),
            kind: DeveloperKind::Service,
            grade: None,
            registered: 0,
            position: 1,
            last: plain.head().0,
        };
        let mut developer = DeveloperFacts::from_part(part, (0, 0), bounds).unwrap();
        for fact in facts {
            if app.push_fact(fact, bounds).is_ok() {
                prop_assert_eq!(app.facts_by_group().last().unwrap().plain(), fact);
            }
            if developer.push_act(fact, bounds).is_ok() {
                prop_assert_eq!(developer.acts().last().unwrap().plain(), fact);
            }
        }
        let names = plain.names().iter().map(Into::into).collect();
        let books = plain.rulebooks().to_vec();
        let developers = vec![developer.with_apps(vec![app]).unwrap()];
        let made = History::from_parts(plain.head(), names, books, developers).unwrap();
        explained(&made, ledger.as_of(&at), made.head()).unwrap();
    }
}

fn any_fact() -> impl Strategy<Value = PlainFact> {
    let micros = 1_380_000_000_000_000..1_490_000_000_000_000i64;
    let time = prop_oneof![9 => micros.clone(), 1 => any::<i64>()];
    let code = prop_oneof![
        3 => Just(None),
        5 => (0..8u32).prop_map(Some),
        1 => any::<u32>().prop_map(Some),
    ];
    let value = prop_oneof![
        4 => Just(0),
        2 => 735_000..737_000i64,
        1 => Just(-1),
        1 => micros,
        1 => any::<i64>(),
    ];
    let word = prop_oneof![9 => 0..6u8, 1 => any::<u8>()];
    let position = prop_oneof![9 => 1..60u64, 1 => any::<u64>()];
    (
        time,
        position,
        prop::sample::select(Kind::ALL),
        word,
        code,
        value,
    )
        .prop_map(|(time, position, kind, word, code, value)| PlainFact {
            time,
            position,
            kind,
            word,
            code,
            value,
        })
}

fn bounds() -> Bounds {
    Bounds {
        names: 1,
        head: Position(9),
    }
}

fn developer(id: &str, position: u64) -> DeveloperPart {
    DeveloperPart {
        id: id.into(),
        name: "D".into(),
        kind: DeveloperKind::Service,
        grade: Some(0),
        registered: 0,
        position,
        last: 9,
    }
}

fn app(id: &str) -> AppFacts {
    let part = AppPart {
        id: id.into(),
        name: "A".into(),
        channel: Channel::Website,
        permission: Permission::Partner,
        registered: 1,
        position: 2,
        outage_ids: Default::default(),
    };
    AppFacts::from_part(part, (0, 0), bounds()).unwrap()
}

#[test]
fn what_is_not_in_order_or_there_twice_is_refused() {
    let made = |part| DeveloperFacts::from_part(part, (0, 0), bounds());
    let together = |developers| {
        History::from_parts(Position(9), vec!["g".into()], Vec::new(), developers)
            .map(|history| history.developers().len())
            .map_err(|error| error.to_string())
    };
    let d = |id, position| made(developer(id, position)).unwrap();
    assert_eq!(together(vec![d("d1", 1), d("d2", 2)]), Ok(2));
    assert_eq!(
        together(vec![d("d1", 1), d("d1", 2)]).unwrap_err(),
        "`d1` is there twice"
    );
    assert_eq!(
        together(vec![d("d1", 2), d("d2", 1)]).unwrap_err(),
        "the registrations of `the developers` are not in order"
    );
    let with = |id, apps| d(id, 1).with_apps(apps);
    let own = with("d1", vec![app("d1")]).unwrap();
    assert_eq!(together(vec![own]).unwrap_err(), "`d1` is there twice");
    assert!(matches!(
        with("d1", vec![app("b"), app("a")]),
        Err(PartError::Order { .. })
    ));
    for unfit in [
        DeveloperPart {
            position: 0,
            ..developer("d", 1)
        },
        DeveloperPart {
            position: 10,
            ..developer("d", 1)
        },
        DeveloperPart {
            grade: Some(1),
            ..developer("d", 1)
        },
        DeveloperPart {
            registered: -1,
            ..developer("d", 1)
        },
        DeveloperPart {
            last: 10,
            ..developer("d", 1)
        },
    ] {
        assert!(matches!(made(unfit), Err(PartError::Value { .. })));
    }
    let early = DeveloperPart {
        last: 1,
        ..developer("d", 1)
    };
    let early = made(early).unwrap().with_apps(vec![app("a")]).unwrap_err();
    assert_eq!(early.to_string(), "the latest event of `d` cannot be that");
}

#[test]
fn usage_and_retractions_are_held_against_their_bounds() {
    let usage = |date: &str, position, daily_users| Usage {
        date: date.parse().unwrap(),
        position: Position(position),
        time: standing_projections::Instant::MIN,
        daily_users,
    };
    let mut app = app("a");
    app.push_usage(usage("2015-01-01", 4, 5), bounds()).unwrap();
    app.push_usage(usage("2015-01-01", 5, 5), bounds()).unwrap();
    for unfit in [
        usage("2015-01-01", 5, 5),
        usage("2014-01-01", 6, 5),
        usage("2015-01-02", 0, 5),
        usage("2015-01-02", 10, 5),
        usage("2015-01-02", 6, -1),
        usage("2015-01-02", 6, i64::MAX),
        usage("1969-12-31", 6, 1),
        usage("+12000-01-01", 6, 1),
    ] {
        app.push_usage(unfit, bounds()).unwrap_err();
    }
    assert_eq!(app.usage().len(), 2);
    let mut one = DeveloperFacts::from_part(developer("d", 1), (0, 0), bounds()).unwrap();
    let taken = |position, target| Retraction {
        position: Position(position),
        target: Position(target),
    };
    one.push_retraction(taken(3, 2), bounds()).unwrap();
    for unfit in [taken(3, 2), taken(4, 4), taken(4, 0), taken(10, 1)] {
        one.push_retraction(unfit, bounds()).unwrap_err();
    }
    assert_eq!(one.retractions().len(), 1);
}
