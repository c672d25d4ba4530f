//! The charts of the page: tables whose cells are shaded, and pictures as SVG inside the page.
//!
//! Colours are the page's, so that both themes and print have their own. Nothing is told by colour alone:
//! every cell and every bar has its number.

use std::fmt::Write as _;

use standing_projections::LocalMonth;
use standing_projections::questions::whatif::{BUCKETS, Counts, RankMoves};

use super::words::number;
use crate::words::escape;

/// A cell of a grid: from which place to which, and how often.
pub(super) type Cell = (usize, usize, u64);

/// A table of what becomes what: rows before, columns after. `gravity` says which way is worse.
pub(super) fn grid(
    caption: &str,
    names: &[&str],
    cells: &[Cell],
    gravity: impl Fn(usize) -> i64,
) -> String {
    let moved = cells.iter().filter(|(from, to, _)| from != to);
    let most = moved.map(|(.., n)| *n).max().unwrap_or(0).max(1);
    let mut html = format!(
        "<table class=\"grid\"><caption>{}</caption><thead><tr><th scope=\"col\">before \\ after</th>",
        escape(caption)
    );
    for name in names {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escape(name));
    }
    html.push_str("</tr></thead><tbody>");
    for (from, name) in names.iter().enumerate() {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(name));
        for to in 0..names.len() {
            let cell = cells.iter().find(|(a, b, _)| (*a, *b) == (from, to));
            let n = cell.map_or(0, |(.., n)| *n);
            let class = match (n, gravity(to).cmp(&gravity(from))) {
                (0, _) => "zero",
                _ if from == to => "same",
                (_, std::cmp::Ordering::Greater) => "worse",
                (_, std::cmp::Ordering::Less) => "better",
                (_, std::cmp::Ordering::Equal) => "same",
            };
            // By the logarithm, so that one is seen beside thousands.
            let share = 18.0 + 62.0 * ((n + 1) as f64).ln() / ((most + 1) as f64).ln();
            let shade = match class {
                "worse" | "better" => format!(" style=\"--share:{share:.0}%\""),
                _ => String::new(),
            };
            let text = if n == 0 { "·".to_owned() } else { number(n) };
            let _ = write!(html, "<td class=\"{class}\"{shade}>{text}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
    html
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 10.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 24.0;

/// The apps with a tier, month by month before one, by the rules before and after: a picture for each level.
pub(super) fn months(counts: &Counts<'_>, until: LocalMonth) -> String {
    let mut shown = counts.months.range(..until).map(|(month, _)| month);
    let (Some(first), Some(last)) = (shown.next(), counts.months.range(..until).next_back()) else {
        return String::new();
    };
    let mut all = Vec::new();
    let (mut month, last) = (*first, *last.0);
    while month <= last {
        all.push(month);
        month = month.next();
    }
    let mut html = String::new();
    for level in 0..3 {
        let of = |month: &LocalMonth| {
            let tiers = counts.months.get(month).copied().unwrap_or_default();
            (tiers.before[level], tiers.after[level])
        };
        let values: Vec<(u64, u64)> = all.iter().map(of).collect();
        let _ = write!(
            html,
            "<figure><figcaption>Apps of tier {} each month</figcaption>{}</figure>",
            level + 1,
            lines(&all, &values)
        );
    }
    html
}

fn lines(months: &[LocalMonth], values: &[(u64, u64)]) -> String {
    let most = values
        .iter()
        .map(|(was, is)| (*was).max(*is))
        .max()
        .unwrap_or(0);
    let most = most.max(1);
    let steps = months.len().saturating_sub(1).max(1) as f64;
    let x = |place: usize| LEFT + (RIGHT - LEFT) * place as f64 / steps;
    let y = |value: u64| BOTTOM - (BOTTOM - TOP) * value as f64 / most as f64;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>before and after, by month</title>"
    );
    for value in [0, most] {
        let (at, text) = (y(value), y(value) + 4.0);
        let _ = write!(
            svg,
            "<path class=\"rule\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
             <text x=\"{:.0}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            number(value)
        );
    }
    // As many names as there is room for.
    let every = months.len().div_ceil(7).max(1);
    for (place, month) in months.iter().enumerate().step_by(every) {
        let anchor = match place {
            0 => "start",
            _ if place + 1 == months.len() => "end",
            _ => "middle",
        };
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{month}</text>",
            x(place),
            HEIGHT - 6.0
        );
    }
    for (class, side) in [("before", 0), ("after", 1)] {
        let mut path = String::new();
        for (place, (was, is)) in values.iter().enumerate() {
            let value = if side == 0 { *was } else { *is };
            let go = if place == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{go}{:.1} {:.1}", x(place), y(value));
        }
        if values.len() == 1 {
            // One month is a point, which a line alone would not show.
            let _ = write!(path, "H{:.1}", x(0) + 6.0);
        }
        let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    for (place, (was, is)) in values.iter().enumerate() {
        let _ = write!(
            svg,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.2\"><title>{}: {} → {}</title></circle>",
            x(place),
            y(*is),
            months[place],
            number(*was),
            number(*is)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// How far apps rise and fall on the board.
pub(super) fn ranks(ranks: &RankMoves<'_>) -> String {
    let mut bars: Vec<(String, u64, &str)> = Vec::new();
    let label = |place: usize| match (BUCKETS[place], BUCKETS.get(place + 1)) {
        (from, Some(next)) if next - from == 1 => number(from),
        (from, Some(next)) => format!("{}–{}", number(from), number(next - 1)),
        (from, None) => format!("{}+", number(from)),
    };
    for place in (0..BUCKETS.len()).rev() {
        bars.push((format!("↑ {}", label(place)), ranks.rises[place], "better"));
    }
    for place in 0..BUCKETS.len() {
        bars.push((format!("↓ {}", label(place)), ranks.falls[place], "worse"));
    }
    let most = bars.iter().map(|(_, n, _)| *n).max().unwrap_or(0).max(1);
    let mut html =
        "<table class=\"bars\"><caption>Apps on both boards, by how many ranks they move\
                    </caption><tbody>"
            .to_owned();
    for (name, n, class) in bars.iter().filter(|(_, n, _)| *n > 0) {
        let share = 100.0 * *n as f64 / most as f64;
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{name}</th><td><span class=\"bar {class}\" \
             style=\"width:{share:.1}%\"></span></td><td class=\"n\">{}</td></tr>",
            number(*n)
        );
    }
    html.push_str("</tbody></table>");
    html
}
