//! §4: incidents.

use serde_json::{Value, json};

use crate::case::{Case, book};

#[test]
fn complaints_reach_a_level_strictly_above_its_figure() {
    let mut case = Case::new();
    let first = case.complaint("03-02T01:00:00", "strong");
    let tier = |case: &Case| case.get("03-20T00:00:00", "/apps/0/months/0/tier");
    assert_eq!(tier(&case), Value::Null);
    assert_eq!(case.get("03-20T00:00:00", "/months"), json!([]));
    for (day, level) in [("03", 3), ("04", 2), ("05", 1), ("06", 1)] {
        case.complaint(&format!("03-{day}T01:00:00"), "strong");
        assert_eq!(tier(&case), json!(level));
    }
    let violation = case.get("03-20T00:00:00", "/apps/0/months/0/violations");
    assert_eq!(
        violation,
        json!([{"code": "complaints", "level": 1, "since": "2015-03-03T01:00:00Z",
            "at": "2015-03-05T01:00:00Z", "evidence": [first, 4, 5, 6, 7]}])
    );
    // As of the second, the third is not in evidence.
    let evidence = case.get("03-03T01:00:00", "/apps/0/months/0/violations/0/evidence");
    assert_eq!(evidence, json!([3, 4]));
    // One incident, three steps.
    assert_eq!(case.get("03-20T00:00:00", "/months/0/violations"), json!(1));
    assert_eq!(
        case.sanctions("03-20T00:00:00"),
        json!([
            [3, 1, null],
            [2, 1, "2015-03-09T01:00:00Z"],
            [1, 1, "2015-03-08T01:00:00Z"]
        ])
    );
}

#[test]
fn classes_of_complaints_are_not_added_up_and_one_may_jump_levels() {
    let mut case = Case::new();
    for (second, class) in (1..).zip(["strong", "normal", "normal", "celebrity"]) {
        case.complaint(&format!("03-02T01:00:0{second}"), class);
    }
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/months/0/tier"),
        Value::Null
    );
    case.complaint("03-02T01:00:05", "celebrity");
    let violation = case.get("03-03T00:00:00", "/apps/0/months/0/violations/0");
    assert_eq!(
        (&violation["level"], &violation["since"]),
        (&json!(1), &violation["at"])
    );
    assert_eq!(
        case.sanctions("03-03T00:00:00").as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_complaint_counts_with_a_counted_reason_or_none() {
    let mut case = Case::new();
    for reason in ["rude", "dear", "dear"] {
        let data = json!({"class": "strong", "reason": reason});
        case.on("03-02T01:00:00", "complaint.received", "a", data);
    }
    case.complaint("03-02T01:00:00", "strong");
    let month = case.get("03-03T00:00:00", "/apps/0/months/0");
    assert_eq!(month["complaints"]["strong"], json!(2));
    assert_eq!(month["violations"][0]["evidence"], json!([3, 6]));
    case.books[0] = book(&[("counted_reasons = [\"rude\"]\n", "")]);
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/months/0/complaints/strong"),
        json!(4)
    );
    case.books[0] = book(&[("[\"rude\"]", "[]")]);
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/months/0/complaints/strong"),
        json!(1)
    );
}

#[test]
fn a_month_with_only_uncounted_complaints_is_not_shown() {
    let mut case = Case::new();
    let data = json!({"class": "strong", "reason": "dear"});
    case.on("03-02T01:00:00", "complaint.received", "a", data);
    assert_eq!(case.get("03-03T00:00:00", "/apps/0/months"), json!([]));
}

#[test]
fn a_code_the_month_lacks_is_unclassified_once_for_each_event() {
    let mut case = Case::new();
    for code in ["odd", "older", "odd"] {
        case.found("03-02T01:00:00", code);
    }
    let month = case.get("03-03T00:00:00", "/apps/0/months/0");
    assert_eq!(month["unclassified"], json!(["odd", "older", "odd"]));
    assert_eq!(
        (&month["tier"], &month["violations"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(case.get("03-03T00:00:00", "/months"), json!([]));
}

fn outage_days(case: &Case, time: &str) -> Value {
    let months = case.get(time, "/apps/0/months");
    let each = months.as_array().unwrap().iter();
    each.map(|month| month["outage_days"].clone()).collect()
}

#[test]
fn an_outage_has_another_day_once_it_lasted_strictly_longer_than_24_hours() {
    for (end, days) in [
        ("03-02T01:00:00", 1),
        ("03-03T01:00:00", 1),
        ("03-03T01:00:00.000001", 2),
        ("03-04T01:00:00", 2),
        ("03-04T01:00:00.000001", 3),
    ] {
        let mut case = Case::new();
        case.outage("o", "03-02T01:00:00", Some(end));
        assert_eq!(outage_days(&case, "03-20T00:00:00"), json!([days]), "{end}");
    }
}

#[test]
fn an_outage_not_ended_by_the_instant_lasts_until_it() {
    let mut case = Case::new();
    case.outage("o", "03-02T01:00:00", Some("03-20T00:00:00"));
    case.outage("p", "03-20T00:00:00", None);
    for (time, days) in [
        ("03-02T01:00:00", 1),
        ("03-03T01:00:00", 1),
        ("03-03T01:00:00.000001", 2),
        ("03-04T01:00:00.000001", 3),
    ] {
        assert_eq!(outage_days(&case, time), json!([days]), "{time}");
    }
    let violation = case.get("03-04T01:00:00.000001", "/apps/0/months/0/violations/0");
    assert_eq!(violation["at"], json!("2015-03-04T01:00:00Z"));
    assert_eq!(outage_days(&case, "04-02T00:00:00.000001"), json!([30, 2]));
}

#[test]
fn an_explained_outage_is_none_from_its_explanation_on() {
    let mut case = Case::new();
    case.outage("o", "03-02T01:00:00", Some("03-02T02:00:00"));
    // Explanations may be late, or even of an earlier time than the outage.
    case.on(
        "03-10T00:00:00",
        "outage.explained",
        "a",
        json!({"outage": "o"}),
    );
    assert_eq!(outage_days(&case, "03-09T23:59:59.999999"), json!([1]));
    assert_eq!(outage_days(&case, "03-10T00:00:00"), json!([]));
    case.retracted("03-11T00:00:00", 5);
    assert_eq!(outage_days(&case, "03-10T00:00:00"), json!([1]));
    case.on(
        "03-01T00:00:00",
        "outage.explained",
        "a",
        json!({"outage": "o"}),
    );
    assert_eq!(outage_days(&case, "03-10T00:00:00"), json!([]));
}

#[test]
fn several_outages_on_a_date_are_one_day_made_by_the_first() {
    let mut case = Case::new();
    case.outage("late", "03-02T05:00:00", Some("03-02T06:00:00"));
    let first = case.outage("early", "03-02T03:00:00", Some("03-02T04:00:00"));
    case.outage("same", "03-02T03:00:00", Some("03-02T04:00:00"));
    let violation = case.get("03-20T00:00:00", "/apps/0/months/0/violations/0");
    assert_eq!(violation["since"], json!("2015-03-02T03:00:00Z"));
    assert_eq!(violation["evidence"], json!([first]));
    // A recorded day begins at local midnight, before them.
    let day = case.day("03-19T00:00:00", "2015-03-02");
    let violation = case.get("03-20T00:00:00", "/apps/0/months/0/violations/0");
    assert_eq!(violation["since"], json!("2015-03-01T16:00:00Z"));
    assert_eq!(violation["evidence"], json!([day]));
    assert_eq!(outage_days(&case, "03-20T00:00:00"), json!([1]));
    // As of an instant before the record, the outages.
    assert_eq!(
        case.get("03-18T00:00:00", "/apps/0/months/0/violations/0/evidence"),
        json!([first])
    );
}

#[test]
fn of_an_uncounted_and_a_counted_outage_on_a_date_the_counted_makes_the_day() {
    let mut case = Case::new();
    let data = json!({"outage": "theirs", "cause": "third_party"});
    case.on("03-02T01:00:00", "outage.started", "a", data);
    case.on(
        "03-02T02:00:00",
        "outage.ended",
        "a",
        json!({"outage": "theirs"}),
    );
    assert_eq!(outage_days(&case, "03-20T00:00:00"), json!([]));
    let ours = case.outage("ours", "03-02T03:00:00", Some("03-02T04:00:00"));
    let violation = case.get("03-20T00:00:00", "/apps/0/months/0/violations/0");
    assert_eq!(
        (&violation["evidence"], &violation["level"]),
        (&json!([ours]), &json!(3))
    );
}

#[test]
fn a_day_recorded_ahead_of_its_date_counts_from_its_local_midnight() {
    let mut case = Case::new();
    case.day("03-02T00:00:00", "2015-03-05");
    assert_eq!(outage_days(&case, "03-04T15:59:59.999999"), json!([]));
    assert_eq!(outage_days(&case, "03-04T16:00:00"), json!([1]));
}

#[test]
fn outage_days_belong_to_the_local_month_of_their_block() {
    let mut case = Case::new();
    // 31 March, 15:00 and 1 April, 00:30 local time.
    case.outage("o", "03-31T07:00:00", Some("03-31T08:00:00"));
    case.outage("p", "03-31T16:30:00", Some("03-31T17:00:00"));
    assert_eq!(outage_days(&case, "04-20T00:00:00"), json!([1, 1]));
    let months = case.get("04-20T00:00:00", "/apps/0/months");
    assert_eq!(
        (&months[0]["tier"], &months[1]["tier"]),
        (&json!(3), &json!(3))
    );
}

#[test]
fn days_add_up_or_only_their_longest_run_counts() {
    let mut case = Case::new();
    for date in ["02", "03", "05", "09", "10", "11"] {
        case.day("03-01T00:00:00", &format!("2015-03-{date}"));
    }
    let violation = |case: &Case| case.get("03-20T00:00:00", "/apps/0/months/0/violations/0");
    assert_eq!(violation(&case)["at"], json!("2015-03-04T16:00:00Z"));
    case.books[0] = book(&[("[outages]", "[outages]\ncount = \"consecutive\"")]);
    assert_eq!(violation(&case)["at"], json!("2015-03-10T16:00:00Z"));
    assert_eq!(violation(&case)["evidence"].as_array().unwrap().len(), 6);
    assert_eq!(outage_days(&case, "03-20T00:00:00"), json!([6]));
    // A run ends with the month: 31 March and 1 April are one and one.
    let mut case = Case::by(&case.books);
    for date in ["2015-03-31", "2015-04-01"] {
        case.day("03-01T00:00:00", date);
    }
    let months = case.get("04-20T00:00:00", "/apps/0/months");
    assert_eq!(
        (&months[0]["tier"], &months[1]["tier"]),
        (&json!(3), &json!(3))
    );
}

#[test]
fn a_late_day_between_two_joins_their_runs() {
    let consecutive = book(&[("[outages]", "[outages]\ncount = \"consecutive\"")]);
    let mut case = Case::by(&[consecutive]);
    case.day("03-01T00:00:00", "2015-03-02");
    case.day("03-01T00:00:00", "2015-03-04");
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/months/0/tier"),
        json!(3)
    );
    case.day("03-19T00:00:00", "2015-03-03");
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/months/0/tier"),
        json!(1)
    );
}
