//! `standing serve`: the live service.

mod settings;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsAcceptor;
use clap::Args;
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;

use super::Context;
use super::failure::Failure;
use super::keys::SignerArgs;
use super::output;
use crate::access::{self, Rate, Refusals, Store};
use crate::http::outside::{Connections, Limits, Outside};
use crate::http::{Current, Service, Signer, router};
use crate::intake::Queue;
use crate::ledger::{Location, OpenMode};
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
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    signer: SignerArgs,
}

pub(super) async fn run(context: &Context, args: ServeArgs) -> Result<ExitCode, Failure> {
    let file = args.config.as_deref().map(Given::read).transpose()?;
    let settings = args.given.or(file.unwrap_or_default()).settle(context)?;
    if args.print_config {
        context.out.text(&settings.to_toml()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::log_requests(context.verbose, settings.log_format);
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
    let clock = Context::clock();
    let key = args.signer.find(context)?;
    let snapshot = context.snapshot.as_deref();
    let current = Current::start(ledger.clone(), &at, snapshot, clock.clone()).await?;
    let current = Arc::new(current);
    let appended = current.appended.clone();
    let (queue, work) = Queue::open(ledger.clone(), clock.clone(), appended);
    let (outside, written) = outside(&settings, &access);
    let service = Arc::new(Service {
        ledger: ledger.clone(),
        access: Arc::clone(&access),
        queue,
        current: current.clone(),
        signer: key.map(|key| Signer::new(key, clock.clone())),
        clock,
    });
    let served = serve(context, &settings, router(service, outside)).await;
    // Nobody asks any more; what was taken is finished.
    if tokio::time::timeout(GRACE, work).await.is_err() {
        tracing::error!("events that were taken are not appended yet");
    }
    current.end().await;
    // Those whose connections were cut may still hold the other end.
    let _ = tokio::time::timeout(LAST_WORDS, written).await;
    access.close().await;
    served.map(|()| ExitCode::SUCCESS)
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

async fn serve(
    context: &Context,
    settings: &Settings,
    router: axum::Router,
) -> Result<(), Failure> {
    let listener = std::net::TcpListener::bind(settings.listen)
        .map_err(|error| Failure::new(format_args!("{}: {error}", settings.listen)))?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let tls = settings.tls().map(|(cert, key)| tls::Files { cert, key });
    let tls = match tls {
        Some(files) => Some((files.load().await?, files)),
        None => None,
    };
    let handle = Handle::new();
    tokio::spawn(end_when_told(handle.clone()));
    let scheme = if tls.is_some() { "https" } else { "http" };
    context
        .out
        .say(format_args!("listening on {scheme}://{at}"));
    let mut server = axum_server::from_tcp(listener)?.handle(handle).http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout());
    let connections = Connections::new(settings.connections as usize, settings.stall_timeout());
    let routes = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => server.acceptor(connections).serve(routes).await?,
        Some((config, files)) => {
            tokio::spawn(tls::reload_when_told(config.clone(), files));
            let acceptor = RustlsAcceptor::new(config)
                .handshake_timeout(settings.header_timeout())
                .acceptor(connections);
            server.acceptor(acceptor).serve(routes).await?;
        }
    }
    Ok(())
}

/// Lets the server finish what it has taken, and end, when the process is told to.
async fn end_when_told(handle: Handle<SocketAddr>) {
    use tokio::signal::unix::{SignalKind, signal};
    let told = async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok::<(), std::io::Error>(())
    };
    match told.await {
        Ok(()) => handle.graceful_shutdown(Some(GRACE)),
        Err(error) => tracing::error!(%error, "signals cannot be heard"),
    }
}
