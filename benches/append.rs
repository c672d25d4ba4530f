//! How many events a second the SQLite ledger takes, finds and gives back.
//!
//! `cargo bench --bench append [events] [directory]`: the directory should lie on the disk that is
//! meant, since every append waits for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use serde_json::json;
use standing::ledger::sqlite::OpenMode;
use standing::ledger::{Condition, Key, Ledger, NewEvent, Query, Recorded, SqliteLedger};
use standing_projections::{Event, Position};

const APPS: u64 = 20_000;
const DEVELOPERS: u64 = 5_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let events: u64 = arguments.next().map_or(Ok(400_000), |text| text.parse())?;
    let directory = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("standing-bench-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let result = tokio::runtime::Runtime::new()?.block_on(run(&directory, events));
    std::fs::remove_dir_all(&directory)?;
    result
}

async fn run(directory: &Path, events: u64) -> Result<(), Box<dyn std::error::Error>> {
    let sample = complaint(123_456, id_in_order).body;
    println!(
        "{events} events of {} bytes",
        serde_json::to_string(&sample)?.len()
    );
    for (name, id) in [
        ("ids in order", id_in_order as fn(u64) -> String),
        ("ids at random", id_at_random),
    ] {
        for size in [10_000, 4_000, 500, 1] {
            let count = if size == 1 { events / 20 } else { events };
            let path = directory.join("log.db");
            let ledger = Arc::new(SqliteLedger::open(&path, OpenMode::Create).await?);
            append(&ledger, 0..count, size, 1, id).await?;
            if size == 4_000 {
                ask(&ledger, count, id).await?;
            }
            let Ok(ledger) = Arc::try_unwrap(ledger) else {
                return Err("still in use".into());
            };
            ledger.close().await;
            println!(
                "  {name}, batches of {size}: {} bytes an event on disk",
                std::fs::metadata(&path)?.len() / count
            );
            std::fs::remove_file(&path)?;
        }
        let path = directory.join("log.db");
        let ledger = Arc::new(SqliteLedger::open(&path, OpenMode::Create).await?);
        append(&ledger, 0..events, 4_000, 2, id).await?;
        drop(ledger);
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// Appends the events from that many tasks, and says how fast. The events are made beforehand.
async fn append(
    ledger: &Arc<SqliteLedger>,
    numbers: std::ops::Range<u64>,
    size: u64,
    tasks: u64,
    id: fn(u64) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = numbers.end - numbers.start;
    let mut spent = std::time::Duration::ZERO;
    // In portions, so that the events waiting to be appended do not fill the memory.
    let portion = (size * 50).max(1_000);
    let mut from = numbers.start;
    while from < numbers.end {
        let until = numbers.end.min(from + portion);
        let mut shares: Vec<Vec<Vec<NewEvent>>> = vec![Vec::new(); usize::try_from(tasks)?];
        for (turn, start) in (from..until).step_by(usize::try_from(size)?).enumerate() {
            let share = turn % shares.len();
            shares[share].push(
                (start..until.min(start + size))
                    .map(|n| complaint(n, id))
                    .collect(),
            );
        }
        let begun = Stopwatch::now();
        let handles: Vec<_> = shares
            .into_iter()
            .map(|share| {
                let ledger = Arc::clone(ledger);
                tokio::spawn(async move {
                    for batch in &share {
                        ledger
                            .append(batch, Recorded::Now, &Condition::Always)
                            .await?;
                    }
                    Ok::<_, standing::ledger::AppendError>(share)
                })
            })
            .collect();
        let mut done = Vec::new();
        for handle in handles {
            done.push(handle.await??);
        }
        spent += begun.elapsed();
        from = until;
    }
    println!(
        "  append, {tasks} tasks, batches of {size}: {:.0} events/s",
        count as f64 / spent.as_secs_f64()
    );
    Ok(())
}

async fn ask(
    ledger: &SqliteLedger,
    count: u64,
    id: fn(u64) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    for (what, offset) in [("there", 0), ("not there", count)] {
        let ids: Vec<String> = (0..count / 4).map(|n| id(offset + n * 3)).collect();
        let keys: Vec<Key<'_>> = ids
            .iter()
            .map(|id| Key {
                source: "/import",
                id,
            })
            .collect();
        let begun = Stopwatch::now();
        let mut found = 0;
        for keys in keys.chunks(4_000) {
            found += ledger.find(keys).await?.iter().flatten().count();
        }
        println!(
            "  find, {what}: {:.0} keys/s, {found} found",
            keys.len() as f64 / begun.elapsed().as_secs_f64()
        );
    }
    let begun = Stopwatch::now();
    let mut query = Query {
        limit: 10_000,
        ..Query::default()
    };
    let mut read = 0;
    loop {
        let page = ledger.read(&query).await?;
        let Some(last) = page.last() else { break };
        read += page.len();
        query.after = last.position;
    }
    println!(
        "  read all: {:.0} events/s",
        read as f64 / begun.elapsed().as_secs_f64()
    );
    for (what, query) in [
        (
            "a subject",
            Query {
                subjects: vec!["app-77".into()],
                ..Query::default()
            },
        ),
        (
            "a developer",
            Query {
                developer: Some("dev-77".into()),
                ..Query::default()
            },
        ),
        (
            "the head",
            Query {
                after: Position(count - 1),
                ..Query::default()
            },
        ),
    ] {
        let begun = Stopwatch::now();
        let mut events = 0;
        for _ in 0..200 {
            events = ledger.read(&query).await?.len();
        }
        println!(
            "  read {what}: {events} events, {:.0} µs",
            begun.elapsed().as_micros() as f64 / 200.0
        );
    }
    Ok(())
}

fn id_in_order(number: u64) -> String {
    format!("complaint-{number:012}")
}

fn id_at_random(number: u64) -> String {
    let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (number << 17);
    format!("{mixed:016x}-{:08x}", mixed.rotate_left(29) as u32)
}

fn complaint(number: u64, id: fn(u64) -> String) -> NewEvent {
    let app = number.wrapping_mul(2_654_435_761) % APPS;
    let body = json!({
        "specversion": "1.0", "type": "complaint.received", "source": "/import", "id": id(number),
        "time": format!("2015-03-{:02}T01:{:02}:{:02}Z", number / 86_400 % 28 + 1, number / 60 % 60, number % 60),
        "subject": format!("app-{app}"),
        "data": {"class": "normal", "reason": "spam"},
    });
    let event = Event::from_json(&body).unwrap_or_else(|refusal| unreachable!("{refusal}"));
    let serde_json::Value::Object(body) = body else {
        unreachable!("an object")
    };
    NewEvent {
        event,
        body,
        developer: Some(format!("dev-{}", app % DEVELOPERS)),
        target: None,
    }
}
