//! What the service takes and gives: the real program, over HTTP, with a client beside it.
//!
//! `cargo bench --bench service -- EVENTS` makes a ledger of that many generated events (default
//! 1,000,000) and one developer with a million more, serves it from a snapshot, and measures: the start,
//! memory, reads of one developer, pages of an app's events, appends one by one at 1,000 a second and in
//! batches, and how long after an append the tables know it, while a tenth of the appends are of the
//! large developer. `STANDING_LEDGER` names a PostgreSQL database to use instead of a SQLite file; it
//! must be empty.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod client;
mod made;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::Client;

/// How long each measurement lasts.
const LASTS: Duration = Duration::from_secs(15);

struct Service {
    child: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn standing(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.current_dir(folder).stdin(Stdio::null());
    command.env("STANDING_SNAPSHOT", "snapshot");
    if std::env::var_os("STANDING_BENCH_LOG").is_some() {
        command.arg("-vv");
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> String {
    let output = standing(folder).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn token(folder: &Path, role: &str) -> String {
    let args = [
        "tokens", "new", "--role", role, "--rate", "1000000", "--format", "jsonl",
    ];
    let made: serde_json::Value = serde_json::from_str(&run(folder, &args)).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

fn serve(folder: &Path) -> (Service, Duration) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let begun = Instant::now();
    let mut command = standing(folder);
    let child = command.args(["serve", "--listen", &address]);
    // What it says goes to a file, where one is named.
    let said = match std::env::var_os("STANDING_BENCH_LOG") {
        Some(file) => Stdio::from(std::fs::File::create(file).unwrap()),
        None => Stdio::null(),
    };
    let service = Service {
        child: child.stderr(said).spawn().unwrap(),
        address,
    };
    while Client::try_new(&service.address, "")
        .is_none_or(|mut client| client.get("/readyz").0 != 200)
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    (service, begun.elapsed())
}

/// Times in order, and what is asked of them.
struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, part: f64) -> f64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let place = ((self.0.len() as f64 * part) as usize).min(self.0.len().saturating_sub(1));
        self.0
            .get(place)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }

    fn print(&self, what: &str) {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|part| self.at(part));
        println!(
            "{what}: p50 {p50:.2} ms, p99 {p99:.2} ms, longest {max:.1} ms, of {}",
            self.0.len()
        );
    }
}

/// Runs something in so many threads until the time is over; what each took.
fn threads(count: u64, each: impl Fn(u64, Instant) -> Vec<Duration> + Sync) -> Times {
    let until = Instant::now() + LASTS;
    let each = &each;
    let times = std::thread::scope(|scope| {
        let running: Vec<_> = (0..count)
            .map(|n| scope.spawn(move || each(n, until)))
            .collect();
        running
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    Times::of(times)
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let events: u64 = asked.unwrap_or(1_000_000);
    let dir = tempfile::tempdir_in(option_env!("CARGO_TARGET_TMPDIR").unwrap_or(".")).unwrap();
    let folder = dir.path();
    run(folder, &["init"]);
    made::history(folder, events);
    run(
        folder,
        &[
            "import",
            "history.jsonl",
            "--trust-recorded-time",
            "--quiet",
        ],
    );
    run(folder, &["snapshot"]);
    run(folder, &["readmodel", "rebuild"]);
    let [recorder, auditor] = ["recorder", "auditor"].map(|role| token(folder, role));

    let (service, took) = serve(folder);
    println!(
        "started from a snapshot of {} events in {:.1} s",
        events + made::LARGE,
        took.as_secs_f64()
    );
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.child.id())).unwrap();
    let memory = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    println!("memory: {}", memory.trim_start_matches("VmRSS:").trim());
    let connect = |token: &str| Client::new(&service.address, token);

    let reads = threads(4, |n, until| {
        let mut client = connect(&auditor);
        let mut random = fastrand::Rng::with_seed(n);
        let developers = events / 1_000;
        let mut times = Vec::new();
        while Instant::now() < until {
            let path = format!("/v1/developers/dev-{:06}", random.u64(1..developers));
            let begun = Instant::now();
            assert_eq!(client.get(&path).0, 200);
            times.push(begun.elapsed());
        }
        times
    });
    println!(
        "reads of one developer: {:.0} a second",
        reads.0.len() as f64 / LASTS.as_secs_f64()
    );
    reads.print("  each");

    threads(1, |_, until| {
        let mut client = connect(&auditor);
        let mut random = fastrand::Rng::with_seed(7);
        let mut times = Vec::new();
        while Instant::now() < until {
            let path = format!(
                "/v1/events?limit=50&subject=app-{:07}",
                random.u64(1..events / 100)
            );
            let begun = Instant::now();
            assert_eq!(client.get(&path).0, 200);
            times.push(begun.elapsed());
        }
        times
    })
    .print("a page of 50 events of an app");

    let next = AtomicU64::new(0);
    let known = std::sync::Mutex::new(Vec::new());
    let singles = threads(10, |n, until| {
        let mut client = connect(&recorder);
        let mut watching = connect(&auditor);
        let mut times = Vec::new();
        let begun = Instant::now();
        for turn in 0u32.. {
            // A hundred a second each.
            let due = begun + Duration::from_millis(10) * turn;
            if due > until {
                break;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let number = next.fetch_add(1, Ordering::Relaxed);
            let event = made::event(number, events);
            let sent = Instant::now();
            let (status, body) = client.post("/v1/events", "application/cloudevents+json", &event);
            assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
            times.push(sent.elapsed());
            // Two of the ten watch when the tables know what they have appended.
            if n < 2 && turn % 20 == 0 {
                let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let position = &answer["position"];
                let appended = Instant::now();
                let (status, _) =
                    watching.get(&format!("/v1/plaza?limit=1&min_position={position}"));
                assert!(status == 200 || status == 503, "{status}");
                known.lock().unwrap().push(appended.elapsed());
            }
        }
        times
    });
    println!(
        "appends one by one: {:.0} a second",
        singles.0.len() as f64 / LASTS.as_secs_f64()
    );
    singles.print("  each");
    Times::of(known.into_inner().unwrap()).print("  until the tables know it");

    let batches = threads(2, |_, until| {
        let mut client = connect(&recorder);
        let mut times = Vec::new();
        while Instant::now() < until {
            let from = next.fetch_add(100, Ordering::Relaxed);
            let all: Vec<_> = (from..from + 100)
                .map(|number| made::event(number, events))
                .collect();
            let body = format!("[{}]", all.join(","));
            let begun = Instant::now();
            let kind = "application/cloudevents-batch+json";
            assert_eq!(client.post("/v1/events", kind, &body).0, 200);
            times.push(begun.elapsed());
        }
        times
    });
    println!(
        "appends by 100: {:.0} events a second",
        batches.0.len() as f64 * 100.0 / LASTS.as_secs_f64()
    );
    batches.print("  each batch");
}
