//! Words that tables and pages share: what a field of a standing is called, and what it says.

use standing_projections::questions::{Field, Value};
use standing_projections::text::one_line;

/// A field in a table: of a duty, without the instant since when it is owed.
pub(crate) fn field(field: &Field<'_>) -> String {
    match field {
        Field::Obligation(kind, Some(code), _, cause) => format!("duty: {kind} {code} @{cause}"),
        Field::Obligation(kind, None, _, cause) => format!("duty: {kind} @{cause}"),
        Field::Condition(name) => format!("certification: {name}"),
        other => other.to_string(),
    }
}

/// What a field says, or a dash where there is no such thing.
pub(crate) fn value(value: Option<&Value<'_>>) -> String {
    value.map_or_else(|| "-".to_owned(), Value::to_string)
}

/// A text as XML may hold it, on one line.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
