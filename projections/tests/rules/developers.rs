//! §5: developers.

use serde_json::{Value, json};

use crate::case::{BOOK, Case, at, book};

pub(crate) fn many(case: &mut Case, count: usize) {
    for n in 0..count {
        case.found(&format!("03-02T00:00:{n:02}"), "slight");
    }
}

pub(crate) fn standing(case: &Case, time: &str) -> (Value, Value, Value) {
    let get = |pointer| case.get(time, pointer);
    (get("/status"), get("/status_since"), get("/grade"))
}

#[test]
fn the_sixth_violation_downgrades_and_the_eleventh_terminates() {
    let mut case = Case::new();
    many(&mut case, 12);
    let active = |grade: &str| (json!("active"), Value::Null, json!(grade));
    assert_eq!(standing(&case, "03-02T00:00:04"), active("middle"));
    assert_eq!(standing(&case, "03-02T00:00:05"), active("low"));
    assert_eq!(standing(&case, "03-02T00:00:09"), active("low"));
    let at = json!("2015-03-02T00:00:10Z");
    let terminated = (json!("terminated"), at.clone(), json!("low"));
    assert_eq!(standing(&case, "03-02T00:00:10"), terminated);
    assert_eq!(standing(&case, "03-20T00:00:00"), terminated);
    assert_eq!(
        case.get("03-20T00:00:00", "/months"),
        json!([{"month": "2015-03", "violations": 12, "outcome": "terminated", "at": at}])
    );
    assert_eq!(
        case.get("03-02T00:00:09", "/months/0/outcome"),
        json!("downgraded")
    );
    assert_eq!(
        case.get("03-02T00:00:09", "/months/0/at"),
        json!("2015-03-02T00:00:05Z")
    );
}

#[test]
fn violations_of_all_apps_add_up_and_an_escalation_is_no_new_one() {
    let mut case = Case::new();
    case.app("2014-01-01T00:00:00", "b", "general");
    for second in 0..4 {
        case.complaint(&format!("03-02T00:00:0{second}"), "strong");
    }
    assert_eq!(case.get("03-20T00:00:00", "/months/0/violations"), json!(1));
    for n in 0..5 {
        let data = json!({"code": "slight"});
        case.on(&format!("03-03T00:00:0{n}"), "violation.found", "b", data);
    }
    assert_eq!(standing(&case, "03-03T00:00:03").2, json!("middle"));
    assert_eq!(standing(&case, "03-03T00:00:04").2, json!("low"));
}

#[test]
fn a_downgrade_at_the_lowest_or_of_an_unknown_grade_moves_nothing_and_marks_nobody() {
    for (grade, grades) in [
        ("low", BOOK.to_owned()),
        ("high", book(&[(", \"high\"]", "]")])),
    ] {
        let mut case = Case::by(&[grades]);
        case.graded("01-01T00:00:00", grade);
        many(&mut case, 6);
        case.found("03-03T00:00:00", "grave");
        assert_eq!(
            standing(&case, "03-20T00:00:00"),
            (json!("active"), Value::Null, json!(grade))
        );
        assert_eq!(
            case.get("03-20T00:00:00", "/months/0/outcome"),
            json!("downgraded")
        );
    }
}

#[test]
fn a_serious_violation_after_the_fall_to_the_lowest_grade_makes_it_terminable() {
    // The marking step itself does not, be it ever so serious.
    let mut case = Case::new();
    many(&mut case, 5);
    case.found("03-03T00:00:00", "grave");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("active"));
    assert_eq!(standing(&case, "03-20T00:00:00").2, json!("low"));
    case.found("03-04T00:00:00", "middling");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("active"));
    case.found("05-04T00:00:00", "grave");
    case.found("05-05T00:00:00", "grave");
    let since = json!("2015-05-04T00:00:00Z");
    assert_eq!(
        standing(&case, "05-20T00:00:00"),
        (json!("terminable"), since, json!("low"))
    );
    assert_eq!(
        case.get("05-04T00:00:00", "/apps/0/measures/0/measure"),
        json!("block_api")
    );
    // From high to middle is no mark.
    let mut case = Case::new();
    case.graded("01-01T00:00:00", "high");
    many(&mut case, 6);
    case.found("03-04T00:00:00", "grave");
    assert_eq!(
        standing(&case, "03-20T00:00:00"),
        (json!("active"), Value::Null, json!("middle"))
    );
}

#[test]
fn an_escalation_to_the_serious_level_makes_it_terminable_too() {
    let mut case = Case::new();
    case.complaint("03-02T00:00:00", "strong");
    case.complaint("03-02T00:00:00", "strong");
    many(&mut case, 5);
    assert_eq!(standing(&case, "03-20T00:00:00").2, json!("low"));
    case.complaint("03-03T00:00:00", "strong");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("active"));
    case.complaint("03-04T00:00:00", "strong");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminable"));
    // A graver level than the serious one is serious.
    case.books[0] = book(&[("serious_level = 1", "serious_level = 2")]);
    assert_eq!(
        standing(&case, "03-20T00:00:00").1,
        json!("2015-03-03T00:00:00Z")
    );
    case.books[0] = book(&[("serious_level = 1", "")]);
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("active"));
}

/// Marked on 2 March, terminable from 3 March on.
fn terminable() -> Case {
    let mut case = Case::new();
    many(&mut case, 6);
    case.found("03-03T00:00:00", "grave");
    case
}

#[test]
fn another_grade_than_the_lowest_unmarks_and_makes_active_again() {
    let active = |grade: &str| (json!("active"), Value::Null, json!(grade));
    let mut case = terminable();
    case.graded("03-04T00:00:00", "low");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminable"));
    case.graded("03-05T00:00:00", "middle");
    case.graded("03-06T00:00:00", "low");
    assert_eq!(standing(&case, "03-20T00:00:00"), active("low"));
    case.found("03-07T00:00:00", "grave");
    assert_eq!(standing(&case, "03-20T00:00:00"), active("low"));
    // Reinstating unmarks as well.
    let mut case = terminable();
    case.act("03-04T00:00:00", "reinstated");
    case.found("03-07T00:00:00", "grave");
    assert_eq!(standing(&case, "03-20T00:00:00"), active("low"));
}

#[test]
fn at_equal_times_an_operators_act_comes_after_what_is_derived() {
    let active = |grade: &str| (json!("active"), Value::Null, json!(grade));
    // Recorded before the violations, of the time of the last.
    let mut case = Case::new();
    case.graded("03-02T00:00:05", "high");
    many(&mut case, 6);
    assert_eq!(standing(&case, "03-20T00:00:00"), active("high"));
    let mut case = Case::new();
    case.graded("03-02T00:00:04", "high");
    many(&mut case, 6);
    assert_eq!(standing(&case, "03-20T00:00:00"), active("middle"));
    let mut case = Case::new();
    case.act("03-02T00:00:10", "reinstated");
    many(&mut case, 11);
    assert_eq!(standing(&case, "03-20T00:00:00"), active("low"));
    assert_eq!(
        case.get("03-20T00:00:00", "/months/0/outcome"),
        json!("terminated")
    );
    assert_eq!(case.measures("03-02T00:00:10"), {
        let mut before = Case::new();
        many(&mut before, 11);
        before.act("03-02T00:00:10", "reinstated");
        before.measures("03-02T00:00:10")
    });
}

#[test]
fn a_repeated_termination_moves_nothing_and_who_left_can_still_be_terminated() {
    let mut case = Case::new();
    case.act("03-02T00:00:00", "terminated");
    case.act("03-03T00:00:00", "terminated");
    case.act("03-04T00:00:00", "left");
    let since = |time: &str| json!(at(time).to_string());
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminated"));
    assert_eq!(standing(&case, "03-20T00:00:00").1, since("03-02T00:00:00"));
    let mut case = Case::new();
    case.act("03-02T00:00:00", "left");
    case.act("03-03T00:00:00", "left");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("left"));
    assert_eq!(standing(&case, "03-20T00:00:00").1, since("03-02T00:00:00"));
    case.act("03-04T00:00:00", "terminated");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminated"));
    assert_eq!(standing(&case, "03-20T00:00:00").1, since("03-04T00:00:00"));
    // The monthly rule too terminates one that left, and one that is terminable.
    let mut case = Case::new();
    case.act("03-01T00:00:00", "left");
    many(&mut case, 11);
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminated"));
    let mut case = terminable();
    for hour in 0..4 {
        case.found(&format!("03-04T0{hour}:00:00"), "slight");
    }
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("terminated"));
    assert_eq!(standing(&case, "03-20T00:00:00").1, since("03-04T03:00:00"));
}

#[test]
fn nothing_before_a_reinstatement_terminates_again_and_the_month_exceeds_but_once() {
    let mut case = Case::new();
    many(&mut case, 11);
    case.act("03-05T00:00:00", "reinstated");
    case.found("03-06T00:00:00", "slight");
    assert_eq!(
        standing(&case, "03-20T00:00:00"),
        (json!("active"), Value::Null, json!("low"))
    );
    // Terminated by an operator at eight, reinstated, the eleventh of the month terminates.
    let mut case = Case::new();
    many(&mut case, 8);
    case.act("03-03T00:00:00", "terminated");
    case.act("03-04T00:00:00", "reinstated");
    for hour in 0..3 {
        case.found(&format!("03-05T0{hour}:00:00"), "slight");
    }
    assert_eq!(
        standing(&case, "03-20T00:00:00").1,
        json!("2015-03-05T02:00:00Z")
    );
}

#[test]
fn grades_move_in_every_status() {
    let mut case = Case::new();
    case.act("03-01T00:00:00", "terminated");
    many(&mut case, 6);
    assert_eq!(standing(&case, "03-20T00:00:00").2, json!("low"));
    case.graded("03-04T00:00:00", "high");
    let since = json!("2015-03-01T00:00:00Z");
    assert_eq!(
        standing(&case, "03-20T00:00:00"),
        (json!("terminated"), since, json!("high"))
    );
    // The mark of that fall is there when it is reinstated otherwise than by its reinstatement.
    let mut case = Case::new();
    case.act("03-01T00:00:00", "terminated");
    many(&mut case, 6);
    case.act("03-04T00:00:00", "reinstated");
    case.found("03-05T00:00:00", "grave");
    assert_eq!(standing(&case, "03-20T00:00:00").0, json!("active"));
}

#[test]
fn from_its_end_until_a_reinstatement_every_app_is_blocked_and_no_lift_helps() {
    for end in ["terminated", "left"] {
        let mut case = Case::new();
        case.act("03-02T00:00:00", end);
        case.lifted("03-03T00:00:00", "block_api");
        case.app("03-04T00:00:00", "b", "general");
        case.act("03-05T00:00:00", "reinstated");
        assert_eq!(case.measures("03-01T23:59:59.999999"), json!([]));
        let blocked = json!([["block_api", null], ["take_offline", null]]);
        assert_eq!(case.measures("03-02T00:00:00"), blocked);
        assert_eq!(case.measures("03-04T23:59:59.999999"), blocked);
        // Of apps registered since, too.
        let other = case.get("03-04T12:00:00", "/apps/1/measures");
        assert_eq!(other.as_array().unwrap().len(), 2);
        assert_eq!(case.measures("03-05T00:00:00"), json!([]));
    }
}

#[test]
fn a_developers_month_takes_the_rules_of_that_month() {
    let strict = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-02"),
        (
            "downgrade_when_more_than = 5",
            "downgrade_when_more_than = 0",
        ),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), strict]);
    case.found("03-20T00:00:00", "slight");
    assert_eq!(standing(&case, "03-30T00:00:00").2, json!("middle"));
    case.found("04-20T00:00:00", "slight");
    assert_eq!(standing(&case, "04-30T00:00:00").2, json!("low"));
}

#[test]
fn a_termination_below_the_downgrades_figure_stays_the_graver_outcome() {
    let upside_down = book(&[(
        "terminate_when_more_than = 10",
        "terminate_when_more_than = 2",
    )]);
    let mut case = Case::by(&[upside_down]);
    many(&mut case, 6);
    assert_eq!(
        case.get("03-20T00:00:00", "/months/0/outcome"),
        json!("terminated")
    );
    assert_eq!(
        case.get("03-20T00:00:00", "/months/0/at"),
        json!("2015-03-02T00:00:02Z")
    );
    assert_eq!(standing(&case, "03-20T00:00:00").2, json!("low"));
}
