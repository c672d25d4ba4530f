//! The lanes of the picture: what each row of it shows, and from when until when.

use std::collections::BTreeMap;

use standing_projections::questions::{Change, Field, Key, Value};
use standing_projections::{Instant, LocalMonth, Zone};

/// How something is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Plain,
    Waiting,
    Warning,
    Bad,
}

/// Something that is so for a time.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// A row of the picture.
#[derive(Clone, Debug)]
pub(super) enum Lane {
    /// The app that the rows below are of.
    Heading(String),
    /// Bars.
    Bars(String, Vec<Span>),
    /// A line through numbers, each from an instant on.
    Line(String, Vec<(Instant, i64)>),
}

/// The lanes, and the time they lie in.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) lanes: Vec<Lane>,
}

/// A value of a field, from an instant until another.
type Segments<'a> = Vec<(Instant, Instant, Value<'a>)>;

fn segments<'a>(rows: &[Change<'a>], end: Instant) -> BTreeMap<Key<'a>, Segments<'a>> {
    let mut all: BTreeMap<Key<'a>, Segments<'a>> = BTreeMap::new();
    for row in rows {
        let of_key = all.entry(row.key).or_default();
        if row.from.is_some()
            && let Some(last) = of_key.last_mut()
        {
            last.1 = row.time;
        }
        if let Some(value) = row.to {
            of_key.push((row.time, end, value));
        }
    }
    all
}

/// Arranges changes in lanes: the developer's, then each app's.
pub(super) fn lanes(rows: &[Change<'_>], end: Instant, zone: &Zone) -> Lanes {
    let all = segments(rows, end);
    let from = rows.first().map_or(end, |row| row.time);
    let mut lanes = Vec::new();
    let mut app = None;
    let mut tiers: Vec<Span> = Vec::new();
    for (key, segments) in &all {
        if key.app != app {
            close_tiers(&mut lanes, &mut tiers);
            lanes.extend(key.app.map(|id| Lane::Heading(id.to_owned())));
            app = key.app;
        }
        if !matches!(key.field, Field::Tier(_)) {
            close_tiers(&mut lanes, &mut tiers);
        }
        match key.field {
            Field::Tier(month) => tiers.extend(tier(month, segments, zone)),
            Field::Score => {
                let points = segments.iter().filter_map(|(at, _, value)| match value {
                    Value::Number(score) => Some((*at, *score)),
                    _ => None,
                });
                lanes.push(Lane::Line("score".to_owned(), points.collect()));
            }
            Field::Status | Field::Grade | Field::Review | Field::KeyDisabled => {
                lanes.push(bars(key.field.name().replace('_', " "), segments));
            }
            Field::OnHold | Field::OnBoard | Field::Eligible => {
                lanes.push(bars(key.field.name().replace('_', " "), segments));
            }
            Field::Measure(measure) => lanes.push(bars(measure.to_string(), segments)),
            _ => {}
        }
    }
    close_tiers(&mut lanes, &mut tiers);
    Lanes {
        from,
        to: end,
        lanes,
    }
}

fn close_tiers(lanes: &mut Vec<Lane>, tiers: &mut Vec<Span>) {
    if !tiers.is_empty() {
        lanes.push(Lane::Bars(
            "tier by month".to_owned(),
            std::mem::take(tiers),
        ));
    }
}

/// A month with the tier it came to.
fn tier(month: LocalMonth, segments: &Segments<'_>, zone: &Zone) -> Option<Span> {
    let (_, _, last) = segments.last()?;
    let Value::Number(tier) = last else {
        return None;
    };
    let tone = match tier {
        1 => Tone::Bad,
        2 => Tone::Warning,
        _ => Tone::Waiting,
    };
    Some(Span {
        from: zone.month_start(month),
        to: zone.month_start(month.next()),
        text: tier.to_string(),
        tone,
    })
}

fn bars(label: String, segments: &Segments<'_>) -> Lane {
    let mut spans: Vec<Span> = Vec::new();
    for (from, to, value) in segments {
        let text = match value {
            // A longer end is the same bar.
            Value::Until(_) | Value::Yes => label.clone(),
            other => other.to_string(),
        };
        match spans.last_mut() {
            Some(last) if last.to == *from && last.text == text => last.to = *to,
            _ => spans.push(Span {
                from: *from,
                to: *to,
                tone: tone(value, &label),
                text,
            }),
        }
    }
    Lane::Bars(label, spans)
}

fn tone(value: &Value<'_>, label: &str) -> Tone {
    match value {
        Value::Until(_) => Tone::Bad,
        Value::Yes if matches!(label, "on board" | "eligible") => Tone::Good,
        Value::Yes => Tone::Warning,
        Value::Word("active" | "listed" | "copy_approved") => Tone::Good,
        Value::Word("terminable" | "delisted" | "plaza_rejected") => Tone::Warning,
        Value::Word("terminated" | "left" | "copy_revoked") => Tone::Bad,
        Value::Word("copy_rejected" | "declaration_rejected") => Tone::Bad,
        Value::Word(word) if word.ends_with("_pending") => Tone::Waiting,
        _ => Tone::Plain,
    }
}
