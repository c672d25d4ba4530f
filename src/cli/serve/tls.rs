//! TLS from files, which are read again when the process is told to (SIGHUP).

use std::path::Path;

use axum_server::tls_rustls::RustlsConfig;

use crate::cli::failure::Failure;

/// The files of a certificate and of its key, in PEM.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) cert: std::path::PathBuf,
    pub(super) key: std::path::PathBuf,
}

impl Files {
    /// Reads them.
    pub(super) async fn load(&self) -> Result<RustlsConfig, Failure> {
        // What cannot be read is named, which the library does not do.
        for path in [&self.cert, &self.key] {
            readable(path)?;
        }
        // Another part of the program may have said so already: it is the only one there is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(&self.cert, &self.key).await;
        config.map_err(|error| {
            let (cert, key) = (self.cert.display(), self.key.display());
            Failure::new(format_args!(
                "`{cert}` and `{key}` are no certificate and its key: {error}"
            ))
            .hint("both are PEM files; the certificate's begins with the server's own, then its issuers'")
        })
    }
}

fn readable(path: &Path) -> Result<(), Failure> {
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format_args!(
            "`{}` cannot be read: {error}",
            path.display()
        ))),
    }
}

/// Reads the files again whenever the process is told to. Where they are no good, what was read
/// before stays.
pub(super) async fn reload_when_told(config: RustlsConfig, files: Files) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut told = match signal(SignalKind::hangup()) {
        Ok(told) => told,
        Err(error) => return tracing::error!(%error, "signals cannot be heard"),
    };
    while told.recv().await.is_some() {
        match config.reload_from_pem_file(&files.cert, &files.key).await {
            Ok(()) => tracing::info!("the certificate is read again"),
            Err(error) => {
                tracing::error!(%error, "the new certificate is no good; the old one stays")
            }
        }
    }
}
