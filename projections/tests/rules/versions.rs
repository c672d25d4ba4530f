//! §3: which rules hold when.

use serde_json::json;

use crate::case::{BOOK, Case, book};

#[test]
fn no_rule_changes_in_the_middle_of_a_month_it_judges() {
    let milder = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-10"),
        ("code = \"grave\", level = 1", "code = \"grave\", level = 3"),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), milder.clone()]);
    case.found("03-20T00:00:00", "grave");
    case.found("03-31T15:59:59.999999", "grave");
    case.found("03-31T16:00:00", "grave");
    let tier =
        |case: &Case, month| case.get("05-01T00:00:00", &format!("/apps/0/months/{month}/tier"));
    assert_eq!((tier(&case, 0), tier(&case, 1)), (json!(1), json!(3)));
    // From the first of a month on it judges that month.
    let first = milder.replace("2015-03-10", "2015-03-01");
    case.books[1] = first;
    assert_eq!(tier(&case, 0), json!(3));
}

#[test]
fn before_the_first_version_the_oldest_holds_and_of_one_date_the_later_published() {
    let of = |version: &str, from: &str, level: &str| {
        book(&[
            ("version = \"1\"", &format!("version = \"{version}\"")),
            ("2010-01-01", from),
            (
                "code = \"grave\", level = 1",
                &format!("code = \"grave\", level = {level}"),
            ),
        ])
    };
    let mut case = Case::by(&[
        of("late", "2020-01-01", "1"),
        of("old", "2018-01-01", "2"),
        of("old-again", "2018-01-01", "3"),
    ]);
    case.found("03-20T00:00:00", "grave");
    assert_eq!(
        case.get("05-01T00:00:00", "/apps/0/months/0/tier"),
        json!(3)
    );
}

#[test]
fn a_clock_keeps_the_rules_it_started_under_and_the_board_takes_those_of_the_instant() {
    let later = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-05"),
        ("declaration = 3", "declaration = 1"),
        ("weight = 30", "weight = 7"),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), later]);
    case.on(
        "03-01T00:00:00",
        "behavior.observed",
        "a",
        json!({"code": "hosted"}),
    );
    case.submitted("03-04T15:59:59.999999", "declaration");
    // Wednesday's third working day is Monday; Thursday's first is Friday.
    let due = |case: &Case| case.get("03-20T00:00:00", "/apps/0/review/due");
    assert_eq!(due(&case), json!("2015-03-09T16:00:00Z"));
    case.rejected("03-04T16:00:00", "declaration");
    case.submitted("03-04T16:00:00", "declaration");
    assert_eq!(due(&case), json!("2015-03-06T16:00:00Z"));
    assert_eq!(
        case.get("03-04T15:59:59.999999", "/apps/0/score"),
        json!(30)
    );
    assert_eq!(case.get("03-04T16:00:00", "/apps/0/score"), json!(7));
}

#[test]
fn a_declaration_holds_by_the_rules_at_its_approval_and_a_grade_by_those_at_registration() {
    let later = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-03-05"),
        (
            "declaration_valid_months = 18",
            "declaration_valid_months = 1",
        ),
        ("initial_grade = \"middle\"", "initial_grade = \"high\""),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), later]);
    case.submitted("03-02T00:00:00", "declaration");
    case.approved("03-03T00:00:00", "declaration");
    case.submitted("05-05T00:00:00", "copy");
    assert_eq!(case.state("05-05T00:00:00"), "copy_pending");
    assert_eq!(case.get("05-05T00:00:00", "/grade"), json!("middle"));
    case.events.truncate(2);
    case.submitted("03-05T00:00:00", "declaration");
    case.approved("03-06T00:00:00", "declaration");
    case.submitted("05-05T00:00:00", "copy");
    assert_eq!(case.state("05-05T00:00:00"), "declaration_pending");
}

#[test]
fn a_day_block_counts_by_the_causes_of_its_own_month() {
    let platform = book(&[
        ("version = \"1\"", "version = \"2\""),
        ("2010-01-01", "2015-04-01"),
        ("[outages]", "[outages]\ncounted_causes = [\"platform\"]"),
    ]);
    let mut case = Case::by(&[BOOK.to_owned(), platform]);
    // Blocks on 30 and 31 March, 1 and 2 April.
    case.outage("o", "03-30T01:00:00", Some("04-02T02:00:00"));
    let data = json!({"outage": "p", "cause": "platform"});
    case.on("03-30T01:00:00", "outage.started", "a", data);
    case.on(
        "04-02T02:00:00",
        "outage.ended",
        "a",
        json!({"outage": "p"}),
    );
    let months = case.get("05-01T00:00:00", "/apps/0/months");
    for (index, evidence) in [(0, json!([3])), (1, json!([5]))] {
        assert_eq!(months[index]["outage_days"], json!(2));
        assert_eq!(months[index]["violations"][0]["evidence"], evidence);
    }
}
