//! The ladder (SPEC §4, sanctions): a row for every violation that can come about, one only, and
//! each row with an effect.

use super::Linter;
use crate::measure::Measure;
use crate::rulebook::{Level, Place, SanctionRow};
use crate::text::ordinal;

pub(super) fn look(l: &mut Linter<'_>) {
    let book = l.book;
    for (index, row) in book.sanctions.iter().enumerate() {
        let place = l.item(row);
        row_effect(l, row.get_ref(), &index.to_string(), place);
    }
    let no_ladder_on_purpose = book.sanctions.is_empty()
        && book.complaints.tiers.is_empty()
        && book.outages.tiers.is_empty();
    for level in Level::ALL {
        let mut rows: Vec<(&SanctionRow, Place)> = book
            .sanctions
            .iter()
            .filter(|row| row.get_ref().level == level)
            .map(|row| (row.get_ref(), l.item(row)))
            .collect();
        rows.sort_by_key(|(row, place)| (row.nth, *place));
        let producer = producer(l, level);
        match (rows.first(), producer) {
            (None, Some((what, place))) if !no_ladder_on_purpose => missing(l, level, &what, place),
            (Some((_, place)), None) => l.warn(
                "ladder_unused_level",
                *place,
                format!("nothing makes a violation of level {level}: its rows are never used"),
                "give a code or a tier the level, or remove the rows",
            ),
            _ => {}
        }
        rungs(l, level, &rows);
    }
}

/// What in the text first makes violations of a level, and where.
pub(super) fn producer(l: &Linter<'_>, level: Level) -> Option<(String, Place)> {
    let book = l.book;
    let codes = book
        .violations
        .iter()
        .filter(|item| item.get_ref().level == level)
        .map(|item| (format!("`{}`", item.get_ref().code), l.item(item)));
    let complaints = book.complaints.tiers.iter();
    let complaints = complaints
        .filter(|item| item.get_ref().level == level && !item.get_ref().more_than.is_empty())
        .map(|item| ("complaints".to_owned(), l.item(item)));
    let outages = book.outages.tiers.iter();
    let outages = outages
        .filter(|item| item.get_ref().level == level)
        .map(|item| ("outages".to_owned(), l.item(item)));
    codes
        .chain(complaints)
        .chain(outages)
        .min_by_key(|(_, place)| *place)
}

fn missing(l: &mut Linter<'_>, level: Level, what: &str, place: Place) {
    l.warn(
        "ladder_missing_level",
        place,
        format!(
            "the ladder has no row of level {level}, which {what} can make: no sanction follows"
        ),
        "add rows of the level; without a ladder on purpose, write `sanctions = []` and no tiers",
    );
}

/// Gaps, overlaps and the end of one level's rows, sorted by `nth`.
fn rungs(l: &mut Linter<'_>, level: Level, rows: &[(&SanctionRow, Place)]) {
    // Rows of `nth = 0` are errors already.
    let rows = &rows[rows.partition_point(|(row, _)| row.nth == 0)..];
    let Some((last, last_place)) = rows.last() else {
        return;
    };
    let (mut awaited, mut before) = (1, None);
    for (row, place) in rows {
        if row.nth > awaited {
            let gap = match row.nth - awaited {
                1 => format!("the {} violation", ordinal(awaited)),
                _ => format!(
                    "the {} to the {} violation",
                    ordinal(awaited),
                    ordinal(row.nth - 1)
                ),
            };
            l.warn(
                "ladder_gap",
                *place,
                format!("level {level} has no row for {gap} of a month: no sanction follows"),
                "count `nth` from 1 without gaps; only the last row's `or_more` covers others",
            );
        } else if before == Some(row.nth) {
            l.warn(
                "ladder_row_twice",
                *place,
                format!(
                    "level {level} has two rows for the {} violation",
                    ordinal(row.nth)
                ),
                "keep one of the two",
            );
        }
        (awaited, before) = (row.nth.saturating_add(1), Some(row.nth));
        if row.or_more && row.nth < last.nth {
            l.warn(
                "ladder_or_more_early",
                *place,
                format!(
                    "`or_more` of level {level} stands on row {}, but row {} follows",
                    row.nth, last.nth
                ),
                "only the last row of a level may go on for later violations",
            );
        }
    }
    if !rows
        .iter()
        .any(|(row, _)| row.nth == last.nth && row.or_more)
    {
        l.warn(
            "ladder_open_end",
            *last_place,
            format!(
                "after the {} violation of level {level} in a month no sanction follows",
                ordinal(last.nth)
            ),
            "write `or_more = true` on the last row of the level",
        );
    }
}

/// Whether a row does anything, and does it for as long as it says.
fn row_effect(l: &mut Linter<'_>, row: &SanctionRow, index: &str, place: Place) {
    let key = |l: &Linter<'_>, name: &str| l.key(&["sanctions", index, name]);
    let lasting = row
        .measures
        .iter()
        .any(|name| name != Measure::Warning.as_str());
    let length = match (row.days, row.days_per_violation) {
        (Some(_), _) => Some("days"),
        (None, Some(_)) => Some("days_per_violation"),
        (None, None) => None,
    };
    if row.measures.is_empty() {
        let message = "the row names no measure".to_owned();
        if row.fix_within_hours.is_some() {
            let hint = "that leaves a duty to fix; say `warning` if the developer is told";
            l.note("measures_empty", place, message, hint);
        } else {
            let hint = "name a measure, `warning` at the least, or remove the row";
            l.warn("measures_empty", place, message, hint);
        }
    } else if let Some(name) = length.filter(|_| !lasting) {
        l.warn(
            "warning_with_length",
            key(l, name),
            format!("`{name}` has no effect: `warning` has no interval"),
            "remove the length, or name a measure that lasts",
        );
    }
    match (row.days, row.days_per_violation) {
        (None, Some(each)) if lasting => l.warn(
            "length_without_days",
            key(l, "days_per_violation"),
            format!("without `days` the length is read as 0 + {each} days for each violation"),
            "write `days` beside it, 0 if that is meant",
        ),
        (Some(0), None | Some(0)) if lasting => l.warn(
            "length_zero",
            key(l, "days"),
            "the sanction ends as it begins: 0 days".to_owned(),
            "give it a length; without `days` it lasts until lifted",
        ),
        _ => {}
    }
}
