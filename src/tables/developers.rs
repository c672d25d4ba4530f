//! Developers and their months.

use standing_projections::facts::DeveloperFacts;
use standing_projections::rules::Rules;
use standing_projections::standing::{DeveloperMonth, Standing};

use super::column::{Column, Value};

/// A developer.
pub(crate) struct DeveloperRow<'a> {
    pub(crate) standing: &'a Standing<'a>,
    pub(crate) facts: &'a DeveloperFacts,
}

/// A month of a developer.
pub(crate) struct DeveloperMonthRow<'a> {
    pub(crate) developer: &'a str,
    pub(crate) month: &'a DeveloperMonth,
    pub(crate) rules: &'a Rules,
}

pub(crate) fn developers<'a>() -> Vec<Column<DeveloperRow<'a>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.standing.developer)),
            "Its id.",
        ),
        Column::new(
            "name",
            Value::Text(|row| Some(&row.facts.name)),
            "The name it was registered with.",
        ),
        Column::new(
            "kind",
            Value::Text(|row| Some(row.facts.kind.as_str())),
            "How it cooperates: `connection` or `service`.",
        ),
        Column::new(
            "registered",
            Value::Timestamp(|row| Some(row.facts.registered)),
            "When it was registered.",
        ),
        Column::new(
            "status",
            Value::Text(|row| Some(row.standing.status.as_str())),
            "`active`, `terminable`, `terminated` or `left`.",
        ),
        Column::nullable(
            "status_since",
            Value::Timestamp(|row| row.standing.status_since),
            "When the status began; null when active.",
        ),
        Column::new(
            "grade",
            Value::Text(|row| Some(row.standing.grade)),
            "Its grade, by the name that the rules give it.",
        ),
    ]
}

pub(crate) fn developer_months<'a>() -> Vec<Column<DeveloperMonthRow<'a>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "The developer.",
        ),
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
        Column::new(
            "violations",
            Value::Int64(|row| Some(i64::from(row.month.violations))),
            "How many incidents of all its apps began in the month.",
        ),
        Column::new(
            "outcome",
            Value::Text(|row| Some(row.month.outcome.as_str())),
            "What they did: `none`, `downgraded` or `terminated`.",
        ),
        Column::nullable(
            "outcome_at",
            Value::Timestamp(|row| row.month.at),
            "When they did it; `at` in SPEC §9.",
        ),
    ]
}
