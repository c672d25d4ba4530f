//! `standing tokens …`: who may use the service.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use standing_projections::Instant;
use standing_projections::text::one_line;
use standing_projections::time::parse_date;

use super::Context;
use super::failure::Failure;
use super::output::{Format, table};
use crate::access::{self, REVOKED_AFTER, Role, Secret, Store, Token, TokenLimits};

/// The most that may be said of a body's bytes: a body is read into memory.
const BODY_MAX: u64 = 1 << 30;

/// Say who may use the service: make tokens, list them, take them back
#[derive(Debug, Args)]
pub(super) struct TokensArgs {
    #[command(subcommand)]
    command: TokensCommand,
}

#[derive(Debug, Subcommand)]
enum TokensCommand {
    /// Make a token and print it: it is shown this once, and kept only as its hash
    New(NewArgs),
    /// List the tokens; what each is, not the token
    List,
    /// Take a token back: when this is done, no instance of the service lets it in
    Revoke {
        /// The token's id, as `standing tokens list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
struct NewArgs {
    /// What whoever shows it is: recorder, reviewer, approver, rule-maker, auditor, consumer, developer
    #[arg(long)]
    role: Role,
    /// The developer that it is for, where the role is `developer`
    #[arg(
        long,
        value_name = "ID",
        required_if_eq("role", "developer"),
        value_parser = named
    )]
    developer: Option<String>,
    /// What events that come with it carry as `actor`: a pseudonymous id (default: the token's id)
    #[arg(long, value_name = "ID", value_parser = named)]
    actor: Option<String>,
    /// When it ends: after so many days, as `90d`, or at a date (0:00 UTC) or an instant
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// How many requests a second it is good for (default: what the service gives everybody)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// The most bytes of a body that it is good for, streams apart (default: what the service gives everybody)
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=BODY_MAX))]
    body_max: Option<u64>,
    /// How many seconds its requests may take, streams apart (default: what the service gives everybody)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    time_max: Option<u32>,
    /// What it is for
    #[arg(long, default_value = "")]
    note: String,
}

/// When a token ends.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    Days(i64),
    At(Instant),
}

impl Expiry {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(days) = text.strip_suffix('d') {
            let days = days.parse().ok().filter(|days| (1..=36_500).contains(days));
            return days
                .map(Self::Days)
                .ok_or_else(|| "days are 1d to 36500d".to_owned());
        }
        let date = parse_date(text).map(|date| format!("{date}T00:00:00Z"));
        let at = date.as_deref().unwrap_or(text).parse();
        at.map(Self::At).map_err(|_| {
            "it is none of days (`90d`), a date (`2027-01-31`) and an instant".to_owned()
        })
    }
}

/// An id, which holds something.
fn named(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A token that was made, as it is printed: the only time that it is.
#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    #[serde(flatten)]
    of: &'a Token,
}

/// A token as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    token: &'a Token,
    state: &'static str,
}

pub(super) async fn run(context: &Context, args: TokensArgs) -> Result<ExitCode, Failure> {
    // Tokens are of a ledger, which must be there.
    context.open().await?;
    let store = access::open(&context.location()).await?;
    let done = match args.command {
        TokensCommand::New(args) => new(context, &store, args).await,
        TokensCommand::List => list(context, &store).await,
        TokensCommand::Revoke { id } => revoke(context, &store, &id).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn new(context: &Context, store: &Arc<dyn Store>, args: NewArgs) -> Result<(), Failure> {
    if args.role != Role::Developer && args.developer.is_some() {
        let message = format!(
            "a token for one developer has the role `developer`, not `{}`",
            args.role
        );
        return Err(Failure::new(message));
    }
    let now = Context::now();
    let expires = args.expires.map(|expires| match expires {
        Expiry::Days(days) => now.plus_days(days),
        Expiry::At(at) => at,
    });
    if expires.is_some_and(|expires| expires <= now) {
        return Err(Failure::new("the token would end before it begins")
            .hint("give `--expires` a time that is still to come"));
    }
    let (mut token, secret) = generate(args.role)?;
    if let Some(actor) = args.actor {
        token.actor = actor;
    }
    token.subject = args.developer;
    token.note = args.note;
    token.limits = TokenLimits {
        rate: args.rate,
        body_max: args.body_max,
        time_max: args.time_max,
    };
    token.expires = expires;
    store.add(&token, &secret.hash()).await?;
    match context.out.format(Format::Jsonl) {
        Format::Table => context.out.text(&format!("{}\n", secret.as_str()))?,
        format => {
            let made = Made {
                token: secret.as_str(),
                of: &token,
            };
            context.out.json(format, &[made])?;
        }
    }
    context.out.say(format_args!(
        "token `{}` of role {}: keep it now, it is not shown again",
        token.id, token.role
    ));
    Ok(())
}

/// A new token of a role, with its id as its actor, and what is shown once of it. It is kept nowhere yet.
pub(super) fn generate(role: Role) -> Result<(Token, Secret), Failure> {
    let no_chance = |error| Failure::new(format_args!("the system gives no random bytes: {error}"));
    let id = access::new_id().map_err(no_chance)?;
    let secret = Secret::generate().map_err(no_chance)?;
    let token = Token {
        actor: id.clone(),
        id,
        role,
        subject: None,
        note: String::new(),
        limits: TokenLimits::default(),
        created: Context::now(),
        expires: None,
        revoked: None,
    };
    Ok((token, secret))
}

async fn list(context: &Context, store: &Arc<dyn Store>) -> Result<(), Failure> {
    let tokens = store.tokens().await?;
    let now = Context::now();
    let listed: Vec<Listed<'_>> = tokens
        .iter()
        .map(|token| Listed {
            token,
            state: state(token, now),
        })
        .collect();
    if tokens.is_empty() {
        context.out.say("there is no token");
        context
            .out
            .hint("make one with `standing tokens new --role auditor`");
    }
    let format = context.out.format(Format::Jsonl);
    if format != Format::Table {
        return context.out.json(format, &listed);
    }
    let mut table = table([
        "ID",
        "ROLE",
        "DEVELOPER",
        "ACTOR",
        "STATE",
        "EXPIRES",
        "NOTE",
    ]);
    for Listed { token, state } in &listed {
        table.add_row([
            token.id.clone(),
            token.role.to_string(),
            one_line(token.subject.as_deref().unwrap_or_default()),
            one_line(&token.actor),
            (*state).to_owned(),
            token
                .expires
                .map(|expires| expires.to_string())
                .unwrap_or_default(),
            one_line(&token.note),
        ]);
    }
    context.out.table(&table)
}

fn state(token: &Token, now: Instant) -> &'static str {
    match token.revoked {
        Some(_) => "revoked",
        None if token.is_good_at(now) => "good",
        None => "expired",
    }
}

async fn revoke(context: &Context, store: &Arc<dyn Store>, id: &str) -> Result<(), Failure> {
    let revoked = store.revoke(id, Context::now()).await?;
    let Some(token) = revoked else {
        return Err(Failure::new(format_args!("there is no token `{id}`"))
            .hint("`standing tokens list` shows them; the id is not the token"));
    };
    // Until then an instance may still believe what it was told of the token before.
    tokio::time::sleep(REVOKED_AFTER).await;
    let format = context.out.format(Format::Jsonl);
    if format != Format::Table {
        let state = state(&token, Context::now());
        let token = &token;
        context.out.json(format, &[Listed { token, state }])?;
    }
    context
        .out
        .say(format_args!("token `{id}` lets nobody in any more"));
    Ok(())
}
