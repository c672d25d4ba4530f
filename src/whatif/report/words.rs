//! The sentences and rows that tell an answer, in the table and on the page.

use std::collections::BTreeSet;

use standing_projections::questions::whatif::{
    Clause, Comparison, Counts, Flip, Grid, RankMove, RankMoves, Sides, TIERS,
};
use standing_projections::questions::{Field, Value};
use standing_projections::rules::{Rules, Timeline};
use standing_projections::standing::{MonthOutcome, Status};
use standing_projections::{Instant, Zone};

use crate::whatif::{Ground, Outcome};
use crate::words::{field, value};

/// A number with its thousands parted: `20,000`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 app`, `2 apps`, with the thousands parted.
pub(crate) fn count(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(n))
}

/// What became what, how often.
pub(crate) struct Move {
    pub(crate) what: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) count: u64,
}

/// Everything that became something else.
pub(crate) fn moves(counts: &Counts<'_>) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut add = |what, from: &str, to: &str, count| {
        if count > 0 && from != to {
            moves.push(Move {
                what,
                from: from.to_owned(),
                to: to.to_owned(),
                count,
            });
        }
    };
    for (from, to, n) in counts.status.cells() {
        let status = |place: usize| Status::ALL[place].as_str();
        add("status", status(from), status(to), n);
    }
    for ((from, to), n) in &counts.grades {
        add("grade", from, to, *n);
    }
    for (from, to, n) in counts.outcomes.cells() {
        let outcome = |place: usize| MonthOutcome::ALL[place].as_str();
        add("outcome of a month", outcome(from), outcome(to), n);
    }
    for (from, to, n) in counts.tiers.cells() {
        add("tier of an app's month", TIERS[from], TIERS[to], n);
    }
    moves
}

/// What is there on one side only, or differs: its name, and how often.
pub(crate) fn turned(counts: &Counts<'_>) -> Vec<(String, [u64; 3])> {
    let own_rows = ["status", "grade", "outcome", "tier"];
    let rows = counts
        .flips
        .iter()
        .filter(|((what, _), _)| !own_rows.contains(what));
    rows.map(|((what, of), turned)| {
        let name = match (*what, *of) {
            ("on_board", _) => "on the board".to_owned(),
            ("eligible", _) => "may be certified".to_owned(),
            ("condition", of) => format!("certification: {of}"),
            ("measure", of) => format!("in force: {of}"),
            ("obligation", _) => "duty".to_owned(),
            ("on_hold", _) => "on hold".to_owned(),
            (what, _) => what.replace('_', " "),
        };
        (name, [turned.begins, turned.ends, turned.changes])
    })
    .collect()
}

/// What it is about.
pub(crate) fn title(ground: &Ground<'_>) -> String {
    let before = ground.before.versions();
    let others = ground.after.versions().iter().filter(|rules| {
        let same = |one: &Rules| {
            one.book.text == rules.book.text && one.effective_from == rules.effective_from
        };
        !before.iter().any(same)
    });
    let others: Vec<String> = others
        .map(|rules| format!("{} {}", rules.book.id, rules.book.version))
        .collect();
    match others.is_empty() {
        true => "What if nothing changed?".to_owned(),
        false => format!("What if {} held?", others.join(", ")),
    }
}

/// What was asked: a name and one or more values each.
pub(crate) fn asked(ground: &Ground<'_>) -> Vec<(&'static str, Vec<String>)> {
    let mut rows = vec![
        ("Before", versions(&ground.before)),
        ("After", versions(&ground.after)),
    ];
    if let Some(month) = ground.from {
        let as_if = format!("the change had come with {month}");
        rows.push(("Asked as if", vec![as_if]));
    }
    rows.extend([
        (
            "As of",
            ground.as_of.iter().map(Instant::to_string).collect(),
        ),
        (
            "Known at",
            vec![format!("position {}", number(ground.known_at.0))],
        ),
        ("Times below", vec![ground.after.zone().name().to_owned()]),
    ]);
    rows
}

fn versions(timeline: &Timeline) -> Vec<String> {
    let each = timeline.versions().iter().map(|rules| {
        let (book, from) = (&rules.book, timeline.zone().date(rules.effective_from));
        format!("{} {} (from {from})", book.id, book.version)
    });
    each.collect()
}

/// What cannot be told: codes that are new are in no event, for intake takes none that no rulebook has.
pub(crate) fn new_codes(ground: &Ground<'_>) -> Option<String> {
    let codes = |timeline: &Timeline| {
        let books = timeline.versions().iter().map(|rules| &rules.book);
        let codes = books.flat_map(|book| &book.violations);
        codes
            .map(|one| one.get_ref().code.clone())
            .collect::<BTreeSet<_>>()
    };
    let names = ground.history.names();
    let new = &codes(&ground.after) - &codes(&ground.before);
    let new: Vec<&str> = new
        .iter()
        .map(String::as_str)
        .filter(|code| names.find(code).is_none())
        .collect();
    if new.is_empty() {
        return None;
    }
    Some(format!(
        "No event has {}: what {} new would have done cannot be told from this history.",
        new.join(", "),
        if new.len() == 1 {
            "a code that is"
        } else {
            "codes that are"
        },
    ))
}

/// The answer in sentences, the most important first.
pub(crate) fn sentences(at: &Outcome<'_>) -> Vec<String> {
    let counts = &at.counts;
    let mut all = vec![who(counts)];
    if counts.hit == 0 {
        return all;
    }
    let status = stepwise(&counts.status, |place| Status::ALL[place].as_str());
    if !status.is_empty() {
        all.push(format!("Status: {status}."));
    }
    let grades = counts.grades.iter().filter(|((from, to), _)| from != to);
    let grades = grades.map(|((from, to), n)| format!("{from} → {to} {}", number(*n)));
    let grades: Vec<String> = grades.collect();
    if !grades.is_empty() {
        all.push(format!("Grades: {}.", grades.join(", ")));
    }
    let (worse, lighter) = tiers(&counts.tiers);
    if worse + lighter > 0 {
        all.push(format!(
            "In {} the tier is graver, in {} lighter.",
            count(worse, "app-month"),
            number(lighter)
        ));
    }
    let board = counts.turned("on_board", "");
    let eligible = counts.turned("eligible", "");
    if board.begins + board.ends > 0 {
        all.push(format!(
            "{} would leave the board, {} would come onto it.",
            count(board.ends, "app"),
            number(board.begins)
        ));
    }
    if eligible.begins + eligible.ends > 0 {
        all.push(format!(
            "{} could not be certified any more, {} could be now.",
            count(eligible.ends, "app"),
            number(eligible.begins)
        ));
    }
    all.extend(ranks(&at.ranks));
    all
}

fn who(counts: &Counts<'_>) -> String {
    let developers = count(counts.developers, "developer");
    if counts.hit == 0 {
        return format!("Of {developers} nobody is hit: nothing differs.");
    }
    let neither = counts.hit - counts.harmed - counts.relieved;
    let are = if counts.hit == 1 { "is" } else { "are" };
    let mut text = format!(
        "Of {developers} {} {are} hit: {} would be worse off, {} better off",
        number(counts.hit),
        number(counts.harmed),
        number(counts.relieved)
    );
    if neither > 0 {
        text.push_str(&format!(", {} neither", number(neither)));
    }
    text.push('.');
    text
}

fn stepwise<const N: usize>(grid: &Grid<N>, name: impl Fn(usize) -> &'static str) -> String {
    let moved = grid.cells().filter(|(from, to, n)| from != to && *n > 0);
    let moved = moved.map(|(from, to, n)| format!("{} → {} {}", name(from), name(to), number(n)));
    moved.collect::<Vec<_>>().join(", ")
}

/// In how many months of apps the tier is graver, and in how many lighter.
fn tiers(grid: &Grid<4>) -> (u64, u64) {
    let (mut graver, mut lighter) = (0, 0);
    for (from, to, n) in grid.cells() {
        // No tier is the lightest; of the others 1 is the gravest.
        let gravity = |place: usize| (4 - place) % 4;
        match gravity(to).cmp(&gravity(from)) {
            std::cmp::Ordering::Greater => graver += n,
            std::cmp::Ordering::Less => lighter += n,
            std::cmp::Ordering::Equal => {}
        }
    }
    (graver, lighter)
}

fn ranks(ranks: &RankMoves<'_>) -> Option<String> {
    if ranks.rise + ranks.fall == 0 {
        return None;
    }
    let longest = |moved: Option<RankMove<'_>>| {
        moved.map_or_else(String::new, |moved| {
            let rank = |rank: Option<u64>| rank.map_or_else(String::new, number);
            format!(
                " (furthest: {} {} → {})",
                moved.app,
                rank(moved.from),
                rank(moved.to)
            )
        })
    };
    Some(format!(
        "On the board {} would rise{}, {} fall{}: as others leave or come too, which hits nobody by itself.",
        count(ranks.rise, "app"),
        longest(ranks.longest_rise),
        number(ranks.fall),
        longest(ranks.longest_fall)
    ))
}

/// A developer's flips, the most important first.
pub(crate) fn important<'c, 'a>(compared: &'c Comparison<'a>) -> Vec<&'c Flip<'a>> {
    let mut flips: Vec<&Flip<'_>> = compared.flips.iter().collect();
    // As a toll is ordered.
    flips.sort_by_key(|flip| match flip.key.field {
        Field::Status => 0,
        Field::Grade => 1,
        Field::Outcome(_) => 2,
        Field::OnBoard => 3,
        Field::Eligible => 4,
        Field::Tier(_) => 5,
        Field::Sanction(..) => 6,
        Field::Measure(_) => 7,
        Field::OnHold | Field::Obligation(..) => 8,
        Field::Score => 9,
        _ => 10,
    });
    flips
}

/// A flip in four pieces: whose, what, before, after.
pub(crate) fn flip(zone: &Zone, compared: &Comparison<'_>, flip: &Flip<'_>) -> [String; 4] {
    [
        flip.key.app.unwrap_or(compared.developer).to_owned(),
        field(&flip.key.field),
        said(zone, flip.from.as_ref()),
        said(zone, flip.to.as_ref()),
    ]
}

/// What a field says. Instants are local and to the minute, for a row has no room for more.
fn said(zone: &Zone, of: Option<&Value<'_>>) -> String {
    let minute = |at: Instant| zone.local(at).format("%Y-%m-%d %H:%M").to_string();
    match of {
        Some(Value::Sanction {
            code,
            measures,
            from,
            until,
        }) => {
            let until = until.map_or_else(String::new, |until| format!(" to {}", minute(until)));
            let (measures, from) = (measures.join(", "), minute(*from));
            format!("{code}: {measures}, {from}{until}")
        }
        Some(Value::Until(Some(until))) => format!("until {}", minute(*until)),
        Some(Value::Duty {
            state,
            late,
            due: Some(due),
        }) => {
            let late = if *late { " late" } else { "" };
            format!("{state}{late}, due {}", minute(*due))
        }
        other => value(other),
    }
}

/// The clause behind a flip: what the rulebook says it comes from, or else its place, and the version.
pub(crate) fn behind(sides: &Sides<'_>, flip: &Flip<'_>) -> String {
    let Some(Clause {
        proposed,
        version,
        path,
        clause,
    }) = sides.clause(flip)
    else {
        return String::new();
    };
    let named = clause.map_or(path, str::to_owned);
    let side = if proposed { "" } else { "before: " };
    format!("{side}{named} ({version})")
}
