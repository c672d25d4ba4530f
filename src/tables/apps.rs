//! Apps as they stand: their review, the measures in force, what is owed, the board.

use standing_projections::facts::AppFacts;
use standing_projections::plaza::BoardEntry;
use standing_projections::standing::{
    AppStanding, Condition, MeasureInForce, Obligation, Value as Met,
};

use super::column::{Column, Value};
use super::signed;

/// An app.
pub(crate) struct AppRow<'a> {
    pub(crate) developer: &'a str,
    pub(crate) standing: &'a AppStanding<'a>,
    pub(crate) facts: &'a AppFacts,
    pub(crate) rank: Option<u64>,
}

/// Something of an app, and its number there, from 1.
pub(crate) struct OfApp<'a, T> {
    pub(crate) developer: &'a str,
    pub(crate) app: &'a str,
    pub(crate) number: i64,
    pub(crate) of: &'a T,
}

pub(crate) fn apps<'a>() -> Vec<Column<AppRow<'a>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "Whose it is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.standing.app)), "Its id."),
        Column::new(
            "name",
            Value::Text(|row| Some(&row.facts.name)),
            "The name it was registered with.",
        ),
        Column::new(
            "registered",
            Value::Timestamp(|row| Some(row.facts.registered)),
            "When it was registered.",
        ),
        Column::new(
            "channel",
            Value::Text(|row| Some(row.standing.channel.as_str())),
            "`enterprise`, `in_site`, `general`, `website` or `official_account`.",
        ),
        Column::new(
            "permission",
            Value::Text(|row| Some(row.standing.permission.as_str())),
            "`ordinary` or `partner`.",
        ),
        Column::new(
            "review_state",
            Value::Text(|row| Some(row.standing.review.state.as_str())),
            "Where it is in its review, such as `copy_pending` or `listed`.",
        ),
        Column::new(
            "review_since",
            Value::Timestamp(|row| Some(row.standing.review.since)),
            "When that state began.",
        ),
        Column::nullable(
            "review_due",
            Value::Timestamp(|row| row.standing.review.due),
            "When the platform's running clock ends; null without one, or where the calendar \
             lacks a year.",
        ),
        Column::new(
            "key_disabled",
            Value::Boolean(|row| Some(row.standing.review.key_disabled)),
            "Whether its key is disabled.",
        ),
        Column::new(
            "on_hold",
            Value::Boolean(|row| Some(row.standing.review.on_hold)),
            "Whether no approval is accepted at the as-of instant.",
        ),
        Column::nullable(
            "hold_until",
            Value::Timestamp(|row| row.standing.review.hold_until),
            "The greatest end of a hold set so far, past or not.",
        ),
        Column::new(
            "score",
            Value::Int64(|row| Some(row.standing.score)),
            "The sum of its ranked behaviours.",
        ),
        Column::nullable(
            "rank",
            Value::Int64(|row| row.rank.map(signed)),
            "Its rank on the board, from 1; null where it is not on it.",
        ),
        Column::new(
            "certification_eligible",
            Value::Boolean(|row| Some(row.standing.certification.eligible)),
            "Whether every condition of V-certification is met.",
        ),
        Column::new(
            "certification_unmet",
            Value::TextList(|row| {
                let conditions = row.standing.certification.conditions.iter();
                let unmet = conditions.filter(|condition| !condition.met);
                unmet.map(|condition| condition.name).collect()
            }),
            "The conditions that are not met, in their order; none where the rules certify no app \
             of its channel.",
        ),
    ]
}

pub(crate) fn measures<'a>() -> Vec<Column<OfApp<'a, MeasureInForce>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.app)), "The app."),
        Column::new(
            "measure",
            Value::Text(|row| Some(row.of.measure.as_str())),
            "`stop_new_authorizations`, `close_app`, `block_api` or `take_offline`.",
        ),
        Column::nullable(
            "until",
            Value::Timestamp(|row| row.of.until),
            "The latest of its ends; null until it is lifted.",
        ),
    ]
}

pub(crate) fn obligations<'a>() -> Vec<Column<OfApp<'a, Obligation<'a>>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.app)), "The app."),
        Column::new(
            "owner",
            Value::Text(|row| Some(row.of.owner.as_str())),
            "Who owes it: `developer` or `platform`.",
        ),
        Column::new(
            "kind",
            Value::Text(|row| Some(row.of.kind.as_str())),
            "`fix_violation`, `fix_inspection`, `fix_report`, `review` or `delete_data`.",
        ),
        Column::nullable(
            "code",
            Value::Text(|row| row.of.code),
            "The violation to be fixed; null of other kinds.",
        ),
        Column::new(
            "cause",
            Value::Int64(|row| Some(signed(row.of.cause.0))),
            "The position of the event behind it.",
        ),
        Column::new(
            "since",
            Value::Timestamp(|row| Some(row.of.since)),
            "Since when it is owed.",
        ),
        Column::nullable(
            "due",
            Value::Timestamp(|row| row.of.due),
            "By when; null where the calendar lacks a year.",
        ),
        Column::nullable(
            "met_at",
            Value::Timestamp(|row| row.of.met_at),
            "When it was met.",
        ),
        Column::new(
            "late",
            Value::Boolean(|row| Some(row.of.late)),
            "Whether it was met or withdrawn after it was due.",
        ),
        Column::new(
            "state",
            Value::Text(|row| Some(row.of.state.as_str())),
            "`met`, `withdrawn`, `overdue` or `open` at the as-of instant.",
        ),
    ]
}

/// The number of an obligation, where its row must have a name of its own.
pub(crate) fn obligation_number<'a>() -> Column<OfApp<'a, Obligation<'a>>> {
    Column::new(
        "number",
        Value::Int64(|row| Some(row.number)),
        "Its number among the app's, from 1, by due instant.",
    )
}

pub(crate) fn certification<'a>() -> Vec<Column<OfApp<'a, Condition>>> {
    vec![
        Column::new(
            "developer",
            Value::Text(|row| Some(row.developer)),
            "Whose the app is.",
        ),
        Column::new("app", Value::Text(|row| Some(row.app)), "The app."),
        Column::new(
            "condition",
            Value::Text(|row| Some(row.of.name)),
            "`platform_related`, `copy_approved`, `listed`, `days_listed` or \
             `average_daily_users`.",
        ),
        Column::new(
            "met",
            Value::Boolean(|row| Some(row.of.met)),
            "Whether it is met.",
        ),
        Column::nullable(
            "value",
            // What has elapsed would be another tomorrow.
            Value::Int64(|row| match row.of.value {
                _ if row.of.name == "days_listed" => None,
                Met::YesOrNo(yes) => Some(i64::from(yes)),
                Met::Count(count) => Some(count),
            }),
            "What it is, where yes is 1; null of `days_listed`, which grows by itself: count from \
             `review_since` of `apps`.",
        ),
        Column::new(
            "required",
            Value::Int64(|row| match row.of.required {
                Met::YesOrNo(yes) => Some(i64::from(yes)),
                Met::Count(count) => Some(count),
            }),
            "What it must be, or exceed.",
        ),
    ]
}

pub(crate) fn plaza<'a>() -> Vec<Column<BoardEntry<'a>>> {
    vec![
        Column::new(
            "rank",
            Value::Int64(|entry| Some(signed(entry.rank))),
            "Its rank, from 1.",
        ),
        Column::new("app", Value::Text(|entry| Some(entry.app)), "The app."),
        Column::new(
            "developer",
            Value::Text(|entry| Some(entry.developer)),
            "Whose it is.",
        ),
        Column::new(
            "score",
            Value::Int64(|entry| Some(entry.score)),
            "The sum of its ranked behaviours.",
        ),
        Column::new(
            "listed_since",
            Value::Timestamp(|entry| Some(entry.listed_since)),
            "When its present listing began.",
        ),
    ]
}
