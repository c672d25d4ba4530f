//! The history that is served, and the events that are sent.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

/// How many events the large developer has.
pub(crate) const LARGE: u64 = 1_000_000;
/// How many apps it has.
const APPS: u64 = 20;

/// Writes a generated history, and one developer with a million events, to `history.jsonl`.
pub(crate) fn history(folder: &Path, events: u64) {
    let file = std::fs::File::create(folder.join("history.jsonl")).unwrap();
    let generate = Path::new(env!("CARGO_BIN_EXE_standing"));
    let generate = generate.with_file_name("examples/generate");
    let made = Command::new(generate)
        .arg(events.to_string())
        .stdout(Stdio::from(file.try_clone().unwrap()))
        .status();
    assert!(
        made.unwrap().success(),
        "`cargo build --release --examples` makes what it needs"
    );
    let mut to = BufWriter::new(file);
    let first = 1_483_200_000_000_000_i64; // after the generated history
    let mut write = |kind: &str, subject: &str, number: u64, at: i64, data: serde_json::Value| {
        let at = standing_projections::Instant::from_micros_clamped(at).to_string();
        let event = json!({
            "specversion": "1.0", "id": format!("large-{number}"), "source": "/large", "type": kind,
            "time": at, "recordedtime": at, "subject": subject, "data": data,
        });
        writeln!(to, "{event}").unwrap();
    };
    let registered = json!({"name": "Large", "kind": "service"});
    write("developer.registered", "large", 0, first, registered);
    for app in 0..APPS {
        let data = json!({"developer": "large", "name": "Large", "channel": "enterprise"});
        write(
            "app.registered",
            &format!("large-{app}"),
            app + 1,
            first,
            data,
        );
    }
    let month = 30 * 86_400_000_000_i64;
    let step = 36 * month / LARGE.cast_signed();
    for number in APPS + 1..LARGE {
        let at = first + step * number.cast_signed();
        // What is found is remedied soon, as it is of most.
        let subject = format!("large-{}", number / 10 % 7 * (number / 10 % 3));
        let (kind, data) = of_kind(number);
        write(kind, &subject, number, at, data);
    }
}

/// An event of one of the frequent kinds.
fn of_kind(number: u64) -> (&'static str, serde_json::Value) {
    match number % 10 {
        0..5 => ("complaint.received", json!({"class": "normal"})),
        5..7 => ("behavior.observed", json!({"code": "server_down"})),
        7 | 8 => ("violation.found", json!({"code": "vulgar_content"})),
        _ => ("violation.remedied", json!({"code": "vulgar_content"})),
    }
}

/// An event to be sent: each tenth is of the large developer.
pub(crate) fn event(number: u64, events: u64) -> String {
    let subject = match number % 10 {
        0 => format!("large-{}", number / 100 % APPS),
        _ => format!("app-{:07}", number * 7_919 % (events / 100)),
    };
    let (mut kind, mut data) = of_kind(number / 10);
    if kind == "violation.remedied" && !subject.starts_with("large") {
        // The generated apps have duties that are open since years, which one remedy would all meet.
        (kind, data) = of_kind(0);
    }
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    json!({
        "specversion": "1.0", "id": format!("sent-{number}"), "source": "/bench", "type": kind,
        "time": now, "subject": subject, "data": data,
    })
    .to_string()
}
