//! §7: the plaza and certification.

use serde_json::{Value, json};
use standing_projections::plaza;

use crate::case::{BOOK, Case, book};
use crate::developers::standing;

fn board(case: &Case, time: &str) -> Vec<(u64, String, i64)> {
    case.known_at(time, case.events.len() as u64, |all| {
        plaza::board(all)
            .iter()
            .map(|entry| (entry.rank, entry.app.to_owned(), entry.score))
            .collect()
    })
}

#[test]
fn a_deed_counts_each_time_and_a_state_while_it_is_the_latest_word() {
    let mut case = Case::new();
    let mut on =
        |time: &str, kind: &str, code: &str| case.on(time, kind, "a", json!({"code": code}));
    on("03-02T00:00:00", "behavior.observed", "hosted");
    on("03-03T00:00:00", "behavior.observed", "hosted");
    on("03-04T00:00:00", "behavior.observed", "down");
    on("03-05T00:00:00", "behavior.ceased", "down");
    on("03-06T00:00:00", "behavior.observed", "down");
    on("03-07T00:00:00", "behavior.ceased", "hosted");
    on("03-07T00:00:00", "behavior.observed", "hosted");
    on("03-06T12:00:00", "behavior.ceased", "hosted");
    on("03-08T00:00:00", "behavior.observed", "unranked");
    let scores = [
        ("03-01T23:59:59", 0),
        ("03-03T00:00:00", 30),
        ("03-05T00:00:00", 20),
        ("03-06T00:00:00", 10),
        ("03-06T12:00:00", -20),
        ("03-07T00:00:00", 10),
        ("03-09T00:00:00", 10),
    ];
    for (time, score) in scores {
        assert_eq!(case.get(time, "/apps/0/score"), json!(score), "{time}");
    }
}

#[test]
fn with_a_window_only_what_is_strictly_within_it_counts() {
    let window = book(&[("[ranking]", "[ranking]\nwindow_days = 2")]);
    let mut case = Case::by(&[window]);
    let mut on =
        |time: &str, kind: &str, code: &str| case.on(time, kind, "a", json!({"code": code}));
    on("03-02T00:00:00", "behavior.observed", "hosted");
    on("03-02T00:00:00", "behavior.observed", "down");
    on("03-03T00:00:00", "behavior.ceased", "hosted");
    on("03-06T00:00:00", "behavior.observed", "hosted");
    on("03-06T00:00:00", "behavior.observed", "down");
    let scores = [
        ("03-02T00:00:00", 20),
        ("03-03T23:59:59.999999", -10),
        ("03-04T00:00:00", 0),
        ("03-07T23:59:59.999999", 20),
        ("03-08T00:00:00", 0),
    ];
    for (time, score) in scores {
        assert_eq!(case.get(time, "/apps/0/score"), json!(score), "{time}");
    }
}

/// The end of time is 9999: what would leave a window after it never leaves it.
#[test]
fn a_window_that_reaches_past_the_last_year_still_counts() {
    let window = book(&[("[ranking]", "[ranking]\nwindow_days = 30")]);
    let mut case = Case::by(&[window]);
    let data = json!({"code": "down"});
    case.on("9999-12-30T00:00:00", "behavior.observed", "a", data);
    assert_eq!(case.get("9999-12-31T00:00:00", "/apps/0/score"), json!(-10));
}

#[test]
fn an_app_is_on_the_board_while_it_may_be_shown() {
    let mut case = Case::new();
    case.listed("01-05T00:00:00");
    let shown = |case: &Case, time: &str| board(case, time).len() == 1;
    assert!(!shown(&case, "01-04T23:59:59.999999"));
    assert!(shown(&case, "01-05T00:00:00"));
    let reason = json!({"reason": "-"});
    case.on("03-02T00:00:00", "app.key_disabled", "a", reason.clone());
    case.on("03-03T00:00:00", "app.key_enabled", "a", reason);
    assert!(!shown(&case, "03-02T00:00:00"));
    assert!(shown(&case, "03-03T00:00:00"));
    case.imposed("03-04T00:00:00", "stop_new_authorizations", Value::Null);
    assert!(shown(&case, "03-04T00:00:00"));
    case.imposed("03-05T00:00:00", "close_app", json!("2015-03-06T00:00:00Z"));
    assert!(!shown(&case, "03-05T00:00:00"));
    assert!(shown(&case, "03-06T00:00:00"));
    case.act("03-07T00:00:00", "left");
    assert!(!shown(&case, "03-07T00:00:00"));
    case.act("03-08T00:00:00", "reinstated");
    assert!(shown(&case, "03-08T00:00:00"));
    // While suspended it stays listed, and since then.
    assert_eq!(
        case.get("03-07T00:00:00", "/apps/0/review/since"),
        json!("2015-01-05T00:00:00Z")
    );
    // Who is only terminable is shown.
    case.books[0] = book(&[
        (
            "downgrade_when_more_than = 5",
            "downgrade_when_more_than = 0",
        ),
        ("serious_level = 1", "serious_level = 3"),
    ]);
    case.found("04-02T00:00:00", "slight");
    case.found("04-02T00:00:01", "middling");
    assert_eq!(standing(&case, "04-02T00:00:01").0, json!("terminable"));
    assert!(shown(&case, "04-02T00:00:01"));
    // A channel that is not ranked is not on the board.
    case.books[0] = book(&[(
        "[ranking]\nchannels = [\"enterprise\"]",
        "[ranking]\nchannels = [\"general\"]",
    )]);
    assert!(!shown(&case, "03-06T00:00:00"));
}

#[test]
fn the_board_is_by_score_then_the_longest_listed_then_the_id() {
    let mut case = Case::new();
    for (id, since) in [
        ("b", "01-06"),
        ("c", "01-05"),
        ("B", "01-06"),
        ("e", "01-07"),
    ] {
        case.app("2014-01-01T00:00:00", id, "enterprise");
        for stage in ["declaration", "copy", "plaza"] {
            let data = json!({"stage": stage});
            case.on(
                &format!("{since}T00:00:00"),
                "review.submitted",
                id,
                data.clone(),
            );
            case.on(&format!("{since}T00:00:00"), "review.approved", id, data);
        }
    }
    case.on(
        "03-02T00:00:00",
        "behavior.observed",
        "e",
        json!({"code": "hosted"}),
    );
    case.on(
        "03-02T00:00:00",
        "behavior.observed",
        "c",
        json!({"code": "down"}),
    );
    let order: Vec<String> = board(&case, "03-20T00:00:00")
        .into_iter()
        .map(|(rank, app, score)| format!("{rank}{app}{score}"))
        .collect();
    assert_eq!(order, ["1e30", "2B0", "3b0", "4c-10"]);
}

fn condition(case: &Case, time: &str, index: usize) -> (Value, Value) {
    let all = case.get(time, "/apps/0/certification/conditions");
    (all[index]["met"].clone(), all[index]["value"].clone())
}

#[test]
fn days_listed_are_whole_and_the_condition_is_strict() {
    let mut case = Case::new();
    let days = |case: &Case, time: &str| condition(case, time, 3);
    case.listed("01-05T00:00:00");
    assert_eq!(days(&case, "01-04T00:00:00"), (json!(false), json!(0)));
    assert_eq!(
        days(&case, "01-05T23:59:59.999999"),
        (json!(false), json!(0))
    );
    assert_eq!(days(&case, "01-06T00:00:00"), (json!(false), json!(1)));
    assert_eq!(days(&case, "02-04T00:00:00"), (json!(false), json!(30)));
    assert_eq!(
        days(&case, "02-04T00:00:00.000001"),
        (json!(true), json!(30))
    );
    // Suspended it is listed still; delisted it is not, and listed again begins anew.
    case.imposed("03-01T00:00:00", "close_app", Value::Null);
    assert_eq!(
        condition(&case, "03-06T00:00:00", 2),
        (json!(false), json!(false))
    );
    assert_eq!(days(&case, "03-06T00:00:00"), (json!(true), json!(60)));
    case.on(
        "03-07T00:00:00",
        "app.delisted",
        "a",
        json!({"reason": "-"}),
    );
    assert_eq!(days(&case, "03-07T00:00:00"), (json!(false), json!(0)));
    assert_eq!(
        condition(&case, "03-07T00:00:00", 1),
        (json!(true), json!(true))
    );
    case.submitted("03-08T00:00:00", "plaza");
    case.approved("03-09T00:00:00", "plaza");
    assert_eq!(days(&case, "03-11T00:00:00"), (json!(false), json!(2)));
}

#[test]
fn average_users_are_of_the_complete_local_dates_before() {
    let mut case = Case::new();
    let users = |case: &Case, time: &str| condition(case, time, 4);
    case.usage("03-01T00:00:00", "2015-03-02", 9);
    case.usage("03-01T00:00:00", "2015-03-03", 9);
    case.usage("03-01T00:00:00", "2015-03-04", 11);
    // Of 4 March local time: the 1st to the 3rd. Of the 5th: the 2nd to the 4th.
    assert_eq!(
        users(&case, "03-04T15:59:59.999999"),
        (json!(false), json!(6))
    );
    assert_eq!(users(&case, "03-04T16:00:00"), (json!(false), json!(9)));
    assert_eq!(users(&case, "03-05T16:00:00"), (json!(false), json!(6)));
    // The average is floored to be shown, and not to be judged: 30 of 3 days are enough, 29 not.
    case.usage("03-01T00:00:00", "2015-03-04", 12);
    assert_eq!(users(&case, "03-04T16:00:00"), (json!(true), json!(10)));
}

#[test]
fn of_one_dates_usage_the_highest_position_wins() {
    let mut case = Case::new();
    let users = |case: &Case, time: &str| condition(case, time, 4).1;
    case.usage("03-04T00:00:00", "2015-03-03", 300);
    let second = case.usage("03-06T00:00:00", "2015-03-03", 60);
    let third = case.usage("03-03T00:00:00", "2015-03-03", 90);
    assert_eq!(users(&case, "03-06T00:00:00"), json!(30));
    case.retracted("03-06T00:00:00", third);
    assert_eq!(users(&case, "03-06T00:00:00"), json!(20));
    // As of an instant before the second, the first.
    assert_eq!(users(&case, "03-05T23:59:59.999999"), json!(100));
    case.retracted("03-06T00:00:00", second);
    assert_eq!(users(&case, "03-06T00:00:00"), json!(100));
}

#[test]
fn certification_needs_every_condition_and_its_channel() {
    let mut case = Case::new();
    case.listed("01-05T00:00:00");
    for date in ["02", "03", "04"] {
        case.usage("03-01T00:00:00", &format!("2015-03-{date}"), 10);
    }
    let eligible = |case: &Case| case.get("03-05T00:00:00", "/apps/0/certification/eligible");
    assert_eq!(eligible(&case), json!(false));
    let assessed = |met: bool| json!({"condition": "platform_related", "met": met});
    case.on(
        "03-04T00:00:00",
        "certification.assessed",
        "a",
        assessed(true),
    );
    assert_eq!(eligible(&case), json!(true));
    case.on(
        "03-03T00:00:00",
        "certification.assessed",
        "a",
        assessed(false),
    );
    assert_eq!(eligible(&case), json!(true));
    case.on(
        "03-04T00:00:00",
        "certification.assessed",
        "a",
        assessed(false),
    );
    assert_eq!(eligible(&case), json!(false));
    let nothing = json!({"eligible": false, "conditions": []});
    let of = |case: &Case| case.get("03-05T00:00:00", "/apps/0/certification");
    case.books[0] = book(&[(
        "[certification]\nchannels = [\"enterprise\"]",
        "[certification]\nchannels = [\"general\"]",
    )]);
    assert_eq!(of(&case), nothing);
    let (start, end) = (
        BOOK.find("[certification]").unwrap(),
        BOOK.find("[review]").unwrap(),
    );
    case.books[0] = format!("{}{}", &BOOK[..start], &BOOK[end..]);
    assert_eq!(of(&case), nothing);
}
