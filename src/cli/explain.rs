//! `standing explain`: why a standing is what it is, down to the events and the clauses.

use std::process::ExitCode;

use clap::Args;
use standing_projections::LocalMonth;
use standing_projections::explain::{self, Subject};

use super::ask::{AskArgs, Question, developer_of, not_registered};
use super::output::Format;
use super::{Context, Failure};
use crate::history::{Scope, explained};

/// Explain why a developer or an app stands as it does
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A developer or an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// Only what happened in this local month, such as 2014-05
    #[arg(long, value_name = "M")]
    month: Option<LocalMonth>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(super) async fn run(context: &Context, args: ExplainArgs) -> Result<ExitCode, Failure> {
    let developer = developer_of(&*context.open().await?, &args.subject).await?;
    let scope = Scope::Developers(vec![developer]);
    let question = Question::open(context, &args.ask, &scope).await?;
    let standings = question.standings();
    let registered = standings.first().filter(|standing| {
        standing.developer == args.subject
            || standing.apps.iter().any(|app| app.app == args.subject)
    });
    let standing = registered.ok_or_else(|| not_registered(&args.subject))?;
    let asked = explain::Question {
        standing,
        timeline: &question.timeline,
        subject: if standing.developer == args.subject {
            Subject::Developer
        } else {
            Subject::App(&args.subject)
        },
        month: args.month,
        lang: context.lang,
    };
    let graph = explained(question.ledger()?, &asked, |note| note).await?;
    match context.out.format(Format::Json) {
        Format::Table => context.out.text(&explain::tree(&graph).to_string())?,
        Format::Json => {
            context
                .out
                .text(&format!("{}\n", serde_json::to_string_pretty(&graph)?))?;
        }
        Format::Jsonl => context
            .out
            .text(&format!("{}\n", serde_json::to_string(&graph)?))?,
    }
    Ok(ExitCode::SUCCESS)
}
