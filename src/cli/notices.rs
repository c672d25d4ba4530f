//! `standing notices`: what developers are told, as letters and as statements of reasons.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use standing_projections::rulebook::Lang;
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Ask, Zone};

use super::ask::{AskArgs, Question, developer_of};
use super::output::{Format, FormatArg, table};
use super::{Context, Failure};
use crate::history::{KnownAt, Scope};
use crate::notices::{self, Correction, Notice, Statement, Told};

/// Print what developers are told: of each sanction, downgrade and termination
///
/// A notice has the facts and events, the clauses and their edition, the measures with their dates, what is
/// to be done by when, and how to appeal. `--format text` prints the letters, `--format sor` statements of
/// reasons in the fields of the EU's transparency database, a batch of at most 100 a line.
#[derive(Debug, Args)]
pub(super) struct NoticesArgs {
    /// A developer or an app (default: everybody)
    #[arg(value_name = "SUBJECT")]
    subject: Option<String>,
    /// Only notices that were not there when the log was known up to then: an instant, or a position as
    /// `@1234`
    #[arg(long, value_name = "K", value_parser = KnownAt::parse)]
    since: Option<KnownAt>,
    /// Instead of notices, corrections of those there were then: what fell away or changed since
    #[arg(long, value_name = "K", value_parser = KnownAt::parse, conflicts_with = "since")]
    corrections_since: Option<KnownAt>,
    // It stands in the place of the global one, by the same id.
    /// How to print: a table on a terminal, JSON lines otherwise
    #[arg(long, value_name = "FORMAT", value_parser = FormatArg::notices())]
    format: Option<FormatArg>,
    #[command(flatten)]
    ask: AskArgs,
}

/// How notices are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A notice a row
    Table,
    /// Letters
    Text,
    /// One JSON document
    Json,
    /// A JSON document a line
    Jsonl,
    /// Statements of reasons, a batch of at most 100 a line
    Sor,
}

pub(super) async fn run(context: &Context, args: NoticesArgs) -> Result<ExitCode, Failure> {
    let form = match args.format {
        Some(FormatArg::Notices(form)) => form,
        _ => match context.out.format(Format::Jsonl) {
            Format::Table => Form::Table,
            Format::Json => Form::Json,
            Format::Jsonl => Form::Jsonl,
        },
    };
    let scope = match &args.subject {
        Some(subject) => {
            Scope::Developers(vec![developer_of(&*context.open().await?, subject).await?])
        }
        None => Scope::All,
    };
    let question = Question::open(context, &args.ask, &scope).await?;
    if let Some(subject) = &args.subject {
        question.subject(subject)?;
    }
    let lang = match form {
        // The database's statements are in one language.
        Form::Sor => Lang::En,
        _ => context.lang,
    };
    let mut told = match (args.since, args.corrections_since) {
        (None, None) => Found::Notices(all(&question, lang).await?),
        (Some(since), _) => {
            let before = Before::open(&question, since, !args.ask.rules.is_empty()).await?;
            Found::Notices(new(&question, &before, lang).await?)
        }
        (_, Some(since)) => {
            let before = Before::open(&question, since, !args.ask.rules.is_empty()).await?;
            Found::Corrections(corrected(&question, &before, lang).await?)
        }
    };
    if let Some(subject) = &args.subject {
        told.of(subject);
    }
    let zone = question.timeline.zone();
    match told {
        Found::Notices(notices) => {
            let letter = |notice: &Notice| notice.letter(zone, lang);
            let statement = |notice: &Notice| notice.statement(zone);
            let rows = |notices: &[Notice]| print(context, notices, zone);
            show(context, form, &notices, (letter, statement, rows))?;
        }
        Found::Corrections(corrections) => {
            let letter = |one: &Correction| one.letter(zone, lang);
            let statement = |one: &Correction| one.statement(zone);
            let rows = |all: &[Correction]| print_corrections(context, all);
            show(context, form, &corrections, (letter, statement, rows))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for.
enum Found {
    Notices(Vec<Notice>),
    Corrections(Vec<Correction>),
}

impl Found {
    /// Only what concerns a developer, or is about that app.
    fn of(&mut self, subject: &str) {
        let mine =
            |notice: &Notice| notice.developer == subject || notice.app.as_deref() == Some(subject);
        match self {
            Self::Notices(notices) => notices.retain(mine),
            Self::Corrections(corrections) => corrections.retain(|one| mine(&one.told)),
        }
    }
}

/// An earlier state of the log.
struct Before {
    ask: Ask,
    /// None, where there were no rules yet.
    timeline: Option<Timeline>,
}

impl Before {
    async fn open(question: &Question, since: KnownAt, rules: bool) -> Result<Self, Failure> {
        let ask = notices::earlier(question.ledger()?, since, question.ask).await?;
        let known_at = question.ask.known_at;
        let later = || Failure::new(format!("what is asked of ends at position {known_at}"));
        let ask = ask.ok_or_else(|| later().hint("compare with an earlier position"))?;
        let timeline = match rules {
            true => question.timeline.read_in(&question.history).map(Some),
            false => match Timeline::known(&question.history, ask.known_at) {
                Err(RulesError::None) => Ok(None),
                known => known.map(Some),
            },
        };
        Ok(Self {
            ask,
            timeline: timeline?,
        })
    }
}

fn asked<'a>(
    question: &'a Question,
    before: Option<(Ask, &'a Timeline)>,
    lang: Lang,
) -> Result<notices::Asked<'a>, Failure> {
    let (ask, timeline) = before.unwrap_or((question.ask, &question.timeline));
    Ok(notices::Asked {
        ledger: question.ledger()?,
        names: question.history.names(),
        timeline,
        ask,
        lang,
    })
}

async fn all(question: &Question, lang: Lang) -> Result<Vec<Notice>, Failure> {
    let now = asked(question, None, lang)?;
    let mut all = Vec::new();
    for developer in question.history.developers() {
        let found = now.of(developer).await?;
        all.extend(found.into_iter().flat_map(|found| found.notices));
    }
    Ok(all)
}

async fn new(question: &Question, before: &Before, lang: Lang) -> Result<Vec<Notice>, Failure> {
    let Some(timeline) = &before.timeline else {
        return all(question, lang).await;
    };
    let now = asked(question, None, lang)?;
    let before = asked(question, Some((before.ask, timeline)), lang)?;
    let mut new = Vec::new();
    for developer in question.history.developers() {
        new.extend(now.new_since(&before, developer).await?);
    }
    Ok(new)
}

async fn corrected(
    question: &Question,
    before: &Before,
    lang: Lang,
) -> Result<Vec<Correction>, Failure> {
    let Some(timeline) = &before.timeline else {
        return Ok(Vec::new());
    };
    let now = asked(question, None, lang)?;
    let before = asked(question, Some((before.ask, timeline)), lang)?;
    let mut corrections = Vec::new();
    for developer in question.history.developers() {
        corrections.extend(now.corrections_since(&before, developer).await?);
    }
    Ok(corrections)
}

fn show<T: Serialize>(
    context: &Context,
    form: Form,
    all: &[T],
    (letter, statement, rows): (
        impl Fn(&T) -> String,
        impl Fn(&T) -> Option<Statement>,
        impl Fn(&[T]) -> Result<(), Failure>,
    ),
) -> Result<(), Failure> {
    let told = || {
        let each = all.iter().map(|told| Told {
            told,
            text: letter(told),
        });
        each.collect::<Vec<_>>()
    };
    match form {
        Form::Table if all.is_empty() => context.out.say("nothing is to be told"),
        Form::Table => rows(all)?,
        Form::Text => {
            let letters: Vec<String> = all.iter().map(letter).collect();
            context.out.text(&letters.join("\n----\n\n"))?;
        }
        Form::Json => context.out.json(Format::Json, &told())?,
        Form::Jsonl => context.out.json(Format::Jsonl, &told())?,
        Form::Sor => {
            let statements: Vec<Statement> = all.iter().filter_map(statement).collect();
            let unstated = all.len() - statements.len();
            if unstated > 0 {
                context.out.say(format_args!(
                    "{unstated} restrict nothing, such as a warning alone, and have no statement"
                ));
            }
            let batches = notices::batches(&statements);
            context.out.json(Format::Jsonl, &batches)?;
        }
    }
    Ok(())
}

fn print(context: &Context, notices: &[Notice], zone: &Zone) -> Result<(), Failure> {
    let mut table = table(["AT", "DEVELOPER", "APP", "NOTICE", "FOLLOWS", "DUE"]);
    for notice in notices {
        let what = match &notice.violation {
            Some(violation) => format!("{} (level {})", violation.code, violation.level),
            None => format!("{} in {}", notice.kind, notice.month),
        };
        let mut measures: Vec<&str> = Vec::new();
        for applied in &notice.measures {
            if !measures.contains(&applied.measure.as_str()) {
                measures.push(applied.measure.as_str());
            }
        }
        let mut follows = measures.join(", ");
        if let Some(fall) = &notice.grade {
            let to = fall.to.as_deref().unwrap_or(&fall.from);
            follows = format!("{} → {to}", fall.from);
        }
        let due = notice.duties.iter().filter_map(|duty| duty.due).min();
        table.add_row([
            zone.show(notice.at),
            notice.developer.clone(),
            notice.app.clone().unwrap_or_default(),
            what,
            follows,
            due.map_or_else(String::new, |due| zone.show(due)),
        ]);
    }
    context.out.table(&table)
}

fn print_corrections(context: &Context, corrections: &[Correction]) -> Result<(), Failure> {
    let mut table = table(["DEVELOPER", "NOTICE", "NOW", "TAKEN BACK"]);
    for correction in corrections {
        let because = correction.because.iter();
        let because = because.map(|one| format!("@{} by @{}", one.event, one.by));
        table.add_row([
            correction.told.developer.clone(),
            correction.id.clone(),
            match correction.now {
                Some(_) => "changed".to_owned(),
                None => "withdrawn".to_owned(),
            },
            because.collect::<Vec<_>>().join(", "),
        ]);
    }
    context.out.table(&table)
}
