//! §6: measures.

use serde_json::{Value, json};

use crate::case::{Case, book};

#[test]
fn an_interval_holds_at_its_beginning_and_not_at_its_end() {
    let mut case = Case::new();
    case.imposed("03-02T00:00:00", "close_app", json!("2015-03-04T00:00:00Z"));
    let until = json!([["close_app", "2015-03-04T00:00:00Z"]]);
    assert_eq!(case.measures("03-01T23:59:59.999999"), json!([]));
    assert_eq!(case.measures("03-02T00:00:00"), until);
    assert_eq!(case.measures("03-03T23:59:59.999999"), until);
    assert_eq!(case.measures("03-04T00:00:00"), json!([]));
    // Imposed until an instant that has passed, it never holds.
    case.imposed(
        "03-06T00:00:00",
        "take_offline",
        json!("2015-03-06T00:00:00Z"),
    );
    case.imposed(
        "03-06T00:00:00",
        "take_offline",
        json!("2015-03-01T00:00:00Z"),
    );
    assert_eq!(case.measures("03-06T00:00:00"), json!([]));
}

#[test]
fn of_one_measure_the_latest_end_shows_and_no_end_is_the_latest() {
    let mut case = Case::new();
    case.imposed("03-02T00:00:00", "close_app", json!("2015-03-09T00:00:00Z"));
    case.imposed("03-03T00:00:00", "close_app", json!("2015-03-05T00:00:00Z"));
    assert_eq!(
        case.measures("03-04T00:00:00"),
        json!([["close_app", "2015-03-09T00:00:00Z"]])
    );
    case.imposed("03-04T00:00:00", "close_app", Value::Null);
    assert_eq!(
        case.measures("03-04T00:00:00"),
        json!([["close_app", null]])
    );
    case.imposed("03-04T00:00:00", "block_api", Value::Null);
    assert_eq!(
        case.measures("03-04T00:00:00"),
        json!([["block_api", null], ["close_app", null]])
    );
}

#[test]
fn a_lift_ends_the_named_measures_that_began_before_it() {
    let mut case = Case::new();
    case.app("2014-01-01T00:00:00", "b", "general");
    case.imposed("03-02T00:00:00", "close_app", Value::Null);
    case.imposed("03-02T00:00:00", "block_api", Value::Null);
    let data = json!({"measures": ["close_app", "block_api"], "reason": "-"});
    case.on("03-03T00:00:00", "measure.lifted", "b", data);
    assert_eq!(case.measures("03-03T00:00:00").as_array().unwrap().len(), 2);
    case.lifted("03-03T00:00:00", "close_app");
    assert_eq!(
        case.measures("03-03T00:00:00"),
        json!([["block_api", null]])
    );
    assert_eq!(
        case.measures("03-02T23:59:59.999999")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    case.imposed("03-04T00:00:00", "close_app", Value::Null);
    assert_eq!(case.measures("03-05T00:00:00").as_array().unwrap().len(), 2);
}

#[test]
fn at_equal_instants_a_lift_ends_what_has_a_lower_position() {
    let mut case = Case::new();
    case.imposed("03-02T00:00:00", "close_app", Value::Null);
    case.lifted("03-02T00:00:00", "close_app");
    assert_eq!(case.measures("03-02T00:00:00"), json!([]));
    let mut case = Case::new();
    case.lifted("03-02T00:00:00", "close_app");
    case.imposed("03-02T00:00:00", "close_app", Value::Null);
    assert_eq!(
        case.measures("03-02T00:00:00"),
        json!([["close_app", null]])
    );
    // A derived one begins at its interval's start, at the place of the event behind it.
    let mut case = Case::new();
    case.found("03-02T00:00:00", "grave");
    case.lifted("03-02T00:00:00", "block_api");
    assert_eq!(case.measures("03-02T00:00:00"), json!([]));
    // The sanction is printed as it was.
    assert_eq!(
        case.sanctions("03-02T00:00:00"),
        json!([[1, 1, "2015-03-05T00:00:00Z"]])
    );
    // Here the day's record comes after the lift, and so does the block that begins at the day's
    // midnight, which is the lift's instant.
    let mut case = Case::by(&[book(&[("level = 1, days = 3", "level = 1, days = 1")])]);
    case.lifted("03-01T16:00:00", "block_api");
    case.day("03-01T00:00:00", "2015-03-02");
    assert_eq!(case.measures("03-01T16:00:00").as_array().unwrap().len(), 1);
    case.lifted("03-01T16:00:00", "block_api");
    assert_eq!(case.measures("03-01T16:00:00"), json!([]));
}

#[test]
fn a_lift_ends_a_sanction_only_once_it_has_begun() {
    let mut case = Case::new();
    case.lifted("03-01T00:00:00", "block_api");
    case.found("03-02T00:00:00", "grave");
    assert_eq!(case.measures("03-02T00:00:00").as_array().unwrap().len(), 1);
    // The second grave one begins anew what was lifted of the first.
    case.lifted("03-02T12:00:00", "block_api");
    case.found("03-03T00:00:00", "grave");
    assert_eq!(case.measures("03-02T12:00:00"), json!([]));
    assert_eq!(
        case.measures("03-03T00:00:00"),
        json!([["block_api", "2015-03-10T00:00:00Z"]])
    );
}
