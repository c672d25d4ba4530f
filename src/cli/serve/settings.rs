//! What can be said of a service: by flags, by variables, by a file, in this order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::access::Action;
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::output::LogFormat;
use crate::ledger::Location;
use crate::readmodel::RANKS;
use crate::webhooks::Schedule;

/// What was given, by one of the ways.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Given {
    /// The ledger, where `--ledger` does not name one
    #[arg(skip)]
    ledger: Option<String>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, env = "STANDING_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Listen on an address that others can reach, without TLS
    #[arg(
        long,
        env = "STANDING_INSECURE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    insecure: Option<bool>,
    /// The server's certificate and its issuers' (PEM); read again on SIGHUP
    #[arg(long, env = "STANDING_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, env = "STANDING_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// What is answered without a token, beside the health of the service
    #[arg(
        long,
        env = "STANDING_OPEN",
        value_delimiter = ',',
        value_name = "PARTS"
    )]
    open: Option<Vec<Part>>,
    /// How many requests a second a token is good for [default: 10000]
    #[arg(long, env = "STANDING_RATE", value_name = "N", value_parser = at_least_one())]
    rate: Option<u32>,
    /// How many at once [default: as many as in a second]
    #[arg(long, env = "STANDING_BURST", value_name = "N", value_parser = at_least_one())]
    burst: Option<u32>,
    /// The most bytes of a request's body; streams of lines are bounded by the line [default: 16 MiB]
    #[arg(long, env = "STANDING_BODY_MAX", value_name = "BYTES")]
    body_max: Option<u64>,
    /// How many seconds a request may take that is no stream [default: 30]
    #[arg(long, env = "STANDING_REQUEST_TIMEOUT", value_name = "S", value_parser = at_least_one())]
    request_timeout: Option<u32>,
    /// How many seconds the head of a request, or a TLS handshake, may take [default: 10]
    #[arg(long, env = "STANDING_HEADER_TIMEOUT", value_name = "S", value_parser = at_least_one())]
    header_timeout: Option<u32>,
    /// How many seconds a body may stand still, or an answer be left lying [default: 30]
    #[arg(long, env = "STANDING_STALL_TIMEOUT", value_name = "S", value_parser = at_least_one())]
    stall_timeout: Option<u32>,
    /// How many connections there may be at once [default: 1024]
    #[arg(long, env = "STANDING_CONNECTIONS", value_name = "N", value_parser = at_least_one())]
    connections: Option<u32>,
    /// How many connections one address may have at once; of IPv6 one /64 [default: 256]
    #[arg(long, env = "STANDING_PEER_CONNECTIONS", value_name = "N", value_parser = at_least_one())]
    peer_connections: Option<u32>,
    /// How many ranks of the plaza are told to those who follow it [default: 100]
    #[arg(long, env = "STANDING_PLAZA_RANKS", value_name = "N")]
    plaza_ranks: Option<u32>,
    /// How many refused accesses are kept [default: 10000]
    #[arg(long, env = "STANDING_REFUSALS_KEPT", value_name = "N")]
    refusals_kept: Option<u32>,
    /// Tell webhooks at private addresses, and without TLS
    #[arg(
        long,
        env = "STANDING_WEBHOOKS_ALLOW_PRIVATE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    webhooks_allow_private: Option<bool>,
    /// How long to wait after each attempt that a webhook did not take, before a change is given up [default:
    /// 5s,5m,30m,2h,5h,10h,14h,20h,24h]
    #[arg(long, env = "STANDING_WEBHOOKS_SCHEDULE", value_name = "WAITS")]
    webhooks_schedule: Option<Schedule>,
    /// How many seconds a webhook has to answer [default: 15]
    #[arg(long, env = "STANDING_WEBHOOKS_TIMEOUT", value_name = "S", value_parser = at_least_one())]
    webhooks_timeout: Option<u32>,
    /// How the log is written (`-v` has a line for each request)
    #[arg(long, env = "STANDING_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

fn at_least_one() -> impl clap::builder::TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..)
}

/// A part of the service that can be opened to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// What describes the API, and the page to try it on
    Docs,
    /// The service's own figures
    Metrics,
    /// Checkpoints and hashes of the log; not what it says
    Log,
}

impl Part {
    pub(super) fn action(self) -> Action {
        match self {
            Self::Docs => Action::ReadDocs,
            Self::Metrics => Action::ReadMetrics,
            Self::Log => Action::ReadLog,
        }
    }
}

/// What is in effect.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Settings {
    #[serde(serialize_with = "masked")]
    pub(super) ledger: String,
    pub(super) listen: SocketAddr,
    insecure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_key: Option<PathBuf>,
    pub(super) open: Vec<Part>,
    pub(super) rate: u32,
    pub(super) burst: u32,
    pub(super) body_max: u64,
    request_timeout: u32,
    header_timeout: u32,
    stall_timeout: u32,
    pub(super) connections: u32,
    pub(super) peer_connections: u32,
    pub(super) plaza_ranks: u32,
    pub(super) refusals_kept: u32,
    pub(super) webhooks_allow_private: bool,
    pub(super) webhooks_schedule: Schedule,
    webhooks_timeout: u32,
    pub(super) log_format: LogFormat,
}

/// Without a password.
fn masked<S: serde::Serializer>(ledger: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Location::from(ledger))
}

impl Given {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format_args!("`{shown}` cannot be read: {error}")))?;
        let given: Self = toml::from_str(&text).map_err(|error| {
            Failure::new(format_args!("`{shown}`: {}", error.to_string().trim_end()))
                .hint("`standing serve --print-config` prints every key")
        })?;
        given.check(path)?;
        Ok(given)
    }

    /// What a flag's own parser would refuse.
    fn check(&self, path: &Path) -> Result<(), Failure> {
        let numbers = [
            ("rate", self.rate),
            ("burst", self.burst),
            ("request-timeout", self.request_timeout),
            ("header-timeout", self.header_timeout),
            ("stall-timeout", self.stall_timeout),
            ("connections", self.connections),
            ("peer-connections", self.peer_connections),
            ("webhooks-timeout", self.webhooks_timeout),
        ];
        match numbers.iter().find(|(_, number)| *number == Some(0)) {
            None => Ok(()),
            Some((key, _)) => {
                let path = path.display();
                Err(Failure::new(format_args!(
                    "`{path}`: `{key}` is at least 1"
                )))
            }
        }
    }

    /// This, and where it says nothing the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            ledger: self.ledger.or(other.ledger),
            listen: self.listen.or(other.listen),
            insecure: self.insecure.or(other.insecure),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            open: self.open.or(other.open),
            rate: self.rate.or(other.rate),
            burst: self.burst.or(other.burst),
            body_max: self.body_max.or(other.body_max),
            request_timeout: self.request_timeout.or(other.request_timeout),
            header_timeout: self.header_timeout.or(other.header_timeout),
            stall_timeout: self.stall_timeout.or(other.stall_timeout),
            connections: self.connections.or(other.connections),
            peer_connections: self.peer_connections.or(other.peer_connections),
            plaza_ranks: self.plaza_ranks.or(other.plaza_ranks),
            refusals_kept: self.refusals_kept.or(other.refusals_kept),
            webhooks_allow_private: self.webhooks_allow_private.or(other.webhooks_allow_private),
            webhooks_schedule: self.webhooks_schedule.or(other.webhooks_schedule),
            webhooks_timeout: self.webhooks_timeout.or(other.webhooks_timeout),
            log_format: self.log_format.or(other.log_format),
        }
    }

    /// Whether it says which ledger.
    pub(super) fn names_a_ledger(&self) -> bool {
        self.ledger.is_some()
    }

    /// What is in effect, once it is known to go together.
    pub(super) fn settle(self, context: &Context) -> Result<Settings, Failure> {
        let ledger = match self.ledger {
            Some(ledger) if context.ledger_is_default => ledger,
            _ => context.ledger.clone(),
        };
        let rate = self.rate.unwrap_or(10_000);
        let settings = Settings {
            ledger,
            listen: self
                .listen
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            insecure: self.insecure.unwrap_or(false),
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            open: self.open.unwrap_or_default(),
            rate,
            burst: self.burst.unwrap_or(rate),
            body_max: self.body_max.unwrap_or(16 * 1024 * 1024),
            request_timeout: self.request_timeout.unwrap_or(30),
            header_timeout: self.header_timeout.unwrap_or(10),
            stall_timeout: self.stall_timeout.unwrap_or(30),
            connections: self.connections.unwrap_or(1_024),
            peer_connections: self.peer_connections.unwrap_or(256),
            plaza_ranks: self.plaza_ranks.unwrap_or(RANKS),
            refusals_kept: self.refusals_kept.unwrap_or(10_000),
            webhooks_allow_private: self.webhooks_allow_private.unwrap_or(false),
            webhooks_schedule: self.webhooks_schedule.unwrap_or_default(),
            webhooks_timeout: self.webhooks_timeout.unwrap_or(15),
            log_format: self.log_format.unwrap_or(LogFormat::Text),
        };
        settings.check()?;
        Ok(settings)
    }
}

impl Settings {
    fn check(&self) -> Result<(), Failure> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(Failure::new("TLS needs both `--tls-cert` and `--tls-key`"));
        }
        let plain = self.tls_cert.is_none();
        if plain && !self.insecure && !self.listen.ip().is_loopback() {
            let message = format!(
                "{} can be reached by others, who would see every token without TLS",
                self.listen
            );
            return Err(Failure::new(message).hint(
                "give `--tls-cert` and `--tls-key`, or `--insecure` where something in front has TLS",
            ));
        }
        Ok(())
    }

    /// The files of the certificate and of its key.
    pub(super) fn tls(&self) -> Option<(PathBuf, PathBuf)> {
        self.tls_cert.clone().zip(self.tls_key.clone())
    }

    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout.into())
    }

    pub(super) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout.into())
    }

    pub(super) fn stall_timeout(&self) -> Duration {
        Duration::from_secs(self.stall_timeout.into())
    }

    pub(super) fn webhooks_timeout(&self) -> Duration {
        Duration::from_secs(self.webhooks_timeout.into())
    }

    /// As a file that says the same.
    pub(super) fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(Failure::new)
    }
}
