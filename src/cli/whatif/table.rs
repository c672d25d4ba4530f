//! The answer as tables.

use standing_projections::questions::whatif::Comparison;

use crate::cli::output::table;
use crate::cli::{Context, Failure};
use crate::whatif::report::words::{
    asked, behind, count, flip, important, moves, new_codes, number, sentences, title, turned,
};
use crate::whatif::{Answer, Ground, Outcome};

/// How many flips of one developer a table shows.
const FLIPS: usize = 5;

pub(super) fn print(
    context: &Context,
    ground: &Ground<'_>,
    answer: &Answer<'_>,
) -> Result<(), Failure> {
    let title = context.out.paint(1, &title(ground));
    context.out.text(&format!("{title}\n"))?;
    for (name, value) in asked(ground) {
        context
            .out
            .text(&format!("{name}: {}\n", value.join(", ")))?;
    }
    context.out.text("\n")?;
    for (place, at) in answer.at.iter().enumerate() {
        if place > 0 {
            context.out.text("\n")?;
        }
        if answer.at.len() > 1 {
            let title = format!("as of {}", at.ask.as_of);
            context
                .out
                .text(&format!("{}\n", context.out.paint(1, &title)))?;
        }
        outcome(context, ground, at)?;
    }
    Ok(())
}

fn outcome(context: &Context, ground: &Ground<'_>, at: &Outcome<'_>) -> Result<(), Failure> {
    let mut sentences = sentences(at);
    sentences.extend(new_codes(ground));
    let sentences = sentences.join("\n");
    context.out.text(&format!("{sentences}\n"))?;
    let moves = moves(&at.counts);
    if !moves.is_empty() {
        let mut rows = table(["WHAT", "BEFORE", "AFTER", "COUNT"]);
        for one in moves {
            rows.add_row([one.what.to_owned(), one.from, one.to, number(one.count)]);
        }
        context.out.text("\n")?;
        context.out.table(&rows)?;
    }
    let turned = turned(&at.counts);
    if !turned.is_empty() {
        let mut rows = table(["WHAT", "ONLY AFTER", "ONLY BEFORE", "DIFFERENT"]);
        for (name, counts) in turned {
            let [begins, ends, changes] = counts.map(number);
            rows.add_row([name, begins, ends, changes]);
        }
        context.out.text("\n")?;
        context.out.table(&rows)?;
    }
    let counts = &at.counts;
    people(
        context,
        ground,
        at,
        "hit hardest",
        &at.harmed,
        counts.harmed,
    )?;
    people(
        context,
        ground,
        at,
        "gain most",
        &at.relieved,
        counts.relieved,
    )
}

fn people(
    context: &Context,
    ground: &Ground<'_>,
    at: &Outcome<'_>,
    title: &str,
    listed: &[Comparison<'_>],
    all: u64,
) -> Result<(), Failure> {
    if listed.is_empty() {
        return Ok(());
    }
    let of = if listed.len() as u64 == all {
        String::new()
    } else {
        format!(" ({} of {})", number(listed.len() as u64), number(all))
    };
    context.out.text(&format!("\n{title}{of}:\n"))?;
    let mut rows = table(["DEVELOPER", "SUBJECT", "WHAT", "BEFORE", "AFTER", "CLAUSE"]);
    let zone = ground.after.zone();
    for compared in listed {
        let mut name = compared.developer.to_owned();
        let flips = important(compared);
        for one in flips.iter().take(FLIPS) {
            let [subject, what, from, to] = flip(zone, compared, one);
            let clause = behind(&ground.sides(), one);
            rows.add_row([std::mem::take(&mut name), subject, what, from, to, clause]);
        }
        let moved = at
            .moves
            .iter()
            .filter(|one| one.developer == compared.developer);
        for one in moved.take(FLIPS).filter(|one| one.falls().is_some()) {
            let rank = |rank: Option<u64>| rank.map_or_else(|| "-".to_owned(), number);
            let cells = [
                one.app.to_owned(),
                "rank".to_owned(),
                rank(one.from),
                rank(one.to),
            ];
            let [subject, what, from, to] = cells;
            let name = std::mem::take(&mut name);
            rows.add_row([name, subject, what, from, to, String::new()]);
        }
        if flips.len() > FLIPS {
            let more = count((flips.len() - FLIPS) as u64, "more");
            let more = more.trim_end_matches('s').to_owned();
            rows.add_row([String::new(), more]);
        }
    }
    context.out.table(&rows)
}
