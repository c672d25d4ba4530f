//! `standing bisect`: since when something is so, and what made it so.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use standing_projections::event::Kind;
use standing_projections::questions::{
    self, Bisected, Cause, Condition, ConditionError, Rulebooks, Turn,
};
use standing_projections::rules::Timeline;
use standing_projections::{Instant, Position};

use super::ask::{AskArgs, Question, developer_of};
use super::output::{Format, table};
use super::timeline::{by, what};
use super::{Context, Failure};
use crate::history::Scope;
use crate::ledger::{Ledger, Query};

/// Find the first event, instant or rulebook version that made something so
///
/// A condition is one comparison. `tier <= 1` is of the month at each instant, and 1 is the gravest;
/// `score < 0` and `rank <= 10` are numbers; `status = terminable` and `review = listed` are words;
/// `grade < intermediate` goes by the order of the rulebook's grades; `eligible`, `on_board`, `on_hold`
/// and `key_disabled` are so or not; `measure block_api` is in force. `not` before it turns it
/// round. Where there is no tier or rank, only `= none` and `!=` hold. Of a developer, what is
/// said of an app holds where it does for any of its apps. A rank needs everybody's standing.
#[derive(Debug, Args)]
pub(super) struct BisectArgs {
    /// A developer or an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// The condition, such as 'tier <= 1', 'status = terminated', 'block_api in force'
    #[arg(long, value_name = "CONDITION", allow_hyphen_values = true)]
    when: String,
    /// Ask when it became known, position by position, instead of when it became so
    #[arg(long)]
    by_knowledge: bool,
    #[command(flatten)]
    ask: AskArgs,
}

/// The answer with its question.
#[derive(Debug, Serialize)]
struct Answer<'a, T> {
    subject: &'a str,
    condition: String,
    along: &'static str,
    as_of: Instant,
    known_at: Position,
    #[serde(flatten)]
    found: Bisected<T>,
}

/// An event from which on something was known.
#[derive(Clone, Debug, Serialize)]
struct Known {
    position: Position,
    recordedtime: Option<Instant>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    subject: Option<String>,
    time: Option<Instant>,
}

pub(super) async fn run(context: &Context, args: BisectArgs) -> Result<ExitCode, Failure> {
    let condition: Condition = args
        .when
        .parse()
        .map_err(|error| no_condition(&args.when, error))?;
    let developer = developer_of(&*context.open().await?, &args.subject).await?;
    let scope = if condition.needs_board() {
        Scope::All
    } else {
        Scope::Developers(vec![developer])
    };
    let question = Question::open(context, &args.ask, &scope).await?;
    check_grade(&condition, &question.timeline)?;
    if args.by_knowledge {
        by_knowledge(context, &question, &args, &condition).await?;
    } else {
        by_time(context, &question, &args, &condition)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn no_condition(text: &str, error: ConditionError) -> Failure {
    let failure = Failure::new(format!("`{text}` is no condition: {error}, {}", error.code));
    match error.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A grade that no version has is a slip of the pen: nothing could ever be found.
fn check_grade(condition: &Condition, timeline: &Timeline) -> Result<(), Failure> {
    let Some(grade) = condition.grade() else {
        return Ok(());
    };
    let versions = timeline.versions().iter();
    let mut grades: Vec<&str> = versions
        .flat_map(|rules| rules.book.developers.grades.iter().map(String::as_str))
        .collect();
    if grades.contains(&grade) {
        return Ok(());
    }
    let mut seen = std::collections::BTreeSet::new();
    grades.retain(|grade| seen.insert(*grade));
    let message = format!("no version of the rulebook has the grade `{grade}`: grade.unknown");
    Err(Failure::new(message).hint(format!("the grades are {}", grades.join(", "))))
}

fn by_time(
    context: &Context,
    question: &Question,
    args: &BisectArgs,
    condition: &Condition,
) -> Result<(), Failure> {
    let (developer, subject) = question.subject(&args.subject)?;
    let find = if condition.needs_board() {
        questions::by_time_with_ranks
    } else {
        questions::by_time
    };
    let found = find(
        &question.history,
        developer,
        &question.timeline,
        question.ask,
        subject,
        condition,
    );
    let row = |turn: &Turn<'_>| {
        let changes = turn.changes.iter().map(what);
        let cause = match &turn.cause {
            Cause::Time { events } if events.is_empty() => "time".to_owned(),
            cause => by(cause),
        };
        [
            turn.time.to_string(),
            cause,
            changes.collect::<Vec<_>>().join("; "),
        ]
    };
    let rows = (found.first.as_ref().map(row), found.since.as_ref().map(row));
    let answer = Answer {
        subject: &args.subject,
        condition: condition.to_string(),
        along: "time",
        as_of: question.ask.as_of,
        known_at: question.ask.known_at,
        found,
    };
    print(context, &answer, ["TIME", "BY", "CHANGE"], rows)
}

async fn by_knowledge(
    context: &Context,
    question: &Question,
    args: &BisectArgs,
    condition: &Condition,
) -> Result<(), Failure> {
    let (developer, subject) = question.subject(&args.subject)?;
    let rulebooks = if args.ask.rules.is_empty() {
        Rulebooks::of(&question.history, question.ask.known_at)?
    } else {
        Rulebooks::fixed(&question.timeline)
    };
    let find = if condition.needs_board() {
        questions::by_knowledge_with_ranks
    } else {
        questions::by_knowledge
    };
    let found = find(
        &question.history,
        developer,
        &rulebooks,
        question.ask,
        subject,
        condition,
    );
    let first = known(question.ledger()?, found.first).await?;
    let since = known(question.ledger()?, found.since).await?;
    let row = |known: &Known| {
        let at = |at: Option<Instant>| at.map_or_else(String::new, |at| at.to_string());
        let kind = known.kind.map_or_else(String::new, |kind| kind.to_string());
        [
            known.position.to_string(),
            at(known.recordedtime),
            kind,
            known.subject.clone().unwrap_or_default(),
            at(known.time),
        ]
    };
    let rows = (first.as_ref().map(row), since.as_ref().map(row));
    let answer = Answer {
        subject: &args.subject,
        condition: condition.to_string(),
        along: "knowledge",
        as_of: question.ask.as_of,
        known_at: question.ask.known_at,
        found: Bisected {
            holds: found.holds,
            first,
            since,
            times: found.times,
        },
    };
    let head = ["POSITION", "RECORDED", "TYPE", "SUBJECT", "TIME"];
    print(context, &answer, head, rows)
}

/// What the ledger has of the event at a position.
async fn known(ledger: &dyn Ledger, at: Option<Position>) -> Result<Option<Known>, Failure> {
    let Some(position) = at else {
        return Ok(None);
    };
    let query = Query {
        after: Position(position.0.saturating_sub(1)),
        up_to: at,
        limit: 1,
        ..Query::default()
    };
    let stored = ledger.read(&query).await?.into_iter().next();
    Ok(Some(Known {
        position,
        recordedtime: stored.as_ref().map(|stored| stored.recordedtime),
        kind: stored.as_ref().map(|stored| stored.kind),
        time: stored.as_ref().map(|stored| stored.time),
        subject: stored.map(|stored| stored.subject),
    }))
}

fn print<T: Serialize, const N: usize>(
    context: &Context,
    answer: &Answer<'_, T>,
    head: [&str; N],
    (first, since): (Option<[String; N]>, Option<[String; N]>),
) -> Result<(), Failure> {
    match context.out.format(Format::Json) {
        Format::Table => {}
        Format::Json => {
            let text = serde_json::to_string_pretty(answer)?;
            return context.out.text(&format!("{text}\n"));
        }
        Format::Jsonl => {
            return context
                .out
                .text(&format!("{}\n", serde_json::to_string(answer)?));
        }
    }
    let Some(first) = first else {
        let never = format!("`{}` never held of {}\n", answer.condition, answer.subject);
        return context.out.text(&never);
    };
    let mut rows = table([""]);
    rows.set_header(["SO"].into_iter().chain(head));
    let mut add = |label: &str, cells: [String; N]| {
        rows.add_row(std::iter::once(label.to_owned()).chain(cells));
    };
    add("first", first);
    if let Some(since) = since {
        add("since", since);
    }
    context.out.table(&rows)?;
    let times = match answer.found.times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let now = if answer.found.holds {
        "and holds at the end"
    } else {
        "and does not hold at the end"
    };
    let line = format!("it began to hold {times}, {now}\n");
    context.out.text(&line)
}
