//! §8: inspections and reports.

use serde_json::{Value, json};
use standing_projections::refusal::Code;

use crate::case::{Case, book};

#[test]
fn an_inspection_or_a_report_takes_the_approval_back() {
    // How far the app has come, and where an inspection and a report leave it.
    let table = [
        (0, "undeclared", "undeclared"),
        (1, "declaration_pending", "declaration_pending"),
        (2, "developing", "developing"),
        (3, "copy_pending", "copy_pending"),
        (4, "copy_revoked", "copy_revoked"),
        (5, "copy_revoked", "copy_revoked"),
        (6, "delisted", "copy_revoked"),
        (7, "copy_revoked", "copy_revoked"),
    ];
    for (steps, inspected, reported) in table {
        let mut case = Case::new();
        case.listed("01-05T00:00:00");
        case.on(
            "01-05T00:00:00",
            "app.delisted",
            "a",
            json!({"reason": "-"}),
        );
        case.events.truncate(2 + steps);
        let mut other = Case::new();
        other.events.clone_from(&case.events);
        case.inspected("01-06T00:00:00", "minor");
        assert_eq!(case.state("01-06T00:00:00"), inspected, "{steps}");
        other.reported("01-06T00:00:00", "ordinary");
        assert_eq!(other.state("01-06T00:00:00"), reported, "{steps}");
    }
}

#[test]
fn a_fix_missed_at_its_due_blocks_until_it_is_there() {
    let due = json!("2015-03-05T16:00:00Z");
    let blocked = json!([["block_api", null]]);
    let failed = || {
        let mut case = Case::new();
        let failed = case.inspected("03-02T00:00:00", "minor");
        assert_eq!(failed, 3);
        case
    };
    let case = failed();
    assert_eq!(case.measures("03-05T15:59:59.999999"), json!([]));
    assert_eq!(case.measures("03-05T16:00:00"), blocked);
    assert_eq!(
        case.owed("03-05T16:00:00"),
        json!([["fix_inspection", 3, due, "open", false]])
    );
    // In time, to the instant.
    let mut case = failed();
    case.plain("03-05T16:00:00", "inspection.remedied");
    assert_eq!(case.measures("03-05T16:00:00"), json!([]));
    assert_eq!(
        case.owed("03-06T00:00:00"),
        json!([["fix_inspection", 3, due, "met", false]])
    );
    // Just too late.
    let mut case = failed();
    case.plain("03-05T16:00:00.000001", "inspection.remedied");
    assert_eq!(case.measures("03-05T16:00:00"), blocked);
    assert_eq!(case.measures("03-05T16:00:00.000001"), json!([]));
    assert_eq!(
        case.owed("03-06T00:00:00"),
        json!([["fix_inspection", 3, due, "met", true]])
    );
    // Only a lift after the due instant lifts it.
    let mut case = failed();
    case.lifted("03-05T16:00:00", "block_api");
    assert_eq!(case.measures("03-06T00:00:00"), blocked);
    case.lifted("03-05T16:00:00.000001", "block_api");
    assert_eq!(case.measures("03-05T16:00:00"), blocked);
    assert_eq!(case.measures("03-05T16:00:00.000001"), json!([]));
    assert_eq!(case.measures("03-06T00:00:00"), json!([]));
}

#[test]
fn a_grave_finding_blocks_at_once_until_it_is_lifted() {
    for (inspection, severity) in [
        (true, "serious"),
        (true, "multi_account"),
        (false, "extreme"),
    ] {
        let mut case = Case::new();
        if inspection {
            case.inspected("03-02T00:00:00", severity);
            case.plain("03-03T00:00:00", "inspection.remedied");
        } else {
            case.reported("03-02T00:00:00", severity);
            case.plain("03-03T00:00:00", "report.remedied");
        }
        let blocked = json!([["block_api", null]]);
        assert_eq!(case.measures("03-02T00:00:00"), blocked);
        assert_eq!(case.measures("05-02T00:00:00"), blocked);
        case.lifted("03-02T00:00:00", "block_api");
        assert_eq!(case.measures("03-02T00:00:00"), json!([]));
    }
}

#[test]
fn an_inspection_holds_the_app_until_it_is_remedied_and_observed() {
    let mut case = Case::new();
    case.submitted("03-02T00:00:00", "declaration");
    case.inspected("03-02T00:00:00", "minor");
    case.inspected("03-02T12:00:00", "minor");
    let approve = json!({"stage": "declaration"});
    let check = |case: &Case, time: &str| case.check(time, "review.approved", approve.clone());
    let hold = |case: &Case, time: &str| {
        let review = case.get(time, "/apps/0/review");
        (review["on_hold"].clone(), review["hold_until"].clone())
    };
    assert_eq!(check(&case, "2020-03-03T00:00:00"), Err(Code::ReviewOnHold));
    assert_eq!(hold(&case, "03-20T00:00:00"), (json!(true), Value::Null));
    // A rejection is no approval.
    let reject = json!({"stage": "declaration", "reasons": []});
    assert_eq!(
        case.check("03-03T00:00:00", "review.rejected", reject),
        Ok(())
    );
    // One remedy meets both failures.
    case.plain("03-03T00:00:00", "inspection.remedied");
    let until = json!("2015-03-10T00:00:00Z");
    assert_eq!(
        check(&case, "03-09T23:59:59.999999"),
        Err(Code::ReviewOnHold)
    );
    assert_eq!(check(&case, "03-10T00:00:00"), Ok(()));
    assert_eq!(
        hold(&case, "03-09T23:59:59.999999"),
        (json!(true), until.clone())
    );
    assert_eq!(hold(&case, "03-10T00:00:00"), (json!(false), until.clone()));
    let remedied = json!({});
    let again = case.check("03-10T00:00:00", "inspection.remedied", remedied);
    assert_eq!(again, Err(Code::ReviewOutOfOrder));
    // Another failure in between holds again, and its end may be later.
    case.inspected("03-04T00:00:00", "minor");
    assert_eq!(hold(&case, "03-20T00:00:00"), (json!(true), until));
    case.plain("03-20T00:00:00", "inspection.remedied");
    assert_eq!(
        hold(&case, "03-20T00:00:00"),
        (json!(true), json!("2015-03-27T00:00:00Z"))
    );
}

#[test]
fn of_several_holds_the_greatest_end_counts() {
    let hold = |days: &str| {
        let mut case = Case::by(&[book(&[("hold_working_days = 2", days)])]);
        case.reported("03-02T00:00:00", "ordinary");
        case.inspected("03-02T00:00:00", "minor");
        case.plain("03-03T00:00:00", "inspection.remedied");
        case.get("03-04T00:00:00", "/apps/0/review/hold_until")
    };
    assert_eq!(hold("hold_working_days = 1"), json!("2015-03-10T00:00:00Z"));
    assert_eq!(hold("hold_working_days = 9"), json!("2015-03-13T16:00:00Z"));
    // Whichever was set first.
    let mut case = Case::new();
    case.inspected("03-02T00:00:00", "minor");
    case.plain("03-03T00:00:00", "inspection.remedied");
    case.reported("03-03T00:00:00", "ordinary");
    let until = case.get("03-04T00:00:00", "/apps/0/review/hold_until");
    assert_eq!(until, json!("2015-03-10T00:00:00Z"));
}

#[test]
fn a_report_asks_by_the_permission_before_its_fall() {
    let mut case = Case::new();
    case.on(
        "01-01T00:00:00",
        "app.permission_changed",
        "a",
        json!({"permission": "partner"}),
    );
    let permission = |case: &Case, time: &str| case.get(time, "/apps/0/permission");
    let first = case.reported("03-02T00:00:00", "ordinary");
    assert_eq!(permission(&case, "03-01T00:00:00"), json!("partner"));
    assert_eq!(permission(&case, "03-02T00:00:00"), json!("ordinary"));
    let duty = |state: &str| json!([["fix_report", first, "2015-03-04T00:00:00Z", state, false]]);
    assert_eq!(case.owed("03-04T00:00:00"), duty("open"));
    assert_eq!(case.owed("03-04T00:00:00.000001"), duty("overdue"));
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/review/on_hold"),
        json!(false)
    );
    // The next one, of an ordinary app: no duty, and a hold of two working days.
    case.reported("03-02T01:00:00", "ordinary");
    assert_eq!(case.owed("03-04T00:00:00"), duty("open"));
    let hold = |time: &str| case.get(time, "/apps/0/review/on_hold");
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/review/hold_until"),
        json!("2015-03-04T16:00:00Z")
    );
    assert_eq!(
        (hold("03-04T15:59:59.999999"), hold("03-04T16:00:00")),
        (json!(true), json!(false))
    );
    // A remedy meets what is open, ends no hold, and is refused where nothing is left.
    let mut case = Case {
        events: case.events.clone(),
        books: case.books.clone(),
    };
    case.plain("03-03T00:00:00", "report.remedied");
    assert_eq!(case.owed("03-20T00:00:00"), duty("met"));
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/review/on_hold"),
        json!(true)
    );
    assert_eq!(
        case.check("03-20T00:00:00", "report.remedied", json!({})),
        Err(Code::ReviewOutOfOrder)
    );
    // With or without a duty.
    case.reported("03-21T00:00:00", "ordinary");
    assert_eq!(
        case.check("03-22T00:00:00", "report.remedied", json!({})),
        Ok(())
    );
}

#[test]
fn where_the_rulebook_is_silent_a_report_and_an_inspection_ask_for_nothing() {
    let silent = book(&[
        ("ordinary = { hold_working_days = 2 }\n", ""),
        ("fix_within_working_days = 3\nobservation_days = 7\n", ""),
    ]);
    let mut case = Case::by(&[silent]);
    case.reported("03-02T00:00:00", "ordinary");
    assert_eq!(
        case.get("03-02T00:00:00", "/apps/0/review/on_hold"),
        json!(false)
    );
    case.inspected("03-02T00:00:00", "minor");
    assert_eq!(case.owed("03-20T00:00:00"), json!([]));
    assert_eq!(case.measures("2020-01-01T00:00:00"), json!([]));
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/review/on_hold"),
        json!(true)
    );
    case.plain("03-20T00:00:00", "inspection.remedied");
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/review/on_hold"),
        json!(false)
    );
}

#[test]
fn a_due_in_a_year_without_a_calendar_is_unknown_and_its_duty_open() {
    let last = standing_projections::calendar::Calendar::named("CN").unwrap();
    let last = last.years().max().unwrap();
    let on = |day: &str| format!("{last}-12-{day}T00:00:00");
    let long_after = format!("{}-06-01T00:00:00", last + 5);
    let mut case = Case::new();
    let found = case.found(&on("31"), "grave");
    let submitted = case.submitted(&on("31"), "declaration");
    let inspected = case.inspected(&on("31"), "minor");
    assert_eq!(case.get(&long_after, "/apps/0/review/due"), Value::Null);
    let owed = case.owed(&long_after);
    let rest = owed.as_array().unwrap();
    // Nulls are last, of one kind after the other.
    assert_eq!(
        (&rest[0][1], &rest[0][3]),
        (&json!(found), &json!("overdue"))
    );
    assert_eq!(
        rest[1],
        json!(["fix_inspection", inspected, null, "open", false])
    );
    assert_eq!(rest[2], json!(["review", submitted, null, "open", false]));
    assert_eq!(rest.len(), 3);
    // Nothing blocks at an instant that nobody knows.
    assert_eq!(case.measures(&long_after), json!([]));
    case.plain(
        &format!("{}-01-20T00:00:00", last + 1),
        "inspection.remedied",
    );
    assert_eq!(
        case.owed(&long_after)[1],
        json!(["fix_inspection", inspected, null, "met", false])
    );
    assert_eq!(
        case.get(&long_after, "/apps/0/review/on_hold"),
        json!(false)
    );
}

/// A hold whose end no calendar tells: SPEC §8 says only that the due is unknown and that nothing
/// else suffers. Read as a hold that has no end yet, rather than as none.
#[test]
fn a_hold_until_an_unknown_instant_lasts() {
    let last = standing_projections::calendar::Calendar::named("CN").unwrap();
    let last = last.years().max().unwrap();
    let mut case = Case::new();
    case.reported(&format!("{last}-12-31T00:00:00"), "ordinary");
    let review = case.get(&format!("{}-06-01T00:00:00", last + 1), "/apps/0/review");
    assert_eq!(
        (&review["on_hold"], &review["hold_until"]),
        (&json!(true), &Value::Null)
    );
}
