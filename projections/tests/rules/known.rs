//! §2: what is known, and what of it is taken back.

use serde_json::json;

use crate::case::Case;

#[test]
fn a_retracted_third_violation_makes_the_fourth_the_third() {
    let mut case = Case::new();
    let ids: Vec<u64> = ["02", "03", "04", "05"]
        .iter()
        .map(|day| case.found(&format!("03-{day}T00:00:00"), "grave"))
        .collect();
    let nths = |case: &Case| {
        let all = case.get("03-20T00:00:00", "/apps/0/months/0");
        let each = all["sanctions"].as_array().unwrap().iter();
        each.map(|s| (s["nth"].clone(), s["from"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(nths(&case)[3], (json!(4), json!("2015-03-05T00:00:00Z")));
    // What was wrong is wrong for every T: the retraction is of a later time than any asked about.
    case.retracted("12-31T00:00:00", ids[2]);
    assert_eq!(nths(&case).len(), 3);
    assert_eq!(nths(&case)[2], (json!(3), json!("2015-03-05T00:00:00Z")));
    // Before it is known, nothing is taken back.
    case.known_at("03-20T00:00:00", 6, |all| {
        assert_eq!(all[0].apps[0].months[0].sanctions.len(), 4);
    });
}

#[test]
fn a_retraction_that_is_taken_back_takes_nothing_back() {
    let mut case = Case::new();
    let found = case.found("03-02T00:00:00", "grave");
    let tier = |case: &Case| case.get("03-20T00:00:00", "/apps/0/months");
    let before = tier(&case);
    let first = case.retracted("03-03T00:00:00", found);
    assert_eq!(tier(&case), json!([]));
    let second = case.retracted("03-04T00:00:00", first);
    assert_eq!(tier(&case), before);
    case.retracted("03-05T00:00:00", second);
    assert_eq!(tier(&case), json!([]));
}

#[test]
fn an_appeal_takes_an_event_back_only_once_it_is_granted() {
    let mut case = Case::new();
    let found = case.found("03-02T00:00:00", "grave").to_string();
    let tier = |case: &Case| case.get("03-20T00:00:00", "/apps/0/months");
    let before = tier(&case);
    let target = json!({"id": found});
    let filed = json!({"event": target, "statement": "-"});
    case.on("03-03T00:00:00", "appeal.filed", "a", filed);
    let decided = |outcome| json!({"event": target, "outcome": outcome, "reason": "-"});
    case.on("03-03T00:00:00", "appeal.decided", "a", decided("denied"));
    assert_eq!(tier(&case), before);
    let granted = case.on("03-04T00:00:00", "appeal.decided", "a", decided("granted"));
    assert_eq!(tier(&case), json!([]));
    case.retracted("03-05T00:00:00", granted);
    assert_eq!(tier(&case), before);
}

#[test]
fn nothing_is_said_of_a_developer_or_an_app_before_its_registration() {
    let mut case = Case::new();
    case.app("05-01T00:00:00", "b", "general");
    case.on(
        "04-01T00:00:00",
        "violation.found",
        "b",
        json!({"code": "grave"}),
    );
    let head = case.events.len() as u64;
    let apps = |time, known| {
        case.known_at(time, known, |all| {
            all.first().map(|developer| developer.apps.len())
        })
    };
    assert_eq!(apps("2013-12-31T23:59:59.999999", head), None);
    assert_eq!(apps("2014-01-01T00:00:00", head), Some(1));
    assert_eq!(apps("04-30T23:59:59.999999", head), Some(1));
    assert_eq!(apps("05-01T00:00:00", head), Some(2));
    assert_eq!(apps("05-01T00:00:00", 2), Some(1));
    assert_eq!(apps("05-01T00:00:00", 0), None);
    // An event's time may precede its app's registration.
    assert_eq!(
        case.get("05-01T00:00:00", "/apps/1/months/0/tier"),
        json!(1)
    );
}
