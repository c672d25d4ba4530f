//! `standing serve`: the live service.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use clap::Args;

use super::Context;
use super::failure::Failure;
use super::keys::SignerArgs;
use crate::http::{Service, Signer, router};
use crate::intake::Queue;

/// How long what was taken may take to be finished once the service is told to end.
const GRACE: Duration = Duration::from_secs(30);

/// Serve the ledger over HTTP
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen
    #[arg(
        long,
        env = "STANDING_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
    #[command(flatten)]
    signer: SignerArgs,
}

pub(super) async fn run(context: &Context, args: ServeArgs) -> Result<ExitCode, Failure> {
    let ledger = context.open().await?;
    let clock = Context::clock();
    let key = args.signer.find(context)?;
    let (queue, work) = Queue::open(ledger.clone(), clock.clone());
    let service = Arc::new(Service {
        ledger: ledger.clone(),
        queue,
        signer: key.map(|key| Signer::new(key, clock.clone())),
        clock,
    });
    let listener = std::net::TcpListener::bind(args.listen)
        .map_err(|error| Failure::new(format_args!("{}: {error}", args.listen)))?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let handle = Handle::new();
    tokio::spawn(end_when_told(handle.clone()));
    context.out.say(format_args!("listening on http://{at}"));
    axum_server::from_tcp(listener)?
        .handle(handle)
        .serve(router(service).into_make_service())
        .await?;
    // Nobody asks any more; what was taken is finished.
    if tokio::time::timeout(GRACE, work).await.is_err() {
        tracing::error!("events that were taken are not appended yet");
    }
    ledger.close().await;
    Ok(ExitCode::SUCCESS)
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
