//! §4: sanctions.

use serde_json::{Value, json};

use crate::case::{Case, book};

#[test]
fn each_level_has_its_own_ladder_that_begins_anew_every_month() {
    let mut case = Case::new();
    for code in [
        "slight", "grave", "slight", "slight", "grave", "grave", "grave",
    ] {
        case.found("03-02T00:00:00", code);
    }
    case.found("04-02T00:00:00", "grave");
    assert_eq!(
        case.sanctions("04-20T00:00:00"),
        json!([
            [3, 1, null],
            [1, 1, "2015-03-05T00:00:00Z"],
            [3, 2, "2015-03-09T00:00:00Z"],
            [3, 3, "2015-03-11T00:00:00Z"],
            [1, 2, "2015-03-09T00:00:00Z"],
            [1, 3, null],
            [1, 4, null],
        ])
    );
    let april = case.get("04-20T00:00:00", "/apps/0/months/1/sanctions/0");
    assert_eq!(
        (&april["nth"], &april["until"]),
        (&json!(1), &json!("2015-04-05T00:00:00Z"))
    );
}

#[test]
fn past_a_last_row_without_or_more_there_is_no_sanction_and_the_count_goes_on() {
    let mut case = Case::new();
    for hour in 0..3 {
        case.found(&format!("03-02T0{hour}:00:00"), "middling");
    }
    assert_eq!(
        case.sanctions("03-20T00:00:00").as_array().unwrap().len(),
        2
    );
    assert_eq!(case.get("03-20T00:00:00", "/months/0/violations"), json!(3));
    // Without the first row too, the second stays the second.
    case.books[0] = book(&[(
        "{ level = 2, nth = 1, measures = [\"stop_new_authorizations\"], days = 5, fix_within_hours = 24 },",
        "",
    )]);
    assert_eq!(
        case.sanctions("03-20T00:00:00"),
        json!([[2, 2, "2015-03-03T01:00:00Z"]])
    );
}

#[test]
fn a_row_below_an_or_more_one_is_missed_out() {
    // The last row says `or_more` of n past it only: between two rows there is nothing.
    let gap = book(&[("level = 1, nth = 2,", "level = 1, nth = 5,")]);
    let mut case = Case::by(&[gap]);
    for hour in 0..6 {
        case.found(&format!("03-02T0{hour}:00:00"), "grave");
    }
    let nths: Vec<Value> = case
        .sanctions("03-20T00:00:00")
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s[1].clone())
        .collect();
    assert_eq!(nths, [1, 3, 5]);
}

#[test]
fn a_step_never_shortens_an_earlier_sanction() {
    let mut case = Case::new();
    // Five days, then, within them, one.
    case.found("03-02T00:00:00", "middling");
    case.found("03-03T00:00:00", "middling");
    assert_eq!(
        case.measures("03-03T12:00:00"),
        json!([["stop_new_authorizations", "2015-03-07T00:00:00Z"]])
    );
    assert_eq!(
        case.measures("03-06T00:00:00"),
        json!([["stop_new_authorizations", "2015-03-07T00:00:00Z"]])
    );
}

#[test]
fn a_warning_has_no_interval_and_beside_another_measure_takes_no_part() {
    let mut case = Case::new();
    case.found("03-02T00:00:00", "slight");
    assert_eq!(case.sanctions("03-02T00:00:00"), json!([[3, 1, null]]));
    assert_eq!(case.measures("03-02T00:00:00"), json!([]));
    case.found("03-02T01:00:00", "slight");
    assert_eq!(
        case.measures("03-02T01:00:00"),
        json!([["close_app", "2015-03-09T01:00:00Z"]])
    );
    let printed = case.get("03-02T01:00:00", "/apps/0/months/0/sanctions/1/measures");
    assert_eq!(printed, json!(["close_app", "warning"]));
    case.imposed("03-02T02:00:00", "warning", Value::Null);
    assert_eq!(case.measures("03-02T02:00:00").as_array().unwrap().len(), 1);
}

#[test]
fn steps_at_one_instant_are_in_the_order_of_the_positions_behind_them() {
    let mut case = Case::new();
    // A day recorded first, and a violation found at that very local midnight.
    case.day("03-01T00:00:00", "2015-03-03");
    case.found("03-02T16:00:00", "slight");
    let code = |case: &Case, n| {
        case.get(
            "03-20T00:00:00",
            &format!("/apps/0/months/0/violations/{n}/code"),
        )
    };
    assert_eq!(
        (code(&case, 0), code(&case, 1)),
        (json!("outage"), json!("slight"))
    );
    let mut case = Case::new();
    case.found("03-02T16:00:00", "slight");
    case.day("03-01T00:00:00", "2015-03-03");
    assert_eq!(
        (code(&case, 0), code(&case, 1)),
        (json!("slight"), json!("outage"))
    );
}

#[test]
fn where_a_date_was_skipped_steps_at_its_midnight_are_in_the_order_of_their_positions() {
    // Samoa had no 30 December 2011: that date and the next begin at one instant.
    let book = book(&[("Asia/Shanghai", "Pacific/Apia")]);
    let mut case = Case::by(&[book]);
    let day = |case: &mut Case, date: &str| {
        let data = json!({"date": date, "cause": "developer"});
        case.on("03-02T01:00:00", "outage.day_recorded", "a", data)
    };
    let later = day(&mut case, "2011-12-31");
    let skipped = day(&mut case, "2011-12-30");
    let head = skipped.max(later);
    let steps = case.known_at("03-20T00:00:00", head, |all| {
        let steps = all[0].apps[0].steps.iter();
        steps
            .map(|step| (step.at.position.0, step.begins))
            .collect::<Vec<_>>()
    });
    assert_eq!(steps, [(later, false), (skipped, true)]);
}
