//! The next instant at which an answer can change without a new event.

use serde_json::{Value, json};
use standing_projections::facts::History;
use standing_projections::rules::Timeline;
use standing_projections::{Event, Position};

use crate::case::{BOOK, Case, at, book};

fn next(case: &Case, time: &str) -> Option<String> {
    case.known_at(time, case.events.len() as u64, |all| {
        all[0].next_change.map(|next| next.to_string())
    })
}

fn some(time: &str) -> Option<String> {
    Some(at(time).to_string())
}

#[test]
fn a_behavior_leaves_its_window() {
    let window = book(&[("[ranking]", "[ranking]\nwindow_days = 2")]);
    let mut case = Case::by(&[window]);
    let hosted = json!({"code": "hosted"});
    case.on("03-02T00:00:00", "behavior.observed", "a", hosted);
    assert_eq!(next(&case, "03-01T00:00:00"), some("03-02T00:00:00"));
    assert_eq!(next(&case, "03-02T00:00:00"), some("03-04T00:00:00"));
    assert_eq!(next(&case, "03-04T00:00:00"), None);
}

#[test]
fn a_sanction_ends_and_its_duty_becomes_overdue() {
    let mut case = Case::new();
    case.found("03-02T00:00:00", "grave");
    for (time, want) in [
        ("03-02T00:00:00", some("03-03T00:00:00.000001")),
        ("03-03T00:00:00.000001", some("03-05T00:00:00")),
        ("03-05T00:00:00", None),
    ] {
        assert_eq!(next(&case, time), want, "{time}");
    }
}

#[test]
fn a_fix_is_missed_and_its_duty_is_overdue_just_after() {
    let mut case = Case::new();
    case.inspected("03-02T00:00:00", "minor");
    assert_eq!(next(&case, "03-02T00:00:00"), some("03-05T16:00:00"));
    assert_eq!(next(&case, "03-05T16:00:00"), some("03-05T16:00:00.000001"));
    assert_eq!(next(&case, "03-05T16:00:00.000001"), None);
}

#[test]
fn an_open_outage_grows_and_a_rulebook_begins() {
    let later = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-04"),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), later]);
    case.outage("o", "03-02T01:00:00", None);
    assert_eq!(next(&case, "03-02T01:00:00"), some("03-03T01:00:00.000001"));
    // At local midnight of the fourth the other version holds.
    assert_eq!(next(&case, "03-03T12:00:00"), some("03-03T16:00:00"));
}

#[test]
fn a_rulebook_is_known_from_its_own_position_on() {
    let published = |position: u64, version: &str, level: &str| -> Event {
        let text = book(&[
            ("version = \"1\"", &format!("version = \"{version}\"")),
            (
                "code = \"grave\", level = 1",
                &format!("code = \"grave\", level = {level}"),
            ),
        ]);
        let data = json!({"version": version, "toml": text, "sha256": ""});
        Event::from_json(&json!({
            "specversion": "1.0", "id": position.to_string(), "source": "/r",
            "type": "rulebook.published", "time": "2016-01-01T00:00:00Z", "subject": "t",
            "data": data,
        }))
        .unwrap()
    };
    let mut case = Case::new();
    case.found("03-02T00:00:00", "grave");
    case.events.push(published(4, "1", "3"));
    case.events.push(published(5, "2", "2"));
    let history = History::of((1..).map(Position).zip(&case.events));
    let level = |known| {
        let timeline = Timeline::known(&history, Position(known)).ok()?;
        let grave = history.names().find("grave").unwrap();
        let catalogued = timeline.at(at("03-02T00:00:00")).catalogued(grave);
        catalogued.map(|(level, _)| level)
    };
    let level = |known| level(known).map_or(Value::Null, |level| json!(level));
    assert_eq!(
        (level(3), level(4), level(5)),
        (Value::Null, json!(3), json!(2))
    );
}
