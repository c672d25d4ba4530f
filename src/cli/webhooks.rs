//! `standing webhooks …`: who is told of the board's changes by HTTP.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use standing_projections::text::one_line;

use super::Context;
use super::failure::Failure;
use super::output::{Format, table};
use crate::access::{self, Store};
use crate::readmodel::Told;
use crate::webhooks::{DeadLetter, Endpoint, Target, WebhookSecret};

/// How many dead letters are listed.
const LISTED: u32 = 1_000;

/// Say who is told of the plaza's changes by HTTP (Standard Webhooks): `standing serve` tells them
#[derive(Debug, Args)]
pub(super) struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// Add an endpoint and print its secret, which is shown this once
    Add {
        /// Where it is told: `https://…`
        url: String,
        /// Begin after that place (the board's `Standing-Sequence`), and not with the first change
        #[arg(long, value_name = "PLACE")]
        after: Option<Told>,
        /// What it is for
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List the endpoints: how far each is, and what is wrong
    List,
    /// Take an endpoint away with its dead letters
    Remove {
        /// The endpoint's id, as `standing webhooks list` shows it
        id: String,
    },
    /// List what could not be delivered
    Dead {
        /// Of that endpoint only
        id: Option<String>,
    },
    /// Have dead letters sent once more
    Resend {
        /// The endpoint's id
        id: String,
        /// That one only, by its `webhook-id` (default: all of the endpoint)
        letter: Option<Told>,
    },
}

/// An endpoint that was added, as it is printed: the only time that its secret is.
#[derive(Serialize)]
struct Added<'a> {
    secret: &'a str,
    #[serde(flatten)]
    endpoint: Listed<'a>,
}

/// An endpoint as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    endpoint: &'a Endpoint,
    state: &'static str,
}

impl<'a> Listed<'a> {
    const fn of(endpoint: &'a Endpoint) -> Self {
        let state = match (endpoint.ended, endpoint.tried) {
            (Some(_), _) => "ended",
            (None, 0) => "good",
            (None, _) => "failing",
        };
        Self { endpoint, state }
    }
}

pub(super) async fn run(context: &Context, args: WebhooksArgs) -> Result<ExitCode, Failure> {
    // Endpoints are of a ledger, which must be there.
    context.open().await?;
    let store = access::open(&context.location()).await?;
    let done = match args.command {
        WebhooksCommand::Add { url, after, note } => add(context, &store, url, after, note).await,
        WebhooksCommand::List => list(context, &store).await,
        WebhooksCommand::Remove { id } => remove(context, &store, &id).await,
        WebhooksCommand::Dead { id } => dead(context, &store, id.as_deref()).await,
        WebhooksCommand::Resend { id, letter } => resend(context, &store, &id, letter).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn add(
    context: &Context,
    store: &Arc<dyn Store>,
    url: String,
    after: Option<Told>,
    note: String,
) -> Result<(), Failure> {
    let target: Result<Target, _> = url.parse();
    target.map_err(|error| Failure::new(format_args!("`{}`: {error}", one_line(&url))))?;
    let no_chance = |error| Failure::new(format_args!("the system gives no random bytes: {error}"));
    let now = Context::now();
    let endpoint = Endpoint {
        id: access::new_id().map_err(no_chance)?.replacen('t', "w", 1),
        url,
        secret: WebhookSecret::generate().map_err(no_chance)?,
        note,
        created: now,
        ended: None,
        place: after,
        begun_anew: None,
        tried: 0,
        due: now,
        failure: None,
        dead: 0,
        resending: 0,
    };
    store.add_endpoint(&endpoint).await?;
    let secret = endpoint.secret.to_text();
    match context.out.format(Format::Jsonl) {
        Format::Table => context.out.text(&format!("{}\n", secret.as_str()))?,
        format => {
            let added = Added {
                secret: secret.as_str(),
                endpoint: Listed::of(&endpoint),
            };
            context.out.json(format, &[added])?;
        }
    }
    context.out.say(format_args!(
        "webhook `{}` is told by `standing serve`: keep its secret now, it is not shown again",
        endpoint.id
    ));
    if endpoint.url.starts_with("http:") {
        context
            .out
            .hint("without TLS it is told only by `standing serve --webhooks-allow-private`");
    }
    Ok(())
}

async fn list(context: &Context, store: &Arc<dyn Store>) -> Result<(), Failure> {
    let endpoints = store.endpoints().await?;
    if endpoints.is_empty() {
        context.out.say("there is no webhook");
    }
    let listed: Vec<Listed<'_>> = endpoints.iter().map(Listed::of).collect();
    let format = context.out.format(Format::Jsonl);
    if format != Format::Table {
        return context.out.json(format, &listed);
    }
    let mut rows = table(["ID", "URL", "STATE", "TOLD", "TRIED", "DEAD", "WHY", "NOTE"]);
    for Listed { endpoint, state } in &listed {
        let place = endpoint.place.as_ref();
        rows.add_row([
            endpoint.id.clone(),
            one_line(&endpoint.url),
            (*state).to_owned(),
            place.map_or_else(String::new, |place| place.last.to_string()),
            endpoint.tried.to_string(),
            endpoint.dead.to_string(),
            one_line(endpoint.failure.as_deref().unwrap_or_default()),
            one_line(&endpoint.note),
        ]);
    }
    context.out.table(&rows)
}

fn no_such(id: &str) -> Failure {
    Failure::new(format_args!("there is no webhook `{}`", one_line(id)))
        .hint("`standing webhooks list` shows them")
}

/// The endpoint of an id.
async fn find(store: &Arc<dyn Store>, id: &str) -> Result<Endpoint, Failure> {
    let endpoints = store.endpoints().await?;
    let found = endpoints.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| no_such(id))
}

async fn remove(context: &Context, store: &Arc<dyn Store>, id: &str) -> Result<(), Failure> {
    if !store.remove_endpoint(id).await? {
        return Err(no_such(id));
    }
    let message = format_args!("webhook `{id}` is told nothing more");
    context.out.say(message);
    Ok(())
}

async fn dead(context: &Context, store: &Arc<dyn Store>, id: Option<&str>) -> Result<(), Failure> {
    if let Some(id) = id {
        find(store, id).await?;
    }
    let letters = store.dead_letters(id, false, LISTED + 1).await?;
    let letters: Vec<DeadLetter> = letters.into_iter().take(LISTED as usize).collect();
    if letters.is_empty() {
        context.out.say("there is no dead letter");
    }
    let format = context.out.format(Format::Jsonl);
    if format != Format::Table {
        return context.out.json(format, &letters);
    }
    let mut rows = table(["WEBHOOK", "ID", "AT", "WHY", "RESEND"]);
    for letter in &letters {
        rows.add_row([
            letter.webhook.clone(),
            letter.id.to_string(),
            letter.at.to_string(),
            one_line(&letter.failure),
            if letter.resend { "yes" } else { "" }.to_owned(),
        ]);
    }
    context.out.table(&rows)
}

async fn resend(
    context: &Context,
    store: &Arc<dyn Store>,
    id: &str,
    letter: Option<Told>,
) -> Result<(), Failure> {
    let endpoint = find(store, id).await?;
    if endpoint.ended.is_some() {
        return Err(Failure::new(format_args!(
            "webhook `{id}` wants no more: it has answered 410"
        ))
        .hint("remove it, and add it anew after its place"));
    }
    let marked = store.resend(id, letter.as_ref()).await?;
    if marked == 0 {
        return Err(Failure::new("there is no such dead letter")
            .hint(format_args!("`standing webhooks dead {id}` lists them")));
    }
    context.out.say(format_args!(
        "{marked} dead letters are sent once more by `standing serve`"
    ));
    Ok(())
}
