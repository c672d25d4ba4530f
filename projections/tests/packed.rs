//! Packed standings where their numbers are large; the property tests have the rest.

#![allow(clippy::unwrap_used)]

#[path = "common/everybody.rs"]
mod everybody;

use everybody::everybody;
use serde_json::{Value, json};
use standing_projections::facts::History;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Position, Rulebook};

/// Events of one month, with the places that they have in the log.
fn standing(events: impl IntoIterator<Item = (u64, &'static str, Value)>) -> Value {
    let mut history = History::default();
    for (place, (position, kind, data)) in events.into_iter().enumerate() {
        let subject = match kind {
            "developer.registered" => "d",
            _ => "a",
        };
        let event = Event::from_json(&json!({
            "specversion": "1.0", "id": place.to_string(), "source": "/desk", "type": kind,
            "time": format!("2015-03-03T{:02}:{:02}:00Z", place / 60 % 24, place % 60),
            "subject": subject, "data": data,
        }));
        history.take(Position(position), &event.unwrap(), None);
    }
    history.settle();
    let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    let ask = Ask {
        as_of: "2015-04-01T00:00:00Z".parse().unwrap(),
        known_at: history.head(),
    };
    serde_json::to_value(&everybody(&history, &timeline, ask)[0]).unwrap()
}

fn registered() -> [(u64, &'static str, Value); 2] {
    let app = json!({"developer": "d", "name": "A", "channel": "general"});
    let developer = json!({"name": "D", "kind": "service"});
    [
        (1, "developer.registered", developer),
        (2, "app.registered", app),
    ]
}

#[test]
fn a_month_with_hundreds_of_everything() {
    let complaint = |place| (place, "complaint.received", json!({"class": "normal"}));
    let violation = |place| (place, "violation.found", json!({"code": "bulk_scraping"}));
    let unknown = |place| (place, "violation.found", json!({"code": "no_such_code"}));
    let events = registered().into_iter().chain((3..403).map(complaint));
    let events = events.chain((403..703).map(violation));
    let standing = standing(events.chain((703..1003).map(unknown)));
    let month = &standing["apps"][0]["months"][0];
    let count = |key: &str| month[key].as_array().unwrap().len();
    assert_eq!(month["complaints"]["normal"], 400);
    assert_eq!(
        month["violations"][0]["evidence"].as_array().unwrap().len(),
        400
    );
    assert_eq!((count("violations"), count("unclassified")), (301, 300));
}

#[test]
fn evidence_from_all_over_a_long_log() {
    for step in [1, 1 << 31, 1 << 40] {
        let complaint = |n: u64| {
            let data = json!({"class": "strong"});
            (3 + n * step, "complaint.received", data)
        };
        let standing = standing(registered().into_iter().chain((0..40).map(complaint)));
        let evidence = &standing["apps"][0]["months"][0]["violations"][0]["evidence"];
        let want: Vec<u64> = (0..40).map(|n| 3 + n * step).collect();
        assert_eq!(*evidence, json!(want));
    }
}
