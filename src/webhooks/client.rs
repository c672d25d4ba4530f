//! One attempt: a connection to an address that may be connected to, what is sent, and what is answered.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode, Uri, header, uri::Scheme};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use standing_projections::text::one_line;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::address::is_public;

/// The most bytes that are read of an answer, and of its head.
const ANSWER: usize = 64 * 1024;

/// The most characters that are kept of why an attempt failed.
const FAILURE: usize = 200;

/// How long the rest of an answer is waited for.
const REST: Duration = Duration::from_secs(1);

/// Where somebody is told.
///
/// ```
/// use standing::webhooks::Target;
/// assert!("https://plaza.example/hooks?from=standing".parse::<Target>().is_ok());
/// assert!("ftp://plaza.example/".parse::<Target>().is_err());
/// assert!("https://ann:secret@plaza.example/".parse::<Target>().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Target {
    uri: Uri,
    host: String,
    port: u16,
    tls: bool,
}

/// Why a text is no such place.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TargetError {
    /// It is no URL.
    #[error("it is no URL: {0}")]
    NoUrl(String),
    /// It is of another scheme.
    #[error(
        "a webhook is told at `https://…` (or `http://…`, where private addresses are allowed)"
    )]
    Scheme,
    /// It has a name or a password, which would be kept and shown.
    #[error("a webhook's URL has no name and no password: what is sent is signed")]
    User,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let uri: Uri = text
            .parse()
            .map_err(|error: axum::http::uri::InvalidUri| TargetError::NoUrl(error.to_string()))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(TargetError::Scheme),
        };
        let authority = uri.authority().ok_or(TargetError::Scheme)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::User);
        }
        let host = authority.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host).to_owned();
        if host.is_empty() {
            return Err(TargetError::NoUrl("it has no host".to_owned()));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            uri,
            host,
            port,
            tls,
        })
    }
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// It was taken (2xx).
    Taken,
    /// Nothing is wanted any more (410).
    Gone,
    /// It was not taken, and why.
    Failed(String),
}

/// What is sent: the same each time, but for the time and the signature.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: i64,
    pub(super) signature: &'a str,
    pub(super) body: &'a str,
}

/// What connects.
#[derive(Clone)]
pub struct Client {
    private: bool,
    patience: Duration,
    tls: TlsConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// One that trusts whom the system trusts; it connects to private addresses, and without TLS, only where
    /// that is allowed, and gives an attempt so long.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(private: bool, patience: Duration) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            private,
            patience,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends something once. Redirects are not followed.
    pub(super) async fn post(&self, url: &str, message: &Message<'_>) -> Answered {
        let target: Target = match url.parse() {
            Ok(target) => target,
            Err(error) => return failed(&error.to_string()),
        };
        match tokio::time::timeout(self.patience, self.exchange(&target, message)).await {
            Ok(Ok(StatusCode::GONE)) => Answered::Gone,
            Ok(Ok(status)) if status.is_success() => Answered::Taken,
            Ok(Ok(status)) if status.is_redirection() => failed(&format!(
                "it answered {status}, and redirects are not followed"
            )),
            Ok(Ok(status)) => failed(&format!("it answered {status}")),
            Ok(Err(failure)) => failed(&failure),
            Err(_) => {
                let patience = self.patience.as_secs();
                failed(&format!("it did not answer within {patience} s"))
            }
        }
    }

    async fn exchange(&self, target: &Target, message: &Message<'_>) -> Result<StatusCode, String> {
        if !target.tls && !self.private {
            return Err("what is sent without TLS is sent to private addresses only".to_owned());
        }
        let stream = self.connect(target).await?;
        if !target.tls {
            return send(stream, target, message).await;
        }
        let name = ServerName::try_from(target.host.clone());
        let name = name.map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await;
        let stream = stream.map_err(|error| format!("TLS: {error}"))?;
        send(stream, target, message).await
    }

    /// Connects to an address that the name has now: what was looked at is what is connected to.
    async fn connect(&self, target: &Target) -> Result<TcpStream, String> {
        let found = lookup_host((target.host.as_str(), target.port)).await;
        let found: Vec<SocketAddr> = match found {
            Ok(found) => found.collect(),
            Err(error) => return Err(format!("`{}` is not found: {error}", target.host)),
        };
        let mut failure = format!("`{}` has no address", target.host);
        for address in found {
            if !self.may_reach(address.ip()) {
                failure = format!("{} is no public address", address.ip());
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = format!("{address}: {error}"),
            }
        }
        Err(failure)
    }

    fn may_reach(&self, address: IpAddr) -> bool {
        self.private || is_public(address)
    }
}

/// A failure as it is kept: others have a say in its text.
fn failed(why: &str) -> Answered {
    Answered::Failed(one_line(why).chars().take(FAILURE).collect())
}

/// Sends on a connection, which is of no use after that, and reads the answer.
async fn send<S>(stream: S, target: &Target, message: &Message<'_>) -> Result<StatusCode, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let told = |error: &dyn std::error::Error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(ANSWER);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| told(&error))?;
    let request = request(target, message).map_err(|error| told(&error))?;
    let answer = async {
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| told(&error))?;
        let status = answer.status();
        // Whatever else it says, or does not come to an end with, it has said whether it was taken.
        let rest = Limited::new(answer.into_body(), ANSWER).collect();
        let _ = tokio::time::timeout(REST, rest).await;
        Ok(status)
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // It may have ended with the answer.
        _ = connection => answer.await,
    }
}

fn request(
    target: &Target,
    message: &Message<'_>,
) -> Result<Request<Full<Bytes>>, axum::http::Error> {
    let path = target.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let host = target.uri.authority().map_or("", |host| host.as_str());
    Request::post(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header(
            header::USER_AGENT,
            concat!("standing/", env!("CARGO_PKG_VERSION")),
        )
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp)
        .header("webhook-signature", message.signature)
        .body(Full::new(Bytes::copy_from_slice(message.body.as_bytes())))
}
