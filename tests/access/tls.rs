//! TLS from files, read again when the service is told to. The certificates of `tests/tls` are for
//! these tests alone, and good for a hundred years.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::common::Ledger;
use super::common::http::{Answer, head_with};
use super::common::serving::Server;

/// The status that the service answers to whoever trusts that certificate alone; none, where it has
/// another.
fn asked(service: &Server, trusted: &str) -> Option<u16> {
    let cert = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tls/{trusted}.pem"));
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(cert).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, service.connect());
    let text = head_with("GET", "/healthz", None, &[], 0);
    match std::io::Write::write_all(&mut stream, text.as_bytes()) {
        Ok(()) => Some(Answer::read(stream).status),
        Err(_) => None,
    }
}

fn install(ledger: &Ledger, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    for ending in ["pem", "key"] {
        let from = folder.join(format!("{name}.{ending}"));
        fs::copy(from, ledger.path(&format!("server.{ending}"))).unwrap();
    }
}

const TLS: [&str; 4] = ["--tls-cert", "server.pem", "--tls-key", "server.key"];

#[test]
fn certificates_are_read_from_files_and_again_when_told_to() {
    let ledger = Ledger::new();
    install(&ledger, "one");
    let service = ledger.serve(&[&TLS[..], &["-v"]].concat());
    assert!(service.said.contains("https://"), "{}", service.said);
    assert_eq!(asked(&service, "one"), Some(200));
    assert_eq!(asked(&service, "two"), None);
    // Files that are no good change nothing.
    ledger.write("server.pem", "none");
    service.signal("HUP");
    while !service.line().contains("the old one stays") {}
    assert_eq!(asked(&service, "one"), Some(200));
    install(&ledger, "two");
    service.signal("HUP");
    let given_up = Instant::now() + Duration::from_secs(60);
    while asked(&service, "two") != Some(200) {
        assert!(Instant::now() < given_up);
    }
    assert_eq!(asked(&service, "one"), None);
    // Who speaks without TLS, or says nothing, keeps nobody from being answered.
    let _silent: Vec<_> = (0..20).map(|_| service.connect()).collect();
    let mut plain = service.connect();
    let _ = std::io::Write::write_all(&mut plain, b"GET /healthz HTTP/1.1\r\n\r\n");
    assert_eq!(asked(&service, "two"), Some(200));
}

#[test]
fn files_that_are_no_certificate_and_key_are_refused_by_name() {
    let ledger = Ledger::new();
    install(&ledger, "one");
    let serve = |args: &[&str]| ledger.run(&[&["serve", "--listen", "127.0.0.1:0"], args].concat());
    for (args, says) in [
        (&["--tls-cert", "server.pem"][..], "both"),
        (
            &["--tls-cert", "none.pem", "--tls-key", "server.key"],
            "none.pem",
        ),
        (
            &["--tls-cert", "server.pem", "--tls-key", "server.pem"],
            "server.pem",
        ),
    ] {
        let ran = serve(args).with_code(1);
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
    }
}
