//! The working days of `CN` against the PyPI package `chinesecalendar`, where it is there.
//!
//! Both are kept from the same notices by different hands. `STANDING_PYTHON` names another
//! interpreter than `python3`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use std::process::Command;

use standing_projections::calendar::Calendar;
use standing_projections::time::parse_date;

/// Prints each date of the years given and whether people work on it; 3 says there is no package,
/// and a year that it lacks is left out.
const SCRIPT: &str = "
import datetime, sys
try:
    import chinese_calendar
except ImportError:
    sys.exit(3)
for year in map(int, sys.argv[1:]):
    day = datetime.date(year, 1, 1)
    while day.year == year:
        try:
            print(day.isoformat(), int(chinese_calendar.is_workday(day)))
        except NotImplementedError:
            break
        day += datetime.timedelta(days=1)
";

#[test]
fn every_day_is_as_in_the_published_package() {
    let cn = Calendar::named("CN").unwrap();
    let python = std::env::var("STANDING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let years = cn.years().map(|year| year.to_string());
    let run = Command::new(&python)
        .args(["-c", SCRIPT])
        .args(years)
        .output();
    let output = match run {
        Ok(output) if output.status.success() => output,
        Ok(output) if output.status.code() != Some(3) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            eprintln!("skipped: `{python}` has no `chinese_calendar` (chinesecalendar on PyPI)");
            return;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let mut years = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let (day, works) = line.split_once(' ').unwrap();
        years.insert(&day[..4]);
        if cn.is_working_day(parse_date(day).unwrap()) != Some(works == "1") {
            wrong.push(format!("{day}: {works} there"));
        }
    }
    let lacks = cn
        .years()
        .filter(|year| !years.contains(year.to_string().as_str()));
    let lacks: Vec<i32> = lacks.collect();
    if !lacks.is_empty() {
        eprintln!("not compared: {lacks:?}, which the package lacks");
    }
    assert!(years.len() > 10, "only {years:?} were compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
