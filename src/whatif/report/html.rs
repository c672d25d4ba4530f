//! The answer as a page that stands alone: no scripts, and nothing from elsewhere.

use std::fmt::Write as _;

use standing_projections::questions::whatif::{Comparison, TIERS};
use standing_projections::standing::{MonthOutcome, Status};

use super::charts::{self, Cell, grid};
use super::words::{asked, behind, flip, important, new_codes, number, sentences, title, turned};
use crate::whatif::{Answer, Ground, Outcome};
use crate::words::escape;

/// How many flips of one developer the page shows.
const FLIPS: usize = 8;

/// What is said in the place of a ledger.
const MADE_UP: &str = "none: the history is made up, and nobody in it is real";

/// The page.
///
/// `ledger` is none where the history is made up.
pub(crate) fn page(ledger: Option<&str>, ground: &Ground<'_>, answer: &Answer<'_>) -> String {
    let title = escape(&title(ground));
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        include_str!("page.css")
    );
    head(&mut html, ledger, ground, answer);
    for at in &answer.at {
        outcome(&mut html, ground, at);
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// What was asked.
fn head(html: &mut String, ledger: Option<&str>, ground: &Ground<'_>, answer: &Answer<'_>) {
    let mut rows = asked(ground);
    let ledger = ledger.map_or_else(|| MADE_UP.to_owned(), place);
    rows.push(("Ledger", vec![ledger]));
    html.push_str("<dl>");
    for (name, value) in rows {
        let value: Vec<String> = value.iter().map(|one| escape(one)).collect();
        let _ = write!(html, "<dt>{name}</dt><dd>{}</dd>", value.join("<br>"));
    }
    let _ = writeln!(
        html,
        "<dt>Outcome</dt><dd><code>sha256 {}</code></dd></dl>",
        answer.sha256.as_deref().unwrap_or("-")
    );
}

/// The name of the ledger's file or database: where that is, and by which account it is opened, is nobody's
/// business who is sent a page.
fn place(ledger: &str) -> String {
    let path = match ledger.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next().unwrap_or_default(),
        None => ledger,
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    name.to_owned()
}

fn outcome(html: &mut String, ground: &Ground<'_>, at: &Outcome<'_>) {
    let _ = writeln!(html, "<h2>As of {}</h2>", at.ask.as_of);
    let sentences = sentences(at).into_iter().chain(new_codes(ground));
    for (place, sentence) in sentences.enumerate() {
        let class = if place == 0 { " class=\"lead\"" } else { "" };
        let _ = writeln!(html, "<p{class}>{}</p>", escape(&sentence));
    }
    if at.counts.hit == 0 {
        return;
    }
    transitions(html, at);
    // A month that is not over would look like a fall.
    let zone = ground.after.zone();
    let over = zone.month(at.ask.as_of);
    let months = charts::months(&at.counts, over);
    if !months.is_empty() {
        let _ = write!(
            html,
            "<h3>Month by month</h3><p class=\"quiet key\"><span></span>after \
             <span class=\"was\"></span>before; without {over}, which is not over</p>\
             <div class=\"charts\">",
        );
        html.push_str(&months);
        html.push_str("</div>\n");
    }
    others(html, at);
    let sides = &at.counts;
    people(html, ground, at, "Hit hardest", &at.harmed, sides.harmed);
    people(html, ground, at, "Gain most", &at.relieved, sides.relieved);
}

/// The tables of what becomes what.
fn transitions(html: &mut String, at: &Outcome<'_>) {
    html.push_str("<h3>What becomes what</h3><div class=\"charts\">");
    let counts = &at.counts;
    let tiers: Vec<Cell> = counts.tiers.cells().collect();
    let gravity = |place: usize| ((4 - place) % 4) as i64;
    let caption = "Tiers: months of apps (1 is the gravest)";
    html.push_str(&grid(caption, &TIERS, &tiers, gravity));
    let status: Vec<Cell> = counts.status.cells().collect();
    if counts.status.moved() > 0 {
        let names = Status::ALL.iter().map(|status| status.as_str());
        let names: Vec<&str> = names.collect();
        let gravity = |place: usize| [0, 1, 3, 2][place];
        html.push_str(&grid("Status: developers", &names, &status, gravity));
    }
    let mut names: Vec<&str> = Vec::new();
    for (from, to) in counts.grades.keys() {
        names.extend([*from, *to]);
    }
    names.sort_unstable();
    names.dedup();
    if counts.grades.iter().any(|((from, to), _)| from != to) {
        let place = |name: &str| names.iter().position(|one| *one == name).unwrap_or(0);
        let cells = counts.grades.iter();
        let cells = cells.map(|((from, to), n)| (place(from), place(to), *n));
        let cells: Vec<Cell> = cells.collect();
        // Which of two grades is the higher is the rulebook's business, and the table tells both.
        html.push_str(&grid("Grades: developers", &names, &cells, |_| 0));
    }
    if counts.outcomes.moved() > 0 {
        let names = MonthOutcome::ALL.iter().map(|outcome| outcome.as_str());
        let names: Vec<&str> = names.collect();
        let cells: Vec<Cell> = counts.outcomes.cells().collect();
        let gravity = |place: usize| place as i64;
        let caption = "Outcomes: months of developers";
        html.push_str(&grid(caption, &names, &cells, gravity));
    }
    html.push_str("</div>\n");
}

/// What is on one side only, and the moves on the board.
fn others(html: &mut String, at: &Outcome<'_>) {
    html.push_str("<h3>What else differs</h3><div class=\"charts\">");
    let rows = turned(&at.counts);
    if !rows.is_empty() {
        html.push_str(
            "<table class=\"rows\"><caption>How often it is there on one side only, or differs (of a sanction: that another \
             step is the nth of its level in the month)</caption>\
             <thead><tr><th></th><th class=\"n\">only after</th><th class=\"n\">only before</th>\
             <th class=\"n\">different</th></tr></thead><tbody>",
        );
        for (name, counts) in rows {
            let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(&name));
            for n in counts {
                let n = if n == 0 { "·".to_owned() } else { number(n) };
                let _ = write!(html, "<td class=\"n\">{n}</td>");
            }
            html.push_str("</tr>");
        }
        html.push_str("</tbody></table>");
    }
    if at.ranks.rise + at.ranks.fall > 0 {
        html.push_str(&charts::ranks(&at.ranks));
    }
    html.push_str("</div>\n");
}

fn people(
    html: &mut String,
    ground: &Ground<'_>,
    at: &Outcome<'_>,
    title: &str,
    listed: &[Comparison<'_>],
    all: u64,
) {
    if listed.is_empty() {
        return;
    }
    let _ = write!(
        html,
        "<h3>{title}</h3><p class=\"quiet\">{} of {}. First by status, then by grade, outcomes of \
         months, apps on the board, certification, tiers, sanctions, measures in force, duties, score. Times are of {}.</p>\
         <div class=\"wide\"><table class=\"rows people\"><thead><tr><th>developer</th><th>whose</th><th>what</th>\
         <th>before</th><th>after</th><th>clause</th></tr></thead><tbody>",
        number(listed.len() as u64),
        number(all),
        ground.after.zone().name()
    );
    let zone = ground.after.zone();
    for compared in listed {
        let flips = important(compared);
        let mut who = escape(compared.developer);
        for one in flips.iter().take(FLIPS) {
            let clause = behind(&ground.sides(), one);
            row(html, &mut who, flip(zone, compared, one), &clause);
        }
        let moved = at
            .moves
            .iter()
            .filter(|one| one.developer == compared.developer);
        for one in moved.filter(|one| one.falls().is_some()).take(FLIPS) {
            let rank = |rank: Option<u64>| rank.map_or_else(|| "-".to_owned(), number);
            let (from, to) = (rank(one.from), rank(one.to));
            row(
                html,
                &mut who,
                [one.app.to_owned(), "rank".to_owned(), from, to],
                "",
            );
        }
        if flips.len() > FLIPS {
            let more = number((flips.len() - FLIPS) as u64);
            let _ = write!(
                html,
                "<tr class=\"more\"><td></td><td colspan=\"5\" class=\"quiet\">and {more} more</td></tr>"
            );
        }
    }
    html.push_str("</tbody></table></div>\n");
}

fn row(html: &mut String, who: &mut String, cells: [String; 4], clause: &str) {
    let who = std::mem::take(who);
    let class = if who.is_empty() {
        " class=\"more\""
    } else {
        ""
    };
    let _ = write!(html, "<tr{class}><td class=\"who\">{who}</td>");
    for cell in cells {
        let _ = write!(html, "<td>{}</td>", escape(&cell));
    }
    let _ = write!(html, "<td class=\"clause\">{}</td></tr>", escape(clause));
}
