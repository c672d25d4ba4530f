//! `standing forecast`: what one more event would do now, and what time brings by itself.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use standing_projections::event::Kind;
use standing_projections::questions::{self, Coming};
use standing_projections::{Ask, Instant};

use super::ask::{AskArgs, Question, developer_of};
use super::output::{Format, table};
use super::timeline::{by, what};
use super::{Context, Failure};
use crate::history::Scope;
use crate::words::{field, value};

/// How far ahead it looks, in days, where nothing else is said.
const DAYS: i64 = 90;

/// Tell what is next: what one more event would do, and what time brings
///
/// One more complaint of each class, one more outage day and one more violation of each level (the
/// first of that level in the catalogue of the month) are imagined at the instant asked about,
/// and the answer with each is held against the answer without. Where that day is an outage day
/// already, the next one is imagined. What is known to happen after the instant is left out.
#[derive(Debug, Args)]
pub(super) struct ForecastArgs {
    /// A developer or an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// How far to look (default: 90 days after `--as-of`)
    #[arg(long, value_name = "T")]
    until: Option<Instant>,
    #[command(flatten)]
    ask: AskArgs,
}

/// One more event, and what it would change.
#[derive(Debug, Serialize)]
struct If {
    what: &'static str,
    app: String,
    #[serde(rename = "type")]
    kind: Kind,
    event: String,
    at: Instant,
    changes: Vec<Box<RawValue>>,
    #[serde(skip)]
    shown: Vec<String>,
}

/// A row of the answer: one more of something, or what comes.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Row<'a> {
    If(If),
    Coming(Coming<'a>),
}

pub(super) async fn run(context: &Context, args: ForecastArgs) -> Result<ExitCode, Failure> {
    let developer = developer_of(&*context.open().await?, &args.subject).await?;
    let scope = Scope::Developers(vec![developer]);
    let question = Question::open(context, &args.ask, &scope).await?;
    question.subject(&args.subject)?;
    let Ask { as_of, .. } = question.ask;
    let until = args.until.unwrap_or_else(|| as_of.plus_days(DAYS));
    if until < as_of {
        let message = format!("`--until {until}` is before the instant asked about, {as_of}");
        return Err(Failure::new(message).hint("give a later one, or an earlier `--as-of`"));
    }
    let forecast = questions::forecast(&question.history, &question.timeline, question.ask)?;
    let mut rows = Vec::new();
    for what_if in forecast.what_if(&args.subject)? {
        let changes = what_if.changes();
        let json = changes.iter().map(serde_json::value::to_raw_value);
        rows.push(Row::If(If {
            what: "if",
            kind: what_if.hypothesis.kind(),
            event: what_if.hypothesis.to_string(),
            at: what_if.at,
            changes: json.collect::<Result<_, _>>()?,
            shown: changes.iter().map(what).collect(),
            app: what_if.app.clone(),
        }));
    }
    let coming = forecast.coming(&args.subject, until);
    rows.extend(coming.into_iter().map(Row::Coming));
    for level in forecast.levels_without_code() {
        let rules = forecast.rules_of_month();
        let none = format_args!("the rules of the month ({rules}) have no violation of");
        context.out.say(format_args!("{none} level {level}"));
    }
    match context.out.format(Format::Json) {
        Format::Table => print(context, &rows, until)?,
        format => context.out.json(format, &rows)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(context: &Context, rows: &[Row<'_>], until: Instant) -> Result<(), Failure> {
    let mut ifs = table(["APP", "ONE MORE", "WOULD CHANGE"]);
    let mut coming = table(["TIME", "SUBJECT", "WHAT", "FROM", "TO", "BY"]);
    for row in rows {
        match row {
            Row::If(one) => {
                let mut label = [one.app.clone(), one.event.clone()];
                if one.shown.is_empty() {
                    ifs.add_row(label.iter().map(String::as_str).chain(["nothing"]));
                }
                for change in &one.shown {
                    let label = std::mem::take(&mut label);
                    ifs.add_row(label.iter().map(String::as_str).chain([change.as_str()]));
                }
            }
            Row::Coming(Coming::Month { time, month }) => {
                let cells = [
                    time.to_string(),
                    String::new(),
                    format!("month {month} begins"),
                ];
                coming.add_row(cells);
            }
            Row::Coming(Coming::Change(change)) => {
                coming.add_row([
                    change.time.to_string(),
                    change.subject().to_owned(),
                    field(&change.key.field),
                    value(change.from.as_ref()),
                    value(change.to.as_ref()),
                    by(&change.cause),
                ]);
            }
        }
    }
    context.out.table(&ifs)?;
    if coming.is_empty() {
        return context
            .out
            .text(&format!("\nnothing comes by itself until {until}\n"));
    }
    context
        .out
        .text(&format!("\nby itself, until {until}:\n"))?;
    context.out.table(&coming)
}
