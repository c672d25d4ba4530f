//! Publishing what was reviewed: a plan's versions, as long as its answer is still the same.
//!
//! The plan's question is asked again at the log's end, and its versions are appended under the condition
//! that the log still ends there. Where it does not, what came is taken in and the question asked anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::ThreadPool;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use standing_projections::facts::History;
use standing_projections::text::one_line;
use standing_projections::{Instant, Position, Rulebook};

use crate::cli::failure::Failure;
use crate::cli::whatif::ask;
use crate::cli::{Context, snapshot};
use crate::history::published::label;
use crate::history::{self, Scope};
use crate::intake::{Intake, publish_at};
use crate::ledger::Ledger;
use crate::proof::hash_to_text;
use crate::proof::log::tree_head;
use crate::whatif::report::{differences, summaries};
use crate::whatif::{Answer, Ground, Held, PLAN_BYTES_MAX, Plan, known, sides};

/// How often a plan is judged anew where events come while it is.
const TRIES: u32 = 20;
/// How many differences and developers a refusal names.
const NAMED: usize = 5;

/// Reads a plan and its rulebooks.
pub(super) fn read(path: &Path) -> Result<(Plan, Vec<Rulebook>), Failure> {
    let name = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(PLAN_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::new(format!("`{name}` cannot be read: {error}")))?;
    Plan::read(&bytes).map_err(|error| {
        Failure::new(format!("`{name}`: {error}"))
            .hint("write a plan with `standing whatif --rules FILE -o PLAN`")
    })
}

/// Why a plan is of no use any more.
pub(super) fn published_already(book: &Rulebook, positions: &HashMap<String, Position>) -> Failure {
    let name = label(book);
    let position = positions.get(&name).copied().unwrap_or_default();
    Failure::new(format!(
        "`{name}` was published already, at position {position}: the plan is of no use any more"
    ))
}

/// Publishes a plan's versions; their positions.
pub(super) async fn publish(
    context: &Context,
    ledger: &dyn Ledger,
    intake: &mut Intake,
    plan: &Plan,
    books: &[Rulebook],
    pool: &ThreadPool,
) -> Result<Vec<Position>, Failure> {
    let mut end = ledger.head().await?.position;
    same_log(ledger, plan, end).await?;
    let mut history = snapshot::history(context, ledger, &Scope::All, end).await?;
    let held = known(&history, plan.log.known_at)?;
    if !held
        .iter()
        .map(|(at, book)| Held::of(*at, book))
        .eq(plan.baseline.iter().cloned())
    {
        let message =
            "the plan is compared with other versions than the ledger knew: it was changed";
        return Err(Failure::new(message));
    }
    genuine(context, plan, books, pool, &history)?;
    let texts: Vec<&str> = books.iter().map(|book| book.text.as_str()).collect();
    for _ in 0..TRIES {
        judge(context, plan, books, pool, &history, end)?;
        if let Some(positions) = publish_at(intake, &texts, end).await? {
            context.out.say(format_args!(
                "the answer at @{end} is the one reviewed at @{}; the plan's sha256 is {}",
                plan.log.known_at, plan.sha256
            ));
            if let Some(last) = plan.question.as_of.iter().max() {
                context.out.say(format_args!(
                    "reviewed as of {last}; what happened later was not asked about"
                ));
            }
            if let Some(month) = plan.question.from {
                context.out.say(format_args!(
                    "reviewed as from {month}; each version takes effect from its own date"
                ));
            }
            return Ok(positions);
        }
        end = ledger.head().await?.position;
        history::catch_up(ledger, &mut history, end).await?;
    }
    let message = format!("events kept coming while the plan was judged, {TRIES} times; try again");
    Err(Failure::new(message))
}

/// Refuses a plan whose answer, or its summary for people, is not what its own question gives.
fn genuine(
    context: &Context,
    plan: &Plan,
    books: &[Rulebook],
    pool: &ThreadPool,
    history: &History,
) -> Result<(), Failure> {
    let then = ground(plan, books, history, plan.log.known_at)?;
    let answer = ask(context, &then, pool, Some(|_: &[u8]| Ok(())))?;
    let changed = |what: &str| {
        Failure::new(format!(
            "the plan's {what} is not the one that this program gives to its question"
        ))
        .hint("review it anew with `standing whatif`")
    };
    if answer.sha256.as_ref() != Some(&plan.outcome.sha256) {
        return Err(changed("answer"));
    }
    let summaries = summaries(&then, &answer, false)?.into_iter();
    let told: Vec<_> = summaries
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()?;
    match told == plan.outcome.summary {
        true => Ok(()),
        false => Err(changed("summary")),
    }
}

/// Refuses a log that does not begin as the plan's.
async fn same_log(ledger: &dyn Ledger, plan: &Plan, end: Position) -> Result<(), Failure> {
    let known_at = plan.log.known_at;
    let other = |why: String| {
        Failure::new(format!("the plan was made on another log: {why}"))
            .hint("name the ledger it was made on with `--ledger`, or review it on this one")
    };
    if known_at > end {
        return Err(other(format!(
            "it knows position {known_at}, and this one ends at {end}"
        )));
    }
    let head = tree_head(ledger, known_at.0).await.map_err(Failure::new)?;
    if hash_to_text(head.root) != plan.log.root {
        return Err(other(format!(
            "this one has other events up to position {known_at}"
        )));
    }
    Ok(())
}

/// Asks the plan's question at the log's end, and refuses where the answer is not the one reviewed.
fn judge(
    context: &Context,
    plan: &Plan,
    books: &[Rulebook],
    pool: &ThreadPool,
    history: &History,
    end: Position,
) -> Result<(), Failure> {
    let now = ground(plan, books, history, end)?;
    let answer = ask(context, &now, pool, Some(|_: &[u8]| Ok(())))?;
    if answer.sha256.as_ref() == Some(&plan.outcome.sha256) {
        return Ok(());
    }
    let known_at = plan.log.known_at;
    let then = ground(plan, books, history, known_at)?;
    let (was, old) = fingerprints(context, pool, &then)?;
    let (is, new) = fingerprints(context, pool, &now)?;
    let mut failure = Failure::new(format!(
        "the log went on from @{known_at} to @{end}, and the answer is not the one that was reviewed; \
         nothing is published"
    ));
    for (position, book) in known(history, end)? {
        if position > known_at {
            let name = label(&book);
            let since = format_args!("`{name}` was published since, at position {position}");
            failure = failure.hint(since);
        }
    }
    let both = was.at.iter().zip(&is.at);
    let counted: Vec<String> = both.flat_map(|(was, is)| differences(was, is)).collect();
    for difference in some(&counted) {
        failure = failure.hint(difference);
    }
    let hit: BTreeSet<&Hit> = old.keys().chain(new.keys()).collect();
    let others = hit.into_iter().filter(|hit| old.get(hit) != new.get(hit));
    let others: Vec<String> = others
        .map(|hit| format!("`{}` is hit otherwise", one_line(&hit.developer)))
        .collect();
    for developer in some(&others) {
        failure = failure.hint(developer);
    }
    Err(failure.hint("review it anew with `standing whatif`"))
}

/// The first of a list, and how many there are more.
fn some(all: &[String]) -> Vec<String> {
    let mut named: Vec<String> = all.iter().take(NAMED).cloned().collect();
    if all.len() > NAMED {
        named.push(format!("and {} more", all.len() - NAMED));
    }
    named
}

/// Whose line it is.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Hit {
    as_of: Instant,
    developer: String,
    what: String,
}

/// An answer, and of each line of it who is hit and a digest.
fn fingerprints<'a>(
    context: &Context,
    pool: &ThreadPool,
    ground: &'a Ground<'_>,
) -> Result<(Answer<'a>, BTreeMap<Hit, [u8; 32]>), Failure> {
    let mut found = BTreeMap::new();
    let line = |line: &[u8]| {
        // The question's own line is nobody's.
        if let Ok(hit) = serde_json::from_slice::<Hit>(line)
            && hit.what == "developer"
        {
            found.insert(hit, Sha256::digest(line).into());
        }
        Ok(())
    };
    let answer = ask(context, ground, pool, Some(line))?;
    Ok((answer, found))
}

/// What a plan asks, at a position.
fn ground<'h>(
    plan: &Plan,
    books: &[Rulebook],
    history: &'h History,
    known_at: Position,
) -> Result<Ground<'h>, Failure> {
    let baseline = known(history, known_at)?;
    let from = plan.question.from;
    let (before, after) = sides(&baseline, books, from, history.names()).map_err(Failure::new)?;
    Ok(Ground {
        history,
        before,
        after,
        from,
        as_of: plan.question.as_of.clone(),
        known_at,
        top: 0,
    })
}
