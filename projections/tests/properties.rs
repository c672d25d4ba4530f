//! What must be true of every accepted history (SPEC §2, §9).
//!
//! `PROPTEST_CASES` sets how many histories each property is tried on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use std::collections::HashMap;

use common::cases;
use common::desk::{Shape, ledger};
use common::ledger::{
    Ledger, Record, answer, ask, explained, history, is_listed, printed, standings,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use standing_projections::event::{Data, Kind};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position, assess};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties.regressions");

/// A retraction of an event, recorded next.
fn retraction(ledger: &Ledger, target: &Record, time: Instant) -> (Position, Event) {
    let position = Position(ledger.head().0 + 1);
    let event = json!({
        "specversion": "1.0", "id": format!("e{position}"), "source": "/desk",
        "type": "event.retracted", "time": time.to_string(), "subject": target.event.subject,
        "data": {"event": {"id": target.event.id}, "reason": "-"},
    });
    (position, Event::from_json(&event).unwrap())
}

/// The ledger with a proposal after each of its events, confirmed and withdrawn in turn, and where each of its
/// own events was.
fn with_proposals(ledger: &Ledger) -> (Vec<Record>, HashMap<u64, u64>) {
    let (mut records, mut back) = (Vec::new(), HashMap::new());
    let moved = |position: Position| Position(position.0 * 3);
    for record in &ledger.records {
        let position = moved(record.position);
        back.insert(position.0, record.position.0);
        records.push(record.moved(position, record.target.map(moved)));
        for (place, kind) in [(1, "proposed"), (2, "confirmed")] {
            let kind = match (kind, record.position.0 % 2) {
                ("confirmed", 0) => "withdrawn",
                (kind, _) => kind,
            };
            let proposal = json!({"id": format!("p{}", position.0 + 1)});
            let data = match kind {
                "proposed" => json!({
                    "type": "developer.terminated", "data": {"reason": "-"}, "reason": "-",
                }),
                "confirmed" => json!({"event": proposal}),
                _ => json!({"event": proposal, "reason": "-"}),
            };
            let event = json!({
                "specversion": "1.0", "id": format!("p{}", position.0 + place), "source": "/desk",
                "type": format!("decision.{kind}"), "time": record.event.time.to_string(),
                "subject": record.event.subject, "data": data,
            });
            records.push(Record {
                position: Position(position.0 + place),
                event: Event::from_json(&event).unwrap(),
                target: (place == 2).then_some(Position(position.0 + 1)),
                json: event.to_string(),
            });
        }
    }
    (records, back)
}

/// Positions other than those of registrations, dealt out anew by random keys. Registrations come
/// first, for without them no fact is taken. What the property sets aside keeps its order among
/// itself: retractions and appeals, usage of one app and date, rulebooks; and, beyond the words of
/// the property, the recorded outage days of one developer, whose blocks begin at one midnight
/// though the events have distinct times.
fn permuted(ledger: &Ledger, keys: &[u32]) -> (Vec<Record>, HashMap<u64, u64>) {
    let registration = |record: &Record| match record.event.kind {
        Kind::DeveloperRegistered => 0,
        Kind::AppRegistered => 1,
        _ => 2,
    };
    let developers: HashMap<&str, &str> = ledger
        .records
        .iter()
        .filter_map(|record| match &record.event.data {
            Data::AppRegistered { developer, .. } => {
                Some((record.event.subject.as_str(), developer.as_str()))
            }
            _ => None,
        })
        .collect();
    let aside = |record: &Record| match &record.event.data {
        data if data.event_ref().is_some() => Some(String::new()),
        Data::RulebookPublished { .. } => Some("rulebook".to_owned()),
        Data::UsageReported { date, .. } => Some(format!("{} {date}", record.event.subject)),
        Data::OutageDayRecorded { .. } => Some(format!(
            "days {}",
            developers[record.event.subject.as_str()]
        )),
        _ => None,
    };
    let key = |index: usize| keys[index % keys.len()].rotate_left(index as u32 % 31);
    let mut order: Vec<(usize, &Record)> = ledger.records.iter().enumerate().collect();
    order.sort_by_key(|(index, record)| (registration(record), key(*index), *index));
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, (_, record)) in order.iter().enumerate() {
        if let Some(group) = aside(record) {
            places.entry(group).or_default().push(place);
        }
    }
    for places in places.into_values() {
        let mut group: Vec<_> = places.iter().map(|place| order[*place]).collect();
        group.sort_by_key(|(index, _)| *index);
        for (place, one) in places.into_iter().zip(group) {
            order[place] = one;
        }
    }
    let moved: HashMap<u64, u64> = (1..)
        .zip(&order)
        .map(|(to, (_, record))| (record.position.0, to))
        .collect();
    let records = (1..).zip(order).map(|(to, (_, record))| {
        let target = record.target.map(|target| Position(moved[&target.0]));
        record.moved(Position(to), target)
    });
    let records = records.collect();
    let back = moved.into_iter().map(|(from, to)| (to, from)).collect();
    (records, back)
}

/// A printed answer with its positions mapped.
fn mapped(text: &str, back: &HashMap<u64, u64>) -> Vec<Value> {
    fn walk(value: &mut Value, back: &HashMap<u64, u64>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object.iter_mut() {
                    match value {
                        Value::Number(n) if key == "cause" => {
                            *value = back[&n.as_u64().unwrap()].into()
                        }
                        Value::Array(all) if key == "evidence" => {
                            let mut places: Vec<u64> =
                                all.iter().map(|n| back[&n.as_u64().unwrap()]).collect();
                            places.sort_unstable();
                            *value = places.into();
                        }
                        value => walk(value, back),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, back)),
            _ => {}
        }
    }
    let lines = text.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        walk(&mut value, back);
        value
    });
    lines.collect()
}

/// Fails with the first line that differs.
fn same(left: &str, right: &str) -> Result<(), TestCaseError> {
    if left == right {
        return Ok(());
    }
    let differ = left.lines().zip(right.lines()).find(|(a, b)| a != b);
    match differ {
        Some((a, b)) => prop_assert_eq!(a, b),
        None => prop_assert_eq!(left.lines().count(), right.lines().count()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(40, REGRESSIONS))]

    #[test]
    fn the_same_question_twice_gives_the_same_bytes(ledger in ledger(Shape::ANY), at in ask()) {
        let (as_of, head) = (ledger.as_of(&at), ledger.head());
        let first = history(&ledger.records);
        let once = explained(&first, as_of, head).unwrap();
        same(&once, &explained(&first, as_of, head).unwrap())?;
        same(&once, &explained(&history(&ledger.records), as_of, head).unwrap())?;
    }

    #[test]
    fn proposals_change_no_standing(ledger in ledger(Shape::ANY), at in ask()) {
        let as_of = ledger.as_of(&at);
        let here: HashMap<u64, u64> = (1..=ledger.head().0).map(|n| (n, n)).collect();
        let (with, back) = with_proposals(&ledger);
        let head = with.iter().map(|record| record.position).max().unwrap();
        let want = answer(&history(&ledger.records), as_of, ledger.head()).unwrap();
        let got = answer(&history(&with), as_of, head).unwrap();
        prop_assert_eq!(mapped(&want, &here), mapped(&got, &back));
    }

    #[test]
    fn positions_do_not_matter_where_times_are_distinct(
        ledger in ledger(Shape::DISTINCT),
        keys in prop::collection::vec(any::<u32>(), 1..200),
        at in ask(),
    ) {
        let as_of = ledger.as_of(&at);
        let here: HashMap<u64, u64> = (1..=ledger.head().0).map(|n| (n, n)).collect();
        let (moved, back) = permuted(&ledger, &keys);
        let want = answer(&history(&ledger.records), as_of, ledger.head()).unwrap();
        let got = answer(&history(&moved), as_of, ledger.head()).unwrap();
        prop_assert_eq!(mapped(&want, &here), mapped(&got, &back));
    }

    #[test]
    fn a_retracted_event_is_as_if_it_had_never_been(
        ledger in ledger(Shape::ANY),
        which in any::<Index>(),
        of_retractions in prop::bool::weighted(0.3),
        later in any::<bool>(),
        at in ask(),
    ) {
        let takes_back = |record: &&Record| record.event.data.event_ref().is_some();
        let mut targets: Vec<&Record> = ledger.records.iter().filter(takes_back).collect();
        if targets.is_empty() || !of_retractions {
            targets = ledger.records.iter().collect();
        }
        let target = targets[which.index(targets.len())];
        prop_assume!(target.event.kind.is_retractable());
        let as_of = ledger.as_of(&at);
        // When it was retracted is not asked.
        let time = if later { as_of.plus_days(400) } else { as_of };
        let (position, event) = retraction(&ledger, target, time);
        let mut retracted = history(&ledger.records);
        retracted.add(position, &event, Some(target.position));
        let without = ledger.records.iter().filter(|record| record.position != target.position);
        same(
            &explained(&retracted, as_of, position).unwrap(),
            &explained(&history(without), as_of, position).unwrap(),
        )?;
    }

    #[test]
    fn known_at_a_position_is_the_ledger_that_ends_there(
        ledger in ledger(Shape::ANY),
        known_at in any::<Index>(),
        at in ask(),
    ) {
        let as_of = ledger.as_of(&at);
        let known_at = known_at.index(ledger.records.len() + 1);
        let ends = history(&ledger.records[..known_at]);
        let known_at = Position(known_at as u64);
        let all = history(&ledger.records);
        let (known, ended) = (explained(&all, as_of, known_at), explained(&ends, as_of, known_at));
        prop_assert_eq!(known.is_some(), ended.is_some());
        same(&known.unwrap_or_default(), &ended.unwrap_or_default())?;
    }

    #[test]
    fn what_comes_after_the_instant_does_not_count(ledger in ledger(Shape::ANY), at in ask()) {
        let (as_of, head) = (ledger.as_of(&at), ledger.head());
        let before = ledger.records.iter().filter(|record| {
            let always = [Kind::EventRetracted, Kind::AppealDecided, Kind::RulebookPublished];
            record.event.time <= as_of || always.contains(&record.event.kind)
        });
        same(
            &explained(&history(&ledger.records), as_of, head).unwrap(),
            &explained(&history(before), as_of, head).unwrap(),
        )?;
    }

    #[test]
    fn nothing_changes_before_the_next_change(
        ledger in ledger(Shape::ANY),
        at in ask(),
        within in prop::collection::vec(0.0..1.0f64, 3),
    ) {
        let all = history(&ledger.records);
        let timeline = Timeline::known(&all, ledger.head()).unwrap();
        let known_at = ledger.head();
        for developer in all.developers() {
            let ask = |as_of| assess(developer, all.names(), &timeline, Ask { as_of, known_at });
            let print = |as_of| serde_json::to_string(&ask(as_of).unwrap()).unwrap();
            let mut as_of = ledger.as_of(&at);
            for _ in 0..25 {
                let Some(standing) = ask(as_of) else { break };
                let now = print(as_of);
                let last = match standing.next_change {
                    Some(next) => {
                        prop_assert!(next > as_of, "{} is not after {}", next, as_of);
                        next.plus_micros(-1)
                    }
                    None => as_of.plus_days(5000),
                };
                let span = (last.micros() - as_of.micros()) as f64;
                let between = within.iter().map(|part| as_of.plus_micros((span * part) as i64));
                for other in between.chain([as_of.next(), last]).filter(|other| *other <= last) {
                    prop_assert_eq!(&now, &print(other), "as of {} and {}", as_of, other);
                }
                match standing.next_change {
                    Some(next) => as_of = next,
                    None => break,
                }
            }
        }
    }
}

/// The properties are worth what the histories are: over many, everything must come about.
#[test]
fn the_histories_drawn_bring_everything_about() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for _ in 0..80 {
        let ledger = ledger(Shape::ANY).new_tree(&mut runner).unwrap().current();
        let all = history(&ledger.records);
        let timeline = Timeline::known(&all, ledger.head()).unwrap();
        let times = ledger.records.iter().map(|record| record.event.time);
        let known_at = ledger.head();
        let mut tell = |what: String| *seen.entry(what).or_default() += 1;
        for record in &ledger.records {
            tell(record.event.kind.to_string());
        }
        tell(format!("rulebooks {}", timeline.versions().len()));
        for as_of in times.rev().step_by(20) {
            let all = standings(&all, &timeline, Ask { as_of, known_at });
            if is_listed(&all) {
                tell("listed".to_owned());
            }
            let text = printed(&all);
            for word in WORDS {
                if text.contains(word) {
                    tell((*word).to_owned());
                }
            }
        }
    }
    // Proposals change nothing, and have a property of their own.
    let drawn = Kind::ALL
        .iter()
        .filter(|kind| !kind.as_str().starts_with("decision."));
    for kind in drawn {
        assert!(seen.contains_key(kind.as_str()), "no {kind}: {seen:#?}");
    }
    for word in WORDS {
        assert!(seen.contains_key(*word), "never {word}: {seen:#?}");
    }
}

/// What is printed only when something has come about.
const WORDS: &[&str] = &[
    r#""status":"active""#,
    r#""status":"terminable""#,
    r#""status":"terminated""#,
    r#""status":"left""#,
    r#""outcome":"downgraded""#,
    r#""outcome":"terminated""#,
    r#""code":"complaints""#,
    r#""code":"outage""#,
    r#""unclassified""#,
    r#""state":"listed""#,
    r#""state":"delisted""#,
    r#""state":"copy_revoked""#,
    r#""state":"declaration_pending""#,
    r#""key_disabled":true"#,
    r#""on_hold":true"#,
    r#""kind":"fix_violation""#,
    r#""kind":"fix_inspection""#,
    r#""kind":"fix_report""#,
    r#""kind":"review""#,
    r#""kind":"delete_data""#,
    r#""state":"overdue""#,
    r#""state":"withdrawn""#,
    r#""late":true"#,
    r#""name":"platform_related","met":true"#,
    r#""name":"days_listed","met":true"#,
    r#""name":"average_daily_users","met":true"#,
    r#""rank":1"#,
    r#""measure":"take_offline""#,
    r#""measure":"stop_new_authorizations""#,
];
