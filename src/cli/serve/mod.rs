//! `standing serve`: the live service.

mod demo;
mod listening;
mod settings;
mod tls;

use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinHandle;

use super::Context;
use super::failure::Failure;
use super::keys::SignerArgs;
use super::output;
use crate::access::{self, Rate, Refusals, Store};
use crate::http::outside::{Limits, Outside};
use crate::http::{Current, Service, Signer, router};
use crate::intake::Queue;
use crate::ledger::{Ledger, Location, OpenMode};
use crate::proof::SignerKey;
use crate::simulations::Simulations;
use crate::webhooks::{Client, Deliverer};
use demo::{Demo, Feed};
use listening::Listening;
use settings::{Given, Settings};

/// How long what was taken may take to be finished once the service is told to end.
const GRACE: Duration = Duration::from_secs(30);

/// How long the last refused accesses may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serve the ledger over HTTP
///
/// Nothing but the health of the service is open: whoever asks for more shows a token, which
/// `standing tokens new` makes. A flag goes before its variable, and that before the file.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// A TOML file with what flags can say, by the same names
    #[arg(long, env = "STANDING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what is in effect, as such a file, and end
    #[arg(long)]
    print_config: bool,
    /// Serve a made platform in a temporary ledger, on which something happens every second, and print
    /// what to try on it
    #[arg(long, conflicts_with_all = ["key", "print_config"])]
    demo: bool,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    signer: SignerArgs,
}

/// What is served.
struct Served {
    at: Location,
    ledger: Arc<dyn Ledger>,
    access: Arc<dyn Store>,
    key: Option<SignerKey>,
    demo: Option<Demo>,
}

impl Served {
    /// A ledger that is there, with its tokens and the key that is at hand.
    async fn open(
        context: &Context,
        settings: &Settings,
        signer: &SignerArgs,
    ) -> Result<Self, Failure> {
        let at = Location::from(settings.ledger.as_str());
        let ledger = context.open_at(&at, OpenMode::Existing).await?;
        let access = access::open(&at).await?;
        if access.tokens().await?.is_empty() {
            context
                .out
                .say("there is no token yet: nothing is answered but `/healthz` and `/readyz`");
            context
                .out
                .hint("make one with `standing tokens new --role auditor`");
        }
        Ok(Self {
            at,
            ledger,
            access,
            key: signer.find(context)?,
            demo: None,
        })
    }
}

pub(super) async fn run(context: &Context, args: ServeArgs) -> Result<ExitCode, Failure> {
    let file = args.config.as_deref().map(Given::read).transpose()?;
    let given = args.given.or(file.unwrap_or_default());
    if args.demo && (given.names_a_ledger() || !context.ledger_is_default) {
        let failure = Failure::new("the demo has a ledger of its own, and another one is named");
        return Err(failure.hint("leave `--ledger`, STANDING_LEDGER and the file's `ledger` out"));
    }
    let settings = given.settle(context)?;
    if args.print_config {
        context.out.text(&settings.to_toml()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::log_requests(context.verbose, settings.log_format);
    let listening = Listening::begin(&settings).await?;
    let Served {
        at,
        ledger,
        access,
        key,
        demo,
    } = match args.demo {
        true => demo::make(context, &listening.url).await?,
        false => Served::open(context, &settings, &args.signer).await?,
    };
    let clock = Context::clock();
    let ranks = settings.plaza_ranks;
    let current = Current::new(ledger.clone(), &at, clock.clone(), ranks)?;
    let current = Arc::new(current);
    let simulations = Simulations::start(current.live.clone(), at.to_string(), clock.clone())?;
    let simulations = Arc::new(simulations);
    let appended = current.appended.clone();
    let (queue, mut work) = Queue::open(ledger.clone(), clock.clone(), appended);
    let feed = args.demo.then(|| Feed::start(queue.clone(), clock.clone()));
    let feed = feed.transpose()?;
    let (outside, written) = outside(&settings, &access);
    let webhooks = Deliverer {
        store: Arc::clone(&access),
        reader: current.reader.clone(),
        tables: current.tables.clone(),
        client: Client::new(settings.webhooks_allow_private, settings.webhooks_timeout())
            .map_err(Failure::new)?,
        schedule: settings.webhooks_schedule.clone(),
        clock: clock.clone(),
    };
    let webhooks = tokio::spawn(webhooks.run(listening.ending.clone()));
    let service = Arc::new(Service {
        ledger,
        access: Arc::clone(&access),
        queue,
        current: current.clone(),
        simulations: simulations.clone(),
        ending: listening.ending.clone(),
        signer: key.map(|key| Signer::new(key, clock.clone())),
        clock,
    });
    context
        .out
        .say(format_args!("listening on {}", listening.url));
    let handle = listening.handle();
    let mut serving = pin!(listening.serve(&settings, router(service, outside)));
    let served = tokio::select! {
        served = &mut serving => served,
        failure = until_it_fails(context, &current, demo.as_ref(), &mut work) => {
            handle.shutdown();
            serving.await.and(Err(failure))
        }
    };
    if let Some(feed) = feed {
        feed.abort();
    }
    // Nobody asks any more; what was taken is finished.
    if !work.is_finished() && tokio::time::timeout(GRACE, &mut work).await.is_err() {
        tracing::error!("events that were taken are not appended yet");
    }
    // What is under way is tried again by whoever comes next.
    webhooks.abort();
    let _ = tokio::task::spawn_blocking(move || simulations.end()).await;
    current.end().await;
    // Those whose connections were cut may still hold the other end.
    let _ = tokio::time::timeout(LAST_WORDS, written).await;
    access.close().await;
    served.map(|()| ExitCode::SUCCESS)
}

/// Gets ready, and waits for what must not happen: one of the tasks that everything rests on ends before it is
/// told to. A service that goes on without it would answer what is long past.
async fn until_it_fails(
    context: &Context,
    current: &Arc<Current>,
    demo: Option<&Demo>,
    work: &mut JoinHandle<()>,
) -> Failure {
    if let Err(failure) = get_ready(context, current, demo).await {
        return failure;
    }
    tokio::select! {
        _ = work => Failure::new("the task that appends has failed"),
        () = current.failed() => Failure::new("the task that follows the log has failed"),
    }
}

/// Brings everybody's history up, and says so.
async fn get_ready(
    context: &Context,
    current: &Arc<Current>,
    demo: Option<&Demo>,
) -> Result<(), Failure> {
    let (loading, snapshot) = (Arc::clone(current), context.snapshot.clone());
    let runtime = tokio::runtime::Handle::current();
    // It takes one thread as long as it lasts: whoever asks meanwhile is answered by others.
    let load = move || runtime.block_on(loading.load(snapshot.as_deref()));
    let loaded = tokio::task::spawn_blocking(load).await;
    loaded.map_err(Failure::new)??;
    let position = current.live.position();
    context
        .out
        .say(format_args!("ready: {position} events are known"));
    if let Some(demo) = demo {
        let mut tables = current.tables.clone();
        // What is printed is tried at once, the plaza first.
        let _ = tables.wait_for(|tables| tables.knows(position)).await;
        context.out.text(&demo.guide.to_string())?;
    }
    Ok(())
}

/// What stands around the routes, and the task that writes down who was refused.
fn outside(settings: &Settings, access: &Arc<dyn Store>) -> (Arc<Outside>, JoinHandle<()>) {
    let (refusals, written) = Refusals::start(Arc::clone(access), settings.refusals_kept);
    let rate = Rate {
        per_second: settings.rate,
        burst: settings.burst,
    };
    let limits = Limits {
        body_bytes_max: settings.body_max,
        request: settings.request_timeout(),
        stall: settings.stall_timeout(),
    };
    let open = settings.open.iter().map(|part| part.action()).collect();
    let store = Arc::clone(access);
    let outside = Outside::new(store, rate, limits, open, refusals, Context::clock());
    (Arc::new(outside), written)
}
