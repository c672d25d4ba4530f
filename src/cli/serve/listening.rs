//! Where the service listens, and until when.

use std::net::{SocketAddr, TcpListener};

use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::GRACE;
use super::settings::Settings;
use super::tls;
use crate::cli::failure::Failure;
use crate::http::outside::Connections;

/// An address that is listened at: whoever connects waits until [`Listening::serve`] answers.
pub(super) struct Listening {
    /// Where it is, as others write it.
    pub(super) url: String,
    listener: TcpListener,
    tls: Option<(RustlsConfig, tls::Files)>,
    handle: Handle<SocketAddr>,
    /// Told when it is about to end.
    pub(super) ending: watch::Receiver<bool>,
}

impl Listening {
    /// Takes the address and reads the certificate. From now on the process ends in order when it is told
    /// to (SIGTERM, SIGINT).
    pub(super) async fn begin(settings: &Settings) -> Result<Self, Failure> {
        let handle = Handle::new();
        let told = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        let [terminate, interrupt] = told;
        let (end, ending) = watch::channel(false);
        tokio::spawn(end_when_told(handle.clone(), end, terminate?, interrupt?));
        let listener = TcpListener::bind(settings.listen)
            .map_err(|error| Failure::new(format_args!("{}: {error}", settings.listen)))?;
        listener.set_nonblocking(true)?;
        let tls = match settings.tls() {
            Some((cert, key)) => {
                let files = tls::Files { cert, key };
                Some((files.load().await?, files))
            }
            None => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        Ok(Self {
            url: format!("{scheme}://{}", listener.local_addr()?),
            listener,
            tls,
            handle,
            ending,
        })
    }

    /// What ends it.
    pub(super) fn handle(&self) -> Handle<SocketAddr> {
        self.handle.clone()
    }

    /// Answers until it is told to end.
    pub(super) async fn serve(
        self,
        settings: &Settings,
        router: axum::Router,
    ) -> Result<(), Failure> {
        let server = axum_server::from_tcp(self.listener)?.handle(self.handle);
        let mut server = server.http1_only();
        server
            .http_builder()
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout());
        let (all, peer) = (settings.connections, settings.peer_connections);
        let stall = settings.stall_timeout();
        let connections = Connections::new(all as usize, peer as usize, stall);
        let routes = router.into_make_service_with_connect_info::<SocketAddr>();
        match self.tls {
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
}

/// Lets the server finish what it has taken, and end, when the process is told to.
async fn end_when_told(
    handle: Handle<SocketAddr>,
    end: watch::Sender<bool>,
    mut terminate: Signal,
    mut interrupt: Signal,
) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    end.send_replace(true);
    handle.graceful_shutdown(Some(GRACE));
}
