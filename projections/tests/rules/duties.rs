//! §8: other duties.

use serde_json::{Value, json};

use crate::case::{Case, book};
use crate::developers::many;

#[test]
fn one_remedy_meets_every_open_duty_of_its_code_and_no_later_one() {
    let mut case = Case::new();
    case.remedied("03-01T00:00:00", "grave");
    case.remedied("03-02T00:00:00", "grave");
    let one = case.found("03-02T00:00:00", "grave");
    let other = case.found("03-02T01:00:00", "middling");
    let more = case.found("03-02T02:00:00", "middling");
    let due = |hour: &str| format!("2015-03-03T{hour}:00:00Z");
    let owed = |case: &Case| case.owed("03-20T00:00:00");
    assert_eq!(
        owed(&case)[0],
        json!(["fix_violation", one, due("00"), "overdue", false])
    );
    // Of the same time and a later position is later.
    case.remedied("03-02T02:00:00", "middling");
    case.remedied("03-03T00:00:00.000001", "grave");
    assert_eq!(
        owed(&case),
        json!([
            ["fix_violation", one, due("00"), "met", true],
            ["fix_violation", other, due("01"), "met", false],
            ["fix_violation", more, due("02"), "met", false],
        ])
    );
    let met = case.get("03-20T00:00:00", "/apps/0/obligations/1/met_at");
    assert_eq!(met, json!("2015-03-02T02:00:00Z"));
    // A step without `fix_by` owes nothing.
    case.found("03-10T00:00:00", "grave");
    assert_eq!(owed(&case).as_array().unwrap().len(), 3);
}

#[test]
fn the_reserved_codes_are_remedied_like_any_other() {
    let mut case = Case::new();
    case.complaint("03-02T00:00:00", "strong");
    let complaint = case.complaint("03-02T00:00:00", "strong");
    let outage = case.outage("o", "03-02T00:00:00", Some("03-02T01:00:00"));
    assert_eq!(case.owed("03-03T00:00:00").as_array().unwrap().len(), 1);
    case.remedied("03-03T00:00:00", "complaints");
    case.remedied("03-03T00:00:00", "outage");
    assert_eq!(
        case.owed("03-20T00:00:00"),
        json!([[
            "fix_violation",
            complaint,
            "2015-03-04T00:00:00Z",
            "met",
            false
        ]])
    );
    // The outage's step is the second of level 3, whose row asks for no fix; as the first it does.
    case.events.remove(3);
    case.events.remove(2);
    let outage = outage - 2;
    let code = case.get("03-20T00:00:00", "/apps/0/obligations/0/code");
    assert_eq!(code, json!("outage"));
    assert_eq!(
        case.owed("03-20T00:00:00"),
        json!([[
            "fix_violation",
            outage,
            "2015-03-04T00:00:00Z",
            "met",
            false
        ]])
    );
}

#[test]
fn an_escalation_withdraws_the_duty_of_the_step_before() {
    let mut case = Case::new();
    case.complaint("03-02T00:00:00", "strong");
    let light = case.complaint("03-02T00:00:00", "strong");
    // At the due instant it is not late; a remedy afterwards meets only the next step's.
    let graver = case.complaint("03-04T00:00:00", "strong");
    let remedy = "03-04T12:00:00";
    case.remedied(remedy, "complaints");
    let expected = json!([
        [
            "fix_violation",
            light,
            "2015-03-04T00:00:00Z",
            "withdrawn",
            false
        ],
        [
            "fix_violation",
            graver,
            "2015-03-05T00:00:00Z",
            "met",
            false
        ],
    ]);
    assert_eq!(case.owed("03-20T00:00:00"), expected);
    // A microsecond later it is withdrawn late.
    let mut case = Case::new();
    case.complaint("03-02T00:00:00", "strong");
    case.complaint("03-02T00:00:00", "strong");
    case.complaint("03-04T00:00:00.000001", "strong");
    assert_eq!(case.owed("03-20T00:00:00")[0][4], json!(true));
    // Remedied before it escalates, it stays met.
    let mut case = Case::new();
    case.complaint("03-02T00:00:00", "strong");
    case.complaint("03-02T00:00:00", "strong");
    case.remedied("03-03T00:00:00", "complaints");
    case.complaint("03-04T00:00:00", "strong");
    assert_eq!(case.owed("03-20T00:00:00")[0][3], json!("met"));
    assert_eq!(case.owed("03-20T00:00:00")[1][3], json!("overdue"));
    // Where the next step's row asks for no fix, it is withdrawn all the same.
    case.books[0] = book(&[(
        "{ level = 2, nth = 1, measures = [\"stop_new_authorizations\"], days = 5, fix_within_hours = 24 }",
        "{ level = 2, nth = 1, measures = [] }",
    )]);
    case.retracted("03-20T00:00:00", 5);
    assert_eq!(
        case.owed("03-20T00:00:00"),
        json!([[
            "fix_violation",
            4,
            "2015-03-04T00:00:00Z",
            "withdrawn",
            false
        ]])
    );
}

#[test]
fn data_is_deleted_within_its_hours_of_an_order() {
    let mut case = Case::new();
    let scope = json!({"scope": "all"});
    case.on(
        "03-02T00:00:00",
        "data_deletion.confirmed",
        "a",
        scope.clone(),
    );
    let first = case.on(
        "03-02T00:00:00",
        "data_deletion.ordered",
        "a",
        scope.clone(),
    );
    let second = case.on(
        "03-02T05:00:00",
        "data_deletion.ordered",
        "a",
        scope.clone(),
    );
    let duty = |position, due: &str, state: &str, late: bool| {
        json!([
            "delete_data",
            position,
            format!("2015-03-02T{due}Z"),
            state,
            late
        ])
    };
    assert_eq!(
        case.owed("03-02T10:00:00")[0],
        duty(first, "10:00:00", "open", false)
    );
    assert_eq!(
        case.owed("03-02T10:00:00.000001")[0],
        duty(first, "10:00:00", "overdue", false)
    );
    case.on("03-02T12:00:00", "data_deletion.confirmed", "a", scope);
    assert_eq!(
        case.owed("03-20T00:00:00"),
        json!([
            duty(first, "10:00:00", "met", true),
            duty(second, "15:00:00", "met", false)
        ])
    );
    case.books[0] = book(&[("delete_within_hours = 10", "")]);
    assert_eq!(
        case.get("03-20T00:00:00", "/apps/0/obligations/0/due"),
        json!("2015-03-03T00:00:00Z")
    );
}

#[test]
fn the_end_of_a_cooperation_orders_the_data_of_the_apps_registered_by_then() {
    let delete = book(&[("[data]", "[data]\ndelete_on_termination = true")]);
    let mut case = Case::by(&[delete]);
    case.app("03-03T00:00:00", "b", "general");
    case.app("03-02T00:00:00", "c", "general");
    let left = case.act("03-02T00:00:00", "left");
    case.app("03-02T00:00:00", "e", "general");
    let owed =
        |case: &Case, app: usize| case.get("03-20T00:00:00", &format!("/apps/{app}/obligations"));
    for app in [0, 2] {
        let duty = &owed(&case, app)[0];
        assert_eq!(
            (&duty["cause"], &duty["due"]),
            (&json!(left), &json!("2015-03-02T10:00:00Z"))
        );
    }
    for app in [1, 3] {
        assert_eq!(owed(&case, app), json!([]), "{app}");
    }
    // The rule of the month ends it too, and the event of its last violation is the cause.
    let mut case = Case::by(&case.books);
    many(&mut case, 11);
    let duty = &owed(&case, 0);
    let of_kind: Vec<&Value> = duty
        .as_array()
        .unwrap()
        .iter()
        .filter(|o| o["kind"] == "delete_data")
        .collect();
    assert_eq!(of_kind.len(), 1);
    assert_eq!(
        (&of_kind[0]["cause"], &of_kind[0]["since"]),
        (&json!(13), &json!("2015-03-02T00:00:10Z"))
    );
    // Terminated again, there is nothing more to delete.
    case.act("03-05T00:00:00", "terminated");
    let again = owed(&case, 0);
    let again = again.as_array().unwrap().iter();
    assert_eq!(again.filter(|o| o["kind"] == "delete_data").count(), 1);
    // It is asked of the rules at the termination, not of those at the instant.
    let silent = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-10"),
    ]);
    case.books.push(silent);
    let still = owed(&case, 0);
    let still = still.as_array().unwrap().iter();
    assert_eq!(still.filter(|o| o["kind"] == "delete_data").count(), 1);
}

#[test]
fn obligations_are_by_due_then_kind_then_since_then_cause() {
    let mut case = Case::new();
    // All due at one local midnight, 5 March 16:00.
    let review = case.submitted("03-02T00:00:00", "declaration");
    let one = case.inspected("03-02T00:00:00", "minor");
    let other = case.inspected("03-02T00:00:00", "minor");
    let later = case.inspected("03-02T01:00:00", "minor");
    let data = case.on(
        "03-05T06:00:00",
        "data_deletion.ordered",
        "a",
        json!({"scope": "all"}),
    );
    let fix = case.found("03-04T16:00:00", "grave");
    let order = case.owed("03-05T06:00:00");
    let order = order.as_array().unwrap().iter().map(|o| o[1].clone());
    assert_eq!(
        order.collect::<Vec<_>>(),
        [data, one, other, later, fix, review]
    );
}
