//! Which rows are otherwise when something comes.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use standing_projections::facts::History;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Event, Position, Rulebook};

use super::*;

fn event(number: usize, kind: &str, time: &str, subject: &str, data: Value) -> Event {
    let event = json!({
        "specversion": "1.0", "id": format!("e{number}"), "source": "/desk", "type": kind, "time": time,
        "subject": subject, "data": data,
    });
    Event::from_json(&event).unwrap()
}

/// An app with incidents in three months, and with so many complaints that one more begins another.
fn events() -> Vec<Event> {
    let mut all = vec![
        (
            "developer.registered",
            "2016-01-01T00:00:00Z",
            "d1",
            json!({"name": "D", "kind": "service"}),
        ),
        (
            "app.registered",
            "2016-01-01T00:00:00Z",
            "a1",
            json!({"developer": "d1", "name": "A", "channel": "general"}),
        ),
    ];
    for time in [
        "2016-01-05T00:00:00Z",
        "2016-02-05T00:00:00Z",
        "2016-03-05T00:00:00Z",
    ] {
        let data = json!({"code": "bulk_scraping"});
        all.push(("violation.found", time, "a1", data));
    }
    for _ in 0..11 {
        let data = json!({"class": "normal"});
        all.push(("complaint.received", "2016-03-06T00:00:00Z", "a1", data));
    }
    let all = all.into_iter().enumerate();
    all.map(|(number, (kind, time, subject, data))| event(number, kind, time, subject, data))
        .collect()
}

#[test]
fn an_incident_that_comes_before_others_writes_its_own_rows_only() {
    let events = events();
    let book = Rulebook::parse(preset::named("weibo").unwrap().last().unwrap()).unwrap();
    let keys = RandomState::default();
    let digests = |count: usize, was: &Digest| {
        let history = History::of((1..).map(Position).zip(&events[..count]));
        let timeline = Timeline::new(vec![(Position(0), book.clone())], history.names()).unwrap();
        let ask = Ask {
            as_of: "2016-03-07T00:00:00Z".parse().unwrap(),
            known_at: history.head(),
        };
        let facts = history.developers().first().unwrap();
        let standing = Assessor::new(history.names(), &timeline, ask).as_printed(facts);
        let (standing, writer) = (standing.unwrap(), Writer::new(&keys, &timeline));
        let digest = writer.digest(&standing, facts);
        let mut changes = Changes::default();
        writer.changes(was, (&digest, &standing), facts, &mut changes);
        (digest, changes)
    };
    let (before, _) = digests(events.len() - 1, &Digest::default());
    let (after, changes) = digests(events.len(), &before);
    let rows = |table: Table| changes.rows[table as usize].len();
    let many = [Table::Violations, Table::Sanctions, Table::Obligations];
    assert_eq!(many.map(rows), [1, 1, 1]);
    assert_eq!((rows(Table::Months), changes.gone.len()), (1, 0));
    // What is written already is not written again.
    assert_eq!(digests(events.len(), &after).1.len(), 0);
}
