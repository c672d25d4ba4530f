//! The command line: one file per command, data on stdout, messages on stderr.
//!
//! It parses what was typed, asks the parts below, and prints. Exit codes: 0 done, 1 failed,
//! 2 some events were refused.

mod ask;
mod assess;
mod audit;
mod bisect;
mod bundle;
mod checkpoint;
mod decide;
mod demo;
mod erase;
mod explain;
mod export;
mod failure;
mod forecast;
mod import;
mod init;
mod keys;
mod moving;
mod new_file;
mod notices;
mod openapi;
mod output;
mod plaza;
mod prove;
mod readmodel;
mod recompute;
mod record;
mod retract;
mod rules;
mod serve;
mod show;
mod snapshot;
mod tiles;
mod timeline;
mod tokens;
mod verify;
mod webhooks;
mod whatif;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use standing_projections::Instant;
use standing_projections::rulebook::Lang;

use crate::ledger::{Ledger, Location, OpenMode, Options};
use failure::Failure;
use output::{FormatArg, Out};

/// An event-sourced reputation ledger for the developers of an open platform.
#[derive(Debug, Parser)]
#[command(name = "standing", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The ledger: a SQLite file, or the URL of a PostgreSQL database
    #[arg(
        long,
        global = true,
        env = "STANDING_LEDGER",
        default_value = "standing.db",
        value_name = "PATH-or-URL"
    )]
    ledger: String,
    /// Begin questions of everybody with this snapshot (`standing snapshot` makes one)
    #[arg(long, global = true, env = "STANDING_SNAPSHOT", value_name = "DIR")]
    snapshot: Option<PathBuf>,
    /// How to print: a table on a terminal, JSON otherwise
    #[arg(long, global = true, value_name = "FORMAT", value_parser = FormatArg::printed())]
    format: Option<FormatArg>,
    /// When to use colour (NO_COLOR is heeded)
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    color: ColorWhen,
    /// The language of titles and explanations
    #[arg(long, global = true, default_value = "en", value_name = "LANG")]
    lang: LangArg,
    /// Print no messages but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more (twice: still more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LangArg {
    En,
    Zh,
}

impl From<LangArg> for Lang {
    fn from(lang: LangArg) -> Self {
        match lang {
            LangArg::En => Self::En,
            LangArg::Zh => Self::Zh,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Init(init::InitArgs),
    Import(import::ImportArgs),
    Record(record::RecordArgs),
    Retract(retract::RetractArgs),
    Decide(decide::DecideArgs),
    Decisions(decide::DecisionsArgs),
    Erase(erase::EraseArgs),
    Assess(assess::AssessArgs),
    Plaza(plaza::PlazaArgs),
    Recompute(recompute::RecomputeArgs),
    Show(show::ShowArgs),
    Explain(explain::ExplainArgs),
    Notices(notices::NoticesArgs),
    Bisect(bisect::BisectArgs),
    Forecast(forecast::ForecastArgs),
    Timeline(timeline::TimelineArgs),
    Whatif(whatif::WhatIfArgs),
    Audit(audit::AuditArgs),
    Export(export::ExportArgs),
    Serve(serve::ServeArgs),
    Readmodel(readmodel::ReadModelArgs),
    Tokens(tokens::TokensArgs),
    Webhooks(webhooks::WebhooksArgs),
    Snapshot(snapshot::SnapshotArgs),
    Backup(moving::BackupArgs),
    Restore(moving::RestoreArgs),
    Copy(moving::CopyArgs),
    Keys(keys::KeysArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Prove(prove::ProveArgs),
    Bundle(bundle::BundleArgs),
    Verify(verify::VerifyArgs),
    Tiles(tiles::TilesArgs),
    Rules(rules::RulesArgs),
    /// Print the description of the service's routes (OpenAPI 3.1)
    Openapi,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What a command works with.
struct Context {
    ledger: String,
    /// Whether nobody has named it.
    ledger_is_default: bool,
    verbose: u8,
    snapshot: Option<PathBuf>,
    out: Out,
    lang: Lang,
    /// The ledgers that were opened, to be closed at the end.
    opened: std::sync::Mutex<Vec<Arc<dyn Ledger>>>,
}

impl Context {
    /// The clock of this process.
    fn now() -> Instant {
        Instant::from_micros_clamped(chrono::Utc::now().timestamp_micros())
    }

    fn clock() -> crate::intake::ClockFn {
        Arc::new(Self::now)
    }

    /// Whether the ledger is a file that is not there.
    fn has_no_ledger(&self) -> bool {
        matches!(self.location(), Location::File(path) if !path.exists())
    }

    fn location(&self) -> Location {
        Location::from(self.ledger.as_str())
    }

    /// A ledger by its path or URL.
    async fn open_named(&self, text: &str, mode: OpenMode) -> Result<Arc<dyn Ledger>, Failure> {
        self.open_at(&Location::from(text), mode).await
    }

    /// A ledger by its path or URL, made where it is not there.
    async fn create(&self, text: &str) -> Result<Arc<dyn Ledger>, Failure> {
        self.open_named(text, OpenMode::Create).await
    }

    /// The ledger, which must be there.
    async fn open(&self) -> Result<Arc<dyn Ledger>, Failure> {
        if snapshot::made_up(self).is_some() {
            return Err(ask::of_everybody_only());
        }
        self.open_at(&self.location(), OpenMode::Existing).await
    }

    /// The ledger that is somewhere.
    async fn open_at(&self, at: &Location, mode: OpenMode) -> Result<Arc<dyn Ledger>, Failure> {
        let ledger = at.open(mode, Options::default()).await?;
        if let Ok(mut opened) = self.opened.lock() {
            opened.push(ledger.clone());
        }
        Ok(ledger)
    }

    /// Closes what was opened, so that a ledger is one file when the command is done.
    async fn close(&self) {
        let opened = self
            .opened
            .lock()
            .map(|mut opened| std::mem::take(&mut *opened));
        for ledger in opened.unwrap_or_default() {
            ledger.close().await;
        }
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        let ledger = matches.value_source("ledger");
        let cli = Cli::from_arg_matches(&matches);
        cli.map(|cli| (cli, ledger))
            .map_err(|error| error.format(&mut Cli::command()))
    });
    let (cli, ledger_from) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and the version are no failures; code 2 is kept for refused events.
            let failed = error.use_stderr();
            let _ = error.print();
            return if failed {
                ExitCode::from(1)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let out = Out::new(cli.global.format, cli.global.color, cli.global.quiet);
    if !matches!(cli.command, Command::Serve(_)) {
        output::log_to_stderr(cli.global.verbose);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            out.failure(&Failure::new(format!(
                "no runtime could be started: {error}"
            )));
            return ExitCode::from(1);
        }
    };
    let context = Context {
        ledger: cli.global.ledger,
        ledger_is_default: ledger_from == Some(ValueSource::DefaultValue),
        verbose: cli.global.verbose,
        snapshot: cli.global.snapshot,
        out,
        lang: cli.global.lang.into(),
        opened: std::sync::Mutex::default(),
    };
    let done = runtime.block_on(async {
        let done = run(cli.command, &context).await;
        context.close().await;
        done
    });
    // What is still at work is for nobody any more, such as histories that are read for a service that ended.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            context.out.failure(&failure);
            ExitCode::from(1)
        }
    }
}

async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => demo::run(context, args).await,
        Command::Init(args) => init::run(context, args).await,
        Command::Import(args) => import::run(context, args).await,
        Command::Record(args) => record::run(context, args).await,
        Command::Retract(args) => retract::run(context, args).await,
        Command::Decide(args) => decide::run(context, args).await,
        Command::Decisions(args) => decide::list(context, args).await,
        Command::Erase(args) => erase::run(context, args).await,
        Command::Assess(args) => assess::run(context, args).await,
        Command::Recompute(args) => recompute::run(context, args).await,
        Command::Plaza(args) => plaza::run(context, args).await,
        Command::Show(args) => show::run(context, args).await,
        Command::Explain(args) => explain::run(context, args).await,
        Command::Notices(args) => notices::run(context, args).await,
        Command::Bisect(args) => bisect::run(context, args).await,
        Command::Forecast(args) => forecast::run(context, args).await,
        Command::Timeline(args) => timeline::run(context, args).await,
        Command::Whatif(args) => whatif::run(context, args).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Export(args) => export::run(context, args).await,
        Command::Serve(args) => serve::run(context, args).await,
        Command::Readmodel(args) => readmodel::run(context, args).await,
        Command::Tokens(args) => tokens::run(context, args).await,
        Command::Webhooks(args) => webhooks::run(context, args).await,
        Command::Snapshot(args) => snapshot::run(context, args).await,
        Command::Backup(args) => moving::backup(context, args).await,
        Command::Restore(args) => moving::restore(context, args).await,
        Command::Copy(args) => moving::copy(context, args).await,
        Command::Keys(args) => keys::run(context, args),
        Command::Checkpoint(args) => checkpoint::run(context, args).await,
        Command::Prove(args) => prove::run(context, args).await,
        Command::Bundle(args) => bundle::run(context, args).await,
        Command::Verify(args) => verify::run(context, args).await,
        Command::Tiles(args) => tiles::run(context, args).await,
        Command::Rules(args) => rules::run(context, args).await,
        Command::Openapi => openapi::run(context),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            // Into memory first: on a closed pipe the generator itself would panic.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "standing", &mut script);
            context.out.bytes(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
