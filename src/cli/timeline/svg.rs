//! The picture itself: an SVG that stands alone, without scripts, fonts or anything from elsewhere.
//!
//! Its ground is left open and its colours are of middle lightness, so it is read on a light page
//! and on a dark one. Nothing is told by colour alone: bars are labelled, and name themselves
//! where a reader points at them.

use std::fmt::Write as _;

use standing_projections::{Instant, LocalMonth, Zone};

use super::lanes::{Lane, Lanes, Span, Tone};
use crate::words::escape;

const WIDTH: f64 = 1100.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 66.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const LINE: f64 = 64.0;
/// The width of a letter of the bars' text, at least.
const LETTER: f64 = 6.6;
/// The most marks along the time.
const MARKS: i32 = 12;

/// A text that fits so many letters.
fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let start: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{start}…")
}

impl Tone {
    const fn fill(self) -> &'static str {
        match self {
            Self::Good => "#2e7d4f",
            Self::Plain => "#5b6b7b",
            Self::Waiting => "#2f6ea8",
            Self::Warning => "#a35a00",
            Self::Bad => "#b3302b",
        }
    }
}

/// Where instants lie.
struct Scale {
    from: i64,
    to: i64,
}

impl Scale {
    fn x(&self, at: Instant) -> f64 {
        let span = (self.to - self.from).max(1) as f64;
        let part = (at.micros().clamp(self.from, self.to) - self.from) as f64 / span;
        LEFT + part * (RIGHT - LEFT)
    }
}

/// Draws lanes under a title.
pub(super) fn draw(title: &str, lanes: &Lanes, zone: &Zone) -> String {
    let scale = Scale {
        from: lanes.from.micros(),
        to: lanes.to.micros(),
    };
    let mut body = String::new();
    let mut y = TOP;
    for lane in &lanes.lanes {
        y += match lane {
            Lane::Heading(app) => heading(&mut body, y, app),
            Lane::Bars(label, spans) => bars(&mut body, y, label, spans, &scale),
            Lane::Line(label, points) => line(&mut body, y, label, points, lanes.to, &scale),
        };
    }
    let height = y + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         font-family=\"ui-sans-serif, system-ui, sans-serif\" font-size=\"12\" fill=\"#767676\">\n"
    );
    let shown = escape(title);
    let _ = writeln!(svg, "<title>{shown}</title>");
    let short = escape(&cut(title, 130));
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"24\" font-size=\"15\">{short}</text>"
    );
    marks(&mut svg, lanes, zone, &scale, y);
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    svg
}

/// Months or years along the time, with lines down through the lanes.
fn marks(svg: &mut String, lanes: &Lanes, zone: &Zone, scale: &Scale, bottom: f64) {
    let (first, last) = (zone.month(lanes.from), zone.month(lanes.to));
    let months = |month: LocalMonth| {
        let year: i32 = month
            .to_string()
            .get(..4)
            .map_or(0, |y| y.parse().unwrap_or(0));
        year * 12 + month.number() - 1
    };
    let count = months(last) - months(first) + 1;
    let steps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400];
    let step = steps
        .into_iter()
        .find(|step| count / step < MARKS)
        .unwrap_or(12_000);
    let mut month = first;
    while month <= last {
        let at = zone.month_start(month);
        if months(month) % step == 0 && at >= lanes.from {
            let x = scale.x(at);
            let (top, text) = (TOP - 12.0, TOP - 16.0);
            // At the right edge a mark's name would not fit around it.
            let anchor = if x > RIGHT - 24.0 { "end" } else { "middle" };
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {top:.1}V{bottom:.1}\" stroke=\"#8884\"/>\
                 <text x=\"{x:.1}\" y=\"{text:.1}\" text-anchor=\"{anchor}\">{month}</text>"
            );
        }
        month = month.next();
    }
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"{:.1}\">{}</text>",
        TOP - 16.0,
        zone.name()
    );
}

fn heading(svg: &mut String, y: f64, app: &str) -> f64 {
    let (rule, text) = (y + 8.0, y + 27.0);
    let app = escape(&cut(app, 100));
    let _ = writeln!(
        svg,
        "<path d=\"M16 {rule:.1}H{RIGHT}\" stroke=\"#888\"/>\
         <text x=\"16\" y=\"{text:.1}\" font-size=\"13\" font-weight=\"bold\">{app}</text>"
    );
    36.0
}

fn label(svg: &mut String, y: f64, text: &str) {
    let text = escape(&cut(text, 26));
    let _ = writeln!(svg, "<text x=\"16\" y=\"{:.1}\">{text}</text>", y + 13.0);
}

fn bars(svg: &mut String, y: f64, name: &str, spans: &[Span], scale: &Scale) -> f64 {
    label(svg, y, name);
    for span in spans {
        let (x, end) = (scale.x(span.from), scale.x(span.to));
        // What lasted a moment is seen too.
        let width = (end - x).max(1.5);
        let x = x.min(RIGHT - width);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" \
             fill=\"{}\"><title>{}: {} to {}</title></rect>",
            span.tone.fill(),
            escape(&span.text),
            span.from,
            span.to
        );
        // A Chinese letter is as wide as two others.
        let wide = |c: char| if c.is_ascii() { 1.0 } else { 2.0 };
        let needed = span.text.chars().map(wide).sum::<f64>() * LETTER + 6.0;
        // The lane's label says it already, where the bar says no more.
        if needed <= width && span.text != name {
            let (middle, text) = (x + width / 2.0, y + 13.0);
            let _ = writeln!(
                svg,
                "<text x=\"{middle:.1}\" y=\"{text:.1}\" text-anchor=\"middle\" fill=\"#fff\" \
                 font-size=\"11\" pointer-events=\"none\">{}</text>",
                escape(&span.text)
            );
        }
    }
    STEP
}

fn line(
    svg: &mut String,
    y: f64,
    name: &str,
    points: &[(Instant, i64)],
    end: Instant,
    scale: &Scale,
) -> f64 {
    label(svg, y, name);
    let values = points.iter().map(|(_, value)| *value).chain([0]);
    let (low, high) = values.fold((0, 0), |(low, high), v| (v.min(low), v.max(high)));
    // A score that was never but 0 needs no room.
    let height = if low == high { STEP } else { LINE };
    let (top, bottom) = (y + 6.0, y + height - 13.0);
    let span = (high as f64 - low as f64).max(1.0);
    let at = |value: i64| bottom - (value as f64 - low as f64) / span * (bottom - top);
    let zero = at(0);
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {zero:.1}H{RIGHT}\" stroke=\"#8888\"/>"
    );
    let mut ends = vec![low, 0, high];
    ends.dedup();
    // Two numbers on one spot are none.
    ends.retain(|value| *value == 0 || (at(*value) - zero).abs() > 9.0);
    for value in ends {
        let (x, y) = (LEFT - 6.0, at(value) + 4.0);
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" font-size=\"11\">{value}</text>"
        );
    }
    let mut path = String::new();
    for (index, (from, value)) in points.iter().enumerate() {
        let until = points.get(index + 1).map_or(end, |(next, _)| *next);
        let go = if index == 0 { 'M' } else { 'L' };
        let (x, y, to) = (scale.x(*from), at(*value), scale.x(until));
        let _ = write!(path, "{go}{x:.1} {y:.1}H{to:.1}");
    }
    let stroke = Tone::Waiting.fill();
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\" \
         stroke-linejoin=\"round\"><title>score</title></path>"
    );
    height
}
