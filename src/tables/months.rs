//! The months of apps: tiers, incidents, sanctions.

use standing_projections::rules::Rules;
use standing_projections::standing::{AppMonth, Sanction, Violation};

use super::column::{Column, Value};
use super::{positions, signed};

/// A month of an app.
#[derive(Clone, Copy)]
pub(crate) struct MonthRow<'a> {
    pub(crate) developer: &'a str,
    pub(crate) app: &'a str,
    pub(crate) month: &'a AppMonth<'a>,
    pub(crate) rules: &'a Rules,
}

/// Something of a month of an app, and its number there, from 1.
pub(crate) struct OfMonth<'a, T> {
    pub(crate) month: MonthRow<'a>,
    pub(crate) number: i64,
    pub(crate) of: &'a T,
}

pub(crate) fn months<'a>() -> Vec<Column<MonthRow<'a>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.app)), "The app."),
        Column::new(
            "month",
            Value::Date(|row| Some(row.month.month.first_date())),
            "The local month, as its first date.",
        ),
        Column::new(
            "rulebook_version",
            Value::Text(|row| Some(&row.rules.book.version)),
            "The version of the rules that judges the month.",
        ),
        Column::nullable(
            "tier",
            Value::Int32(|row| row.month.tier.map(|level| i32::from(level.number()))),
            "The most severe level of any incident, 1 to 3, of which 1 is the gravest; null \
             without one.",
        ),
        Column::new(
            "complaints_strong",
            Value::Int64(|row| Some(i64::from(row.month.complaints.strong))),
            "The counted complaints of the class `strong`.",
        ),
        Column::new(
            "complaints_normal",
            Value::Int64(|row| Some(i64::from(row.month.complaints.normal))),
            "Those of the class `normal`.",
        ),
        Column::new(
            "complaints_celebrity",
            Value::Int64(|row| Some(i64::from(row.month.complaints.celebrity))),
            "Those of the class `celebrity`.",
        ),
        Column::new(
            "outage_days",
            Value::Int64(|row| Some(i64::from(row.month.outage_days))),
            "How many of the month's local dates are outage days.",
        ),
        Column::new(
            "violations",
            Value::Int64(|row| Some(signed(row.month.violations.len()))),
            "How many incidents began in it: its rows in `violations`.",
        ),
        Column::new(
            "sanctions",
            Value::Int64(|row| Some(signed(row.month.sanctions.len()))),
            "How many steps brought a sanction: its rows in `sanctions`.",
        ),
        Column::new(
            "unclassified",
            Value::TextList(|row| row.month.unclassified.to_vec()),
            "The codes found that the month's catalogue lacks, one an event, in order.",
        ),
    ]
}

pub(crate) fn violations<'a>() -> Vec<Column<OfMonth<'a, Violation<'a>>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.month.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.month.app)), "The app."),
        Column::new(
            "month",
            Value::Date(|row| Some(row.month.month.month.first_date())),
            "The local month, as its first date.",
        ),
        Column::new(
            "number",
            Value::Int64(|row| Some(row.number)),
            "Its number in the month, from 1, in the order of beginning.",
        ),
        Column::new(
            "code",
            Value::Text(|row| Some(row.of.code)),
            "The catalogue's code, or `complaints` or `outage`.",
        ),
        Column::new(
            "level",
            Value::Int32(|row| Some(i32::from(row.of.level.number()))),
            "The level that it reached, 1 to 3, of which 1 is the gravest.",
        ),
        Column::new(
            "since",
            Value::Timestamp(|row| Some(row.of.since)),
            "When it began.",
        ),
        Column::new(
            "reached_at",
            Value::Timestamp(|row| Some(row.of.at)),
            "When it reached its level; `at` in SPEC §9.",
        ),
        Column::new(
            "evidence",
            Value::Int64List(|row| positions(&row.of.evidence)),
            "The positions of the events that count for it, ascending.",
        ),
    ]
}

pub(crate) fn sanctions<'a>() -> Vec<Column<OfMonth<'a, Sanction<'a>>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.month.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.month.app)), "The app."),
        Column::new(
            "month",
            Value::Date(|row| Some(row.month.month.month.first_date())),
            "The local month, as its first date.",
        ),
        Column::new(
            "number",
            Value::Int64(|row| Some(row.number)),
            "Its number in the month, from 1, in the order of the steps.",
        ),
        Column::new(
            "code",
            Value::Text(|row| Some(row.of.code)),
            "The code of the incident that began or escalated.",
        ),
        Column::new(
            "level",
            Value::Int32(|row| Some(i32::from(row.of.level.number()))),
            "The level of the step, 1 to 3, of which 1 is the gravest.",
        ),
        Column::new(
            "nth",
            Value::Int64(|row| Some(i64::from(row.of.nth))),
            "The how-manieth step of that level in the month it is.",
        ),
        Column::new(
            "measures",
            Value::TextList(|row| row.of.measures.iter().map(String::as_str).collect()),
            "What is done, in the rulebook's order.",
        ),
        Column::new(
            "since",
            Value::Timestamp(|row| Some(row.of.from)),
            "From when on; `from` in SPEC §9, which SQL reserves.",
        ),
        Column::nullable(
            "until",
            Value::Timestamp(|row| row.of.until),
            "Until when; null until lifted, and of a warning alone. What a lift has done is in \
             `measures`.",
        ),
        Column::nullable(
            "fix_by",
            Value::Timestamp(|row| row.of.fix_by),
            "By when it is to be fixed; null where the rules say nothing.",
        ),
        Column::new(
            "cause",
            Value::Int64(|row| Some(signed(row.of.cause.0))),
            "The position of the event behind the step.",
        ),
        Column::new(
            "rulebook_version",
            Value::Text(|row| Some(&row.month.rules.book.version)),
            "The version of the rules that judges the month.",
        ),
    ]
}
