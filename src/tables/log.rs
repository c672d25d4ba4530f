//! The log, and the rules in it.

use standing_projections::Position;
use standing_projections::rules::Rules;

use super::column::{Column, Value};
use super::signed;
use crate::ledger::StoredEvent;

/// An event, with what its leaf alone holds.
pub(crate) struct EventRow {
    pub(crate) stored: StoredEvent,
    pub(crate) actor: Option<String>,
    pub(crate) data: String,
    pub(crate) disregarded_by: Option<Position>,
}

pub(crate) fn events() -> Vec<Column<EventRow>> {
    vec![
        Column::new(
            "position",
            Value::Int64(|row| Some(signed(row.stored.position.0))),
            "Its place in the log, from 1 without gaps.",
        ),
        Column::new(
            "recordedtime",
            Value::Timestamp(|row| Some(row.stored.recordedtime)),
            "When the ledger took it.",
        ),
        Column::new(
            "time",
            Value::Timestamp(|row| Some(row.stored.time)),
            "When it happened.",
        ),
        Column::new(
            "type",
            Value::Text(|row| Some(row.stored.kind.as_str())),
            "Its type, such as `violation.found`.",
        ),
        Column::new(
            "subject",
            Value::Text(|row| Some(&row.stored.subject)),
            "The developer, app or rulebook that it is about.",
        ),
        Column::nullable(
            "developer",
            Value::Text(|row| row.stored.developer.as_deref()),
            "The developer that the subject is or belongs to; null of a rulebook.",
        ),
        Column::nullable(
            "target",
            Value::Int64(|row| row.stored.target.map(|target| signed(target.0))),
            "The position of the event that it speaks of, where it is a retraction, part of an \
             appeal or an erasure.",
        ),
        Column::new(
            "source",
            Value::Text(|row| Some(&row.stored.source)),
            "Who sent it.",
        ),
        Column::new(
            "id",
            Value::Text(|row| Some(&row.stored.id)),
            "Its id there; with `source` the key of the event.",
        ),
        Column::nullable(
            "actor",
            Value::Text(|row| row.actor.as_deref()),
            "Who acted, by a pseudonymous id.",
        ),
        Column::new(
            "data",
            Value::Text(|row| Some(&row.data)),
            "Its data by the type, as canonical JSON (RFC 8785).",
        ),
        Column::nullable(
            "disregarded_by",
            Value::Int64(|row| row.disregarded_by.map(|by| signed(by.0))),
            "The position of the retraction or granted appeal for which it counts nowhere.",
        ),
    ]
}

pub(crate) fn rulebooks<'a>() -> Vec<Column<&'a Rules>> {
    vec![
        Column::new(
            "rulebook",
            Value::Text(|rules| Some(&rules.book.id)),
            "The rulebook's id.",
        ),
        Column::new(
            "version",
            Value::Text(|rules| Some(&rules.book.version)),
            "Which version of it, as `rulebook_version` of other tables names it.",
        ),
        Column::new(
            "effective_from",
            Value::Timestamp(|rules| Some(rules.effective_from)),
            "The local midnight from which it holds.",
        ),
        Column::nullable(
            "position",
            Value::Int64(|rules| Some(signed(rules.position.0)).filter(|at| *at > 0)),
            "The event it was published by; null where it was read from a file with `--rules`.",
        ),
    ]
}
