//! §8: review.

use serde_json::{Value, json};
use standing_projections::event::{Channel, Permission};
use standing_projections::facts::Fact;
use standing_projections::refusal::Code;
use standing_projections::review::Lifecycle;
use standing_projections::rules::Timeline;
use standing_projections::{Position, Rulebook};

use crate::case::{BOOK, Case, at, book};

#[test]
fn a_step_is_accepted_only_from_its_states() {
    let mut case = Case::new();
    let stage = |stage: &str| json!({"stage": stage});
    let refused = Err(Code::ReviewOutOfOrder);
    for other in ["copy", "plaza"] {
        assert_eq!(
            case.check("01-02T00:00:00", "review.submitted", stage(other)),
            refused
        );
    }
    assert_eq!(
        case.check("01-02T00:00:00", "review.submitted", stage("declaration")),
        Ok(())
    );
    let path = [
        ("submitted", "declaration", "declaration_pending"),
        ("rejected", "declaration", "declaration_rejected"),
        ("submitted", "declaration", "declaration_pending"),
        ("approved", "declaration", "developing"),
        ("submitted", "copy", "copy_pending"),
        ("rejected", "copy", "copy_rejected"),
        ("submitted", "copy", "copy_pending"),
        ("approved", "copy", "copy_approved"),
        ("submitted", "plaza", "plaza_pending"),
        ("rejected", "plaza", "plaza_rejected"),
        ("submitted", "plaza", "plaza_pending"),
        ("approved", "plaza", "listed"),
    ];
    for (second, (verb, of, state)) in path.into_iter().enumerate() {
        let time = format!("01-05T00:00:{second:02}");
        let kind = format!("review.{verb}");
        let mut data = stage(of);
        if verb == "rejected" {
            data["reasons"] = json!([]);
        }
        assert_eq!(
            case.check(&time, &kind, data.clone()),
            Ok(()),
            "{verb} {of}"
        );
        case.on(&time, &kind, "a", data);
        assert_eq!(case.state(&time), state);
        // Nobody decides what does not wait.
        let waits = state.strip_suffix("_pending");
        for other in ["declaration", "copy", "plaza"] {
            let got = case.check(&time, "review.approved", stage(other));
            assert_eq!(got.is_ok(), waits == Some(other), "{state} {other}");
        }
    }
    let gone = json!({"reason": "-"});
    assert_eq!(
        case.check("01-06T00:00:00", "app.delisted", gone.clone()),
        Ok(())
    );
    case.on("01-06T00:00:00", "app.delisted", "a", gone.clone());
    assert_eq!(case.check("01-07T00:00:00", "app.delisted", gone), refused);
    assert_eq!(
        case.check("01-07T00:00:00", "review.submitted", stage("plaza")),
        Ok(())
    );
    assert_eq!(
        case.check("01-07T00:00:00", "review.submitted", stage("copy")),
        refused
    );
    // They arrive in time order; at the same time is in order.
    for kind in ["app.key_disabled", "app.key_enabled"] {
        let data = json!({"reason": "-"});
        assert_eq!(
            case.check("01-05T23:59:59.999999", kind, data.clone()),
            refused
        );
        assert_eq!(case.check("01-06T00:00:00", kind, data), Ok(()));
    }
    for (kind, data) in [
        ("inspection.remedied", json!({})),
        ("report.remedied", json!({})),
    ] {
        assert_eq!(case.check("01-07T00:00:00", kind, data), refused);
    }
}

#[test]
fn what_is_no_lifecycle_event_need_not_arrive_in_time_order() {
    let mut case = Case::new();
    case.submitted("01-05T00:00:00", "declaration");
    let permission = json!({"permission": "partner"});
    let checked = case.check("01-02T00:00:00", "app.permission_changed", permission);
    assert_eq!(checked, Ok(()));
}

#[test]
fn other_channels_need_no_declaration_and_a_website_has_no_plaza() {
    for channel in Channel::ALL {
        let mut case = Case::new();
        case.app("2014-01-01T00:00:00", "w", channel.as_str());
        let first = case.get("2014-01-01T00:00:00", "/apps/1/review/state");
        let enterprise = *channel == Channel::Enterprise;
        assert_eq!(first, ["developing", "undeclared"][usize::from(enterprise)]);
        let book = Rulebook::parse(BOOK).unwrap();
        let names = standing_projections::facts::Names::default();
        let timeline = Timeline::new(vec![(Position(0), book)], &names).unwrap();
        let mut lifecycle =
            Lifecycle::new(*channel, Permission::Ordinary, at("2014-01-01T00:00:00"));
        for kind in ["review.submitted", "review.approved"] {
            let position = case.on("01-05T00:00:00", kind, "w", json!({"stage": "copy"}));
            let event = case.events.last().unwrap();
            let fact = Fact::of_lifecycle(Position(position), event.time, &event.data);
            lifecycle.apply(fact.unwrap(), &timeline);
        }
        case.on(
            "01-05T00:00:00",
            "review.submitted",
            "w",
            json!({"stage": "plaza"}),
        );
        let plaza = lifecycle.check(at("01-05T00:00:00"), &case.events.last().unwrap().data);
        let want = (*channel == Channel::Website).then_some(Code::ReviewOutOfOrder);
        assert_eq!(plaza.err().map(|refusal| refusal.code), want);
    }
}

#[test]
fn a_declaration_lapses_strictly_after_its_months() {
    let path = |submitted: &str| {
        let mut case = Case::new();
        case.submitted("2014-08-29T01:00:00", "declaration");
        // In local time 31 August 2014, 09:00; eighteen months on is 29 February 2016, 09:00.
        case.approved("2014-08-31T01:00:00", "declaration");
        case.submitted(submitted, "copy");
        case
    };
    let case = path("2016-02-29T01:00:00");
    assert_eq!(case.state("2016-03-01T00:00:00"), "copy_pending");
    assert_eq!(
        case.get("2016-03-01T00:00:00", "/apps/0/review/due"),
        json!("2016-03-01T16:00:00Z")
    );
    let case = path("2016-02-29T01:00:00.000001");
    assert_eq!(case.state("2016-03-01T00:00:00"), "declaration_pending");
    assert_eq!(
        case.get("2016-03-01T00:00:00", "/apps/0/review/due"),
        json!("2016-03-03T16:00:00Z")
    );
}

#[test]
fn only_a_copy_from_developing_lapses_and_only_after_the_latest_approval() {
    let mut case = Case::new();
    case.submitted("2014-01-02T00:00:00", "declaration");
    case.approved("2014-01-02T00:00:00", "declaration");
    case.submitted("2014-01-03T00:00:00", "copy");
    case.rejected("2014-01-04T00:00:00", "copy");
    case.submitted("2016-01-04T00:00:00", "copy");
    assert_eq!(case.state("2016-01-04T00:00:00"), "copy_pending");
    let mut case = Case::new();
    case.submitted("2014-01-02T00:00:00", "declaration");
    case.approved("2014-01-02T00:00:00", "declaration");
    case.submitted("2016-01-03T00:00:00", "copy");
    assert_eq!(case.state("2016-01-03T00:00:00"), "declaration_pending");
    case.approved("2016-01-04T00:00:00", "declaration");
    case.submitted("2016-01-05T00:00:00", "copy");
    assert_eq!(case.state("2016-01-05T00:00:00"), "copy_pending");
    // Without a figure it never lapses.
    case.events.truncate(5);
    case.books[0] = book(&[("declaration_valid_months = 18", "")]);
    assert_eq!(case.state("2016-01-03T00:00:00"), "copy_pending");
}

#[test]
fn a_clock_ends_with_the_nth_working_day_after_the_local_date() {
    let due = |submitted: &str| {
        let mut case = Case::new();
        case.submitted(submitted, "declaration");
        case.get("2015-12-31T00:00:00", "/apps/0/review/due")
    };
    let table = [
        // Monday: Tuesday to Thursday.
        ("03-02T00:00:00", "2015-03-05T16:00:00Z"),
        // Monday still, and then Tuesday, by local time.
        ("03-02T15:59:59.999999", "2015-03-05T16:00:00Z"),
        ("03-02T16:00:00", "2015-03-06T16:00:00Z"),
        // A Saturday; a Friday before a worked Saturday, 28 February.
        ("03-07T00:00:00", "2015-03-11T16:00:00Z"),
        ("02-27T00:00:00", "2015-03-03T16:00:00Z"),
        // Over the national holiday, with 10 October worked.
        ("09-30T00:00:00", "2015-10-10T16:00:00Z"),
    ];
    for (submitted, want) in table {
        assert_eq!(due(submitted), json!(want), "{submitted}");
    }
}

#[test]
fn a_copy_after_an_approved_one_is_a_recheck_and_a_stage_without_a_figure_has_no_clock() {
    let mut case = Case::new();
    case.listed("01-05T00:00:00");
    case.reported("03-02T00:00:00", "ordinary");
    assert_eq!(case.state("03-02T00:00:00"), "copy_revoked");
    case.submitted("03-02T01:00:00", "copy");
    // Four working days, not one.
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/review/due"),
        json!("2015-03-06T16:00:00Z")
    );
    case.books[0] = book(&[("recheck = 4\n", "")]);
    assert_eq!(
        case.get("03-03T00:00:00", "/apps/0/review/due"),
        Value::Null
    );
    let reviews = |case: &Case| {
        let all = case.owed("03-03T00:00:00");
        let count = all.as_array().unwrap().iter().filter(|o| o[0] == "review");
        count.count()
    };
    assert_eq!(reviews(&case), 3);
}

#[test]
fn a_review_is_met_by_a_decision_and_late_strictly_after_its_due() {
    for (decided, late) in [("03-05T16:00:00", false), ("03-05T16:00:00.000001", true)] {
        let mut case = Case::new();
        case.submitted("03-02T00:00:00", "declaration");
        let due = "2015-03-05T16:00:00Z";
        assert_eq!(
            case.owed("03-05T16:00:00"),
            json!([["review", 3, due, "open", false]])
        );
        assert_eq!(
            case.owed("03-05T16:00:00.000001"),
            json!([["review", 3, due, "overdue", false]])
        );
        case.rejected(decided, "declaration");
        assert_eq!(
            case.owed("03-20T00:00:00"),
            json!([["review", 3, due, "met", late]])
        );
        assert_eq!(
            case.get("03-20T00:00:00", "/apps/0/review/due"),
            Value::Null
        );
    }
}

#[test]
fn a_review_falls_away_when_its_state_ends_otherwise() {
    let mut case = Case::new();
    case.submitted("03-02T00:00:00", "declaration");
    case.approved("03-02T00:00:00", "declaration");
    case.submitted("03-02T00:00:00", "copy");
    // A failed inspection leaves a copy that waits alone.
    case.inspected("03-02T01:00:00", "minor");
    assert_eq!(case.state("03-02T01:00:00"), "copy_pending");
    case.plain("03-02T02:00:00", "inspection.remedied");
    let approved = case.approved("03-09T02:00:00", "copy");
    assert_eq!(approved, 8);
    let submitted = case.submitted("03-09T02:00:00", "plaza");
    let late = "03-11T16:00:00.000001";
    case.reported(late, "ordinary");
    assert_eq!(case.state(late), "copy_revoked");
    let review = case
        .owed("03-20T00:00:00")
        .as_array()
        .unwrap()
        .iter()
        .find(|o| o[1] == json!(submitted))
        .unwrap()
        .clone();
    assert_eq!(
        review,
        json!([
            "review",
            submitted,
            "2015-03-11T16:00:00Z",
            "withdrawn",
            true
        ])
    );
    // A submission anew, odd as its path may have become, begins the state and its clock anew.
    let mut case = Case::new();
    case.submitted("03-02T00:00:00", "declaration");
    let rejected = case.rejected("03-03T00:00:00", "declaration");
    case.submitted("03-04T00:00:00", "declaration");
    case.retracted("03-04T00:00:00", rejected);
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/review/since"),
        json!("2015-03-04T00:00:00Z")
    );
    assert_eq!(
        case.owed("03-05T00:00:00"),
        json!([
            ["review", 3, "2015-03-05T16:00:00Z", "withdrawn", false],
            ["review", 5, "2015-03-09T16:00:00Z", "open", false],
        ])
    );
}

#[test]
fn after_a_retraction_decisions_begin_their_state_and_a_delisting_moves_only_from_listed() {
    let mut case = Case::new();
    case.listed("01-05T00:00:00");
    case.on(
        "01-06T00:00:00",
        "app.delisted",
        "a",
        json!({"reason": "-"}),
    );
    assert_eq!(case.state("01-06T00:00:00"), "delisted");
    // Without the copy's approval and submission, the plaza's begins its state all the same.
    case.retracted("01-07T00:00:00", 5);
    case.retracted("01-07T00:00:00", 6);
    assert_eq!(case.state("01-05T00:00:00"), "listed");
    assert_eq!(case.state("01-06T00:00:00"), "delisted");
    // Without the plaza's approval, it waits, and is not delisted.
    case.retracted("01-07T00:00:00", 8);
    assert_eq!(case.state("01-06T00:00:00"), "plaza_pending");
}
