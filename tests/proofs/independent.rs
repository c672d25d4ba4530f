//! Checkpoints, proofs and tiles, checked by programs that have nothing to do with this one: the Go
//! packages behind Go's checksum database, and two packages from PyPI (`tests/independent`).
//!
//! `scripts/test` installs what they need and says where it is; then a check that cannot be made
//! fails. Elsewhere it is passed over, and said so, where something is missing.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use standing::ledger::{Location, OpenMode, Options};
use standing::proof::{Checkpoint, hash_to_text, log};

use super::cli::bundle::two_developers;
use super::cli::{checkpoint, complain, ground, verifier};
use super::common::events::sha256;
use super::common::serving::Server;
use super::common::{Ledger, Ran};

/// Where Debian puts the sources of Go packages.
const GO_SOURCES: &str = "/usr/share/gocode";

/// A folder as `tests/independent/check.go` describes it. The older tree has so many complaints,
/// the newer so many.
fn folder(older: usize, newer: usize, position: u64) -> Ledger {
    let ledger = ground(older);
    ledger.write("key", verifier(&ledger, "standing.key"));
    let old = checkpoint(&ledger);
    ledger.write("old", &old);
    sleep(Duration::from_millis(1_100));
    complain(&ledger, older..newer);
    ledger.write("new", checkpoint(&ledger));
    ledger.write(
        "proof",
        ledger.run(&["prove", &position.to_string()]).good().out,
    );
    ledger.run(&["tiles", "out"]).good();
    ledger.write("consistency", consistency(&ledger, &old));
    ledger
}

/// The proof that a log goes on from a checkpoint, a hash a line.
fn consistency(ledger: &Ledger, old: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let at = match ledger.place.database() {
            None => Location::File(ledger.path("standing.db")),
            Some(database) => Location::Server(database.url()),
        };
        let opened = at.open(OpenMode::Existing, Options::default()).await;
        let ledger = opened.unwrap();
        let old = Checkpoint::claimed(old.as_bytes()).unwrap();
        let (_, path) = log::consistency(&*ledger, &old).await.unwrap();
        ledger.close().await;
        path.iter()
            .map(|hash| format!("{}\n", hash_to_text(*hash)))
            .collect()
    })
}

/// Puts in the place of the log's files what the service gives for them.
fn fetch(ledger: &Ledger) {
    let server = Server::start(ledger, &[]);
    let mut paths = vec![ledger.path("out")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            paths.extend(entries.map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(ledger.path("out")).unwrap().display();
        let answer = server.get(&format!("/v1/log/{name}"));
        assert_eq!(answer.status, 200, "{name}");
        std::fs::write(&path, answer.body).unwrap();
    }
}

/// Runs a checking program on folders of several sizes, and on one in which something is wrong.
fn check(program: impl Fn(&Path) -> Command) {
    let run = |folder: &Path| -> Ran { program(folder).output().unwrap().into() };
    for (older, newer, position) in [(1, 2, 8), (250, 251, 256), (300, 1_000, 300)] {
        let folder = folder(older, newer, position);
        let root = folder.read("new").lines().nth(2).unwrap().to_owned();
        let ran = run(&folder.path("")).good();
        assert_eq!(ran.out, format!("ok {} {root}\n", newer + 6));
        fetch(&folder);
        assert_eq!(run(&folder.path("")).good().out, ran.out);
        if newer < 1_000 {
            continue;
        }
        for (name, other) in [
            ("key", verifier_of_another()),
            ("old", folder.read("old").replacen('a', "b", 1)),
            (
                "proof",
                folder.read("proof").replace("index 299", "index 298"),
            ),
            ("new", folder.read("old")),
        ] {
            let good = folder.read(name);
            folder.write(name, other);
            let ran = run(&folder.path(""));
            assert_ne!(ran.code, 0, "{name}: {}", ran.out);
            folder.write(name, good);
        }
        let bundle = folder.path("out/tile/entries/001");
        let mut bytes = std::fs::read(&bundle).unwrap();
        bytes[20_000] ^= 1;
        std::fs::write(&bundle, bytes).unwrap();
        assert_ne!(run(&folder.path("")).code, 0);
    }
}

fn verifier_of_another() -> String {
    let ledger = Ledger::none();
    ledger.run(&["keys", "new", "example.com/log"]).good().out
}

/// The file of a checking program.
fn source(name: &str) -> String {
    format!("{}/tests/independent/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn go_checks_what_was_signed_proved_and_written() {
    let told = std::env::var("STANDING_GO").ok();
    let go = told.clone().unwrap_or_else(|| "go".to_owned());
    let runs = Command::new(&go).arg("version").output().is_ok();
    let sources = Path::new(GO_SOURCES).join("src/golang.org/x/mod/sumdb/tlog");
    if told.is_none() && (!runs || !sources.exists()) {
        eprintln!("NOT CHECKED with Go: `go` or golang-golang-x-mod-dev is missing");
        return;
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("independent-check");
    let built: Ran = Command::new(&go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(source("check.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", GO_SOURCES)
        .env("GOFLAGS", "")
        .env(
            "GOCACHE",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"),
        )
        .output()
        .unwrap()
        .into();
    built.good();
    check(|folder| {
        let mut command = Command::new(&program);
        command.arg(folder);
        command
    });
}

/// Where Python is with the packages that the programs take; none, where it may be passed over.
fn python() -> Option<String> {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let imports = "import pymerkle, cryptography.hazmat.primitives.asymmetric.ed25519";
    let has_packages = Command::new(&python).args(["-c", imports]).output();
    if told.is_none() && !has_packages.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED with Python: `python3`, `pymerkle` or `cryptography` is missing");
        return None;
    }
    Some(python)
}

#[test]
fn python_checks_what_was_signed_proved_and_written() {
    let Some(python) = python() else {
        return;
    };
    check(|folder| {
        let mut command = Command::new(&python);
        command.arg(source("check.py")).arg(folder);
        command
    });
}

#[test]
fn python_checks_a_bundle() {
    let Some(python) = python() else {
        return;
    };
    let ledger = two_developers();
    ledger.write("key", verifier(&ledger, "standing.key"));
    let run = |bundle: &str| -> Ran {
        ledger.write("a.bundle", bundle);
        let mut command = Command::new(&python);
        // Without leaving a compiled `check.py` among the sources.
        command.args(["-B", &source("bundle.py")]);
        command.args([ledger.path("a.bundle"), ledger.path("key")]);
        command.output().unwrap().into()
    };
    for (developer, events) in [("d1", 78), ("d2", 10)] {
        let bundle = ledger.run(&["bundle", developer]).good().out;
        let (_, answer) = bundle.trim_end().rsplit_once('\n').unwrap();
        let ran = run(&bundle).good();
        assert_eq!(ran.out, format!("ok {events} {}\n", sha256(answer)));
        for other in [
            bundle.replacen("reg-", "rug-", 1),
            bundle.replace("\"status\":\"active\"", "\"status\":\"left\""),
            bundle.replacen("\"hashes\":", "\"hashes\":1", 1),
        ] {
            assert_ne!(run(&other).code, 0);
        }
    }
}
