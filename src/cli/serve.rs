//! `standing serve`: the live service.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use clap::Args;

use super::Context;
use super::failure::Failure;
use crate::http::{Service, router};

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
}

pub(super) async fn run(context: &Context, args: ServeArgs) -> Result<ExitCode, Failure> {
    let ledger = context.open().await?;
    let snapshot = context.snapshot.as_deref();
    let service = Service::start(ledger, &context.location(), snapshot, Context::clock()).await?;
    let service = Arc::new(service);
    let listener = std::net::TcpListener::bind(args.listen)
        .map_err(|error| Failure::new(format_args!("{}: {error}", args.listen)))?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let handle = Handle::new();
    tokio::spawn(end_when_told(handle.clone()));
    context.out.say(format_args!("listening on http://{at}"));
    axum_server::from_tcp(listener)?
        .handle(handle)
        .serve(router(service.clone()).into_make_service())
        .await?;
    service.end().await;
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
