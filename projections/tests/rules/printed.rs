//! §9: what is printed.

use crate::case::Case;

#[test]
fn months_are_ascending_whatever_the_order_of_recording() {
    let mut case = Case::new();
    case.found("05-02T00:00:00", "slight");
    case.day("02-01T00:00:00", "2015-04-02");
    case.complaint("03-02T00:00:00", "normal");
    case.found("02-02T00:00:00", "odd");
    let months = |pointer| {
        let all = case.get("06-01T00:00:00", pointer);
        let all = all.as_array().unwrap().iter();
        all.map(|month| month["month"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        months("/apps/0/months"),
        ["2015-02", "2015-03", "2015-04", "2015-05"]
    );
    assert_eq!(months("/months"), ["2015-04", "2015-05"]);
}
